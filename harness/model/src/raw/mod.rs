//! A scenario file as it is written, before it is checked.
//!
//! Every field that is checked later keeps its place in the file.

mod row;
mod shapes;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

pub use row::Row;
pub use shapes::{Number, OneOrMany, Ordered, Placed};

/// A word or a table: the visitor keeps the places inside the table.
macro_rules! word_or_table {
    ($name:ident, $word:ident, $table:ident($inner:ty), $expecting:literal) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Either;
                impl<'de> Visitor<'de> for Either {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                        Ok($name::$word(text.into()))
                    }
                    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                        <$inner>::deserialize(de::value::MapAccessDeserializer::new(map))
                            .map(|table| $name::$table(Box::new(table)))
                    }
                }
                from.deserialize_any(Either)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let table = generator.subschema_for::<$inner>();
                json_schema!({ "anyOf": [{ "type": "string" }, table] })
            }
        }
    };
}

mod expect;

pub use expect::{
    AlwaysNever, Answer, AnswerTable, Certificate, Dsn, Expect, Offered, Reply, ReplyTable, Ticket,
    Tls, TlsTable,
};

/// One scenario file.
#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct File {
    /// What a relay does that is right, in one sentence.
    pub claim: Placed<String>,
    /// Who is harmed otherwise.
    pub why: Option<Placed<String>>,
    /// Rows of the requirements that a failure breaks.
    #[serde(default)]
    pub cites: Vec<Placed<String>>,
    /// More rows for the cases with that value of an axis: `cites-for.AXIS.VALUE`.
    #[serde(default)]
    pub cites_for: Ordered<Ordered<Vec<Placed<String>>>>,
    /// Rows that only `expect.never` can disprove.
    #[serde(default)]
    pub cites_never: Vec<Placed<String>>,
    /// The rule of the relay under which the message goes.
    pub connector: Option<Placed<String>>,
    /// The id of the case that is the control, in place of the connector's own.
    pub control: Option<Placed<String>>,
    /// Where the names of all next hops lie.
    pub hosts: Option<Placed<String>>,
    /// What is recorded, and never failed.
    pub observe: Option<Placed<String>>,
    /// Axes: one case for each combination of their values; `except` leaves some out.
    #[serde(default)]
    #[schemars(with = "shapes::Axes")]
    pub matrix: Ordered<toml::Value>,
    /// The peers by name: next hops and `sender`, or one `client`.
    #[serde(default)]
    pub peer: Ordered<Peer>,
    /// Claims about the dialogue of the file that differ in words; each is a scenario of its own.
    #[serde(default)]
    pub row: Vec<Row>,
    /// Variants with cites, a connector, a control or an expectation of their own.
    #[serde(default)]
    pub case: Ordered<Case>,
    /// What has to happen.
    pub expect: Option<Placed<Expect>>,
    /// The message; a list: one after another to the same next hops, the last one is judged.
    #[serde(default)]
    pub message: Messages,
    /// What the resolver does with the recipient's domain.
    #[serde(default)]
    pub dns: Ordered<Placed<String>>,
}

/// `[peer.NAME]`.
#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Peer {
    /// What it negotiates: the name of an offer, or a table of versions.
    pub offer: Option<Placed<Offer>>,
    /// The recipe of its certificate; a list: those of its first connection, its second, ….
    pub cert: Option<OneOrMany>,
    /// Names in its certificate, in place of the recipe's.
    pub names: Option<OneOrMany>,
    /// The preference of its MX record.
    pub preference: Option<Placed<u16>>,
    /// It answers at a further address of the host of this peer.
    pub address_of: Option<Placed<String>>,
    /// Where its name lies.
    pub host: Option<Placed<String>>,
    /// The kind of an address where nobody listens, which stands before its own.
    pub dead: Option<Placed<String>>,
    /// The kind of its address.
    pub address: Option<Placed<String>>,
    /// Its one misbehaviour below SMTP; `faults` means the same.
    #[serde(alias = "faults")]
    pub fault: Option<OneOrMany>,
    /// A hand-written ClientHello, where TLS would begin.
    pub hello: Option<Placed<Hello>>,
    /// How the records of its ClientHello are cut and labelled.
    pub records: Option<Placed<Records>>,
    /// What it changes in the plaintext part of its handshake; a list: one for each handshake.
    pub tampers: Option<OneOrMany>,
    /// It opens a session first, says QUIT, and resumes that on the next connection.
    pub resumes: Option<Placed<bool>>,
    /// What it says; behind the end it behaves correctly.
    pub script: Option<Placed<String>>,
    /// Whether it asks the relay for a certificate.
    pub client_certificate: Option<Placed<String>>,
    /// Whether its sessions can be resumed.
    pub resumption: Option<Placed<String>>,
    /// The name in SNI, in place of the relay's.
    pub sni: Option<Placed<String>>,
}

/// `hello`: a ClientHello that is written by hand.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Hello {
    /// The one version that is offered.
    pub version: Placed<String>,
    /// What is odd about it.
    pub variants: Option<OneOrMany>,
    /// The least length of the handshake message.
    pub octets: Option<Placed<String>>,
}

/// `records`: the framing of a ClientHello.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Records {
    /// The version in the records, both octets: `03,00`.
    pub version: Option<Placed<String>>,
    /// The most octets in each record.
    pub octets: Option<Placed<String>>,
}

/// `[case.NAME]`.
#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    /// Rows of the requirements, beside those of the file.
    #[serde(default)]
    pub cites: Vec<Placed<String>>,
    /// The rule of the relay under which the message goes.
    pub connector: Option<Placed<String>>,
    /// The id of the case that is the control.
    pub control: Option<Placed<String>>,
    /// What is recorded, and never failed.
    pub observe: Option<Placed<String>>,
    /// What has to happen, in place of the file's.
    pub expect: Option<Placed<Expect>>,
}

/// `[message]`, or `[[message]]` for each of several.
#[derive(Debug, Default)]
pub struct Messages(pub Vec<Message>);

/// One message.
#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Message {
    /// The rule of an earlier message; the case's without it.
    pub connector: Option<Placed<String>>,
    /// What the rule of an earlier message goes by.
    pub rule: Option<Placed<String>>,
    /// What has to become of an earlier message; else the case is inconclusive.
    pub outcome: Option<OneOrMany>,
    /// The connector of the sender's domain, whose MX host is `[peer.sender]`.
    pub sender_connector: Option<Placed<String>>,
    /// How it is submitted to the relay.
    pub submission: Option<Placed<String>>,
    /// Header lines beside the usual ones.
    pub headers: Option<OneOrMany>,
    /// Parameters of MAIL.
    pub parameters: Option<OneOrMany>,
    /// The least size of its content.
    pub octets: Option<Placed<String>>,
    /// A sender that is not the case's own.
    pub sender: Option<Placed<String>>,
    /// Further recipients in the same transaction: in the same domain, or under a connector.
    pub also: Option<OneOrMany>,
    /// How the recipient's domain is written.
    pub domain: Option<Placed<String>>,
    /// How the MX records of an earlier message know the first next hop.
    pub host: Option<Placed<String>>,
}

/// An offer: a name from offers.toml, or a table.
#[derive(Debug)]
pub enum Offer {
    Named(String),
    Table(Box<OfferTable>),
}

/// An offer spelt out.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OfferTable {
    /// The TLS versions.
    pub versions: OneOrMany,
    /// The cipher suites: kinds, or IANA names.
    pub suites: Option<OneOrMany>,
    /// The groups of the key exchange.
    pub groups: Option<OneOrMany>,
    /// The signature schemes.
    pub schemes: Option<OneOrMany>,
    /// The size of the Diffie-Hellman prime in bits.
    pub dh_bits: Option<Placed<Number>>,
}

impl JsonSchema for Messages {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Messages".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<Message>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

impl<'de> Deserialize<'de> for Messages {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Messages;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table, or a list of tables")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Message::deserialize(de::value::MapAccessDeserializer::new(map))
                    .map(|message| Messages(vec![message]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(message) = seq.next_element()? {
                    list.push(message);
                }
                Ok(Messages(list))
            }
        }
        from.deserialize_any(Either)
    }
}

word_or_table!(Offer, Named, Table(OfferTable), "the name of an offer, or a table of versions");

/// `scenarios/offers.toml`: offers by name.
pub type Offers = BTreeMap<String, NamedOffer>;

/// An offer of that file.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NamedOffer {
    pub versions: OneOrMany,
    pub suites: Option<OneOrMany>,
    pub groups: Option<OneOrMany>,
    pub schemes: Option<OneOrMany>,
    pub dh_bits: Option<Placed<Number>>,
}

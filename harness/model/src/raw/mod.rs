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

/// `expect`.
#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expect {
    /// What becomes of the message: one of these.
    pub outcome: Option<OneOrMany>,
    /// The handshake: a word, or facts of the session.
    pub tls: Option<Placed<Tls>>,
    /// The relay's ClientHello: each of them.
    pub offered: Option<Placed<Offered>>,
    /// The certificates that the relay shows as a server.
    pub certificate: Option<Placed<Certificate>>,
    /// What a hand-written ClientHello is answered with: a word, or facts.
    pub answer: Option<Placed<Answer>>,
    /// The alert that a refusal has to use; entries behind the first are accepted too, and noted.
    pub alert: Option<OneOrMany>,
    /// What the relay gives to resume a session by.
    pub ticket: Option<Placed<Ticket>>,
    /// The reply to the script's last line: a pattern, or a table.
    pub reply: Option<Placed<Reply>>,
    /// What must not happen even once.
    pub never: Option<OneOrMany>,
    /// The least number of connections.
    pub attempts: Option<Placed<u32>>,
    /// The next hops that it connects to, in this order, and no others.
    pub visited: Option<Vec<Placed<String>>>,
    /// The peer that accepts the message.
    pub accepted_by: Option<Placed<String>>,
    /// The delivery report.
    pub dsn: Option<Placed<Dsn>>,
}

/// `tls`: a word or facts.
#[derive(Debug)]
pub enum Tls {
    Word(String),
    Facts(Box<TlsTable>),
}

/// Facts of a finished handshake.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TlsTable {
    /// The version: `1.2`, or `>=1.2`.
    pub version: Option<Placed<String>>,
    /// Whether there is forward secrecy.
    pub forward_secrecy: Option<bool>,
    /// The suite: one of these kinds or IANA names.
    pub suite: Option<OneOrMany>,
    /// The group of the key exchange.
    pub group: Option<Placed<String>>,
    /// The name in SNI.
    pub sni: Option<Placed<String>>,
    /// Whether the client's certificate is shown.
    pub client_certificate: Option<Placed<String>>,
    /// A name in the client's certificate.
    pub client_name: Option<Placed<String>>,
    /// The least size of a finite-field prime: `>=2048`.
    pub dh_bits: Option<Placed<String>>,
    /// The protocol of ALPN.
    pub alpn: Option<Placed<String>>,
    /// A refused handshake is as good.
    pub or_refused: Option<bool>,
}

/// `answer`: what a hand-written ClientHello is answered with.
#[derive(Debug)]
pub enum Answer {
    Word(String),
    Facts(Box<AnswerTable>),
}

/// Facts of a ServerHello.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AnswerTable {
    /// The version: `1.2`, or `>=1.2`.
    pub version: Option<Placed<String>>,
    /// Its extensions.
    #[serde(default)]
    pub extensions: AlwaysNever,
    /// The groups that it chooses from.
    #[serde(default)]
    pub groups: AlwaysNever,
    /// The compression method.
    pub compression: Option<Placed<String>>,
    /// The protocol of ALPN.
    pub alpn: Option<Placed<String>>,
    /// Whether it is a HelloRetryRequest.
    pub retry: Option<bool>,
    /// Whether its random ends in the downgrade sentinel (RFC 8446 section 4.1.3).
    pub downgrade_sentinel: Option<bool>,
    /// A refusal is as good.
    pub or_refused: Option<bool>,
}

/// `ticket`: what the relay gives to resume by.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ticket {
    /// Its longest lifetime: `<=604800`.
    pub seconds: Option<Placed<String>>,
    /// How much early data it allows.
    pub early_data: Option<Placed<String>>,
}

/// `certificate`: what the relay shows as a server.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Certificate {
    /// The least size of the leaf's RSA key: `>=2048`.
    pub rsa_bits: Option<Placed<String>>,
    /// The least number of certificates: `>=2`.
    pub sent: Option<Placed<String>>,
    /// Their order.
    pub chain: Option<Placed<String>>,
}

/// `reply`: a pattern or a table.
#[derive(Debug)]
pub enum Reply {
    Pattern(String),
    Table(Box<ReplyTable>),
}

/// What a reply has to be and hold.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReplyTable {
    /// The replies to the lines before the last one in the same segment.
    pub before: Option<OneOrMany>,
    /// Its code: a pattern.
    pub code: Option<Placed<String>>,
    /// Its enhanced status code: `5.7.*`.
    pub enhanced: Option<Placed<String>>,
    /// EHLO keywords that it lists.
    pub lists: Option<OneOrMany>,
    /// EHLO keywords that it does not list.
    pub lacks: Option<OneOrMany>,
    /// The relay may end the connection instead.
    pub or_ended: Option<bool>,
}

/// `offered`: what the relay's hello has to hold and must not.
#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Offered {
    /// Its versions.
    #[serde(default)]
    pub versions: AlwaysNever,
    /// Its cipher suites: kinds, or IANA names.
    #[serde(default)]
    pub suites: AlwaysNever,
    /// Its groups.
    #[serde(default)]
    pub groups: AlwaysNever,
    /// Its signature schemes.
    #[serde(default)]
    pub schemes: AlwaysNever,
    /// Its extensions.
    #[serde(default)]
    pub extensions: AlwaysNever,
    /// The first suite: a kind, or an IANA name.
    pub first_suite: Option<Placed<String>>,
    /// The name in SNI.
    pub sni: Option<OneOrMany>,
    /// The compression methods.
    pub compression: Option<Placed<String>>,
    /// Rules about its order and shape.
    pub form: Option<OneOrMany>,
}

/// Members that are always or never there.
#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct AlwaysNever {
    /// All of these are there; of suites, one is.
    #[serde(default)]
    pub always: Vec<Placed<String>>,
    /// None of these is there.
    #[serde(default)]
    pub never: Vec<Placed<String>>,
}

/// `dsn`: what the delivery report has to be.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Dsn {
    /// Its status: `4.7.*`.
    pub status: Option<OneOrMany>,
    /// How it comes.
    pub channel: Option<Placed<String>>,
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

word_or_table!(Offer, Named, Table(OfferTable), "the name of an offer, or a table of versions");
word_or_table!(Tls, Word, Facts(TlsTable), "`established`, `refused` or a table of facts");
word_or_table!(Answer, Word, Facts(AnswerTable), "`server-hello`, `refused` or a table of facts");
word_or_table!(Reply, Pattern, Table(ReplyTable), "a reply pattern, or a table");

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

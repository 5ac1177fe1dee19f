//! A scenario file as it is written, before it is checked.
//!
//! Every field that is checked later keeps its place in the file.

mod row;
mod shapes;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

pub use row::Row;
pub use shapes::{Number, OneOrMany, Ordered, Placed};

/// One scenario file.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct File {
    pub claim: Placed<String>,
    pub why: Option<Placed<String>>,
    #[serde(default)]
    pub cites: Vec<Placed<String>>,
    #[serde(default)]
    pub cites_for: Ordered<Ordered<Vec<Placed<String>>>>,
    #[serde(default)]
    pub cites_never: Vec<Placed<String>>,
    pub connector: Option<Placed<String>>,
    pub control: Option<Placed<String>>,
    pub hosts: Option<Placed<String>>,
    pub observe: Option<Placed<String>>,
    #[serde(default)]
    pub matrix: Ordered<toml::Value>,
    #[serde(default)]
    pub peer: Ordered<Peer>,
    #[serde(default)]
    pub row: Vec<Row>,
    #[serde(default)]
    pub case: Ordered<Case>,
    pub expect: Option<Placed<Expect>>,
    #[serde(default)]
    pub message: Messages,
    #[serde(default)]
    pub dns: Ordered<Placed<String>>,
}

/// `[peer.NAME]`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Peer {
    pub offer: Option<Placed<Offer>>,
    pub cert: Option<OneOrMany>,
    pub names: Option<OneOrMany>,
    pub preference: Option<Placed<u16>>,
    pub address_of: Option<Placed<String>>,
    pub host: Option<Placed<String>>,
    pub dead: Option<Placed<String>>,
    pub address: Option<Placed<String>>,
    /// One; the other spelling is that of files that were written for a list.
    #[serde(alias = "faults")]
    pub fault: Option<OneOrMany>,
    pub hello: Option<Placed<Hello>>,
    pub records: Option<Placed<Records>>,
    pub tampers: Option<OneOrMany>,
    pub resumes: Option<Placed<bool>>,
    pub script: Option<Placed<String>>,
    pub client_certificate: Option<Placed<String>>,
    pub resumption: Option<Placed<String>>,
    pub sni: Option<Placed<String>>,
}

/// `hello`: a ClientHello that is written by hand.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Hello {
    pub version: Placed<String>,
    pub variants: Option<OneOrMany>,
    pub octets: Option<Placed<String>>,
}

/// `records`: the framing of a ClientHello.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Records {
    pub version: Option<Placed<String>>,
    pub octets: Option<Placed<String>>,
}

/// `[case.NAME]`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    #[serde(default)]
    pub cites: Vec<Placed<String>>,
    pub connector: Option<Placed<String>>,
    pub control: Option<Placed<String>>,
    pub observe: Option<Placed<String>>,
    pub expect: Option<Placed<Expect>>,
}

/// `[message]`, or `[[message]]` for each of several.
#[derive(Debug, Default)]
pub struct Messages(pub Vec<Message>);

/// One message.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Message {
    pub connector: Option<Placed<String>>,
    pub rule: Option<Placed<String>>,
    pub outcome: Option<OneOrMany>,
    pub sender_connector: Option<Placed<String>>,
    pub submission: Option<Placed<String>>,
    pub headers: Option<OneOrMany>,
    pub parameters: Option<OneOrMany>,
    pub octets: Option<Placed<String>>,
    pub sender: Option<Placed<String>>,
    pub also: Option<OneOrMany>,
    pub domain: Option<Placed<String>>,
    pub host: Option<Placed<String>>,
}

/// An offer: a name from offers.toml, or a table.
#[derive(Debug)]
pub enum Offer {
    Named(String),
    Table(Box<OfferTable>),
}

/// An offer spelt out.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OfferTable {
    pub versions: OneOrMany,
    pub suites: Option<OneOrMany>,
    pub groups: Option<OneOrMany>,
    pub schemes: Option<OneOrMany>,
    pub dh_bits: Option<Placed<Number>>,
}

/// `expect`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expect {
    pub outcome: Option<OneOrMany>,
    pub tls: Option<Placed<Tls>>,
    pub offered: Option<Placed<Offered>>,
    pub certificate: Option<Placed<Certificate>>,
    pub answer: Option<Placed<Answer>>,
    pub alert: Option<OneOrMany>,
    pub ticket: Option<Placed<Ticket>>,
    pub reply: Option<Placed<Reply>>,
    pub never: Option<OneOrMany>,
    pub attempts: Option<Placed<u32>>,
    pub visited: Option<Vec<Placed<String>>>,
    pub accepted_by: Option<Placed<String>>,
    pub dsn: Option<Placed<Dsn>>,
}

/// `tls`: a word or facts.
#[derive(Debug)]
pub enum Tls {
    Word(String),
    Facts(Box<TlsTable>),
}

/// Facts of a finished handshake.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TlsTable {
    pub version: Option<Placed<String>>,
    pub forward_secrecy: Option<bool>,
    pub suite: Option<OneOrMany>,
    pub group: Option<Placed<String>>,
    pub sni: Option<Placed<String>>,
    pub client_certificate: Option<Placed<String>>,
    pub client_name: Option<Placed<String>>,
    pub dh_bits: Option<Placed<String>>,
    pub alpn: Option<Placed<String>>,
    pub or_refused: Option<bool>,
}

/// `answer`: what a hand-written ClientHello is answered with.
#[derive(Debug)]
pub enum Answer {
    Word(String),
    Facts(Box<AnswerTable>),
}

/// Facts of a ServerHello.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AnswerTable {
    pub version: Option<Placed<String>>,
    #[serde(default)]
    pub extensions: AlwaysNever,
    #[serde(default)]
    pub groups: AlwaysNever,
    pub compression: Option<Placed<String>>,
    pub alpn: Option<Placed<String>>,
    pub retry: Option<bool>,
    pub downgrade_sentinel: Option<bool>,
    pub or_refused: Option<bool>,
}

/// `ticket`: what the relay gives to resume by.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ticket {
    pub seconds: Option<Placed<String>>,
    pub early_data: Option<Placed<String>>,
}

/// `certificate`: what the relay shows as a server.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Certificate {
    pub rsa_bits: Option<Placed<String>>,
    pub sent: Option<Placed<String>>,
    pub chain: Option<Placed<String>>,
}

/// `reply`: a pattern or a table.
#[derive(Debug)]
pub enum Reply {
    Pattern(String),
    Table(Box<ReplyTable>),
}

/// What a reply has to be and hold.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReplyTable {
    pub before: Option<OneOrMany>,
    pub code: Option<Placed<String>>,
    pub enhanced: Option<Placed<String>>,
    pub lists: Option<OneOrMany>,
    pub lacks: Option<OneOrMany>,
    pub or_ended: Option<bool>,
}

/// `offered`: what the relay's hello has to hold and must not.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Offered {
    #[serde(default)]
    pub versions: AlwaysNever,
    #[serde(default)]
    pub suites: AlwaysNever,
    #[serde(default)]
    pub groups: AlwaysNever,
    #[serde(default)]
    pub schemes: AlwaysNever,
    #[serde(default)]
    pub extensions: AlwaysNever,
    pub first_suite: Option<Placed<String>>,
    pub sni: Option<OneOrMany>,
    pub compression: Option<Placed<String>>,
    pub form: Option<OneOrMany>,
}

/// Members that are always or never there.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AlwaysNever {
    #[serde(default)]
    pub always: Vec<Placed<String>>,
    #[serde(default)]
    pub never: Vec<Placed<String>>,
}

/// `dsn`: what the delivery report has to be.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Dsn {
    pub status: Option<OneOrMany>,
    pub channel: Option<Placed<String>>,
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

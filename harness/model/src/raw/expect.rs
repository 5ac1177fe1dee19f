//! `[expect]` as it is written.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::{OneOrMany, Placed};

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
#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
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

word_or_table!(Tls, Word, Facts(TlsTable), "`established`, `refused` or a table of facts");
word_or_table!(Answer, Word, Facts(AnswerTable), "`server-hello`, `refused` or a table of facts");
word_or_table!(Reply, Pattern, Table(ReplyTable), "a reply pattern, or a table");

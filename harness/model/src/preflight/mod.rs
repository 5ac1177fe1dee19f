//! What `certs check` found of one chain: certificates, paths, addresses, and what they mean for mail.

mod rules;
mod urls;

use serde::{Deserialize, Serialize};

use crate::certificate::CertificateFacts;
use crate::foreign::Foreign;
use crate::verdict::{BROKEN, KEPT, UNDECIDED, gravest};

pub use rules::judge;

/// The version of this record's form.
pub const SCHEMA: u32 = 1;

/// One chain, checked: facts first, then what they mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Preflight {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The host or the file that the chain is from.
    pub asked: Foreign,
    /// Which of its chains this is, from 1: a host may show one of each kind of key.
    pub number: usize,
    /// How many it has.
    pub of: usize,
    /// The address that was connected to; `None`: a file, or none was reached.
    pub address: Option<String>,
    /// The name that the certificate has to be for; `None`: none is known.
    pub name: Option<String>,
    /// What was learnt; `None` where no chain could be had.
    pub chain: Option<Chain>,
    /// What it means, the gravest first.
    pub findings: Vec<Finding>,
}

impl Preflight {
    /// 1: mail stops; 3: something could not be known; 0: neither.
    pub fn exit_code(&self) -> u8 {
        gravest(self.findings.iter().map(|finding| match finding.weight {
            Weight::Stops => BROKEN,
            Weight::Open => UNDECIDED,
            Weight::Note | Weight::Good => KEPT,
        }))
    }
}

/// The JSON Schema (draft 2020-12) of a checked chain, as it is published in
/// `schema/certs.schema.json`; `waxseal schema --certs` prints it.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Preflight);
    // A schema is a JSON value, and every JSON value can be written.
    serde_json::to_string_pretty(&schema).expect("a JSON value can be written") + "\n"
}

/// The facts of one chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Chain {
    /// All certificates that were sent, found in the store on a path, or fetched; each once.
    pub certificates: Vec<Known>,
    /// What was sent, in its order, as places in `certificates`. The first is the host's own.
    pub sent: Vec<usize>,
    /// How many certificates could not be read, or were too many to be looked at.
    pub unread: usize,
    /// Whether the host's own is for the name; `None`: there is no name to compare.
    pub named: Option<bool>,
    /// The OCSP response that came with it.
    pub staple: Staple,
    /// What OpenSSL objects to in the chain as it was sent, where it looks for a path by itself and with
    /// what was sent and the store alone; `None`: nothing.
    pub openssl: Option<String>,
    /// Every path that was found, the trusted ones first, then the short ones.
    pub paths: Vec<PathFacts>,
    /// There are more paths than were followed.
    pub more_paths: bool,
    /// What its addresses answered.
    pub urls: Vec<UrlFacts>,
    /// Addresses that were left out, as there are more than are asked.
    pub more_urls: usize,
    /// `host:port` of each address that was named, and of those that they redirected to.
    pub firewall: Vec<Foreign>,
    /// The store that the paths were held to, in words.
    pub store: String,
}

/// The OCSP response that a host staples.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Staple {
    /// Nobody was asked: the chain is from a file.
    #[default]
    NotAsked,
    /// None came.
    None,
    /// It is out of date, or does not say good.
    Bad,
    /// It is current and says good. Its signature is not verified.
    Good,
}

/// A certificate, and where it is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Known {
    /// Where it is from.
    pub from: Source,
    /// What stands in it.
    pub facts: CertificateFacts,
}

/// Where a certificate is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// From the address that a certificate names for its issuer.
    Fetched,
    /// It was sent.
    Sent,
    /// It was not sent, and is in the store.
    Store,
}

/// One path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PathFacts {
    /// Places in [`Chain::certificates`], the host's own first.
    pub certificates: Vec<usize>,
    /// Where it ends.
    pub end: End,
    /// What rustls-webpki objects to, and that a CA may not sign, to which it does not object; as if the
    /// end were trusted. `None`: nothing.
    pub webpki: Option<String>,
    /// What OpenSSL objects to, as if the end were trusted; `None`: nothing.
    pub openssl: Option<String>,
}

/// Where a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// At a certificate whose issuer is not known.
    Open,
    /// At a certificate of the store.
    Trusted,
    /// At a root that is not in the store.
    Untrusted,
}

/// What an address in a certificate is for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum UrlKind {
    /// The certificate of the issuer (RFC 5280 section 4.2.2.1).
    Issuer,
    /// OCSP (RFC 6960).
    Ocsp,
    /// A revocation list (RFC 5280 section 4.2.1.13).
    Crl,
}

impl UrlKind {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Ocsp => "OCSP",
            Self::Crl => "CRL",
        }
    }
}

/// One address of one certificate, and what it answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UrlFacts {
    /// What it is for.
    pub kind: UrlKind,
    /// As it stands in the certificate.
    pub url: Foreign,
    /// The place in [`Chain::certificates`] of the certificate that names it.
    pub of: usize,
    /// How long it took, in milliseconds; `None`: it was not asked.
    pub milliseconds: Option<u64>,
    /// Octets of the answer.
    pub octets: Option<usize>,
    /// What came of it.
    pub answer: UrlAnswer,
}

/// What an address answered. Texts are ends of sentences that begin with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UrlAnswer {
    /// It was not asked, as it can be no address of this kind or was not to be asked; why.
    NotAsked(String),
    /// It may not be connected to, or did not answer with what it is for; why.
    None(String),
    /// The certificate of the issuer: its subject.
    Issuer(Foreign),
    /// A signed word about the certificate.
    Status(Revocation),
}

/// A signed word about a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Revocation {
    /// What it says.
    pub status: RevocationStatus,
    /// Who signed it.
    pub signed_by: Foreign,
    /// Since when it holds, in seconds since 1970.
    pub this_update: i64,
    /// Until when it holds; `None`: it names no end.
    pub next_update: Option<i64>,
}

impl Revocation {
    /// Whether it holds at this time. Clocks may differ by five minutes.
    pub fn is_current(&self, now: i64) -> bool {
        const SKEW: i64 = 300;
        let begun = self.this_update.saturating_sub(SKEW) <= now;
        begun && self.next_update.is_none_or(|end| now <= end.saturating_add(SKEW))
    }
}

/// What is said of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationStatus {
    /// It is not revoked.
    Good,
    /// It is revoked.
    Revoked,
    /// The responder does not know it.
    Unknown,
}

/// One sentence about the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Finding {
    /// How much it weighs.
    pub weight: Weight,
    /// The sentence. Texts of others in it are harmless and short.
    pub text: String,
}

/// How much a finding weighs, the gravest first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Partners that verify the certificate refuse mail.
    Stops,
    /// It could not be known.
    Open,
    /// Worth knowing; mail goes on.
    Note,
    /// As it should be.
    Good,
}

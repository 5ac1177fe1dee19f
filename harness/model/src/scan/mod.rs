//! What a scan learns of one host, and what that means under a profile.
//!
//! Facts are what was observed; an answer that could not be had is a fact of its own, with its reason.

mod chain_rules;
mod facts;
mod finding;
mod found;
mod outcome;
mod pins;
mod rules;
mod shown;
mod suite_rules;
mod version_rules;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::record::CaseRecord;
use crate::requirement::Level;
use crate::verdict::{BROKEN, KEPT, UNDECIDED, gravest, of_musts};

pub use chain_rules::judge_certificates;
pub use facts::{
    Accepted, Answers, Extensions, HostFacts, Listing, Oddity, Order, Sessions, SuiteParts,
    Tolerance, UnknownAlpn, VersionFacts, Vulnerabilities,
};
pub use finding::Finding;
pub use found::{Found, NOT_ASKED, Refusal};
pub use pins::pins_to_tell;
pub use rules::{judge, judged_requirements};
pub use shown::{AskedKey, AskedName, Shown, ShownChain};

/// The version of the record's form. 2: certificates are known, not applicable or unknown as all else
/// is; more facts. 3: pins and profiles that are out of date. 4: the verdicts of runs, and
/// `not-applicable` where it had a word of its own.
pub const SCHEMA: u32 = 4;

/// One host, scanned and judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scan {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Name and version of the tool.
    pub tool: String,
    /// The profile whose levels the findings have.
    pub profile: String,
    /// What was scanned.
    pub target: Target,
    /// What was observed.
    pub facts: HostFacts,
    /// What it showed, one for each way of asking; not applicable where nobody asked.
    pub certificates: Found<Vec<Shown>>,
    /// The cases about STARTTLS; not applicable where none was played.
    pub checks: Found<Vec<CaseRecord>>,
    /// What facts and certificates mean.
    pub findings: Vec<Finding>,
    /// How it differs from what was expected of it, a sentence each; empty where nothing was.
    pub differences: Vec<String>,
    /// Facts of others that were checked too long ago to be relied on.
    pub outdated: Vec<Outdated>,
    /// TCP connections made in all.
    pub connections: usize,
    /// How long it took.
    pub duration_ms: u64,
}

impl Scan {
    /// [`BROKEN`]: a must is broken, or the host is not as expected; [`UNDECIDED`]: a must is undecided,
    /// or what it was judged by is out of date. Pins that are out of date decide nothing: a difference
    /// from them is undecided.
    pub fn exit_code(&self) -> u8 {
        let checks = self.checks.known().map_or(&[][..], Vec::as_slice);
        let checks = checks.iter().filter(|case| case.level == Level::Must);
        let findings = self.findings.iter().filter(|finding| finding.level == Level::Must);
        let old_pins = self.outdated.iter().any(|outdated| outdated.what == Dated::Pins);
        let differs = !self.differences.is_empty() && !old_pins;
        let open = !self.outdated.is_empty() || matches!(self.checks, Found::Unknown(_));
        gravest([
            of_musts(findings.map(|finding| finding.verdict)),
            of_musts(checks.map(|case| case.verdict)),
            if differs { BROKEN } else { KEPT },
            if open { UNDECIDED } else { KEPT },
        ])
    }
}

/// Facts of others that were checked too long ago to be relied on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outdated {
    /// Where they stand.
    pub what: Dated,
    /// One sentence.
    pub text: String,
}

/// Where facts of others stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dated {
    /// What the host is expected to show.
    Pins,
    /// Whose levels decide what a must is.
    Profile,
}

/// The JSON Schema (draft 2020-12) of a scan, as it is published in `schema/scan.schema.json`;
/// `waxseal schema --scan` prints it.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Scan);
    // A schema is a JSON value, and every JSON value can be written.
    serde_json::to_string_pretty(&schema).expect("a JSON value can be written") + "\n"
}

/// How TLS begins on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// With STARTTLS between mail hosts, port 25 (RFC 3207).
    Relay,
    /// With STARTTLS from mail programs, port 587 (RFC 6409).
    Submission,
    /// At once, port 465 (RFC 8314 section 3.3).
    Implicit,
}

impl Entry {
    /// The port where none is named.
    pub fn port(self) -> u16 {
        match self {
            Self::Relay => 25,
            Self::Submission => 587,
            Self::Implicit => 465,
        }
    }
}

/// A host and a port, as asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How TLS begins there.
    pub entry: Entry,
    /// The address that was connected to; `None`: the name has none.
    pub address: Option<String>,
}

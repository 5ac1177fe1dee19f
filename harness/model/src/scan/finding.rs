//! What a fact means for one requirement.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::requirement::Level;

/// What the facts say of one requirement.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// It is broken.
    Fail,
    /// It could not be decided. Says nothing about the host.
    Inconclusive,
    /// The host is such that the requirement protects nobody; the text says why.
    Moot,
    /// Recorded, not judged: the level is info.
    Observed,
    /// It is kept.
    Pass,
}

impl Judgement {
    /// The name in files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Moot => "moot",
            Self::Observed => "observed",
            Self::Pass => "pass",
        }
    }
}

/// One requirement, what was found, and the sentence that says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// An id of the catalogue.
    pub requirement: String,
    /// Under the scan's profile.
    pub level: Level,
    /// What it came to.
    pub verdict: Judgement,
    /// One sentence.
    pub text: String,
}

/// The exit code: 1, a must is broken; 3, a must is undecided and none is broken; else 0.
pub fn exit_code(findings: &[Finding]) -> u8 {
    let any = |verdict| findings.iter().any(|f| f.level == Level::Must && f.verdict == verdict);
    if any(Judgement::Fail) {
        1
    } else if any(Judgement::Inconclusive) {
        3
    } else {
        0
    }
}

//! One thing that the gate finds, and the sentence that says what to do.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

/// One thing that the gate finds. Each is a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// A must is broken and no waiver covers it.
    New {
        /// The case's id.
        case: String,
    },
    /// What was waived is so no longer.
    Stale {
        /// The waiver's line.
        line: usize,
        /// The pattern that nothing of that kind fits.
        pattern: String,
        /// What it no longer does, as a verb.
        no_longer: String,
    },
    /// The pattern fits nothing of this version.
    Unknown {
        /// The waiver's line.
        line: usize,
        /// The pattern.
        pattern: String,
        /// `case` or `requirement`.
        what: String,
    },
    /// It has no `reason` or no `link`, and covers nothing.
    Reasonless {
        /// The waiver's line.
        line: usize,
        /// `reason` or `link`.
        lacks: String,
    },
    /// Its day has passed, and it covers nothing.
    Expired {
        /// The waiver's line.
        line: usize,
        /// The day, `2026-12-31`.
        day: String,
    },
    /// A must case is inconclusive or ended in an error of ours, and no waiver covers it.
    Undecided {
        /// The case's id.
        case: String,
        /// How it ended.
        verdict: Verdict,
    },
    /// A must that applies to the relay was not judged, and no waiver covers it.
    NotJudged {
        /// The requirement's id.
        requirement: String,
        /// The directions and parts that were not.
        unjudged: Vec<String>,
    },
    /// Cases that the run did not play to their end, all for one reason.
    Unfinished {
        /// How many.
        cases: usize,
        /// One sentence.
        reason: String,
    },
    /// Facts that the run rests on were checked too long ago.
    Outdated {
        /// One sentence.
        text: String,
    },
}

impl Finding {
    /// Whether it breaks the gate (exit code 1); else it leaves it undecided (3).
    pub fn breaks(&self) -> bool {
        match self {
            Self::New { .. }
            | Self::Stale { .. }
            | Self::Unknown { .. }
            | Self::Reasonless { .. }
            | Self::Expired { .. } => true,
            Self::Undecided { .. }
            | Self::NotJudged { .. }
            | Self::Unfinished { .. }
            | Self::Outdated { .. } => false,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New { case } => write!(
                f,
                "new: {case} fails and no waiver covers it; mend the relay, or add a waiver with \
                 reason and link"
            ),
            Self::Stale { line, pattern, no_longer } => {
                write!(f, "stale: line {line}: {pattern} no longer {no_longer}; take it out")
            }
            Self::Unknown { line, pattern, what } => write!(
                f,
                "unknown: line {line}: {pattern} fits no {what} of this version; `waxseal list{}` \
                 shows all",
                if what == "requirement" { " --requirements" } else { "" }
            ),
            Self::Reasonless { line, lacks } => write!(
                f,
                "reasonless: line {line}: the waiver has no {lacks} and covers nothing; add `{lacks}`"
            ),
            Self::Expired { line, day } => write!(
                f,
                "expired: line {line}: the waiver ended on {day} and covers nothing; mend the \
                 relay, or decide anew"
            ),
            Self::Undecided { case, verdict } => write!(
                f,
                "undecided: {case}: {verdict}, and no waiver covers it; see its reason, or add a \
                 waiver with `verdict = \"{verdict}\"`"
            ),
            Self::NotJudged { requirement, unjudged } => write!(
                f,
                "not judged: {requirement} ({}): a must that no case decided; add a waiver with \
                 `requirements = [\"{requirement}\"]` if that is accepted",
                unjudged.join(", ")
            ),
            Self::Unfinished { cases, reason } => {
                let cases = crate::record::cases(*cases);
                write!(f, "unfinished: {cases} not played to the end: {reason}")
            }
            Self::Outdated { text } => write!(f, "outdated: {text}"),
        }
    }
}

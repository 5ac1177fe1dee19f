//! What a run found about the domains of the user's own: whether their mail is protected.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::expect::Outcome;
use crate::record::CaseRecord;
use crate::requirement::Level;
use crate::scenario::Connector;
use crate::verdict::Verdict;

/// One domain under one rule, by the cases that count as must. A waiver accepts a failure and
/// protects nobody: it does not count here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainRecord {
    /// A whole domain, or with a leading dot all below it.
    pub domain: String,
    /// What its mail is meant to get.
    pub connector: Connector,
    /// Whether it gets that.
    pub status: Protection,
    /// Cases that were played.
    pub cases: usize,
    /// Those that passed.
    pub passed: usize,
    /// Those that failed.
    pub failed: usize,
    /// Those of the failed in which the message went out in plaintext.
    pub sent_in_plaintext: usize,
}

/// Whether a domain's mail gets what it is meant to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// Every case that was played passed.
    Protected,
    /// Some case failed.
    Unprotected,
    /// None failed, and not all passed.
    Undecided,
    /// None was played.
    Untested,
}

impl DomainRecord {
    /// The domains of these cases, in the order of their names.
    pub fn of(cases: &[CaseRecord]) -> Vec<Self> {
        let mut domains: Vec<(&str, Connector)> = cases
            .iter()
            .filter_map(|case| Some((case.domain.as_deref()?, case.connector)))
            .collect();
        domains.sort_unstable();
        domains.dedup();
        domains.into_iter().map(|(domain, connector)| Self::one(domain, connector, cases)).collect()
    }

    fn one(domain: &str, connector: Connector, cases: &[CaseRecord]) -> Self {
        let played: Vec<&CaseRecord> = cases
            .iter()
            .filter(|case| case.domain.as_deref() == Some(domain) && case.connector == connector)
            .filter(|case| case.level == Level::Must)
            .filter(|case| !matches!(case.verdict, Verdict::Skipped | Verdict::Observed))
            .collect();
        let count = |verdict| played.iter().filter(|case| case.verdict == verdict).count();
        let (passed, failed) = (count(Verdict::Pass), count(Verdict::Fail));
        let in_plaintext = |case: &&&CaseRecord| {
            case.verdict == Verdict::Fail && case.outcome == Some(Outcome::DeliveredPlaintext)
        };
        Self {
            domain: domain.to_owned(),
            connector,
            status: match played.len() {
                0 => Protection::Untested,
                _ if failed > 0 => Protection::Unprotected,
                all if passed == all => Protection::Protected,
                _ => Protection::Undecided,
            },
            cases: played.len(),
            passed,
            failed,
            sent_in_plaintext: played.iter().filter(in_plaintext).count(),
        }
    }
}

/// `partner.example (domain-validation): protected, 61 of 61 cases`.
impl fmt::Display for DomainRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { domain, connector, cases, passed, failed, sent_in_plaintext, .. } = self;
        let forced = connector.forces_tls();
        write!(f, "{domain} ({connector}): ")?;
        match self.status {
            Protection::Protected if forced => write!(f, "protected, ")?,
            Protection::Protected => write!(f, "as it has to be, ")?,
            Protection::Unprotected if forced => write!(f, "NOT protected: ")?,
            Protection::Unprotected => write!(f, "NOT as it has to be: ")?,
            Protection::Undecided => write!(f, "undecided, ")?,
            Protection::Untested => return write!(f, "no case was played"),
        }
        let noun = if *cases == 1 { "case" } else { "cases" };
        match self.status {
            Protection::Unprotected => {
                write!(f, "{failed} of {cases} {noun} failed")?;
                match sent_in_plaintext {
                    _ if !forced => Ok(()),
                    0 => write!(f, ", none of them sent in plaintext"),
                    some => write!(f, ", {some} of them sent in plaintext"),
                }
            }
            Protection::Undecided => write!(f, "{passed} of {cases} {noun} passed, none failed"),
            _ => write!(f, "{passed} of {cases} {noun}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::case;

    fn of(verdicts: &[(Verdict, Level, Outcome)]) -> String {
        let cases: Vec<_> = verdicts
            .iter()
            .map(|(verdict, level, outcome)| CaseRecord {
                domain: Some("a.example".into()),
                connector: Connector::EncryptionOnly,
                outcome: Some(*outcome),
                ..case("outbound/x#y@a.example", *verdict, *level)
            })
            .collect();
        DomainRecord::of(&cases)[0].to_string()
    }

    #[test]
    fn one_failure_of_a_must_unprotects_and_clear_text_is_told() {
        use Level::{Must, Should};
        use Outcome::{Bounced, DeliveredPlaintext, DeliveredTls};
        use Verdict::{Fail, Inconclusive, Observed, Pass};
        for (verdicts, words) in [
            (vec![(Pass, Must, Bounced)], "protected, 1 of 1 case"),
            (vec![(Pass, Must, Bounced), (Fail, Should, DeliveredTls)], "protected, 1 of 1 case"),
            (
                vec![(Pass, Must, Bounced), (Fail, Must, DeliveredTls)],
                "NOT protected: 1 of 2 cases failed, none of them sent in plaintext",
            ),
            (
                vec![(Inconclusive, Must, Bounced), (Fail, Must, DeliveredPlaintext)],
                "NOT protected: 1 of 2 cases failed, 1 of them sent in plaintext",
            ),
            (
                vec![(Pass, Must, Bounced), (Inconclusive, Must, Bounced)],
                "undecided, 1 of 2 cases passed, none failed",
            ),
            (vec![(Observed, Must, Bounced)], "no case was played"),
        ] {
            assert_eq!(of(&verdicts), format!("a.example (encryption-only): {words}"));
        }
    }

    #[test]
    fn cases_of_the_lab_have_no_domain() {
        assert!(DomainRecord::of(&[case("x", Verdict::Pass, Level::Must)]).is_empty());
    }
}

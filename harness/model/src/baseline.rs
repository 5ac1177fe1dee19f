//! Accepted failures, and the gate that keeps them from rotting.

use std::collections::BTreeMap;
use std::fmt;

use globset::{GlobBuilder, GlobMatcher};
use serde::Deserialize;
use serde_spanned::Spanned;

use crate::diagnostic::Diagnostic;
use crate::record::{Record, Verdict};
use crate::requirement::Level;

/// A file of waivers.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    waivers: Vec<Waiver>,
}

/// One entry: these cases fail, we know it, and this is why that is accepted.
#[derive(Clone, Debug)]
struct Waiver {
    patterns: Vec<(String, GlobMatcher)>,
    reason: Option<String>,
    link: Option<String>,
    expires: Option<String>,
    line: usize,
}

/// Why the gate is broken. Each is a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A must is broken and no waiver covers it.
    New {
        /// The case's id.
        case: String,
    },
    /// What was waived is kept now.
    Stale {
        /// The waiver's line.
        line: usize,
        /// The pattern that no failing case fits.
        pattern: String,
    },
    /// The pattern fits no case of this version.
    Unknown {
        /// The waiver's line.
        line: usize,
        /// The pattern.
        pattern: String,
    },
    /// It has no `reason` or no `link`, and covers nothing.
    Reasonless {
        /// The waiver's line.
        line: usize,
        /// `reason` or `link`.
        lacks: &'static str,
    },
    /// Its day has passed, and it covers nothing.
    Expired {
        /// The waiver's line.
        line: usize,
        /// The day, `2026-12-31`.
        day: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New { case } => write!(
                f,
                "new: {case} fails and no waiver covers it; mend the relay, or add a waiver with \
                 reason and link"
            ),
            Self::Stale { line, pattern } => {
                write!(f, "stale: line {line}: {pattern} no longer fails; take it out")
            }
            Self::Unknown { line, pattern } => write!(
                f,
                "unknown: line {line}: {pattern} fits no case of this version; `waxseal list` \
                 shows all"
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
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    waiver: Vec<Spanned<RawWaiver>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWaiver {
    cases: Spanned<Vec<Spanned<String>>>,
    reason: Option<String>,
    link: Option<String>,
    /// Who decides about it; for readers.
    #[serde(rename = "owner")]
    _owner: Option<String>,
    expires: Option<Spanned<toml::value::Datetime>>,
}

impl Baseline {
    /// Reads the text of a baseline; `file` is for messages.
    ///
    /// # Errors
    /// What is wrong with it, with the place. A missing reason or an old entry is not wrong here:
    /// [`Baseline::judge`] finds it.
    pub fn parse(file: &str, text: &str) -> Result<Self, Diagnostic> {
        let wrong = |span, message: &str, help: &str| Diagnostic {
            file: file.into(),
            span,
            message: message.into(),
            help: Some(help.to_owned()).filter(|help| !help.is_empty()),
        };
        let raw: RawFile =
            toml::from_str(text).map_err(|error| wrong(error.span(), error.message(), ""))?;
        let read = |raw: Spanned<RawWaiver>| {
            let line =
                text.bytes().take(raw.span().start).filter(|byte| *byte == b'\n').count() + 1;
            let raw = raw.into_inner();
            if raw.cases.get_ref().is_empty() {
                let help = "name at least one case, or take the entry out";
                return Err(wrong(Some(raw.cases.span()), "a waiver for no case", help));
            }
            let pattern = |pattern: Spanned<String>| {
                let glob = GlobBuilder::new(pattern.get_ref()).literal_separator(false).build();
                let help = "`*` stands for anything; everything else is meant as written";
                let matcher = glob
                    .map_err(|_| wrong(Some(pattern.span()), "no pattern of case ids", help))?
                    .compile_matcher();
                Ok((pattern.into_inner(), matcher))
            };
            let day = |at: Spanned<toml::value::Datetime>| match at.get_ref().date {
                Some(date) => Ok(date.to_string()),
                None => Err(wrong(Some(at.span()), "no day", "write it as 2026-12-31")),
            };
            let said = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
            Ok(Waiver {
                patterns: raw
                    .cases
                    .into_inner()
                    .into_iter()
                    .map(pattern)
                    .collect::<Result<_, _>>()?,
                reason: said(raw.reason),
                link: said(raw.link),
                expires: raw.expires.map(day).transpose()?,
                line,
            })
        };
        Ok(Self { waivers: raw.waiver.into_iter().map(read).collect::<Result<_, _>>()? })
    }

    /// Marks the failures that are covered, and gives all that breaks the gate: broken musts that
    /// nothing covers, and entries that are of no use any more. `known` are the ids of all cases
    /// there are, `today` is like `2026-12-31`.
    ///
    /// An entry is stale only if every case it fits was played to a verdict.
    pub fn judge(&self, record: &mut Record, known: &[&str], today: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        let verdicts: BTreeMap<String, Verdict> =
            record.cases.iter().map(|case| (case.id.clone(), case.verdict)).collect();
        for waiver in &self.waivers {
            findings.extend(waiver.findings(&verdicts, known, today));
        }
        let valid = |waiver: &&Waiver| waiver.flaw(today).is_none();
        for case in record.cases.iter_mut().filter(|case| case.verdict == Verdict::Fail) {
            let covering = |waiver: &&Waiver| waiver.fits(&case.id);
            let waived = self.waivers.iter().filter(valid).find(covering);
            case.waiver = waived.and_then(|waiver| waiver.reason.clone());
            let named = self.waivers.iter().any(|waiver| waiver.fits(&case.id));
            if case.level == Level::Must && !named {
                findings.push(Finding::New { case: case.id.clone() });
            }
        }
        findings
    }
}

impl Waiver {
    fn fits(&self, case: &str) -> bool {
        self.patterns.iter().any(|(pattern, matcher)| pattern == case || matcher.is_match(case))
    }

    /// Why it covers nothing.
    fn flaw(&self, today: &str) -> Option<Finding> {
        let line = self.line;
        match (&self.reason, &self.link, &self.expires) {
            (None, _, _) => Some(Finding::Reasonless { line, lacks: "reason" }),
            (_, None, _) => Some(Finding::Reasonless { line, lacks: "link" }),
            // Days of this form are in the order of their text.
            (_, _, Some(day)) if day.as_str() < today => {
                Some(Finding::Expired { line, day: day.clone() })
            }
            _ => None,
        }
    }

    fn findings(
        &self,
        verdicts: &BTreeMap<String, Verdict>,
        known: &[&str],
        today: &str,
    ) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.flaw(today).into_iter().collect();
        for (pattern, matcher) in &self.patterns {
            let (pattern, line) = (pattern.clone(), self.line);
            let fits = |id: &&&str| pattern == **id || matcher.is_match(**id);
            let fitting: Vec<_> = known.iter().filter(fits).map(|id| verdicts.get(*id)).collect();
            let decided = |verdict: &Option<&Verdict>| {
                matches!(verdict, Some(Verdict::Pass | Verdict::Observed))
            };
            if fitting.is_empty() {
                findings.push(Finding::Unknown { line, pattern });
            } else if fitting.iter().all(decided) {
                findings.push(Finding::Stale { line, pattern });
            }
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{case, record};

    const KNOWN: [&str; 4] = ["a#1", "a#2", "b", "c"];

    fn judge(text: &str) -> (Vec<String>, Record) {
        let cases = vec![
            case("a#1", Verdict::Fail, Level::Must),
            case("a#2", Verdict::Pass, Level::Must),
            case("b", Verdict::Pass, Level::Must),
        ];
        let mut record = record(cases);
        let baseline = Baseline::parse("gate.toml", text).unwrap();
        let findings = baseline.judge(&mut record, &KNOWN, "2026-11-24");
        (findings.iter().map(ToString::to_string).collect(), record)
    }

    fn waiver(rest: &str) -> String {
        format!("[[waiver]]\nreason = 'old'\nlink = 'https://x.test/1'\n{rest}\n")
    }

    #[test]
    fn what_is_covered_is_marked_and_breaks_nothing() {
        let (findings, record) = judge(&waiver("cases = ['a*']\nexpires = 2026-11-24"));
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(record.cases[0].waiver.as_deref(), Some("old"));
    }

    #[test]
    fn each_flaw_has_its_own_word() {
        let first = |text: &str| judge(text).0[0].split(':').next().unwrap().to_owned();
        assert_eq!(first(""), "new");
        assert_eq!(first(&waiver("cases = ['b']")), "stale");
        assert_eq!(first(&waiver("cases = ['nothing*']")), "unknown");
        assert_eq!(first(&waiver("cases = ['a#1']\nexpires = 2026-11-23")), "expired");
        assert_eq!(first("[[waiver]]\ncases = ['a#1']\nlink = 'x'"), "reasonless");
        assert_eq!(first("[[waiver]]\ncases = ['a#1']\nreason = 'x'"), "reasonless");
    }

    #[test]
    fn an_entry_without_effect_covers_nothing_and_is_told_once() {
        let (findings, record) = judge(&waiver("cases = ['a#1']\nexpires = 2020-01-01"));
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(record.cases[0].waiver, None);
    }

    #[test]
    fn what_was_not_played_is_not_stale() {
        assert_eq!(judge(&waiver("cases = ['a#1', 'c']")).0, Vec::<String>::new());
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for text in ["[[waiver]]\ncases = []", "[[waiver]]\ncase = ['a']", "waiver = 1"] {
            assert!(Baseline::parse("gate.toml", text).unwrap_err().span.is_some(), "{text}");
        }
    }
}

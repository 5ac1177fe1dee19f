//! The verdict on a case of a run or on a requirement of a scan, and what it means for the exit code.

use serde::{Deserialize, Serialize};

/// What a case or a finding came to.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// What is demanded was seen.
    Pass,
    /// What is forbidden was seen.
    Fail,
    /// What was seen is recorded: the level is info, or the claim is disputed.
    Observed,
    /// Nothing was seen that decides. It says nothing about the relay or host.
    Inconclusive,
    /// Not played: the driver does not declare what the case needs, or the relay offers nothing that it
    /// could apply to.
    Skipped,
    /// The requirement protects nobody here; the reason says why.
    NotApplicable,
    /// Trouble of waxseal's own.
    Error,
}

impl Verdict {
    /// All verdicts.
    pub const ALL: [Self; 7] = [
        Self::Pass,
        Self::Fail,
        Self::Observed,
        Self::Inconclusive,
        Self::Skipped,
        Self::NotApplicable,
        Self::Error,
    ];

    /// The name in records and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Observed => "observed",
            Self::Inconclusive => "inconclusive",
            Self::Skipped => "skipped",
            Self::NotApplicable => "not-applicable",
            Self::Error => "error",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// The exit code where nothing is broken and nothing open.
pub const KEPT: u8 = 0;
/// A must is broken; with a baseline, something is new, stale or expired; a host differs from its pins.
pub const BROKEN: u8 = 1;
/// Nothing was played: usage, configuration or environment.
pub const UNUSABLE: u8 = 2;
/// A must is undecided, or what it was judged by is out of date.
pub const UNDECIDED: u8 = 3;
/// A signal ended it.
pub const INTERRUPTED: u8 = 130;

/// The gravest of these exit codes; [`KEPT`] if there are none.
pub fn gravest(codes: impl IntoIterator<Item = u8>) -> u8 {
    const GRAVEST_FIRST: [u8; 4] = [INTERRUPTED, BROKEN, UNUSABLE, UNDECIDED];
    let place = |code: &u8| GRAVEST_FIRST.iter().position(|known| known == code);
    let placed = codes.into_iter().filter_map(|code| Some((place(&code)?, code)));
    placed.min().map_or(KEPT, |(_, code)| code)
}

/// The exit code by the verdicts on musts.
pub fn of_musts(verdicts: impl IntoIterator<Item = Verdict>) -> u8 {
    gravest(verdicts.into_iter().map(|verdict| match verdict {
        Verdict::Fail => BROKEN,
        Verdict::Inconclusive | Verdict::Error => UNDECIDED,
        Verdict::Pass | Verdict::Observed | Verdict::Skipped | Verdict::NotApplicable => KEPT,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_must_weighs_more_than_an_open_one() {
        assert_eq!(of_musts([Verdict::Pass, Verdict::Inconclusive]), UNDECIDED);
        assert_eq!(of_musts([Verdict::Error, Verdict::Fail]), BROKEN);
        assert_eq!(of_musts([Verdict::Skipped, Verdict::NotApplicable]), KEPT);
        assert_eq!(gravest([UNDECIDED, UNUSABLE]), UNUSABLE);
        assert_eq!(gravest([BROKEN, INTERRUPTED]), INTERRUPTED);
        assert_eq!(gravest([]), KEPT);
    }
}

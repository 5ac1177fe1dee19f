//! The listeners of a user's configuration, and what a run found about each.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::configuration::Listener;
use crate::domain::Protection;
use crate::expect::Outcome;
use crate::foreign::Foreign;
use crate::record::{CaseRecord, cases as counted_cases};
use crate::requirement::Level;
use crate::scenario::Connector;
use crate::script::Direction;
use crate::verdict::Verdict;

/// One listener by the inbound cases of its connector that count: the musts, and whatever their level
/// those that ask whether a password or a message goes in plaintext.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListenerRecord {
    /// The port that it has in the user's configuration.
    pub port: u16,
    /// What it promises; `null`: no connector of ours is that, or it offers no TLS.
    pub connector: Option<Connector>,
    /// Where it stands, `master.cf:12`; empty where nobody said.
    pub place: Foreign,
    /// What the product calls it; empty where nobody said.
    pub level: Foreign,
    /// Whether it keeps its promise.
    pub status: Protection,
    /// Cases that were played.
    pub cases: usize,
    /// Those that passed.
    pub passed: usize,
    /// Those that failed.
    pub failed: usize,
    /// What the failures show, the worst first, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<ListenerGap>,
    /// The scenarios that failed, the worst first, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<String>,
    /// Why no case was played, one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untested: Option<String>,
    /// Which settings would close the gaps, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
}

/// What a listener lets happen although it should not.
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
pub enum ListenerGap {
    /// Mail comes in plaintext although TLS is demanded.
    Plaintext,
    /// TLS cannot be had.
    NotOffered,
    /// A login by password is offered or taken in plaintext.
    Password,
    /// A correct message in TLS is not taken: nothing else can be said.
    Unusable,
    /// Commands that an attacker adds in plaintext are run inside TLS.
    Injection,
    /// A client that proves nothing is let in.
    UnprovenClient,
    /// TLS that others can read, now or later.
    WeakTls,
    /// Anything else that a must forbids.
    Other,
}

/// A listener to report on, and why it was not played, where it was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// As the driver lists it.
    pub listener: Listener,
    /// One sentence; `None`: it is played as its connector.
    pub left_out: Option<String>,
}

/// Files of scenarios about a password in plaintext.
pub const PASSWORD: [&str; 2] =
    ["inbound/starttls/auth-in-plaintext", "inbound/starttls/auth-taken-in-plaintext"];

/// Files of scenarios in which a message comes in plaintext to a listener that demands TLS. Who refuses
/// it there forces TLS.
pub const REFUSING: [&str; 4] = [
    "inbound/forced/plaintext-refused",
    "inbound/forced/plaintext-refused-after-helo",
    "inbound/forced/plaintext-after-refused-tls",
    "inbound/forced/message-again",
];

/// Files of the scenarios that look whether TLS can be had.
pub const OFFERED: [&str; 2] = ["inbound/starttls/offered", "inbound/starttls/session-implicit"];

impl ListenerRecord {
    /// These listeners by these cases, in the order of the listeners.
    pub fn of(listeners: &[Heard], cases: &[CaseRecord]) -> Vec<Self> {
        listeners.iter().map(|heard| Self::one(heard, cases)).collect()
    }

    fn one(heard: &Heard, cases: &[CaseRecord]) -> Self {
        let Listener { port, connector, place, level } = heard.listener.clone();
        let ours = |case: &&CaseRecord| {
            heard.left_out.is_none()
                && case.direction == Direction::Inbound
                && Some(case.connector) == connector
        };
        let all: Vec<&CaseRecord> = cases.iter().filter(ours).collect();
        let played: Vec<&CaseRecord> = all.iter().copied().filter(|case| counts(case)).collect();
        let count = |verdict| played.iter().filter(|case| case.verdict == verdict).count();
        let failed = played.iter().copied().filter(|case| case.verdict == Verdict::Fail);
        let mut failed: Vec<&CaseRecord> = failed.collect();
        failed.sort_by_key(|case| gap(case));
        let mut gaps: Vec<ListenerGap> = failed.iter().map(|case| gap(case)).collect();
        gaps.dedup();
        let untested = played.is_empty().then(|| {
            let skipped = all.iter().find(|case| case.verdict == Verdict::Skipped);
            let reason = heard.left_out.clone().or(skipped.map(|case| case.reason.clone()));
            reason.unwrap_or_else(|| "No case of the selection is about this connector.".into())
        });
        Self {
            port,
            connector,
            place,
            level,
            status: status(connector, &played, &gaps),
            cases: played.len(),
            passed: count(Verdict::Pass),
            failed: count(Verdict::Fail),
            gaps,
            broken: each_once(failed.iter().map(|case| file(case).to_owned())),
            untested,
            advice: each_once(failed.iter().filter_map(|case| case.advice.clone())),
        }
    }

    /// Its grade in plain words: `forced, but weak TLS would do`.
    pub fn grade(&self) -> String {
        let forces = self.connector.is_some_and(Connector::forces_tls);
        let kept = if forces { "forced" } else { "TLS is offered" };
        let (head, but) = match self.gaps.first() {
            Some(ListenerGap::Plaintext) => ("NOT forced", ", and "),
            Some(ListenerGap::NotOffered) => ("TLS is NOT offered", ", and "),
            _ => (kept, ", but "),
        };
        let words = |gap: &ListenerGap| match gap {
            ListenerGap::Plaintext | ListenerGap::NotOffered => None,
            ListenerGap::Password => Some("a password would go in plaintext"),
            ListenerGap::Unusable => Some("a correct message is not taken"),
            ListenerGap::Injection => Some("injected commands are run inside TLS"),
            ListenerGap::UnprovenClient => Some("a client without proof would do"),
            ListenerGap::WeakTls => Some("weak TLS would do"),
            ListenerGap::Other => Some("other rules failed"),
        };
        let parts: Vec<&str> = self.gaps.iter().filter_map(words).collect();
        let parts = parts.join(", and ");
        match self.status {
            Protection::Untested => "not played".into(),
            Protection::Undecided if parts.is_empty() => "undecided".into(),
            Protection::Undecided if forces => format!("undecided whether it is forced; {parts}"),
            Protection::Undecided => format!("undecided; {parts}"),
            _ if parts.is_empty() => head.into(),
            _ => format!("{head}{but}{parts}"),
        }
    }

    /// What was played, in few words: `2 of 20 cases failed (versions/old-only)`.
    pub fn happened(&self) -> String {
        const NAMED: usize = 3;
        if let Some(reason) = &self.untested {
            return reason.clone();
        }
        let all = counted_cases(self.cases);
        if self.failed == 0 {
            return format!("{} of {all} passed", self.passed);
        }
        let named = |file: &String| file.trim_start_matches("inbound/").to_owned();
        let mut names: Vec<String> = self.broken.iter().take(NAMED).map(named).collect();
        names.extend((self.broken.len() > NAMED).then(|| "…".to_owned()));
        format!("{} of {all} failed ({})", self.failed, names.join(", "))
    }
}

/// `587 (encryption-only): forced, 20 of 20 cases passed`.
impl fmt::Display for ListenerRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connector = self.connector.map_or("no TLS", Connector::name);
        write!(f, "{} ({connector}): {}, {}", self.port, self.grade(), self.happened())
    }
}

/// Whether a case shows what counts whatever its level: a password or a message in plaintext, or
/// no TLS.
pub fn counts_always(case: &CaseRecord) -> bool {
    let alarming = |gap| {
        matches!(gap, ListenerGap::Plaintext | ListenerGap::NotOffered | ListenerGap::Password)
    };
    case.direction == Direction::Inbound && alarming(gap(case))
}

fn counts(case: &CaseRecord) -> bool {
    let played =
        !matches!(case.verdict, Verdict::Skipped | Verdict::Observed | Verdict::NotApplicable);
    played && (case.level == Level::Must || counts_always(case))
}

/// What a failure of this case shows.
fn gap(case: &CaseRecord) -> ListenerGap {
    let folder = file(case).split('/').nth(1).unwrap_or_default();
    let plaintext = case.outcome == Some(Outcome::DeliveredPlaintext);
    match file(case) {
        file if PASSWORD.contains(&file) => ListenerGap::Password,
        file if REFUSING.contains(&file) => ListenerGap::Plaintext,
        file if OFFERED.contains(&file) => ListenerGap::NotOffered,
        "inbound/control" => ListenerGap::Unusable,
        _ if case.connector.forces_tls() && plaintext => ListenerGap::Plaintext,
        _ => match folder {
            "injection" => ListenerGap::Injection,
            "mutual" => ListenerGap::UnprovenClient,
            "versions" | "forward-secrecy" => ListenerGap::WeakTls,
            _ => ListenerGap::Other,
        },
    }
}

fn status(
    connector: Option<Connector>,
    played: &[&CaseRecord],
    gaps: &[ListenerGap],
) -> Protection {
    use ListenerGap::{NotOffered, Password, Plaintext};
    let has = |verdict| played.iter().any(|case| case.verdict == verdict);
    let all_passed = played.iter().all(|case| case.verdict == Verdict::Pass);
    // With TLS from the first octet there is no plaintext to refuse.
    let must_refuse = matches!(connector, Some(Connector::EncryptionOnly | Connector::Mutual));
    let refused =
        played.iter().any(|case| REFUSING.contains(&file(case)) && case.verdict == Verdict::Pass);
    match () {
        () if played.is_empty() => Protection::Untested,
        () if gaps.iter().any(|gap| matches!(gap, Plaintext | NotOffered | Password)) => {
            Protection::Unprotected
        }
        () if gaps.contains(&ListenerGap::Unusable) => Protection::Undecided,
        () if must_refuse && !refused => Protection::Undecided,
        () if has(Verdict::Fail) => Protection::Weak,
        () if all_passed => Protection::Protected,
        () => Protection::Undecided,
    }
}

fn each_once(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for text in texts {
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept
}

/// The scenario's file: rows of one share it.
fn file(case: &CaseRecord) -> &str {
    case.scenario.split('#').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::case;
    use Level::{Must, Should};
    use Verdict::{Fail, Inconclusive, Observed, Pass, Skipped};

    fn heard(connector: Connector, left_out: Option<&str>) -> Heard {
        let listener = Listener {
            port: 587,
            connector: Some(connector),
            place: "master.cf:12".into(),
            level: "submission/inet".into(),
        };
        Heard { listener, left_out: left_out.map(str::to_owned) }
    }

    type Row<'a> = (&'a str, Verdict, Level);

    fn record(connector: Connector, rows: &[Row<'_>]) -> ListenerRecord {
        let cases: Vec<_> = rows
            .iter()
            .map(|(id, verdict, level)| CaseRecord {
                direction: Direction::Inbound,
                connector,
                reason: "It has none.".into(),
                advice: (*verdict == Fail).then(|| "Set x.".into()),
                ..case(&format!("inbound/{id}"), *verdict, *level)
            })
            .collect();
        ListenerRecord::of(&[heard(connector, None)], &cases).remove(0)
    }

    #[track_caller]
    fn check(connector: Connector, rows: &[Row<'_>], status: Protection, words: &str) {
        let found = record(connector, rows);
        assert_eq!((found.status, found.to_string().as_str()), (status, words));
    }

    const REFUSED: Row<'_> = ("forced/plaintext-refused#encryption-only", Pass, Must);
    const OLD: Row<'_> = ("versions/old-only#tls-1-0,encryption-only", Fail, Must);

    #[test]
    fn a_listener_that_demands_tls_has_to_be_seen_refusing_plaintext() {
        let check = |rows: &[Row<'_>], status, words: &str| {
            check(Connector::EncryptionOnly, rows, status, words);
        };
        use Protection::{Protected, Undecided, Unprotected, Untested, Weak};
        let control = ("control#encryption-only", Pass, Must);
        let words = "587 (encryption-only): undecided, 1 of 1 case passed";
        check(&[control], Undecided, words);
        let words = "587 (encryption-only): forced, 2 of 2 cases passed";
        check(&[control, REFUSED], Protected, words);
        let words = "587 (encryption-only): forced, but weak TLS would do, 1 of 2 cases failed \
                     (versions/old-only)";
        check(&[REFUSED, OLD], Weak, words);
        let words = "587 (encryption-only): undecided whether it is forced; weak TLS would do, 1 of \
                     2 cases failed (versions/old-only)";
        check(&[control, OLD], Undecided, words);
        let taken = ("forced/plaintext-refused#encryption-only", Fail, Must);
        let words = "587 (encryption-only): NOT forced, and weak TLS would do, 2 of 2 cases failed \
                     (forced/plaintext-refused, versions/old-only)";
        check(&[taken, OLD], Unprotected, words);
        let open = ("injection/same-segment#encryption-only", Inconclusive, Must);
        let words = "587 (encryption-only): undecided, 1 of 2 cases passed";
        check(&[REFUSED, open], Undecided, words);
        let words = "587 (encryption-only): not played, It has none.";
        check(&[("control#encryption-only", Skipped, Must)], Untested, words);
    }

    #[test]
    fn a_password_in_plaintext_counts_whatever_its_level() {
        let offered = ("starttls/offered#opportunistic", Pass, Level::Info);
        let password = ("starttls/auth-in-plaintext#opportunistic", Fail, Should);
        let words = "587 (opportunistic): TLS is offered, but a password would go in plaintext, 1 of \
                     2 cases failed (starttls/auth-in-plaintext)";
        check(Connector::Opportunistic, &[offered, password], Protection::Unprotected, words);
        let other = ("starttls/refused-after-helo#opportunistic", Fail, Should);
        let words = "587 (opportunistic): TLS is offered, 1 of 1 case passed";
        check(Connector::Opportunistic, &[offered, other], Protection::Protected, words);
        let open = ("starttls/auth-in-plaintext#opportunistic", Inconclusive, Should);
        let words = "587 (opportunistic): undecided, 1 of 2 cases passed";
        check(Connector::Opportunistic, &[offered, open], Protection::Undecided, words);
        let none = ("starttls/offered#opportunistic", Fail, Level::Info);
        let words = "587 (opportunistic): TLS is NOT offered, and a password would go in plaintext, \
                     2 of 2 cases failed (starttls/offered, starttls/auth-in-plaintext)";
        check(Connector::Opportunistic, &[none, password], Protection::Unprotected, words);
        let shut = ("control#opportunistic", Fail, Must);
        let words = "587 (opportunistic): undecided; a correct message is not taken, 1 of 2 cases \
                     failed (control)";
        check(Connector::Opportunistic, &[offered, shut], Protection::Undecided, words);
        let seen = ("versions/best-of-old#opportunistic", Observed, Must);
        let words = "587 (opportunistic): TLS is offered, 1 of 1 case passed";
        check(Connector::Opportunistic, &[offered, seen], Protection::Protected, words);
    }

    #[test]
    fn advice_is_told_once_and_who_is_left_out_says_why() {
        assert_eq!(record(Connector::EncryptionOnly, &[REFUSED, OLD, OLD]).advice, ["Set x."]);
        let left_out = heard(Connector::Implicit, Some("Port 465 is played."));
        let cases = [CaseRecord {
            direction: Direction::Inbound,
            connector: Connector::Implicit,
            ..case("inbound/control#implicit", Pass, Must)
        }];
        let found = ListenerRecord::of(&[left_out], &cases).remove(0);
        assert_eq!(found.status, Protection::Untested);
        assert_eq!(found.untested.as_deref(), Some("Port 465 is played."));
    }

    #[test]
    fn a_password_in_plaintext_makes_the_exit_code_1_unless_it_is_waived() {
        let password = CaseRecord {
            direction: Direction::Inbound,
            ..case("inbound/starttls/auth-in-plaintext#opportunistic", Fail, Should)
        };
        let mut run = crate::record::tests::record(vec![password]);
        // Of the driver's own configuration it is a should.
        assert_eq!(run.exit_code(), 0);
        run.listeners = ListenerRecord::of(&[heard(Connector::Opportunistic, None)], &run.cases);
        assert_eq!(run.listeners[0].gaps, [ListenerGap::Password]);
        assert_eq!(run.exit_code(), 1);
        run.cases[0].waiver = Some("until the new clients are there".into());
        assert_eq!(run.exit_code(), 0);
        run.listeners = ListenerRecord::of(&[heard(Connector::Implicit, None)], &run.cases);
        assert_eq!(run.exit_code(), 3);
    }
}

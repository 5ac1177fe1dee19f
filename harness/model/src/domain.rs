//! What a run found about the domains of the user's own: whether their mail is protected.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::grade::{self, Gap, GapRecord};
use crate::record::{CaseRecord, cases as counted_cases};
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
    /// Those in which the message or its envelope went out in plaintext.
    pub sent_in_plaintext: usize,
    /// What would do although the rule forbids it, the worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<GapRecord>,
    /// Whether a peer without proof was refused, where the rule asks for proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_demanded: Option<bool>,
    /// Why no case was played, one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untested: Option<String>,
    /// Which settings would close the gaps, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
}

/// Whether a domain's mail gets what it is meant to get. Of a rule that forces TLS these are grades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// Every case that was played passed, and one of them withheld what could go in plaintext only.
    Protected,
    /// TLS is forced; but some case failed, so that less than the rule asks for would do. Of a rule
    /// that does not force TLS: all is as it has to be, but that weak TLS would do.
    Weak,
    /// It went out in plaintext. Of a rule that does not force TLS: some case failed.
    Unprotected,
    /// What was played decides nothing.
    Undecided,
    /// No case was played.
    Untested,
}

/// A rule that was to be tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// A whole domain, or with a leading dot all below it.
    pub domain: String,
    /// What its mail is meant to get.
    pub connector: Connector,
    /// Why it has no case, one sentence, where it has none.
    pub without_case: String,
}

impl DomainRecord {
    /// These rules by these cases, in the order of the domains' names. No rule is left out.
    pub fn of(rules: &[Tested], cases: &[CaseRecord]) -> Vec<Self> {
        let mut rules: Vec<&Tested> = rules.iter().collect();
        rules.sort_by_key(|rule| (&rule.domain, rule.connector));
        rules.into_iter().map(|rule| Self::one(rule, cases)).collect()
    }

    fn one(rule: &Tested, cases: &[CaseRecord]) -> Self {
        let (domain, connector) = (rule.domain.as_str(), rule.connector);
        let ours = |case: &&CaseRecord| {
            case.domain.as_deref() == Some(domain) && case.connector == connector
        };
        let all: Vec<&CaseRecord> = cases.iter().filter(ours).collect();
        let played: Vec<&CaseRecord> =
            all.iter().copied().filter(|case| grade::counts(case)).collect();
        let count = |verdict| played.iter().filter(|case| case.verdict == verdict).count();
        let mut advice: Vec<String> = Vec::new();
        for text in played.iter().filter_map(|case| case.advice.as_ref()) {
            if !advice.contains(text) {
                advice.push(text.clone());
            }
        }
        let gaps = grade::gaps(&played);
        let proof = connector.judges_certificates().then(|| {
            all.iter().any(|case| case.level == Level::Must && grade::proof_demanded(case))
        });
        Self {
            domain: domain.to_owned(),
            connector,
            status: status(connector, &played, &gaps),
            cases: played.len(),
            passed: count(Verdict::Pass),
            failed: count(Verdict::Fail),
            sent_in_plaintext: played.iter().filter(|case| grade::in_plaintext(case)).count(),
            proof_demanded: proof.filter(|_| !played.is_empty()),
            untested: played.is_empty().then(|| untested(rule, &all)),
            gaps,
            advice,
        }
    }

    fn shows(&self, gap: Gap) -> Option<&GapRecord> {
        self.gaps.iter().find(|shown| shown.gap == gap)
    }
}

/// A wrong `Protected` is the worst that can be said: it takes a message that could go in plaintext
/// only and was withheld, and no case that did not pass.
fn status(connector: Connector, played: &[&CaseRecord], gaps: &[GapRecord]) -> Protection {
    let has = |gap| gaps.iter().any(|shown: &GapRecord| shown.gap == gap);
    let failed = played.iter().any(|case| case.verdict == Verdict::Fail);
    let all_passed = played.iter().all(|case| case.verdict == Verdict::Pass);
    if played.is_empty() {
        return Protection::Untested;
    }
    if !connector.forces_tls() {
        let weak = gaps.iter().all(|shown| shown.gap == Gap::WeakTls);
        return match (failed, all_passed) {
            (true, _) if weak => Protection::Weak,
            (true, _) => Protection::Unprotected,
            (_, true) => Protection::Protected,
            _ => Protection::Undecided,
        };
    }
    let withheld = played.iter().any(|case| grade::withheld(case));
    let open = played.iter().any(|case| {
        grade::is_tempting(case) && !matches!(case.verdict, Verdict::Pass | Verdict::Fail)
    });
    match () {
        () if has(Gap::Plaintext) || (has(Gap::SenderHeader) && !withheld) => {
            Protection::Unprotected
        }
        () if !withheld || open => Protection::Undecided,
        () if all_passed => Protection::Protected,
        () if failed || !gaps.is_empty() => Protection::Weak,
        () => Protection::Undecided,
    }
}

/// Why nothing was played: the reason that most of the skipped cases have, or the rule's.
fn untested(rule: &Tested, all: &[&CaseRecord]) -> String {
    let reasons = || all.iter().filter(|case| case.verdict == Verdict::Skipped).map(|c| &c.reason);
    let most = reasons().max_by_key(|reason| reasons().filter(|other| other == reason).count());
    most.unwrap_or(&rule.without_case).clone()
}

/// `partner.example (domain-validation): forced, 61 of 61 cases passed`.
impl fmt::Display for DomainRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { domain, connector, passed, failed, .. } = self;
        let all = counted_cases(self.cases);
        write!(f, "{domain} ({connector}): ")?;
        if let Some(reason) = &self.untested {
            return write!(f, "no case was played: {reason}");
        }
        match (self.status, connector.forces_tls()) {
            (Protection::Protected, true) => {
                write!(f, "forced, {passed} of {all} passed")?;
                self.proof(f)
            }
            (Protection::Protected, false) => {
                write!(f, "as it has to be, {passed} of {all} passed")
            }
            (Protection::Weak, forces) => {
                let kept = if forces { "forced" } else { "as it has to be" };
                write!(f, "{kept}, but {}", self.would_do())?;
                self.rest(f)?;
                self.proof(f)
            }
            (Protection::Unprotected, true) => {
                write!(f, "NOT forced: {} of {all} sent it in plaintext", self.sent_in_plaintext)
            }
            (Protection::Unprotected, false) => {
                write!(f, "NOT as it has to be: {failed} of {all} failed")
            }
            (Protection::Undecided | Protection::Untested, _) if *failed > 0 => {
                write!(f, "undecided whether it is forced; {}", self.would_do())?;
                self.rest(f)
            }
            (Protection::Undecided | Protection::Untested, _) if *passed == self.cases => {
                write!(f, "undecided, {passed} of {all} passed, and none tempted it with plaintext")
            }
            (Protection::Undecided | Protection::Untested, _) => {
                write!(f, "undecided, {passed} of {all} passed, none failed")
            }
        }
    }
}

impl DomainRecord {
    /// What would do, in words that stand behind `but`.
    fn would_do(&self) -> String {
        let named = |shown: &GapRecord| match &shown.examples[..] {
            [] => String::new(),
            some => format!(" ({})", some.join(", ")),
        };
        let part =
            |gap: Gap, words: &str| self.shows(gap).map(|shown| format!("{words}{}", named(shown)));
        let parts = [
            part(Gap::SenderHeader, "a sender's header lifts that"),
            part(Gap::UnprovenPeer, "an unproven peer would do"),
            part(Gap::WeakTls, "weak TLS would do"),
            self.shows(Gap::Other).map(|shown| {
                let rules = counted_cases(shown.cases);
                format!("{rules} about other rules failed{}", named(shown))
            }),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "some cases failed".into() } else { parts.join(", and ") }
    }

    /// How many failed, and how many are open.
    fn rest(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.cases.saturating_sub(self.passed + self.failed);
        write!(f, ": {} of {} failed", self.failed, counted_cases(self.cases))?;
        if open > 0 { write!(f, ", {open} undecided") } else { Ok(()) }
    }

    /// Where a rule asks for proof and no case was about it, that is said.
    fn proof(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.proof_demanded == Some(false) && self.shows(Gap::UnprovenPeer).is_none();
        if open { f.write_str("; whether an unproven peer would do was not tried") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect::Outcome;
    use crate::record::tests::case;
    use Level::{Must, Should};
    use Outcome::{Bounced, DeliveredPlaintext, DeliveredTls};
    use Verdict::{Fail, Inconclusive, Observed, Pass, Skipped};

    type Row<'a> = (&'a str, Verdict, Level, Outcome);

    fn record(connector: Connector, rows: &[Row<'_>]) -> DomainRecord {
        let cases: Vec<_> = rows
            .iter()
            .map(|(id, verdict, level, outcome)| CaseRecord {
                domain: Some("a.example".into()),
                // A row belongs to the scenario.
                scenario: format!("outbound/{}", id.split(',').next().unwrap_or(id)),
                connector,
                outcome: Some(*outcome),
                reason: "The relay has none.".into(),
                advice: (*verdict == Fail).then(|| "Set x.".into()),
                ..case(&format!("outbound/{id}@a.example"), *verdict, *level)
            })
            .collect();
        let rule = Tested {
            domain: "a.example".into(),
            connector,
            without_case: "This version has no case.".into(),
        };
        DomainRecord::of(&[rule], &cases).remove(0)
    }

    #[track_caller]
    fn check(connector: Connector, rows: &[Row<'_>], status: Protection, words: &str) {
        let found = record(connector, rows);
        assert_eq!(found.to_string(), format!("a.example ({connector}): {words}"));
        assert_eq!(found.status, status);
    }

    const CONTROL: Row<'_> = ("control#encryption-only", Pass, Must, DeliveredTls);
    const KEPT: Row<'_> = ("forced/not-offered#encryption-only", Pass, Must, Bounced);
    const OLD: Row<'_> = ("versions/old-only#tls-1-0,encryption-only", Fail, Must, DeliveredTls);
    const SENT: Row<'_> = ("forced/refused#454", Fail, Must, DeliveredPlaintext);

    #[test]
    fn forced_takes_a_temptation_that_was_withstood_and_no_case_that_did_not_pass() {
        let check = |rows: &[Row<'_>], status, words: &str| {
            check(Connector::EncryptionOnly, rows, status, words);
        };
        use Protection::{Protected, Undecided, Unprotected, Untested, Weak};
        check(&[CONTROL, KEPT], Protected, "forced, 2 of 2 cases passed");
        let lower = ("versions/hello", Fail, Should, DeliveredTls);
        check(&[KEPT, lower], Protected, "forced, 1 of 1 case passed");
        let words = "undecided, 1 of 1 case passed, and none tempted it with plaintext";
        check(&[CONTROL], Undecided, words);
        check(
            &[KEPT, ("forced/refused#454", Inconclusive, Must, Bounced)],
            Undecided,
            "undecided, 1 of 2 cases passed, none failed",
        );
        check(
            &[KEPT, ("names/wrong", Inconclusive, Must, Bounced)],
            Undecided,
            "undecided, 1 of 2 cases passed, none failed",
        );
        check(&[KEPT, OLD], Weak, "forced, but weak TLS would do: 1 of 2 cases failed");
        let words = "undecided whether it is forced; weak TLS would do: 1 of 2 cases failed";
        check(&[CONTROL, OLD], Undecided, words);
        let words =
            "undecided whether it is forced; weak TLS would do: 1 of 3 cases failed, 1 undecided";
        check(&[KEPT, OLD, ("forced/refused#454", Inconclusive, Must, Bounced)], Undecided, words);
        check(&[KEPT, OLD, SENT], Unprotected, "NOT forced: 1 of 3 cases sent it in plaintext");
        let rest = ("after-tls/greylisted#encryption-only", Fail, Must, Bounced);
        let words = "forced, but 1 case about other rules failed (outbound/after-tls/greylisted): 1 of 2 cases failed";
        check(&[KEPT, rest], Weak, words);
        check(
            &[("forced/not-offered", Skipped, Must, Bounced)],
            Untested,
            "no case was played: The relay has none.",
        );
        check(&[], Untested, "no case was played: This version has no case.");
    }

    #[test]
    fn plaintext_counts_whatever_the_level_and_the_verdict() {
        let words = "NOT forced: 1 of 2 cases sent it in plaintext";
        for (verdict, level) in
            [(Fail, Should), (Observed, Level::Info), (Inconclusive, Must), (Pass, Must)]
        {
            let sent = ("hosts/name", verdict, level, DeliveredPlaintext);
            check(Connector::EncryptionOnly, &[KEPT, sent], Protection::Unprotected, words);
        }
        let broke = ("hosts/name", Verdict::Error, Must, DeliveredPlaintext);
        let words = "undecided, 1 of 2 cases passed, none failed";
        check(Connector::EncryptionOnly, &[KEPT, broke], Protection::Undecided, words);
    }

    #[test]
    fn a_header_that_lifts_the_rule_is_a_gap_only_where_the_rule_holds() {
        const HEADER: &str = "message/header-lifts-nothing#encryption-only,header=";
        let lifted = format!("{HEADER}tls-required-no");
        let lifted = (lifted.as_str(), Fail, Must, DeliveredPlaintext);
        let words =
            "forced, but a sender's header lifts that (tls-required-no): 1 of 2 cases failed";
        check(Connector::EncryptionOnly, &[KEPT, lifted], Protection::Weak, words);
        let words = "NOT forced: 1 of 2 cases sent it in plaintext";
        check(Connector::EncryptionOnly, &[CONTROL, lifted], Protection::Unprotected, words);
        let words = "NOT forced: 2 of 3 cases sent it in plaintext";
        check(Connector::EncryptionOnly, &[KEPT, SENT, lifted], Protection::Unprotected, words);
    }

    #[test]
    fn a_rule_that_asks_for_proof_is_told_from_one_that_takes_anybody() {
        let check = |rows: &[Row<'_>], status, words: &str| {
            check(Connector::DomainValidation, rows, status, words)
        };
        let taken =
            ("certificates/refused#self-signed,domain-validation", Fail, Must, DeliveredTls);
        let refused = ("certificates/refused#expired,domain-validation", Pass, Must, Bounced);
        check(&[KEPT, refused], Protection::Protected, "forced, 2 of 2 cases passed");
        let words = "forced, 1 of 1 case passed; whether an unproven peer would do was not tried";
        check(&[KEPT], Protection::Protected, words);
        let words = "forced, but an unproven peer would do (self-signed): 1 of 3 cases failed";
        check(&[KEPT, refused, taken], Protection::Weak, words);
        let words = "forced, but an unproven peer would do (self-signed), and weak TLS would do: 2 of 3 cases failed";
        check(&[KEPT, taken, OLD], Protection::Weak, words);
        // Who takes too few peers is not one who takes an unproven one.
        let strict = ("certificates/accepted#chain,domain-validation", Fail, Must, Bounced);
        let words = "forced, but 1 case about other rules failed (outbound/certificates/accepted): 1 of 3 cases failed";
        check(&[KEPT, refused, strict], Protection::Weak, words);
    }

    #[test]
    fn a_rule_that_forces_nothing_has_no_grades() {
        let control = ("control#opportunistic", Pass, Must, DeliveredTls);
        let words = "as it has to be, 1 of 1 case passed";
        check(Connector::Opportunistic, &[control], Protection::Protected, words);
        let failed = ("opportunistic/not-offered", Fail, Must, Bounced);
        let words = "NOT as it has to be: 1 of 2 cases failed";
        check(Connector::Opportunistic, &[control, failed], Protection::Unprotected, words);
        let words = "as it has to be, but weak TLS would do: 1 of 2 cases failed";
        check(Connector::Opportunistic, &[control, OLD], Protection::Weak, words);
        let open = ("opportunistic/not-offered", Inconclusive, Must, Bounced);
        let words = "undecided, 1 of 2 cases passed, none failed";
        check(Connector::Opportunistic, &[control, open], Protection::Undecided, words);
    }

    #[test]
    fn advice_is_told_once() {
        let found = record(Connector::EncryptionOnly, &[KEPT, OLD, SENT]);
        assert_eq!(found.advice, ["Set x."]);
    }

    #[test]
    fn cases_of_the_lab_have_no_domain() {
        assert!(DomainRecord::of(&[], &[case("x", Verdict::Pass, Level::Must)]).is_empty());
    }
}

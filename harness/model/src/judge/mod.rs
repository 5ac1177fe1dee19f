//! Decides, from what was heard and nothing else, whether the relay keeps a claim.
//!
//! Pure: the same case and trace give the same judgement, today and from a stored file.

mod breach;
mod certificate;
mod demand;
mod outcome;

pub use breach::breaches;
pub use outcome::outcome;

use crate::expect::Outcome;
use crate::record::Verdict;
use crate::requirement::Level;
use crate::scenario::{Case, DnsFaultKind};
use crate::trace::{Happening, Trace};

/// A verdict, why, and the events it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// One sentence.
    pub reason: String,
    /// What became of the message, where that is known.
    pub outcome: Option<Outcome>,
    /// What was recorded, where the case observes or its level is info.
    pub observed: Option<String>,
    /// Indexes into the trace.
    pub evidence: Vec<usize>,
}

/// Names that were filled in when the case was played.
pub type Names = std::collections::BTreeMap<String, String>;

/// Judges one case.
///
/// `control` is the verdict on the well-behaved twin, `None` where the case is its own. A leak is a
/// failure whatever else is in the trace; everything else needs a control that passed and a script
/// that was played to its end.
pub fn judge(
    case: &Case,
    level: Level,
    names: &Names,
    trace: &Trace,
    control: Option<Verdict>,
) -> Judgement {
    let outcome = outcome::outcome(case.direction, trace);
    let found = |verdict, reason: String, evidence: Vec<usize>| Judgement {
        verdict,
        reason,
        outcome,
        observed: None,
        evidence,
    };
    if let Some((at, text)) = trouble(trace) {
        return found(Verdict::Error, format!("our own side broke: {text}"), vec![at]);
    }
    let breach = case
        .expect
        .never
        .iter()
        .find_map(|never| breaches(*never, trace).first().map(|at| (*never, *at)));
    let judgement = if let Some((never, at)) = breach {
        found(Verdict::Fail, sentence(never.sentence()), vec![at])
    } else if control.is_some_and(|control| control != Verdict::Pass) {
        let reason = format!(
            "The well-behaved twin {} did not pass, so nothing can be said.",
            case.control_id()
        );
        found(Verdict::Inconclusive, reason, Vec::new())
    } else {
        match demand::unmet(case, names, trace, outcome) {
            Err(unmet) if unmet.undecided => {
                found(Verdict::Inconclusive, unmet.reason, unmet.evidence)
            }
            Err(unmet) => found(Verdict::Fail, unmet.reason, unmet.evidence),
            Ok(evidence) => match unreached(case, trace) {
                Some(reason) if !case.observe => found(Verdict::Inconclusive, reason, Vec::new()),
                _ => found(Verdict::Pass, "The relay keeps the claim.".into(), evidence),
            },
        }
    };
    observe(case, level, trace, judgement)
}

/// What is only observed is never a failure.
fn observe(case: &Case, level: Level, trace: &Trace, mut judgement: Judgement) -> Judgement {
    if case.observe && judgement.verdict == Verdict::Pass {
        let Some(outcome) = judgement.outcome else {
            judgement.verdict = Verdict::Inconclusive;
            judgement.reason = "The time allowed ran out before the message ended.".into();
            return judgement;
        };
        let attempts = outcome::attempts(trace);
        // Not how many: that is a matter of time.
        let when = if attempts == 1 { "at the first attempt" } else { "after failed attempts" };
        judgement.verdict = Verdict::Observed;
        judgement.observed = Some(outcome.name().into());
        judgement.reason = format!("The message ended as {} {when}.", outcome.name());
    } else if level == Level::Info && judgement.verdict == Verdict::Fail {
        judgement.verdict = Verdict::Observed;
        judgement.observed = Some(judgement.reason.clone());
    }
    judgement
}

fn trouble(trace: &Trace) -> Option<(usize, &str)> {
    trace.events.iter().enumerate().find_map(|(at, event)| match &event.kind {
        Happening::Trouble(text) => Some((at, text.as_str())),
        _ => None,
    })
}

/// Says which part of a script was never reached, if any.
fn unreached(case: &Case, trace: &Trace) -> Option<String> {
    // A domain that takes no mail (RFC 7505) names no host to connect to.
    if case.dns.iter().any(|fault| fault.kind == DnsFaultKind::Null) {
        return None;
    }
    // A relay that may break the upgrade off, and did, brings no script to its end.
    let may_end = case.expect.reply.as_ref().is_some_and(|reply| reply.or_ended);
    if may_end && demand::broken_off(trace).is_some() {
        return None;
    }
    for peer in &case.peers {
        let contacted = trace.of_peer(&peer.name).any(|(_, e)| e.kind == Happening::Connected);
        if !contacted {
            return Some(format!("The relay never connected to {}.", peer.name));
        }
        for step in peer.script.steps() {
            let reached = trace.of_peer(&peer.name).any(|(_, event)| {
                matches!(event.kind, Happening::Reached { step: number } if number == step.number)
            });
            if !reached {
                let line = step.act.print(case.direction);
                return Some(format!("The script of {} never came to `{line}`.", peer.name));
            }
        }
        let faulted = |name: &str| {
            trace.of_peer(&peer.name).any(
                |(_, event)| matches!(&event.kind, Happening::Faulted(played) if played == name),
            )
        };
        if let Some(fault) = peer.faults.iter().find(|fault| !faulted(fault.name())) {
            return Some(format!("The fault {} was never played.", fault.name()));
        }
    }
    None
}

/// A fragment as a sentence.
fn sentence(fragment: &str) -> String {
    let mut chars = fragment.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

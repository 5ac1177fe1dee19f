//! Decides, from the trace and nothing else, whether the relay keeps a claim.
//!
//! Pure: the same case and trace give the same judgement, today and from a stored file.

mod answer;
mod breach;
mod certificate;
mod cut;
mod demand;
mod fact;
mod handshake;
mod hello;
mod last_words;
mod line;
mod met;
mod outcome;
mod played;
mod reply;
mod surplus;
mod tampered;
mod ticket;

pub use breach::breaches;
pub use outcome::outcome;

use crate::expect::{Never, Outcome};
use crate::requirement::Level;
use crate::scenario::Case;
use crate::trace::{Happening, Trace};
use crate::verdict::Verdict;

/// A verdict, why, and the events it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// One sentence.
    pub reason: String,
    /// What became of the message, where that is known.
    pub outcome: Option<Outcome>,
    /// Whether it failed by a `never` word.
    pub forbidden: bool,
    /// What was recorded, where the case observes or its level is info.
    pub observed: Option<String>,
    /// Indexes into the trace.
    pub evidence: Vec<usize>,
}

impl Judgement {
    /// Makes judgements of a message with this outcome.
    fn of(outcome: Option<Outcome>) -> impl Fn(Verdict, String, Vec<usize>) -> Self {
        move |verdict, reason, evidence| Self {
            verdict,
            reason,
            outcome,
            forbidden: false,
            observed: None,
            evidence,
        }
    }
}

/// The control of a case, as it was played: the same with a correct peer.
#[derive(Clone, Copy, Debug)]
pub struct Control<'a> {
    /// The verdict on it.
    pub verdict: Verdict,
    /// What its trace shows: what shows there as well is no evidence.
    pub trace: &'a Trace,
}

/// Names that were filled in when the case was played.
pub type Names = std::collections::BTreeMap<String, String>;

/// Judges one case.
///
/// `control` is the same case with a correct peer, `None` where the case is its own control. A leak is a failure whatever
/// else is in the trace, and so is what the relay itself was heard doing against the claim (a version it
/// negotiated, a keyword it lists) once the point under test was reached; everything else needs a
/// control that passed, and a pass needs a script that was played to its end and something that was
/// heard.
pub fn judge(
    case: &Case,
    level: Level,
    names: &Names,
    trace: &Trace,
    control: Option<Control<'_>>,
) -> Judgement {
    let unasked = control.map_or(0, |control| surplus::surplus(control.trace));
    let control = control.map(|control| control.verdict);
    let outcome = outcome::outcome(case.direction, &trace.events);
    let found = Judgement::of(outcome);
    if let Some((at, text)) = trouble(trace) {
        return found(Verdict::Error, format!("The case could not be played: {text}"), vec![at]);
    }
    let breach = case
        .expect
        .never
        .iter()
        .filter(|never| {
            let shows_in_control = **never == Never::InjectedAnswer && unasked > 0;
            !shows_in_control || surplus::surplus(trace) > unasked
        })
        .find_map(|never| {
            let mut found = breaches(*never, &trace.events).into_iter();
            let at = found.find(|at| !played::before_the_claim(case, *never, trace, *at))?;
            Some((*never, at))
        });
    let cut = cut::first(trace);
    if let (Some((at, why)), false) = (cut, breach.is_some_and(|(never, _)| cut::stands(never))) {
        return found(Verdict::Inconclusive, why, vec![at]);
    }
    let missed = played::missed_condition(case, trace);
    let applies = missed.is_none();
    let meaningless = tampered::without_meaning(trace)
        .map(|(at, why)| (at, why.to_owned()))
        .or(missed)
        .or_else(|| played::not_for(case, trace));
    let demanded = demand::unmet(case, names, trace, outcome, unasked)
        .map_err(|unmet| played::at_the_point(case, trace, unmet));
    let witnessed = applies && demanded.as_ref().is_err_and(|unmet| unmet.is_witnessed());
    let uncontrolled = control.is_some_and(|control| control != Verdict::Pass) && !witnessed;
    let uncontrolled = uncontrolled && breach.is_none() && meaningless.is_none();
    let mut judgement = if let Some((never, at)) = breach {
        let failed = found(Verdict::Fail, sentence(never.happened()), vec![at]);
        Judgement { forbidden: true, ..failed }
    } else if let (Some((at, why)), false) = (meaningless, witnessed) {
        let reason = format!("The case does not apply to this relay: {why}.");
        found(Verdict::Skipped, reason, vec![at])
    } else if uncontrolled {
        let reason = format!("The control {} did not pass.", case.control_id());
        found(Verdict::Inconclusive, reason, Vec::new())
    } else if let Some(reason) = missed_before(case, trace) {
        found(Verdict::Inconclusive, reason, Vec::new())
    } else {
        match demanded {
            Err(unmet) if unmet.is_undecided() => {
                found(Verdict::Inconclusive, unmet.reason, unmet.evidence)
            }
            Err(unmet) => found(Verdict::Fail, unmet.reason, unmet.evidence),
            Ok(evidence) => met(case, trace, outcome, evidence),
        }
    };
    if !uncontrolled {
        last_words::add(case, trace, &mut judgement);
    }
    observe(case, level, trace, judgement)
}

/// Judges a case whose demands are met: whether it was played to the point that they are about.
fn met(case: &Case, trace: &Trace, outcome: Option<Outcome>, evidence: Vec<usize>) -> Judgement {
    let found = Judgement::of(outcome);
    match played::unreached(case, trace) {
        Some(_) if let Some((at, reason)) = played::left_at_the_end(case, trace) => {
            return found(Verdict::Fail, reason, vec![at]);
        }
        Some(reason) if !case.observe => return found(Verdict::Inconclusive, reason, Vec::new()),
        None if evidence.is_empty() && outcome.is_none() => {
            let reason = "The relay did nothing that this case could judge.".to_owned();
            return found(Verdict::Inconclusive, reason, Vec::new());
        }
        _ => {}
    }
    if let Some(reason) = answer::not_due(&case.expect.alert, trace) {
        let observed = Some("no alert was due".into());
        return Judgement { observed, ..found(Verdict::Observed, reason, evidence) };
    }
    if let Some(reason) = handshake::without_sni(case.expect.offered.as_ref(), trace) {
        let observed = Some("no SNI".into());
        return Judgement { observed, ..found(Verdict::Observed, reason.into(), evidence) };
    }
    let note = answer::note(&case.expect.alert, trace).or_else(|| {
        let resumes = case.peers.iter().any(|peer| peer.resumes);
        ticket::without(trace)
            .filter(|_| resumes)
            .map(|_| "It issues neither a session id nor a ticket.".into())
    });
    let note = note.map(|note| format!(" {note}")).unwrap_or_default();
    let fact = fact::observed(case.direction, trace, outcome, &evidence);
    found(Verdict::Pass, fact + &note, evidence)
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
        Happening::HarnessError(text) => Some((at, text.as_str())),
        _ => None,
    })
}

/// Says which message before the one that is judged did not end as it has to, if any.
fn missed_before(case: &Case, trace: &Trace) -> Option<String> {
    let mut ended = outcome::outcomes_before(case.direction, trace).into_iter();
    case.before.iter().find_map(|before| {
        let ended = ended.next().flatten();
        let met =
            before.outcome.is_empty() || ended.is_some_and(|ended| before.outcome.contains(&ended));
        let how = ended.map_or("not at all", Outcome::name);
        (!met).then(|| {
            let wanted: Vec<_> = before.outcome.iter().map(|outcome| outcome.name()).collect();
            let wanted = wanted.join(" or ");
            format!("The message before ended as {how}, expected: {wanted}.")
        })
    })
}

/// A fragment as a sentence.
fn sentence(fragment: &str) -> String {
    let mut chars = fragment.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

#[cfg(test)]
mod alarms;

#[cfg(test)]
mod tests;

//! What a question came to, as an outcome of a rule.

use super::finding::Finding;
use super::found::Found;
use crate::requirement::Level;
use crate::verdict::Verdict;

/// What the facts say of one requirement: kept or not and a sentence, or why it is undecided.
/// `None` in place of it all: the requirement does not apply to this host.
pub(super) type Outcome = Result<(bool, String), String>;

/// What an outcome means at this level.
pub(super) fn finding(id: &str, level: Level, outcome: Outcome) -> Finding {
    let (verdict, text) = match outcome {
        Err(text) => (Verdict::Inconclusive, text),
        Ok((_, text)) if level == Level::Info => (Verdict::Observed, text),
        Ok((true, text)) => (Verdict::Pass, text),
        Ok((false, text)) => (Verdict::Fail, text),
    };
    Finding { requirement: id.into(), level, verdict, text }
}

pub(super) fn no(found: &Found<bool>, yes: &str, no: &str) -> Outcome {
    match found {
        Found::Known(true) => Ok((false, format!("{yes}."))),
        Found::Known(false) => Ok((true, format!("{no}."))),
        Found::Unknown(why) | Found::NotApplicable(why) => {
            Err(format!("Not known whether {yes}: {why}."))
        }
    }
}

pub(super) fn yes_if_asked(found: &Found<bool>, yes: &str, no: &str) -> Option<Outcome> {
    match found {
        Found::Known(true) => Some(Ok((true, yes.into()))),
        Found::Known(false) => Some(Ok((false, no.into()))),
        Found::NotApplicable(_) => None,
        Found::Unknown(why) => Some(Err(format!("Not decided: {why}."))),
    }
}

pub(super) fn no_if_asked(found: &Found<bool>, yes: &str, no: &str) -> Option<Outcome> {
    yes_if_asked(found, yes, no).map(|outcome| outcome.map(|(is, text)| (!is, text)))
}

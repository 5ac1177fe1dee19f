//! What a question came to, as an outcome of a rule.

use super::finding::{Finding, Judgement};
use super::found::Found;
use crate::requirement::Level;

/// What the facts say of one requirement: kept or not and a sentence, or why it is undecided.
/// `None` in place of it all: the requirement does not apply to this host.
pub(super) type Outcome = Result<(bool, String), String>;

/// What an outcome means at this level.
pub(super) fn finding(id: &str, level: Level, outcome: Outcome) -> Finding {
    let (verdict, text) = match outcome {
        Err(text) => (Judgement::Inconclusive, text),
        Ok((_, text)) if level == Level::Info => (Judgement::Observed, text),
        Ok((true, text)) => (Judgement::Pass, text),
        Ok((false, text)) => (Judgement::Fail, text),
    };
    Finding { requirement: id.into(), level, verdict, text }
}

pub(super) fn no(found: &Found<bool>, yes: &str, no: &str) -> Outcome {
    match found {
        Found::Known(true) => Ok((false, format!("{yes}."))),
        Found::Known(false) => Ok((true, format!("{no}."))),
        Found::Unknown(why) | Found::Moot(why) => Err(format!("Not known whether {yes}: {why}.")),
    }
}

pub(super) fn yes_if_asked(found: &Found<bool>, yes: &str, no: &str) -> Option<Outcome> {
    match found {
        Found::Known(true) => Some(Ok((true, yes.into()))),
        Found::Known(false) => Some(Ok((false, no.into()))),
        Found::Moot(_) => None,
        Found::Unknown(why) => Some(Err(format!("Not decided: {why}."))),
    }
}

pub(super) fn no_if_asked(found: &Found<bool>, yes: &str, no: &str) -> Option<Outcome> {
    yes_if_asked(found, yes, no).map(|outcome| outcome.map(|(is, text)| (!is, text)))
}

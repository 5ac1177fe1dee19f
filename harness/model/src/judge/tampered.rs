//! What the relay made of a tampered flight.

use super::met::{Met, of_peers, undecided, witnessed};
use crate::facts::TamperReaction;
use crate::scenario::Tampering;
use crate::trace::{Happening, Trace};

/// Whether every tampered flight was refused before the relay went on.
pub(super) fn refused(trace: &Trace) -> Met {
    let mut refusals = Vec::new();
    let mut unclear = None;
    for (at, event) in of_peers(trace) {
        let Happening::Tampered { tampering, answer, .. } = &event.kind else { continue };
        match answer {
            TamperReaction::WentOn(with) => {
                let clause = Tampering::from_name(tampering)
                    .map_or("the flight is tampered", Tampering::clause);
                let reason =
                    format!("The relay continued the handshake although {clause}: {with}.");
                return Err(witnessed(reason, vec![at]));
            }
            TamperReaction::Alert(_) | TamperReaction::Closed | TamperReaction::Reset => {
                refusals.push(at);
            }
            TamperReaction::Unclear => {
                unclear = Some(
                    "The relay ended the connection late and without an alert, which does not \
                     tell whether it noticed what was tampered.",
                );
            }
            TamperReaction::Silence => {
                unclear = Some(
                    "The relay neither refused the tampered flight nor continued the handshake.",
                );
            }
            TamperReaction::NotApplicable(_) => {}
        }
    }
    match unclear {
        Some(reason) => Err(undecided(reason)),
        None if refusals.is_empty() => Err(undecided("No tampered flight came to the relay.")),
        None => Ok(refusals),
    }
}

/// The event and the reason for which what was to be tampered has no meaning with this relay, where
/// none was tampered.
pub(super) fn without_meaning(trace: &Trace) -> Option<(usize, &str)> {
    let answers: Vec<(usize, &TamperReaction)> = of_peers(trace)
        .filter_map(|(at, event)| match &event.kind {
            Happening::Tampered { answer, .. } => Some((at, answer)),
            _ => None,
        })
        .collect();
    let (at, TamperReaction::NotApplicable(why)) = answers.first()? else { return None };
    let all = answers.iter().all(|(_, answer)| matches!(answer, TamperReaction::NotApplicable(_)));
    all.then_some((*at, why.as_str()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::facts::TamperReaction::{
        Alert, Closed, NotApplicable, Reset, Silence, Unclear, WentOn,
    };
    use crate::offer::Version;
    use crate::trace::{Event, Place};

    /// `Ok`: refused; `Err(true)`: undecided; `Err(false)`: a failure.
    fn check(answers: &[TamperReaction], expected: Result<(), bool>) {
        let version = Version::Tls13;
        let event = |answer: &TamperReaction| Event {
            at: Duration::ZERO,
            place: Place::Peer { name: "mx".into(), connection: 1 },
            kind: Happening::Tampered { tampering: "x".into(), answer: answer.clone(), version },
        };
        let trace = Trace { events: answers.iter().map(event).collect() };
        let met = refused(&trace).map(drop).map_err(|unmet| unmet.is_undecided());
        assert_eq!(met, expected, "{answers:?}");
    }

    #[test]
    fn only_what_came_before_going_on_is_a_refusal() {
        let went_on = || WentOn("ClientKeyExchange".into());
        check(&[], Err(true));
        check(&[Alert(47)], Ok(()));
        check(&[Closed], Ok(()));
        check(&[Reset], Ok(()));
        check(&[Alert(47), Closed], Ok(()));
        check(&[Alert(47), went_on()], Err(false));
        check(&[Unclear, went_on()], Err(false));
        check(&[went_on()], Err(false));
        check(&[Silence], Err(true));
        check(&[Alert(47), Unclear], Err(true));
        check(&[NotApplicable("x".into())], Err(true));
        check(&[Alert(47), NotApplicable("x".into())], Ok(()));
    }
}

//! What the relay made of a forged flight.

use super::met::{Met, of_peers, undecided, witnessed};
use crate::facts::ForgeryAnswer;
use crate::scenario::Forgery;
use crate::trace::{Happening, Trace};

/// Whether every forged flight was refused before the relay went on.
pub(super) fn refused(trace: &Trace) -> Met {
    let mut refusals = Vec::new();
    let mut unclear = None;
    for (at, event) in of_peers(trace) {
        let Happening::Forged { forgery, answer, .. } = &event.kind else { continue };
        match answer {
            ForgeryAnswer::WentOn(with) => {
                let clause =
                    Forgery::from_name(forgery).map_or("the flight is forged", Forgery::clause);
                let reason =
                    format!("The relay goes on with the handshake though {clause}: {with}.");
                return Err(witnessed(reason, vec![at]));
            }
            ForgeryAnswer::Alert(_) | ForgeryAnswer::Closed | ForgeryAnswer::Reset => {
                refusals.push(at);
            }
            ForgeryAnswer::Unclear => {
                unclear = Some(
                    "The relay ended the connection late and without an alert, which does not \
                     tell whether it noticed what was forged.",
                );
            }
            ForgeryAnswer::Silence => {
                unclear = Some("The relay neither refused the forged flight nor went on.");
            }
            ForgeryAnswer::NotApplicable(_) => {}
        }
    }
    match unclear {
        Some(reason) => Err(undecided(reason)),
        None if refusals.is_empty() => Err(undecided("No forged flight came to the relay.")),
        None => Ok(refusals),
    }
}

/// The event and the reason for which what was to be forged has no meaning with this relay, where
/// none was forged.
pub(super) fn without_meaning(trace: &Trace) -> Option<(usize, &str)> {
    let answers: Vec<(usize, &ForgeryAnswer)> = of_peers(trace)
        .filter_map(|(at, event)| match &event.kind {
            Happening::Forged { answer, .. } => Some((at, answer)),
            _ => None,
        })
        .collect();
    let (at, ForgeryAnswer::NotApplicable(why)) = answers.first()? else { return None };
    let all = answers.iter().all(|(_, answer)| matches!(answer, ForgeryAnswer::NotApplicable(_)));
    all.then_some((*at, why.as_str()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::facts::ForgeryAnswer::{
        Alert, Closed, NotApplicable, Reset, Silence, Unclear, WentOn,
    };
    use crate::offer::Version;
    use crate::trace::{Event, Place};

    /// `Ok`: refused; `Err(true)`: undecided; `Err(false)`: a failure.
    fn check(answers: &[ForgeryAnswer], expected: Result<(), bool>) {
        let version = Version::Tls13;
        let event = |answer: &ForgeryAnswer| Event {
            at: Duration::ZERO,
            place: Place::Peer { name: "mx".into(), connection: 1 },
            kind: Happening::Forged { forgery: "x".into(), answer: answer.clone(), version },
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

//! A whole domain or a host of the user's, with which one case follows another: what one leaves behind
//! must not pass for the next one's.

use std::time::Duration;

use waxseal_model::judge::{Names, outcome};
use waxseal_model::scenario::Case;
use waxseal_model::script::Direction;
use waxseal_model::trace::{Happening, Place, Trace};

use super::RunError;
use super::lab::Lab;
use crate::lab::Data;
use crate::peer::Recorder;
use crate::relay::Evidence;
use crate::relay::evidence::Queue;
use crate::wire::attention::Allowance;

/// How long a relay may take to give back what it has left.
const GIVEN_BACK: Duration = Duration::from_secs(10);

/// Ends a case: gives its trace, and waits until the relay holds nothing of it any more. A message
/// that is still queued is removed from the queue, where the driver can do that by its id. Otherwise it
/// meets a domain that takes no mail (RFC 7505), or the user's host at an address where nobody listens,
/// and is bounced.
pub(super) async fn leave(
    lab: &Lab,
    case: &Case,
    names: &Names,
    recorder: &Recorder,
    evidence: &Evidence,
    id: Option<String>,
) -> Result<Trace, RunError> {
    // Where all mail goes by one host, so does what comes back. That is told from the message; but its
    // connection may have been counted.
    let counts =
        case.expect.attempts.is_some() || case.peers.iter().any(|peer| peer.script.parts.len() > 1);
    let known = [names["recipient"].as_str(), names["from"].as_str()];
    let known = if counts { &known[..1] } else { &known };
    if let Some(recipient) = stranger(&recorder.trace(), known) {
        let text = match recipient.eq_ignore_ascii_case(&names["from"]) {
            true => "the report came to the host of the message and cannot be told from it".into(),
            false => format!("a message of another case came in between, for {recipient}"),
        };
        recorder.note(Place::Run, Happening::HarnessError(text));
    }
    let trace = recorder.trace();
    if !gone(&trace) {
        lab.zones.replace(&names["domain"], vec![Data::null_mx()])?;
        if let Some(hop) = case.next_hop() {
            lab.zones.replace(&hop.host, vec![Data::A(lab.case_address()?)])?;
        }
        if let Some(discard) = &evidence.discard {
            let id = match (id, &evidence.queue) {
                (None, Some(queue)) => queued(queue, &names["recipient"]).await,
                (id, _) => id,
            };
            // What cannot be removed is waited for.
            if let Some(id) = id
                && discard.remove(&id).await.is_ok()
            {
                return Ok(trace);
            }
        }
        let mut limit = Allowance::new(GIVEN_BACK);
        let reported = |events: &[_]| gone(&Trace { events: events.to_vec() });
        recorder.wait_until(&mut limit, None, reported, |_| None).await;
    }
    Ok(trace)
}

/// The id of the message to this recipient that the queue holds.
async fn queued(queue: &Queue, recipient: &str) -> Option<String> {
    let queued = queue.look().await.ok()?;
    let found = queued.iter().find(|entry| entry.recipient.eq_ignore_ascii_case(recipient));
    found.map(|entry| entry.id.clone())
}

/// Whether the relay cannot send the message any more.
fn gone(trace: &Trace) -> bool {
    use waxseal_model::expect::Outcome::{Bounced, DeliveredPlaintext, DeliveredTls, Rejected};
    let reported = trace.events.iter().any(
        |event| matches!(&event.kind, Happening::Reported { action, .. } if action.raw() == "failed"),
    );
    let outcome = outcome(Direction::Outbound, &trace.events);
    reported || matches!(outcome, Some(Bounced | DeliveredPlaintext | DeliveredTls | Rejected))
}

/// Another recipient than these that a next hop was given.
fn stranger(trace: &Trace, known: &[&str]) -> Option<String> {
    trace.events.iter().find_map(|event| {
        let Happening::Received { line, .. } = &event.kind else { return None };
        if !matches!(event.place, Place::Peer { .. }) {
            return None;
        }
        let line = String::from_utf8_lossy(line).to_ascii_lowercase();
        let told = line.strip_prefix("rcpt to:<")?.split('>').next()?.to_owned();
        (!known.iter().any(|known| known.eq_ignore_ascii_case(&told))).then_some(told)
    })
}

#[cfg(test)]
mod tests {
    use waxseal_model::trace::{Channel, Ending, Event};

    use super::*;

    fn trace(kinds: Vec<Happening>) -> Trace {
        let place = Place::Peer { name: "mx".into(), connection: 1 };
        let event = |kind| Event { at: Duration::ZERO, place: place.clone(), kind };
        Trace { events: kinds.into_iter().map(event).collect() }
    }

    fn heard(line: &str) -> Happening {
        let line = line.as_bytes().to_vec();
        Happening::Received { channel: Channel::Tls, line, ending: Ending::CrLf }
    }

    #[test]
    fn a_recipient_of_another_case_is_a_stranger() {
        let told = trace(vec![heard("RCPT TO:<C7@a.example> NOTIFY=NEVER")]);
        assert_eq!(stranger(&told, &["c7@a.example"]), None);
        assert_eq!(stranger(&told, &["c8@a.example"]).as_deref(), Some("c7@a.example"));
    }

    #[test]
    fn a_message_that_waits_is_not_gone() {
        assert!(!gone(&trace(vec![Happening::Waiting { reason: "no TLS".into() }])));
        assert!(!gone(&trace(Vec::new())));
        assert!(gone(&trace(vec![Happening::AcceptedByPeer { channel: Channel::Plaintext }])));
    }
}

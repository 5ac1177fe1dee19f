//! What was observed of a relay that keeps the claim, as a sentence.
//!
//! Only what is the same at each play: no text of a reply, no count, no time.

use super::met::{of_peers, secured};
use crate::alert::alert_name;
use crate::expect::Outcome;
use crate::facts::{FailureCause, TamperReaction, TlsFacts};
use crate::script::Direction;
use crate::trace::{Channel, End, Event, Happening, Place, Trace};

/// One sentence: what became of the message, or else what the relay answered, and by what TLS that
/// was decided. `evidence` are the events that the demands of the case rest on.
pub(super) fn observed(
    direction: Direction,
    trace: &Trace,
    outcome: Option<Outcome>,
    evidence: &[usize],
) -> String {
    let sentence = match outcome {
        Some(Outcome::DeliveredTls) => match taking_session(trace) {
            Some(facts) => format!("{} in {}", took(direction), session(facts)),
            None => format!("{} in TLS", took(direction)),
        },
        Some(Outcome::DeliveredPlaintext) => format!("{} in plaintext", took(direction)),
        Some(outcome) if direction == Direction::Outbound => stayed(trace, outcome),
        _ => answered(evidence.iter().filter_map(|at| trace.events.get(*at)))
            .or_else(|| answered(of_peers(trace).map(|(_, event)| event)))
            .unwrap_or_else(|| outcome.map_or("Played to the end", ending).into()),
    };
    format!("{sentence}.")
}

fn took(direction: Direction) -> &'static str {
    match direction {
        Direction::Outbound => "Delivered",
        Direction::Inbound => "Accepted",
    }
}

fn ending(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::DeliveredTls => "Delivered in TLS",
        Outcome::DeliveredPlaintext => "Delivered in plaintext",
        Outcome::Deferred => "Deferred",
        Outcome::Bounced => "Bounced",
        Outcome::Rejected => "Rejected",
        Outcome::Lost => "Lost",
    }
}

/// Why a message stayed in the relay or went back.
fn stayed(trace: &Trace, outcome: Outcome) -> String {
    let ending = ending(outcome);
    let why = of_peers(trace).find_map(|(_, event)| match &event.kind {
        Happening::Tampered { answer, .. } => reaction(answer),
        Happening::HandshakeFailed(failure) => refusal(failure.cause, failure.alert_heard),
        _ => None,
    });
    let envelope = of_peers(trace).find_map(|(_, event)| match &event.kind {
        Happening::Received { channel, line, .. } if is_mail(line) => Some(*channel),
        _ => None,
    });
    match (why, envelope) {
        (Some(why), _) => format!("{ending}: the relay {why}"),
        (None, None) if !secured(trace).is_empty() => {
            format!("{ending}: the relay left the TLS session without a MAIL command")
        }
        (None, None) => format!("{ending}: the relay sent no MAIL command"),
        (None, Some(Channel::Tls)) => format!("{ending} after a MAIL command in TLS"),
        (None, Some(Channel::Plaintext)) => format!("{ending} after a MAIL command in plaintext"),
    }
}

fn is_mail(line: &[u8]) -> bool {
    line.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"MAIL "))
}

/// What the relay did, by the last of the events that shows it.
fn answered<'a>(events: impl Iterator<Item = &'a Event>) -> Option<String> {
    let shown = events.filter_map(|event| {
        Some(match &event.kind {
            Happening::Received { line, .. } => format!("The relay replied {}", code(line)?),
            Happening::Refused { reply, .. } => format!("The relay replied {}", code(reply)?),
            Happening::Answered(facts) => {
                let message = if facts.retry { "HelloRetryRequest" } else { "ServerHello" };
                format!("The relay answered with a {message} of {}", facts.version_name())
            }
            Happening::HandshakeCompleted(facts) => format!("Negotiated {}", session(facts)),
            Happening::HandshakeFailed(failure) => {
                format!("The relay {}", refusal(failure.cause, failure.alert_heard)?)
            }
            Happening::Alerted(alert) => format!("The relay {}", alerted(alert.description)),
            Happening::Ended(End::Ours | End::Silence) => return None,
            Happening::Ended(_) => "The relay ended the connection".into(),
            _ => return None,
        })
    });
    shown.last()
}

/// The code of a reply, and its enhanced code (RFC 3463) if it has one.
fn code(reply: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(reply.get(..3)?).ok()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    let rest = String::from_utf8_lossy(&reply[3..]);
    let word = rest.trim_start_matches(['-', ' ']).split_whitespace().next().unwrap_or_default();
    let enhanced = word.starts_with(text.get(..1)?)
        && word.split('.').count() == 3
        && word.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    Some(if enhanced { format!("{text} {word}") } else { text.into() })
}

fn refusal(cause: FailureCause, alert: Option<u8>) -> Option<String> {
    Some(match (cause, alert) {
        (FailureCause::RelayAlert, Some(alert)) => alerted(alert),
        (FailureCause::RelayAlert | FailureCause::RelayClosed, _) => {
            "ended the handshake without an alert".into()
        }
        (FailureCause::RelayReset, _) => "reset the connection in the handshake".into(),
        (FailureCause::NothingInCommon, _) => {
            "and the peer have no version or suite in common".into()
        }
        (FailureCause::NotTls, _) => "sent no TLS record".into(),
        (FailureCause::OurObjection | FailureCause::Silence | FailureCause::Fault, _) => {
            return None;
        }
    })
}

fn reaction(answer: &TamperReaction) -> Option<String> {
    match answer {
        TamperReaction::Alert(alert) => refusal(FailureCause::RelayAlert, Some(*alert)),
        TamperReaction::Closed => refusal(FailureCause::RelayClosed, None),
        TamperReaction::Reset => refusal(FailureCause::RelayReset, None),
        TamperReaction::WentOn(_)
        | TamperReaction::Unclear
        | TamperReaction::Silence
        | TamperReaction::NotApplicable(_) => None,
    }
}

fn alerted(alert: u8) -> String {
    match alert_name(alert) {
        Some(name) => format!("ended the handshake with the alert {name}"),
        None => format!("ended the handshake with the alert {alert}"),
    }
}

fn session(facts: &TlsFacts) -> String {
    format!("{} with {}", facts.version, facts.suite.name)
}

/// The session in which the message was taken.
fn taking_session(trace: &Trace) -> Option<&TlsFacts> {
    let taken = |event: &Event| {
        matches!(event.kind, Happening::AcceptedByPeer { .. } | Happening::AcceptedByRelay { .. })
    };
    let place: &Place =
        of_peers(trace).filter(|(_, event)| taken(event)).map(|(_, event)| &event.place).last()?;
    let sessions = of_peers(trace).filter(|(_, event)| event.place == *place);
    sessions
        .filter_map(|(_, event)| match &event.kind {
            Happening::HandshakeCompleted(facts) => Some(facts.as_ref()),
            _ => None,
        })
        .last()
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn a_reply_is_named_by_its_codes_and_not_by_its_text() {
        let check = |reply: &str, expected: Option<&str>| {
            assert_eq!(code(reply.as_bytes()).as_deref(), expected, "{reply:?}");
        };
        check("530 5.7.0 Must issue a STARTTLS command first", Some("530 5.7.0"));
        check("454-4.7.0 Not now", Some("454 4.7.0"));
        check("250 2.0.0 Ok: queued as 4bC", Some("250 2.0.0"));
        check("502 command not implemented", Some("502"));
        check("220 4.1.1 another class", Some("220"));
        check("250 2.0 half a code", Some("250"));
        check("2x0 no code", None);
        check("25", None);
        check("250", Some("250"));
    }
}

//! Whether a case was played as far as a verdict needs.

use super::{outcome, reply};
use crate::expect::Never;
use crate::scenario::{Case, ClientFault, DnsFaultKind, Fault, Forgery, Peer};
use crate::script::Act;
use crate::trace::{Channel, End, Happening, Place, Trace};

/// Says which part of a script was never reached, if any.
pub(super) fn unreached(case: &Case, trace: &Trace) -> Option<String> {
    // A domain that takes no mail (RFC 7505) names no host to connect to.
    if case.dns.iter().any(|fault| fault.kind == DnsFaultKind::Null) {
        return None;
    }
    for peer in &case.peers {
        let contacted = trace.of_peer(&peer.name).any(|(_, e)| e.kind == Happening::Connected);
        if !contacted {
            return Some(format!("The relay never connected to {}.", peer.name));
        }
        for step in peer.script.steps().take(due(case, peer, trace)) {
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
        let due = peer.fault.filter(|fault| has_its_place(*fault, trace));
        if let Some(fault) = due.filter(|fault| !faulted(fault.name())) {
            return Some(format!("The fault {} was never played.", fault.name()));
        }
        let forged = |name: &str| {
            trace.of_peer(&peer.name).any(
                |(_, event)| matches!(&event.kind, Happening::Forged { forgery, .. } if forgery == name),
            )
        };
        let mut forgeries = peer.forges.iter().filter(|forgery| **forgery != Forgery::Nothing);
        if let Some(forgery) = forgeries.find(|forgery| !forged(forgery.name())) {
            return Some(format!("The forgery {} was never played.", forgery.name()));
        }
    }
    None
}

/// Whether there was a place for this fault: a heartbeat is only sent to a relay that offers them, and
/// no session is gone on with that a relay refuses to begin. Without them there is no hole.
fn has_its_place(fault: Fault, trace: &Trace) -> bool {
    let mut answers = trace.events.iter().filter_map(|event| match &event.kind {
        Happening::Answered(facts) => Some(facts),
        _ => None,
    });
    match fault {
        Fault::Client(ClientFault::LyingHeartbeat) => {
            answers.all(|facts| facts.extensions.iter().any(|name| name == "heartbeat"))
        }
        Fault::Client(ClientFault::InsecureRenegotiation) => answers.next().is_some(),
        Fault::Client(_) | Fault::Server(_) => true,
    }
}

/// How many steps of a peer's script have to be reached: all, unless the relay may keep the claim by
/// breaking off before TLS, and has. Its control does finish the handshake, so that the reason is
/// what was injected; nothing was used of it, and what the script would say later is not due.
fn due(case: &Case, peer: &Peer, trace: &Trace) -> usize {
    let until = |wanted: fn(&Act) -> bool| {
        peer.script.steps().position(|step| wanted(&step.act)).map_or(usize::MAX, |at| at + 1)
    };
    let may_break_off = case.expect.reply.as_ref().is_some_and(|reply| reply.or_ended);
    if may_break_off && reply::broke_off_at_starttls(trace).is_some() {
        return until(|act| matches!(act, Act::Say { text, .. } if text == "STARTTLS"));
    }
    let injected = case.expect.never.contains(&Never::InjectedReplyUsed)
        && outcome::outcome(case.direction, &trace.events).is_some();
    if injected && broke_off(trace, peer) {
        return until(|act| *act == Act::NegotiateTls);
    }
    usize::MAX
}

/// Whether the relay tried handshakes with this peer and broke every one off: before its end, or
/// after it without a word inside TLS.
fn broke_off(trace: &Trace, peer: &Peer) -> bool {
    let spoke = trace
        .of_peer(&peer.name)
        .any(|(_, event)| matches!(event.kind, Happening::Heard { channel: Channel::Tls, .. }));
    let ended = |place: &Place| {
        trace.events.iter().any(|event| {
            let by_relay = matches!(
                event.kind,
                Happening::Ended(End::CloseNotify | End::Fin | End::Reset | End::Alert)
            );
            by_relay && event.place == *place
        })
    };
    let mut handshakes = trace.of_peer(&peer.name).filter_map(|(_, event)| match event.kind {
        Happening::NotSecured(_) => Some(true),
        Happening::Secured(_) => Some(ended(&event.place)),
        _ => None,
    });
    !spoke && handshakes.next() == Some(true) && handshakes.all(|broken| broken)
}

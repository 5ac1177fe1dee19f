//! Whether a case was played as far as a verdict needs.

use super::{outcome, reply};
use crate::expect::Never;
use crate::facts::{FailureCause, TlsFailure};
use crate::scenario::{AsksCertificate, Case, DnsFault, DnsFaultKind, Fault, Forgery, Peer};
use crate::script::Act;
use crate::trace::{Channel, End, Happening, Place, Trace};

/// Says which part of a script was never reached, if any.
pub(super) fn unreached(case: &Case, trace: &Trace) -> Option<String> {
    // A domain that takes no mail (RFC 7505) names no host to connect to, and neither does a resolver
    // that fails.
    let nameless = |fault: &DnsFault| {
        let fails = matches!(fault.kind, DnsFaultKind::Servfail | DnsFaultKind::Silence);
        fault.kind == DnsFaultKind::Null || (fault.record == "MX" && fails)
    };
    if case.dns.iter().any(nameless) {
        return None;
    }
    for peer in &case.peers {
        let contacted = trace.of_peer(&peer.name).any(|(_, e)| e.kind == Happening::Connected);
        if !contacted && spared(case, peer, trace) {
            continue;
        }
        if !contacted {
            return Some(format!("The relay never connected to {}.", peer.name));
        }
        if let Some(reason) = ours(peer, trace) {
            return Some(reason);
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
        let due = |fault: &&Fault| has_its_place(**fault, trace);
        if let Some(fault) = peer.faults.iter().filter(due).find(|f| !faulted(f.name())) {
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

/// Whether the relay had no reason to go to this peer: it answers at one of several addresses of a
/// host, which may be tried in any order (RFC 5321 section 5.1), and the message was taken at another.
fn spared(case: &Case, peer: &Peer, trace: &Trace) -> bool {
    let host = |peer: &Peer| peer.place.address_of.clone().unwrap_or_else(|| peer.name.clone());
    let taken_by = |other: &Peer| {
        let mut events = trace.of_peer(&other.name);
        events.any(|(_, event)| matches!(event.kind, Happening::Took { .. }))
    };
    let mut others = case.peers.iter().filter(|other| other.name != peer.name);
    others.any(|other| host(other) == host(peer) && taken_by(other))
}

/// Says that it was our side that broke off every handshake of a peer that does nothing wrong: what the
/// relay would have done was never seen.
fn ours(peer: &Peer, trace: &Trace) -> Option<String> {
    let honest = peer.faults.is_empty()
        && peer.forges.is_empty()
        && peer.hello.is_none()
        && peer.asks_certificate != AsksCertificate::Required;
    let mut handshakes = trace.of_peer(&peer.name).filter_map(|(_, event)| match &event.kind {
        Happening::Secured(_) => Some(None),
        Happening::NotSecured(failure) => Some(Some(failure)),
        _ => None,
    });
    let objection = |failure: &TlsFailure| failure.cause == FailureCause::OurObjection;
    let first = handshakes.next()?.filter(|first| objection(first))?;
    let all = handshakes.all(|other| other.is_some_and(objection));
    (honest && all).then(|| {
        format!("Our side broke off every handshake with {}: {}.", peer.name, first.detail)
    })
}

/// Whether there was a place for this fault: a heartbeat is only sent to a relay that offers them, and
/// no session is gone on with that a relay refuses to begin. Without them there is no hole.
fn has_its_place(fault: Fault, trace: &Trace) -> bool {
    let mut answers = trace.events.iter().filter_map(|event| match &event.kind {
        Happening::Answered(facts) => Some(facts),
        _ => None,
    });
    match fault {
        Fault::LyingHeartbeat => {
            answers.all(|facts| facts.extensions.iter().any(|name| name == "heartbeat"))
        }
        Fault::InsecureRenegotiation => answers.next().is_some(),
        _ => true,
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

//! Whether a case was played as far as a verdict needs.

use super::met::{Unmet, Weight, undecided};
use super::{outcome, reply};
use crate::expect::{Never, Outcome};
use crate::facts::{FailureCause, HelloFacts, TlsFailure};
use crate::scenario::{
    AsksCertificate, Case, ClientFault, DnsFault, DnsFaultKind, Family, Fault, Peer,
    RecipientDomain, Tampering,
};
use crate::script::{Act, Direction, Step};
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
    if case.message.cut_short {
        let cut = trace.judged().any(|(_, event)| {
            event.place == Place::Injection && matches!(event.kind, Happening::Faulted(_))
        });
        return (!cut).then(|| "The message was never cut short.".into());
    }
    for peer in &case.peers {
        let contacted = trace.of_peer(&peer.name).any(|(_, e)| e.kind == Happening::Connected);
        if !contacted && spared(case, peer, trace) {
            continue;
        }
        if !contacted {
            return Some(format!("The relay never connected to {}.", peer.name));
        }
        if let Some(reason) = ours(case, peer, trace) {
            return Some(reason);
        }
        if let Some(step) = missed_step(peer, due(case, peer, trace), trace) {
            return Some(told(case, peer, step, trace));
        }
        if let Some(reason) = unplayed(peer, trace) {
            return Some(reason);
        }
    }
    None
}

/// The first of so many steps that was never reached.
fn missed_step<'a>(peer: &'a Peer, due: usize, trace: &Trace) -> Option<&'a Step> {
    let reached = |step: &Step| {
        trace.of_peer(&peer.name).any(|(_, event)| {
            matches!(event.kind, Happening::Reached { step: number } if number == step.number)
        })
    };
    peer.script.steps().take(due).find(|step| !reached(step))
}

/// That a step was never reached, and what came instead.
fn told(case: &Case, peer: &Peer, step: &Step, trace: &Trace) -> String {
    let line = step.act.print(case.direction);
    let instead = left_at(peer, step, trace).and_then(|at| heard_before(trace, at));
    let instead = instead.map(|(_, said)| format!(": the relay said `{said}`")).unwrap_or_default();
    format!("The dialogue with {} never reached `{line}`{instead}.", peer.name)
}

/// Where the relay did something else than this step says.
fn left_at(peer: &Peer, step: &Step, trace: &Trace) -> Option<usize> {
    let left = |kind: &Happening| matches!(kind, Happening::Diverged { step: number } if *number == step.number);
    trace.of_peer(&peer.name).find(|(_, event)| left(&event.kind)).map(|(at, _)| at)
}

/// The last line of the relay on this connection before an event, and where it stands.
fn heard_before(trace: &Trace, at: usize) -> Option<(usize, String)> {
    let place = &trace.events[at].place;
    let before = trace.events[..at].iter().enumerate().rev();
    before.filter(|(_, event)| event.place == *place).find_map(|(at, event)| match &event.kind {
        Happening::Received { line, .. } => {
            Some((at, String::from_utf8_lossy(line).escape_debug().to_string()))
        }
        _ => None,
    })
}

/// Where a script ends in a line that the relay has to say, that line is the claim: leaving the script
/// there is the finding, and not the lack of one. The event, and what was said.
pub(super) fn left_at_the_end(case: &Case, trace: &Trace) -> Option<(usize, String)> {
    case.peers.iter().find_map(|peer| {
        let last = peer.script.steps().last()?;
        let missed = missed_step(peer, usize::MAX, trace)?;
        if !matches!(last.act, Act::Hear(_)) || missed.number != last.number {
            return None;
        }
        let (at, said) = heard_before(trace, left_at(peer, last, trace)?)?;
        let due = last.act.print(case.direction);
        Some((at, format!("The relay sent `{said}`, expected: `{due}`.")))
    })
}

/// A demand that is not met, unless it rests on a message that moved on past what was never played:
/// then the case is not judged.
pub(super) fn at_the_point(case: &Case, trace: &Trace, unmet: Unmet) -> Unmet {
    if unmet.weight != Weight::MovedOn {
        return unmet;
    }
    let missed = case.peers.iter().find_map(|peer| {
        let script = (case.direction == Direction::Inbound)
            .then(|| missed_step(peer, usize::MAX, trace))
            .flatten()
            .map(|step| told(case, peer, step, trace));
        script.or_else(|| unplayed(peer, trace))
    });
    missed.map_or(unmet, undecided)
}

/// The event and the reason for which a case means nothing with this relay: it offers nothing that a
/// next hop with a tampered flight has, or ends the connection at HELO.
pub(super) fn not_for(case: &Case, trace: &Trace) -> Option<(usize, String)> {
    let tampering = case.peers.iter().filter(|peer| !peer.tampers.is_empty());
    let no_flight = tampering.filter_map(|peer| {
        let mut hellos = trace.of_peer(&peer.name).filter_map(|(at, event)| match &event.kind {
            Happening::Hello(facts) => Some((at, facts)),
            _ => None,
        });
        hellos.find_map(|(at, hello)| Some((at, nothing_shared(peer, hello)?)))
    });
    let lacks = || literal_refused(case, trace).or_else(|| knows_no_ipv6(case, trace));
    no_flight.into_iter().next().or_else(lacks).or_else(|| {
        let asks = case.direction == Direction::Inbound && case.expect.reply.is_some();
        let ended = ended_at_helo(trace).filter(|_| asks)?;
        Some((ended, "it ends the connection at HELO".to_owned()))
    })
}

/// Where the relay refused, gave back or kept a message to an address literal without a connection: many
/// take no such mail (RFC 5321 section 4.1.3 is about the form, not about who accepts it).
fn literal_refused(case: &Case, trace: &Trace) -> Option<(usize, String)> {
    let ends = |kind: &Happening| {
        matches!(
            kind,
            Happening::Refused { .. } | Happening::Reported { .. } | Happening::Waiting { .. }
        )
    };
    let literal = case.message.domain == RecipientDomain::Literal;
    let went = |kind: &Happening| *kind == Happening::Connected;
    if !literal
        || case.peers.iter().any(|peer| trace.of_peer(&peer.name).any(|(_, e)| went(&e.kind)))
    {
        return None;
    }
    let (at, _) = trace.judged().find(|(_, event)| ends(&event.kind))?;
    Some((at, "it takes no mail for an address in brackets".to_owned()))
}

/// Where the relay looked for a next hop that has an address of IPv6, and never asked for one of that
/// kind.
fn knows_no_ipv6(case: &Case, trace: &Trace) -> Option<(usize, String)> {
    let six = |peer: &&Peer| peer.place.family == Family::Ipv6;
    if case.message.domain == RecipientDomain::Literal || !case.peers.iter().any(|peer| six(&peer))
    {
        return None;
    }
    let asked = |wanted: &str| {
        let mut events = trace.events.iter();
        events.position(
            |event| matches!(&event.kind, Happening::DnsQuery { record, .. } if record == wanted),
        )
    };
    let four = asked("A").or_else(|| asked("MX"))?;
    // The sender's domain is ours too: only a relay that asks for no such address at all is meant.
    asked("AAAA").is_none().then(|| (four, "it asks for no address of IPv6".to_owned()))
}

/// Where the relay is none of those that the case is about: what it said in place of a condition of the
/// script. Nothing that it does after that breaks the claim.
pub(super) fn missed_condition(case: &Case, trace: &Trace) -> Option<(usize, String)> {
    case.peers.iter().find_map(|peer| {
        let mut steps = peer.script.steps().filter(|step| matches!(step.act, Act::Condition(_)));
        let (step, at) = steps.find_map(|step| Some((step, left_at(peer, step, trace)?)))?;
        let (heard, said) = heard_before(trace, at)?;
        let Act::Condition(pattern) = &step.act else { return None };
        Some((
            heard,
            format!("it said `{said}`, and the case is about relays that say `{pattern}`"),
        ))
    })
}

/// The version or the groups of a next hop that this hello does not offer.
fn nothing_shared(peer: &Peer, hello: &HelloFacts) -> Option<String> {
    let versions = &peer.offer.versions;
    if !hello.versions.is_empty() && !versions.iter().any(|one| hello.versions.contains(one)) {
        let names: Vec<_> = versions.iter().map(ToString::to_string).collect();
        return Some(format!("it does not offer {}", names.join(" or ")));
    }
    let groups = &peer.offer.groups;
    let none = !groups.is_empty()
        && !hello.groups.is_empty()
        && !groups.iter().any(|one| hello.groups.contains(one));
    none.then(|| format!("it does not offer the group {}", groups.join(" or ")))
}

/// Where the relay ended the connection in place of an answer to HELO.
fn ended_at_helo(trace: &Trace) -> Option<usize> {
    let mut asked = None;
    trace.events.iter().enumerate().find_map(|(at, event)| {
        match &event.kind {
            Happening::Sent { bytes, .. } => {
                let helo = bytes.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"HELO "));
                asked = helo.then_some(&event.place);
            }
            Happening::Received { .. } => asked = None,
            Happening::Ended(End::CloseNotify | End::Fin | End::Reset)
                if asked == Some(&event.place) =>
            {
                return Some(at);
            }
            _ => {}
        }
        None
    })
}

/// Says which fault or tampering of a peer was never played, if any.
fn unplayed(peer: &Peer, trace: &Trace) -> Option<String> {
    let faulted = |name: &str| {
        trace
            .of_peer(&peer.name)
            .any(|(_, event)| matches!(&event.kind, Happening::Faulted(played) if played == name))
    };
    let due = peer.fault.filter(|fault| has_its_place(*fault, trace));
    if let Some(fault) = due.filter(|fault| !faulted(fault.name())) {
        return Some(format!("The fault {} was never played.", fault.name()));
    }
    let tampered = |name: &str| {
        trace.of_peer(&peer.name).any(
                |(_, event)| matches!(&event.kind, Happening::Tampered { tampering, .. } if tampering == name),
            )
    };
    let mut tamperings = peer.tampers.iter().filter(|tampering| **tampering != Tampering::Nothing);
    tamperings
        .find(|tampering| !tampered(tampering.name()))
        .map(|tampering| format!("The tampering {} was never played.", tampering.name()))
}

/// Whether what was sent inside TLS went to a connection that comes before the one that the claim is
/// about: a peer that changes its certificate shows a good one first, and a message that is late may meet
/// that.
pub(super) fn before_the_claim(case: &Case, never: Never, trace: &Trace, at: usize) -> bool {
    let in_tls = matches!(never, Never::MessageInTls | Never::EnvelopeInTls);
    let Place::Peer { name, connection: 1 } = &trace.events[at].place else { return false };
    in_tls && case.peer(name).is_some_and(|peer| !peer.later_certs.is_empty())
}

/// Whether the relay had no reason to go to this peer: it answers at one of several addresses of a
/// host, which may be tried in any order (RFC 5321 section 5.1), and the message was taken at another.
fn spared(case: &Case, peer: &Peer, trace: &Trace) -> bool {
    let host = |peer: &Peer| peer.place.address_of.clone().unwrap_or_else(|| peer.name.clone());
    let accepted_by = |other: &Peer| {
        let mut events = trace.of_peer(&other.name);
        events.any(|(_, event)| matches!(event.kind, Happening::AcceptedByPeer { .. }))
    };
    let mut others = case.peers.iter().filter(|other| other.name != peer.name);
    others.any(|other| host(other) == host(peer) && accepted_by(other))
}

/// Says that it was our side that broke off every handshake of a peer that does nothing wrong: what the
/// relay would have done was never seen.
fn ours(case: &Case, peer: &Peer, trace: &Trace) -> Option<String> {
    // What is injected before TLS may well end up in it: then that is what broke it.
    let injects = case.expect.never.contains(&Never::InjectedReplyUsed);
    let honest = !injects
        && peer.fault.is_none()
        && peer.tampers.is_empty()
        && peer.hello.is_none()
        && peer.asks_certificate != AsksCertificate::Required;
    let mut handshakes = trace.of_peer(&peer.name).filter_map(|(_, event)| match &event.kind {
        Happening::HandshakeCompleted(_) => Some(None),
        Happening::HandshakeFailed(failure) => Some(Some(failure)),
        _ => None,
    });
    let objection = |failure: &TlsFailure| failure.cause == FailureCause::OurObjection;
    let first = handshakes.next()?.filter(|first| objection(first))?;
    let all = handshakes.all(|other| other.is_some_and(objection));
    (honest && all)
        .then(|| format!("Our side ended every handshake with {}: {}.", peer.name, first.detail))
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
    // Who takes nothing after HELO may as well end the connection there.
    let rejects = case.expect.outcome.contains(&Outcome::Rejected);
    if case.direction == Direction::Inbound && rejects && ended_at_helo(trace).is_some() {
        return until(|act| matches!(act, Act::Say { text, .. } if text.starts_with("HELO ")));
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
        .any(|(_, event)| matches!(event.kind, Happening::Received { channel: Channel::Tls, .. }));
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
        Happening::HandshakeFailed(_) => Some(true),
        Happening::HandshakeCompleted(_) => Some(ended(&event.place)),
        _ => None,
    });
    !spoke && handshakes.next() == Some(true) && handshakes.all(|broken| broken)
}

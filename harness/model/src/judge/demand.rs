//! What the trace has to show.

use super::handshake::{meets_offered, meets_tls};
use super::met::{Met, Unmet, Weight, fail, secured, undecided, witnessed};
use super::reply::meets_reply;
use crate::expect::{AnswerExpect, DsnExpect, Expect, Outcome};
use crate::judge::{Names, outcome::attempts};
use crate::scenario::{Case, Peer};
use crate::trace::{Channel, Happening, Place, Trace};
use crate::wording::counted;

/// Checks every demand of the case; the first one that is not met decides.
/// `unasked`: so many replies inside TLS come unasked in the control as well.
pub(super) fn unmet(
    case: &Case,
    names: &Names,
    trace: &Trace,
    outcome: Option<Outcome>,
    unasked: usize,
) -> Met {
    let Expect {
        outcome: wanted,
        tls,
        offered,
        certificate,
        answer,
        alert,
        ticket,
        reply,
        // Judged before: one occurrence decides.
        never: _,
        attempts: least,
        visited: hops,
        accepted_by,
        dsn,
    } = &case.expect;
    let mut evidence = Vec::new();
    if let Some(tls) = tls {
        evidence.extend(meets_tls(tls, names, trace)?);
    }
    if let Some(offered) = offered {
        evidence.extend(meets_offered(offered, names, trace)?);
    }
    if let Some(certificate) = certificate {
        evidence.extend(super::certificate::meets(certificate, secured(trace).pop())?);
    }
    if let Some(answer) = answer {
        // Without a session to resume, none is resumed in a wrong way.
        let nothing = case.peers.iter().any(|peer| peer.resumes);
        match super::ticket::without(trace).filter(|_| nothing) {
            Some(at) => evidence.push(at),
            None => evidence.extend(super::answer::meets_answer(answer, trace)?),
        }
    }
    if let Some(ticket) = ticket {
        evidence.extend(super::ticket::meets(ticket, trace)?);
    }
    if !alert.is_empty() {
        // Whoever may answer need not end the handshake, unless a fault follows the answer.
        let faultless = case.peers.iter().all(|peer| peer.fault.is_none());
        let may = |answer: &AnswerExpect| matches!(answer, AnswerExpect::ServerHello(wanted) if wanted.or_refused);
        let optional = faultless && answer.as_ref().is_some_and(may);
        evidence.extend(super::answer::meets_alert(alert, optional, trace)?);
    }
    if let Some(reply) = reply {
        evidence.extend(meets_reply(reply, trace, unasked)?);
    }
    if !wanted.is_empty() {
        evidence.extend(meets_outcome(case, trace, outcome)?);
    }
    if let Some(least) = *least {
        meets_attempts(case, least, attempts(trace), outcome)?;
    }
    if !hops.is_empty() {
        meets_visited(hops, trace, outcome)?;
    }
    if let Some(peer) = accepted_by {
        meets_acceptor(peer, trace, outcome)?;
    }
    if let Some(dsn) = dsn {
        evidence.extend(meets_dsn(dsn, trace)?);
    }
    Ok(evidence)
}

/// Whether the relay connected to these peers, in this order.
fn meets_visited(hops: &[String], trace: &Trace, outcome: Option<Outcome>) -> Result<(), Unmet> {
    let visited = visited(trace);
    if visited == *hops {
        return Ok(());
    }
    let reason =
        format!("The relay connected to {}, expected: {}.", listed(&visited), listed(hops));
    Err(fail_or_wait(outcome, reason))
}

/// Whether this peer accepted the message.
fn meets_acceptor(peer: &str, trace: &Trace, outcome: Option<Outcome>) -> Result<(), Unmet> {
    let acceptor = trace.judged().find_map(|(_, event)| match (&event.place, &event.kind) {
        (Place::Peer { name, .. }, Happening::AcceptedByPeer { .. }) => Some(name.as_str()),
        _ => None,
    });
    if acceptor == Some(peer) {
        return Ok(());
    }
    let who = acceptor.unwrap_or("nobody");
    Err(fail_or_wait(outcome, format!("{who} accepted the message, expected: {peer}.")))
}

/// Whether there were so many attempts. Until the relay comes back it may only be slow. Where no end
/// of the message is judged, more attempts are what the claim needs to be seen, and a relay that has
/// given the message back makes no more.
fn meets_attempts(
    case: &Case,
    least: u32,
    made: usize,
    outcome: Option<Outcome>,
) -> Result<(), Unmet> {
    if made >= least as usize {
        return Ok(());
    }
    match outcome {
        None | Some(Outcome::Deferred) => Err(undecided(format!(
            "The relay made {made} of at least {}, and the message is still in its queue.",
            counted(least as usize, "attempt")
        ))),
        Some(_) if case.expect.outcome.is_empty() => Ok(()),
        Some(_) => {
            let least = counted(least as usize, "attempt");
            Err(fail(format!("The relay made {made} of at least {least}."), Vec::new()))
        }
    }
}

fn fail_or_wait(outcome: Option<Outcome>, reason: String) -> Unmet {
    if outcome.is_none() { undecided(reason) } else { fail(reason, Vec::new()) }
}

fn meets_outcome(case: &Case, trace: &Trace, outcome: Option<Outcome>) -> Met {
    let wanted = &case.expect.outcome[..];
    let Some(outcome) = outcome else {
        return Err(undecided("The time allowed ran out before the message ended."));
    };
    let evidence: Vec<usize> = trace
        .judged()
        .filter(|(_, event)| {
            matches!(
                event.kind,
                Happening::AcceptedByPeer { .. }
                    | Happening::AcceptedByRelay { .. }
                    | Happening::Refused { .. }
                    | Happening::Reported { .. }
                    | Happening::Waiting { .. }
                    | Happening::LostFromQueue
            ) && (event.place != Place::Injection || outcome == Outcome::Rejected)
        })
        .map(|(at, _)| at)
        .collect();
    if matches!(outcome, Outcome::Bounced | Outcome::Deferred) && !tried(trace) {
        return Err(undecided("Nothing shows that the relay tried to deliver the message."));
    }
    let ends = wanted.contains(&Outcome::Bounced) && !wanted.contains(&Outcome::Deferred);
    if outcome == Outcome::Deferred && ends {
        return Err(undecided(
            "The message is still in the relay's queue; the relay was not seen to give up.",
        ));
    }
    // Until it comes back it may only be slow.
    if outcome == Outcome::Deferred
        && wanted.iter().any(|outcome| outcome.delivered())
        && !wanted.contains(&Outcome::Deferred)
        && let Some(peer) = case.peers.iter().find(|peer| awaited(peer, trace))
    {
        let reason = format!(
            "The message is still in the relay's queue; the next attempt, for which {} has another script, was not made.",
            peer.name
        );
        return Err(undecided(reason));
    }
    if !wanted.contains(&outcome) {
        let names: Vec<_> = wanted.iter().map(|outcome| outcome.name().to_owned()).collect();
        let reason =
            format!("The message ended as {}, expected: {}.", outcome.name(), names.join(" or "));
        let moved_on = outcome.delivered() && !wanted.iter().any(|outcome| outcome.delivered());
        let weight = if moved_on { Weight::MovedOn } else { Weight::Fails };
        return Err(Unmet { weight, ..fail(reason, evidence) });
    }
    Ok(evidence)
}

/// Whether the peer's script goes on at an attempt that the relay has not made.
fn awaited(peer: &Peer, trace: &Trace) -> bool {
    let made = trace.of_peer(&peer.name).filter(|(_, event)| event.kind == Happening::Connected);
    let plays = peer.script.parts.len().max(peer.tampers.len());
    made.count() < plays && plays > 1
}

/// Whether the relay looked the domain up or connected to a peer.
fn tried(trace: &Trace) -> bool {
    trace.judged().any(|(_, event)| match (&event.place, &event.kind) {
        (Place::Dns, Happening::DnsQuery { .. }) => true,
        (Place::Peer { .. }, kind) => *kind == Happening::Connected,
        _ => false,
    })
}

fn visited(trace: &Trace) -> Vec<String> {
    let mut visited: Vec<String> = Vec::new();
    for (_, event) in trace.judged() {
        if let (Place::Peer { name, .. }, Happening::Connected) = (&event.place, &event.kind)
            && !visited.contains(name)
        {
            visited.push(name.clone());
        }
    }
    visited
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nobody".into() } else { names.join(", then ") }
}

/// Judges the reports: each by the way it came, and the last that gives the message back by its
/// status. A report of a delay is no end (RFC 3464 section 2.3.3).
fn meets_dsn(wanted: &DsnExpect, trace: &Trace) -> Met {
    let reports = trace.judged().filter_map(|(at, event)| match &event.kind {
        Happening::Reported { channel, action, status, .. } => Some((at, *channel, action, status)),
        _ => None,
    });
    let reports: Vec<_> = reports.collect();
    for (at, channel, ..) in &reports {
        if wanted.in_tls.is_some_and(|in_tls| in_tls != (*channel == Channel::Tls)) {
            let how = if *channel == Channel::Tls { "inside TLS" } else { "in plaintext" };
            return Err(witnessed(format!("The delivery report came {how}."), vec![*at]));
        }
    }
    let gives_back = reports.iter().rev().find(|(_, _, action, _)| action.raw() == "failed");
    let Some((at, _, _, status)) = gives_back else {
        return Err(undecided("No delivery report arrived."));
    };
    let fits = |pattern: &String| crate::requirement::fits(pattern, status.raw());
    if !wanted.status.is_empty() && !wanted.status.iter().any(fits) {
        let expected = wanted.status.join(" or ");
        return Err(fail(format!("The report says {status}, expected: {expected}."), vec![*at]));
    }
    Ok(vec![*at])
}

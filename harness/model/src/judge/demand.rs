//! What has to be heard.

use crate::expect::{DsnExpect, OfferedExpect, Outcome, ReplyExpect, TlsExpect, TlsFactsExpect};
use crate::facts::{FailureCause, HelloFacts, Suite, TlsFacts, TlsFailure};
use crate::judge::{Names, outcome::attempts};
use crate::offer::{SuiteChoice, SuiteKind};
use crate::scenario::Case;
use crate::trace::{Channel, End, Event, Happening, Place, Trace};

/// A demand that is not met.
pub(super) struct Unmet {
    /// Nothing was heard that decides: the relay was not brought to the point.
    pub(super) undecided: bool,
    /// The relay itself was heard doing otherwise, and nothing that is broken around it explains
    /// that: it stands without a control.
    pub(super) witnessed: bool,
    /// One sentence.
    pub(super) reason: String,
    /// The events it rests on.
    pub(super) evidence: Vec<usize>,
}

pub(super) type Met = Result<Vec<usize>, Unmet>;

/// Checks every demand of the case; the first one that is not met decides.
pub(super) fn unmet(case: &Case, names: &Names, trace: &Trace, outcome: Option<Outcome>) -> Met {
    let expect = &case.expect;
    let mut evidence = Vec::new();
    if let Some(tls) = &expect.tls {
        evidence.extend(meets_tls(tls, names, trace)?);
    }
    if let Some(offered) = &expect.offered {
        evidence.extend(meets_offered(offered, names, trace)?);
    }
    if let Some(certificate) = &expect.certificate {
        evidence.extend(super::certificate::meets(certificate, secured(trace).pop())?);
    }
    if let Some(reply) = &expect.reply {
        evidence.extend(meets_reply(reply, trace)?);
    }
    if !expect.outcome.is_empty() {
        evidence.extend(meets_outcome(&expect.outcome, trace, outcome)?);
    }
    if let Some(least) = expect.attempts {
        let made = attempts(trace);
        if made < least as usize {
            let reason = format!("The relay made {made} of at least {least} attempts.");
            return Err(fail_or_wait(outcome, reason));
        }
    }
    if !expect.visited.is_empty() {
        let visited = visited(trace);
        if visited != expect.visited {
            let reason = format!(
                "The relay went to {} and not to {}.",
                listed(&visited),
                listed(&expect.visited)
            );
            return Err(fail_or_wait(outcome, reason));
        }
    }
    if let Some(peer) = &expect.taken_by {
        let took = trace.judged().find_map(|(_, event)| match (&event.place, &event.kind) {
            (Place::Peer { name, .. }, Happening::Took { .. }) => Some(name),
            _ => None,
        });
        if took != Some(peer) {
            let who = took.map_or("nobody", String::as_str);
            return Err(fail_or_wait(outcome, format!("{who} took the message, not {peer}.")));
        }
    }
    if let Some(dsn) = &expect.dsn {
        evidence.extend(meets_dsn(dsn, trace)?);
    }
    Ok(evidence)
}

fn fail_or_wait(outcome: Option<Outcome>, reason: String) -> Unmet {
    Unmet { undecided: outcome.is_none(), ..fail(reason, Vec::new()) }
}

pub(super) fn fail(reason: impl Into<String>, evidence: Vec<usize>) -> Unmet {
    Unmet { undecided: false, witnessed: false, reason: reason.into(), evidence }
}

fn witnessed(reason: impl Into<String>, evidence: Vec<usize>) -> Unmet {
    Unmet { witnessed: true, ..fail(reason, evidence) }
}

pub(super) fn undecided(reason: impl Into<String>) -> Unmet {
    Unmet { undecided: true, ..fail(reason, Vec::new()) }
}

fn meets_outcome(wanted: &[Outcome], trace: &Trace, outcome: Option<Outcome>) -> Met {
    let Some(outcome) = outcome else {
        return Err(undecided("The time allowed ran out before the message ended."));
    };
    let evidence: Vec<usize> = trace
        .judged()
        .filter(|(_, event)| {
            matches!(
                event.kind,
                Happening::Took { .. }
                    | Happening::Accepted { .. }
                    | Happening::Refused { .. }
                    | Happening::Reported { .. }
                    | Happening::Waiting { .. }
                    | Happening::Vanished
            ) && (event.place != Place::Injection || outcome == Outcome::Rejected)
        })
        .map(|(at, _)| at)
        .collect();
    if matches!(outcome, Outcome::Bounced | Outcome::Deferred) && !tried(trace) {
        return Err(undecided("Nothing shows that the relay tried to deliver the message."));
    }
    if outcome == Outcome::Deferred && wanted.contains(&Outcome::Bounced) && wanted.len() == 1 {
        return Err(undecided("The relay still keeps the message; when it gives up was not seen."));
    }
    if !wanted.contains(&outcome) {
        let names: Vec<_> = wanted.iter().map(|outcome| outcome.name().to_owned()).collect();
        let reason =
            format!("The message ended as {}, expected: {}.", outcome.name(), names.join(" or "));
        let moved_on = outcome.delivered() && !wanted.iter().any(|outcome| outcome.delivered());
        return Err(Unmet { witnessed: moved_on, ..fail(reason, evidence) });
    }
    Ok(evidence)
}

/// Whether the relay looked the domain up or connected to a peer.
fn tried(trace: &Trace) -> bool {
    trace.judged().any(|(_, event)| match (&event.place, &event.kind) {
        (Place::Dns, Happening::Asked { .. }) => true,
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

/// What happened on connections of the scenario's peers: neither the injection nor the mailbox of
/// the sender is judged.
fn of_peers(trace: &Trace) -> impl Iterator<Item = (usize, &Event)> {
    trace.judged().filter(|(_, event)| matches!(event.place, Place::Peer { .. }))
}

fn secured(trace: &Trace) -> Vec<(usize, &TlsFacts)> {
    of_peers(trace)
        .filter_map(|(at, event)| match &event.kind {
            Happening::Secured(facts) => Some((at, facts.as_ref())),
            _ => None,
        })
        .collect()
}

fn meets_tls(wanted: &TlsExpect, names: &Names, trace: &Trace) -> Met {
    let secured = secured(trace);
    match wanted {
        TlsExpect::Refused => {
            if let Some((at, facts)) = secured.first() {
                let reason =
                    format!("The relay negotiated {} with {}.", facts.version, facts.suite.name);
                return Err(witnessed(reason, vec![*at]));
            }
            refusal(trace)
                .map(|at| vec![at])
                .ok_or_else(|| undecided("The relay neither finished nor refused the handshake."))
        }
        TlsExpect::Established | TlsExpect::Facts(_) => {
            let Some((at, facts)) = secured.last() else {
                return Err(match refusal(trace).or_else(|| took_in_clear(trace)) {
                    Some(at) => fail("No TLS session was established.", vec![at]),
                    None => undecided("No TLS session was established, and nothing says why."),
                });
            };
            if let TlsExpect::Facts(wanted) = wanted
                && let Some(reason) = misses_facts(wanted, facts, names)
            {
                return Err(witnessed(reason, vec![*at]));
            }
            Ok(vec![*at])
        }
    }
}

fn took_in_clear(trace: &Trace) -> Option<usize> {
    let in_clear = |event: &Event| {
        matches!(
            event.kind,
            Happening::Took { channel: Channel::Clear }
                | Happening::Accepted { channel: Channel::Clear }
        )
    };
    of_peers(trace).find(|(_, event)| in_clear(event)).map(|(at, _)| at)
}

/// The event in which the relay refused TLS: an alert, a close in the handshake, nothing in common,
/// or 4yz/5yz to STARTTLS other than 421.
fn refusal(trace: &Trace) -> Option<usize> {
    let mut asked = false;
    for (at, event) in of_peers(trace) {
        match &event.kind {
            Happening::NotSecured(TlsFailure {
                cause:
                    FailureCause::RelayAlert
                    | FailureCause::RelayClosed
                    | FailureCause::RelayReset
                    | FailureCause::NothingInCommon,
                ..
            }) => return Some(at),
            Happening::Said { bytes, .. } => {
                asked = bytes.to_ascii_uppercase().starts_with(b"STARTTLS");
            }
            Happening::Heard { line, .. } if asked => {
                let code = line.get(..3).unwrap_or_default();
                if matches!(code.first(), Some(b'4' | b'5')) && code != b"421" {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

fn misses_facts(wanted: &TlsFactsExpect, facts: &TlsFacts, names: &Names) -> Option<String> {
    if wanted.version.is_some_and(|range| !range.holds(facts.version)) {
        return Some(format!("The relay negotiated {}.", facts.version));
    }
    if wanted.forward_secrecy.is_some_and(|secret| secret != facts.forward_secrecy) {
        let with = if facts.forward_secrecy { "with" } else { "without" };
        return Some(format!("{} is a suite {with} forward secrecy.", facts.suite.name));
    }
    if !wanted.suite.is_empty() && !wanted.suite.iter().any(|choice| is(&facts.suite, choice)) {
        return Some(format!("The relay negotiated {}.", facts.suite.name));
    }
    if let (Some(group), Some(wanted)) = (&facts.group, &wanted.group)
        && group != wanted
    {
        return Some(format!("The key exchange used the group {group}, not {wanted}."));
    }
    if let Some(reason) = misses_name("SNI", wanted.sni.as_ref(), facts.sni.as_ref(), names) {
        return Some(reason);
    }
    if let Some(reason) = misses_name("ALPN", wanted.alpn.as_ref(), facts.alpn.as_ref(), names) {
        return Some(reason);
    }
    if let Some(certificate) = wanted.client_certificate
        && certificate != facts.client_certificate
    {
        use crate::facts::ClientCertificate::{NotAsked, NotShown, Shown};
        return Some(match facts.client_certificate {
            NotAsked => "The server did not ask for a client certificate.".into(),
            NotShown => "The client showed no certificate.".into(),
            Shown => "The client showed a certificate.".into(),
        });
    }
    match (wanted.dh_bits_at_least, facts.dh_bits) {
        (Some(least), Some(bits)) if bits < least => {
            Some(format!("The Diffie-Hellman prime has {bits} bits."))
        }
        _ => None,
    }
}

fn misses_name(
    what: &str,
    wanted: Option<&String>,
    seen: Option<&String>,
    names: &Names,
) -> Option<String> {
    let wanted = wanted?;
    let filled = names
        .iter()
        .fold(wanted.clone(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value));
    match seen {
        None if filled == "none" => None,
        None => Some(format!("There was no {what}, expected: {filled}.")),
        Some(seen) if seen.eq_ignore_ascii_case(&filled) => None,
        Some(seen) => Some(format!("The {what} was {seen}, expected: {filled}.")),
    }
}

fn is(suite: &Suite, choice: &SuiteChoice) -> bool {
    match choice {
        SuiteChoice::Kind(kind) => suite.is(*kind),
        SuiteChoice::Named(name) => suite.name == *name,
    }
}

fn meets_offered(wanted: &OfferedExpect, names: &Names, trace: &Trace) -> Met {
    let hellos: Vec<(usize, &HelloFacts)> = of_peers(trace)
        .filter_map(|(at, event)| match &event.kind {
            Happening::Hello(hello) => Some((at, hello.as_ref())),
            _ => None,
        })
        .collect();
    if hellos.is_empty() {
        return Err(undecided("The relay sent no ClientHello."));
    }
    for (at, hello) in &hellos {
        if let Some(reason) = misses_offer(wanted, hello, names) {
            return Err(witnessed(reason, vec![*at]));
        }
    }
    Ok(hellos.iter().map(|(at, _)| *at).collect())
}

fn misses_offer(wanted: &OfferedExpect, hello: &HelloFacts, names: &Names) -> Option<String> {
    if let Some(version) = wanted.versions.0.iter().find(|v| !hello.versions.contains(v)) {
        return Some(format!("The relay does not offer {version}."));
    }
    if let Some(version) = wanted.versions.1.iter().find(|v| hello.versions.contains(v)) {
        return Some(format!("The relay offers {version}."));
    }
    let real = |suite: &&Suite| !suite.kinds.is_empty();
    if let Some(choice) =
        wanted.suites.0.iter().find(|choice| !hello.suites.iter().any(|suite| is(suite, choice)))
    {
        return Some(format!("The relay offers no suite that is {}.", choice_name(choice)));
    }
    let forbidden = hello
        .suites
        .iter()
        .filter(real)
        .find(|suite| wanted.suites.1.iter().any(|choice| is(suite, choice)));
    if let Some(suite) = forbidden {
        return Some(format!("The relay offers {}.", suite.name));
    }
    if let (Some(choice), Some(first)) = (&wanted.first_suite, hello.suites.iter().find(real))
        && !is(first, choice)
    {
        return Some(format!("The relay offers {} first.", first.name));
    }
    for (what, (always, never), there) in [
        ("group", &wanted.groups, &hello.groups),
        ("signature scheme", &wanted.schemes, &hello.schemes),
        ("extension", &wanted.extensions, &hello.extensions),
    ] {
        if let Some(name) = always.iter().find(|name| !there.contains(name)) {
            // The signalling suite stands for the extension (RFC 5746 section 3.4).
            let signalled = name.as_str() == "renegotiation_info"
                && hello.suites.iter().any(|suite| suite.id == 0x00ff);
            if !signalled {
                return Some(format!("The relay does not offer the {what} {name}."));
            }
        }
        if let Some(name) = never.iter().find(|name| there.contains(name)) {
            return Some(format!("The relay offers the {what} {name}."));
        }
    }
    if wanted.no_compression && hello.compression != [0] {
        return Some("The relay offers TLS compression.".into());
    }
    misses_name("SNI", wanted.sni.as_ref(), hello.sni.as_ref(), names)
}

fn choice_name(choice: &SuiteChoice) -> &str {
    match choice {
        SuiteChoice::Kind(SuiteKind::All) => "known",
        SuiteChoice::Kind(kind) => kind.name(),
        SuiteChoice::Named(name) => name,
    }
}

/// The reply to the script's last line: what was heard first after the script was finished.
fn meets_reply(wanted: &ReplyExpect, trace: &Trace) -> Met {
    let finished = trace.events.iter().position(|event| event.kind == Happening::Finished);
    let Some(finished) = finished else {
        let broke_off = broke_off_at_starttls(trace).filter(|_| wanted.or_ended);
        return broke_off.ok_or_else(|| undecided("The script was never played to its end."));
    };
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut evidence = Vec::new();
    for (at, event) in trace.events.iter().enumerate().skip(finished + 1) {
        match &event.kind {
            Happening::Heard { line, .. } => {
                evidence.push(at);
                lines.push(line.clone());
                if line.get(3) != Some(&b'-') {
                    break;
                }
            }
            Happening::Said { .. } | Happening::Secured(_) | Happening::NotSecured(_) => break,
            Happening::Ended(End::Silence | End::Garbled | End::Ours) => break,
            Happening::Ended(_) => {
                evidence.push(at);
                if wanted.or_ended {
                    return Ok(evidence);
                }
                return Err(fail("The relay ended the connection instead of answering.", evidence));
            }
            _ => {}
        }
    }
    let Some(last) = lines.last() else {
        return Err(undecided("The relay did not answer."));
    };
    let shown = String::from_utf8_lossy(last).escape_debug().to_string();
    if wanted.code.as_ref().is_some_and(|code| !code.matches_reply(&lines)) {
        let code = wanted.code.as_ref().map(ToString::to_string).unwrap_or_default();
        // A refusal may have a cause that has nothing to do with the claim; a reply that takes what
        // has to be refused has none.
        let taken = lines.last().is_some_and(|line| line.first() == Some(&b'2'));
        let reason = format!("The relay answered `{shown}`, expected: {code}.");
        return Err(Unmet { witnessed: taken, ..fail(reason, evidence) });
    }
    if let Some(enhanced) = &wanted.enhanced
        && announces_enhanced(trace)
        && !crate::requirement::fits(enhanced, status_of(last))
    {
        let reason = format!("The relay answered `{shown}` without the code {enhanced}.");
        return Err(fail(reason, evidence));
    }
    let listing = !wanted.lists.is_empty() || !wanted.lacks.is_empty();
    if listing && !last.starts_with(b"2") {
        return Err(fail(format!("The relay answered `{shown}` without a list."), evidence));
    }
    let keywords: Vec<String> = lines.iter().filter_map(|line| keyword(line)).collect();
    if let Some(missing) = wanted.lists.iter().find(|name| !keywords.contains(name)) {
        return Err(witnessed(format!("The reply does not list {missing}."), evidence));
    }
    if let Some(listed) = wanted.lacks.iter().find(|name| keywords.contains(name)) {
        return Err(witnessed(format!("The reply lists {listed}."), evidence));
    }
    Ok(evidence)
}

/// Where TLS did not begin because the relay refused STARTTLS for good, or broke the handshake off:
/// then there is no session in which something could be used that was said before. A 421 is no
/// refusal of STARTTLS, and silence is none of anything.
pub(super) fn broke_off_at_starttls(trace: &Trace) -> Option<Vec<usize>> {
    if !secured(trace).is_empty() {
        return None;
    }
    let starttls = |event: &Event| {
        let said = match &event.kind {
            Happening::Said { bytes, .. } => bytes.as_slice(),
            _ => return false,
        };
        said.get(..8).is_some_and(|verb| verb.eq_ignore_ascii_case(b"STARTTLS"))
    };
    let mut after = of_peers(trace).skip_while(|(_, event)| !starttls(event));
    let (at, decides) = after.find_map(|(at, event)| match &event.kind {
        Happening::Heard { line, .. } if line.starts_with(b"220") => None,
        Happening::Heard { line, .. } => {
            Some((at, line.starts_with(b"5") || line.starts_with(b"454")))
        }
        Happening::NotSecured(failure) => {
            let relay = [
                FailureCause::RelayAlert,
                FailureCause::RelayClosed,
                FailureCause::RelayReset,
                FailureCause::NotTls,
            ];
            Some((at, relay.contains(&failure.cause)))
        }
        Happening::Ended(end) => {
            Some((at, !matches!(end, End::Silence | End::Garbled | End::Ours)))
        }
        _ => None,
    })?;
    decides.then(|| vec![at])
}

fn announces_enhanced(trace: &Trace) -> bool {
    trace.events.iter().any(|event| match &event.kind {
        Happening::Heard { line, .. } => keyword(line).as_deref() == Some("ENHANCEDSTATUSCODES"),
        _ => false,
    })
}

fn status_of(line: &[u8]) -> &str {
    let text = line.get(4..).unwrap_or_default();
    let end = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
    std::str::from_utf8(&text[..end]).unwrap_or_default()
}

fn keyword(line: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(line.get(4..)?).ok()?;
    Some(text.split([' ', '=']).next()?.to_ascii_uppercase())
}

fn meets_dsn(wanted: &DsnExpect, trace: &Trace) -> Met {
    let report = trace.judged().find_map(|(at, event)| match &event.kind {
        Happening::Reported { channel, status, .. } => Some((at, *channel, status)),
        _ => None,
    });
    let Some((at, channel, status)) = report else {
        return Err(undecided("No delivery report arrived."));
    };
    if wanted.in_tls.is_some_and(|in_tls| in_tls != (channel == Channel::Tls)) {
        let how = if channel == Channel::Tls { "inside TLS" } else { "in clear" };
        return Err(witnessed(format!("The delivery report came {how}."), vec![at]));
    }
    let fits = |pattern: &String| crate::requirement::fits(pattern, status);
    if !wanted.status.is_empty() && !wanted.status.iter().any(fits) {
        let expected = wanted.status.join(" or ");
        return Err(fail(format!("The report says {status}, expected: {expected}."), vec![at]));
    }
    Ok(vec![at])
}

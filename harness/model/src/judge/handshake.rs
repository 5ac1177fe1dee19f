//! What the handshake and the relay's hello have to be.

use super::met::{Met, fail, of_peers, secured, undecided, witnessed};
use super::{surplus, tampered};
use crate::expect::{HelloRule, OfferedExpect, TlsExpect, TlsFactsExpect};
use crate::facts::{FailureCause, HelloFacts, Suite, TlsFacts, TlsFailure};
use crate::foreign::Foreign;
use crate::judge::Names;
use crate::offer::{SuiteChoice, SuiteKind};
use crate::trace::{Channel, Event, Happening, Place, Trace};
use crate::wording::fill;

/// What a reason ends with where the trace holds no cause.
pub(super) const NO_CAUSE: &str = "; no cause was observed";

/// Why there was no session, as far as the relay says: what it answered to the message.
fn not_established(trace: &Trace) -> String {
    let refused = trace.judged().find_map(|(_, event)| match &event.kind {
        Happening::Refused { reply, .. } if event.place == Place::Injection => Some(reply),
        _ => None,
    });
    match refused {
        Some(reply) => format!(
            "No TLS session was established; the relay refused the message at submission: `{}`.",
            Foreign::of_bytes(reply).short()
        ),
        None => format!("No TLS session was established{NO_CAUSE}."),
    }
}

pub(super) fn meets_tls(wanted: &TlsExpect, names: &Names, trace: &Trace) -> Met {
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
        TlsExpect::TamperingRefused => tampered::refused(trace),
        TlsExpect::Established | TlsExpect::Facts(_) => {
            let Some((at, facts)) = secured.last() else {
                let good = matches!(wanted, TlsExpect::Facts(facts) if facts.or_refused);
                if let (true, Some(at)) = (good, refusal(trace)) {
                    return Ok(vec![at]);
                }
                let without = || took_in_plaintext(trace).or_else(|| spoke_plaintext(trace));
                return Err(match refusal(trace).or_else(without) {
                    Some(at) => fail("No TLS session was established.", vec![at]),
                    None => undecided(not_established(trace)),
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

fn took_in_plaintext(trace: &Trace) -> Option<usize> {
    let in_plaintext = |event: &Event| {
        matches!(
            event.kind,
            Happening::AcceptedByPeer { channel: Channel::Plaintext }
                | Happening::AcceptedByRelay { channel: Channel::Plaintext }
        )
    };
    of_peers(trace).find(|(_, event)| in_plaintext(event)).map(|(at, _)| at)
}

/// The handshake in which the relay said something that is no TLS where TLS begins.
fn spoke_plaintext(trace: &Trace) -> Option<usize> {
    let no_tls = |event: &Event| matches!(&event.kind, Happening::HandshakeFailed(failure) if failure.cause == FailureCause::NotTls);
    let mut found = of_peers(trace).filter(|(_, event)| no_tls(event)).map(|(at, _)| at);
    found.find(|at| !surplus::before_tls(trace, *at))
}

/// The event in which the relay refused TLS: an alert, a close in the handshake, nothing in common,
/// or 4yz/5yz to STARTTLS other than 421.
fn refusal(trace: &Trace) -> Option<usize> {
    let mut asked = false;
    for (at, event) in of_peers(trace) {
        match &event.kind {
            Happening::HandshakeFailed(TlsFailure {
                cause:
                    FailureCause::RelayAlert
                    | FailureCause::RelayClosed
                    | FailureCause::RelayReset
                    | FailureCause::NothingInCommon,
                ..
            }) => return Some(at),
            Happening::Sent { bytes, .. } => {
                asked = bytes.to_ascii_uppercase().starts_with(b"STARTTLS");
            }
            Happening::Received { line, .. } if asked => {
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
        return Some(format!("The key exchange used the group {group}, expected: {wanted}."));
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
    if let Some(reason) = misses_client(wanted, facts, names) {
        return Some(reason);
    }
    match (wanted.dh_bits_at_least, facts.dh_bits) {
        (Some(least), Some(bits)) if bits < least => {
            Some(format!("The Diffie-Hellman prime has {bits} bits."))
        }
        _ => None,
    }
}

/// Whether the client's certificate is for another name than it has to be.
fn misses_client(wanted: &TlsFactsExpect, facts: &TlsFacts, names: &Names) -> Option<String> {
    let filled = fill(wanted.client_name.as_deref()?, names);
    let leaf = facts.peer.first()?;
    let fits = leaf.names.iter().any(|name| name.raw().eq_ignore_ascii_case(&filled));
    let shown: Vec<_> = leaf.names.iter().map(|name| name.short().to_string()).collect();
    let shown = shown.join(", ");
    (!fits).then(|| format!("The client's certificate is for {shown}, expected: {filled}."))
}

fn misses_name(
    what: &str,
    wanted: Option<&String>,
    seen: Option<&String>,
    names: &Names,
) -> Option<String> {
    let wanted = wanted?;
    let filled = fill(wanted, names);
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

pub(super) fn meets_offered(wanted: &OfferedExpect, names: &Names, trace: &Trace) -> Met {
    // A connection that is used again had its hello with an earlier message.
    let used = |place: &Place| of_peers(trace).any(|(_, event)| event.place == *place);
    let hellos = trace.events.iter().enumerate().filter_map(|(at, event)| match &event.kind {
        Happening::Hello(hello) if used(&event.place) => Some((at, hello.as_ref())),
        _ => None,
    });
    let hellos: Vec<(usize, &HelloFacts)> = hellos.collect();
    if hellos.is_empty() {
        return Err(undecided("The relay sent no ClientHello."));
    }
    for (number, (at, hello)) in hellos.iter().enumerate() {
        let earlier = || {
            let same_peer = |(before, _): &&(usize, &HelloFacts)| same_peer(trace, *before, *at);
            hellos[..number].iter().filter(same_peer).map(|(_, hello)| *hello)
        };
        let malformed =
            || wanted.form.iter().find_map(|rule| super::hello::breaks(*rule, hello, earlier()));
        if let Some(reason) = misses_offer(wanted, hello, names).or_else(malformed) {
            return Err(witnessed(reason, vec![*at]));
        }
    }
    Ok(hellos.iter().map(|(at, _)| *at).collect())
}

fn same_peer(trace: &Trace, one: usize, other: usize) -> bool {
    match (&trace.events[one].place, &trace.events[other].place) {
        (Place::Peer { name: one, .. }, Place::Peer { name: other, .. }) => one == other,
        (one, other) => one == other,
    }
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
    let fits =
        |template: &String| misses_name("SNI", Some(template), hello.sni.as_ref(), names).is_none();
    match &wanted.sni[..] {
        [] => None,
        [only] => misses_name("SNI", Some(only), hello.sni.as_ref(), names),
        several if several.iter().any(fits) => None,
        several => {
            let expected: Vec<_> = several.iter().map(|text| fill(text, names)).collect();
            let seen = hello.sni.as_deref().unwrap_or("none").escape_debug();
            Some(format!("The SNI was {seen}, expected: {}.", expected.join(" or ")))
        }
    }
}

/// That the relay sends no SNI, where a name in it is judged and none is as good: neither kept nor
/// broken.
pub(super) fn without_sni(wanted: Option<&OfferedExpect>, trace: &Trace) -> Option<&'static str> {
    let wanted = wanted?;
    let judges = wanted.form.contains(&HelloRule::SniIsHostName)
        || wanted.sni.iter().any(|template| template == "none") && wanted.sni.len() > 1;
    let mut hellos = trace.events.iter().filter_map(|event| match &event.kind {
        Happening::Hello(hello) => Some(hello),
        _ => None,
    });
    let none = hellos.all(|hello| !hello.extensions.iter().any(|name| name == "server_name"));
    (judges && none).then_some("The relay sends no SNI, so there is no name to judge.")
}

fn choice_name(choice: &SuiteChoice) -> &str {
    match choice {
        SuiteChoice::Kind(SuiteKind::All) => "known",
        SuiteChoice::Kind(kind) => kind.name(),
        SuiteChoice::Named(name) => name,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A hello on connection 1, then another message that is taken on connection `second`.
    fn offered(second: u32) -> Met {
        let event = |connection, kind| Event {
            at: Duration::ZERO,
            place: Place::Peer { name: "mx".into(), connection },
            kind,
        };
        let hello = HelloFacts { sni: Some("mx.test.".into()), ..HelloFacts::default() };
        let next = Event { place: Place::Run, ..event(1, Happening::NextMessage) };
        let took = event(second, Happening::AcceptedByPeer { channel: Channel::Tls });
        let events = vec![event(1, Happening::Hello(Box::new(hello))), next, took];
        let wanted = OfferedExpect { form: vec![HelloRule::SniIsHostName], ..Default::default() };
        meets_offered(&wanted, &Names::new(), &Trace { events })
    }

    fn without(rule: &str, extensions: &[&str]) -> bool {
        let extensions = extensions.iter().map(|name| (*name).to_owned()).collect();
        let hello = HelloFacts { extensions, ..HelloFacts::default() };
        let place = Place::Peer { name: "mx".into(), connection: 1 };
        let kind = Happening::Hello(Box::new(hello));
        let trace = Trace { events: vec![Event { at: Duration::ZERO, place, kind }] };
        let sni: Vec<String> = rule.split_whitespace().map(str::to_owned).collect();
        let wanted = OfferedExpect { sni, ..OfferedExpect::default() };
        without_sni(Some(&wanted), &trace).is_some()
    }

    #[test]
    fn no_sni_where_none_is_as_good_is_said() {
        assert!(without("{mx} none", &["key_share"]));
        assert!(!without("{mx} none", &["server_name"]));
        assert!(!without("none", &["key_share"]));
        assert!(!without("{mx} {domain}", &["key_share"]));
    }

    #[test]
    fn one_of_several_names_is_enough() {
        let names = Names::from([("mx".to_owned(), "mx.test".to_owned())]);
        let sni = vec!["{mx}".to_owned(), "none".to_owned()];
        let wanted = OfferedExpect { sni, ..OfferedExpect::default() };
        let misses = |name: Option<&str>| {
            let hello = HelloFacts { sni: name.map(str::to_owned), ..HelloFacts::default() };
            misses_offer(&wanted, &hello, &names)
        };
        assert_eq!(misses(None), None);
        assert_eq!(misses(Some("MX.test")), None);
        let other = "The SNI was relay.test, expected: mx.test or none.";
        assert_eq!(misses(Some("relay.test")).as_deref(), Some(other));
    }

    #[test]
    fn the_hello_of_a_connection_that_is_used_again_counts() {
        assert!(offered(1).is_err_and(|unmet| unmet.is_witnessed()));
        assert!(offered(2).is_err_and(|unmet| unmet.is_undecided()));
    }
}

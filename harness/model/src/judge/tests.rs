//! What a verdict rests on, case by case.

use std::time::Duration;

use super::*;
use crate::facts::{ClientCertificate, Engine, FailureCause, Suite, TlsFacts, TlsFailure};
use crate::offer::Version;
use crate::scenario::{Known, load};
use crate::trace::{Channel, End, Ending, Event, Place};

const INJECTED: &str = r#"
claim = "It holds."
why = "It matters."
cites = ["id"]
[peer.mx]
script = '''
C: STARTTLS
S: 220 Go ahead
S+: 250 SIZE 1
C & S: <negotiate TLS>
C: EHLO *
'''
[expect]
never = ["injected-reply-used"]
"#;

const SMUGGLED: &str = r#"
claim = "It holds."
why = "It matters."
cites = ["id"]
[peer.client]
script = '''
S: 220
C: STARTTLS
C+: NOOP
S: 220
C & S: <negotiate TLS>
C: XUNKNOWN
'''
[expect]
reply = { code = "5xx", or-ended = true }
"#;

const CHANGES: &str = r#"
claim = "It holds."
why = "It matters."
cites = ["id"]
connector = "domain-validation"
[peer.mx]
cert = ["trusted", "bad"]
script = '''
S: 220 mx
<next connection>
S: 220 mx
'''
[expect]
outcome = "withheld"
never = ["envelope-in-plaintext", "message-in-tls"]
"#;

const COMES_BACK: &str = r#"
claim = "It holds."
why = "It matters."
cites = ["id"]
[peer.mx]
script = '''
S: 421 Not now
<next connection>
S: 220 mx
'''
[expect]
outcome = "delivered-tls"
"#;

#[test]
fn a_relay_that_has_not_come_back_yet_is_not_said_to_stay_away() {
    let waits = Happening::Waiting { reason: "421".into() };
    let first = [Happening::Connected, Happening::Reached { step: 0 }, waits.clone()];
    let verdict =
        |events: &[Happening]| judged("outbound/x", "mx", COMES_BACK, Verdict::Pass, events);
    assert_eq!(verdict(&first), Verdict::Inconclusive);
    let second = [Happening::Connected, Happening::Reached { step: 1 }, waits];
    assert_eq!(verdict(&[&first[..], &second].concat()), Verdict::Fail);
    let gives_up = Happening::Reported {
        channel: Channel::Plaintext,
        action: "failed".into(),
        status: "4.4.7".into(),
        diagnostic: "".into(),
    };
    assert_eq!(verdict(&[&first[..], &[gives_up]].concat()), Verdict::Fail);
}

#[test]
fn a_message_to_the_good_certificate_of_a_host_that_changes_it_is_no_failure() {
    let known = Known {
        requirements: ["id".to_owned()].into(),
        recipes: ["trusted".to_owned(), "bad".to_owned()].into(),
        ..Known::default()
    };
    let scenario = load("outbound/x", "x.toml", CHANGES, &known).unwrap().remove(0);
    let breaks = |connection: u32, channel: Channel| {
        let place = Place::Peer { name: "mx".into(), connection };
        let content = Happening::ReceivedContent { channel, bytes: b"x".to_vec() };
        let trace = Trace { events: vec![Event { at: Duration::ZERO, place, kind: content }] };
        judge(&scenario.cases[0], Level::Must, &Names::new(), &trace, None).forbidden
    };
    assert!(!breaks(1, Channel::Tls));
    assert!(breaks(2, Channel::Tls));
    assert!(breaks(1, Channel::Plaintext));
}

fn verdict(control: Verdict, events: &[Happening]) -> Verdict {
    judged("outbound/x", "mx", INJECTED, control, events)
}

fn judged(id: &str, peer: &str, text: &str, control: Verdict, events: &[Happening]) -> Verdict {
    let known = Known {
        requirements: ["id".to_owned()].into(),
        recipes: ["trusted".to_owned()].into(),
        ..Known::default()
    };
    let scenario = load(id, "x.toml", text, &known).unwrap().remove(0);
    let place = Place::Peer { name: peer.into(), connection: 1 };
    let events = events.iter().map(|kind| Event {
        at: Duration::ZERO,
        place: place.clone(),
        kind: kind.clone(),
    });
    let trace = Trace { events: events.collect() };
    let nothing = Trace::default();
    let control = Control { verdict: control, trace: &nothing };
    judge(&scenario.cases[0], Level::Must, &Names::new(), &trace, Some(control)).verdict
}

#[test]
fn breaking_tls_off_over_an_injected_reply_keeps_the_claim() {
    let failed = Happening::HandshakeFailed(TlsFailure {
        engine: None,
        cause: FailureCause::RelayAlert,
        alert_heard: None,
        alert_said: None,
        detail: String::new(),
    });
    let reached = (0..4).map(|step| Happening::Reached { step });
    let waits = Happening::Waiting { reason: "no TLS".into() };
    let mut events: Vec<_> = [Happening::Connected].into_iter().chain(reached).collect();
    assert_eq!(verdict(Verdict::Pass, &events), Verdict::Inconclusive);
    events.push(waits);
    assert_eq!(verdict(Verdict::Pass, &events), Verdict::Inconclusive);
    events.push(failed);
    assert_eq!(verdict(Verdict::Pass, &events), Verdict::Pass);
    assert_eq!(verdict(Verdict::Fail, &events), Verdict::Inconclusive);
}

#[test]
fn leaving_tls_without_a_word_over_an_injected_reply_keeps_the_claim() {
    let secured = Happening::HandshakeCompleted(Box::new(TlsFacts {
        engine: Engine::Modern,
        version: Version::Tls13,
        suite: Suite { id: 0x1302, name: "TLS_AES_256_GCM_SHA384".into(), kinds: Vec::new() },
        group: None,
        dh_bits: None,
        forward_secrecy: true,
        peer_signature: None,
        peer_key_proven: false,
        sni: None,
        alpn: None,
        resumed: false,
        peer_chain: Vec::new(),
        peer: Vec::new(),
        staple: None,
        client_certificate: ClientCertificate::NotAsked,
        server_extensions: Vec::new(),
    }));
    let verdict = |after: &[Happening]| {
        let reached = (0..4).map(|step| Happening::Reached { step });
        let waits = Happening::Waiting { reason: "no TLS".into() };
        let before = [Happening::Connected, secured.clone(), waits];
        let events: Vec<_> = before.into_iter().chain(reached).chain(after.to_vec()).collect();
        verdict(Verdict::Pass, &events)
    };
    let quit =
        Happening::Received { channel: Channel::Tls, line: "QUIT".into(), ending: Ending::CrLf };
    assert_eq!(verdict(&[Happening::Ended(End::CloseNotify)]), Verdict::Pass);
    assert_eq!(verdict(&[Happening::Ended(End::Ours)]), Verdict::Inconclusive);
    assert_eq!(verdict(&[]), Verdict::Inconclusive);
    let spoke = [quit, Happening::Ended(End::CloseNotify)];
    assert_eq!(verdict(&spoke), Verdict::Inconclusive);
}

#[test]
fn refusing_starttls_with_something_behind_it_keeps_the_claim() {
    let said = |text: &str| Happening::Sent { channel: Channel::Plaintext, bytes: text.into() };
    let heard = |text: &str| Happening::Received {
        channel: Channel::Plaintext,
        line: text.into(),
        ending: Ending::CrLf,
    };
    let verdict = |answer: &str| {
        let reached = |step| Happening::Reached { step };
        let events = [
            Happening::Connected,
            heard("220 hello"),
            reached(0),
            said("STARTTLS\r\n"),
            reached(1),
            heard(answer),
        ];
        judged("inbound/x", "client", SMUGGLED, Verdict::Pass, &events)
    };
    assert_eq!(verdict("500 no pipelining"), Verdict::Pass);
    assert_eq!(verdict("454 not now"), Verdict::Pass);
    assert_eq!(verdict("421 too many"), Verdict::Inconclusive);
    assert_eq!(verdict("220 go ahead"), Verdict::Inconclusive);
}

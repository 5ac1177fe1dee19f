//! What is no failure: a report that is no end, a fault that was never played, a line that the control
//! shows too.

use std::time::Duration;

use super::{Control, Judgement, Names, judge};
use crate::facts::HelloFacts;
use crate::offer::{Offer, Version};
use crate::requirement::Level;
use crate::scenario::{Case, Known, load};
use crate::trace::{Channel, End, Ending, Event, Happening, Place, Trace};
use crate::verdict::Verdict;

fn case(id: &str, body: &str) -> Case {
    let named = |versions: Vec<Version>, group: &str| Offer {
        versions,
        groups: vec![group.to_owned()],
        ..Offer::modern()
    };
    let known = Known {
        requirements: ["id".to_owned()].into(),
        recipes: ["trusted".to_owned()].into(),
        offers: [("p-384".to_owned(), named(vec![Version::Tls13], "p-384"))].into(),
        ..Known::default()
    };
    let text = format!("claim = 'It holds.'\ncites = ['id']\n{body}");
    let loaded = load(id, "x.toml", &text, &known);
    loaded.unwrap_or_else(|wrong| panic!("{}", wrong[0].render(&text))).remove(0).cases.remove(0)
}

fn trace(peer: &str, events: &[Happening]) -> Trace {
    let place = Place::Peer { name: peer.into(), connection: 1 };
    let event =
        |kind: &Happening| Event { at: Duration::ZERO, place: place.clone(), kind: kind.clone() };
    Trace { events: events.iter().map(event).collect() }
}

fn judged(case: &Case, events: &[Happening], control: (Verdict, &[Happening])) -> Judgement {
    let peer = case.peers[0].name.as_str();
    let with = trace(peer, control.1);
    let control = Control { verdict: control.0, trace: &with };
    judge(case, Level::Must, &Names::new(), &trace(peer, events), Some(control))
}

fn heard(channel: Channel, text: &str) -> Happening {
    Happening::Received { channel, line: text.into(), ending: Ending::CrLf }
}

fn said(channel: Channel, text: &str) -> Happening {
    Happening::Sent { channel, bytes: format!("{text}\r\n").into() }
}

fn report(action: &str) -> Happening {
    let (status, diagnostic) = ("4.7.0".into(), "".into());
    Happening::Reported { channel: Channel::Plaintext, action: action.into(), status, diagnostic }
}

const PASSED: (Verdict, &[Happening]) = (Verdict::Pass, &[]);

#[test]
fn a_report_of_a_delay_is_no_end() {
    let bounces = case("outbound/x", "[expect]\noutcome = 'bounced'\ndsn = { status = '4.7.*' }\n");
    let waits = Happening::Waiting { reason: "no TLS".into() };
    let verdict = |more: &[Happening]| {
        let events = [&[Happening::Connected, report("delayed")][..], more].concat();
        judged(&bounces, &events, PASSED).verdict
    };
    assert_eq!(verdict(&[]), Verdict::Inconclusive);
    assert_eq!(verdict(&[waits]), Verdict::Inconclusive);
    assert_eq!(verdict(&[Happening::Deadline]), Verdict::Inconclusive);
    assert_eq!(verdict(&[report("failed")]), Verdict::Pass);
}

#[test]
fn one_of_several_ends_is_waited_for() {
    let wanted = "[expect]\noutcome = ['delivered-tls', 'bounced']\n";
    let waits = Happening::Waiting { reason: "no TLS".into() };
    let judgement = judged(&case("outbound/x", wanted), &[Happening::Connected, waits], PASSED);
    assert_eq!(judgement.verdict, Verdict::Inconclusive, "{}", judgement.reason);
}

#[test]
fn too_few_attempts_are_no_failure_while_the_message_waits() {
    let again = "[expect]\noffered = { form = 'suites-once' }\nattempts = 2\n";
    let again = case("outbound/x", again);
    let hello = || Happening::Hello(Box::default());
    let waits = Happening::Waiting { reason: "no TLS".into() };
    let verdict = |end| judged(&again, &[Happening::Connected, hello(), end], PASSED).verdict;
    assert_eq!(verdict(waits), Verdict::Inconclusive);
    assert_eq!(verdict(report("failed")), Verdict::Pass);
}

#[test]
fn a_fault_that_was_never_played_fails_nothing() {
    let faulted =
        "[peer.client]\nfaults = ['plaintext-inside-tls']\n[expect]\noutcome = 'rejected'\n";
    let faulted = case("inbound/x", faulted);
    let played = Happening::Faulted("plaintext-inside-tls".into());
    let taken = Happening::AcceptedByRelay { channel: Channel::Plaintext };
    for control in [Verdict::Pass, Verdict::Fail] {
        let verdict = |events: &[Happening]| judged(&faulted, events, (control, &[])).verdict;
        assert_eq!(verdict(&[Happening::Connected, taken.clone()]), Verdict::Inconclusive);
        assert_eq!(verdict(&[Happening::Connected, played.clone(), taken.clone()]), Verdict::Fail);
    }
}

#[test]
fn leaving_the_script_at_its_last_line_is_the_finding() {
    let greets =
        "[peer.mx]\nscript = '''\nS: 220 x\nC: EHLO *\n'''\n[expect]\noutcome = 'deferred'\n";
    let greets = case("outbound/x", greets);
    let waits = Happening::Waiting { reason: "no TLS".into() };
    let begun = [Happening::Connected, Happening::Reached { step: 0 }];
    let verdict = |more: &[Happening]| {
        let events = [&begun[..], more, std::slice::from_ref(&waits)].concat();
        judged(&greets, &events, PASSED)
    };
    let left = [heard(Channel::Plaintext, "HELO x"), Happening::Diverged { step: 1 }];
    let judgement = verdict(&left);
    assert_eq!(judgement.verdict, Verdict::Fail);
    assert_eq!(judgement.reason, "The relay sent `HELO x`, expected: `C: EHLO *`.");
    assert_eq!(verdict(&[Happening::Ended(End::Fin)]).verdict, Verdict::Inconclusive);
}

#[test]
fn what_the_control_shows_too_is_no_evidence() {
    let injected = "[peer.client]\nscript = '''\nS: 220\nC: STARTTLS\nC+: NOOP\nS: 220\n\
        C & S: <negotiate TLS>\nC: XUNKNOWN\n'''\n[expect]\nreply = '5xx'\nnever = 'injected-answer'\n";
    let injected = case("inbound/x", injected);
    let (clear, tls) = (Channel::Plaintext, Channel::Tls);
    let begun = || vec![Happening::Connected, heard(clear, "220 x"), said(clear, "STARTTLS")];
    let reached = (0..6).map(|step| Happening::Reached { step });
    let last = [said(tls, "XUNKNOWN"), Happening::Finished];
    let early = Happening::UnexpectedBytes { channel: tls, bytes: b"500 no\r\n".to_vec() };
    let one_behind = [heard(tls, "250 ready"), said(tls, "QUIT"), heard(tls, "500 no")];
    let events = [begun(), reached.collect(), last.to_vec(), one_behind.to_vec(), vec![early]];
    let events = events.concat();
    let control = [begun(), vec![heard(tls, "250 ready"), said(tls, "EHLO"), heard(tls, "250 x")]];
    let control = control.concat();
    let judgement = judged(&injected, &events, (Verdict::Pass, &control));
    assert_eq!(judgement.verdict, Verdict::Pass, "{}", judgement.reason);
    let quiet = [begun(), vec![said(tls, "EHLO"), heard(tls, "250 x")]].concat();
    assert_eq!(judged(&injected, &events, (Verdict::Pass, &quiet)).verdict, Verdict::Fail);
}

#[test]
fn a_flight_that_the_hello_rules_out_is_skipped() {
    let tampering = "[peer.mx]\noffer = 'p-384'\ntampers = 'retry-twice'\n[expect]\ntls = 'tampering-refused'\n";
    let tampering = case("outbound/x", tampering);
    let hello = |version, group: &str| {
        let facts = HelloFacts {
            versions: vec![version],
            groups: vec![group.to_owned()],
            ..HelloFacts::default()
        };
        let events = [Happening::Connected, Happening::Hello(Box::new(facts))];
        judged(&tampering, &events, (Verdict::Fail, &[])).verdict
    };
    assert_eq!(hello(Version::Tls13, "x25519"), Verdict::Skipped);
    assert_eq!(hello(Version::Tls12, "p-384"), Verdict::Skipped);
    assert_eq!(hello(Version::Tls13, "p-384"), Verdict::Inconclusive);
}

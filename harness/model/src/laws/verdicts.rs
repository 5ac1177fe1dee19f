//! Laws of the judge.

use proptest::prelude::*;

use super::files::known;
use super::traces::{happening, leak, peer, place, silence, trace_of, with};
use crate::expect::Never;
use crate::judge::{Control, Judgement, Names, breaches, judge};
use crate::limits::Bound;
use crate::requirement::Level;
use crate::scenario::{Case, load};
use crate::trace::{Happening, Trace};
use crate::verdict::Verdict;

const SCRIPT: &str = "[peer.mx]\nscript = '''\nS: 220 {mx}\nC: EHLO *\n'''\n";
const INBOUND: &str = "[peer.client]\nscript = '''\nS: 220\nC: EHLO {sender}\n'''\n";

/// Cases of every kind: folder, peer and expectation.
fn cases() -> Vec<Case> {
    let rows = [
        ("outbound", SCRIPT, "outcome = 'withheld'\nnever = ['envelope-in-plaintext']"),
        ("outbound", "", "outcome = 'withheld'\nnever = ['envelope-in-plaintext']"),
        ("outbound", "", "never = ['envelope-in-plaintext']"),
        ("outbound", "", "outcome = 'delivered-tls'\nnever = ['envelope-in-plaintext']"),
        ("outbound", "", "tls = 'refused'\nnever = ['envelope-in-plaintext']"),
        (
            "outbound",
            "[peer.mx]\noffer = { versions = ['1.2'] }\ntampers = 'second-server-hello'\n",
            "tls = 'tampering-refused'\nnever = ['envelope-in-plaintext']",
        ),
        ("outbound", "", "tls = { version = '>=1.2', client-certificate = 'shown', sni = '{mx}' }"),
        ("outbound", "", "offered = { versions.always = ['1.2'], suites.never = ['null'] }"),
        ("outbound", "", "attempts = 1\nvisited = ['mx']\naccepted-by = 'mx'"),
        ("outbound", "", "dsn = { status = '5.7.*', channel = 'tls' }"),
        ("inbound", INBOUND, "reply = { code = '250', lists = 'STARTTLS' }"),
        ("inbound", INBOUND, "reply = { code = '5xx', or-ended = true }"),
        ("inbound", INBOUND, "tls = 'refused'\nnever = 'injected-answer'"),
        ("inbound", "", "outcome = ['rejected', 'delivered-tls']"),
    ];
    let case = |(folder, peer, expect): (&str, &str, &str)| {
        let text = format!("claim = 'It keeps it.'\ncites = ['one']\n{peer}[expect]\n{expect}\n");
        let loaded = load(&format!("{folder}/x"), "x.toml", &text, &known());
        loaded
            .unwrap_or_else(|wrong| panic!("{}", wrong[0].render(&text)))
            .remove(0)
            .cases
            .remove(0)
    };
    rows.into_iter().map(case).collect()
}

fn case() -> impl Strategy<Value = Case> {
    prop::sample::select(cases())
}

fn level() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::Must), Just(Level::Should), Just(Level::Info)]
}

fn control() -> impl Strategy<Value = Option<Verdict>> {
    prop::option::of(prop::sample::select(Verdict::ALL.to_vec()))
}

fn judged(case: &Case, level: Level, trace: &Trace, control: Option<Verdict>) -> Judgement {
    let nothing = Trace::default();
    let control = control.map(|verdict| Control { verdict, trace: &nothing });
    judge(case, level, &Names::from([("mx".into(), "mx.test".into())]), trace, control)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_went_in_plaintext_is_no_pass_whatever_else_is_there(
        case in case().prop_filter("leaks are forbidden", |case| {
            case.expect.never.contains(&Never::EnvelopeInPlaintext)
        }),
        level in level(), trace in trace_of(happening()), control in control(),
        at in 0_usize..24, place in peer(), leak in leak(),
    ) {
        // Of several messages the last one is judged.
        let at = at.max(trace.judged_from() + 1);
        let judgement = judged(&case, level, &with(&trace, at, place, leak), control);
        let expected = if level == Level::Info { Verdict::Observed } else { Verdict::Fail };
        prop_assert_eq!(judgement.verdict, expected, "{}", judgement.reason);
        prop_assert!(!judgement.evidence.is_empty());
    }

    #[test]
    fn our_own_trouble_makes_an_error_and_never_a_pass(
        case in case(), level in level(), trace in trace_of(happening()), control in control(),
        at in 0_usize..24, place in place(),
    ) {
        let troubled = with(&trace, at, place, Happening::HarnessError("x".into()));
        prop_assert_eq!(judged(&case, level, &troubled, control).verdict, Verdict::Error);
    }

    #[test]
    fn a_bound_of_ours_makes_no_pass_and_no_failure_but_for_what_was_exposed(
        case in case(), level in level(), trace in trace_of(happening()), control in control(),
        at in 0_usize..24, place in place(),
    ) {
        let cut = Happening::Cut { bound: Bound::Reply, events: 0, octets: 0 };
        let cut = with(&trace, at, place, cut);
        let judgement = judged(&case, level, &cut, control);
        if judgement.verdict != Verdict::Inconclusive {
            // Then it is what it would be without it.
            prop_assert_ne!(judgement.verdict, Verdict::Pass);
            prop_assert!(!judgement.evidence.is_empty());
            let breach = case.expect.never.iter().any(|n| !breaches(*n, &trace.events).is_empty());
            prop_assert!(breach, "{}", judgement.reason);
        }
    }

    #[test]
    fn silence_is_no_pass_and_no_failure(
        case in case(), level in level(), trace in trace_of(silence()), control in control(),
    ) {
        let judgement = judged(&case, level, &trace, control);
        prop_assert_eq!(judgement.verdict, Verdict::Inconclusive, "{}", judgement.reason);
    }

    #[test]
    fn without_a_good_control_nothing_passes(
        case in case(), level in level(), trace in trace_of(happening()),
        control in prop::sample::select(Verdict::ALL[1..].to_vec()),
    ) {
        prop_assert_ne!(judged(&case, level, &trace, Some(control)).verdict, Verdict::Pass);
    }

    #[test]
    fn a_stored_trace_has_the_same_verdict(
        case in case(), level in level(), trace in trace_of(happening()), control in control(),
    ) {
        let stored = serde_json::to_string(&trace).expect("a trace can be stored");
        let read: Trace = serde_json::from_str(&stored).expect("a stored trace can be read");
        prop_assert_eq!(&read, &trace);
        let judgement = judged(&case, level, &trace, control);
        prop_assert!(judgement.evidence.iter().all(|at| *at < trace.events.len()));
        prop_assert!(judgement.reason.ends_with('.'), "{}", judgement.reason);
        prop_assert_eq!(judged(&case, level, &read, control), judgement);
    }
}

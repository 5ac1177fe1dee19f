//! What the relay itself said about a message whose case says nothing, or ended otherwise than
//! expected.

use super::Judgement;
use crate::expect::Outcome;
use crate::foreign::Foreign;
use crate::scenario::Case;
use crate::trace::{Happening, Place, Trace};
use crate::verdict::Verdict;

/// Adds the relay's last words to a reason that says nothing of them. Only with a configuration of the
/// user's: whoever wrote it can do something about them, and names and numbers in them differ from run
/// to run.
pub(super) fn add(case: &Case, trace: &Trace, judgement: &mut Judgement) {
    let unexpected = judgement.outcome.is_none_or(|outcome| !outcome.delivered());
    let open = match judgement.verdict {
        Verdict::Inconclusive => unexpected,
        Verdict::Fail => unexpected && !judgement.forbidden && awaited_delivery(case),
        _ => false,
    };
    if case.placement.is_none() || !open {
        return;
    }
    let Some(words) = last_words(trace) else { return };
    if judgement.reason.contains(&words) {
        return;
    }
    let reason = judgement.reason.trim_end_matches('.');
    let reason = reason.strip_suffix(super::handshake::NO_CAUSE).unwrap_or(reason);
    judgement.reason = format!("{reason}; {words}.");
}

fn awaited_delivery(case: &Case) -> bool {
    case.expect.outcome.contains(&Outcome::DeliveredTls)
}

/// The reply that refused the message, the report that gave it back, the words of the log, the reason in
/// the queue, or the name that was not found.
fn last_words(trace: &Trace) -> Option<String> {
    let last = |words: &dyn Fn(&Place, &Happening) -> Option<String>| {
        let events = trace.judged().filter_map(|(_, event)| words(&event.place, &event.kind));
        events.last()
    };
    last(&refusal)
        .or_else(|| last(&report))
        .or_else(|| last(&log))
        .or_else(|| last(&queue))
        .or_else(|| last(&not_found))
}

fn refusal(place: &Place, kind: &Happening) -> Option<String> {
    match kind {
        Happening::Refused { reply, .. } if *place == Place::Injection => {
            let reply = Foreign::of_bytes(reply);
            Some(format!("the relay refused the message at submission: `{}`", reply.short()))
        }
        _ => None,
    }
}

fn report(_: &Place, kind: &Happening) -> Option<String> {
    let Happening::Reported { action, status, diagnostic, .. } = kind else { return None };
    let said: Vec<String> = [status, diagnostic]
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(|text| text.short().to_string())
        .collect();
    let said = if said.is_empty() { action.to_string() } else { said.join(" ") };
    Some(format!("the relay's report says `{said}`"))
}

fn log(_: &Place, kind: &Happening) -> Option<String> {
    let Happening::Logged { words } = kind else { return None };
    Some(format!("the relay's log says `{}`", words.short()))
}

fn queue(_: &Place, kind: &Happening) -> Option<String> {
    let Happening::Waiting { reason } = kind else { return None };
    (!reason.is_empty()).then(|| format!("it waits in the relay: {}", reason.short()))
}

fn not_found(place: &Place, kind: &Happening) -> Option<String> {
    match kind {
        Happening::DnsQuery { name, record, answer }
            if *place == Place::Dns
                && answer == "NXDOMAIN"
                && matches!(record.as_str(), "A" | "AAAA" | "MX") =>
        {
            let name = Foreign::from(name.as_str());
            Some(format!("the relay looked for {name}, which does not exist in the lab"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::trace::{Channel, Event};

    fn words(happenings: Vec<(Place, Happening)>) -> Option<String> {
        let event = |(place, kind)| Event { at: Duration::ZERO, place, kind };
        last_words(&Trace { events: happenings.into_iter().map(event).collect() })
    }

    fn asked(name: &str, answer: &str) -> (Place, Happening) {
        let (name, record, answer) = (name.into(), "A".into(), answer.into());
        (Place::Dns, Happening::DnsQuery { name, record, answer })
    }

    #[test]
    fn the_relay_has_the_last_word_wherever_it_said_it() {
        let channel = Channel::Plaintext;
        let refused = (
            Place::Injection,
            Happening::Refused { channel, reply: b"554 5.7.1 Relay access denied".to_vec() },
        );
        let reported = (
            Place::Sender,
            Happening::Reported {
                channel,
                action: "failed".into(),
                status: "5.4.4".into(),
                diagnostic: "x; Host not found\u{1b}[2J".into(),
            },
        );
        let configuration = "451 4.3.5 Server configuration error".into();
        let logged = (Place::Run, Happening::Logged { words: configuration });
        let waits = (Place::Run, Happening::Waiting { reason: "TLS is required".into() });
        for (happenings, said) in [
            (
                vec![asked("gw.a.example", "NXDOMAIN")],
                "the relay looked for gw.a.example, which does not exist in the lab",
            ),
            (
                vec![waits.clone(), asked("gw.a.example", "NXDOMAIN")],
                "it waits in the relay: TLS is required",
            ),
            (
                vec![logged, waits, asked("gw.a.example", "NXDOMAIN")],
                "the relay's log says `451 4.3.5 Server configuration error`",
            ),
            (vec![reported.clone()], r"the relay's report says `5.4.4 x; Host not found\u{1b}[2J`"),
            (
                vec![reported, refused],
                "the relay refused the message at submission: `554 5.7.1 Relay access denied`",
            ),
        ] {
            assert_eq!(words(happenings).as_deref(), Some(said));
        }
        assert_eq!(words(vec![asked("gw.a.example", "NOERROR 1")]), None);
    }
}

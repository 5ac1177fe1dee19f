//! A trace as dialogue, in the notation of the scenarios.

use waxseal_model::alert::alert_name;
use waxseal_model::facts::{
    AnswerFacts, ClientCertificate, HelloFacts, Speaker, TamperReaction, TicketFacts, TlsFacts,
    TlsFailure,
};
use waxseal_model::foreign::{Foreign, printable};
use waxseal_model::limits::Bound;
use waxseal_model::scenario::Tampering;
use waxseal_model::script::{Direction, speakers};
use waxseal_model::trace::{Channel, End, Ending, Event, Happening, Place, Trace};

use super::hello::{hello_lines, same_offer};

/// The dialogue of a case, connection by connection in the order of time. `marked` events, on which
/// the judgement rests, carry an arrow. Bytes of the relay are escaped: they are hostile in a terminal.
pub fn transcript(direction: Direction, trace: &Trace, marked: &[usize]) -> String {
    let mut text = String::new();
    let mut place = None;
    let mut offered: Option<&HelloFacts> = None;
    for (at, event) in trace.events.iter().enumerate() {
        let Some(mut lines) = lines(direction, event) else { continue };
        if let Happening::Hello(hello) = &event.kind {
            lines = match offered {
                Some(before) if same_offer(before, hello) => vec!["(the same ClientHello)".into()],
                // In full where the judgement rests on it.
                _ => hello_lines(hello, marked.contains(&at)),
            };
            lines[0].insert_str(0, "C: ");
            offered = Some(hello);
        }
        if place != Some(&event.place) {
            text.push_str(&format!("  [{}]\n", title(&event.place)));
            place = Some(&event.place);
        }
        for (number, line) in lines.iter().enumerate() {
            let mark = if number == 0 && marked.contains(&at) { "->" } else { "  " };
            text.push_str(&format!("{mark}  {}\n", printable(line)));
        }
    }
    text
}

fn title(place: &Place) -> String {
    match place {
        Place::Dns => "resolver".into(),
        Place::Injection => "the message is submitted to the relay".into(),
        Place::Peer { name, connection } => {
            format!("{}, connection {connection}", printable(name))
        }
        Place::Sender => "mailbox of the sender".into(),
        Place::Run => "run".into(),
    }
}

fn lines(direction: Direction, event: &Event) -> Option<Vec<String>> {
    // At the injection we are the client, whatever the direction of the case.
    let direction = match event.place {
        Place::Injection => Direction::Inbound,
        Place::Sender => Direction::Outbound,
        _ => direction,
    };
    let (ours, theirs) = speakers(direction);
    let one = |text: String| Some(vec![text]);
    match &event.kind {
        Happening::DnsQuery { name, record, answer } => {
            one(format!("{} {}: {}", printable(record), printable(name), printable(answer)))
        }
        Happening::Connected => one("(connected)".into()),
        Happening::NotConnected(text) => one(format!("(not connected: {text})")),
        Happening::Sent { channel, bytes } => {
            Some(show(bytes).into_iter().map(|l| format!("{ours}{}: {l}", lock(channel))).collect())
        }
        Happening::Received { channel, line, ending } => {
            let text = Foreign::of_bytes(line).short();
            one(format!("{theirs}{}: {text}{}", lock(channel), mark(*ending)))
        }
        Happening::ReceivedContent { channel, bytes } => {
            one(format!("{theirs}{}: (message of {} octets)", lock(channel), bytes.len()))
        }
        Happening::UnexpectedBytes { channel, bytes } => one(format!(
            "{theirs}{}: {} (unexpected)",
            lock(channel),
            Foreign::of_bytes(bytes).short()
        )),
        Happening::Reached { .. } | Happening::Finished => None,
        Happening::Diverged { .. } => one("(the relay departs from the script)".into()),
        Happening::Faulted(name) => one(format!("{ours}: (fault {})", printable(name))),
        Happening::Hello(hello) => Some(hello_lines(hello, false)),
        Happening::WroteHello(words) => {
            one(format!("C: (hand-written ClientHello: {})", printable(words)))
        }
        Happening::Answered(facts) => one(answered(facts)),
        Happening::ViolationAccepted(name) => {
            one(format!("{theirs}: (accepts the violation {})", printable(name)))
        }
        Happening::Tampered { tampering, answer, version } => Some(vec![
            format!("{ours}: (flight of {version}: {})", clause(tampering)),
            tampering_answer(theirs, answer),
        ]),
        Happening::Ticket(ticket) => one(self::ticket(ticket)),
        Happening::HandshakeCompleted(facts) => one(secured(facts)),
        Happening::HandshakeFailed(failure) => one(not_secured(failure)),
        Happening::NextMessage => one("(the next message)".into()),
        Happening::Alerted(alert) => one(match alert.by {
            Speaker::Relay => format!("{theirs}: (TLS alert {})", alert_words(alert.description)),
            Speaker::Peer => format!("{ours}: (TLS alert {})", alert_words(alert.description)),
        }),
        Happening::AcceptedByPeer { channel } => {
            one(format!("(accepted the message {})", side(channel)))
        }
        Happening::AcceptedByRelay { .. } => one("(the relay accepted the message)".into()),
        Happening::Refused { reply, .. } => one(refused(&event.place, reply)),
        Happening::Reported { channel, action, status, diagnostic } => one(format!(
            "(report, {}: {} {} {})",
            side(channel),
            action.short(),
            status.short(),
            diagnostic.short()
        )),
        Happening::Cut { bound, events, octets } => one(cut(*bound, *events, *octets)),
        Happening::LostFromQueue => one("(the message is no longer in the relay's queue)".into()),
        Happening::Logged { words } => one(format!("(the relay's log: {})", words.short())),
        Happening::Waiting { reason } => one(format!("(waits: {})", reason.short())),
        Happening::Ended(end) => one(ended(*end).into()),
        Happening::NotPlayed { control } => {
            one(format!("(not played: the relay was silent on {})", printable(control)))
        }
        Happening::Deadline => one("(the time allowed ran out)".into()),
        Happening::HarnessError(text) => {
            one(format!("(internal error in waxseal: {})", printable(text)))
        }
    }
}

/// What stands behind the speaker of a line inside TLS.
fn lock(channel: &Channel) -> &'static str {
    if *channel == Channel::Tls { "*" } else { "" }
}

/// How a line ended, where that is worth a word.
fn mark(ending: Ending) -> &'static str {
    match ending {
        Ending::CrLf => "",
        Ending::Lf => "<LF>",
        Ending::Cr => "<CR>",
        Ending::None => "<no ending>",
    }
}

fn refused(place: &Place, reply: &[u8]) -> String {
    match place {
        // A command's reply stands nowhere else.
        Place::Injection if !reply.is_empty() => {
            format!("(the relay refused the message: {})", Foreign::of_bytes(reply).short())
        }
        _ => "(the relay refused the message)".into(),
    }
}

fn ended(end: End) -> &'static str {
    match end {
        End::CloseNotify => "(the relay ended the connection with close_notify)",
        End::Fin => "(the relay ended the connection)",
        End::Reset => "(the connection was reset)",
        End::Alert => "(the relay ended the session with a TLS alert)",
        End::Garbled => "(what came is no part of the TLS session; we ended the connection)",
        End::Ours => "(we ended the connection)",
        End::Silence => "(silence; we ended the connection)",
    }
}

/// What is missing, where it is missing.
fn cut(bound: Bound, events: u64, octets: u64) -> String {
    let missing = match (events, octets) {
        (0, 0) => String::new(),
        (0, octets) => format!("; {octets} octets"),
        (events, octets) => format!("; {events} events with {octets} octets are left out here"),
    };
    format!("(a limit of waxseal: {}{missing})", bound.sentence())
}

fn clause(tampering: &str) -> String {
    match Tampering::from_name(tampering) {
        Some(tampering) => tampering.clause().to_owned(),
        None => format!("tampered, {}", printable(tampering)),
    }
}

/// The name of an alert, or its number where it has none.
fn alert_words(description: u8) -> String {
    alert_name(description).map_or_else(|| description.to_string(), str::to_owned)
}

fn tampering_answer(theirs: &str, answer: &TamperReaction) -> String {
    match answer {
        TamperReaction::WentOn(with) => format!("{theirs}: (continues: {})", printable(with)),
        TamperReaction::Alert(code) => {
            format!("{theirs}: (refuses it: TLS alert {})", alert_words(*code))
        }
        TamperReaction::Closed => format!("{theirs}: (closes the connection before it continues)"),
        TamperReaction::Reset => format!("{theirs}: (resets the connection before it continues)"),
        TamperReaction::Unclear => {
            format!("{theirs}: (closes the connection, reason unclear)")
        }
        TamperReaction::Silence => format!("{theirs}: (sends nothing more)"),
        TamperReaction::NotApplicable(why) => format!("(sent as it was: {})", printable(why)),
    }
}

fn side(channel: &Channel) -> &'static str {
    if *channel == Channel::Tls { "inside TLS" } else { "in plaintext" }
}

fn secured(facts: &TlsFacts) -> String {
    let group = facts.group.as_deref().unwrap_or("no group");
    let certificate = match facts.client_certificate {
        ClientCertificate::NotAsked => "",
        ClientCertificate::NotShown => ", no client certificate",
        ClientCertificate::Shown => ", client certificate shown",
    };
    format!(
        "C & S: <negotiate TLS> ({}, {}, {group}{certificate}{})",
        facts.version,
        facts.suite.name,
        if facts.resumed { ", resumed" } else { "" }
    )
}

fn not_secured(failure: &TlsFailure) -> String {
    let whose = |who: &str, code: Option<u8>| {
        code.map(|code| format!(", {who} alert {}", alert_words(code))).unwrap_or_default()
    };
    format!(
        "C & S: (no TLS: {}{}{})",
        printable(&failure.detail),
        whose("relay's", failure.alert_heard),
        whose("our", failure.alert_said)
    )
}

fn ticket(facts: &TicketFacts) -> String {
    format!(
        "S: ({} of {}, {} seconds, {} octets of early data)",
        if facts.ticket { "ticket" } else { "session id" },
        facts.version,
        facts.lifetime,
        facts.early_data
    )
}

fn answered(facts: &AnswerFacts) -> String {
    let kind = if facts.retry { "HelloRetryRequest" } else { "ServerHello" };
    let suite = facts.suite.as_ref().map(|suite| suite.name.clone());
    let words = [
        Some(facts.version_name()),
        suite,
        facts.group.clone(),
        facts.alpn.as_ref().map(|name| format!("ALPN {}", printable(name))),
        (facts.compression != 0).then(|| format!("compression {}", facts.compression)),
        facts.downgrade_sentinel.then(|| "downgrade sentinel".into()),
        (!facts.extensions.is_empty()).then(|| facts.extensions.join(" ")),
    ];
    format!("S: ({kind}: {})", words.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn show(bytes: &[u8]) -> Vec<String> {
    let body = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
    let lines: Vec<_> = body.split(|byte| *byte == b'\n').collect();
    let text = |line: &[u8]| {
        Foreign::of_bytes(line.strip_suffix(b"\r").unwrap_or(line)).short().to_string()
    };
    if lines.len() > 6 {
        return vec![format!("(message of {} octets)", bytes.len())];
    }
    lines.into_iter().map(text).collect()
}

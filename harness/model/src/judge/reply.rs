//! What the reply to the last line of a script has to be.

use super::line::{ends_reply, keyword};
use super::met::{Met, Unmet, fail, of_peers, secured, undecided, witnessed};
use super::surplus::{self, second_greeting};
use crate::expect::ReplyExpect;
use crate::facts::FailureCause;
use crate::trace::{Channel, End, Event, Happening, Trace};

/// The reply to the script's last line: what came first after the script was finished, but for a
/// second greeting and the `unasked` replies that a relay sends inside TLS whatever happens.
pub(super) fn meets_reply(wanted: &ReplyExpect, trace: &Trace, unasked: usize) -> Met {
    let finished = trace.events.iter().position(|event| event.kind == Happening::Finished);
    let Some(finished) = finished else {
        let broke_off = broke_off_at_starttls(trace).filter(|_| wanted.or_ended);
        return broke_off.ok_or_else(|| undecided("The script was never played to its end."));
    };
    let mut evidence = Vec::new();
    let mut from = behind_unasked(trace, finished + 1, unasked);
    for code in &wanted.before {
        let reply = match next_reply(trace, from)? {
            Next::Reply(reply) => reply,
            Next::Ended(at) if wanted.or_ended => return Ok(vec![at]),
            Next::Ended(at) => return Err(ended_instead(at)),
        };
        evidence.extend(&reply.evidence);
        if !code.matches_reply(&reply.lines) {
            let shown = reply.lines.last().map(|line| shown(line)).unwrap_or_default();
            let reason = format!("The relay answered `{shown}` first, expected: {code}.");
            return Err(fail(reason, evidence));
        }
        from = reply.next;
    }
    let reply = match next_reply(trace, from)? {
        Next::Reply(reply) => reply,
        Next::Ended(at) if wanted.or_ended => return Ok(vec![at]),
        Next::Ended(at) => return Err(ended_instead(at)),
    };
    evidence.extend(&reply.evidence);
    let lines = reply.lines;
    let Some(last) = lines.last() else {
        return Err(undecided("The relay did not answer."));
    };
    let shown = shown(last);
    if wanted.code.as_ref().is_some_and(|code| !code.matches_reply(&lines)) {
        let code = wanted.code.as_ref().map(ToString::to_string).unwrap_or_default();
        if evidence.last().is_some_and(|at| surplus::around(trace, *at)) {
            return Err(undecided(
                "The relay sends replies that no command asked for, so no reply can be matched to its command.",
            ));
        }
        // A refusal may have a cause that has nothing to do with the claim; a reply that takes what
        // has to be refused has none.
        let taken = lines.last().is_some_and(|line| line.first() == Some(&b'2'));
        let reason = format!("The relay answered `{shown}`, expected: {code}.");
        let wrong = if taken { witnessed } else { fail };
        return Err(wrong(reason, evidence));
    }
    if let Some(enhanced) = &wanted.enhanced
        && announces_enhanced(trace)
        && !crate::requirement::fits(enhanced, status_of(last))
    {
        let reason = format!("The relay answered `{shown}` without the code {enhanced}.");
        return Err(fail(reason, evidence));
    }
    let listing = !wanted.lists.is_empty() || !wanted.lacks.is_empty();
    // A refusal that the scenario allows lists nothing.
    let allowed = wanted.lists.is_empty() && wanted.code.is_some();
    if listing && !allowed && !last.starts_with(b"2") {
        return Err(fail(format!("The relay answered `{shown}` without a list."), evidence));
    }
    let keywords: Vec<String> = lines.iter().filter_map(|line| keyword(line)).collect();
    if let Some(missing) = wanted.lists.iter().find(|name| !keywords.contains(name)) {
        return Err(witnessed(format!("The reply does not list {missing}."), evidence));
    }
    if let Some(listed) = wanted.lacks.iter().find(|name| lists(&lines, name)) {
        return Err(witnessed(format!("The reply lists {listed}."), evidence));
    }
    Ok(evidence)
}

/// Where the replies that were asked for begin: inside TLS a relay that sends some unasked is so many
/// behind from its first word on.
fn behind_unasked(trace: &Trace, from: usize, unasked: usize) -> usize {
    let in_tls =
        |event: &Event| matches!(event.kind, Happening::Received { channel: Channel::Tls, .. });
    if unasked == 0 || trace.events[..from].iter().any(in_tls) {
        return from;
    }
    let ends =
        |event: &Event| matches!(&event.kind, Happening::Received { line, .. } if ends_reply(line));
    let replies = trace.events.iter().enumerate().skip(from);
    let mut replies = replies.filter(|(_, event)| in_tls(event) && ends(event));
    let Some((last, _)) = replies.nth(unasked - 1) else { return from };
    // Our next word was said in the belief that this was the reply.
    let heard = |event: &Event| matches!(event.kind, Happening::Received { .. });
    trace.events.iter().skip(last + 1).position(heard).map_or(last + 1, |at| last + 1 + at)
}

/// One reply of the relay.
struct Reply {
    /// Without endings; never empty.
    lines: Vec<Vec<u8>>,
    evidence: Vec<usize>,
    /// The event behind it.
    next: usize,
}

/// What the relay did where a reply was due.
enum Next {
    Reply(Reply),
    /// It ended the connection, in this event.
    Ended(usize),
}

/// What came first from this event on; nothing came before our next word: undecided.
fn next_reply(trace: &Trace, from: usize) -> Result<Next, Unmet> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut evidence = Vec::new();
    for (at, event) in trace.events.iter().enumerate().skip(from) {
        match &event.kind {
            Happening::Received { .. } if second_greeting(trace, at) => {}
            Happening::Received { line, .. } => {
                evidence.push(at);
                lines.push(line.clone());
                if ends_reply(line) {
                    return Ok(Next::Reply(Reply { lines, evidence, next: at + 1 }));
                }
            }
            Happening::Sent { .. }
            | Happening::HandshakeCompleted(_)
            | Happening::HandshakeFailed(_) => break,
            Happening::Ended(End::Silence | End::Garbled | End::Ours) => break,
            Happening::Ended(_) => return Ok(Next::Ended(at)),
            _ => {}
        }
    }
    Err(undecided("The relay did not answer."))
}

fn ended_instead(at: usize) -> Unmet {
    fail("The relay ended the connection instead of answering.", vec![at])
}

fn shown(line: &[u8]) -> String {
    crate::foreign::Foreign::of_bytes(line).short().to_string()
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
            Happening::Sent { bytes, .. } => bytes.as_slice(),
            _ => return false,
        };
        said.get(..8).is_some_and(|verb| verb.eq_ignore_ascii_case(b"STARTTLS"))
    };
    let mut after = of_peers(trace).skip_while(|(_, event)| !starttls(event));
    let (at, decides) = after.find_map(|(at, event)| match &event.kind {
        Happening::Received { line, .. } if line.starts_with(b"220") => None,
        Happening::Received { line, .. } => {
            Some((at, line.starts_with(b"5") || line.starts_with(b"454")))
        }
        Happening::HandshakeFailed(failure) => {
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
        Happening::Received { line, .. } => keyword(line).as_deref() == Some("ENHANCEDSTATUSCODES"),
        _ => false,
    })
}

fn status_of(line: &[u8]) -> &str {
    let text = line.get(4..).unwrap_or_default();
    let end = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
    std::str::from_utf8(&text[..end]).unwrap_or_default()
}

/// Whether a line lists this keyword; `AUTH PLAIN`: the keyword with this parameter among others.
fn lists(lines: &[Vec<u8>], wanted: &str) -> bool {
    let mut wanted = wanted.split_ascii_whitespace();
    let (name, parameters) = (wanted.next(), wanted);
    lines.iter().any(|line| {
        let text = String::from_utf8_lossy(line.get(4..).unwrap_or_default()).to_ascii_uppercase();
        // Some write `AUTH=PLAIN`, as before the standard.
        let mut words = text.split(|c: char| c == '=' || c.is_ascii_whitespace());
        let known = words.next() == name;
        let words: Vec<_> = words.collect();
        known && parameters.clone().all(|parameter| words.contains(&parameter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_is_listed_with_its_parameters() {
        let check = |line: &str, wanted: &str| lists(&[line.as_bytes().to_vec()], wanted);
        assert!(check("250-AUTH LOGIN PLAIN", "AUTH PLAIN"));
        assert!(check("250 auth=plain login", "AUTH PLAIN"));
        assert!(check("250-AUTH CRAM-MD5", "AUTH"));
        assert!(!check("250-AUTH SCRAM-SHA-256 XPLAIN", "AUTH PLAIN"));
        assert!(!check("250-XAUTH PLAIN", "AUTH PLAIN"));
        assert!(!check("250", "AUTH"));
    }
}

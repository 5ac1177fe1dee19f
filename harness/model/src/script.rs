//! The dialogue notation: what our side says, what the relay has to say, and acts below SMTP.
//!
//! A script is parsed from text and prints back as the same text.

use std::ops::Range;
use std::time::Duration;

use crate::diagnostic::closest;
use crate::pattern::Pattern;
use crate::trace::Ending;
use crate::words::words;

words! {
    /// Which way mail goes through the relay.
    pub enum Direction {
        /// The relay is SMTP and TLS server; our peer is a sender, `C:` in scripts.
        Inbound = "inbound",
        /// The relay is SMTP and TLS client; our peers are receivers, `S:` in scripts.
        Outbound = "outbound",
    }
}

/// A peer's script: one part for each connection; the last part repeats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// What the first, second, … connection meets. Never empty; a part may be.
    pub parts: Vec<Vec<Step>>,
}

/// One line of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Counted from 0 over all parts.
    pub number: usize,
    /// What is done.
    pub act: Act,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Our side sends this text and its ending.
    Say {
        /// May hold `{names}` until the script is filled in.
        text: String,
        /// CRLF unless the script says otherwise.
        ending: Ending,
        /// In the same TCP segment as the step before.
        joined: bool,
    },
    /// The relay has to say this.
    Hear(Pattern),
    /// Inbound: the case is about relays that say this, and about no others.
    Condition(Pattern),
    /// Both sides negotiate TLS.
    NegotiateTls,
    /// Our side ends the connection in order.
    Close,
    /// Our side resets the connection.
    Reset,
    /// Outbound: our side ends the TLS session with close_notify and goes on in plaintext on the same
    /// connection.
    CloseTls,
    /// Outbound: the relay has to send the content of its message, up to the final dot. What follows is
    /// our reply to it.
    HearMessage,
    /// Our side says nothing for this long.
    Silent(Duration),
    /// Our side sends these bytes as they are.
    Bytes {
        /// The bytes.
        bytes: Vec<u8>,
        /// In the same TCP segment as the step before.
        joined: bool,
    },
}

/// What is wrong with a script, with the place in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError {
    /// Byte range in the script's text.
    pub span: Range<usize>,
    /// A sentence without its final stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

words! {
    /// What stands between `<` and `>` in a script.
    pub enum Verb {
        /// Both sides negotiate TLS: the script goes on behind the handshake.
        NegotiateTls = "negotiate TLS",
        /// Our side ends the connection in order.
        Close = "close",
        /// Our side ends the session with close_notify and goes on in plaintext on the same connection.
        CloseTls = "close TLS" only Outbound,
        /// Our side resets the connection.
        Reset = "reset",
        /// Our side says nothing for so long: `<silent 300ms>`.
        Silent = "silent",
        /// Our side sends these octets: `<bytes 16 03 01>`.
        Bytes = "bytes",
        /// The content of the relay's message.
        Message = "message" only Outbound,
        /// What follows is for the next connection.
        NextConnection = "next connection",
        /// A line of ours ends in LF alone.
        Lf = "LF",
        /// A line of ours ends in CR alone.
        Cr = "CR",
        /// A line of ours has no ending.
        NoEnding = "no ending",
    }
}

impl Script {
    /// Reads the notation. `direction` tells which speaker is ours.
    ///
    /// # Errors
    /// All that is wrong, in the order of the text.
    pub fn parse(text: &str, direction: Direction) -> Result<Self, Vec<ScriptError>> {
        let mut parts = vec![Vec::new()];
        let mut errors = Vec::new();
        let mut number = 0;
        let mut offset = 0;
        for raw in text.split_inclusive('\n') {
            let start = offset;
            offset += raw.len();
            let line = raw.trim_end_matches(['\n', '\r']);
            let trimmed = line.trim_start();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            let start = start + (line.len() - trimmed.len());
            match parse_line(trimmed, direction) {
                Ok(Line::NextConnection) => parts.push(Vec::new()),
                Ok(Line::Act(act)) => {
                    let last = parts.last().map_or(0, Vec::len);
                    if joined(&act) && last == 0 {
                        errors.push(ScriptError {
                            span: start..start + trimmed.len(),
                            message: "`+` joins a line to the one before, and there is none".into(),
                            help: Some("write the line without `+`".into()),
                        });
                    }
                    if let Some(part) = parts.last_mut() {
                        part.push(Step { number, act });
                    }
                    number += 1;
                }
                Err(error) => errors.push(ScriptError {
                    span: start + error.span.start..start + error.span.end,
                    ..error
                }),
            }
        }
        if errors.is_empty() { Ok(Self { parts }) } else { Err(errors) }
    }

    /// The part that connection `number` (from 1) meets.
    pub fn part(&self, number: u32) -> &[Step] {
        let index = (number.max(1) as usize - 1).min(self.parts.len().saturating_sub(1));
        self.parts.get(index).map_or(&[], Vec::as_slice)
    }

    /// Every step of every part.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.parts.iter().flatten()
    }

    /// The notation again, one line a step.
    pub fn print(&self, direction: Direction) -> String {
        let mut text = String::new();
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                text.push_str("<next connection>\n");
            }
            for step in part {
                text.push_str(&step.act.print(direction));
                text.push('\n');
            }
        }
        text
    }
}

impl Act {
    /// The notation of this step.
    pub fn print(&self, direction: Direction) -> String {
        let (ours, theirs) = speakers(direction);
        let plus = |joined: &bool| if *joined { "+" } else { "" };
        match self {
            Self::Say { text, ending, joined } => {
                let mark = match ending {
                    Ending::CrLf => "",
                    Ending::Lf => "<LF>",
                    Ending::Cr => "<CR>",
                    Ending::None => "<no ending>",
                };
                format!("{ours}{}: {text}{mark}", plus(joined))
            }
            Self::Hear(pattern) => format!("{theirs}: {pattern}"),
            Self::Condition(pattern) => format!("{theirs}?: {pattern}"),
            Self::NegotiateTls => "C & S: <negotiate TLS>".into(),
            Self::Close => format!("{ours}: <close>"),
            Self::Reset => format!("{ours}: <reset>"),
            Self::CloseTls => format!("{ours}: <close TLS>"),
            Self::HearMessage => format!("{theirs}: <message>"),
            Self::Silent(time) => format!("{ours}: <silent {}>", print_time(*time)),
            Self::Bytes { bytes, joined } => {
                let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("{ours}{}: <bytes {}>", plus(joined), hex.join(" "))
            }
        }
    }
}

enum Line {
    Act(Act),
    NextConnection,
}

fn joined(act: &Act) -> bool {
    matches!(act, Act::Say { joined: true, .. } | Act::Bytes { joined: true, .. })
}

/// Our speaker's letter, and the relay's.
pub fn speakers(direction: Direction) -> (&'static str, &'static str) {
    match direction {
        Direction::Inbound => ("C", "S"),
        Direction::Outbound => ("S", "C"),
    }
}

fn parse_line(line: &str, direction: Direction) -> Result<Line, ScriptError> {
    let (ours, theirs) = speakers(direction);
    let whole = 0..line.len();
    if line == "<next connection>" {
        return Ok(Line::NextConnection);
    }
    let Some((speaker, said)) = line.split_once(':') else {
        return Err(ScriptError {
            span: whole,
            message: "a script line begins with its speaker".into(),
            help: Some(
                "write `C: …`, `S: …`, `C & S: <negotiate TLS>` or `<next connection>`".into(),
            ),
        });
    };
    let at = speaker.len() + 1;
    let said_start = at + (said.len() - said.trim_start_matches(' ').len()).min(1);
    let said = &line[said_start..];
    if direction == Direction::Inbound && speaker == "S?" {
        return Pattern::parse(said)
            .map(|pattern| Line::Act(Act::Condition(pattern)))
            .map_err(|message| ScriptError { span: said_start..line.len(), message, help: None });
    }
    let (speaker, joined) = match speaker.strip_suffix('+') {
        Some(speaker) => (speaker, true),
        None => (speaker, false),
    };
    let act = act_in(said).map(|inner| (inner, said_start + 1));
    match (speaker, act) {
        ("C & S", Some(("negotiate TLS", _))) => Ok(Line::Act(Act::NegotiateTls)),
        ("C & S", _) => Err(ScriptError {
            span: said_start..line.len(),
            message: "both sides together can only `<negotiate TLS>`".into(),
            help: None,
        }),
        (who, Some(("message", _)))
            if who == theirs && !joined && direction == Direction::Outbound =>
        {
            Ok(Line::Act(Act::HearMessage))
        }
        (who, Some(("close TLS", _))) if who == ours && direction == Direction::Inbound => {
            Err(ScriptError {
                span: said_start..line.len(),
                message: "only a next hop ends the session and goes on in plaintext".into(),
                help: None,
            })
        }
        (who, Some((inner, start))) if who == ours => {
            parse_act(inner, joined).map(Line::Act).map_err(|mut error| {
                error.span = start..start + inner.len();
                error
            })
        }
        (who, None) if who == ours => {
            let (text, ending) = split_ending(said);
            Ok(Line::Act(Act::Say { text: text.into(), ending, joined }))
        }
        (who, None) if who == theirs && !joined => Pattern::parse(said)
            .map(|pattern| Line::Act(Act::Hear(pattern)))
            .map_err(|message| ScriptError { span: said_start..line.len(), message, help: None }),
        (who, _) if who == theirs => Err(ScriptError {
            span: whole,
            message: format!("`{theirs}` is the relay here: it cannot be told what to do"),
            help: Some(format!("in this folder our side is `{ours}`")),
        }),
        _ => Err(ScriptError {
            span: 0..speaker.len(),
            message: format!("`{speaker}` is no speaker"),
            help: Some("speakers are `C`, `S` and `C & S`".into()),
        }),
    }
}

fn act_in(said: &str) -> Option<&str> {
    let inner = said.strip_prefix('<')?.strip_suffix('>')?;
    // An empty line with another ending is a line.
    if matches!(Verb::from_name(inner), Some(Verb::Lf | Verb::Cr | Verb::NoEnding)) {
        return None;
    }
    (!inner.contains(['<', '>']) && !inner.contains('@')).then_some(inner)
}

fn split_ending(said: &str) -> (&str, Ending) {
    [("<LF>", Ending::Lf), ("<CR>", Ending::Cr), ("<no ending>", Ending::None)]
        .into_iter()
        .find_map(|(mark, ending)| said.strip_suffix(mark).map(|text| (text, ending)))
        .unwrap_or((said, Ending::CrLf))
}

fn parse_act(inner: &str, joined: bool) -> Result<Act, ScriptError> {
    let error = |message: String, help: Option<String>| ScriptError { span: 0..0, message, help };
    let first = inner.split_once(' ').unwrap_or((inner, ""));
    let (verb, rest) = match Verb::from_name(inner) {
        Some(verb) => (Some(verb), ""),
        None => (Verb::from_name(first.0), first.1),
    };
    let act = match verb {
        Some(Verb::Close) => Some(Act::Close),
        Some(Verb::CloseTls) => Some(Act::CloseTls),
        Some(Verb::Reset) => Some(Act::Reset),
        Some(Verb::Silent) => {
            return parse_time(rest).map(Act::Silent).ok_or_else(|| {
                let help = Some("write `1s` or `300ms`".into());
                error(format!("`{rest}` is no length of time"), help)
            });
        }
        Some(Verb::Bytes) => {
            return parse_bytes(rest).map(|bytes| Act::Bytes { bytes, joined }).ok_or_else(|| {
                error(
                    "bytes are written as pairs of hexadecimal digits".into(),
                    Some("for example `<bytes 16 03 01>`".into()),
                )
            });
        }
        // The relay's, both sides', a part of a line, or a line of its own.
        Some(
            Verb::NegotiateTls
            | Verb::Message
            | Verb::NextConnection
            | Verb::Lf
            | Verb::Cr
            | Verb::NoEnding,
        )
        | None => None,
    };
    act.filter(|_| rest.is_empty()).ok_or_else(|| {
        error(
            format!("`<{inner}>` is no act"),
            closest(inner, Verb::ALL.map(Verb::name))
                .map(|name| format!("did you mean `<{name}>`?")),
        )
    })
}

fn parse_bytes(hex: &str) -> Option<Vec<u8>> {
    let bytes = hex
        .split_whitespace()
        .map(|pair| u8::from_str_radix(pair, 16).ok().filter(|_| pair.len() == 2))
        .collect::<Option<Vec<u8>>>();
    bytes.filter(|bytes| !bytes.is_empty())
}

/// At most an hour: no case waits as long.
fn parse_time(text: &str) -> Option<Duration> {
    let time = match text.strip_suffix("ms") {
        Some(millis) => Duration::from_millis(millis.parse().ok()?),
        None => Duration::from_secs(text.strip_suffix('s')?.parse().ok()?),
    };
    (time <= Duration::from_secs(3600)).then_some(time)
}

fn print_time(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{}s", time.as_secs())
    } else {
        format!("{}ms", time.as_millis())
    }
}

//! From a fresh connection to the point where TLS may begin.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use waxseal_model::limits::Bound;
use waxseal_model::scan::Entry;

use crate::wire::attention::within;
use crate::wire::{LineBuffer, LineError, read_reply};

/// Why TLS could not be begun on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The host answers, and does not offer TLS.
    NoTls(String),
    /// The host may be limiting or busy: the next attempt may fare better.
    Passing(String),
}

impl Trouble {
    /// Why, in words.
    pub(super) fn words(self) -> String {
        match self {
            Self::NoTls(why) | Self::Passing(why) => why,
        }
    }
}

/// Brings a connection to where a hello may be sent, and gives what is offered in plaintext. Asks for
/// nothing but STARTTLS.
pub(super) async fn enter(
    stream: &mut TcpStream,
    entry: Entry,
    patience: Duration,
) -> Result<Vec<String>, Trouble> {
    if entry == Entry::Implicit {
        return Ok(Vec::new());
    }
    let mut buffer = LineBuffer::default();
    let greeting = reply(stream, &mut buffer, "greeting", patience).await?;
    if greeting.code != Some(220) {
        return Err(Trouble::Passing(format!("it greets with {}", greeting.shown())));
    }
    say(stream, &introduction(stream)).await?;
    let offered = reply(stream, &mut buffer, "answer to EHLO", patience).await?;
    match offered.code {
        Some(250) => {}
        // Without EHLO there are no extensions; any other refusal may be meant for this client.
        Some(500 | 502) => {
            return Err(Trouble::NoTls(format!("it answers EHLO with {}", offered.shown())));
        }
        _ => return Err(Trouble::Passing(format!("it answers EHLO with {}", offered.shown()))),
    }
    if !offered.lists_starttls() {
        return Err(Trouble::NoTls("it does not offer STARTTLS".into()));
    }
    say(stream, "STARTTLS").await?;
    let ready = reply(stream, &mut buffer, "answer to STARTTLS", patience).await?;
    if ready.code != Some(220) {
        return Err(Trouble::Passing(format!("it answers STARTTLS with {}", ready.shown())));
    }
    if !buffer.is_empty() {
        return Err(Trouble::Passing("it says more behind its answer to STARTTLS".into()));
    }
    Ok(offered.keywords())
}

/// EHLO with our address: a literal is a right name for a client that has none (RFC 5321 section
/// 4.1.4).
pub(super) fn introduction(stream: &TcpStream) -> String {
    match stream.local_addr() {
        Ok(address) if address.is_ipv4() => format!("EHLO [{}]", address.ip()),
        Ok(address) => format!("EHLO [IPv6:{}]", address.ip()),
        Err(_) => "EHLO [127.0.0.1]".into(),
    }
}

/// What is offered inside TLS: the keywords of the reply to this EHLO, and QUIT.
///
/// # Errors
/// A fragment that says why there is no reply that offers anything.
pub(super) async fn offered_inside<T>(
    session: &mut T,
    introduction: &str,
    greets: bool,
    patience: Duration,
) -> Result<Vec<String>, String>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = LineBuffer::default();
    let talking = async {
        if greets {
            let greeting = reply(session, &mut buffer, "greeting", patience).await?;
            if greeting.code != Some(220) {
                return Err(Trouble::Passing(format!("it greets with {}", greeting.shown())));
            }
        }
        say(session, introduction).await?;
        let offered = reply(session, &mut buffer, "answer to EHLO", patience).await?;
        let _ = say(session, "QUIT").await;
        match offered.code {
            Some(250) => Ok(offered.keywords()),
            _ => Err(Trouble::Passing(format!("it answers EHLO with {}", offered.shown()))),
        }
    };
    talking.await.map_err(Trouble::words)
}

struct Reply {
    code: Option<u16>,
    lines: Vec<String>,
}

impl Reply {
    /// The last line, made harmless and short: it is the host's text.
    fn shown(&self) -> String {
        format!("`{}`", self.lines.last().map(String::as_str).unwrap_or_default())
    }

    /// The lines behind the first, without their codes.
    fn keywords(&self) -> Vec<String> {
        let lines = self.lines.iter().skip(1);
        lines.map(|line| line.get(4..).unwrap_or_default().trim_end().to_owned()).collect()
    }

    fn lists_starttls(&self) -> bool {
        self.keywords().iter().any(|line| {
            line.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case("STARTTLS"))
        })
    }
}

/// The host's text with nothing that a terminal would obey or turn round, and at most 120
/// characters of it.
pub(super) fn harmless(bytes: &[u8]) -> String {
    let shown = |octet: &u8| if octet.is_ascii_graphic() || *octet == b' ' { *octet } else { b'.' };
    bytes.iter().take(120).map(|octet| char::from(shown(octet))).collect()
}

async fn say<T: AsyncWrite + Unpin>(stream: &mut T, line: &str) -> Result<(), Trouble> {
    let written = stream.write_all(format!("{line}\r\n").as_bytes()).await;
    written.map_err(|error| Trouble::Passing(format!("the connection broke: {error}")))
}

async fn reply<T: AsyncRead + Unpin>(
    stream: &mut T,
    buffer: &mut LineBuffer,
    what: &str,
    patience: Duration,
) -> Result<Reply, Trouble> {
    // The patience is for the whole reply: a host that sends a line now and then must not hold us.
    let reading = read_reply(stream, buffer, patience);
    let read = within(patience, reading).await;
    let lines = read.unwrap_or(Err(LineError::Silent(patience))).map_err(|error| {
        Trouble::Passing(match error {
            LineError::Silent(patience) => format!("no {what} came within {patience:?}"),
            LineError::Ended => format!("it ended the connection before its {what}"),
            LineError::Broken(_) => format!("it broke the connection before its {what}"),
            LineError::TooLong { limit, .. } => {
                format!("its {what} has a line of more than {limit} octets")
            }
            LineError::Endless { .. } => {
                format!("its {what} is {}, and waxseal reads no more", Bound::Reply.sentence())
            }
        })
    })?;
    let lines: Vec<String> = lines.iter().map(|line| harmless(&line.bytes)).collect();
    let code = lines.last().and_then(|line| line.get(..3)).and_then(|code| code.parse().ok());
    Ok(Reply { code, lines })
}

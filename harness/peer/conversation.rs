//! One connection of a peer, in plaintext or inside TLS, with everything on it recorded.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use waxseal_model::facts::{FailureCause, TlsFailure};
use waxseal_model::limits::{self, Bound};
use waxseal_model::trace::{Channel, End, Ending, Happening, Place};

use super::Recorder;
use crate::tls::{self, Session};
use crate::wire::attention::{timed, within};
use crate::wire::{Line, LineBuffer, LineError, ReplyRoom, read_content, read_line};

/// A silence of a script lasts at most so many times its length by the clock.
const STRETCH: u32 = 3;

/// How long a peer waits.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a line from the relay.
    pub line: Duration,
    /// For a handshake.
    pub handshake: Duration,
    /// For the end of the connection when all is said.
    pub ending: Duration,
}

/// One connection of a peer.
pub(super) struct Conversation {
    pub(super) stream: Stream,
    pub(super) buffer: LineBuffer,
    pub(super) place: Place,
    pub(super) recorder: Recorder,
    pub(super) patience: Patience,
    /// The connection beneath our TLS session.
    pub(super) beneath: Option<OwnedFd>,
    /// The session ended and the connection goes on: what is left of it stands before the lines.
    pub(super) left_tls: bool,
}

pub(super) enum Stream {
    Clear(TcpStream),
    Tls(Box<Session>),
    Gone,
}

/// The conversation is over; how is in the trace.
#[derive(Debug)]
pub(super) struct Over;

impl Conversation {
    pub(super) fn new(
        stream: TcpStream,
        place: Place,
        recorder: Recorder,
        patience: Patience,
    ) -> Self {
        // Replies are small and awaited: waiting to fill a segment would only add delay.
        let _ = stream.set_nodelay(true);
        Self {
            stream: Stream::Clear(stream),
            buffer: LineBuffer::default(),
            place,
            recorder,
            patience,
            beneath: None,
            left_tls: false,
        }
    }

    pub(super) fn note(&self, kind: Happening) {
        self.recorder.note(self.place.clone(), kind);
    }

    pub(super) fn channel(&self) -> Channel {
        if matches!(self.stream, Stream::Tls(_)) { Channel::Tls } else { Channel::Plaintext }
    }

    pub(super) fn secured(&self) -> bool {
        self.channel() == Channel::Tls
    }

    /// Sends these pieces in one segment, each recorded as said.
    pub(super) async fn say_all(&mut self, pieces: &[Vec<u8>]) -> Result<(), Over> {
        let channel = self.channel();
        for piece in pieces {
            self.note(Happening::Sent { channel, bytes: piece.clone() });
        }
        let bytes = pieces.concat();
        let result = match &mut self.stream {
            Stream::Clear(stream) => stream.write_all(&bytes).await,
            Stream::Tls(session) => match session.write_all(&bytes).await {
                Ok(()) => session.flush().await,
                broken => broken,
            },
            Stream::Gone => return Err(Over),
        };
        result.map_err(|error| self.broke(&error))
    }

    pub(super) async fn say(&mut self, line: &str) -> Result<(), Over> {
        self.say_all(&[format!("{line}\r\n").into_bytes()]).await
    }

    /// The next line of the relay.
    pub(super) async fn hear(&mut self) -> Result<Line, Over> {
        self.bounded()?;
        let patience = self.patience.line;
        if std::mem::take(&mut self.left_tls) {
            self.skip_records().await;
        }
        let line = match &mut self.stream {
            Stream::Clear(stream) => read_line(stream, &mut self.buffer, patience).await,
            Stream::Tls(session) => read_line(session, &mut self.buffer, patience).await,
            Stream::Gone => return Err(Over),
        };
        let line = self.ended(line)?;
        let channel = self.channel();
        self.note(Happening::Received { channel, line: line.bytes.clone(), ending: line.ending });
        if line.ending == Ending::None { Err(self.end(End::Fin)) } else { Ok(line) }
    }

    /// A whole reply of the relay, without endings.
    pub(super) async fn hear_reply(&mut self) -> Result<Vec<Vec<u8>>, Over> {
        let mut lines = Vec::new();
        let mut room = ReplyRoom::default();
        loop {
            let line = self.hear().await?.bytes;
            let more = line.get(3) == Some(&b'-');
            let fits = room.take(line.len());
            lines.push(line);
            match (more, fits) {
                (false, _) => return Ok(lines),
                (true, true) => {}
                (true, false) => return Err(self.over(Bound::Reply, 0)),
            }
        }
    }

    /// Ends a connection on which more came than is read or kept.
    fn bounded(&mut self) -> Result<(), Over> {
        if self.buffer.read() > limits::CONNECTION {
            return Err(self.over(Bound::Connection, 0));
        }
        if self.recorder.spent() { Err(self.end(End::Ours)) } else { Ok(()) }
    }

    /// Notes that a bound was reached, and ends the connection.
    fn over(&mut self, bound: Bound, octets: usize) -> Over {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        self.note(Happening::Cut { bound, events: 0, octets });
        self.end(End::Ours)
    }

    /// Message content up to the final dot.
    pub(super) async fn hear_content(&mut self) -> Result<Vec<u8>, Over> {
        self.bounded()?;
        let patience = self.patience.line;
        let content = match &mut self.stream {
            Stream::Clear(s) => read_content(s, &mut self.buffer, patience, limits::CONTENT).await,
            Stream::Tls(s) => read_content(s, &mut self.buffer, patience, limits::CONTENT).await,
            Stream::Gone => return Err(Over),
        };
        if let Err(LineError::TooLong { so_far, .. }) = &content {
            let (channel, bytes) = (self.channel(), so_far[..limits::QUOTED].to_vec());
            self.note(Happening::ReceivedContent { channel, bytes });
            return Err(self.over(Bound::Content, so_far.len()));
        }
        let content = self.ended(content)?;
        let channel = self.channel();
        self.note(Happening::ReceivedContent { channel, bytes: content.clone() });
        Ok(content)
    }

    /// Keeps silent for a while; lines that come meanwhile are heard. A starved machine stretches it,
    /// at most to [`STRETCH`] times its length: the relay's patience with us goes by the clock.
    pub(super) async fn keep_silent(&mut self, time: Duration) -> Result<(), Over> {
        let until = Instant::now() + time * STRETCH;
        let mut left = time;
        loop {
            self.bounded()?;
            let buffer = &mut self.buffer;
            let heard = match &mut self.stream {
                Stream::Clear(stream) => {
                    timeout_at(until, timed(read_line(stream, buffer, left))).await
                }
                Stream::Tls(session) => {
                    timeout_at(until, timed(read_line(session, buffer, left))).await
                }
                Stream::Gone => return Err(Over),
            };
            let Ok((line, took)) = heard else { return Ok(()) };
            left = left.saturating_sub(took);
            if matches!(line, Err(LineError::Silent(_))) {
                return Ok(());
            }
            let line = self.ended(line)?;
            let channel = self.channel();
            self.note(Happening::Received { channel, line: line.bytes, ending: line.ending });
        }
    }

    /// Plaintext bytes that came before TLS may begin: evidence, never fed to TLS unless they are its
    /// beginning.
    pub(super) fn early(&mut self) -> Option<Vec<u8>> {
        let bytes = self.buffer.take_rest();
        (!bytes.is_empty()).then_some(bytes)
    }

    /// Notes bytes that wait though nothing is due.
    pub(super) fn note_early(&mut self) {
        if let Some(bytes) = self.early() {
            let channel = self.channel();
            self.note(Happening::UnexpectedBytes { channel, bytes });
        }
    }

    /// Reads what has already arrived, without waiting, and notes it as early.
    pub(super) async fn note_arrived(&mut self) {
        let mut chunk = [0; 4096];
        if let Stream::Clear(stream) = &mut self.stream
            && let Ok(read) = stream.try_read(&mut chunk)
        {
            self.buffer.push(&chunk[..read]);
        }
        self.note_early();
    }

    /// Ends the connection in order.
    pub(super) async fn close(&mut self) -> Over {
        match &mut self.stream {
            Stream::Clear(stream) => drop(stream.shutdown().await),
            Stream::Tls(session) => drop(session.shutdown().await),
            Stream::Gone => {}
        }
        self.end(End::Ours)
    }

    /// Ends the connection by FIN alone, without a word of TLS.
    pub(super) fn leave(&mut self) -> Over {
        self.end(End::Ours)
    }

    /// Resets the connection.
    pub(super) fn reset(&mut self) -> Over {
        match &mut self.stream {
            Stream::Clear(stream) => drop(stream.set_zero_linger()),
            Stream::Tls(_) => self.reset_beneath(),
            Stream::Gone => {}
        }
        self.end(End::Ours)
    }

    /// Waits for the relay's end; whatever comes before it is noted as early.
    pub(super) async fn await_end(&mut self) {
        let patience = self.patience.ending;
        let channel = self.channel();
        let mut heard = self.early().unwrap_or_default();
        let ended = match &mut self.stream {
            Stream::Clear(stream) => drain(stream, &mut heard, patience).await,
            Stream::Tls(session) => drain(session, &mut heard, patience).await,
            Stream::Gone => return,
        };
        let octets = heard.len();
        if !heard.is_empty() {
            self.note(Happening::UnexpectedBytes { channel, bytes: heard });
        }
        if octets >= limits::LINE {
            self.over(Bound::Line, octets);
            return;
        }
        match ended {
            None => self.end(End::Silence),
            Some(Ok(())) if channel == Channel::Tls => self.end(End::CloseNotify),
            Some(Ok(())) => self.end(End::Fin),
            Some(Err(error)) => self.broke(&error),
        };
    }

    fn ended<T>(&mut self, result: Result<T, LineError>) -> Result<T, Over> {
        let secured = self.secured();
        result.map_err(|error| match error {
            LineError::Silent(_) => self.end(End::Silence),
            LineError::Ended if secured => self.end(End::CloseNotify),
            LineError::Ended => self.end(End::Fin),
            LineError::Broken(error) => self.broke(&error),
            LineError::TooLong { so_far: line, .. } => {
                let (channel, octets) = (self.channel(), line.len());
                self.note(Happening::Received { channel, line, ending: Ending::None });
                self.over(Bound::Line, octets)
            }
            LineError::Endless { .. } => self.over(Bound::Reply, 0),
        })
    }

    pub(super) fn broke(&mut self, error: &io::Error) -> Over {
        self.end(match error.kind() {
            io::ErrorKind::UnexpectedEof => End::Fin,
            _ if tls::is_alert(error) => End::Alert,
            io::ErrorKind::InvalidData => End::Garbled,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected => End::Reset,
            // Neither side's word: nothing may be judged by it.
            _ => {
                self.note(Happening::HarnessError(format!("the connection broke: {error}")));
                End::Ours
            }
        })
    }

    pub(super) fn end(&mut self, end: End) -> Over {
        if let Stream::Tls(session) = &self.stream {
            let strayed = if end == End::Garbled { session.strayed() } else { Vec::new() };
            if !strayed.is_empty() {
                self.note(Happening::UnexpectedBytes {
                    channel: Channel::Plaintext,
                    bytes: strayed,
                });
            }
            session
                .take_alerts()
                .into_iter()
                .for_each(|alert| self.note(Happening::Alerted(alert)));
        }
        if !matches!(self.stream, Stream::Gone) {
            self.note(Happening::Ended(end));
        }
        self.stream = Stream::Gone;
        Over
    }
}

/// A failure of our own making or of a silent relay, before an engine was asked.
pub(super) fn failure(cause: FailureCause, detail: &str) -> TlsFailure {
    TlsFailure { engine: None, cause, alert_heard: None, alert_said: None, detail: detail.into() }
}

async fn drain<R: AsyncRead + Unpin>(
    reader: &mut R,
    heard: &mut Vec<u8>,
    patience: Duration,
) -> Option<io::Result<()>> {
    let mut chunk = [0; 4096];
    let reading = async {
        loop {
            match reader.read(&mut chunk).await {
                Ok(0) => return Ok(()),
                Ok(read) => {
                    heard.extend_from_slice(&chunk[..read]);
                    if heard.len() >= limits::LINE {
                        return Ok(());
                    }
                }
                Err(error) => return Err(error),
            }
        }
    };
    within(patience, reading).await.ok()
}

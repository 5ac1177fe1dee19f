//! One connection of the relay: lines in, lines out, TLS in between.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::odd_answers::{Overlooking, answer_by_hand};
use super::scrutiny::Scrutiny;
use super::{Mutant, careless};
use crate::tls::{self, ClientSetup, ServerSetup, Session as TlsSession};
use crate::wire::attention::within;
use crate::wire::{Line, LineBuffer, LineError, read_content, read_line, read_reply};

/// How long the relay waits for the other side.
pub(super) const PATIENCE: Duration = Duration::from_millis(700);

enum Stream {
    Clear(TcpStream),
    Tls(Box<TlsSession>),
    Gone,
}

pub(super) struct Session {
    stream: Stream,
    buffer: LineBuffer,
    /// The connection beneath the session, for faults that go there.
    beneath: Option<OwnedFd>,
    /// Whether the dialogue goes on beneath a session that ended.
    goes_on: bool,
}

impl Session {
    pub(super) fn new(stream: TcpStream) -> Self {
        let _ = stream.set_nodelay(true);
        Self {
            stream: Stream::Clear(stream),
            buffer: LineBuffer::default(),
            beneath: None,
            goes_on: false,
        }
    }

    pub(super) fn tls(&self) -> Option<&TlsSession> {
        match &self.stream {
            Stream::Tls(session) => Some(session),
            _ => None,
        }
    }

    pub(super) async fn line(&mut self, patience: Duration) -> Result<Line, LineError> {
        match &mut self.stream {
            Stream::Clear(stream) => read_line(stream, &mut self.buffer, patience).await,
            Stream::Tls(session) => read_line(session, &mut self.buffer, patience).await,
            Stream::Gone => Err(LineError::Ended),
        }
    }

    pub(super) async fn reply(&mut self) -> Result<Vec<String>, LineError> {
        let read = match &mut self.stream {
            Stream::Clear(stream) => read_reply(stream, &mut self.buffer, PATIENCE).await,
            Stream::Tls(session) => read_reply(session, &mut self.buffer, PATIENCE).await,
            Stream::Gone => return Err(LineError::Ended),
        };
        if self.goes_on
            && matches!(read, Err(LineError::Ended))
            && let Some(stream) = self.take_beneath()
        {
            // What came behind the end of the session may be lost in it; the fault takes it for a yes.
            self.stream = Stream::Clear(stream);
            return Ok(vec!["250 OK".into()]);
        }
        let lines = read?;
        Ok(lines.iter().map(|line| String::from_utf8_lossy(&line.bytes).into_owned()).collect())
    }

    pub(super) async fn content(&mut self) -> Result<Vec<u8>, LineError> {
        let limit = 1 << 20;
        match &mut self.stream {
            Stream::Clear(s) => read_content(s, &mut self.buffer, PATIENCE * 4, limit).await,
            Stream::Tls(s) => read_content(s, &mut self.buffer, PATIENCE * 4, limit).await,
            Stream::Gone => Err(LineError::Ended),
        }
    }

    pub(super) async fn say(&mut self, text: &str) -> Result<(), LineError> {
        self.send(format!("{text}\r\n").as_bytes()).await
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        match &mut self.stream {
            Stream::Clear(stream) => stream.write_all(bytes).await?,
            Stream::Tls(session) => {
                session.write_all(bytes).await?;
                session.flush().await?;
            }
            Stream::Gone => return Err(LineError::Ended),
        }
        Ok(())
    }

    /// Sends a command and gives its reply.
    pub(super) async fn command(&mut self, text: &str) -> Result<Vec<String>, LineError> {
        self.say(text).await?;
        self.reply().await
    }

    /// Forgets what came in plaintext (RFC 3207 section 4.2). Whether there was anything.
    pub(super) fn forget_buffer(&mut self) -> bool {
        !self.buffer.take_rest().is_empty()
    }

    /// Whether something is there that came with the line before.
    pub(super) fn has_more(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// What came of a message whose end never came.
    pub(super) fn take_rest(&mut self) -> Vec<u8> {
        self.buffer.take_rest()
    }

    /// Whether something other than a TLS record comes next, in plaintext.
    pub(super) async fn hears_plaintext(&mut self) -> bool {
        let mut octet = [0];
        let Stream::Clear(stream) = &mut self.stream else { return false };
        matches!(within(PATIENCE, stream.peek(&mut octet)).await, Ok(Ok(1))) && octet != [0x16]
    }

    /// Takes what stands in plaintext before a TLS record into the buffer.
    pub(super) async fn take_plaintext(&mut self) {
        let mut octet = [0];
        let Stream::Clear(stream) = &mut self.stream else { return };
        while let Ok(Ok(1)) = within(PATIENCE, stream.peek(&mut octet)).await
            && octet != [0x16]
            && stream.read(&mut octet).await.is_ok()
        {
            self.buffer.push(&octet);
        }
    }

    /// Answers the hello that waits by hand, where this mutant does.
    pub(super) async fn answer_by_hand(&mut self, mutant: Mutant) -> bool {
        match &mut self.stream {
            Stream::Clear(stream) => answer_by_hand(mutant, stream).await,
            _ => false,
        }
    }

    /// Negotiates TLS as the server; `false`: it failed, and the connection is gone.
    pub(super) async fn accept_tls(&mut self, setup: &ServerSetup, overlooks: bool) -> bool {
        let Stream::Clear(stream) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return false;
        };
        let handshake = if overlooks {
            tls::accept(setup, Overlooking::new(stream), PATIENCE * 2).await
        } else {
            tls::accept(setup, stream, PATIENCE * 2).await
        };
        match handshake.result {
            Ok(session) => {
                self.stream = Stream::Tls(Box::new(session));
                true
            }
            Err(_) => false,
        }
    }

    /// Negotiates TLS as the client, and looks at what the library does not.
    pub(super) async fn connect_tls(
        &mut self,
        setup: &ClientSetup,
        mutant: Option<Mutant>,
    ) -> bool {
        let Stream::Clear(stream) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return false;
        };
        if mutant == Some(Mutant::ClientOverlooksTamperings) {
            let host = setup.sni.as_deref().unwrap_or_default();
            careless::negotiate(stream, host, PATIENCE).await;
            return false;
        }
        let beneath = [Mutant::ClientGoesOnBeneath, Mutant::ClientQuitsBeneath];
        if mutant.is_some_and(|mutant| beneath.contains(&mutant)) {
            self.beneath = stream.as_fd().try_clone_to_owned().ok();
            self.goes_on = mutant == Some(Mutant::ClientGoesOnBeneath);
        }
        let stream = Scrutiny::new(stream, mutant);
        match tls::connect(setup, stream, PATIENCE).await.result {
            Ok(session) => {
                self.stream = Stream::Tls(Box::new(session));
                true
            }
            Err(_) => false,
        }
    }

    /// Says QUIT in plaintext where the session goes.
    pub(super) async fn quit_beneath(&mut self) {
        if let Some(mut stream) = self.take_beneath() {
            // Whoever does this does not mind whether it was read.
            let _ = stream.write_all(b"QUIT\r\n").await;
            self.stream = Stream::Gone;
        }
    }

    fn take_beneath(&mut self) -> Option<TcpStream> {
        let stream = std::net::TcpStream::from(self.beneath.take()?);
        stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)).ok()
    }

    /// Says goodbye and ends in order.
    pub(super) async fn quit(&mut self) {
        if self.command("QUIT").await.is_ok() {
            self.close().await;
        }
    }

    /// Ends in order: close_notify, FIN, and waits for the other side's end.
    pub(super) async fn close(&mut self) {
        let mut rest = [0; 512];
        let ending = async {
            match &mut self.stream {
                Stream::Clear(stream) => {
                    let _ = stream.shutdown().await;
                    while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
                }
                Stream::Tls(session) => {
                    let _ = session.shutdown().await;
                }
                Stream::Gone => {}
            }
        };
        let _ = within(PATIENCE, ending).await;
        self.stream = Stream::Gone;
    }
}

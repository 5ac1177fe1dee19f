//! TLS on a connection of a peer: how it begins, and what is beneath it.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use waxseal_model::facts::{FailureCause, TlsFailure};
use waxseal_model::scenario::{Framing, Tampering};
use waxseal_model::trace::{Channel, Happening, Place};

use super::Recorder;
use super::conversation::{Conversation, Over, Stream, failure};
use super::open::{KeptOpen, after_records};
use crate::tls::{self, ClientSetup, ServerSetup, Session, Tampered};
use crate::wire::attention::within;
use crate::wire::tls::Reframed;

/// How long a relay is listened to beneath a session that has ended: it may wait for our end, and
/// that has come.
const BENEATH: Duration = Duration::from_millis(500);

/// Octets that are kept of what it says there.
const MOST_BENEATH: usize = 65_536;

impl Conversation {
    /// Negotiates TLS as the server.
    pub(super) async fn accept_tls(
        &mut self,
        setup: &ServerSetup,
        tampering: Option<Tampering>,
    ) -> Result<(), Over> {
        self.note_early();
        let Stream::Clear(stream) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err(Over);
        };
        self.beneath = stream.as_fd().try_clone_to_owned().ok();
        let patience = self.patience.handshake;
        let (handshake, tampered) = match tampering {
            None => (tls::accept(setup, KeptOpen(stream), patience).await, None),
            Some(tampering) => tls::accept_tampering(setup, tampering, stream, patience).await,
        };
        if let Some(hello) = handshake.hello {
            self.note(Happening::Hello(Box::new(hello)));
        }
        if let (Some(Tampered { version, answer }), Some(tampering)) = (tampered, tampering) {
            let tampering = tampering.name().into();
            self.note(Happening::Tampered { tampering, answer, version });
        }
        self.secure(handshake.result)
    }

    /// Negotiates TLS as the client, with the records of the ClientHello cut and labelled so.
    pub(super) async fn connect_tls(
        &mut self,
        setup: &ClientSetup,
        framing: Framing,
    ) -> Result<(), Over> {
        self.note_early();
        let Stream::Clear(stream) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err(Over);
        };
        self.beneath = stream.as_fd().try_clone_to_owned().ok();
        let patience = self.patience.handshake;
        let handshake = if framing == Framing::default() {
            tls::connect(setup, stream, patience).await
        } else {
            let piece = framing.octets.map_or(usize::MAX, usize::from);
            tls::connect(setup, Reframed::new(stream, framing.version, piece), patience).await
        };
        self.secure(handshake.result)
    }

    fn secure(&mut self, result: Result<Session, TlsFailure>) -> Result<(), Over> {
        match result {
            Ok(session) => {
                self.note(Happening::HandshakeCompleted(Box::new(session.facts.clone())));
                self.stream = Stream::Tls(Box::new(session));
                Ok(())
            }
            Err(failure) => {
                self.note(Happening::HandshakeFailed(failure));
                Err(Over)
            }
        }
    }

    /// The connection while it is in plaintext.
    pub(super) fn in_plaintext(&mut self) -> Option<&mut TcpStream> {
        match &mut self.stream {
            Stream::Clear(stream) => Some(stream),
            _ => None,
        }
    }

    /// The session, once it is up.
    pub(super) fn in_tls(&mut self) -> Option<&mut Session> {
        match &mut self.stream {
            Stream::Tls(session) => Some(session),
            _ => None,
        }
    }

    /// The connection beneath the session, once.
    pub(super) fn beneath(&mut self) -> Option<std::net::TcpStream> {
        self.beneath.take().map(std::net::TcpStream::from)
    }

    /// No session came of a handshake: how is noted, and the connection is over.
    pub(super) fn not_secured(&mut self, failure: TlsFailure) -> Over {
        self.note(Happening::HandshakeFailed(failure));
        self.stream = Stream::Gone;
        Over
    }

    /// Ends our session as its server with close_notify, and goes on in plaintext beneath it.
    pub(super) async fn close_tls(&mut self) -> Result<(), Over> {
        // A script that closes a session which the relay never began has nothing to say.
        let Some(beneath) = self.beneath() else { return Ok(()) };
        let session = self.in_tls().ok_or(Over)?;
        if let Err(error) = session.shutdown().await {
            return Err(self.broke(&error));
        }
        let beneath = beneath.set_nonblocking(true).and_then(|()| TcpStream::from_std(beneath));
        match beneath {
            Ok(stream) => self.stream = Stream::Clear(stream),
            Err(error) => return Err(self.broke(&error)),
        }
        self.left_tls = true;
        Ok(())
    }

    /// Reads over what is left of a session that ended: its records, until something else comes.
    pub(super) async fn skip_records(&mut self) {
        let Stream::Clear(stream) = &mut self.stream else { return };
        let skip = async {
            let mut first = [0];
            while stream.peek(&mut first).await? == 1 && (20..=23).contains(&first[0]) {
                let mut header = [0; 5];
                stream.read_exact(&mut header).await?;
                let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
                stream.read_exact(&mut vec![0; length]).await?;
            }
            io::Result::Ok(())
        };
        // Whatever ends it is met again by whoever reads on.
        let _ = within(self.patience.line, skip).await;
    }

    /// Makes the end of this connection a reset.
    pub(super) fn reset_beneath(&mut self) {
        let Some(beneath) = self.beneath() else { return };
        let ready = beneath.set_nonblocking(true).and_then(|()| TcpStream::from_std(beneath));
        // A connection that cannot be reset is closed in order.
        let _ = ready.and_then(|stream| stream.set_zero_linger());
    }

    /// Listens beneath a session that has ended, for what the relay still says in plaintext.
    pub(super) async fn listen_beneath(&mut self) {
        let Some(beneath) = self.beneath() else { return };
        self.stream = Stream::Gone;
        let ready = beneath.set_nonblocking(true).and_then(|()| TcpStream::from_std(beneath));
        let Ok(mut stream) = ready else { return };
        let mut heard = Vec::new();
        let reading = async {
            stream.shutdown().await?;
            let mut chunk = [0; 4096];
            loop {
                match stream.read(&mut chunk).await? {
                    0 => return io::Result::Ok(()),
                    read if heard.len() < MOST_BENEATH => heard.extend_from_slice(&chunk[..read]),
                    _ => {}
                }
            }
        };
        // How it ends says nothing: the session is over.
        let _ = within(BENEATH, reading).await;
        let bytes = after_records(&heard).to_vec();
        if !bytes.is_empty() {
            self.note(Happening::UnexpectedBytes { channel: Channel::Plaintext, bytes });
        }
    }

    /// Where this conversation is written down, and as whose.
    pub(super) fn written_to(&self) -> (Recorder, Place) {
        (self.recorder.clone(), self.place.clone())
    }

    /// Reads the relay's ClientHello without answering it, and notes it.
    pub(super) async fn read_hello(&mut self) -> Result<(), Over> {
        let mut bytes = self.early().unwrap_or_default();
        let Stream::Clear(stream) = &mut self.stream else { return Err(Over) };
        let read = async {
            let mut chunk = [0; 4096];
            loop {
                if let Some(hello) = crate::wire::numbers::client_hello(&bytes) {
                    return Ok::<_, io::Error>(Some(hello));
                }
                let starts_tls = bytes.first().is_none_or(|byte| *byte == 0x16 || byte & 0x80 != 0);
                let read = stream.read(&mut chunk).await?;
                if read == 0 || !starts_tls || bytes.len() > 65_536 {
                    return Ok(None);
                }
                bytes.extend_from_slice(&chunk[..read]);
            }
        };
        match within(self.patience.handshake, read).await {
            Ok(Ok(Some(hello))) => {
                self.note(Happening::Hello(Box::new(hello)));
                Ok(())
            }
            Ok(Ok(None)) => {
                self.note(Happening::UnexpectedBytes { channel: Channel::Plaintext, bytes });
                self.note(Happening::HandshakeFailed(failure(
                    FailureCause::NotTls,
                    "no ClientHello",
                )));
                Err(Over)
            }
            Ok(Err(error)) => Err(self.broke(&error)),
            Err(_) => {
                self.note(Happening::HandshakeFailed(failure(
                    FailureCause::Silence,
                    "no ClientHello",
                )));
                Err(Over)
            }
        }
    }
}

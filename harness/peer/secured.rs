//! TLS on a connection of a peer: how it begins, and what is beneath it.

use std::io;
use std::os::fd::AsFd;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use waxseal_model::facts::{FailureCause, TlsFailure};
use waxseal_model::scenario::{Forgery, Framing};
use waxseal_model::trace::{Channel, Happening, Place};

use super::Recorder;
use super::conversation::{Conversation, Over, Stream, failure};
use crate::tls::{self, ClientSetup, Forged, ServerSetup, Session};
use crate::wire::attention::within;
use crate::wire::tls::Reframed;

impl Conversation {
    /// Negotiates TLS as the server.
    pub(super) async fn accept_tls(
        &mut self,
        setup: &ServerSetup,
        forgery: Option<Forgery>,
    ) -> Result<(), Over> {
        self.note_early();
        let Stream::Clear(stream) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err(Over);
        };
        let patience = self.patience.handshake;
        let (handshake, forged) = match forgery {
            None => (tls::accept(setup, stream, patience).await, None),
            Some(forgery) => tls::accept_forging(setup, forgery, stream, patience).await,
        };
        if let Some(hello) = handshake.hello {
            self.note(Happening::Hello(Box::new(hello)));
        }
        if let (Some(Forged { version, answer }), Some(forgery)) = (forged, forgery) {
            let forgery = forgery.name().into();
            self.note(Happening::Forged { forgery, answer, version });
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
                self.note(Happening::Secured(Box::new(session.facts.clone())));
                self.stream = Stream::Tls(Box::new(session));
                Ok(())
            }
            Err(failure) => {
                self.note(Happening::NotSecured(failure));
                Err(Over)
            }
        }
    }

    /// The connection while it is in clear.
    pub(super) fn in_clear(&mut self) -> Option<&mut TcpStream> {
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
        self.note(Happening::NotSecured(failure));
        self.stream = Stream::Gone;
        Over
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
                if let Some(hello) = crate::tls::client_hello(&bytes) {
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
                self.note(Happening::HeardEarly { channel: Channel::Clear, bytes });
                self.note(Happening::NotSecured(failure(FailureCause::NotTls, "no ClientHello")));
                Err(Over)
            }
            Ok(Err(error)) => Err(self.broke(&error)),
            Err(_) => {
                self.note(Happening::NotSecured(failure(FailureCause::Silence, "no ClientHello")));
                Err(Over)
            }
        }
    }
}

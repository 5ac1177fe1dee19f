//! The stream between an engine that plays a server and the client, with the flight changed.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use waxseal_model::facts::TamperReaction;
use waxseal_model::offer::Version;
use waxseal_model::scenario::Tampering;

use super::reaction::Listener;
use super::rewrite::{After, rewrite, without_tls13};
use crate::wire::tls::{CLIENT_HELLO, ClientHello, Flight, Message, Records};

/// Octets that are held back while a hello or a flight is not complete: more than any of ours.
const HELD_LIMIT: usize = 1 << 17;

/// How long the rest of a flight is kept back while the client does nothing: shorter than the patience
/// of any client, so that an end before is no time-out of its own. Only a client that does not refuse
/// at once is kept waiting.
const HOLD: Duration = Duration::from_millis(250);

/// What became of the tampering, shared with the stream that plays it.
#[derive(Clone, Debug, Default)]
pub(in crate::tls) struct Watching(Arc<Mutex<Watched>>);

#[derive(Debug, Default)]
struct Watched {
    tampered: Option<(Version, Listener)>,
    meaningless: Option<(Version, String)>,
}

impl Watching {
    fn with<R>(&self, look: impl FnOnce(&mut Watched) -> R) -> R {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The version of the flight, and what the client did about it; `how` where the connection's end
    /// has to tell. `None`: no flight went out.
    pub(in crate::tls) fn answer(&self, how: TamperReaction) -> Option<(Version, TamperReaction)> {
        self.with(|watched| match (&watched.meaningless, &watched.tampered) {
            (Some((version, why)), _) => {
                Some((*version, TamperReaction::NotApplicable(why.clone())))
            }
            (None, Some((version, listener))) => Some((*version, listener.at_end(how))),
            (None, None) => None,
        })
    }
}

/// A stream that changes the first flight of the server above it.
#[derive(Debug)]
pub(in crate::tls) struct TamperingStream<T> {
    inner: T,
    tampering: Tampering,
    key: Vec<u8>,
    watching: Watching,
    /// The client's hello, while its bytes are looked through.
    hellos: Records,
    client: Option<ClientHello>,
    /// What came from the client and has not been given to the engine.
    held: Vec<u8>,
    given: Vec<u8>,
    saying: Saying,
    retried: bool,
    /// What has to go out.
    out: Vec<u8>,
}

/// What happens to what the engine says.
#[derive(Debug)]
enum Saying {
    /// It is collected until its flight is complete.
    Collects(Vec<u8>),
    GoesOut,
    /// It is kept back until the client does something, or until then.
    IsHeld(Vec<u8>, Pin<Box<Sleep>>),
    IsDropped,
    /// The connection is closed once all is out.
    Closes,
    Closed,
}

impl<T> TamperingStream<T> {
    pub(in crate::tls) fn new(inner: T, tampering: Tampering, key: &[u8]) -> (Self, Watching) {
        let watching = Watching::default();
        let stream = Self {
            inner,
            tampering,
            key: key.to_vec(),
            watching: watching.clone(),
            hellos: Records::default(),
            client: None,
            held: Vec::new(),
            given: Vec::new(),
            saying: Saying::Collects(Vec::new()),
            retried: false,
            out: Vec::new(),
        };
        (stream, watching)
    }

    /// Takes what the engine says.
    fn say(&mut self, bytes: &[u8]) {
        match &mut self.saying {
            Saying::Collects(collected) => collected.extend_from_slice(bytes),
            Saying::GoesOut => return self.out.extend_from_slice(bytes),
            Saying::IsHeld(held, _) => return held.extend_from_slice(bytes),
            Saying::IsDropped | Saying::Closes | Saying::Closed => return,
        }
        while let Saying::Collects(collected) = &mut self.saying {
            let (flight, rest) = match Flight::take(collected) {
                Ok(Some((flight, rest))) => (flight, rest.to_vec()),
                Ok(None) if collected.len() < HELD_LIMIT => return,
                // An alert of the engine, in the first place: there is nothing to tamper.
                Ok(None) | Err(_) => {
                    self.out.append(collected);
                    self.saying = Saying::GoesOut;
                    return;
                }
            };
            self.tamper(flight, rest);
        }
    }

    fn tamper(&mut self, flight: Flight, rest: Vec<u8>) {
        if flight.hello.is_retry() {
            self.retried = true;
            self.client = None;
            self.out.extend_from_slice(&flight.records(1 << 14));
            self.saying = Saying::Collects(rest);
            return;
        }
        let honest = flight.records(1 << 14);
        let code = flight.hello.version();
        let version = Version::from_code(code).unwrap_or(Version::Tls12);
        let rewritten = match &self.client {
            Some(client) => rewrite(self.tampering, client, flight, self.retried, &self.key),
            None => Err("its ClientHello cannot be read".into()),
        };
        let (bytes, after) = match rewritten {
            Ok(rewritten) => (rewritten.bytes, rewritten.after),
            Err(why) => {
                self.watching.with(|watched| _ = watched.meaningless.get_or_insert((version, why)));
                (honest, After::GoesOut)
            }
        };
        self.watching.with(|watched| {
            watched.tampered = Some((version, Listener::new(version >= Version::Tls13)));
        });
        self.out.extend_from_slice(&bytes);
        self.saying = match after {
            After::GoesOut => {
                self.out.extend_from_slice(&rest);
                Saying::GoesOut
            }
            After::IsHeld => Saying::IsHeld(rest, Box::pin(sleep(HOLD))),
            After::IsDropped => Saying::IsDropped,
            After::Closes => Saying::Closes,
        };
    }

    /// Lets out what was kept back.
    fn release(&mut self) {
        if let Saying::IsHeld(held, _) = &mut self.saying {
            self.out.append(held);
            self.saying = Saying::GoesOut;
            self.watching.with(|watched| {
                watched.tampered.iter_mut().for_each(|(_, listener)| listener.rest_follows());
            });
        }
    }

    /// Takes what the client said, and gives what the engine is to read.
    fn hear(&mut self, bytes: &[u8]) {
        let listening = self.watching.with(|watched| {
            let listener = watched.tampered.as_mut().map(|(_, listener)| listener);
            listener.is_some_and(|listener| {
                listener.hear(bytes);
                true
            })
        });
        if listening {
            self.release();
            return self.given.extend_from_slice(bytes);
        }
        self.hellos.push(bytes);
        let strikes = self.tampering == Tampering::DowngradeSentinel && self.client.is_none();
        while let Ok(Some(message)) = self.hellos.next_message() {
            if let Message::Handshake { kind: CLIENT_HELLO, body } = message {
                self.client = ClientHello::read(&body).ok();
            }
        }
        self.held.extend_from_slice(bytes);
        match &self.client {
            None if strikes && self.held.len() < HELD_LIMIT => {}
            Some(client) if strikes => match without_tls13(client) {
                Some(changed) => {
                    self.held.clear();
                    self.given.extend_from_slice(&changed.records(0x0301, 1 << 14));
                }
                None => {
                    let why = "it does not offer TLS 1.3".to_owned();
                    self.watching.with(|watched| watched.meaningless = Some((Version::Tls12, why)));
                    self.given.append(&mut self.held);
                }
            },
            _ => self.given.append(&mut self.held),
        }
    }
}

impl<T: AsyncWrite + Unpin> TamperingStream<T> {
    /// Brings out what has to go out. A client that refuses the flight may close before it has read
    /// all of it, and the connection is reset: what it said before can still be read, so that writing
    /// does not fail as long as its answer is waited for.
    fn drive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let driven = self.write_out(cx);
        if matches!(driven, Poll::Ready(Err(_))) && self.awaits_answer() {
            self.out.clear();
            self.saying = Saying::IsDropped;
            return Poll::Ready(Ok(()));
        }
        driven
    }

    fn awaits_answer(&self) -> bool {
        self.watching.with(|watched| watched.tampered.as_ref().is_some_and(|(_, it)| it.waits()))
    }

    fn write_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.out.is_empty() {
            let written = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.out))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.out.drain(..written);
        }
        if matches!(self.saying, Saying::Closes) {
            ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
            self.saying = Saying::Closed;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for TamperingStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Saying::IsHeld(_, until) = &mut self.saying
            && until.as_mut().poll(cx).is_ready()
        {
            self.release();
        }
        // A client that went away shows in what is read.
        let _ = self.drive(cx);
        loop {
            if !self.given.is_empty() {
                let room = buf.remaining().min(self.given.len());
                buf.put_slice(&self.given[..room]);
                self.given.drain(..room);
                return Poll::Ready(Ok(()));
            }
            let mut space = [0; 4096];
            let mut chunk = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut self.inner).poll_read(cx, &mut chunk))?;
            if chunk.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            let bytes = chunk.filled().to_vec();
            self.hear(&bytes);
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for TamperingStream<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        // What is held back is small; once the flight is answered, the engine waits like anybody.
        if matches!(self.saying, Saying::GoesOut) && !self.awaits_answer() {
            ready!(self.drive(cx))?;
            return Pin::new(&mut self.inner).poll_write(cx, buf);
        }
        self.say(buf);
        match self.drive(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(buf.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.drive(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.drive(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

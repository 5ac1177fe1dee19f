//! What our TLS library lets pass in a server's flight and a client must not: looked at here, below
//! the library. Faults of that kind live here too: they make a wrong flight right before it is read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Mutant;
use crate::tls::base_point;
use crate::wire::tls::{
    CLIENT_HELLO, ClientHello, Extension, Flight, Message, Records, content, handshake, kind,
    write_records,
};

/// A connection of the relay as a TLS client.
#[derive(Debug)]
pub(super) struct Scrutiny<T> {
    inner: T,
    mutant: Option<Mutant>,
    hellos: Records,
    client: Option<ClientHello>,
    /// What came of the flight so far; `None`: it has been looked at.
    flight: Option<Vec<u8>>,
    given: Vec<u8>,
}

impl<T> Scrutiny<T> {
    pub(super) fn new(inner: T, mutant: Option<Mutant>) -> Self {
        let (hellos, flight) = (Records::default(), Some(Vec::new()));
        Self { inner, mutant, hellos, client: None, flight, given: Vec::new() }
    }

    /// Takes what the server said while its flight is not complete.
    ///
    /// # Errors
    /// The alert with which the handshake has to end.
    fn look(&mut self, bytes: &[u8]) -> Result<(), u8> {
        let Some(collected) = &mut self.flight else {
            self.given.extend_from_slice(bytes);
            return Ok(());
        };
        collected.extend_from_slice(bytes);
        let short = matches!(collected[..], [content::HANDSHAKE, _, _, 0, 0..4, ..]);
        if self.mutant == Some(Mutant::ClientRefusesFragments) && short {
            return Err(50);
        }
        let (flight, rest) = match Flight::take(collected) {
            Ok(Some((flight, rest))) => (flight, rest.to_vec()),
            Ok(None) if !bytes.is_empty() => return Ok(()),
            Ok(None) | Err(_) => {
                self.given.append(collected);
                self.flight = None;
                return Ok(());
            }
        };
        if flight.hello.is_retry() {
            // Another flight follows the next hello.
            self.given.append(collected);
            return Ok(());
        }
        if let Some(client) = &self.client {
            objection(self.mutant, client, &flight)?;
        }
        match mended(self.mutant, self.client.as_ref(), &flight) {
            Some(mended) => {
                self.given.extend_from_slice(&mended.records(1 << 14));
                self.given.extend_from_slice(&rest);
            }
            None => self.given.append(collected),
        }
        self.flight = None;
        Ok(())
    }
}

/// What the library overlooks, as the alert that it calls for.
fn objection(mutant: Option<Mutant>, client: &ClientHello, flight: &Flight) -> Result<(), u8> {
    let hello = &flight.hello;
    let tls13 = hello.extension(kind::SUPPORTED_VERSIONS).is_some();
    // RFC 9325 section 3.5: handshake_failure. Our hello always asks for it.
    if !tls13
        && hello.extension(kind::RENEGOTIATION_INFO).is_none()
        && mutant != Some(Mutant::ClientTakesUnsafeRenegotiation)
    {
        return Err(40);
    }
    // RFC 8446 section 4.1.3: illegal_parameter.
    if tls13
        && hello.session_id != client.session_id
        && mutant != Some(Mutant::ClientTakesAnySessionId)
    {
        return Err(47);
    }
    Ok(())
}

/// The flight as the library sees it if this fault is on; `None`: as it is.
fn mended(mutant: Option<Mutant>, client: Option<&ClientHello>, flight: &Flight) -> Option<Flight> {
    let (mut mended, client) = (flight.clone(), client?);
    let hello = &mut mended.hello;
    let tls13 = hello.extension(kind::SUPPORTED_VERSIONS).is_some();
    let extensions = hello.extensions.iter_mut().flatten();
    match mutant? {
        Mutant::ClientTakesAnySuite => {
            let fits = |suite: &u16| (suite >> 8 == 0x13) == tls13 && !is_signal(*suite);
            if !client.suites.contains(&hello.suite) || !fits(&hello.suite) {
                hello.suite = client.suites.iter().copied().find(fits)?;
            }
        }
        Mutant::ClientTakesAnyVersion => {
            hello.legacy_version = 0x0303;
            for extension in extensions.filter(|found| found.kind == kind::SUPPORTED_VERSIONS) {
                extension.body = vec![3, 4];
            }
        }
        Mutant::ClientTakesCompression => hello.compression = 0,
        Mutant::ClientTakesUnofferedExtensions => {
            let offered = |extension: &Extension| {
                extension.kind == kind::RENEGOTIATION_INFO
                    || client.extension(extension.kind).is_some()
            };
            hello.extensions.iter_mut().for_each(|list| list.retain(offered));
        }
        Mutant::ClientTakesZeroShare => {
            for extension in extensions.filter(|found| found.kind == kind::KEY_SHARE) {
                let [high, low, _, _, public @ ..] = &mut extension.body[..] else { continue };
                let base = base_point(u16::from_be_bytes([*high, *low]));
                if let (true, Some(base)) = (public.iter().all(|octet| *octet == 0), base) {
                    public.copy_from_slice(base.get(..public.len())?);
                }
            }
        }
        Mutant::ClientTakesAnyOrder => {
            mended.messages.retain(|message| message.kind != handshake::SERVER_HELLO);
            let done = |kind| kind == handshake::SERVER_HELLO_DONE;
            mended.messages.sort_by_key(|message| done(message.kind));
        }
        _ => return None,
    }
    Some(mended)
}

fn is_signal(suite: u16) -> bool {
    matches!(suite, 0x00ff | 0x5600)
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Scrutiny<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
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
            let bytes = chunk.filled().to_vec();
            if let Err(alert) = self.look(&bytes) {
                let alert = write_records(content::ALERT, 0x0303, &[2, alert], 2);
                // Seven octets are taken at once, or the connection is gone.
                let _ = Pin::new(&mut self.inner).poll_write(cx, &alert);
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
            if bytes.is_empty() && self.given.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Scrutiny<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, buf))?;
        if self.flight.is_some() {
            self.hellos.push(&buf[..written]);
            while let Ok(Some(message)) = self.hellos.next_message() {
                if let Message::Handshake { kind: CLIENT_HELLO, body } = message {
                    self.client = ClientHello::read(&body).ok();
                }
            }
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

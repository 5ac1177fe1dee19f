//! Faults of the server that no engine has: it looks at a ClientHello before the engine does, and
//! answers some by hand.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use super::Mutant;
use super::session::PATIENCE;
use crate::wire::attention::within;
use crate::wire::tls::{
    ClientHello, Extension, Message, Records, ServerHello, Sslv2ServerHello, content, handshake,
    is_grease, kind, read_client_hello, write_records,
};

/// Octets of a hello that are looked at.
const LIMIT: usize = 20_000;

/// What the relay does about a hello by hand; `None`: it leaves it to the engine.
fn reaction(mutant: Mutant, bytes: &[u8]) -> Option<Vec<u8>> {
    match (mutant, bytes) {
        (Mutant::ServerAnswersSslV2, [0x80..=0xff, ..]) => return Some(sslv2_hello()),
        (Mutant::ServerFearsRecordVersion, [_, major, minor, ..]) if [*major, *minor] != [3, 1] => {
            return Some(alert(70));
        }
        (Mutant::ServerFearsSmallRecords, [_, _, _, 0, 0..=100, ..]) => return Some(alert(50)),
        (Mutant::ServerFearsLongHello, _) if bytes.len() > 512 + 5 => return Some(Vec::new()),
        _ => {}
    }
    let hello = read_client_hello(bytes)?;
    let tls13 = hello.numbers(kind::SUPPORTED_VERSIONS, 1).contains(&0x0304);
    let known = |id: &u16| [0x1301, 0xc02f, 0xc02b].contains(id);
    let shared = hello.numbers(kind::KEY_SHARE, 2).first().copied();
    match mutant {
        Mutant::ServerFearsHighVersion if hello.legacy_version > 0x0303 => Some(alert(70)),
        Mutant::ServerFearsGrease if hello.suites.iter().copied().any(is_grease) => Some(alert(40)),
        Mutant::ServerTakesNonsense
            if !hello.suites.iter().any(known) || !hello.compression.contains(&0) =>
        {
            Some(flight(&answer(&hello)))
        }
        Mutant::ServerCompresses if hello.compression.contains(&1) => {
            Some(flight(&ServerHello { compression: 1, ..answer(&hello) }))
        }
        Mutant::ServerIgnoresFallback if hello.suites.contains(&0x5600) => {
            Some(flight(&answer(&hello)))
        }
        Mutant::ServerPicksHttp2 if hello.extension(kind::ALPN).is_some() => {
            let agreed = vec![Extension::alpn(&[b"h2"])];
            Some(flight(&ServerHello { extensions: Some(agreed), ..answer(&hello) }))
        }
        Mutant::ServerAcknowledgesNothing if !tls13 => Some(flight(&answer(&hello))),
        Mutant::ServerTakesCbc if !tls13 && !hello.suites.iter().any(known) => {
            let suite = hello.suites.first().copied()?;
            Some(flight(&ServerHello { suite, ..answer(&hello) }))
        }
        Mutant::ServerWantsKeyShare if tls13 && shared.is_none() => Some(alert(109)),
        Mutant::ServerTakesForeignShare if tls13 => {
            let group = shared?;
            let listed = hello.numbers(kind::SUPPORTED_GROUPS, 2).contains(&group);
            (!listed).then(|| flight(&answer(&hello)))
        }
        Mutant::ServerTakesEarlyChange if !tls13 => Some(flight(&answer(&hello))),
        Mutant::ServerFearsResumption
            if hello.extension(kind::PRE_SHARED_KEY).is_some()
                || hello
                    .extension(kind::SESSION_TICKET)
                    .is_some_and(|ticket| !ticket.is_empty()) =>
        {
            Some(alert(40))
        }
        Mutant::ServerBleeds if hello.extension(kind::HEARTBEAT).is_some() => {
            let beats = vec![Extension::heartbeat(1)];
            Some(flight(&ServerHello { extensions: Some(beats), ..answer(&hello) }))
        }
        _ => None,
    }
}

/// Looks at the hello that waits, and answers it by hand where this mutant does. Whether it did: then
/// the connection is over.
pub(super) async fn answer_by_hand(mutant: Mutant, stream: &mut TcpStream) -> bool {
    let Ok(bytes) = within(PATIENCE, peek(stream)).await else { return false };
    let Some(bytes) = reaction(mutant, &bytes) else { return false };
    if !bytes.is_empty() && stream.write_all(&bytes).await.is_ok() {
        let _ = within(PATIENCE * 6, linger(mutant, stream)).await;
    }
    true
}

/// The bytes that wait, once they hold a whole hello or are none.
async fn peek(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = vec![0; LIMIT];
    loop {
        let read = stream.peek(&mut bytes).await.unwrap_or_default();
        let whole = bytes[0] != 0x16 || read_client_hello(&bytes[..read]).is_some();
        if whole || read == 0 || read == LIMIT {
            bytes.truncate(read);
            return bytes;
        }
        // More is on its way; peeking does not wait for it.
        tokio::task::yield_now().await;
    }
}

/// Stays for what the client does behind the answer.
async fn linger(mutant: Mutant, stream: &mut TcpStream) {
    let mut records = Records::default();
    // The hello itself was only looked at.
    let mut chunk = vec![0; LIMIT];
    let mut changes = 0;
    while let Ok(read @ 1..) = stream.read(&mut chunk).await {
        records.push(&chunk[..read]);
        while let Ok(Some(message)) = records.next_message() {
            match message {
                Message::ChangeCipherSpec => changes += 1,
                Message::Heartbeat(mut beat) if mutant == Mutant::ServerBleeds => {
                    beat[0] = 2;
                    beat.extend_from_slice(b"key");
                    let beat = write_records(content::HEARTBEAT, 0x0303, &beat, usize::MAX);
                    let _ = stream.write_all(&beat).await;
                }
                _ => {}
            }
            if mutant == Mutant::ServerTakesEarlyChange && changes == 2 {
                // bad_record_mac: the second one should have been encrypted.
                let _ = stream.write_all(&alert(20)).await;
                return;
            }
        }
    }
}

/// A ServerHello that takes the best suite of ours, or the first there is, and promises nothing.
fn answer(hello: &ClientHello) -> ServerHello {
    let tls13 = hello.numbers(kind::SUPPORTED_VERSIONS, 1).contains(&0x0304);
    let point = [9; 32];
    let group = hello.numbers(kind::KEY_SHARE, 2).first().copied().unwrap_or(0x001d);
    let mut share = group.to_be_bytes().to_vec();
    share.extend_from_slice(&(point.len() as u16).to_be_bytes());
    share.extend_from_slice(&point);
    let extensions = vec![
        Extension::new(kind::SUPPORTED_VERSIONS, [3, 4]),
        Extension::new(kind::KEY_SHARE, share),
    ];
    ServerHello {
        legacy_version: 0x0303,
        random: [7; 32],
        session_id: hello.session_id.clone(),
        suite: if tls13 { 0x1301 } else { 0xc02f },
        compression: 0,
        extensions: tls13.then_some(extensions),
    }
}

/// The hello, and in TLS 1.2 the end of the flight: no certificate is needed to see what was chosen.
fn flight(hello: &ServerHello) -> Vec<u8> {
    let body = hello.body();
    let mut messages = vec![handshake::SERVER_HELLO];
    messages.extend_from_slice(&(body.len() as u32).to_be_bytes()[1..]);
    messages.extend_from_slice(&body);
    messages.extend_from_slice(&[handshake::SERVER_HELLO_DONE, 0, 0, 0]);
    write_records(content::HANDSHAKE, 0x0303, &messages, usize::MAX)
}

fn alert(description: u8) -> Vec<u8> {
    write_records(content::ALERT, 0x0303, &[2, description], usize::MAX)
}

fn sslv2_hello() -> Vec<u8> {
    Sslv2ServerHello { version: 2, certificate: vec![0x30, 0], ciphers: vec![[7, 0, 0xc0]] }.write()
}

/// A stream that overlooks clear lines between records.
pub(super) struct Overlooking<T> {
    inner: T,
    /// Octets of the present record that are still to come, its header included.
    left: usize,
    waiting: Vec<u8>,
}

impl<T> Overlooking<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, left: 0, waiting: Vec::new() }
    }

    /// Moves what belongs to records, and drops letters, CR and LF before one.
    fn sift(&mut self, buf: &mut ReadBuf<'_>) {
        while !self.waiting.is_empty() && buf.remaining() > 0 {
            if self.left == 0 {
                let between = |octet: &u8| octet.is_ascii_alphabetic() || b"\r\n".contains(octet);
                let clear = self.waiting.iter().take_while(|octet| between(octet)).count();
                self.waiting.drain(..clear);
                let [_, _, _, high, low, ..] = self.waiting[..] else { return };
                self.left = 5 + usize::from(u16::from_be_bytes([high, low]));
            }
            let part = self.left.min(self.waiting.len()).min(buf.remaining());
            buf.put_slice(&self.waiting[..part]);
            self.waiting.drain(..part);
            self.left -= part;
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Overlooking<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        loop {
            self.sift(buf);
            if buf.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
            let mut chunk = [0; 4096];
            let mut read = ReadBuf::new(&mut chunk);
            std::task::ready!(Pin::new(&mut self.inner).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.waiting.extend_from_slice(read.filled());
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Overlooking<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

//! A stream that cuts and labels the first record anew.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::record::write_records;

/// Puts the payload of the first record that is written into records of another version or size, and
/// leaves all else as it is. The engine above it sees nothing of that: record headers in plaintext are
/// not part of what a handshake protects (RFC 8446 section 4.4.1).
#[derive(Debug)]
pub struct Reframed<T> {
    inner: T,
    version: Option<u16>,
    piece: usize,
    /// What was written of the first record while it is not whole.
    held: Option<Vec<u8>>,
    /// What is still to be passed on.
    due: Vec<u8>,
}

impl<T> Reframed<T> {
    /// Records of that version, `None`: the one they have, and of at most `piece` octets.
    pub fn new(inner: T, version: Option<u16>, piece: usize) -> Self {
        Self { inner, version, piece, held: Some(Vec::new()), due: Vec::new() }
    }

    fn hold(&mut self, bytes: &[u8]) {
        let Some(held) = &mut self.held else { return };
        held.extend_from_slice(bytes);
        let [kind, major, minor, high, low, ..] = held[..] else { return };
        let end = 5 + usize::from(u16::from_be_bytes([high, low]));
        if let Some(payload) = held.get(5..end) {
            let version = self.version.unwrap_or(u16::from_be_bytes([major, minor]));
            self.due = write_records(kind, version, payload, self.piece);
            self.due.extend_from_slice(&held[end..]);
            self.held = None;
        }
    }
}

impl<T: AsyncWrite + Unpin> Reframed<T> {
    fn pass_on(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.due.is_empty() {
            let written = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.due))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.due.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Reframed<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.pass_on(cx))?;
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Reframed<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.pass_on(cx))?;
        if self.held.is_none() {
            return Pin::new(&mut self.inner).poll_write(cx, buf);
        }
        self.hold(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.pass_on(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.pass_on(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn only_the_first_record_is_cut() {
        for split in 1..10 {
            let (near, mut far) = duplex(1000);
            let mut stream = Reframed::new(near, Some(0x0300), 2);
            let bytes = [22, 3, 1, 0, 3, 7, 8, 9, 23, 3, 3, 0, 1, 5];
            stream.write_all(&bytes[..split]).await.unwrap();
            stream.write_all(&bytes[split..]).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut passed = Vec::new();
            far.read_to_end(&mut passed).await.unwrap();
            let cut = [22, 3, 0, 0, 2, 7, 8, 22, 3, 0, 0, 1, 9, 23, 3, 3, 0, 1, 5];
            assert_eq!(passed, cut);
        }
    }
}

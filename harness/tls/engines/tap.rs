//! Keeps a copy of the bytes of a handshake, so that one codec reads what both engines saw.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Octets kept each way: more than any handshake of ours.
const LIMIT: usize = 65_536;

/// What went by, and how it ended.
#[derive(Debug, Default)]
pub(super) struct Tapped {
    pub(super) heard: Vec<u8>,
    pub(super) said: Vec<u8>,
    /// The other side sent FIN.
    pub(super) ended: bool,
    /// The connection broke.
    pub(super) reset: bool,
}

/// The copy, shared with the stream it is taken from.
pub(super) type Copy = Arc<Mutex<Tapped>>;

/// A stream that is listened in on.
#[derive(Debug)]
pub(super) struct Tap<T> {
    inner: T,
    copy: Copy,
}

impl<T> Tap<T> {
    pub(super) fn new(inner: T) -> (Self, Copy) {
        let copy = Copy::default();
        (Self { inner, copy: Arc::clone(&copy) }, copy)
    }

    fn note(&self, note: impl FnOnce(&mut Tapped)) {
        note(&mut self.copy.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Tap<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        match &polled {
            Poll::Ready(Ok(())) => {
                let new = &buf.filled()[before..];
                self.note(|tapped| {
                    tapped.ended |= new.is_empty();
                    let room = LIMIT.saturating_sub(tapped.heard.len()).min(new.len());
                    tapped.heard.extend_from_slice(&new[..room]);
                });
            }
            Poll::Ready(Err(_)) => self.note(|tapped| tapped.reset = true),
            Poll::Pending => {}
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Tap<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, buf);
        match &polled {
            Poll::Ready(Ok(written)) => self.note(|tapped| {
                let room = LIMIT.saturating_sub(tapped.said.len()).min(*written);
                tapped.said.extend_from_slice(&buf[..room]);
            }),
            Poll::Ready(Err(_)) => self.note(|tapped| tapped.reset = true),
            Poll::Pending => {}
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

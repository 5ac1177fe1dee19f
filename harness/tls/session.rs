//! A finished handshake: a stream, and what is known of it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use openssl::ssl::ErrorCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use waxseal_model::facts::TlsFacts;

/// Anything that can be read and written.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// The inside of a TLS session, whichever library plays it.
///
/// Reading gives `Ok(0)` after close_notify, `UnexpectedEof` after a FIN without it, and an error
/// with an [`AlertReceived`] inside after a fatal alert of the other side.
pub struct Session {
    /// What was negotiated.
    pub facts: TlsFacts,
    stream: Box<dyn Stream>,
}

impl Session {
    pub(super) fn new(facts: TlsFacts, stream: impl Stream + 'static) -> Self {
        Self { facts, stream: Box::new(stream) }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("facts", &self.facts).finish_non_exhaustive()
    }
}

impl AsyncRead for Session {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf).map_err(told_apart)
    }
}

impl AsyncWrite for Session {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf).map_err(told_apart)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx).map_err(told_apart)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx).map_err(told_apart)
    }
}

/// The other side ended the session with a fatal alert.
#[derive(Debug, thiserror::Error)]
#[error("a fatal TLS alert: {0}")]
pub struct AlertReceived(String);

/// Whether the error came of a fatal alert of the other side.
pub fn is_alert(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<AlertReceived>())
}

/// The same words for what both libraries tell in their own.
fn told_apart(error: io::Error) -> io::Error {
    let alert =
        |name: String| io::Error::new(io::ErrorKind::ConnectionAborted, AlertReceived(name));
    let Some(inner) = error.get_ref() else { return error };
    if let Some(rustls::Error::AlertReceived(name)) = inner.downcast_ref() {
        return alert(format!("{name:?}"));
    }
    let Some(trouble) = inner.downcast_ref::<openssl::ssl::Error>() else { return error };
    // OpenSSL's way to say that the connection ended in the midst of TLS 1.2 or older.
    if trouble.code() == ErrorCode::SYSCALL && trouble.io_error().is_none() {
        return io::ErrorKind::UnexpectedEof.into();
    }
    let Some(stack) = trouble.ssl_error() else { return error };
    for each in stack.errors() {
        if is_alert_code(each) {
            return alert(each.reason().unwrap_or("without a name").to_owned());
        }
        if each.reason() == Some("unexpected eof while reading") {
            return io::ErrorKind::UnexpectedEof.into();
        }
    }
    error
}

/// Whether OpenSSL's error is an alert that was received: reasons from 1000 on are.
pub(super) fn is_alert_code(error: &openssl::error::Error) -> bool {
    (1000..1256).contains(&(error.code() & 0x7f_ffff))
}

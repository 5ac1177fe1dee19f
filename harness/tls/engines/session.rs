//! A finished handshake: a stream, and what is known of it.

use std::io;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use waxseal_model::facts::{Alert, Speaker, TlsFacts};

use crate::tls::engines::alerts::Alerts;
use crate::tls::engines::tap::Copy;
use crate::wire::tls::strayed;

/// What an engine gives: it can be read and written.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    /// Begins another handshake as the client and plays it to its end.
    fn poll_renegotiate(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for tokio_rustls::client::TlsStream<T> {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for tokio_rustls::server::TlsStream<T> {}

/// The inside of a TLS session, whichever library plays it.
///
/// Reading gives `Ok(0)` after close_notify, `UnexpectedEof` after a FIN without it, and an error
/// with an [`AlertReceived`] inside after a fatal alert of the other side.
pub struct Session {
    /// What was negotiated.
    pub facts: TlsFacts,
    stream: Box<dyn Stream>,
    alerts: Alerts,
    copy: Copy,
}

impl Session {
    /// A session whose engine notes `alerts`.
    pub(super) fn new(facts: TlsFacts, stream: impl Stream + 'static, alerts: &Alerts) -> Self {
        Self { facts, stream: Box::new(stream), alerts: alerts.clone(), copy: Copy::default() }
    }

    /// With what is read on its wire.
    pub(super) fn heard_by(self, copy: &Copy) -> Self {
        Self { copy: Copy::clone(copy), ..self }
    }

    /// What the other side sent in plaintext between the records of the session: what it sent is read as
    /// far as the session came, and at most 64 KiB of it. Empty where all was records.
    pub fn strayed(&self) -> Vec<u8> {
        let tapped = self.copy.lock().unwrap_or_else(PoisonError::into_inner);
        strayed(&tapped.heard).to_vec()
    }

    /// Begins another handshake as the client (TLS 1.2 and older).
    ///
    /// # Errors
    /// The other side does not go along, or ended the session: which, [`is_alert`] and the alerts
    /// tell. [`io::ErrorKind::Unsupported`]: the engine begins none, the modern one never and the
    /// legacy one not in TLS 1.3.
    pub async fn renegotiate(&mut self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.stream.poll_renegotiate(cx))
            .await
            .map_err(|error| told_apart(error, &self.alerts))
    }

    /// The alerts that went by since the last call, in order. Those of the relay are told once the
    /// read that met them is done; those of our side by the legacy engine only.
    pub fn take_alerts(&self) -> Vec<Alert> {
        self.alerts.take()
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
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if polled.is_pending() {
            // What was read may have to be answered, by a warning alert for example; tokio-rustls leaves
            // that for the next write.
            let _ = Pin::new(&mut self.stream).poll_flush(cx);
        }
        polled.map_err(|error| told_apart(error, &self.alerts))
    }
}

impl AsyncWrite for Session {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        polled.map_err(|error| told_apart(error, &self.alerts))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        polled.map_err(|error| told_apart(error, &self.alerts))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(cx);
        polled.map_err(|error| told_apart(error, &self.alerts))
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

/// The same words for what both libraries tell in their own. What cannot be read as a part of the
/// session is [`io::ErrorKind::InvalidData`].
fn told_apart(error: io::Error, alerts: &Alerts) -> io::Error {
    let alert =
        |name: String| io::Error::new(io::ErrorKind::ConnectionAborted, AlertReceived(name));
    let Some(inner) = error.get_ref() else { return error };
    if let Some(modern) = inner.downcast_ref::<rustls::Error>() {
        return match modern {
            rustls::Error::AlertReceived(name) => {
                alerts.note(Speaker::Relay, u8::from(*name));
                alert(format!("{name:?}"))
            }
            _ => io::Error::new(io::ErrorKind::InvalidData, error),
        };
    }
    let Some(ssl) = inner.downcast_ref::<openssl::ssl::Error>() else { return error };
    if let Some(system) = ssl.io_error() {
        return system.kind().into();
    }
    // Without an error of its own or of the system, OpenSSL means a FIN without close_notify.
    let Some(stack) = ssl.ssl_error() else { return io::ErrorKind::UnexpectedEof.into() };
    for each in stack.errors() {
        if let Some(number) = system_error(each) {
            return io::Error::from_raw_os_error(number).kind().into();
        }
        if is_alert_code(each) {
            return alert(each.reason().unwrap_or("without a name").to_owned());
        }
        if each.reason() == Some("unexpected eof while reading") {
            return io::ErrorKind::UnexpectedEof.into();
        }
    }
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Whether OpenSSL's error is an alert that was received: reasons from 1000 on are.
pub(super) fn is_alert_code(error: &openssl::error::Error) -> bool {
    (1000..1256).contains(&(error.code() & 0x7f_ffff))
}

/// The description of the alert that OpenSSL's error stands for.
pub(super) fn alert_of(error: &openssl::error::Error) -> Option<u8> {
    u8::try_from((error.code() & 0x7f_ffff).checked_sub(1000)?).ok()
}

/// The system's own number of an error that OpenSSL only passes on: its codes have the highest of 32
/// bits set.
fn system_error(error: &openssl::error::Error) -> Option<i32> {
    let (code, system) = (error.code(), 0x8000_0000);
    (code & system != 0).then(|| i32::try_from(code & (system - 1)).ok()).flatten()
}

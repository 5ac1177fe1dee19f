//! The stream of the legacy engine, safe from what other sessions left behind.
//!
//! OpenSSL keeps one queue of errors a thread, and takes any error it finds there for one of the
//! call just made: an error that another session left would end this one. Each call begins with an
//! empty queue. A call also leaves errors behind that stop nothing, such as "unknown security bits"
//! for a prime of 512 bits; whoever goes on to read has not failed, so reading empties it as well.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use foreign_types_shared::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::ssl::{Error, Ssl, SslRef};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_openssl::SslStream;

use crate::tls::engines::session::Stream;

pub(in crate::tls) struct LegacyStream<T> {
    inner: SslStream<Forgiven<T>>,
    /// Another handshake was begun and is not finished.
    asked_again: bool,
}

impl<T: AsyncRead + AsyncWrite + Unpin> LegacyStream<T> {
    pub(in crate::tls) fn new(ssl: Ssl, io: T) -> Result<Self, ErrorStack> {
        SslStream::new(ssl, Forgiven(io)).map(|inner| Self { inner, asked_again: false })
    }

    /// The server's side of the handshake.
    pub(in crate::tls) async fn accept(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.clean().poll_accept(cx)).await
    }

    /// The client's side of the handshake.
    pub(in crate::tls) async fn connect(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.clean().poll_connect(cx)).await
    }

    /// A second handshake, begun by the client.
    pub(in crate::tls) async fn renegotiate(&mut self) -> Result<(), Error> {
        // A refusal shows in the handshake that follows.
        self.ask_again();
        poll_fn(|cx| self.clean().poll_do_handshake(cx)).await
    }

    /// Whether the library will begin another handshake.
    fn ask_again(&self) -> bool {
        unsafe extern "C" {
            fn SSL_renegotiate(ssl: *mut openssl_sys::SSL) -> std::ffi::c_int;
        }
        drop(ErrorStack::get());
        // SAFETY: the session is alive.
        unsafe { SSL_renegotiate(self.ssl().as_ptr()) == 1 }
    }

    pub(in crate::tls) fn ssl(&self) -> &SslRef {
        self.inner.ssl()
    }

    fn clean(&mut self) -> Pin<&mut SslStream<Forgiven<T>>> {
        drop(ErrorStack::get());
        Pin::new(&mut self.inner)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for LegacyStream<T> {
    fn poll_renegotiate(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.asked_again {
            if !self.ask_again() {
                return Poll::Ready(Err(io::ErrorKind::Unsupported.into()));
            }
            self.asked_again = true;
        }
        let done = ready!(self.clean().poll_do_handshake(cx));
        self.asked_again = false;
        Poll::Ready(done.map_err(io::Error::other))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for LegacyStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.clean().poll_read(cx, buf)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for LegacyStream<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.clean().poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.clean().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.clean().poll_shutdown(cx)
    }
}

/// What is below OpenSSL: reading forgives the errors that the call has left so far.
#[derive(Debug)]
struct Forgiven<T>(T);

impl<T: AsyncRead + Unpin> AsyncRead for Forgiven<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        drop(ErrorStack::get());
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Forgiven<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

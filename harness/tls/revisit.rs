//! A client that comes back: a second handshake on one connection, a second session on another.
//!
//! Played by the legacy engine, which does both in every version. Any server certificate is taken.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openssl::ssl::{Ssl, SslOptions, SslSession, SslSessionCacheMode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind, Version};

use super::legacy::context;
use super::legacy_stream::LegacyStream;

/// A session that may be resumed on another connection.
pub struct SavedSession(SslSession);

/// Why a question about a second time has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(String);

impl NoAnswer {
    fn new(text: impl ToString) -> Self {
        Self(text.to_string())
    }
}

/// Opens a session of this version and keeps it. `Ok(None)`: the server gave nothing to resume by.
///
/// `command` is sent inside TLS and something is waited for, because tickets of TLS 1.3 come with
/// the first bytes after the handshake.
///
/// # Errors
/// [`NoAnswer`]: the handshake itself did not succeed.
pub async fn open_session<T>(
    io: T,
    version: Version,
    sni: Option<&str>,
    command: &[u8],
    patience: Duration,
) -> Result<Option<SavedSession>, NoAnswer>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let saved = Arc::new(Mutex::new(None));
    let mut stream = connect(io, version, sni, None, &saved, patience).await?;
    let talking = async {
        let mut answer = [0; 512];
        stream.write_all(command).await?;
        if stream.read(&mut answer).await? > 0 {
            stream.shutdown().await?;
        }
        Ok::<_, std::io::Error>(())
    };
    // What becomes of the talk does not matter: the ticket came or it did not.
    let _ = timeout(patience, talking).await;
    let session = saved.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(session.map(SavedSession))
}

/// Whether a saved session is resumed.
///
/// # Errors
/// [`NoAnswer`]: the handshake did not succeed, resumed or not.
pub async fn resumes<T>(
    io: T,
    version: Version,
    sni: Option<&str>,
    session: &SavedSession,
    patience: Duration,
) -> Result<bool, NoAnswer>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let none = Arc::default();
    let mut stream = connect(io, version, sni, Some(session), &none, patience).await?;
    let reused = stream.ssl().session_reused();
    let _ = timeout(patience, stream.shutdown()).await;
    Ok(reused)
}

/// Whether the server goes along with a second handshake that the client begins (TLS 1.2 and older).
///
/// A server that answers no_renegotiation, or ends the connection, does not.
///
/// # Errors
/// [`NoAnswer`]: the first handshake did not succeed, or the server kept silent.
pub async fn renegotiates<T>(
    io: T,
    version: Version,
    sni: Option<&str>,
    patience: Duration,
) -> Result<bool, NoAnswer>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let none = Arc::default();
    let mut stream = connect(io, version, sni, None, &none, patience).await?;
    match timeout(patience, stream.renegotiate()).await {
        Ok(done) => Ok(done.is_ok()),
        Err(_) => Err(NoAnswer::new("it keeps silent on a second handshake")),
    }
}

async fn connect<T>(
    io: T,
    version: Version,
    sni: Option<&str>,
    session: Option<&SavedSession>,
    saved: &Arc<Mutex<Option<SslSession>>>,
    patience: Duration,
) -> Result<LegacyStream<T>, NoAnswer>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let offer = Offer {
        versions: vec![version],
        suites: vec![
            SuiteChoice::Kind(SuiteKind::ForwardSecret),
            SuiteChoice::Kind(SuiteKind::All),
        ],
        ..Offer::modern()
    };
    let mut context = context(&offer, false).map_err(NoAnswer::new)?;
    context.clear_options(SslOptions::NO_TICKET);
    context.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
    let keep = Arc::clone(saved);
    context.set_new_session_callback(move |_, session| {
        *keep.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
    });
    let mut ssl = Ssl::new(&context.build()).map_err(NoAnswer::new)?;
    if let Some(name) = sni {
        ssl.set_hostname(name).map_err(NoAnswer::new)?;
    }
    if let Some(SavedSession(session)) = session {
        // SAFETY: the session comes from a context made by the same function as this one.
        unsafe { ssl.set_session(session) }.map_err(NoAnswer::new)?;
    }
    let mut stream = LegacyStream::new(ssl, io).map_err(NoAnswer::new)?;
    match timeout(patience, stream.connect()).await {
        Ok(Ok(())) => Ok(stream),
        Ok(Err(_)) => Err(NoAnswer::new("a whole handshake does not succeed")),
        Err(_) => Err(NoAnswer::new("it keeps silent in a handshake")),
    }
}

//! Questions that need a whole handshake: a second one on one connection, a second session on
//! another, what a server signs with, and what it agrees to behind the encryption of TLS 1.3.
//!
//! Played by the legacy engine, which does both in every version. Any server certificate is taken.

use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openssl::ssl::{Ssl, SslOptions, SslSession, SslSessionCacheMode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind, Version};
use waxseal_model::scan::Refusal;

use crate::tls::engines::legacy::{LegacyStream, context, peer_signature};
use crate::tls::engines::session::{alert_of, is_alert_code};
use crate::wire::attention::within;

/// A session that may be resumed on another connection.
pub struct SavedSession(SslSession);

/// Why a question about a second time has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct NoAnswer {
    text: String,
    /// How the server ended the first handshake; `None`: it kept silent, or our side objected.
    pub end: Option<Refusal>,
}

impl NoAnswer {
    /// No answer, for a reason of our own.
    pub fn new(text: impl ToString) -> Self {
        Self { text: text.to_string(), end: None }
    }

    fn ended(error: &openssl::ssl::Error) -> Self {
        let stack = || error.ssl_error().into_iter().flat_map(|stack| stack.errors());
        let alert = stack().filter(|error| is_alert_code(error)).find_map(alert_of);
        let reset = error.io_error().is_some_and(|e| e.kind() == ErrorKind::ConnectionReset);
        let end = match alert {
            Some(alert) => Some(Refusal::Alert(alert)),
            None if reset => Some(Refusal::Reset),
            // Without an error of its own, OpenSSL means that the connection was closed.
            None if stack().all(|error| error.reason() == Some(EOF)) => Some(Refusal::Closed),
            None => None,
        };
        Self { end, ..Self::new("a whole handshake does not succeed") }
    }
}

/// OpenSSL's word for a FIN within a handshake.
const EOF: &str = "unexpected eof while reading";

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
    let client = Client { version, sni, ..Client::default() };
    let mut stream = connect(io, &client, None, &saved, patience).await?;
    let talking = async {
        let mut answer = [0; 512];
        stream.write_all(command).await?;
        if stream.read(&mut answer).await? > 0 {
            stream.shutdown().await?;
        }
        Ok::<_, std::io::Error>(())
    };
    // What becomes of the talk does not matter: the ticket came or it did not.
    let _ = within(patience, talking).await;
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
    let client = Client { version, sni, ..Client::default() };
    let mut stream = connect(io, &client, Some(session), &Arc::default(), patience).await?;
    let reused = stream.ssl().session_reused();
    let _ = within(patience, stream.shutdown()).await;
    Ok(reused)
}

/// Whether the server accepts a second handshake that the client begins (TLS 1.2 and older).
///
/// A server that answers no_renegotiation, or ends the connection, does not. Whether the second is
/// tied to the first (RFC 5746) makes no difference here.
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
    let client = Client { version, sni, ..Client::default() };
    let mut stream = connect(io, &client, None, &Arc::default(), patience).await?;
    match within(patience, stream.renegotiate()).await {
        Ok(done) => Ok(done.is_ok()),
        Err(_) => Err(NoAnswer::new("it keeps silent on a second handshake")),
    }
}

/// The scheme with which a server of TLS 1.3 signs for a client that knows these alone, by their
/// IANA names; `Ok(None)`: OpenSSL does not tell.
///
/// # Errors
/// [`NoAnswer`]: there was no handshake. An alert says that the server has none of them, or that it
/// is in trouble.
pub async fn signs<T>(
    io: T,
    sni: Option<&str>,
    schemes: &[&str],
    patience: Duration,
) -> Result<Option<String>, NoAnswer>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let client = Client { version: Version::Tls13, sni, schemes, protocol: None };
    let mut stream = connect(io, &client, None, &Arc::default(), patience).await?;
    // SAFETY: the session is alive and its handshake is finished.
    let scheme = unsafe { peer_signature(stream.ssl()) };
    let _ = within(patience, stream.shutdown()).await;
    Ok(scheme)
}

/// Whether a server agrees to this protocol by ALPN (RFC 7301).
///
/// # Errors
/// [`NoAnswer`]: there was no handshake.
pub async fn agrees_to<T>(
    io: T,
    version: Version,
    sni: Option<&str>,
    protocol: &[u8],
    patience: Duration,
) -> Result<bool, NoAnswer>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let client = Client { version, sni, schemes: &[], protocol: Some(protocol) };
    let mut stream = connect(io, &client, None, &Arc::default(), patience).await?;
    let agreed = stream.ssl().selected_alpn_protocol().is_some();
    let _ = within(patience, stream.shutdown()).await;
    Ok(agreed)
}

/// What a client of these questions offers.
struct Client<'a> {
    version: Version,
    sni: Option<&'a str>,
    /// Empty: every scheme.
    schemes: &'a [&'a str],
    /// The only protocol in ALPN, of at most 255 octets.
    protocol: Option<&'a [u8]>,
}

impl Default for Client<'_> {
    fn default() -> Self {
        Self { version: Version::Tls12, sni: None, schemes: &[], protocol: None }
    }
}

async fn connect<T>(
    io: T,
    client: &Client<'_>,
    session: Option<&SavedSession>,
    saved: &Arc<Mutex<Option<SslSession>>>,
    patience: Duration,
) -> Result<LegacyStream<T>, NoAnswer>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let offer = Offer {
        versions: vec![client.version],
        suites: vec![
            SuiteChoice::Kind(SuiteKind::ForwardSecret),
            SuiteChoice::Kind(SuiteKind::All),
        ],
        schemes: client.schemes.iter().map(|scheme| (*scheme).to_owned()).collect(),
        ..Offer::modern()
    };
    let mut context = context(&offer, false).map_err(NoAnswer::new)?;
    context.clear_options(SslOptions::NO_TICKET);
    // A second handshake is asked of servers that do not tie it to the first as well.
    context.set_options(SslOptions::ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
    context.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
    let keep = Arc::clone(saved);
    context.set_new_session_callback(move |_, session| {
        *keep.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
    });
    let mut ssl = Ssl::new(&context.build()).map_err(NoAnswer::new)?;
    if let Some(protocol) = client.protocol {
        let length = u8::try_from(protocol.len()).map_err(NoAnswer::new)?;
        ssl.set_alpn_protos(&[&[length], protocol].concat()).map_err(NoAnswer::new)?;
    }
    if let Some(name) = client.sni {
        ssl.set_hostname(name).map_err(NoAnswer::new)?;
    }
    if let Some(SavedSession(session)) = session {
        // SAFETY: the session comes from a context made by the same function as this one.
        unsafe { ssl.set_session(session) }.map_err(NoAnswer::new)?;
    }
    let mut stream = LegacyStream::new(ssl, io).map_err(NoAnswer::new)?;
    match within(patience, stream.connect()).await {
        Ok(Ok(())) => Ok(stream),
        Ok(Err(error)) => Err(NoAnswer::ended(&error)),
        Err(_) => Err(NoAnswer::new("it keeps silent in a handshake")),
    }
}

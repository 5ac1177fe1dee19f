//! What lets a session be resumed: what a server knows its sessions by, and what a client keeps.

use std::fmt;
use std::sync::{Arc, OnceLock};

use openssl::error::ErrorStack;
use openssl::ssl::{SslContextBuilder, SslOptions};
use openssl_sys as ffi;
use rustls::client::{ClientSessionMemoryCache, ClientSessionStore, Resumption};
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions};
use rustls::{ClientConfig, ServerConfig};

use super::modern::{Anyone, Shown};

/// Sessions kept by each side: more than the connections of any case.
const KEPT: usize = 64;

/// Octets of early data that a ticket allows (RFC 8446 section 4.2.10). None is ever read: that it is
/// offered is what counts.
const EARLY: u32 = 16_384;

/// What a server knows its earlier sessions by, whichever engine plays it. Clones are the same server.
#[derive(Clone)]
pub struct Tickets {
    early_data: bool,
    storage: Arc<dyn StoresServerSessions>,
    ticketer: Option<Arc<dyn ProducesTickets>>,
    /// Name and two keys, as OpenSSL wants them.
    keys: [u8; 80],
}

/// There is no randomness for keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("keys for tickets could not be made: {0}")]
pub struct NoTickets(String);

impl Tickets {
    /// New keys and no session yet. With `early_data` each ticket of TLS 1.3 allows it.
    ///
    /// # Errors
    /// [`NoTickets`], where a library has no randomness.
    pub fn new(early_data: bool) -> Result<Self, NoTickets> {
        let mut keys = [0; 80];
        openssl::rand::rand_bytes(&mut keys).map_err(|error| NoTickets(error.to_string()))?;
        // rustls allows early data only for sessions that it keeps itself.
        let ticketer = (!early_data).then(Ticketer::new).transpose();
        let ticketer = ticketer.map_err(|error| NoTickets(error.to_string()))?;
        Ok(Self { early_data, storage: ServerSessionMemoryCache::new(KEPT), ticketer, keys })
    }

    /// Lets a server of the modern engine resume.
    pub(super) fn modern(&self, config: &mut ServerConfig) {
        config.session_storage = Arc::clone(&self.storage);
        config.send_tls13_tickets = 2;
        if let Some(ticketer) = &self.ticketer {
            config.ticketer = Arc::clone(ticketer);
        }
        if self.early_data {
            config.max_early_data_size = EARLY;
        }
    }

    /// Lets a server of the legacy engine resume.
    pub(super) fn legacy(&self, context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
        context.clear_options(SslOptions::NO_TICKET);
        context.set_session_id_context(b"waxseal")?;
        context.set_num_tickets(2)?;
        let mut keys = self.keys;
        // SAFETY: the context is alive, and the library copies the keys, which are as long as it
        // wants them to be.
        let set = unsafe {
            let length = std::ffi::c_long::try_from(keys.len()).unwrap_or_default();
            ffi::SSL_CTX_ctrl(context.as_ptr(), SET_TICKET_KEYS, length, keys.as_mut_ptr().cast())
        };
        if set != 1 {
            return Err(ErrorStack::get());
        }
        if self.early_data {
            context.set_options(SslOptions::from_bits_retain(NO_ANTI_REPLAY));
            context.set_max_early_data(EARLY)?;
        }
        Ok(())
    }
}

/// `SSL_CTRL_SET_TLSEXT_TICKET_KEYS`.
const SET_TICKET_KEYS: i32 = 59;

/// `SSL_OP_NO_ANTI_REPLAY`: tickets that allow early data are otherwise kept in a cache, which is off.
const NO_ANTI_REPLAY: u64 = 1 << 24;

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").field("early_data", &self.early_data).finish_non_exhaustive()
    }
}

/// What a client keeps of its sessions, by the name of the server. Clones are the same client. Only
/// the modern engine resumes as a client.
#[derive(Clone)]
pub struct Sessions {
    early_data: bool,
    store: Arc<dyn ClientSessionStore>,
    /// rustls resumes no session that was opened with another verifier or another key.
    verifier: Arc<OnceLock<Arc<Anyone>>>,
    shown: Arc<OnceLock<Arc<Shown>>>,
}

impl Sessions {
    /// No session yet. With `early_data` it offers that wherever a ticket allows it.
    pub fn new(early_data: bool) -> Self {
        let store = Arc::new(ClientSessionMemoryCache::new(KEPT));
        Self { early_data, store, verifier: Arc::default(), shown: Arc::default() }
    }

    /// The verifier and the key of the first connection, for every later one.
    pub(super) fn same(&self, anyone: Arc<Anyone>, shown: Arc<Shown>) -> (Arc<Anyone>, Arc<Shown>) {
        let anyone = self.verifier.get_or_init(|| anyone);
        let shown = self.shown.get_or_init(|| shown);
        (Arc::clone(anyone), Arc::clone(shown))
    }

    /// Lets a client of the modern engine resume.
    pub(super) fn modern(&self, config: &mut ClientConfig) {
        config.resumption = Resumption::store(Arc::clone(&self.store));
        config.enable_early_data = self.early_data;
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("early_data", &self.early_data).finish_non_exhaustive()
    }
}

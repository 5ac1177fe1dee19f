//! What a server gives its clients to resume their sessions by.

use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::ssl::{SslContextBuilder, SslOptions};
use openssl_sys as ffi;
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions};
use rustls::{ServerConfig, crypto::aws_lc_rs};

/// There is no randomness for keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("keys for tickets could not be made: {0}")]
pub struct NoTickets(String);

/// `SSL_OP_NO_ANTI_REPLAY`: tickets that allow early data are otherwise kept in a cache, which is off.
const NO_ANTI_REPLAY: u64 = 1 << 24;

/// `SSL_OP_ALLOW_NO_DHE_KEX`, which the safe interface does not know.
const ALLOW_NO_DHE_KEX: u64 = 1 << 10;

/// What a server gives its clients to resume by. Clones share keys and store.
#[derive(Clone, Debug)]
pub struct Tickets {
    ticketer: Arc<dyn ProducesTickets>,
    store: Arc<dyn StoresServerSessions>,
    /// Keys of the legacy engine: name, HMAC and AES.
    keys: [u8; 80],
    early_data: u32,
    without_exchange: bool,
}

impl Tickets {
    /// Tickets of twelve hours, without early data, for resumption with a new key exchange.
    ///
    /// # Errors
    /// [`NoTickets`], where a library has no randomness.
    pub fn new() -> Result<Self, NoTickets> {
        let mut keys = [0; 80];
        openssl::rand::rand_bytes(&mut keys).map_err(|error| NoTickets(error.to_string()))?;
        let ticketer = aws_lc_rs::Ticketer::new().map_err(|error| NoTickets(error.to_string()))?;
        Ok(Self {
            ticketer,
            store: ServerSessionMemoryCache::new(256),
            keys,
            early_data: 0,
            without_exchange: false,
        })
    }

    /// The same, and they say that they last so many seconds. The modern engine alone.
    pub fn lasting(self, seconds: u32) -> Self {
        Self { ticketer: Arc::new(Lasting { inner: self.ticketer, seconds }), ..self }
    }

    /// The same, and in TLS 1.3 they allow so many octets of early data (RFC 8446 section 4.2.10). None
    /// is ever read.
    pub fn with_early_data(self, octets: u32) -> Self {
        Self { early_data: octets, ..self }
    }

    /// The same, and sessions are resumed without a new key exchange where the client wants that. The
    /// legacy engine alone.
    pub fn without_exchange(self) -> Self {
        Self { without_exchange: true, ..self }
    }

    pub(super) fn give_modern(&self, config: &mut ServerConfig) {
        config.send_tls13_tickets = 1;
        config.session_storage = Arc::clone(&self.store);
        if self.early_data > 0 {
            // The library allows it for sessions that it keeps itself only.
            config.max_early_data_size = self.early_data;
        } else {
            config.ticketer = Arc::clone(&self.ticketer);
        }
    }

    pub(super) fn give_legacy(&self, context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
        const SET_TICKET_KEYS: std::ffi::c_int = 59;
        context.clear_options(SslOptions::NO_TICKET);
        context.set_num_tickets(1)?;
        context.set_session_id_context(b"waxseal")?;
        let mut keys = self.keys;
        // SAFETY: the context is alive; 80 octets are read and copied.
        let set = unsafe {
            let keys_at = keys.as_mut_ptr().cast();
            ffi::SSL_CTX_ctrl(context.as_ptr(), SET_TICKET_KEYS, 80, keys_at)
        };
        if set != 1 {
            return Err(ErrorStack::get());
        }
        if self.early_data > 0 {
            context.set_options(SslOptions::from_bits_retain(NO_ANTI_REPLAY));
            context.set_max_early_data(self.early_data)?;
        }
        if self.without_exchange {
            context.set_options(SslOptions::from_bits_retain(ALLOW_NO_DHE_KEX));
        }
        Ok(())
    }
}

/// Tickets that say they last another time than they do.
#[derive(Debug)]
struct Lasting {
    inner: Arc<dyn ProducesTickets>,
    seconds: u32,
}

impl ProducesTickets for Lasting {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        self.seconds
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.inner.encrypt(plain)
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.inner.decrypt(cipher)
    }
}

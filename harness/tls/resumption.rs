//! Sessions that are resumed: what a client keeps of them, and what a server gives it for that.

use std::sync::{Arc, Mutex, PoisonError};

use foreign_types_shared::ForeignTypeRef;
use openssl::ssl::{SslContextBuilder, SslOptions, SslRef, SslSession, SslSessionCacheMode};
use openssl_sys as ffi;
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions};
use rustls::{ServerConfig, crypto::aws_lc_rs};
use waxseal_model::facts::TicketFacts;
use waxseal_model::offer::Version;

unsafe extern "C" {
    fn SSL_SESSION_get_ticket_lifetime_hint(session: *const ffi::SSL_SESSION) -> std::ffi::c_ulong;
    fn SSL_SESSION_has_ticket(session: *const ffi::SSL_SESSION) -> std::ffi::c_int;
    fn SSL_SESSION_get_protocol_version(session: *const ffi::SSL_SESSION) -> std::ffi::c_int;
    fn SSL_SESSION_get0_cipher(session: *const ffi::SSL_SESSION) -> *const ffi::SSL_CIPHER;
    fn SSL_SESSION_get0_ticket(
        session: *const ffi::SSL_SESSION,
        ticket: *mut *const u8,
        length: *mut usize,
    );
}

/// What a client keeps of its last session. Clones are the same store.
#[derive(Clone, Default)]
pub struct SessionStore(Arc<Mutex<Option<SslSession>>>);

impl SessionStore {
    /// What was given to resume the session by; `None`: nothing was.
    pub fn ticket(&self) -> Option<TicketFacts> {
        self.with(|session| {
            // SAFETY: the session is alive; these only read.
            let (version, ticket, lifetime) = unsafe {
                (
                    SSL_SESSION_get_protocol_version(session.as_ptr()),
                    SSL_SESSION_has_ticket(session.as_ptr()) == 1,
                    SSL_SESSION_get_ticket_lifetime_hint(session.as_ptr()),
                )
            };
            let version = u16::try_from(version).ok().and_then(Version::from_code)?;
            let early_data = session.max_early_data();
            Some(TicketFacts {
                version,
                ticket,
                lifetime: u32::try_from(lifetime).unwrap_or(u32::MAX),
                early_data,
            })
        })
    }

    /// The secret, the ticket and the suite of a session of TLS 1.3.
    pub(super) fn psk(&self) -> Option<Psk> {
        self.with(|session| {
            let mut secret = vec![0; session.master_key_len()];
            session.master_key(&mut secret);
            let (mut ticket, mut length) = (std::ptr::null(), 0);
            // SAFETY: the session is alive; the ticket belongs to it and is copied at once; the cipher
            // is a constant of the library.
            let (ticket, suite) = unsafe {
                SSL_SESSION_get0_ticket(session.as_ptr(), &mut ticket, &mut length);
                let cipher = SSL_SESSION_get0_cipher(session.as_ptr());
                if ticket.is_null() || cipher.is_null() {
                    return None;
                }
                let cipher = openssl::ssl::SslCipherRef::from_ptr(cipher.cast_mut());
                let suite = u16::from_be_bytes(cipher.protocol_id());
                (std::slice::from_raw_parts(ticket, length).to_vec(), suite)
            };
            Some(Psk { secret, ticket, suite })
        })
    }

    /// Makes a context keep its sessions here.
    pub(super) fn keep(&self, context: &mut SslContextBuilder) {
        context.clear_options(SslOptions::NO_TICKET);
        let mode = SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL;
        context.set_session_cache_mode(mode);
        let store = self.clone();
        context.set_new_session_callback(move |_, session| {
            // A copy: the library marks its own as not resumable when a connection ends without our
            // close_notify.
            let copy = session.to_der().and_then(|der| SslSession::from_der(&der)).ok();
            *store.0.lock().unwrap_or_else(PoisonError::into_inner) = copy;
        });
    }

    /// Makes a session ask for being the one that is kept here, if any.
    pub(super) fn resume(&self, ssl: &mut SslRef) -> Result<(), openssl::error::ErrorStack> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.as_ref() {
            // SAFETY: sessions of a store all come from contexts of the same engine.
            Some(session) => unsafe { ssl.set_session(session) },
            None => Ok(()),
        }
    }

    fn with<T>(&self, read: impl FnOnce(&SslSession) -> Option<T>) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(read)
    }
}

impl std::fmt::Debug for SessionStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionStore").finish_non_exhaustive()
    }
}

/// What a session of TLS 1.3 is resumed by (RFC 8446 section 4.6.1).
pub(super) struct Psk {
    pub(super) secret: Vec<u8>,
    pub(super) ticket: Vec<u8>,
    pub(super) suite: u16,
}

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
    /// `None`: the libraries find no random numbers.
    pub fn new() -> Option<Self> {
        let mut keys = [0; 80];
        openssl::rand::rand_bytes(&mut keys).ok()?;
        Some(Self {
            ticketer: aws_lc_rs::Ticketer::new().ok()?,
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

    /// The same, and they allow so many octets of early data. The modern engine alone.
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

    pub(super) fn give_legacy(
        &self,
        context: &mut SslContextBuilder,
    ) -> Result<(), openssl::error::ErrorStack> {
        const SET_TICKET_KEYS: std::ffi::c_int = 59;
        context.clear_options(SslOptions::NO_TICKET);
        context.set_num_tickets(1)?;
        context.set_session_id_context(b"waxseal")?;
        let mut keys = self.keys;
        // SAFETY: the context is alive; 80 octets are read and copied.
        unsafe {
            let keys_at = keys.as_mut_ptr().cast();
            ffi::SSL_CTX_ctrl(context.as_ptr(), SET_TICKET_KEYS, 80, keys_at);
        }
        if self.without_exchange {
            // SSL_OP_ALLOW_NO_DHE_KEX, which the safe interface does not know.
            context.set_options(SslOptions::from_bits_retain(1 << 10));
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

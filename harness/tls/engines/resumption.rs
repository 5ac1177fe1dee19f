//! What a client keeps of its sessions, to resume them.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use foreign_types_shared::ForeignTypeRef;
use openssl::ssl::{SslContextBuilder, SslOptions, SslRef, SslSession, SslSessionCacheMode};
use openssl_sys as ffi;
use rustls::ClientConfig;
use rustls::client::{ClientSessionMemoryCache, ClientSessionStore, Resumption};
use waxseal_model::facts::TicketFacts;
use waxseal_model::offer::Version;

use crate::tls::engines::trust::{Anyone, Shown};
use crate::tls::raw::binder::Psk;

/// Servers whose sessions the modern engine keeps: more than the hosts of any run.
const KEPT: usize = 4096;

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

/// What a client keeps of its sessions: the legacy engine the last one, the modern engine one a
/// server. Clones are the same store.
#[derive(Clone)]
pub struct SessionStore {
    last: Arc<Mutex<Option<SslSession>>>,
    by_name: Arc<dyn ClientSessionStore>,
    /// rustls resumes no session that was opened with another verifier or another key.
    verifier: Arc<OnceLock<Arc<Anyone>>>,
    shown: Arc<OnceLock<Arc<Shown>>>,
    early_data: bool,
}

impl SessionStore {
    /// No session yet.
    pub fn new() -> Self {
        Self {
            last: Arc::default(),
            by_name: Arc::new(ClientSessionMemoryCache::new(KEPT)),
            verifier: Arc::default(),
            shown: Arc::default(),
            early_data: false,
        }
    }

    /// The same, and early data is offered wherever a ticket allows it. The modern engine alone.
    pub fn with_early_data(self) -> Self {
        Self { early_data: true, ..self }
    }

    /// What the last session of the legacy engine was given to be resumed by; `None`: nothing.
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
    pub fn psk(&self) -> Option<Psk> {
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
            *store.last.lock().unwrap_or_else(PoisonError::into_inner) = copy;
        });
    }

    /// Makes a session ask for being the one that is kept here, if any.
    pub(super) fn resume(&self, ssl: &mut SslRef) -> Result<(), openssl::error::ErrorStack> {
        let kept = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.as_ref() {
            // SAFETY: sessions of a store all come from contexts of the same engine.
            Some(session) => unsafe { ssl.set_session(session) },
            None => Ok(()),
        }
    }

    /// The verifier and the key of the first connection, for every later one.
    pub(super) fn same(&self, anyone: Arc<Anyone>, shown: Arc<Shown>) -> (Arc<Anyone>, Arc<Shown>) {
        let anyone = self.verifier.get_or_init(|| anyone);
        let shown = self.shown.get_or_init(|| shown);
        (Arc::clone(anyone), Arc::clone(shown))
    }

    /// Makes a client of the modern engine keep its sessions here, and resume them.
    pub(super) fn keep_modern(&self, config: &mut ClientConfig) {
        config.resumption = Resumption::store(Arc::clone(&self.by_name));
        config.enable_early_data = self.early_data;
    }

    fn with<T>(&self, read: impl FnOnce(&SslSession) -> Option<T>) -> Option<T> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(read)
    }
}

impl Default for SessionStore {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for SessionStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionStore").finish_non_exhaustive()
    }
}

//! What some faults remember of next hops. The clean relay remembers nothing: each connection is
//! judged by its own rule and its own handshake.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::tls::SessionStore;

/// Hosts by name, shared by all clones.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    hosts: Arc<Mutex<BTreeSet<String>>>,
    sessions: Arc<OnceLock<SessionStore>>,
}

impl Memory {
    pub(super) fn remember(&self, host: &str) {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned());
    }

    /// The TLS sessions to every host, whatever rule they were opened under.
    pub(super) fn sessions(&self, early_data: bool) -> SessionStore {
        let new = || match early_data {
            true => SessionStore::new().with_early_data(),
            false => SessionStore::new(),
        };
        self.sessions.get_or_init(new).clone()
    }

    pub(super) fn knows(&self, host: &str) -> bool {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).contains(host)
    }
}

//! What some faults remember of next hops. The clean relay remembers nothing: each connection is
//! judged by its own rule and its own handshake.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Hosts by name, shared by all clones.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    hosts: Arc<Mutex<BTreeSet<String>>>,
}

impl Memory {
    pub(super) fn remember(&self, host: &str) {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned());
    }

    pub(super) fn knows(&self, host: &str) -> bool {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).contains(host)
    }
}

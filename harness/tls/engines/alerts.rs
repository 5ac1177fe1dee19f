//! The alerts of one session, in both directions, as far as its engine tells them.

use std::sync::{Arc, Mutex, PoisonError};

use waxseal_model::facts::{Alert, Speaker};

/// Shared by an engine, which notes, and the session, which tells. Clones are the same list.
#[derive(Clone, Debug, Default)]
pub(super) struct Alerts(Arc<Mutex<Vec<Alert>>>);

impl Alerts {
    /// Notes an alert that went by. close_notify is no alert here: it is how a session ends.
    pub(super) fn note(&self, by: Speaker, description: u8) {
        if description != 0 {
            self.list().push(Alert { by, description });
        }
    }

    /// The last one of that side.
    pub(super) fn last(&self, by: Speaker) -> Option<u8> {
        self.list().iter().rev().find(|alert| alert.by == by).map(|alert| alert.description)
    }

    /// Tells what was noted since the last call.
    pub(super) fn take(&self) -> Vec<Alert> {
        std::mem::take(&mut *self.list())
    }

    fn list(&self) -> std::sync::MutexGuard<'_, Vec<Alert>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

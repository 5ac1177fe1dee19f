//! What a run tells while it goes on.

use std::path::Path;

use waxseal_model::configuration::Told;
use waxseal_model::foreign::Foreign;
use waxseal_model::record::CaseRecord;

/// What a run reports while it goes on. None of it has to be used: each method does nothing by itself.
pub trait Progress: Send + Sync {
    /// So many cases will be played.
    fn begins(&self, _cases: usize) {}
    /// The run's private directory stays there.
    fn kept(&self, _directory: &Path) {}
    /// The relay's driver tells this of the user's own configuration.
    fn configured(&self, _told: &Told) {}
    /// With the user's own configuration the relay looked for this host, and nobody plays it.
    fn unplayed(&self, _host: &str) {}
    /// The run takes longer than it could; why, a fragment.
    fn slower(&self, _why: &str) {}
    /// The relay was ended; these are the last lines of its log.
    fn ended(&self, _log: &Foreign) {}
    /// One of them has its verdict.
    fn judged(&self, _case: &CaseRecord) {}
}

/// Tells nobody.
pub struct Silent;

impl Progress for Silent {}

//! One run as a call.

use std::future::pending;

use tokio::runtime::{Builder, Runtime};
use waxseal_model::record::Record;

use super::{catalogue, now, today};
use crate::catalogue::Catalogue;
use crate::lab::descriptors;
use crate::relay::RelaySpec;
use crate::run::{self, RunError, RunOptions, Silent};

/// Plays cases against a relay and judges them: what `waxseal run` does, without its output.
///
/// It blocks until the last case has its verdict, which takes from seconds (one case) to minutes (all of
/// them against a process), and starts threads of its own. It must not be called inside an asynchronous
/// runtime. Where nothing is said of `started` and `today`, the clock of this machine is asked.
///
/// The run takes place in the network that this process is in, on high ports of the loopback
/// addresses. Most drivers refuse that; for a private network call [`crate::enter_private_network`] at
/// the begin of `main` and put what it gives into [`RunOptions::sandbox`].
///
/// # Errors
/// [`RunError`]: nothing fits the selection, a file of the user's is wrong, the relay does not start, or
/// the lab cannot be built. A relay that fails cases is no error: the record says so, and
/// [`Record::exit_code`] sums it up.
pub fn run(relay: &RelaySpec, options: &RunOptions) -> Result<Record, RunError> {
    let (catalogue, options) = prepared(options)?;
    play(&catalogue, relay, &options)
}

/// Reads what there is to play, and fills in what the options leave to the clock.
pub(super) fn prepared(options: &RunOptions) -> Result<(Catalogue, RunOptions), RunError> {
    let mut catalogue = catalogue(options.scenarios.as_deref()).map_err(RunError::Files)?;
    let profile = catalogue.use_profile(&options.profile).map_err(RunError::Files)?;
    let mut options = RunOptions { profile, ..options.clone() };
    options.started = options.started.or_else(now);
    options.today = options.today.or_else(|| Some(today()));
    Ok((catalogue, options))
}

/// Plays what is prepared.
pub(super) fn play(
    catalogue: &Catalogue,
    relay: &RelaySpec,
    options: &RunOptions,
) -> Result<Record, RunError> {
    // Cases are played side by side, and each has sockets.
    descriptors::raise();
    let playing = run::run(catalogue, relay, options, &Silent, pending());
    runtime()?.block_on(playing)
}

fn runtime() -> Result<Runtime, RunError> {
    let runtime = Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| RunError::System { what: "start".into(), error })
}

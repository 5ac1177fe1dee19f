//! One scan as a call.

use tokio::runtime::Builder;
use waxseal_model::scan::{Scan, Target};

use super::today;
use crate::scan::{ScanError, ScanOptions, Scanner};

/// Asks one live host what TLS it speaks and judges the answers: what `waxseal scan` does, without its
/// output. No mail is sent.
///
/// It blocks until all is asked, at most as long as the limits of the options say, and must not be
/// called inside an asynchronous runtime: there, and for many hosts, use [`Scanner`]. Where the options
/// name no day, the clock of this machine is asked.
///
/// # Errors
/// [`ScanError`]: there is no such profile, or a defect of ours. A host that cannot be reached or stops
/// answering is no error: what is not known of it is said to be so, and it is never taken for "not
/// supported".
pub fn scan(target: &Target, options: &ScanOptions) -> Result<Scan, ScanError> {
    let mut options = options.clone();
    if options.today.is_empty() {
        options.today = today();
    }
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(ScanError::Start)?;
    let scanned = runtime.block_on(Scanner::new(options).scan(target.clone()));
    // A name that cannot be resolved may keep a thread of the resolver busy: it is not waited for.
    runtime.shutdown_background();
    scanned
}

//! Asks one live host what TLS it speaks, with hand-written hellos and few connections.
//!
//! Facts only: what they mean is judged in the model. Nothing here sends mail, and nothing but the
//! target is ever connected to.

mod answers;
mod certificates;
mod depth;
mod exchange;
mod extensions;
mod front;
mod host;
mod job;
mod reply;
mod robot;
mod served;
mod sessions;
mod starttls;
mod survey;
mod target;
mod tolerance;
mod versions;
mod vulnerabilities;

pub use certificates::certificates;
pub use depth::Depth;
pub use host::{Host, Limits};
pub use job::{Part, ScanError, ScanOptions, Scanner};
pub use served::{ServedChain, served_chains};
pub use starttls::{CheckOptions, starttls_checks};
pub use survey::survey;
pub use target::{TargetError, parse_target, resolve};

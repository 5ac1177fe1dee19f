//! Plans cases, plays them side by side, pairs controls, and asks the judge.
//!
//! Nothing here speaks SMTP.

mod absent;
mod caught;
mod doubt;
mod ending;
mod heartbeat;
mod hops;
mod job;
mod lab;
mod lab_file;
mod open;
mod opinion;
mod options;
mod outbound;
mod own;
mod plan;
mod play;
mod progress;
mod quiet;
mod results;
mod rounds;
mod rule;
mod scheduler;
mod start;
mod throttle;
mod whole;

pub use job::run;
pub use options::RunOptions;
pub use own::Own;
pub use plan::{RunError, profile, select};
pub use play::names;
pub use progress::{Progress, Silent};
pub use results::{Played, Results};
pub use rule::{Route, Rule, Sender, Wish, connector_of};

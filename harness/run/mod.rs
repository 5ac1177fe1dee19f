//! Plans cases, plays them side by side, pairs controls, and asks the judge.
//!
//! Nothing here speaks SMTP.

mod absent;
mod beside;
mod caught;
mod claim;
mod doubt;
mod ending;
mod handover;
mod heartbeat;
mod hops;
mod inbound;
mod instance;
mod job;
mod lab;
mod lab_file;
mod listening;
mod open;
mod opinion;
mod options;
mod outbound;
mod overview;
mod own;
mod plan;
mod play;
mod player;
mod progress;
mod quiet;
mod remote;
mod results;
mod rounds;
mod rule;
mod scheduler;
mod seats;
mod start;
mod throttle;
mod whole;

pub use inbound::Inbound;
pub use instance::{cannot_serve, serve};
pub use job::run;
pub use listening::HEARD;
pub use options::RunOptions;
pub use overview::{SELECTION, known_hops, survey};
pub use own::Own;
pub use plan::{RunError, profile, select};
pub use play::names;
pub use progress::{Progress, Silent};
pub use remote::Instances;
pub use results::{Played, Results};
pub use rule::{Route, Rule, Sender, Wish};

//! Scripted peers: they play a case and record what they hear.
//!
//! Nothing here judges.

mod conversation;
mod names;
mod receiver;
mod recorder;
mod report;
mod sender;

pub use conversation::Patience;
pub use names::fill;
pub use receiver::{Content, ReceiverPlan, receive};
pub use recorder::Recorder;
pub use sender::{SenderPlan, Then, send};

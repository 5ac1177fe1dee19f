//! Scripted peers: they play a case and record what they hear.
//!
//! Nothing here judges.

mod account;
mod budget;
mod conversation;
mod message;
mod names;
mod open;
mod pieces;
mod probe;
mod receiver;
mod recorder;
mod report;
mod scripted;
mod secured;
mod sender;

pub use account::Account;
pub use budget::Pool;
pub use conversation::Patience;
pub use message::Letter;
pub use receiver::{Content, ReceiverPlan, receive};
pub use recorder::{Recorder, Waited};
pub use sender::{SenderPlan, Then, send};

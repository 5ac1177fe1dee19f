//! SMTP lines and TLS messages as bytes, unrepaired.
//!
//! Nothing here has an opinion: what came is what is given.

pub mod attention;
mod line;
pub mod numbers;
pub mod tls;

pub use line::{Line, LineBuffer, LineError, ReplyRoom, read_content, read_line, read_reply};

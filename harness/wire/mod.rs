//! SMTP lines and TLS hellos as bytes, unrepaired.
//!
//! Nothing here has an opinion: what came is what is told.

mod hello;
mod line;

pub use hello::{RawHello, RawServerHello, last_alert, read_client_hello, read_server_hello};
pub use line::{LINE_LIMIT, Line, LineBuffer, LineError, read_content, read_line, read_reply};

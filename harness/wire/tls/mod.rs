//! TLS as bytes: records, hellos, and what a server answers in plaintext.
//!
//! No cryptography, no connection, no opinion: what came is what is given.

mod alert;
mod cursor;
mod extension;
mod flight;
mod hello;
mod record;
mod reframe;
mod server;
mod sslv2;

pub use alert::{last_alert, strayed};

pub use extension::{Extension, grease, is_grease, kind};
pub use flight::{Flight, HandshakeMessage, SignedCurve};
pub use hello::{CLIENT_HELLO, ClientHello, read_client_hello};
pub use record::{Message, RecordError, Records, content, write_records};
pub use reframe::Reframed;
pub use server::{
    Exchange, ServerHello, ServerKeyExchange, handshake, read_certificate_status,
    read_certificates, read_server_hello,
};
pub use sslv2::{SSLV2_CIPHERS, Sslv2ClientHello, Sslv2ServerHello, write_sslv2_hello};

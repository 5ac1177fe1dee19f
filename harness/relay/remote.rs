//! A relay that runs somewhere else: all that is known of it is where it listens.

use std::net::SocketAddr;

/// Where a host listens, and how a session with it begins.
///
/// Nothing about it can be configured and no mail is sent to it: what can be asked of it is what
/// it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its address.
    pub address: SocketAddr,
    /// Its name, for SNI; `None` where only the address is known.
    pub name: Option<String>,
    /// Whether TLS comes first (RFC 8314), without STARTTLS.
    pub implicit: bool,
}

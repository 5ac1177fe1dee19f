//! Addresses of IPv6 for peers. The loopback interface has one, ::1, where IPv4 has all of 127.0.0.0/8;
//! the private network is given a prefix whose addresses all lead to itself, as those do.

use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;

use tokio::net::{TcpListener, TcpSocket};

/// A unique local prefix (RFC 4193) of 64 bits.
const PREFIX: [u8; 8] = [0xfd, 0x77, 0x61, 0x78, 0x73, 0x65, 0, 0];

/// Connections that wait to be accepted, as many as the system library allows by itself.
const BACKLOG: u32 = 1024;

/// The address of the prefix with this number.
pub(super) fn address(number: u32) -> Ipv6Addr {
    let [a, b, c, d, e, f, g, h] = PREFIX;
    let [i, j, k, l] = number.to_be_bytes();
    Ipv6Addr::from([a, b, c, d, e, f, g, h, 0, 0, 0, 0, i, j, k, l])
}

/// Listens at an address of the prefix. No interface has it, so that no relay takes the host for itself.
///
/// # Errors
/// What the system says: there is no IPv6, or the port is taken.
pub fn listen(at: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v6()?;
    socket.set_reuseaddr(true)?;
    #[cfg(target_os = "linux")]
    bind_freely(&socket)?;
    socket.bind(at)?;
    socket.listen(BACKLOG)
}

/// Lets a socket have an address that no interface has.
#[cfg(target_os = "linux")]
fn bind_freely(socket: &TcpSocket) -> io::Result<()> {
    let on: libc::c_int = 1;
    let size = libc::socklen_t::try_from(size_of_val(&on)).unwrap_or_default();
    // SAFETY: `on` is the number that this option wants, with its size, and outlives the call.
    let set = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IPV6,
            libc::IPV6_FREEBIND,
            (&raw const on).cast(),
            size,
        )
    };
    if set < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Makes all addresses of the prefix lead to this network itself.
#[cfg(target_os = "linux")]
pub(super) fn route_to_ourselves() -> io::Result<()> {
    // A container may forbid IPv6 to new interfaces; whether that can be lifted shows below.
    let _ = std::fs::write("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "0");
    super::routes::to_ourselves(address(0).into(), 64)
}

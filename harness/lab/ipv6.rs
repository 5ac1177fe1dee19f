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

/// Makes all addresses of the prefix lead to this network itself, `ip -6 route add local PREFIX dev lo`:
/// a message to the kernel (rtnetlink(7)) and its answer.
#[cfg(target_os = "linux")]
pub(super) fn route_to_ourselves() -> io::Result<()> {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::FromRawFd;

    // A container may forbid IPv6 to new interfaces; whether that can be lifted shows below.
    let _ = std::fs::write("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "0");
    // SAFETY: the name is a string that ends in NUL and outlives the call.
    let interface = unsafe { libc::if_nametoindex(c"lo".as_ptr()) };
    // SAFETY: no pointers.
    let socket = unsafe {
        libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_ROUTE)
    };
    if socket < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the socket is ours and open, and nobody else closes it.
    let mut kernel = unsafe { File::from_raw_fd(socket) };
    kernel.write_all(&request(interface))?;
    let mut answer = [0; 512];
    let read = kernel.read(&mut answer)?;
    // An error message (NLMSG_ERROR): the header of 16 octets, then the number, negative; 0 is success.
    let number = answer[..read].get(16..20).and_then(|octets| octets.try_into().ok());
    match number.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(number) => Err(io::Error::from_raw_os_error(-number)),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// RTM_NEWROUTE: a local route to the prefix on this interface.
#[cfg(target_os = "linux")]
fn request(interface: u32) -> Vec<u8> {
    let attribute = |kind: u16, value: &[u8]| {
        let length = u16::try_from(4 + value.len()).unwrap_or_default();
        [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat()
    };
    let to = attribute(libc::RTA_DST, &address(0).octets());
    let by = attribute(libc::RTA_OIF, &interface.to_ne_bytes());
    let family = u8::try_from(libc::AF_INET6).unwrap_or_default();
    // Family, bits of the destination, of the source, service; table, origin, reach, type; flags.
    let (table, origin) = (libc::RT_TABLE_LOCAL, libc::RTPROT_STATIC);
    let route =
        [family, 64, 0, 0, table, origin, libc::RT_SCOPE_UNIVERSE, libc::RTN_LOCAL, 0, 0, 0, 0];
    let body = [&route[..], &to, &by].concat();
    let length = u32::try_from(16 + body.len()).unwrap_or_default();
    let flags = libc::NLM_F_REQUEST | libc::NLM_F_ACK | libc::NLM_F_CREATE | libc::NLM_F_EXCL;
    let flags = u16::try_from(flags).unwrap_or_default();
    let (number, sender) = (1_u32, 0_u32);
    [
        &length.to_ne_bytes()[..],
        &libc::RTM_NEWROUTE.to_ne_bytes(),
        &flags.to_ne_bytes(),
        &number.to_ne_bytes(),
        &sender.to_ne_bytes(),
        &body,
    ]
    .concat()
}

//! Addresses that lead to the private network itself, though no interface has them: no relay takes such
//! a host for its own.

use std::io;
use std::net::IpAddr;

/// Makes the addresses that begin with these bits lead to this network itself, `ip route add local
/// ADDRESS/BITS dev lo`: a message to the kernel (rtnetlink(7)) and its answer. That they do already is
/// no error.
///
/// # Errors
/// What the system says: it is not allowed, or there is no such network.
#[cfg(target_os = "linux")]
pub fn to_ourselves(address: IpAddr, bits: u8) -> io::Result<()> {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::FromRawFd;

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
    kernel.write_all(&request(interface, address, bits))?;
    let mut answer = [0; 512];
    let read = kernel.read(&mut answer)?;
    // An error message (NLMSG_ERROR): the header of 16 octets, then the number, negative; 0 is success.
    let number = answer[..read].get(16..20).and_then(|octets| octets.try_into().ok());
    match number.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(number) if -number == libc::EEXIST => Ok(()),
        Some(number) => Err(io::Error::from_raw_os_error(-number)),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// There is a private network on Linux only.
#[cfg(not(target_os = "linux"))]
pub fn to_ourselves(_address: IpAddr, _bits: u8) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// RTM_NEWROUTE: a local route to these addresses on this interface.
#[cfg(target_os = "linux")]
fn request(interface: u32, address: IpAddr, bits: u8) -> Vec<u8> {
    let attribute = |kind: u16, value: &[u8]| {
        let length = u16::try_from(4 + value.len()).unwrap_or_default();
        [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat()
    };
    let (family, octets) = match address {
        IpAddr::V4(address) => (libc::AF_INET, address.octets().to_vec()),
        IpAddr::V6(address) => (libc::AF_INET6, address.octets().to_vec()),
    };
    let to = attribute(libc::RTA_DST, &octets);
    let by = attribute(libc::RTA_OIF, &interface.to_ne_bytes());
    let family = u8::try_from(family).unwrap_or_default();
    // A local address of IPv4 is reached on this host (RT_SCOPE_HOST); IPv6 knows no such reach.
    let reach = if address.is_ipv4() { libc::RT_SCOPE_HOST } else { libc::RT_SCOPE_UNIVERSE };
    // Family, bits of the destination, of the source, service; table, origin, reach, type; flags.
    let (table, origin) = (libc::RT_TABLE_LOCAL, libc::RTPROT_STATIC);
    let route = [family, bits, 0, 0, table, origin, reach, libc::RTN_LOCAL, 0, 0, 0, 0];
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

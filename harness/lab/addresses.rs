//! Loopback addresses, none given out twice.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU32, Ordering};

use super::error::LabError;
use super::ipv6;

/// Where the lab's resolver listens.
pub const DNS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 53);

const FIRST_RELAY: u32 = u32::from_be_bytes([127, 0, 1, 1]);
const LAST_RELAY: u32 = u32::from_be_bytes([127, 0, 1, 254]);
const FIRST_CASE: u32 = u32::from_be_bytes([127, 8, 0, 1]);
const LAST_CASE: u32 = u32::from_be_bytes([127, 255, 255, 254]);

/// Gives out addresses for one run, from any thread.
#[derive(Debug)]
pub struct Addresses {
    relay: AtomicU32,
    case: AtomicU32,
    six: AtomicU32,
}

impl Addresses {
    /// With nothing given out.
    pub fn new() -> Self {
        Self {
            relay: AtomicU32::new(FIRST_RELAY),
            case: AtomicU32::new(FIRST_CASE),
            six: AtomicU32::new(1),
        }
    }

    /// An address for a listener of the relay, in 127.0.1.0/24.
    ///
    /// # Errors
    /// [`LabError::NoAddress`] after 254 of them.
    pub fn relay(&self) -> Result<Ipv4Addr, LabError> {
        next(&self.relay, LAST_RELAY, "127.0.1.0/24")
    }

    /// An address for a peer of a case, from 127.8.0.1 upward. Those ending in .0 and .255 are
    /// left out, because some software takes them for a network or broadcast.
    ///
    /// # Errors
    /// [`LabError::NoAddress`] after 16 million of them.
    pub fn case(&self) -> Result<Ipv4Addr, LabError> {
        loop {
            let address = next(&self.case, LAST_CASE, "127.8.0.0 to 127.255.255.254")?;
            if !matches!(address.octets()[3], 0 | 255) {
                return Ok(address);
            }
        }
    }

    /// An address of IPv6 for a peer of a case: in the private network one of its prefix.
    /// Elsewhere there is one such address for all; the peer gets one that stands for an address of IPv4
    /// (RFC 4291 section 2.5.5.2), which a program reaches by a socket of IPv6.
    ///
    /// # Errors
    /// [`LabError::NoAddress`] after four milliards of them.
    pub fn six(&self, private: bool) -> Result<Ipv6Addr, LabError> {
        if !private {
            return Ok(self.case()?.to_ipv6_mapped());
        }
        let next = |at: u32| at.checked_add(1);
        let number = self.six.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        number.map(ipv6::address).map_err(|_| LabError::NoAddress { range: "fd77:6178:7365::/64" })
    }
}

impl Default for Addresses {
    fn default() -> Self {
        Self::new()
    }
}

fn next(counter: &AtomicU32, last: u32, range: &'static str) -> Result<Ipv4Addr, LabError> {
    counter
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |at| (at <= last).then_some(at + 1))
        .map(Ipv4Addr::from)
        .map_err(|_| LabError::NoAddress { range })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_address_is_given_out_twice_and_none_ends_in_0_or_255() {
        let addresses = Addresses::new();
        let given: HashSet<_> = (0..1000).map(|_| addresses.case().unwrap()).collect();
        assert_eq!(given.len(), 1000);
        assert!(given.contains(&Ipv4Addr::new(127, 8, 0, 1)));
        assert!(given.iter().all(|address| !matches!(address.octets()[3], 0 | 255)));
    }

    #[test]
    fn an_address_of_ipv6_is_of_the_network_or_stands_for_one_of_ipv4() {
        let addresses = Addresses::new();
        assert_eq!(addresses.six(true).unwrap().to_string(), "fd77:6178:7365::1");
        assert_eq!(addresses.six(true).unwrap().to_string(), "fd77:6178:7365::2");
        assert_eq!(addresses.six(false).unwrap().to_string(), "::ffff:127.8.0.1");
    }

    #[test]
    fn relay_addresses_run_out() {
        let addresses = Addresses::new();
        assert!((0..254).all(|_| addresses.relay().is_ok()));
        assert!(matches!(addresses.relay(), Err(LabError::NoAddress { .. })));
    }
}

//! Next hops of which the user's configuration has an address and no name.

use std::io;

use super::{Own, RunError};
use crate::lab::{Sandbox, routes};

/// Makes the addresses lead to the lab.
///
/// # Errors
/// [`RunError::System`]: there is no private network, or the system refuses.
pub(super) fn claim_addresses(own: &Own, sandbox: Option<&Sandbox>) -> Result<(), RunError> {
    let hops = own.rules.iter().filter_map(|rule| rule.next_hop.as_ref());
    for (hop, address) in hops.filter_map(|hop| Some((hop, hop.address?))) {
        let refused = |error| RunError::System { what: format!("play the host {hop}"), error };
        let private = || io::Error::other("an address is played in the private network only");
        let sandbox = sandbox.ok_or_else(|| refused(private()))?;
        if address.is_ipv6() && !sandbox.ipv6 {
            return Err(refused(io::Error::other("this machine has no IPv6")));
        }
        let bits = if address.is_ipv4() { 32 } else { 128 };
        routes::to_ourselves(address, bits).map_err(refused)?;
    }
    Ok(())
}

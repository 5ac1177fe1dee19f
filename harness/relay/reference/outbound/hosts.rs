//! The next hops of a domain, tried in order.

use std::net::IpAddr;

use waxseal_model::scenario::Connector;

use super::{Attempt, Client, Demand, temporary};
use crate::lab::Answer;
use crate::relay::reference::queue::Message;
use crate::relay::reference::{Mutant, Setup};

/// Tries every MX in order of preference (RFC 5321 section 5.1).
pub(in crate::relay::reference) async fn deliver(
    setup: &Setup,
    connector: Connector,
    domain: &str,
    message: &Message,
    tries: u32,
) -> Attempt {
    let (hosts, implicit) = match find(setup, domain).await {
        Ok(found) => found,
        Err(attempt) => return attempt,
    };
    let mut demand = Demand::of(connector);
    if implicit && setup.is(Mutant::ClientPlaintextOnImplicitMx) {
        demand = Demand::Opportunistic;
    }
    if tries > 1 && setup.is(Mutant::ClientPlaintextOnRetry) {
        demand = Demand::Plaintext;
    }
    let mut last = temporary("4.4.1", "no host could be reached");
    let mut before = None;
    for (index, (preference, host)) in hosts.iter().enumerate() {
        if index > 0 && setup.is(Mutant::ClientFirstMxOnly) {
            break;
        }
        if index > 0 && setup.is(Mutant::ClientPlaintextOnSecondMx) {
            demand = Demand::Opportunistic;
        }
        if before == Some(preference) && setup.is(Mutant::ClientPlaintextOnEqualMx) {
            demand = Demand::Opportunistic;
        }
        if setup.is(Mutant::ClientRulesByHost) {
            demand = Demand::of(setup.connector("", host));
        }
        before = Some(preference);
        if !host.ends_with(domain) && setup.is(Mutant::ClientStaysInside) {
            continue;
        }
        for (place, address) in addresses(setup, host).await.into_iter().enumerate() {
            if place > 0 && setup.is(Mutant::ClientPlaintextOnSecondAddress)
                || address.is_ipv6() && setup.is(Mutant::ClientPlaintextOnIpv6)
            {
                demand = Demand::Opportunistic;
            }
            let opportunistic = demand == Demand::Opportunistic;
            if opportunistic
                && literal(host).is_some()
                && setup.is(Mutant::ClientPlaintextToLiteral)
            {
                demand = Demand::Plaintext;
            }
            let mut client = Client {
                setup,
                host,
                first: &hosts[0].1,
                domain,
                message,
                tries,
                address,
                place,
                banner: String::new(),
                ehlo: String::new(),
                inside: None,
            };
            last = client.try_host(address, demand).await;
            if !matches!(last, Attempt::Temporary(..)) {
                return last;
            }
        }
    }
    last
}

/// The hosts that take mail for a domain, the preferred one first, each with its preference; and
/// whether that is the domain itself, for want of an MX. An error ends the attempt.
async fn find(setup: &Setup, domain: &str) -> Result<(Vec<(u16, String)>, bool), Attempt> {
    if literal(domain).is_some() {
        return Ok((vec![(0, domain.to_owned())], false));
    }
    let mut implicit = false;
    let hosts = match setup.resolver().mx(domain).await {
        Answer::Records { records, .. } => records,
        Answer::NoData { .. } => {
            implicit = true;
            vec![(0, domain.to_owned())]
        }
        Answer::NxDomain { .. } => {
            return Err(Attempt::Permanent("5.1.2".into(), "the domain does not exist".into()));
        }
        Answer::Failed if setup.is(Mutant::ClientTakesFailureForNone) => {
            vec![(0, domain.to_owned())]
        }
        Answer::Failed => return Err(temporary("4.4.3", "the resolver failed")),
    };
    let null = hosts.iter().all(|(_, host)| host.is_empty() || host == ".");
    if null && setup.is(Mutant::ClientIgnoresNullMx) {
        return Ok((vec![(0, domain.to_owned())], implicit));
    }
    if null {
        let text = "the domain takes no mail (null MX)";
        return Err(Attempt::Permanent("5.1.10".into(), text.into()));
    }
    Ok((hosts, implicit))
}

/// The addresses of a host that are tried, in order; none where it has none.
async fn addresses(setup: &Setup, host: &str) -> Vec<IpAddr> {
    if let Some(address) = literal(host) {
        return vec![address];
    }
    let mut addresses = match setup.resolver().addresses(host).await {
        Answer::Records { records, .. } => records,
        _ => return Vec::new(),
    };
    if setup.is(Mutant::ClientStopsAtFirstFamily) && addresses.iter().any(IpAddr::is_ipv4) {
        addresses.retain(IpAddr::is_ipv4);
    }
    if setup.is(Mutant::ClientFirstAddressOnly) {
        // Many take IPv6 first (RFC 6724).
        addresses.sort_by_key(|address| !address.is_ipv6());
        addresses.truncate(1);
    }
    addresses
}

/// The address in an address literal (RFC 5321 section 4.1.3), which may stand in the place of a domain.
pub(super) fn literal(domain: &str) -> Option<IpAddr> {
    let inside = domain.strip_prefix('[')?.strip_suffix(']')?;
    let six = inside.get(..5).filter(|tag| tag.eq_ignore_ascii_case("IPv6:"));
    six.map_or(inside, |tag| &inside[tag.len()..]).parse().ok()
}

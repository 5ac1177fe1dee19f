//! Targets as a user writes them.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use waxseal_model::scan::{Entry, Target};

/// Why a text names no host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The part before the port is empty or has characters that no name has.
    #[error("`{0}` is no host: write a name or an address, and a port behind a colon if need be")]
    Host(String),
    /// The part behind the colon is no port.
    #[error("`{0}` has no port from 1 to 65535 behind its colon")]
    Port(String),
}

/// Reads `HOST`, `HOST:PORT`, `[IPV6]:PORT` or a bare IPv6 address.
///
/// # Errors
/// [`TargetError`].
pub fn parse_target(text: &str, entry: Entry) -> Result<Target, TargetError> {
    let text = text.trim();
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) =
                rest.split_once(']').ok_or_else(|| TargetError::Host(text.into()))?;
            host.parse::<IpAddr>().map_err(|_| TargetError::Host(text.into()))?;
            match rest.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if rest.is_empty() => (host, None),
                None => return Err(TargetError::Port(text.into())),
            }
        }
        None if text.parse::<IpAddr>().is_ok() => (text, None),
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let address = host.parse::<IpAddr>().is_ok();
    if host.is_empty() || host.len() > 253 || (!address && !host.chars().all(fits)) {
        return Err(TargetError::Host(text.into()));
    }
    let port = match port {
        None => entry.port(),
        Some(port) => {
            let port = port.parse().ok().filter(|port| *port > 0);
            port.ok_or_else(|| TargetError::Port(text.into()))?
        }
    };
    Ok(Target { host: host.trim_end_matches('.').to_owned(), port, entry, address: None })
}

/// The addresses of the target, asked of the system's resolver once, in its order.
///
/// # Errors
/// A fragment that says why there is none.
pub async fn resolve(target: &Target, patience: Duration) -> Result<Vec<SocketAddr>, String> {
    if let Ok(address) = target.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, target.port)]);
    }
    let looking = lookup_host((target.host.as_str(), target.port));
    match timeout(patience, looking).await {
        Err(_) => Err(format!("the resolver gave no answer within {patience:?}")),
        Ok(Err(error)) => Err(format!("its name has no address: {error}")),
        Ok(Ok(found)) => {
            let mut addresses: Vec<SocketAddr> = Vec::new();
            for address in found {
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            match addresses.is_empty() {
                true => Err("its name has no address".into()),
                false => Ok(addresses),
            }
        }
    }
}

/// Which of these addresses is scanned, and how many connections it took to tell: the first that
/// takes a connection, as a host may list one that this network has no way to. The only one is not
/// tried.
pub async fn reachable(
    addresses: &[SocketAddr],
    patience: Duration,
) -> (Option<SocketAddr>, usize) {
    let [first, _, ..] = addresses else { return (addresses.first().copied(), 0) };
    for (at, address) in addresses.iter().enumerate() {
        if let Ok(Ok(_)) = timeout(patience, TcpStream::connect(address)).await {
            return (Some(*address), at + 1);
        }
    }
    (Some(*first), addresses.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_a_port_are_told_apart() {
        for (text, host, port) in [
            ("mail.example", "mail.example", 25),
            ("mail.example.:2525", "mail.example", 2525),
            ("127.0.0.1:465", "127.0.0.1", 465),
            ("::1", "::1", 25),
            ("[::1]:26", "::1", 26),
            ("[::1]", "::1", 25),
        ] {
            let target = parse_target(text, Entry::Relay);
            assert_eq!(target.map(|t| (t.host, t.port)), Ok((host.to_owned(), port)), "{text}");
        }
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for text in
            ["", ":25", "a b", "mail.example:0", "mail.example:x", "[::1", "[x]:25", "a:1:2"]
        {
            assert!(parse_target(text, Entry::Relay).is_err(), "{text}");
        }
    }
}

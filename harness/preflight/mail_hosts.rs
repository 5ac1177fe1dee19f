//! The mail hosts of a domain, asked of the system's name servers.

use std::net::{IpAddr, SocketAddr};

use crate::lab::{Answer, Resolver};

/// The name servers of this machine, as resolv.conf(5) lists them in this text.
pub fn name_servers(resolv_conf: &str) -> Vec<SocketAddr> {
    let mut servers = Vec::new();
    for line in resolv_conf.lines() {
        let mut words = line.split_whitespace();
        if words.next() != Some("nameserver") {
            continue;
        }
        // A scope behind `%` is for link-local servers, which need it and cannot be written here.
        let address = words.next().and_then(|word| word.parse::<IpAddr>().ok());
        servers.extend(address.map(|address| SocketAddr::new(address, 53)));
    }
    servers
}

/// The hosts of the domain's MX records, the most preferred first; the domain itself where it has none
/// (RFC 5321 section 5.1).
///
/// # Errors
/// A sentence without its full stop: nobody answered, there is no such domain, or it takes no mail
/// (RFC 7505).
pub async fn mail_hosts(domain: &str, servers: &[SocketAddr]) -> Result<Vec<String>, String> {
    for server in servers {
        let records = match Resolver::new(*server).mx(domain).await {
            Answer::Failed => continue,
            Answer::NxDomain { .. } => return Err(format!("there is no domain {domain}")),
            Answer::NoData { .. } => return Ok(vec![domain.to_owned()]),
            Answer::Records { records, .. } => records,
        };
        let mut hosts: Vec<String> = Vec::new();
        for (_, host) in records {
            let host = host.trim_end_matches('.').to_owned();
            if !host.is_empty() && !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        return match hosts.is_empty() {
            true => Err(format!("the domain {domain} says that it takes no mail (null MX)")),
            false => Ok(hosts),
        };
    }
    Err(format!("no name server answered for the MX records of {domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_servers_are_those_of_the_file() {
        let text = "# nameserver 9.9.9.9\nsearch a.test\nnameserver 192.0.2.1\n nameserver ::1 # x\n\
                    nameserver fe80::1%eth0\n";
        let expected = ["192.0.2.1:53".parse().unwrap(), "[::1]:53".parse().unwrap()];
        assert_eq!(name_servers(text), expected);
    }
}

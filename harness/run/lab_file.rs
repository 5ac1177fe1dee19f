//! The lab file: all that a relay under test knows of the lab.

use std::net::IpAddr;
use std::path::PathBuf;

use waxseal_certs::Issued;
use waxseal_model::scenario::Connector;
use waxseal_model::script::Direction;

use super::lab::{INBOUND, Lab, OUTBOUND, PARTNER, PARTNER_DOMAIN, RELAY, free_port};
use super::{RunError, RunOptions};
use crate::lab::RunDir;
use crate::relay::labfile::{Begin, Credentials, Dns, Inbound, Listen, Outbound, Policy};
use crate::relay::{LabFile, Relay};

/// Writes the certificates and says everything about the lab.
pub(super) async fn lab_file(
    lab: &Lab,
    relay: &dyn Relay,
    files: &RunDir,
    options: &RunOptions,
) -> Result<LabFile, RunError> {
    let needs = relay.needs_of_lab();
    files.write_private("ca.pem", lab.authorities.trust_anchors_pem().as_bytes())?;
    files.write_private("client-ca.pem", lab.authorities.client_trust_anchors_pem().as_bytes())?;
    let listen = match needs.listens {
        true => listeners(lab, relay, options).await?,
        false => Vec::new(),
    };
    let outbound = OUTBOUND.into_iter().filter(|name| relay.declares(Direction::Outbound, *name));
    Ok(LabFile {
        dir: files.path().to_owned(),
        hostname: RELAY.into(),
        dns: Dns { address: lab.dns.ip(), port: lab.dns.port() },
        smtp_port: lab.smtp_port,
        listen,
        outbound: outbound
            .map(|connector| {
                Ok(Outbound {
                    connector,
                    domains: vec![format!(".{connector}.test")],
                    recipient_domains: domain_list(files, lab, connector, "recipients", 'c')?,
                    sender_domains: domain_list(files, lab, connector, "senders", 's')?,
                    local_parts: needs.address_rules.then(|| format!(".{connector}")),
                    tls: connector,
                    present_certificate: connector == Connector::Mutual,
                })
            })
            .collect::<Result<_, RunError>>()?,
        inbound: relay
            .declares(Direction::Inbound, Connector::Partner)
            .then(|| Inbound {
                connector: Connector::Partner,
                senders: vec![PARTNER_DOMAIN.into()],
                tls: Connector::EncryptionOnly,
                certificate_name: PARTNER.into(),
            })
            .into_iter()
            .collect(),
        trust_anchors: "ca.pem".into(),
        certificate: credentials(files, "relay", &lab.issue(needs.certificate, RELAY)?)?,
        client_certificate: credentials(files, "client", &lab.issue("client", RELAY)?)?,
        client_trust_anchors: "client-ca.pem".into(),
        policy: Policy { minimum_version: "1.2".into(), forward_secrecy: true },
    })
}

/// An address for each listener that the relay declares.
async fn listeners(
    lab: &Lab,
    relay: &dyn Relay,
    options: &RunOptions,
) -> Result<Vec<Listen>, RunError> {
    let picks_ports = relay.needs_of_lab().picks_ports;
    let mut listen = Vec::new();
    for connector in INBOUND {
        if !relay.declares(Direction::Inbound, connector) {
            continue;
        }
        let tls = match connector {
            Connector::Implicit => Begin::Implicit,
            _ => Begin::Starttls,
        };
        let address = IpAddr::V4(lab.relay_address()?);
        // Rules of the user's own may go by the port.
        let own = options.own.as_ref().and_then(|own| own.port_of(connector));
        let port = match (&options.sandbox, tls) {
            (Some(_), _) if own.is_some() => own.unwrap_or_default(),
            (Some(_), Begin::Implicit) => 465,
            (Some(_), Begin::Starttls) => 25,
            (None, _) if picks_ports => 0,
            (None, _) => free_port().await?,
        };
        listen.push(Listen { connector, address, port, tls });
    }
    Ok(listen)
}

/// Writes every domain below a connector's suffix that [`super::play::names`] can give, one a line.
fn domain_list(
    files: &RunDir,
    lab: &Lab,
    connector: Connector,
    whose: &str,
    letter: char,
) -> Result<PathBuf, RunError> {
    let list: String =
        (1..=lab.domains).map(|number| format!("{letter}{number}.{connector}.test\n")).collect();
    let name = format!("domains/{connector}.{whose}");
    files.write_private(&name, list.as_bytes())?;
    Ok(name.into())
}

fn credentials(files: &RunDir, name: &str, issued: &Issued) -> Result<Credentials, RunError> {
    let (chain, key) = (format!("{name}.pem"), format!("{name}.key"));
    files.write_private(&chain, issued.chain_pem().as_bytes())?;
    files.write_private(&key, issued.key_pem().as_bytes())?;
    Ok(Credentials { chain: chain.into(), key: key.into() })
}

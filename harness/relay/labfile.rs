//! `lab.json`: all that a relay must know of the lab.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use waxseal_model::scenario::Connector;

/// Domains of a run below one suffix, at most, where no scenarios of the user's own ask for more: each case
/// may be played several times, and each time it has a domain of its own.
pub const DOMAINS: usize = 6000;

/// The file, as relays read it. Names of files are relative to `dir`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LabFile {
    /// The run's private directory, writable, absolute.
    pub dir: PathBuf,
    /// What the relay calls itself.
    pub hostname: String,
    /// The lab's resolver.
    pub dns: Dns,
    /// The port of every next hop.
    pub smtp_port: u16,
    /// Where the relay listens.
    pub listen: Vec<Listen>,
    /// What it demands of next hops.
    pub outbound: Vec<Outbound>,
    /// What it demands of senders, by their domain.
    pub inbound: Vec<Inbound>,
    /// The roots for next hops' certificates, PEM.
    pub trust_anchors: PathBuf,
    /// What it shows as a server.
    pub certificate: Credentials,
    /// What it shows as a client.
    pub client_certificate: Credentials,
    /// The roots for senders' certificates, PEM.
    pub client_trust_anchors: PathBuf,
    /// What holds for all TLS.
    pub policy: Policy,
}

/// Where a resolver listens, UDP and TCP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dns {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
}

/// One listener of the relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Listen {
    /// What it demands of all who come.
    pub connector: Connector,
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// How TLS begins.
    pub tls: Begin,
}

/// How TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Begin {
    /// With the first byte (RFC 8314).
    Implicit,
    /// With a command (RFC 3207).
    Starttls,
}

/// One rule for next hops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outbound {
    /// Its name in scenarios.
    pub connector: Connector,
    /// Suffixes with a leading dot, or whole domains.
    pub domains: Vec<String>,
    /// A file with the domains of recipients of this run that are under the rule, one a line: for relays
    /// that cannot have a rule for a suffix. Further names that a case makes of its domain, such as one
    /// two levels below, are not listed: it asks how far a rule reaches.
    pub recipient_domains: PathBuf,
    /// The same for the domains of senders, to which reports go.
    pub sender_domains: PathBuf,
    /// How the local parts of addresses end that are under this rule in whatever domain, where the
    /// driver declares such rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_parts: Option<String>,
    /// The demand.
    pub tls: Connector,
    /// Whether the client certificate is shown to those who ask.
    pub present_certificate: bool,
}

/// One rule for senders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inbound {
    /// Its name in scenarios.
    pub connector: Connector,
    /// Suffixes with a leading dot, or whole domains, of the envelope sender.
    pub senders: Vec<String>,
    /// The demand.
    pub tls: Connector,
    /// The name that the sender's certificate must have.
    pub certificate_name: String,
}

/// A certificate and its key, PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Credentials {
    /// Leaf first.
    pub chain: PathBuf,
    /// Of mode 0600.
    pub key: PathBuf,
}

/// What holds for all TLS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Policy {
    /// `1.2`.
    pub minimum_version: String,
    /// Only suites with an ephemeral exchange.
    pub forward_secrecy: bool,
}

impl LabFile {
    /// The text of `lab.json`.
    pub fn to_json(&self) -> String {
        // Serializing fails for keys that are no strings and for paths that are no UTF-8; the run
        // directory's path comes from the system, so the second is written lossily below.
        serde_json::to_string_pretty(&self.to_value()).unwrap_or_default() + "\n"
    }

    /// Every value by its dotted path. An entry of a list is under its place and, where it has
    /// one, its connector (the first of that name): `listen.0.port`, `listen.mutual.port`. A list
    /// of words is its words with blanks between.
    pub fn by_path(&self) -> BTreeMap<String, String> {
        let mut paths = BTreeMap::new();
        flatten("", &self.to_value(), &mut paths);
        paths
    }

    /// The same as environment variables: `WAXSEAL_LISTEN_MUTUAL_PORT`.
    pub fn environment(&self) -> impl Iterator<Item = (String, String)> {
        self.by_path().into_iter().map(|(path, value)| {
            (format!("WAXSEAL_{}", path.to_ascii_uppercase().replace(['.', '-'], "_")), value)
        })
    }

    fn to_value(&self) -> Value {
        let mut file = self.clone();
        file.dir = file.dir.to_string_lossy().into_owned().into();
        serde_json::to_value(file).unwrap_or_default()
    }
}

/// The JSON Schema (draft 2020-12) of `lab.json`.
pub fn schema() -> String {
    text_of(&schemars::schema_for!(LabFile))
}

/// A schema as it is printed.
pub(super) fn text_of(schema: &schemars::Schema) -> String {
    // A schema of schemars is JSON.
    serde_json::to_string_pretty(schema).unwrap_or_default() + "\n"
}

fn flatten(path: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| flatten(&below(key), value, into));
        }
        Value::Array(entries) if entries.iter().all(Value::is_string) => {
            let words: Vec<_> = entries.iter().filter_map(Value::as_str).collect();
            into.insert(path.to_owned(), words.join(" "));
        }
        Value::Array(entries) => {
            // Backwards, so that the first of a connector's name is the one that stays.
            for (at, entry) in entries.iter().enumerate().rev() {
                flatten(&below(&at.to_string()), entry, into);
                if let Some(name) = entry.get("connector").and_then(Value::as_str) {
                    flatten(&below(name), entry, into);
                }
            }
        }
        Value::String(text) => drop(into.insert(path.to_owned(), text.clone())),
        other => drop(into.insert(path.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::relay) const PAGE: &str = r#"
{ "dir": "/run/waxseal", "hostname": "relay.waxseal.test",
  "dns": {"address": "127.0.0.53", "port": 53}, "smtp_port": 25,
  "listen": [ {"connector": "opportunistic", "address": "127.0.1.1", "port": 25, "tls": "starttls"},
              {"connector": "implicit", "address": "127.0.1.1", "port": 465, "tls": "implicit"} ],
  "outbound": [ {"connector": "encryption-only", "domains": [".encryption-only.test", "a.test"],
                 "recipient_domains": "r.txt", "sender_domains": "s.txt", "tls": "encryption-only", "present_certificate": false} ],
  "inbound":  [ {"connector": "partner", "senders": [".partner.test"], "tls": "encryption-only", "certificate_name": "mail.partner.test"} ],
  "trust_anchors": "ca.pem", "certificate": {"chain": "relay.pem", "key": "relay.key"},
  "client_certificate": {"chain": "client.pem", "key": "client.key"}, "client_trust_anchors": "client-ca.pem",
  "policy": {"minimum_version": "1.2", "forward_secrecy": true} }"#;

    #[test]
    fn the_text_of_the_design_page_is_read_and_written_back() {
        let file: LabFile = serde_json::from_str(PAGE).unwrap();
        let written: Value = serde_json::from_str(&file.to_json()).unwrap();
        assert_eq!(written, serde_json::from_str::<Value>(PAGE).unwrap());
    }

    #[test]
    fn every_value_has_a_path_and_a_variable() {
        let file: LabFile = serde_json::from_str(PAGE).unwrap();
        let paths = file.by_path();
        assert_eq!(paths["listen.implicit.port"], "465");
        assert_eq!(paths["outbound.encryption-only.domains"], ".encryption-only.test a.test");
        assert_eq!(paths["policy.forward_secrecy"], "true");
        let variables: BTreeMap<_, _> = file.environment().collect();
        assert_eq!(variables["WAXSEAL_INBOUND_PARTNER_CERTIFICATE_NAME"], "mail.partner.test");
        assert_eq!(variables["WAXSEAL_DNS_ADDRESS"], "127.0.0.53");
        assert_eq!(variables["WAXSEAL_OUTBOUND_ENCRYPTION_ONLY_RECIPIENT_DOMAINS"], "r.txt");
    }
}

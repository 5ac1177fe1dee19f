//! The STARTTLS checks that need no mail: against the reference relay, its mutants, and servers
//! whose behaviour is known.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::net::{TcpListener, TcpStream};
use waxseal::internals::catalogue::Catalogue;
use waxseal::internals::relay::Remote;
use waxseal::internals::relay::reference::{Memory, Mutant, Running, Setup};
use waxseal::internals::scan::{
    CheckOptions, Host, Limits, certificates, parse_target, starttls_checks,
};
use waxseal::internals::tls::Identity;
use waxseal_certs::Authorities;
use waxseal_model::certificate::Problem;
use waxseal_model::record::CaseRecord;
use waxseal_model::scan::{AskedKey, Entry, Found, HostFacts, ShownChain};
use waxseal_model::scenario::Connector;
use waxseal_model::trace::Happening;
use waxseal_model::verdict::Verdict;

const NAME: &str = "relay.waxseal.test";

fn identity(catalogue: &Catalogue, recipe: &str) -> Identity {
    let authorities = Authorities::new(SystemTime::now()).expect("authorities can be made");
    let issued = authorities.issue(&catalogue.recipes[recipe], NAME).expect("a recipe can be made");
    Identity { chain: issued.chain, key: issued.key, weak: issued.weak }
}

/// The reference relay with listeners of these kinds; nothing it takes leads anywhere.
pub async fn relay(
    catalogue: &Catalogue,
    mutant: Option<Mutant>,
    kinds: &[Connector],
) -> (Running, BTreeMap<Connector, SocketAddr>) {
    let mut listeners = Vec::new();
    let mut addresses = BTreeMap::new();
    for kind in kinds {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        addresses.insert(*kind, listener.local_addr().expect("a listener has an address"));
        listeners.push((*kind, listener));
    }
    let setup = Setup {
        hostname: NAME.into(),
        dns: "127.0.0.1:9".parse().expect("an address"),
        smtp_port: 9,
        outbound: Vec::new(),
        partner_suffix: "@partner.test".into(),
        partner_name: "mail.partner.test".into(),
        identity: identity(catalogue, "trusted-rsa"),
        client_identity: identity(catalogue, "client"),
        trust_anchors: Vec::new(),
        client_trust_anchors: Vec::new(),
        mutant,
        variants: Vec::new(),
        memory: Memory::default(),
    };
    (Running::start(setup, listeners), addresses)
}

async fn check(catalogue: &Catalogue, address: SocketAddr, implicit: bool) -> Vec<CaseRecord> {
    let remote = Remote { address, name: Some(NAME.into()), implicit };
    let options = CheckOptions {
        jobs: 16,
        limit: Duration::from_secs(20),
        introduces: Some("client.waxseal.test".into()),
        ..CheckOptions::default()
    };
    let checked =
        starttls_checks(catalogue, &remote, &options).await.expect("the profile is there");
    let records = checked.cases;
    assert!(!records.is_empty());
    for record in &records {
        let sent = record.trace.events.iter().any(|event| {
            matches!(
                event.kind,
                Happening::AcceptedByRelay { .. } | Happening::AcceptedByPeer { .. }
            )
        });
        assert!(!sent, "{} delivered a message", record.id);
    }
    records
}

/// The scenarios that were seen broken.
fn broken(records: &[CaseRecord]) -> BTreeSet<String> {
    let broken = records.iter().filter(|record| {
        record.verdict == Verdict::Fail || record.observed.as_ref() == Some(&record.reason)
    });
    broken.map(|record| record.scenario.clone()).collect()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime can be made").block_on(work)
}

#[test]
fn the_clean_relay_passes_all_and_takes_no_mail() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    block_on(async {
        let kinds = [Connector::Opportunistic, Connector::EncryptionOnly, Connector::Implicit];
        let (_running, addresses) = relay(&catalogue, None, &kinds).await;
        for (kind, address) in addresses {
            let records = check(&catalogue, address, kind == Connector::Implicit).await;
            let wrong: Vec<_> = records
                .iter()
                .filter(|record| {
                    !matches!(record.verdict, Verdict::Pass)
                        && record.scenario != "inbound/certificates/rsa-key#3072"
                })
                .filter(|record| {
                    let forced = record.scenario.starts_with("inbound/forced/");
                    !(kind == Connector::Opportunistic && forced)
                })
                .map(|record| format!("{} {}: {}", record.verdict, record.id, record.reason))
                .collect();
            assert!(wrong.is_empty(), "{kind}: {wrong:#?}");
        }
    });
}

#[test]
fn every_fault_of_starttls_is_found_without_a_message() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    use Mutant::*;
    for (mutant, kind, scenario) in [
        (ServerRunsInjected, Connector::Opportunistic, "inbound/injection/same-segment"),
        (ServerRunsInjected, Connector::Opportunistic, "inbound/injection/two-segments"),
        (ServerRunsInjected, Connector::Opportunistic, "inbound/injection/after-go-ahead"),
        (ServerRunsInjected, Connector::EncryptionOnly, "inbound/injection/bare-ending"),
        (ServerRunsInjected, Connector::EncryptionOnly, "inbound/injection/partial-line"),
        (ServerKeepsState, Connector::Opportunistic, "inbound/starttls/in-transaction"),
        (ServerKeepsState, Connector::Opportunistic, "inbound/starttls/mail-forgotten"),
        (
            ServerListsStarttlsInTls,
            Connector::EncryptionOnly,
            "inbound/starttls/not-offered-in-tls",
        ),
        (ServerTakesSecondStarttls, Connector::Opportunistic, "inbound/starttls/second"),
        (
            ServerTakesEarlyStarttls,
            Connector::Opportunistic,
            "inbound/starttls/refused-before-ehlo",
        ),
        (
            ServerTakesEarlyStarttls,
            Connector::EncryptionOnly,
            "inbound/starttls/refused-after-helo",
        ),
        (
            ServerListsAuthInPlaintext,
            Connector::Opportunistic,
            "inbound/starttls/auth-in-plaintext",
        ),
        (ServerHidesStarttls, Connector::Opportunistic, "inbound/starttls/offered"),
        (ServerTakesArgument, Connector::Opportunistic, "inbound/starttls/argument"),
        (ServerForcesMailOnly, Connector::EncryptionOnly, "inbound/forced/verbs"),
        (ServerForcesEhloOnly, Connector::EncryptionOnly, "inbound/forced/verbs-after-helo"),
        (ServerWrongEnhancedCode, Connector::EncryptionOnly, "inbound/forced/enhanced-code"),
        (ServerLeavesAfterHandshake, Connector::Opportunistic, "inbound/starttls/session"),
    ] {
        let found = block_on(async {
            let (_running, addresses) = relay(&catalogue, Some(mutant), &[kind]).await;
            broken(&check(&catalogue, addresses[&kind], false).await)
        });
        assert!(found.contains(scenario), "{}: {found:?}", mutant.name());
    }
}

#[test]
fn a_host_that_is_not_there_is_neither_kept_nor_broken() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        drop(listener);
        for record in check(&catalogue, address, false).await {
            assert_eq!(record.verdict, Verdict::Inconclusive, "{}", record.id);
        }
    });
}

#[test]
fn the_certificates_of_a_host_are_collected_by_what_it_is_asked_for() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    block_on(async {
        let kinds = [Connector::Opportunistic, Connector::Implicit];
        let (_running, addresses) = relay(&catalogue, None, &kinds).await;
        for (kind, address) in addresses {
            let entry = match kind {
                Connector::Implicit => Entry::Implicit,
                _ => Entry::Relay,
            };
            let target = parse_target(NAME, entry).expect("it is a name");
            let host = Host::new(target, address, Limits::default(), Instant::now());
            let (host, facts) = (Arc::new(host), HostFacts::default());
            let shown = certificates(&host, &facts, &Arc::default()).await;
            assert!((12..=20).contains(&host.connections()), "{}", host.connections());
            assert_eq!(shown.len(), 12);
            for shown in shown {
                // The relay has a certificate for one RSA key, whatever name it is asked for.
                let rsa = shown.key == AskedKey::Rsa;
                assert_eq!(shown.result.known().is_some(), rsa, "{shown:?}");
                assert!(!matches!(shown.result, Found::Unknown(_)), "{shown:?}");
                let Found::Known(ShownChain { chain, staple }) = shown.result else { continue };
                assert_eq!(chain.leaf().map(|leaf| leaf.key_bits), Some(2048));
                assert_eq!((chain.problems, staple), (vec![Problem::Incomplete], None));
            }
        }
    });
}

/// A server with a known fault: what it buffered in plaintext it runs inside TLS (CVE-2024-34083).
const VULNERABLE: &str = "aiosmtpd==1.4.4";

const SERVER: &str = r#"
import ssl, sys, time
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
class Server(Controller):
    def factory(self):
        return SMTP(self.handler, tls_context=context)
Server(Sink(), hostname='127.0.0.1', port=int(sys.argv[1])).start()
print('ready', flush=True)
sys.stdin.read()
"#;

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_real_server_that_runs_injected_commands_is_found() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let (python, venv) = (dir.path().join("venv/bin/python"), dir.path().join("venv"));
    let made = Command::new("python3").args(["-m", "venv"]).arg(&venv).output();
    if !made.is_ok_and(|output| output.status.success()) {
        return eprintln!("skipped: python3 makes no virtual environment here");
    }
    let installed = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", VULNERABLE])
        .output();
    match installed {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            return eprintln!("skipped: {VULNERABLE} cannot be installed: {}", why.trim());
        }
        Err(error) => return eprintln!("skipped: pip cannot be run: {error}"),
    }
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let authorities = Authorities::new(SystemTime::now()).expect("authorities can be made");
    let issued = authorities.issue(&catalogue.recipes["trusted-rsa"], NAME).expect("a certificate");
    let write = |name: &str, text: String| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("a file can be written");
        path
    };
    let (chain, key) = (write("chain.pem", issued.chain_pem()), write("key.pem", issued.key_pem()));
    let script = write("server.py", SERVER.into());
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        drop(listener);
        let mut child = Command::new(&python)
            .arg(&script)
            .arg(address.port().to_string())
            .args([&chain, &key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python can be run");
        let mut ready = String::new();
        let output = child.stdout.take().expect("the output is a pipe");
        let _process = Process(child);
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut ready)
            .expect("the output can be read");
        assert!(TcpStream::connect(address).await.is_ok(), "the server listens: {ready}");
        let records = check(&catalogue, address, false).await;
        let verdicts: Vec<_> = records
            .iter()
            .map(|record| format!("{} {}: {}", record.verdict, record.id, record.reason))
            .collect();
        let found = broken(&records);
        assert!(found.contains("inbound/injection/same-segment"), "{verdicts:#?}");
        let session = records.iter().find(|record| record.scenario == "inbound/starttls/session");
        assert_eq!(session.map(|record| record.verdict), Some(Verdict::Pass), "{verdicts:#?}");
    });
}

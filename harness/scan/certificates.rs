//! The certificates a host shows, by what it is asked for.

use std::time::{Duration, SystemTime};

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use waxseal_model::certificate::StapleFacts;
use waxseal_model::facts::Engine;
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind, Version};
use waxseal_model::scan::{AskedKey, AskedName, Shown};

use crate::relay::Remote;
use crate::tls::{self, ClientSetup, describe_chain};
use crate::wire::{LineBuffer, read_reply};

/// A name that no host has (RFC 6761 section 6.4).
const UNKNOWN: &str = "unknown.invalid";

/// Asks a host for its certificates in TLS 1.2 and 1.3, for each kind of key, and with each kind of
/// name; `roots` (DER) are those that are trusted. Each answer takes at most `patience` for the
/// dialogue and as long again for the handshake.
///
/// The host's name is compared where it is known and was asked for or left out: what a host shows
/// to those who ask for another is not wrong.
pub async fn certificates(
    remote: &Remote,
    roots: &[Vec<u8>],
    introduces: &str,
    patience: Duration,
) -> Vec<Shown> {
    let mut asking = JoinSet::new();
    for version in [Version::Tls12, Version::Tls13] {
        for key in [AskedKey::Rsa, AskedKey::Ecdsa] {
            for name in [AskedName::Own, AskedName::None, AskedName::Unknown] {
                if name == AskedName::Own && remote.name.is_none() {
                    continue;
                }
                let (remote, roots) = (remote.clone(), roots.to_vec());
                let introduces = introduces.to_owned();
                asking.spawn(async move {
                    let setup = setup(&remote, version, key, name);
                    let chain = ask(&remote, &setup, &introduces, patience).await;
                    let own = remote.name.as_deref().filter(|_| name != AskedName::Unknown);
                    let result = chain.map(|(chain, staple)| {
                        (describe_chain(&chain, &roots, own, SystemTime::now()), staple)
                    });
                    Shown { version, key, name, result }
                });
            }
        }
    }
    let mut shown: Vec<Shown> = asking.join_all().await;
    shown.sort_by_key(|shown| (shown.version, shown.key, shown.name));
    shown
}

fn setup(remote: &Remote, version: Version, key: AskedKey, name: AskedName) -> ClientSetup {
    let schemes: &[&str] = match key {
        AskedKey::Rsa => &[
            "rsa_pss_rsae_sha256",
            "rsa_pss_rsae_sha384",
            "rsa_pss_rsae_sha512",
            "rsa_pkcs1_sha256",
            "rsa_pkcs1_sha384",
            "rsa_pkcs1_sha512",
        ],
        AskedKey::Ecdsa => {
            &["ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512"]
        }
    };
    let kinds = match version {
        Version::Tls13 => vec![SuiteKind::Tls13],
        _ => vec![SuiteKind::Ecdhe, SuiteKind::Dhe],
    };
    let offer = Offer {
        versions: vec![version],
        suites: kinds.into_iter().map(SuiteChoice::Kind).collect(),
        schemes: schemes.iter().map(|scheme| (*scheme).to_owned()).collect(),
        ..Offer::modern()
    };
    let sni = match name {
        AskedName::Own => remote.name.clone(),
        AskedName::None => None,
        AskedName::Unknown => Some(UNKNOWN.to_owned()),
    };
    // This engine plays the schemes that are named, and asks for a staple.
    ClientSetup { offer, sni, identity: None, sessions: None, engine: Some(Engine::Legacy) }
}

type Chain = (Vec<Vec<u8>>, Option<StapleFacts>);

async fn ask(
    remote: &Remote,
    setup: &ClientSetup,
    introduces: &str,
    patience: Duration,
) -> Result<Chain, String> {
    let silent = |_| "nothing came in time".to_owned();
    let stream = timeout(patience, begin(remote, introduces, patience)).await.map_err(silent)??;
    let session = tls::connect(setup, stream, patience).await.result;
    let facts = session.map_err(|failure| failure.detail)?.facts;
    Ok((facts.peer_chain, facts.staple))
}

/// Connects, and where TLS does not come first says what is said until it does.
async fn begin(remote: &Remote, introduces: &str, patience: Duration) -> Result<TcpStream, String> {
    use tokio::io::AsyncWriteExt;
    let mut stream = TcpStream::connect(remote.address).await.map_err(|error| error.to_string())?;
    if remote.implicit {
        return Ok(stream);
    }
    let mut buffer = LineBuffer::default();
    for (command, code) in [
        (None, "220"),
        (Some(format!("EHLO {introduces}")), "250"),
        (Some("STARTTLS".into()), "220"),
    ] {
        if let Some(command) = &command {
            let line = format!("{command}\r\n");
            stream.write_all(line.as_bytes()).await.map_err(|error| error.to_string())?;
        }
        let reply = read_reply(&mut stream, &mut buffer, patience).await;
        let reply = reply.map_err(|error| error.to_string())?;
        let last = reply.last().map(|line| line.bytes.as_slice()).unwrap_or_default();
        if !last.starts_with(code.as_bytes()) {
            let what = command.as_deref().unwrap_or("the greeting");
            let said = String::from_utf8_lossy(last).escape_debug().to_string();
            return Err(format!("the host answered `{said}` to {what}"));
        }
    }
    Ok(stream)
}

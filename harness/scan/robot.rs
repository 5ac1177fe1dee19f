//! Whether a host tells right from wrong in what was encrypted for its RSA key (Bleichenbacher's
//! attack, as ROBOT asks for it): a client that sees the difference can have it decrypt, or sign, step by step.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use waxseal_model::offer::Version;
use waxseal_model::scan::{Found, Refusal};

use super::host::Host;
use super::reply::{End, Reader, Reply};
use super::versions::{Heard, absent};
use crate::tls::Premaster;
use crate::tls::hello::{Hellos, whole};
use crate::wire::numbers::suite_parts;
use crate::wire::tls::{content, write_records};

/// `client_key_exchange` (RFC 5246 section 7.4.7).
const CLIENT_KEY_EXCHANGE: u8 = 16;

/// How long a host may take for its answer. Silence is none: it decides nothing.
const MOMENT: Duration = Duration::from_secs(3);

/// How often answers that differ have to differ in the same way again.
const REPEATS: usize = 2;

/// One connection for each message, and as many again, twice, where the answers differ. How long an
/// answer takes is never compared.
pub(super) async fn learn(host: &Host, hellos: &Hellos, heard: &[Heard]) -> Found<bool> {
    let Some((version, suites)) = static_rsa(heard) else {
        return absent(heard, "no suite with static RSA is accepted");
    };
    let hello = whole(&hellos.hello(version, &suites));
    let first = match round(host, &hello, version).await {
        Ok(answers) => answers,
        Err(why) => return Found::Unknown(why),
    };
    if uniform(&first) {
        return match first[0] {
            // The answer to a message that cannot be read; the secret was never looked at.
            Refusal::Alert(10 | 50) => {
                Found::Unknown(format!("it does not come to the premaster secret ({})", first[0]))
            }
            _ => Found::Known(false),
        };
    }
    // Several machines behind one address differ as well; they do not repeat a pattern.
    for _ in 0..REPEATS {
        match round(host, &hello, version).await {
            Ok(again) if again == first => {}
            Ok(_) => {
                let why = "its answers to forged premaster secrets follow no pattern";
                return Found::Unknown(why.into());
            }
            Err(why) => return Found::Unknown(why),
        }
    }
    Found::Known(true)
}

/// The newest version with static RSA in which the message has a length (SSL 3.0 has none), and those
/// of its suites.
fn static_rsa(heard: &[Heard]) -> Option<(Version, Vec<u16>)> {
    heard.iter().rev().filter(|heard| heard.facts.version > Version::Ssl3).find_map(|heard| {
        let fits = |id: &&u16| {
            let parts = suite_parts(**id);
            parts.exchange == "rsa" && parts.authentication == "rsa"
        };
        let suites: Vec<u16> = heard.flights.keys().filter(fits).copied().collect();
        (!suites.is_empty()).then_some((heard.facts.version, suites))
    })
}

fn uniform(answers: &[Refusal]) -> bool {
    answers.windows(2).all(|pair| pair[0] == pair[1])
}

/// The answer to each message, the right one first: it is the control, as nothing in it is wrong
/// but the Finished behind it.
async fn round(host: &Host, hello: &[u8], version: Version) -> Result<Vec<Refusal>, String> {
    let mut answers = Vec::new();
    for premaster in Premaster::ALL {
        answers.push(ask(host, hello, version, premaster).await?);
    }
    Ok(answers)
}

async fn ask(
    host: &Host,
    hello: &[u8],
    version: Version,
    premaster: Premaster,
) -> Result<Refusal, String> {
    let mut visit = host.visit().await.map_err(|trouble| trouble.words())?;
    let patience = host.patience();
    let _ = visit.stream.write_all(hello).await;
    let mut reader = Reader::new(&mut visit.stream, patience);
    let leaf = match reader.flight(patience).await {
        Reply::Flight(flight) => flight.leaf,
        Reply::Refused(how) => return Err(format!("it ended the handshake ({how})")),
        Reply::Unclear(why) => return Err(why),
    };
    let encrypted = leaf.and_then(|leaf| premaster.encrypt(&leaf, version));
    let encrypted = encrypted.ok_or("its certificate has no RSA key that can be used")?;
    // All in one write: an answer to the first of them is not cut off by the rest.
    let _ = reader.stream().write_all(&messages(&encrypted, version)).await;
    reader.wait(MOMENT.min(host.patience()));
    match reader.message().await {
        Err(End::Alert(alert)) => Ok(Refusal::Alert(alert)),
        // Which of the two it is depends on what it had still to read.
        Err(End::Closed | End::Reset) => Ok(Refusal::Closed),
        Err(End::Silent) => Err("it keeps silent on a premaster secret".into()),
        Ok(_) | Err(_) => Err("its answer to a premaster secret is not understood".into()),
    }
}

/// ClientKeyExchange, ChangeCipherSpec, and a Finished that nobody can decrypt.
fn messages(encrypted: &[u8], version: Version) -> Vec<u8> {
    let length = |octets: usize| u16::try_from(octets).unwrap_or(u16::MAX).to_be_bytes();
    let mut exchange = vec![CLIENT_KEY_EXCHANGE, 0];
    exchange.extend(length(encrypted.len() + 2));
    exchange.extend(length(encrypted.len()));
    exchange.extend(encrypted);
    [
        write_records(content::HANDSHAKE, version.code(), &exchange, usize::MAX),
        write_records(content::CHANGE_CIPHER_SPEC, version.code(), &[1], 1),
        write_records(content::HANDSHAKE, version.code(), &[0x5a; 64], usize::MAX),
    ]
    .concat()
}

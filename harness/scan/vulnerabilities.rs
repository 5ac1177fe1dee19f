//! Known vulnerabilities, asked about without harm: no memory is read that matters, nothing is broken.

use tokio::io::AsyncWriteExt;
use waxseal_model::offer::Version;
use waxseal_model::scan::{Found, Vulnerabilities};

use super::answers::newest_old;
use super::exchange::answers;
use super::host::Host;
use super::reply::{Reader, Reply};
use super::robot;
use super::versions::{Heard, absent};
use crate::tls::hello::{Hellos, whole};
use crate::tls::vulnerabilities::{
    MOMENT, Reaction, Sign, change_cipher_spec, first_change, heartbleed, lying_heartbeat,
    second_change,
};
use crate::wire::tls::{Extension, kind};

/// One connection for heartbeats, one for ChangeCipherSpec; those of [`robot`] where there is static
/// RSA.
pub(super) async fn learn(host: &Host, hellos: &Hellos, heard: &[Heard]) -> Vulnerabilities {
    let Some((version, suites)) = newest_old(heard) else {
        let without = || absent(heard, "nothing below TLS 1.3 is spoken");
        return Vulnerabilities {
            heartbeat: without(),
            heartbleed: without(),
            ccs_injection: without(),
            robot: without(),
        };
    };
    let mut hello = hellos.hello(version, &suites);
    let plain = whole(&hello);
    hello.set(Extension::heartbeat(1));
    let beating = whole(&hello);
    let (beats, ccs_injection, robot) = tokio::join!(
        heartbeat(host, &beating, version),
        ccs_injection(host, &plain, version),
        robot::learn(host, hellos, heard),
    );
    Vulnerabilities { heartbeat: beats.0, heartbleed: beats.1, ccs_injection, robot }
}

/// Whether heartbeats are on, and where they are, whether three octets come back that were never
/// sent (CVE-2014-0160). A sound host drops such a request (RFC 6520 section 4).
async fn heartbeat(host: &Host, hello: &[u8], version: Version) -> (Found<bool>, Found<bool>) {
    let unknown = |why: String| (Found::Unknown(why.clone()), Found::Unknown(why));
    let mut visit = match host.visit().await {
        Ok(visit) => visit,
        Err(trouble) => return unknown(trouble.words()),
    };
    let patience = host.patience();
    let _ = visit.stream.write_all(hello).await;
    let mut reader = Reader::new(&mut visit.stream, patience);
    match reader.flight(patience).await {
        Reply::Flight(flight) if !answers(&flight, kind::HEARTBEAT) => {
            return (Found::Known(false), Found::NotApplicable("heartbeats are off".into()));
        }
        Reply::Flight(_) => {}
        Reply::Refused(how) => return unknown(format!("it ended the handshake ({how})")),
        Reply::Unclear(why) => return unknown(why),
    }
    let bled = heartbleed(&reaction(&mut reader, host, &lying_heartbeat(version.code())).await);
    (Found::Known(true), found(bled, "its answer to a heartbeat cannot be read"))
}

/// Sends a question that a sound host drops or objects to, and waits for what follows.
async fn reaction(reader: &mut Reader<'_>, host: &Host, question: &[u8]) -> Reaction {
    let _ = reader.stream().write_all(question).await;
    reader.wait(MOMENT.min(host.patience()));
    match reader.message().await {
        Ok(message) => Reaction::Message(message),
        Err(end) => end.reaction(),
    }
}

fn found(sign: Sign, unclear: &str) -> Found<bool> {
    match sign {
        Sign::Vulnerable => Found::Known(true),
        Sign::Sound => Found::Known(false),
        Sign::Unclear => Found::Unknown(unclear.into()),
    }
}

/// Whether a ChangeCipherSpec is taken before there are keys (CVE-2014-0224): a sound host objects
/// to the first; one with the hole takes it, and fails to decrypt the second.
async fn ccs_injection(host: &Host, hello: &[u8], version: Version) -> Found<bool> {
    let mut visit = match host.visit().await {
        Ok(visit) => visit,
        Err(trouble) => return Found::Unknown(trouble.words()),
    };
    let patience = host.patience();
    let _ = visit.stream.write_all(hello).await;
    let mut reader = Reader::new(&mut visit.stream, patience);
    match reader.flight(patience).await {
        Reply::Flight(_) => {}
        Reply::Refused(how) => return Found::Unknown(format!("it ended the handshake ({how})")),
        Reply::Unclear(why) => return Found::Unknown(why),
    }
    let change = change_cipher_spec(version.code());
    let unclear = "what follows a ChangeCipherSpec does not tell whether it has keys";
    match first_change(&reaction(&mut reader, host, &change).await) {
        Some(sign) => found(sign, unclear),
        None => found(second_change(&reaction(&mut reader, host, &change).await), unclear),
    }
}

//! Known holes, asked about without harm: no memory is read that matters, nothing is broken.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use waxseal_model::offer::Version;
use waxseal_model::scan::{Found, Holes};

use super::answers::newest_old;
use super::exchange::answers;
use super::hellos::{Hellos, set, whole};
use super::host::Host;
use super::reply::{End, Reader, Reply};
use super::robot;
use super::versions::{Heard, absent};
use crate::wire::tls::{Extension, Message, content, kind, write_records};

/// How long a host may take for an answer that a sound one does not give.
const MOMENT: Duration = Duration::from_millis(1500);

/// One connection for heartbeats, one for ChangeCipherSpec; those of [`robot`] where there is static
/// RSA.
pub(super) async fn learn(host: &Host, hellos: &Hellos, heard: &[Heard]) -> Holes {
    let Some((version, suites)) = newest_old(heard) else {
        let moot = || absent(heard, "nothing below TLS 1.3 is spoken");
        return Holes { heartbeat: moot(), heartbleed: moot(), early_ccs: moot(), robot: moot() };
    };
    let mut hello = hellos.hello(version, &suites);
    let plain = whole(&hello);
    set(&mut hello, Extension::heartbeat(1));
    let beating = whole(&hello);
    let (beats, early_ccs, robot) = tokio::join!(
        heartbeat(host, &beating, version),
        early_ccs(host, &plain, version),
        robot::learn(host, hellos, heard),
    );
    Holes { heartbeat: beats.0, heartbleed: beats.1, early_ccs, robot }
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
            return (Found::Known(false), Found::Moot("heartbeats are off".into()));
        }
        Reply::Flight(_) => {}
        Reply::Refused(how) => return unknown(format!("it ended the handshake ({how})")),
        Reply::Unclear(why) => return unknown(why),
    }
    // A request that says its payload has three octets more than it has, and no padding.
    let request = [1, 0, 7, b'w', b'a', b'x', b's'];
    let bytes = write_records(content::HEARTBEAT, version.code(), &request, usize::MAX);
    let _ = reader.stream().write_all(&bytes).await;
    reader.wait(MOMENT.min(host.patience()));
    let bled = match reader.message().await {
        Ok(Message::Heartbeat(answer)) => Found::Known(answer.len() > request.len()),
        Err(End::Silent | End::Alert(_) | End::Closed) => Found::Known(false),
        Ok(_) | Err(_) => Found::Unknown("it answers a heartbeat with something else".into()),
    };
    (Found::Known(true), bled)
}

/// Whether a ChangeCipherSpec is taken before there are keys (CVE-2014-0224): a sound host objects
/// to the first; one with the hole takes it, and fails to decrypt the second.
async fn early_ccs(host: &Host, hello: &[u8], version: Version) -> Found<bool> {
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
    let change = write_records(content::CHANGE_CIPHER_SPEC, version.code(), &[1], 1);
    let _ = reader.stream().write_all(&change).await;
    reader.wait(MOMENT.min(host.patience()));
    match reader.message().await {
        Err(End::Alert(_) | End::Closed | End::Reset) => return Found::Known(false),
        Err(End::Silent) => {}
        Ok(_) | Err(_) => return Found::Unknown("its answer is not understood".into()),
    }
    let _ = reader.stream().write_all(&change).await;
    reader.wait(MOMENT.min(host.patience()));
    match reader.message().await {
        // bad_record_mac or decryption_failed: it has keys, and made them from nothing.
        Err(End::Alert(20 | 21)) => Found::Known(true),
        Err(End::Alert(10)) => Found::Known(false),
        Err(End::Silent) => Found::Unknown("it keeps silent".into()),
        Ok(_) | Err(_) => Found::Unknown("its answer is not understood".into()),
    }
}

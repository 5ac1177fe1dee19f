//! What a client that has no keys does behind the relay's first flight.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;
use waxseal_model::facts::{FailureCause, TlsFailure};
use waxseal_model::scenario::Fault;
use waxseal_model::trace::Happening;

use crate::tls::{Answers, BareSession, ClientSetup};
use crate::wire::tls::{Message, content, write_records};

/// How a ClientHello that was written by hand is sent.
pub(super) struct Probe<'a> {
    /// How an honest handshake would be made: the name in SNI, and the session that is resumed.
    pub(super) setup: &'a ClientSetup,
    /// What follows the answer to it.
    pub(super) fault: Option<Fault>,
}

/// How long a relay may take for what a sound one does not do.
const MOMENT: Duration = Duration::from_millis(1500);

/// A ChangeCipherSpec before there are keys (CVE-2014-0224). A sound relay objects to it; one with the
/// hole makes keys from nothing, and then cannot decrypt the second.
pub(super) async fn change_cipher(
    stream: &mut TcpStream,
    answers: &mut Answers,
    note: impl Fn(Happening),
) -> Result<(), TlsFailure> {
    let fault = Fault::ChangeCipherSpecBeforeKeys.name();
    let change = write_records(content::CHANGE_CIPHER_SPEC, 0x0303, &[1], 1);
    note(Happening::Faulted(fault.into()));
    let _ = stream.write_all(&change).await;
    match answers.message(stream, Instant::now() + MOMENT).await {
        Err(failure) if failure.cause != FailureCause::Silence => return Err(failure),
        Err(_) => {}
        Ok(_) => return Ok(()),
    }
    let _ = stream.write_all(&change).await;
    match answers.message(stream, Instant::now() + MOMENT).await {
        // bad_record_mac or decryption_failed: it has keys.
        Err(failure) if matches!(failure.alert_heard, Some(20 | 21)) => {
            note(Happening::WentAlong(fault.into()));
            Err(failure)
        }
        Err(failure) => Err(failure),
        Ok(_) => Ok(()),
    }
}

/// A second ClientHello inside the session of a client that hides secure renegotiation: a relay that
/// answers it lets anyone on the path put a beginning before a client's session (RFC 5746 section 1).
pub(super) async fn begin_again(
    stream: &mut TcpStream,
    hello: &[u8],
    answers: &Answers,
    patience: Duration,
    note: impl Fn(Happening),
) -> Result<(), TlsFailure> {
    let fault = Fault::InsecureRenegotiation.name();
    let mut session = BareSession::establish(stream, hello, answers.heard(), patience).await?;
    note(Happening::Faulted(fault.into()));
    session.renegotiate(stream, hello, patience).await?;
    note(Happening::WentAlong(fault.into()));
    Ok(())
}

/// A heartbeat that says it holds three octets more than it does, and no padding: no memory that
/// matters comes back. A sound relay drops it (RFC 6520 section 4).
pub(super) async fn lie(
    stream: &mut TcpStream,
    answers: &mut Answers,
    note: impl Fn(Happening),
) -> Result<(), TlsFailure> {
    let fault = Fault::LyingHeartbeat.name();
    let request = [1, 0, 7, b'w', b'a', b'x', b's'];
    note(Happening::Faulted(fault.into()));
    let _ =
        stream.write_all(&write_records(content::HEARTBEAT, 0x0303, &request, usize::MAX)).await;
    match answers.message(stream, Instant::now() + MOMENT).await {
        Ok(Message::Heartbeat(answer)) if answer.len() > request.len() => {
            note(Happening::WentAlong(fault.into()));
            Ok(())
        }
        // Silence is what a sound relay says.
        Err(failure) if failure.cause != FailureCause::Silence => Err(failure),
        Ok(_) | Err(_) => Ok(()),
    }
}

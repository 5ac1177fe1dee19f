//! What a client does below SMTP that no engine does: hellos written by hand, what follows them, and what
//! breaks into a session.

use std::io::{self, Write};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use waxseal_model::facts::{FailureCause, TlsFailure};
use waxseal_model::scenario::{ClientFault, ForgedHello, Quirk};
use waxseal_model::trace::{Channel, End, Happening};

use super::conversation::{Conversation, Over};
use crate::tls::{self, Answers, BareSession, ClientSetup};
use crate::wire::tls::{Message, content, write_records};

/// How a ClientHello that was written by hand is sent.
pub(super) struct Probe<'a> {
    /// How an honest handshake would be made: the name in SNI, and the session that is resumed.
    pub(super) setup: &'a ClientSetup,
    /// What follows the answer to it.
    pub(super) fault: Option<ClientFault>,
}

impl Conversation {
    /// Sends a line in clear beneath the TLS session.
    pub(super) fn say_beneath(&mut self, line: &str) {
        let bytes = format!("{line}\r\n").into_bytes();
        let Some(mut beneath) = self.beneath() else { return };
        // What was said before is read by now, so there is room for a line.
        let written = beneath.write_all(&bytes);
        self.note(match written {
            Ok(()) => Happening::Said { channel: Channel::Clear, bytes },
            Err(error) => Happening::Trouble(format!("a line beneath TLS was not sent: {error}")),
        });
    }

    /// Begins further handshakes inside the session, up to `most`, until one is refused.
    pub(super) async fn renegotiate(&mut self, most: usize) -> Result<(), Over> {
        let patience = self.patience.handshake;
        for _ in 0..most {
            let Some(session) = self.in_tls() else { return Err(Over) };
            match timeout(patience, session.renegotiate()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    self.note(Happening::Trouble("this engine begins no second handshake".into()));
                    return Err(Over);
                }
                Ok(Err(error)) => return Err(self.broke(&error)),
                Err(_) => return Err(self.end(End::Silence)),
            }
        }
        Ok(())
    }

    /// Sends a ClientHello that was written by hand, notes the answer to it, and plays a fault behind
    /// the relay's first flight. No session comes of it.
    pub(super) async fn probe(&mut self, hello: &ForgedHello, probe: Probe<'_>) -> Over {
        self.note_early();
        let patience = self.patience.handshake;
        let (recorder, place) = self.written_to();
        let note = |kind| recorder.note(place.clone(), kind);
        let Some(stream) = self.in_clear() else { return Over };
        let ClientSetup { sni, sessions, .. } = probe.setup;
        let Some(bytes) = tls::hello_by_hand(hello, sni.as_deref(), sessions.as_ref()) else {
            // There is no session to resume; that is in the trace.
            return self.close().await;
        };
        let sent = stream.write_all(&bytes).await;
        note(Happening::WroteHello(hello.to_string()));
        if let Err(error) = sent {
            return self.broke(&error);
        }
        let mut answers = Answers::default();
        let answer = if hello.quirks.contains(&Quirk::SslV2) {
            answers.flight_sslv2(stream, patience).await
        } else {
            answers.flight(stream, patience).await
        };
        let done = match answer {
            Ok(facts) => {
                let beats = facts.extensions.iter().any(|name| name == "heartbeat");
                note(Happening::Answered(Box::new(facts)));
                match probe.fault {
                    Some(ClientFault::ChangeCipherSpecBeforeKeys) => {
                        change_cipher(stream, &mut answers, note).await
                    }
                    Some(ClientFault::InsecureRenegotiation) => {
                        begin_again(stream, &bytes, &answers, patience, note).await
                    }
                    Some(ClientFault::LyingHeartbeat) if beats => lie(stream, &mut answers, note).await,
                    _ => Ok(()),
                }
            }
            Err(failure) => Err(failure),
        };
        match done {
            Ok(()) => self.close().await,
            Err(failure) => self.not_secured(failure),
        }
    }
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
    let fault = ClientFault::ChangeCipherSpecBeforeKeys.name();
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
    let fault = ClientFault::InsecureRenegotiation.name();
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
    let fault = ClientFault::LyingHeartbeat.name();
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

//! What a client does below SMTP that no engine does: hellos written by hand, what follows them, and what
//! breaks into a session.

use std::io::{self, Write};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use waxseal_model::facts::{FailureCause, TlsFailure};
use waxseal_model::scenario::{ClientFault, HelloVariant, RawHello};
use waxseal_model::trace::{Channel, End, Happening};

use super::conversation::{Conversation, Over, failure};
use crate::tls::vulnerabilities::{
    MOMENT, Reaction, Sign, change_cipher_spec, first_change, heartbleed, lying_heartbeat,
    second_change,
};
use crate::tls::{self, Answers, BareSession, ClientSetup, SessionStore};
use crate::wire::attention::{Allowance, within};

/// How a ClientHello that was written by hand is sent.
pub(super) struct Probe<'a> {
    /// How an honest handshake would be made: the name in SNI, and the session that is resumed.
    pub(super) setup: &'a ClientSetup,
    /// What follows the answer to it.
    pub(super) fault: Option<ClientFault>,
}

impl Conversation {
    /// Sends a line in plaintext beneath the TLS session.
    pub(super) fn say_beneath(&mut self, line: &str) {
        let bytes = format!("{line}\r\n").into_bytes();
        let Some(mut beneath) = self.beneath() else { return };
        // What was said before is read by now, so there is room for a line.
        let written = beneath.write_all(&bytes);
        self.note(match written {
            Ok(()) => Happening::Sent { channel: Channel::Plaintext, bytes },
            Err(error) => {
                Happening::HarnessError(format!("a line beneath TLS was not sent: {error}"))
            }
        });
    }

    /// Ends our half of the connection: FIN without a word of TLS. What the relay says is still read.
    pub(super) fn end_our_half(&mut self) {
        let Some(beneath) = self.beneath() else { return };
        if let Err(error) = beneath.shutdown(std::net::Shutdown::Write) {
            self.note(Happening::HarnessError(format!("the connection was not cut: {error}")));
        }
    }

    /// Begins further handshakes inside the session, up to `most`, until one is refused.
    pub(super) async fn renegotiate(&mut self, most: usize) -> Result<(), Over> {
        let patience = self.patience.handshake;
        for _ in 0..most {
            let Some(session) = self.in_tls() else { return Err(Over) };
            match within(patience, session.renegotiate()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    self.note(Happening::HarnessError(
                        "this engine begins no second handshake".into(),
                    ));
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
    pub(super) async fn probe(&mut self, hello: &RawHello, probe: Probe<'_>) -> Over {
        self.note_early();
        let patience = self.patience.handshake;
        let (recorder, place) = self.written_to();
        let note = |kind| recorder.note(place.clone(), kind);
        let Some(stream) = self.in_plaintext() else { return Over };
        let ClientSetup { sni, sessions, .. } = probe.setup;
        let psk = sessions.as_ref().and_then(SessionStore::psk);
        let Some(bytes) = tls::hello_by_hand(hello, sni.as_deref(), psk.as_ref()) else {
            // There is no session to resume; that is in the trace.
            return self.close().await;
        };
        let sent = stream.write_all(&bytes).await;
        note(Happening::WroteHello(hello.to_string()));
        if let Err(error) = sent {
            return self.broke(&error);
        }
        let mut answers = Answers::default();
        let answer = if hello.variants.contains(&HelloVariant::SslV2) {
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
                    Some(ClientFault::LyingHeartbeat) if beats => {
                        lie(stream, &mut answers, note).await
                    }
                    // Without heartbeats there is nothing to lie about; the others are played where a
                    // handshake is, which a file with such a hello cannot ask for.
                    Some(
                        ClientFault::LyingHeartbeat
                        | ClientFault::PlaintextInsideTls
                        | ClientFault::CutInsideData
                        | ClientFault::PlaintextInsteadOfClientHello
                        | ClientFault::Renegotiation
                        | ClientFault::SilentInsteadOfClientHello,
                    )
                    | None => Ok(()),
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

/// Sends a question that a sound relay drops or objects to, and waits for what follows: that, and how the
/// handshake ended with it.
async fn reaction(
    stream: &mut TcpStream,
    answers: &mut Answers,
    question: &[u8],
) -> (Reaction, Result<(), TlsFailure>) {
    let _ = stream.write_all(question).await;
    match answers.message(stream, &mut Allowance::new(MOMENT)).await {
        Ok(message) => (Reaction::Message(message), Ok(())),
        Err(failure) => {
            let reaction = match (failure.cause, failure.alert_heard) {
                (FailureCause::RelayAlert, Some(description)) => Reaction::Alert(description),
                (FailureCause::RelayAlert | FailureCause::RelayClosed, _) => Reaction::Closed,
                (FailureCause::RelayReset, _) => Reaction::Reset,
                (FailureCause::Silence, _) => Reaction::Silent,
                _ => Reaction::Unreadable,
            };
            (reaction, Err(failure))
        }
    }
}

/// A ChangeCipherSpec before there are keys, and another one where the first is accepted.
pub(super) async fn change_cipher(
    stream: &mut TcpStream,
    answers: &mut Answers,
    note: impl Fn(Happening),
) -> Result<(), TlsFailure> {
    let fault = ClientFault::ChangeCipherSpecBeforeKeys.name();
    let change = change_cipher_spec(0x0303);
    note(Happening::Faulted(fault.into()));
    let (first, mut ended) = reaction(stream, answers, &change).await;
    let mut sign = first_change(&first);
    if sign.is_none() {
        let second;
        (second, ended) = reaction(stream, answers, &change).await;
        sign = Some(second_change(&second));
    }
    match sign {
        Some(Sign::Vulnerable) => note(Happening::ViolationAccepted(fault.into())),
        // What cannot be told from having the hole is no refusal.
        Some(Sign::Unclear) => return Err(failure(FailureCause::OurObjection, UNCLEAR)),
        Some(Sign::Sound) | None => {}
    }
    ended
}

const UNCLEAR: &str = "what follows does not tell whether the relay has made keys";

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
    note(Happening::ViolationAccepted(fault.into()));
    Ok(())
}

/// A heartbeat that says it holds three octets more than it does.
pub(super) async fn lie(
    stream: &mut TcpStream,
    answers: &mut Answers,
    note: impl Fn(Happening),
) -> Result<(), TlsFailure> {
    let fault = ClientFault::LyingHeartbeat.name();
    note(Happening::Faulted(fault.into()));
    let (reaction, ended) = reaction(stream, answers, &lying_heartbeat(0x0303)).await;
    if heartbleed(&reaction) == Sign::Vulnerable {
        note(Happening::ViolationAccepted(fault.into()));
    }
    // Silence is what a sound relay says.
    if reaction == Reaction::Silent { Ok(()) } else { ended }
}

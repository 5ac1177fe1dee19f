//! Hears what a client does about a flight, as far as it stands in plaintext.

use waxseal_model::facts::TamperReaction;

use crate::wire::tls::{CLIENT_HELLO, Message, Records, handshake};

/// Listens from the flight on until the client has refused it or gone on.
#[derive(Debug)]
pub(super) struct Listener {
    records: Records,
    tls13: bool,
    /// A ChangeCipherSpec came. Of TLS 1.3 some clients send it before they have read the flight to
    /// its end, so what follows decides first.
    changed: bool,
    /// More of the flight was sent behind what is tampered.
    rest_sent: bool,
    answer: Option<TamperReaction>,
}

impl Listener {
    pub(super) fn new(tls13: bool) -> Self {
        Self { records: Records::default(), tls13, changed: false, rest_sent: false, answer: None }
    }

    /// Hears what the client sent.
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        if self.answer.is_some() {
            return;
        }
        self.records.push(bytes);
        while self.answer.is_none() {
            self.answer = match self.records.next_message() {
                Ok(Some(message)) => self.answered(&message),
                Ok(None) => return,
                Err(_) => Some(TamperReaction::WentOn("it sent what is no TLS".into())),
            };
        }
    }

    fn answered(&mut self, message: &Message) -> Option<TamperReaction> {
        let went_on = |with: &str| Some(TamperReaction::WentOn(format!("it sent {with}")));
        match *message {
            Message::Handshake { kind: CLIENT_HELLO, .. } => went_on("another ClientHello"),
            Message::Handshake { kind: handshake::CERTIFICATE, .. } => went_on("Certificate"),
            Message::Handshake { kind: handshake::CLIENT_KEY_EXCHANGE, .. } => {
                went_on("ClientKeyExchange")
            }
            Message::Handshake { kind, .. } => went_on(&format!("a handshake message ({kind})")),
            Message::Opaque { .. } | Message::Heartbeat(_) => went_on("records under keys"),
            Message::ChangeCipherSpec => {
                self.changed = true;
                None
            }
            Message::Alert { level: 1, description: 0 } => Some(TamperReaction::Closed),
            // Whoever cannot read the next record has taken the hello before it: bad_record_mac,
            // decryption_failed and decrypt_error.
            Message::Alert { description: alert @ (20 | 21 | 51), .. } if self.tls13 => {
                went_on(&format!("alert {alert}, because its keys are others"))
            }
            // In TLS 1.3 every alert but close_notify and user_canceled is fatal (RFC 8446 section 6).
            Message::Alert { level, description } => {
                let fatal = level == 2 || (self.tls13 && description != 90);
                fatal.then_some(TamperReaction::Alert(description))
            }
        }
    }

    /// What was kept back of the flight is sent.
    pub(super) fn rest_follows(&mut self) {
        self.rest_sent = true;
    }

    /// Whether the client has done neither yet.
    pub(super) fn waits(&self) -> bool {
        self.answer.is_none()
    }

    /// What the client did, when nothing more comes.
    pub(super) fn at_end(&self, how: TamperReaction) -> TamperReaction {
        match &self.answer {
            Some(answer) => answer.clone(),
            None if self.changed => TamperReaction::WentOn("it sent ChangeCipherSpec".into()),
            None if self.rest_sent && how != TamperReaction::Silence => TamperReaction::Unclear,
            None => how,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TamperReaction::{Alert, Closed, WentOn};
    use super::*;
    use crate::wire::tls::{content, write_records};

    fn check(tls13: bool, records: &[(u8, &[u8])], expected: TamperReaction) {
        let mut listener = Listener::new(tls13);
        for (kind, payload) in records {
            for octet in write_records(*kind, 0x0303, payload, 1 << 14) {
                listener.hear(&[octet]);
            }
        }
        let kind_only = |answer| match answer {
            WentOn(_) => WentOn(String::new()),
            answer => answer,
        };
        assert_eq!(kind_only(listener.at_end(Closed)), expected, "{tls13} {records:?}");
    }

    #[test]
    fn what_comes_first_decides() {
        let went_on = || WentOn(String::new());
        for tls13 in [false, true] {
            check(tls13, &[], Closed);
            check(tls13, &[(content::ALERT, &[2, 47])], Alert(47));
            check(tls13, &[(content::ALERT, &[1, 0])], Closed);
            check(tls13, &[(content::HANDSHAKE, &[16, 0, 0, 1, 7])], went_on());
            check(tls13, &[(content::CHANGE_CIPHER_SPEC, &[1])], went_on());
            check(
                tls13,
                &[(content::CHANGE_CIPHER_SPEC, &[1]), (content::ALERT, &[2, 47])],
                Alert(47),
            );
            check(
                tls13,
                &[(content::HANDSHAKE, &[16, 0, 0, 0]), (content::ALERT, &[2, 47])],
                went_on(),
            );
        }
        check(true, &[(content::APPLICATION_DATA, &[7; 19])], went_on());
    }

    #[test]
    fn an_alert_about_keys_comes_after_going_on_in_tls_13_only() {
        check(true, &[(content::ALERT, &[2, 20])], WentOn(String::new()));
        check(false, &[(content::ALERT, &[2, 51])], Alert(51));
    }

    #[test]
    fn an_end_behind_the_rest_of_the_flight_does_not_tell() {
        let mut listener = Listener::new(true);
        assert_eq!(listener.at_end(Closed), Closed);
        listener.rest_follows();
        assert_eq!(listener.at_end(Closed), TamperReaction::Unclear);
        listener.hear(&write_records(content::ALERT, 0x0303, &[2, 47], 2));
        assert_eq!(listener.at_end(Closed), Alert(47));
    }

    #[test]
    fn a_warning_refuses_in_tls_13_only() {
        check(true, &[(content::ALERT, &[1, 47])], Alert(47));
        check(false, &[(content::ALERT, &[1, 100])], Closed);
    }
}

//! Records, and the messages that stand in them (RFC 8446 section 5.1, RFC 6101 section 5.2).

/// Content types of records.
pub mod content {
    /// `change_cipher_spec`.
    pub const CHANGE_CIPHER_SPEC: u8 = 20;
    /// `alert`.
    pub const ALERT: u8 = 21;
    /// `handshake`.
    pub const HANDSHAKE: u8 = 22;
    /// `application_data`.
    pub const APPLICATION_DATA: u8 = 23;
    /// `heartbeat` (RFC 6520).
    pub const HEARTBEAT: u8 = 24;
}

/// Octets a record may have: 2^14, and what encryption and compression may add (RFC 5246 section
/// 6.2.3).
const RECORD_LIMIT: usize = (1 << 14) + 2048;

/// Octets a handshake message may have here: more than any chain of certificates that is in use.
const MESSAGE_LIMIT: usize = 1 << 17;

/// Puts a payload into records of at most `piece` octets each, all of the same type and version.
///
/// Nothing is checked: the version is free, and an empty payload makes one empty record. `piece` is
/// cut to what a record can hold; 0 counts as 1.
pub fn write_records(kind: u8, version: u16, payload: &[u8], piece: usize) -> Vec<u8> {
    let piece = piece.clamp(1, 1 << 14);
    let mut bytes = Vec::with_capacity(payload.len() + 5 * (payload.len() / piece + 1));
    let mut rest = payload;
    loop {
        let (part, later) = rest.split_at(piece.min(rest.len()));
        bytes.push(kind);
        bytes.extend_from_slice(&version.to_be_bytes());
        // At most 2^14 by the clamp above.
        bytes.extend_from_slice(&(part.len() as u16).to_be_bytes());
        bytes.extend_from_slice(part);
        if later.is_empty() {
            return bytes;
        }
        rest = later;
    }
}

/// One message of the record layer, in plaintext.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A handshake message: its type and its body, joined over records.
    Handshake {
        /// `msg_type`.
        kind: u8,
        /// Without type and length.
        body: Vec<u8>,
    },
    /// An alert.
    Alert {
        /// 1 warning, 2 fatal.
        level: u8,
        /// What is wrong (RFC 8446 section 6).
        description: u8,
    },
    /// A ChangeCipherSpec.
    ChangeCipherSpec,
    /// A heartbeat message with its padding, as it came.
    Heartbeat(Vec<u8>),
    /// A record that cannot be read without keys, or is of no known type.
    Opaque {
        /// The record's content type.
        kind: u8,
        /// Octets of its payload.
        length: usize,
    },
}

/// Why bytes are not TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// What stands where a record should begin is none.
    #[error("no TLS record begins with {0:#04x}")]
    NotTls(u8),
    /// A length beyond what the protocol allows.
    #[error("a record or message of {0} octets is too long")]
    TooLong(usize),
}

/// Takes messages out of a stream of records, however it is cut.
///
/// It holds at most one record and one handshake message; both have a limit.
#[derive(Debug, Default)]
pub struct Records {
    bytes: Vec<u8>,
    taken: usize,
    handshake: Vec<u8>,
    /// Alerts of a record that held several.
    alerts: Vec<(u8, u8)>,
}

impl Records {
    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message; `None`: it is not complete yet.
    ///
    /// # Errors
    /// [`RecordError`]; what stood before it has been given. The error comes again with each call.
    pub fn next_message(&mut self) -> Result<Option<Message>, RecordError> {
        loop {
            if !self.alerts.is_empty() {
                let (level, description) = self.alerts.remove(0);
                return Ok(Some(Message::Alert { level, description }));
            }
            if let Some(message) = self.take_handshake()? {
                return Ok(Some(message));
            }
            let Some((kind, payload)) = self.take_record()? else { return Ok(None) };
            match kind {
                content::HANDSHAKE => self.handshake.extend_from_slice(&payload),
                content::ALERT if !payload.is_empty() && payload.len().is_multiple_of(2) => {
                    self.alerts = payload.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
                }
                content::CHANGE_CIPHER_SPEC if payload == [1] => {
                    return Ok(Some(Message::ChangeCipherSpec));
                }
                content::HEARTBEAT => return Ok(Some(Message::Heartbeat(payload))),
                kind => return Ok(Some(Message::Opaque { kind, length: payload.len() })),
            }
        }
    }

    /// What waits and is no whole message yet.
    pub fn rest(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    fn take_record(&mut self) -> Result<Option<(u8, Vec<u8>)>, RecordError> {
        let rest = self.rest();
        let Some(&kind) = rest.first() else { return Ok(None) };
        if !(content::CHANGE_CIPHER_SPEC..=content::HEARTBEAT).contains(&kind)
            || rest.get(1).is_some_and(|major| *major != 3)
        {
            return Err(RecordError::NotTls(kind));
        }
        let [_, _, _, high, low, payload @ ..] = rest else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if length > RECORD_LIMIT {
            return Err(RecordError::TooLong(length));
        }
        let Some(payload) = payload.get(..length).map(<[u8]>::to_vec) else { return Ok(None) };
        self.taken += 5 + length;
        Ok(Some((kind, payload)))
    }

    fn take_handshake(&mut self) -> Result<Option<Message>, RecordError> {
        let [kind, a, b, c, ..] = self.handshake[..] else { return Ok(None) };
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        if length > MESSAGE_LIMIT {
            return Err(RecordError::TooLong(length));
        }
        let Some(body) = self.handshake.get(4..4 + length).map(<[u8]>::to_vec) else {
            return Ok(None);
        };
        self.handshake.drain(..4 + length);
        Ok(Some(Message::Handshake { kind, body }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(pieces: &[&[u8]]) -> (Vec<Message>, Option<RecordError>) {
        let mut records = Records::default();
        let mut found = Vec::new();
        for piece in pieces {
            records.push(piece);
            loop {
                match records.next_message() {
                    Ok(Some(message)) => found.push(message),
                    Ok(None) => break,
                    Err(error) => return (found, Some(error)),
                }
            }
        }
        (found, None)
    }

    proptest! {
        #[test]
        fn a_message_is_the_same_however_its_records_are_cut(
            body in proptest::collection::vec(any::<u8>(), 0..300),
            piece in 1_usize..400,
            cut in 0_usize..2000,
        ) {
            let mut payload = vec![11, 0];
            payload.extend_from_slice(&(body.len() as u16).to_be_bytes());
            payload.extend_from_slice(&body);
            let bytes = write_records(content::HANDSHAKE, 0x0303, &payload, piece);
            let cut = cut.min(bytes.len());
            let (found, error) = all(&[&bytes[..cut], &bytes[cut..]]);
            prop_assert_eq!(found, vec![Message::Handshake { kind: 11, body }]);
            prop_assert_eq!(error, None);
        }

        #[test]
        fn any_split_of_any_bytes_gives_the_same_messages(
            bytes in proptest::collection::vec(prop_oneof![20_u8..25, Just(3), Just(0), any::<u8>()], 0..200),
            cut in 0_usize..200,
        ) {
            let cut = cut.min(bytes.len());
            prop_assert_eq!(all(&[&bytes]), all(&[&bytes[..cut], &bytes[cut..]]));
        }
    }

    #[test]
    fn a_line_of_smtp_is_no_record() {
        assert_eq!(all(&[b"454 4.7.0 no\r\n"]).1, Some(RecordError::NotTls(b'4')));
    }

    #[test]
    fn two_alerts_in_a_record_are_two() {
        let bytes = write_records(content::ALERT, 0x0303, &[1, 90, 2, 40], 100);
        let alert = |level, description| Message::Alert { level, description };
        assert_eq!(all(&[&bytes]).0, vec![alert(1, 90), alert(2, 40)]);
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_at_once() {
        let (_, error) = all(&[&[22, 3, 3, 0xff, 0xff]]);
        assert_eq!(error, Some(RecordError::TooLong(0xffff)));
        let (_, error) = all(&[&[22, 3, 3, 0, 4, 2, 0xff, 0xff, 0xff]]);
        assert_eq!(error, Some(RecordError::TooLong(0x00ff_ffff)));
    }
}

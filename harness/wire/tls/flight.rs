//! A server's flight as messages that can be changed and written again.

use super::cursor::{Cursor, Malformed};
use super::extension::kind;
use super::record::{RecordError, content, write_records};
use super::server::{ServerHello, handshake};

/// A handshake message: its type and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandshakeMessage {
    /// `msg_type`.
    pub kind: u8,
    /// Without type and length.
    pub body: Vec<u8>,
}

impl HandshakeMessage {
    /// The message with its type and length; a body beyond 2^24 octets lies about its length.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.kind];
        bytes.extend_from_slice(&(self.body.len() as u32).to_be_bytes()[1..]);
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// What a server says in plaintext in answer to a ClientHello: in TLS 1.3 the ServerHello alone, before
/// that all up to ServerHelloDone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flight {
    /// What stands before it as it came: the ChangeCipherSpec that TLS 1.3 may put there (RFC 8446
    /// appendix D.4).
    pub before: Vec<u8>,
    /// The version of its records.
    pub version: u16,
    /// The ServerHello, apart from the rest because something is always asked of it.
    pub hello: ServerHello,
    /// What follows in plaintext.
    pub messages: Vec<HandshakeMessage>,
}

/// Why bytes are no flight of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoFlight {
    /// They are no records, or too long.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Something else than a ServerHello begins it: an alert, in the first place.
    #[error("it does not begin with a ServerHello")]
    NoHello,
    /// A ServerHello that cannot be read.
    #[error("its ServerHello is wrong: {0}")]
    Hello(#[from] Malformed),
}

impl Flight {
    /// Takes a whole flight from the front of what a server says, and gives the bytes that follow
    /// it. `None`: it is not complete yet. Records are cut as they come; the way they were cut is not
    /// kept.
    ///
    /// # Errors
    /// [`NoFlight`]: what is there will never become one.
    pub fn take(mut bytes: &[u8]) -> Result<Option<(Self, &[u8])>, NoFlight> {
        let mut before = Vec::new();
        let mut joined = Vec::new();
        let mut messages: Vec<HandshakeMessage> = Vec::new();
        while let [kind, major, minor, high, low, rest @ ..] = bytes {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let Some((payload, rest)) = rest.split_at_checked(length) else { return Ok(None) };
            let record = &bytes[..5 + length];
            bytes = rest;
            match *kind {
                content::CHANGE_CIPHER_SPEC if joined.is_empty() && messages.is_empty() => {
                    before.extend_from_slice(record);
                    continue;
                }
                content::HANDSHAKE if *major == 3 => joined.extend_from_slice(payload),
                kind if !(content::CHANGE_CIPHER_SPEC..=content::HEARTBEAT).contains(&kind) => {
                    return Err(RecordError::NotTls(kind).into());
                }
                _ => return Err(NoFlight::NoHello),
            }
            let version = u16::from_be_bytes([*major, *minor]);
            while let Some(message) = take_message(&mut joined) {
                messages.push(message);
            }
            if messages.first().is_some_and(|first| first.kind != handshake::SERVER_HELLO) {
                return Err(NoFlight::NoHello);
            }
            let Some(first) = messages.first() else { continue };
            let hello = ServerHello::read(&first.body)?;
            let done = messages.iter().any(|m| m.kind == handshake::SERVER_HELLO_DONE);
            if joined.is_empty() && (done || hello.extension(kind::SUPPORTED_VERSIONS).is_some()) {
                messages.remove(0);
                return Ok(Some((Self { before, version, hello, messages }, bytes)));
            }
        }
        Ok(None)
    }

    /// All messages with their types and lengths, one behind the other.
    pub fn payload(&self) -> Vec<u8> {
        let hello = HandshakeMessage { kind: handshake::SERVER_HELLO, body: self.hello.body() };
        let rest = self.messages.iter().flat_map(HandshakeMessage::bytes);
        hello.bytes().into_iter().chain(rest).collect()
    }

    /// The flight in records of at most `piece` octets.
    pub fn records(&self, piece: usize) -> Vec<u8> {
        let records = write_records(content::HANDSHAKE, self.version, &self.payload(), piece);
        [self.before.as_slice(), &records].concat()
    }

    /// The first message of this type behind the ServerHello.
    pub fn message(&mut self, kind: u8) -> Option<&mut HandshakeMessage> {
        self.messages.iter_mut().find(|message| message.kind == kind)
    }
}

fn take_message(joined: &mut Vec<u8>) -> Option<HandshakeMessage> {
    let [kind, a, b, c, ..] = joined[..] else { return None };
    let length = u32::from_be_bytes([0, a, b, c]) as usize;
    let body = joined.get(4..4 + length)?.to_vec();
    joined.drain(..4 + length);
    Some(HandshakeMessage { kind, body })
}

/// A ServerKeyExchange of TLS 1.2 on a named curve, with its signature (RFC 8422 section 5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCurve {
    /// The named group.
    pub group: u16,
    /// The server's public value.
    pub public: Vec<u8>,
    /// The signature scheme.
    pub scheme: u16,
    /// The signature over both randoms and [`Self::parameters`].
    pub signature: Vec<u8>,
}

impl SignedCurve {
    /// Reads the body of the message. `None`: another kind of key exchange.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut at = Cursor(body);
        if at.octet("curve type").ok()? != 3 {
            return None;
        }
        let group = at.number("group").ok()?;
        let public = at.short("public value").ok()?.to_vec();
        let scheme = at.number("signature scheme").ok()?;
        let signature = at.long("signature").ok()?.to_vec();
        at.end().ok()?;
        Some(Self { group, public, scheme, signature })
    }

    /// What is signed behind the randoms; a public value beyond 255 octets lies about its length.
    pub fn parameters(&self) -> Vec<u8> {
        let mut parameters = vec![3];
        parameters.extend_from_slice(&self.group.to_be_bytes());
        parameters.push(self.public.len() as u8);
        parameters.extend_from_slice(&self.public);
        parameters
    }

    /// The body of the message.
    pub fn body(&self) -> Vec<u8> {
        let mut body = self.parameters();
        body.extend_from_slice(&self.scheme.to_be_bytes());
        body.extend_from_slice(&(self.signature.len() as u16).to_be_bytes());
        body.extend_from_slice(&self.signature);
        body
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::hello::tests::extensions;
    use super::*;

    prop_compose! {
        fn hello()(
            random in any::<[u8; 32]>(),
            session_id in vec(any::<u8>(), 0..33),
            suite in any::<u16>(),
            extensions in extensions(),
        ) -> ServerHello {
            let legacy_version = 0x0303;
            ServerHello { legacy_version, random, session_id, suite, compression: 0, extensions }
        }
    }

    fn message() -> impl Strategy<Value = HandshakeMessage> {
        (prop_oneof![Just(11), Just(12), Just(13), Just(22)], vec(any::<u8>(), 0..300))
            .prop_map(|(kind, body)| HandshakeMessage { kind, body })
    }

    proptest! {
        #[test]
        fn a_flight_is_the_same_however_its_records_are_cut(
            hello in hello().prop_filter("of TLS 1.2", |hello| {
                hello.extension(kind::SUPPORTED_VERSIONS).is_none()
            }),
            mut messages in vec(message(), 0..5),
            piece in 1_usize..2000,
            cut in any::<prop::sample::Index>(),
            tail in vec(any::<u8>(), 0..20),
        ) {
            messages.push(HandshakeMessage { kind: 14, body: Vec::new() });
            let flight = Flight { before: Vec::new(), version: 0x0303, hello, messages };
            let whole = flight.records(piece);
            prop_assert_eq!(Flight::take(&whole[..cut.index(whole.len())]), Ok(None));
            let bytes = [whole.as_slice(), &tail].concat();
            prop_assert_eq!(Flight::take(&bytes), Ok(Some((flight, tail.as_slice()))));
        }

        #[test]
        fn in_tls_13_the_hello_is_the_whole_flight(
            mut hello in hello(), change in any::<bool>(), tail in vec(any::<u8>(), 0..20),
        ) {
            let versions = super::super::Extension::new(kind::SUPPORTED_VERSIONS, [3, 4]);
            hello.extensions = Some(vec![versions]);
            let before = if change { vec![20, 3, 3, 0, 1, 1] } else { Vec::new() };
            let flight = Flight { before, version: 0x0303, hello, messages: Vec::new() };
            let bytes = [flight.records(1 << 14), tail.clone()].concat();
            prop_assert_eq!(Flight::take(&bytes), Ok(Some((flight, tail.as_slice()))));
        }

        #[test]
        fn no_bytes_break_the_reader(
            bytes in vec(prop_oneof![Just(22_u8), Just(2), Just(3), Just(0), any::<u8>()], 0..200),
        ) {
            let _ = Flight::take(&bytes);
            let _ = SignedCurve::read(&bytes);
        }

        #[test]
        fn a_signed_curve_is_read_as_it_was_written(
            (group, scheme) in any::<(u16, u16)>(),
            public in vec(any::<u8>(), 0..=255),
            signature in vec(any::<u8>(), 0..300),
        ) {
            let signed = SignedCurve { group, public, scheme, signature };
            prop_assert_eq!(SignedCurve::read(&signed.body()), Some(signed));
        }
    }

    #[test]
    fn an_alert_is_no_flight() {
        assert_eq!(Flight::take(&[21, 3, 3, 0, 2, 2, 40]), Err(NoFlight::NoHello));
    }
}

//! What a server says in plaintext: ServerHello, Certificate, ServerKeyExchange and their company.

use super::cursor::{Cursor, Malformed};
use super::extension::{Extension, kind, read_extensions, write_extensions};
use super::record::{Message, Records};

/// Types of handshake messages (RFC 5246 section 7.4, RFC 6066 section 8).
pub mod handshake {
    /// `hello_request`.
    pub const HELLO_REQUEST: u8 = 0;
    /// `server_hello`, and in TLS 1.3 HelloRetryRequest as well.
    pub const SERVER_HELLO: u8 = 2;
    /// `certificate`.
    pub const CERTIFICATE: u8 = 11;
    /// `server_key_exchange`.
    pub const SERVER_KEY_EXCHANGE: u8 = 12;
    /// `certificate_request`.
    pub const CERTIFICATE_REQUEST: u8 = 13;
    /// `server_hello_done`.
    pub const SERVER_HELLO_DONE: u8 = 14;
    /// `client_key_exchange`.
    pub const CLIENT_KEY_EXCHANGE: u8 = 16;
    /// `finished`.
    pub const FINISHED: u8 = 20;
    /// `certificate_status`.
    pub const CERTIFICATE_STATUS: u8 = 22;
}

/// SHA-256 of "HelloRetryRequest": the random of a ServerHello that is one (RFC 8446 section 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// A ServerHello or HelloRetryRequest (RFC 8446 section 4.1.3 and 4.1.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// `legacy_version`; the version itself up to TLS 1.2.
    pub legacy_version: u16,
    /// `random`.
    pub random: [u8; 32],
    /// The session's id, or the client's echoed.
    pub session_id: Vec<u8>,
    /// The chosen suite.
    pub suite: u16,
    /// The chosen compression method; 0 is "none".
    pub compression: u8,
    /// Extensions in order; `None`: there is no block.
    pub extensions: Option<Vec<Extension>>,
}

impl ServerHello {
    /// Reads the body of a `server_hello` message.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(body: &[u8]) -> Result<Self, Malformed> {
        let mut at = Cursor(body);
        let legacy_version = at.number("version")?;
        let mut random = [0; 32];
        random.copy_from_slice(at.take(32, "random")?);
        let session_id = at.short("session id")?.to_vec();
        let suite = at.number("cipher suite")?;
        let compression = at.octet("compression method")?;
        let extensions =
            if at.0.is_empty() { None } else { Some(read_extensions(at.long("extensions")?)?) };
        at.end()?;
        Ok(Self { legacy_version, random, session_id, suite, compression, extensions })
    }

    /// The body of the message.
    pub fn body(&self) -> Vec<u8> {
        let mut body = self.legacy_version.to_be_bytes().to_vec();
        body.extend_from_slice(&self.random);
        body.push(self.session_id.len() as u8);
        body.extend_from_slice(&self.session_id);
        body.extend_from_slice(&self.suite.to_be_bytes());
        body.push(self.compression);
        if let Some(extensions) = &self.extensions {
            body.extend_from_slice(&write_extensions(extensions));
        }
        body
    }

    /// The body of the first extension of this type.
    pub fn extension(&self, kind: u16) -> Option<&[u8]> {
        let extensions = self.extensions.iter().flatten();
        extensions.into_iter().find(|found| found.kind == kind).map(|found| found.body.as_slice())
    }

    /// The HelloRetryRequest that answers the same hello with these extensions (RFC 8446 section
    /// 4.1.4).
    pub fn retry(&self, extensions: Vec<Extension>) -> Self {
        Self { random: RETRY, extensions: Some(extensions), ..self.clone() }
    }

    /// Whether it asks for another ClientHello.
    pub fn is_retry(&self) -> bool {
        self.random == RETRY
    }

    /// The version that was chosen: supported_versions where it is sent (RFC 8446 section 4.2.1).
    pub fn version(&self) -> u16 {
        match self.extension(kind::SUPPORTED_VERSIONS) {
            Some([high, low]) => u16::from_be_bytes([*high, *low]),
            _ => self.legacy_version,
        }
    }

    /// The group of the key share, or the one that a HelloRetryRequest asks for.
    pub fn group(&self) -> Option<u16> {
        match self.extension(kind::KEY_SHARE)? {
            [high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        }
    }

    /// Whether the random ends in a mark that the server could have done better than this version
    /// (RFC 8446 section 4.1.3): "DOWNGRD" and 1 in TLS 1.2, 0 below.
    pub fn downgrade_sentinel(&self) -> Option<u8> {
        match self.random[24..] {
            [b'D', b'O', b'W', b'N', b'G', b'R', b'D', mark @ (0 | 1)] => Some(mark),
            _ => None,
        }
    }
}

/// Reads a whole ServerHello from the first bytes of a server, however its records are split; a
/// HelloRetryRequest before it is passed over.
///
/// `None`: it is not complete yet, or is none.
pub fn read_server_hello(bytes: &[u8]) -> Option<ServerHello> {
    let mut records = Records::default();
    records.push(bytes);
    loop {
        match records.next_message() {
            Ok(Some(Message::Handshake { kind: handshake::SERVER_HELLO, body })) => {
                let hello = ServerHello::read(&body).ok()?;
                if !hello.is_retry() {
                    return Some(hello);
                }
            }
            // TLS 1.3 sends one behind a HelloRetryRequest (RFC 8446 appendix D.4).
            Ok(Some(Message::ChangeCipherSpec)) => {}
            _ => return None,
        }
    }
}

/// The certificates of a Certificate message up to TLS 1.2, in DER, as they were sent.
///
/// # Errors
/// [`Malformed`].
pub fn read_certificates(body: &[u8]) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut at = Cursor(body);
    let mut list = Cursor(at.huge("list of certificates")?);
    at.end()?;
    let mut chain = Vec::new();
    while !list.0.is_empty() {
        chain.push(list.huge("certificate")?.to_vec());
    }
    Ok(chain)
}

/// Which parameters a ServerKeyExchange holds: they cannot be told from the bytes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// Finite-field Diffie-Hellman (RFC 5246 section 7.4.3).
    FiniteField,
    /// Elliptic curves (RFC 8422 section 5.4).
    EllipticCurve,
}

/// What a ServerKeyExchange shows up to TLS 1.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerKeyExchange {
    /// The named group of an elliptic curve; `None`: finite field, or an explicit curve.
    pub group: Option<u16>,
    /// The prime of a finite field, without leading zeros.
    pub prime: Option<Vec<u8>>,
    /// The server's public value.
    pub public: Vec<u8>,
    /// The signature scheme, in TLS 1.2 where it is signed.
    pub scheme: Option<u16>,
}

impl ServerKeyExchange {
    /// Reads the body of the message. `hint`: the suite uses a pre-shared key, so an identity hint
    /// comes first (RFC 4279 section 3). `signed`: the suite is not anonymous and the version is
    /// TLS 1.2, so a scheme stands before the signature.
    ///
    /// # Errors
    /// [`Malformed`]. An explicit curve is none: it has no group and no public value.
    pub fn read(
        body: &[u8],
        exchange: Exchange,
        hint: bool,
        signed: bool,
    ) -> Result<Self, Malformed> {
        let mut at = Cursor(body);
        if hint {
            at.long("identity hint")?;
        }
        let mut read = Self { group: None, prime: None, public: Vec::new(), scheme: None };
        match exchange {
            Exchange::FiniteField => {
                let prime = at.long("prime")?;
                let zeros = prime.iter().take_while(|octet| **octet == 0).count();
                read.prime = Some(prime[zeros..].to_vec());
                at.long("generator")?;
                read.public = at.long("public value")?.to_vec();
            }
            Exchange::EllipticCurve if at.octet("curve type")? == 3 => {
                read.group = Some(at.number("group")?);
                read.public = at.short("public value")?.to_vec();
            }
            Exchange::EllipticCurve => return Ok(read),
        }
        if signed {
            read.scheme = Some(at.number("signature scheme")?);
            at.long("signature")?;
            at.end()?;
        }
        Ok(read)
    }

    /// The size of the prime in bits.
    pub fn prime_bits(&self) -> Option<u32> {
        let prime = self.prime.as_ref()?;
        let first = prime.first()?;
        Some(prime.len() as u32 * 8 - first.leading_zeros())
    }
}

/// The answer in a CertificateStatus message: its type (1 is OCSP) and its bytes (RFC 6066
/// section 8).
///
/// # Errors
/// [`Malformed`].
pub fn read_certificate_status(body: &[u8]) -> Result<(u8, Vec<u8>), Malformed> {
    let mut at = Cursor(body);
    let kind = at.octet("status type")?;
    let answer = at.huge("answer")?.to_vec();
    at.end()?;
    Ok((kind, answer))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::hello::tests::extensions;
    use super::super::record::{content, write_records};
    use super::*;

    #[test]
    fn the_hello_behind_a_retry_is_the_one_that_counts() {
        let hello = |random| ServerHello {
            legacy_version: 0x0303,
            random,
            session_id: Vec::new(),
            suite: 0x1301,
            compression: 0,
            extensions: Some(Vec::new()),
        };
        let message = |hello: &ServerHello, piece| {
            let body = hello.body();
            let length = u8::try_from(body.len()).expect("it is short");
            let message = [&[handshake::SERVER_HELLO, 0, 0, length], body.as_slice()].concat();
            write_records(content::HANDSHAKE, 0x0303, &message, piece)
        };
        let change = write_records(content::CHANGE_CIPHER_SPEC, 0x0303, &[1], 1);
        for piece in [1, 7, 200] {
            let (retry, real) = (hello(RETRY), hello([7; 32]));
            let bytes = [message(&retry, piece), change.clone(), message(&real, piece)].concat();
            assert_eq!(read_server_hello(&bytes), Some(real));
            assert_eq!(read_server_hello(&message(&retry, piece)), None);
            assert_eq!(read_server_hello(&bytes[..bytes.len() - 1]), None);
        }
    }

    proptest! {
        #[test]
        fn a_server_hello_is_read_as_it_was_written(
            (legacy_version, suite, compression) in (any::<u16>(), any::<u16>(), any::<u8>()),
            random in any::<[u8; 32]>(),
            session_id in vec(any::<u8>(), 0..40),
            extensions in extensions(),
        ) {
            let hello =
                ServerHello { legacy_version, random, session_id, suite, compression, extensions };
            prop_assert_eq!(ServerHello::read(&hello.body()), Ok(hello));
        }

        #[test]
        fn no_bytes_break_a_reader(bytes in vec(any::<u8>(), 0..300), flags in any::<[bool; 2]>()) {
            let _ = ServerHello::read(&bytes).map(|hello| (hello.group(), hello.version()));
            let _ = read_certificates(&bytes);
            let _ = read_certificate_status(&bytes);
            for exchange in [Exchange::FiniteField, Exchange::EllipticCurve] {
                let _ = ServerKeyExchange::read(&bytes, exchange, flags[0], flags[1])
                    .map(|read| read.prime_bits());
            }
        }
    }

    #[test]
    fn leading_zeros_make_no_prime_longer() {
        let body = [0, 3, 0, 0x0b, 1, 0, 1, 2, 0, 1, 5];
        let read = ServerKeyExchange::read(&body, Exchange::FiniteField, false, false);
        assert_eq!(read.map(|read| read.prime_bits()), Ok(Some(12)));
    }

    #[test]
    fn a_scheme_stands_only_before_a_signature_of_tls_12() {
        let body = [3, 0, 29, 1, 7, 8, 4, 0, 1, 9];
        let read = |signed| {
            ServerKeyExchange::read(&body, Exchange::EllipticCurve, false, signed)
                .map(|read| (read.group, read.scheme))
        };
        assert_eq!(read(true), Ok((Some(29), Some(0x0804))));
        assert_eq!(read(false), Ok((Some(29), None)));
    }

    #[test]
    fn the_downgrade_sentinel_is_the_end_of_the_random() {
        let mut hello = ServerHello {
            legacy_version: 0x0303,
            random: [0; 32],
            session_id: Vec::new(),
            suite: 0xc02f,
            compression: 0,
            extensions: None,
        };
        assert_eq!(hello.downgrade_sentinel(), None);
        hello.random[24..].copy_from_slice(b"DOWNGRD\x01");
        assert_eq!(hello.downgrade_sentinel(), Some(1));
    }
}

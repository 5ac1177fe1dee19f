//! TLS records and hellos as bytes (RFC 8446 section 4.1.2, 4.1.3, 5.1).

/// A ClientHello, unrepaired: numbers as they stand on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawHello {
    /// `legacy_version`.
    pub legacy_version: u16,
    /// Cipher suites in order.
    pub suites: Vec<u16>,
    /// Compression methods.
    pub compression: Vec<u8>,
    /// Extensions in order: type and body.
    pub extensions: Vec<(u16, Vec<u8>)>,
}

impl RawHello {
    /// The body of an extension.
    pub fn extension(&self, kind: u16) -> Option<&[u8]> {
        self.extensions.iter().find(|(found, _)| *found == kind).map(|(_, body)| body.as_slice())
    }

    /// A list of 16-bit numbers behind a length of `width` octets, as most extensions hold.
    pub fn numbers(&self, kind: u16, width: usize) -> Vec<u16> {
        let body = self.extension(kind).and_then(|body| body.get(width..)).unwrap_or_default();
        body.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
    }
}

/// Reads a whole ClientHello from the first bytes of a client, however its records are split.
///
/// `None`: it is not complete yet, or is none.
pub fn read_client_hello(bytes: &[u8]) -> Option<RawHello> {
    let handshake = handshake_bytes(bytes);
    let (kind, body, _) = message(&handshake)?;
    (kind == 1).then_some(())?;
    let mut at = Cursor(body);
    let legacy_version = at.number()?;
    at.take(32)?;
    at.short()?;
    let suites = at.long()?.chunks_exact(2).map(|c| u16::from_be_bytes([c[0], c[1]])).collect();
    let compression = at.short()?.to_vec();
    let extensions = at.extensions()?;
    Some(RawHello { legacy_version, suites, compression, extensions })
}

/// A ServerHello, unrepaired.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawServerHello {
    /// `legacy_version`.
    pub legacy_version: u16,
    /// The suite that was chosen.
    pub suite: u16,
    /// Extensions in order: type and body.
    pub extensions: Vec<(u16, Vec<u8>)>,
}

/// The random of a ServerHello that is a HelloRetryRequest (RFC 8446 section 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Reads a whole ServerHello from the first bytes of a server, however its records are split; a
/// HelloRetryRequest before it is passed over.
///
/// `None`: it is not complete yet, or is none.
pub fn read_server_hello(bytes: &[u8]) -> Option<RawServerHello> {
    let handshake = handshake_bytes(bytes);
    let mut rest = handshake.as_slice();
    loop {
        let (kind, body, behind) = message(rest)?;
        (kind == 2).then_some(())?;
        rest = behind;
        let mut at = Cursor(body);
        let legacy_version = at.number()?;
        let retry = at.take(32)? == RETRY;
        at.short()?;
        let suite = at.number()?;
        at.take(1)?;
        let extensions = at.extensions()?;
        if !retry {
            return Some(RawServerHello { legacy_version, suite, extensions });
        }
    }
}

/// The first handshake message: its kind, its body, and what is behind it.
fn message(handshake: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (kind, rest) = handshake.split_first()?;
    let (length, rest) = rest.split_at_checked(3)?;
    let length =
        usize::from(length[0]) << 16 | usize::from(length[1]) << 8 | usize::from(length[2]);
    let (body, rest) = rest.split_at_checked(length)?;
    Some((*kind, body, rest))
}

/// The payload of the leading handshake records, joined. A change_cipher_spec between them is
/// passed over: TLS 1.3 sends one behind a HelloRetryRequest for the sake of old boxes (RFC 8446
/// appendix D.4).
fn handshake_bytes(mut bytes: &[u8]) -> Vec<u8> {
    let mut joined = Vec::new();
    while let [kind @ (0x14 | 0x16), 3, _, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let payload = &rest[..length.min(rest.len())];
        if *kind == 0x16 {
            joined.extend_from_slice(payload);
        }
        bytes = &rest[payload.len()..];
        if payload.len() < length {
            break;
        }
    }
    joined
}

/// The last alert that stands in clear in these records: level and description.
pub fn last_alert(mut bytes: &[u8]) -> Option<(u8, u8)> {
    let mut found = None;
    while let [kind, 3, _, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let payload = &rest[..length.min(rest.len())];
        if let (0x15, [level, description]) = (*kind, payload) {
            found = Some((*level, *description));
        }
        bytes = &rest[payload.len()..];
    }
    found
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, octets: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(octets)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        self.take(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
    }

    /// A vector behind one octet of length.
    fn short(&mut self) -> Option<&'a [u8]> {
        let length = self.take(1)?[0];
        self.take(usize::from(length))
    }

    /// A block of extensions; an absent one is empty (SSL 3.0 has none).
    fn extensions(&mut self) -> Option<Vec<(u16, Vec<u8>)>> {
        let mut at = Cursor(self.long().unwrap_or_default());
        let mut extensions = Vec::new();
        while let Some(kind) = at.number() {
            extensions.push((kind, at.long()?.to_vec()));
        }
        Some(extensions)
    }

    /// A vector behind two octets of length.
    fn long(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::from(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ServerHello message with one empty extension.
    fn server_hello(random: [u8; 32], extension: u16) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend(random);
        body.extend([0, 0x13, 0x01, 0, 0, 4]);
        body.extend(extension.to_be_bytes());
        body.extend([0, 0]);
        let length = u8::try_from(body.len()).expect("the message is short");
        [&[2, 0, 0, length], body.as_slice()].concat()
    }

    fn records(messages: &[u8], size: usize) -> Vec<u8> {
        let record = |piece: &[u8]| {
            let length = u8::try_from(piece.len()).expect("the piece is short");
            [&[0x16, 3, 3, 0, length], piece].concat()
        };
        messages.chunks(size).flat_map(record).collect()
    }

    #[test]
    fn a_server_hello_is_read_however_it_is_split_and_a_retry_is_passed_over() {
        let change = [0x14, 3, 3, 0, 1, 1];
        for size in [1, 7, 200] {
            let retry = records(&server_hello(RETRY, 51), size);
            let real = records(&server_hello([7; 32], 43), size);
            let read = read_server_hello(&[retry.as_slice(), &change, &real].concat());
            let hello = read.expect("a ServerHello is there");
            assert_eq!((hello.suite, hello.legacy_version), (0x1301, 0x0303));
            assert_eq!(hello.extensions, [(43, Vec::new())]);
            assert_eq!(read_server_hello(&retry), None);
            assert_eq!(read_server_hello(&real[..real.len() - 1]), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80),
            body in proptest::collection::vec(0_u8..8, 0..80),
        ) {
            for bytes in [bytes, records(&body, 30)] {
                let _ = (read_client_hello(&bytes), read_server_hello(&bytes), last_alert(&bytes));
            }
        }
    }
}

//! TLS records and ClientHellos as bytes (RFC 8446 section 4.1.2, 5.1).

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
    let (kind, rest) = handshake.split_first()?;
    let length = rest.get(..3)?;
    let length =
        usize::from(length[0]) << 16 | usize::from(length[1]) << 8 | usize::from(length[2]);
    let body = rest.get(3..3 + length)?;
    (*kind == 1).then_some(())?;
    let mut at = Cursor(body);
    let legacy_version = at.number()?;
    at.take(32)?;
    at.short()?;
    let suites = at.long()?.chunks_exact(2).map(|c| u16::from_be_bytes([c[0], c[1]])).collect();
    let compression = at.short()?.to_vec();
    let mut extensions = Vec::new();
    if let Some(block) = at.long() {
        let mut at = Cursor(block);
        while let Some(kind) = at.number() {
            extensions.push((kind, at.long()?.to_vec()));
        }
    }
    Some(RawHello { legacy_version, suites, compression, extensions })
}

/// The payload of the leading handshake records, joined.
fn handshake_bytes(mut bytes: &[u8]) -> Vec<u8> {
    let mut joined = Vec::new();
    while let [0x16, 3, _, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let payload = &rest[..length.min(rest.len())];
        joined.extend_from_slice(payload);
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

    /// A vector behind two octets of length.
    fn long(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::from(length))
    }
}

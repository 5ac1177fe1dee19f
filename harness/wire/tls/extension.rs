//! Extensions of hellos: an ordered list of types and bodies, and the bodies in use.

use super::cursor::{Cursor, Malformed};

/// Extension types (IANA TLS ExtensionType Values).
pub mod kind {
    /// RFC 6066 section 3.
    pub const SERVER_NAME: u16 = 0;
    /// RFC 6066 section 8.
    pub const STATUS_REQUEST: u16 = 5;
    /// RFC 8446 section 4.2.7.
    pub const SUPPORTED_GROUPS: u16 = 10;
    /// RFC 8422 section 5.1.2.
    pub const EC_POINT_FORMATS: u16 = 11;
    /// RFC 8446 section 4.2.3.
    pub const SIGNATURE_ALGORITHMS: u16 = 13;
    /// RFC 6520.
    pub const HEARTBEAT: u16 = 15;
    /// RFC 7301.
    pub const ALPN: u16 = 16;
    /// RFC 7685.
    pub const PADDING: u16 = 21;
    /// RFC 7366.
    pub const ENCRYPT_THEN_MAC: u16 = 22;
    /// RFC 7627.
    pub const EXTENDED_MASTER_SECRET: u16 = 23;
    /// RFC 5077.
    pub const SESSION_TICKET: u16 = 35;
    /// RFC 8446 section 4.2.11.
    pub const PRE_SHARED_KEY: u16 = 41;
    /// RFC 8446 section 4.2.1.
    pub const SUPPORTED_VERSIONS: u16 = 43;
    /// RFC 8446 section 4.2.2.
    pub const COOKIE: u16 = 44;
    /// RFC 8446 section 4.2.9.
    pub const PSK_KEY_EXCHANGE_MODES: u16 = 45;
    /// RFC 8446 section 4.2.8.
    pub const KEY_SHARE: u16 = 51;
    /// RFC 5746.
    pub const RENEGOTIATION_INFO: u16 = 0xff01;
}

/// One extension: its type and its body, whatever it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// `extension_type`.
    pub kind: u16,
    /// `extension_data`.
    pub body: Vec<u8>,
}

impl Extension {
    /// An extension with any body.
    pub fn new(kind: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { kind, body: body.into() }
    }

    /// An extension whose presence is all it says: extended_master_secret, encrypt_then_mac,
    /// session_ticket.
    pub fn empty(kind: u16) -> Self {
        Self::new(kind, [])
    }

    /// server_name with one host name.
    pub fn server_name(name: &str) -> Self {
        let mut entry = vec![0];
        entry.extend_from_slice(&long(name.as_bytes()));
        Self::new(kind::SERVER_NAME, long(&entry))
    }

    /// status_request for an OCSP answer, from any responder, without extensions.
    pub fn status_request() -> Self {
        Self::new(kind::STATUS_REQUEST, [1, 0, 0, 0, 0])
    }

    /// supported_groups in order of preference.
    pub fn groups(groups: &[u16]) -> Self {
        Self::new(kind::SUPPORTED_GROUPS, long(&pairs(groups)))
    }

    /// ec_point_formats; `[0]` is "uncompressed".
    pub fn point_formats(formats: &[u8]) -> Self {
        Self::new(kind::EC_POINT_FORMATS, short(formats))
    }

    /// signature_algorithms in order of preference.
    pub fn schemes(schemes: &[u16]) -> Self {
        Self::new(kind::SIGNATURE_ALGORITHMS, long(&pairs(schemes)))
    }

    /// heartbeat; 1: the other side may send requests.
    pub fn heartbeat(mode: u8) -> Self {
        Self::new(kind::HEARTBEAT, [mode])
    }

    /// ALPN with these protocol names.
    pub fn alpn(names: &[&[u8]]) -> Self {
        let list: Vec<u8> = names.iter().flat_map(|name| short(name)).collect();
        Self::new(kind::ALPN, long(&list))
    }

    /// padding of that many octets.
    pub fn padding(octets: usize) -> Self {
        Self::new(kind::PADDING, vec![0; octets])
    }

    /// supported_versions in order of preference.
    pub fn versions(versions: &[u16]) -> Self {
        Self::new(kind::SUPPORTED_VERSIONS, short(&pairs(versions)))
    }

    /// psk_key_exchange_modes; 1 is psk_dhe_ke.
    pub fn psk_modes(modes: &[u8]) -> Self {
        Self::new(kind::PSK_KEY_EXCHANGE_MODES, short(modes))
    }

    /// key_share: group and public value each; none asks the server to name a group.
    pub fn key_share(shares: &[(u16, &[u8])]) -> Self {
        let mut list = Vec::new();
        for (group, public) in shares {
            list.extend_from_slice(&group.to_be_bytes());
            list.extend_from_slice(&long(public));
        }
        Self::new(kind::KEY_SHARE, long(&list))
    }

    /// renegotiation_info of a first handshake.
    pub fn renegotiation_info() -> Self {
        Self::new(kind::RENEGOTIATION_INFO, [0])
    }

    /// A reserved extension that has to be skipped (RFC 8701); any index is taken modulo 16.
    pub fn grease(index: u8) -> Self {
        Self::new(grease(index), [0])
    }
}

/// A reserved number for suites, groups, extensions and versions (RFC 8701 section 2): 0x0a0a,
/// 0x1a1a, … The index is taken modulo 16.
pub fn grease(index: u8) -> u16 {
    u16::from(index % 16) * 0x1010 + 0x0a0a
}

/// Whether a number is one of those that [`grease`] gives.
pub fn is_grease(number: u16) -> bool {
    number & 0x0f0f == 0x0a0a && number >> 8 == number & 0xff
}

/// The block of extensions with its length.
pub(super) fn write_extensions(extensions: &[Extension]) -> Vec<u8> {
    let mut block = Vec::new();
    for extension in extensions {
        block.extend_from_slice(&extension.kind.to_be_bytes());
        block.extend_from_slice(&long(&extension.body));
    }
    long(&block)
}

/// The extensions of a block whose length has been taken.
pub(super) fn read_extensions(block: &[u8]) -> Result<Vec<Extension>, Malformed> {
    let mut at = Cursor(block);
    let mut extensions = Vec::new();
    while !at.0.is_empty() {
        let kind = at.number("extensions")?;
        extensions.push(Extension { kind, body: at.long("extensions")?.to_vec() });
    }
    Ok(extensions)
}

/// A vector behind one octet of length; a longer one lies about its length.
fn short(bytes: &[u8]) -> Vec<u8> {
    let mut vector = vec![bytes.len() as u8];
    vector.extend_from_slice(bytes);
    vector
}

/// A vector behind two octets of length; a longer one lies about its length.
fn long(bytes: &[u8]) -> Vec<u8> {
    let mut vector = (bytes.len() as u16).to_be_bytes().to_vec();
    vector.extend_from_slice(bytes);
    vector
}

fn pairs(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_stand_as_the_standards_draw_them() {
        for (extension, bytes) in [
            (Extension::server_name("a.b"), &[0, 6, 0, 0, 3, b'a', b'.', b'b'][..]),
            (Extension::groups(&[29, 23]), &[0, 4, 0, 29, 0, 23]),
            (Extension::versions(&[0x0304, 0x0303]), &[4, 3, 4, 3, 3]),
            (Extension::key_share(&[]), &[0, 0]),
            (Extension::key_share(&[(29, &[7])]), &[0, 5, 0, 29, 0, 1, 7]),
            (Extension::alpn(&[b"h2"]), &[0, 3, 2, b'h', b'2']),
            (Extension::psk_modes(&[1]), &[1, 1]),
        ] {
            assert_eq!(extension.body, bytes, "{}", extension.kind);
        }
    }

    #[test]
    fn grease_is_told_from_all_else() {
        let reserved: Vec<u16> = (0..16).map(grease).collect();
        let found: Vec<u16> = (0..=u16::MAX).filter(|number| is_grease(*number)).collect();
        assert_eq!(reserved, found);
    }
}

//! ClientHellos by hand: right ones, that offer whatever a server may choose.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;

use waxseal_model::offer::{SuiteKind, Version};

use crate::wire::numbers::{is_tls13, registered_suites, suite, suite_parts};
use crate::wire::tls::{ClientHello, Extension, kind};

/// TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 section 3.3).
pub const RENEGOTIATION_SCSV: u16 = 0x00ff;

/// A public value that the other side can compute with, and we need not: the base point of X25519
/// (RFC 7748 section 4.1).
pub const X25519_SHARE: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 9;
    point
};

/// Groups of TLS 1.2 and older, today's first. Those of finite fields are left out: a server that
/// knows RFC 7919 would answer with one of them in place of its own prime.
pub const CURVES: &[u16] = &[
    0x001d, 0x0017, 0x0018, 0x0019, 0x001e, 0x001a, 0x001b, 0x001c, 0x0016, 0x0015, 0x0013, 0x0014,
    0x0012, 0x0011, 0x0010, 0x000f, 0x000e, 0x000d, 0x000c, 0x000b, 0x000a, 0x0009, 0x0008, 0x0007,
    0x0006, 0x0005, 0x0004, 0x0003, 0x0002, 0x0001,
];

/// Groups of TLS 1.3 (RFC 8446 section 4.2.7, RFC 8734, RFC 8998, drafts of hybrid exchanges).
pub const GROUPS_TLS13: &[u16] = &[
    0x001d, 0x0017, 0x0018, 0x0019, 0x001e, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104, 0x11ec, 0x11eb,
    0x11ed, 0x0200, 0x0201, 0x0202, 0x6399, 0x001f, 0x0020, 0x0021, 0x0029,
];

/// Signature schemes, today's first.
pub const SCHEMES: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401,
    0x0501, 0x0601, 0x0904, 0x0905, 0x0906, 0x081a, 0x081b, 0x081c, 0x0303, 0x0301, 0x0302, 0x0402,
    0x0203, 0x0201, 0x0202, 0x0101,
];

/// Every suite that a version may have, the weakest first: what a host picks out of all of them
/// then says something.
pub fn all_suites(version: Version) -> Vec<u16> {
    let mut suites: Vec<u16> = registered_suites()
        .into_iter()
        .filter(|id| is_tls13(*id) == (version == Version::Tls13))
        .collect();
    suites.sort_by_key(|id| {
        let known = suite(*id);
        (known.is(SuiteKind::ForwardSecret), known.is(SuiteKind::Aead), suite_parts(*id).bits)
    });
    suites
}

/// The few suites of an ordinary client, for hosts that choke on many: ECDHE and DHE with AES, then
/// static RSA, then what is old.
pub const USUAL_SUITES: &[u16] = &[
    0xc02f, 0xc02b, 0xc030, 0xc02c, 0xcca8, 0xcca9, 0xc013, 0xc009, 0xc014, 0xc00a, 0x009e, 0x009f,
    0x0033, 0x0039, 0x009c, 0x009d, 0x002f, 0x0035, 0x000a, 0x0005, 0x0004,
];

/// Suites of TLS 1.3 that every server of it has one of.
pub const USUAL_SUITES_TLS13: &[u16] = &[0x1301, 0x1302, 0x1303];

/// Makes hellos for one host.
#[derive(Clone, Debug)]
pub struct Hellos {
    /// The name in SNI; `None` where the target is an address (RFC 6066 section 3).
    sni: Option<String>,
}

impl Hellos {
    /// For a host of this name; an address is no name for SNI.
    pub fn new(host: &str) -> Self {
        let sni = host.parse::<IpAddr>().is_err().then(|| host.to_owned());
        Self { sni }
    }

    /// The name in SNI, if any.
    pub fn sni(&self) -> Option<&str> {
        self.sni.as_deref()
    }

    /// A right hello of one version with these suites, and all that a host may answer to.
    pub fn hello(&self, version: Version, suites: &[u16]) -> ClientHello {
        let mut hello = ClientHello {
            legacy_version: version.code().min(Version::Tls12.code()),
            random: random(),
            session_id: Vec::new(),
            suites: suites.to_vec(),
            compression: vec![0],
            extensions: None,
        };
        if version == Version::Ssl3 {
            hello.suites.push(RENEGOTIATION_SCSV);
            return hello;
        }
        let mut extensions = Vec::new();
        extensions.extend(self.sni.as_deref().map(Extension::server_name));
        if version == Version::Tls13 {
            hello.session_id = random().to_vec();
            extensions.extend([
                Extension::groups(GROUPS_TLS13),
                Extension::schemes(SCHEMES),
                Extension::versions(&[Version::Tls13.code()]),
                Extension::psk_modes(&[1]),
                Extension::key_share(&[(GROUPS_TLS13[0], &X25519_SHARE)]),
            ]);
        } else {
            extensions.extend([
                Extension::status_request(),
                Extension::groups(CURVES),
                Extension::point_formats(&[0]),
            ]);
            if version == Version::Tls12 {
                extensions.push(Extension::schemes(SCHEMES));
            }
            extensions.extend([
                Extension::empty(kind::ENCRYPT_THEN_MAC),
                Extension::empty(kind::EXTENDED_MASTER_SECRET),
                Extension::empty(kind::SESSION_TICKET),
                Extension::renegotiation_info(),
            ]);
        }
        hello.extensions = Some(extensions);
        hello
    }

    /// The hello of an ordinary client of today: TLS 1.3 and 1.2.
    pub fn ordinary(&self) -> ClientHello {
        let mut hello = self.hello(Version::Tls13, &[USUAL_SUITES_TLS13, USUAL_SUITES].concat());
        let mut groups = GROUPS_TLS13[..4].to_vec();
        groups.extend_from_slice(&CURVES[4..9]);
        hello.set(Extension::groups(&groups));
        hello.set(Extension::versions(&[Version::Tls13.code(), Version::Tls12.code()]));
        let extensions = hello.extensions.get_or_insert_default();
        extensions.extend([
            Extension::point_formats(&[0]),
            Extension::empty(kind::EXTENDED_MASTER_SECRET),
            Extension::renegotiation_info(),
        ]);
        hello
    }
}

/// Octets that differ each time. They protect nothing: no secret is ever made from them.
pub fn random() -> [u8; 32] {
    let mut octets = [0; 32];
    for part in octets.chunks_exact_mut(8) {
        part.copy_from_slice(&RandomState::new().build_hasher().finish().to_be_bytes());
    }
    octets
}

/// The record version of an ordinary client: 3.1, and 3.0 in SSL 3.0 (RFC 8446 section 5.1).
pub fn record_version(version: Version) -> u16 {
    version.code().min(Version::Tls10.code())
}

/// A hello in one record of the usual version.
pub fn whole(hello: &ClientHello) -> Vec<u8> {
    let version = hello.legacy_version.min(Version::Tls10.code());
    hello.records(version, usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_suites_stand_in_one_hello_the_weakest_first() {
        let suites = all_suites(Version::Tls12);
        assert!(suites.len() > 340);
        let place = |id| suites.iter().position(|found| *found == id);
        assert!(place(0x0001) < place(0x002f) && place(0x002f) < place(0xc02f));
        assert_eq!(all_suites(Version::Tls13).len() + suites.len(), registered_suites().len());
        let hello = Hellos::new("mail.example").hello(Version::Tls12, &suites);
        assert_eq!(ClientHello::read(&hello.message()[4..]), Ok(hello));
    }

    #[test]
    fn an_address_is_no_name_for_sni() {
        let hello = Hellos::new("127.0.0.1").hello(Version::Tls12, USUAL_SUITES);
        assert_eq!(hello.extension(kind::SERVER_NAME), None);
    }
}

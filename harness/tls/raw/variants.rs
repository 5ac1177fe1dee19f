//! Variants of an ordinary ClientHello, each with what its name says.

use waxseal_model::offer::{SuiteKind, Version};
use waxseal_model::scenario::{HelloVariant, RawHello};

use crate::tls::raw::binder::{Psk, bind};
use crate::tls::raw::hello::{RENEGOTIATION_SCSV, X25519_SHARE, random};
use crate::wire::numbers::{is_tls13, registered_suites, suite};
use crate::wire::tls::{
    ClientHello, Extension, SSLV2_CIPHERS, content, grease, kind, write_records, write_sslv2_hello,
};

/// The usual groups: X25519, P-256, P-384.
const GROUPS: [u16; 3] = [0x001d, 0x0017, 0x0018];
/// A group that servers of today know, for a share that is not announced.
const FOREIGN: u16 = 0x0017;

/// Signature schemes of today, and those with SHA-1 that versions before 1.2 need.
const SCHEMES: [u16; 12] = [
    0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201,
];

/// Suites of an ordinary client up to TLS 1.2: ECDHE and DHE first, then static RSA.
const SUITES: [u16; 14] = [
    0xc02f, 0xc02b, 0xc030, 0xc02c, 0xcca8, 0xcca9, 0xc013, 0xc009, 0xc014, 0xc00a, 0x009e, 0x009f,
    0x002f, 0x0035,
];
const SUITES_TLS13: [u16; 3] = [0x1301, 0x1302, 0x1303];

/// Suites from the range for private use (RFC 8446 section 11).
const UNKNOWN: [u16; 3] = [0xff10, 0xff11, 0xff12];
/// TLS_FALLBACK_SCSV (RFC 7507 section 2).
const FALLBACK_SCSV: u16 = 0x5600;

/// The base point of P-256 (SEC 2 section 2.4.2), as its public value.
const P256_SHARE: [u8; 65] = [
    0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40,
    0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2,
    0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e,
    0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51,
    0xf5,
];

/// The bytes of a hello, records and all, to a server of this name.
///
/// `None`: it asks for a session to be resumed, and there is no `psk` to do that by.
pub fn hello_by_hand(wanted: &RawHello, sni: Option<&str>, psk: Option<&Psk>) -> Option<Vec<u8>> {
    if wanted.variants.contains(&HelloVariant::SslV2) {
        let [challenge, _] = halves(random());
        return Some(write_sslv2_hello(0x0002, &SSLV2_CIPHERS, &challenge));
    }
    let mut hello = ordinary(wanted.version, sni);
    for variant in &wanted.variants {
        bend(&mut hello, *variant);
    }
    if let Some(octets) = wanted.octets {
        // Type and length of the padding itself take four.
        let missing = (octets as usize).saturating_sub(hello.message().len() + 4);
        hello.set(Extension::padding(missing));
    }
    // The binder is over all the rest of the message.
    if wanted
        .variants
        .iter()
        .any(|variant| [HelloVariant::PskAlone, HelloVariant::PskWithKeyExchange].contains(variant))
    {
        bind(&mut hello, psk?).ok()?;
    }
    let version = wanted.version.code().min(Version::Tls10.code());
    Some(write_records(content::HANDSHAKE, version, &hello.message(), usize::MAX))
}

/// What a correct client that knows this version alone would send.
fn ordinary(version: Version, sni: Option<&str>) -> ClientHello {
    let tls13 = version == Version::Tls13;
    let mut suites = if tls13 { SUITES_TLS13.to_vec() } else { SUITES.to_vec() };
    if version < Version::Tls12 {
        suites.retain(|id| !suite(*id).is(SuiteKind::Aead));
    }
    let mut hello = ClientHello {
        legacy_version: version.code().min(Version::Tls12.code()),
        random: random(),
        session_id: if tls13 { random().to_vec() } else { Vec::new() },
        suites,
        compression: vec![0],
        extensions: None,
    };
    if version == Version::Ssl3 {
        hello.suites.push(RENEGOTIATION_SCSV);
        return hello;
    }
    let mut extensions: Vec<_> = sni.map(Extension::server_name).into_iter().collect();
    extensions.extend([Extension::groups(&GROUPS), Extension::schemes(&SCHEMES)]);
    if tls13 {
        extensions.extend([
            Extension::versions(&[version.code()]),
            Extension::psk_modes(&[1]),
            Extension::key_share(&[(GROUPS[0], &X25519_SHARE)]),
        ]);
    } else {
        extensions.extend([
            Extension::point_formats(&[0]),
            Extension::empty(kind::EXTENDED_MASTER_SECRET),
            Extension::renegotiation_info(),
        ]);
    }
    hello.extensions = Some(extensions);
    hello
}

fn bend(hello: &mut ClientHello, variant: HelloVariant) {
    let tls13 = hello.extension(kind::SUPPORTED_VERSIONS).is_some();
    let cbc = || -> Vec<u16> {
        let cbc = |id: &u16| suite(*id).is(SuiteKind::Cbc) && suite(*id).is(SuiteKind::Ecdhe);
        registered_suites().into_iter().filter(|id| !is_tls13(*id)).filter(cbc).collect()
    };
    match variant {
        HelloVariant::AlpnHttp2 => hello.set(Extension::alpn(&[b"h2"])),
        HelloVariant::CbcEncryptThenMac => {
            hello.suites = cbc();
            hello.set(Extension::empty(kind::ENCRYPT_THEN_MAC));
        }
        HelloVariant::CbcPlain => hello.suites = cbc(),
        HelloVariant::Compression => hello.compression = vec![1, 0],
        HelloVariant::FallbackScsv => hello.suites.push(FALLBACK_SCSV),
        HelloVariant::ForeignKeyShare => {
            hello.set(Extension::groups(&[GROUPS[0]]));
            hello.set(Extension::key_share(&[(FOREIGN, &P256_SHARE)]));
        }
        HelloVariant::Grease => {
            hello.suites.insert(0, grease(0));
            hello.set(Extension::groups(&[&[grease(1)], &GROUPS[..]].concat()));
            hello.set(Extension::schemes(&[&[grease(2)], &SCHEMES[..]].concat()));
            let version = if tls13 { Version::Tls13.code() } else { hello.legacy_version };
            hello.set(Extension::versions(&[grease(3), version]));
            if tls13 {
                let shares: [(u16, &[u8]); 2] = [(grease(1), &[0]), (GROUPS[0], &X25519_SHARE)];
                hello.set(Extension::key_share(&shares));
            }
            hello.extensions.get_or_insert_default().insert(0, Extension::grease(4));
            hello.set(Extension::new(grease(5), []));
        }
        HelloVariant::Heartbeat => hello.set(Extension::heartbeat(1)),
        HelloVariant::HighVersion => {
            hello.legacy_version = 0x0305;
            hello.remove(kind::SUPPORTED_VERSIONS);
        }
        HelloVariant::NoKeyShare => hello.set(Extension::key_share(&[])),
        HelloVariant::NoNullCompression => hello.compression = vec![1],
        HelloVariant::NoRenegotiationInfo => {
            hello.suites = vec![0xc02f, 0xc02b];
            hello.set(Extension::groups(&[GROUPS[0]]));
            hello.remove(kind::RENEGOTIATION_INFO);
            hello.remove(kind::EXTENDED_MASTER_SECRET);
        }
        HelloVariant::NoSuites => hello.suites.clear(),
        HelloVariant::PskAlone => hello.set(Extension::psk_modes(&[0])),
        // The modes of an ordinary client.
        HelloVariant::PskWithKeyExchange => {}
        HelloVariant::RenegotiationScsv => {
            hello.remove(kind::RENEGOTIATION_INFO);
            hello.suites.push(RENEGOTIATION_SCSV);
        }
        HelloVariant::ExportSuites => hello.suites = of_kind(SuiteKind::Export),
        HelloVariant::StaticDhSuites => hello.suites = of_kind(SuiteKind::StaticDh),
        // Another framing altogether: see `hello_by_hand`.
        HelloVariant::SslV2 => {}
        HelloVariant::UnknownSuites => hello.suites = UNKNOWN.to_vec(),
    }
}

/// Every registered suite up to TLS 1.2 of this kind.
fn of_kind(kind: SuiteKind) -> Vec<u16> {
    let ids = registered_suites().into_iter().filter(|id| !is_tls13(*id));
    ids.filter(|id| suite(*id).is(kind)).collect()
}

fn halves(octets: [u8; 32]) -> [[u8; 16]; 2] {
    let (mut first, mut second) = ([0; 16], [0; 16]);
    first.copy_from_slice(&octets[..16]);
    second.copy_from_slice(&octets[16..]);
    [first, second]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::read_client_hello;

    fn hello_of(version: Version, variants: &[HelloVariant], octets: Option<u32>) -> ClientHello {
        let hello = RawHello { version, variants: variants.to_vec(), octets };
        let bytes =
            hello_by_hand(&hello, Some("mail.example"), None).expect("no session is asked for");
        read_client_hello(&bytes).expect("it is a ClientHello")
    }

    #[test]
    fn a_variant_changes_what_its_name_says_and_nothing_else() {
        let alike = |a: &ClientHello, b: &ClientHello| {
            (a.legacy_version, &a.compression, &a.extensions)
                == (b.legacy_version, &b.compression, &b.extensions)
        };
        let plain = hello_of(Version::Tls12, &[], None);
        for (variant, suites) in [(HelloVariant::NoSuites, 0), (HelloVariant::UnknownSuites, 3)] {
            let bent = hello_of(Version::Tls12, &[variant], None);
            assert_eq!(bent.suites.len(), suites);
            assert!(alike(&plain, &bent), "{}", variant.name());
        }
        let bent = hello_of(Version::Tls12, &[HelloVariant::FallbackScsv], None);
        assert!(alike(&plain, &bent) && bent.suites.contains(&FALLBACK_SCSV));
        let bent = hello_of(Version::Tls12, &[HelloVariant::NoNullCompression], None);
        assert_eq!((bent.suites, bent.extensions), (plain.suites, plain.extensions));
    }

    #[test]
    fn a_share_of_no_offered_group_is_of_another_group() {
        let hello = hello_of(Version::Tls13, &[HelloVariant::ForeignKeyShare], None);
        assert_eq!(hello.numbers(kind::SUPPORTED_GROUPS, 2), [GROUPS[0]]);
        assert_eq!(hello.numbers(kind::KEY_SHARE, 2)[0], FOREIGN);
    }

    #[test]
    fn a_padded_hello_has_the_length_that_is_asked_for() {
        for octets in [300, 600, 5000, 16_000] {
            let hello = hello_of(Version::Tls12, &[], Some(octets));
            assert_eq!(hello.message().len(), octets as usize);
        }
    }
}

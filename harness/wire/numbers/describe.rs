//! From numbers on the wire to the words of scenario files.

use waxseal_model::facts::{Framing, HelloFacts, Suite};
use waxseal_model::offer::Version;

use super::suites::{number_name, suite};
use crate::wire::tls::{ClientHello, Sslv2ClientHello, kind, read_client_hello, read_server_hello};

/// Reads and describes a ClientHello, in the framing of TLS or of SSL 2.0; `None`: not complete yet,
/// or none.
pub fn client_hello(bytes: &[u8]) -> Option<HelloFacts> {
    if bytes.first().is_some_and(|first| first & 0x80 != 0) {
        return Sslv2ClientHello::read(bytes).map(|raw| describe_sslv2(&raw));
    }
    let hello = describe(&read_client_hello(bytes)?);
    let record_version = bytes.get(1..3).map_or(0, |pair| u16::from_be_bytes([pair[0], pair[1]]));
    Some(HelloFacts { record_version, ..hello })
}

/// The extensions of the ServerHello among the first bytes of a server.
pub fn server_extensions(bytes: &[u8]) -> Vec<String> {
    let hello = read_server_hello(bytes);
    let extensions = hello.into_iter().flat_map(|hello| hello.extensions).flatten();
    extensions.map(|extension| extension_name(extension.kind)).collect()
}

fn describe(raw: &ClientHello) -> HelloFacts {
    let listed = raw.numbers(kind::SUPPORTED_VERSIONS, 1);
    let versions: Vec<Version> = if listed.is_empty() {
        Version::from_code(raw.legacy_version).into_iter().collect()
    } else {
        listed.iter().copied().filter_map(Version::from_code).collect()
    };
    let other_versions = listed.into_iter().filter(|code| Version::from_code(*code).is_none());
    let body = |kind: u16| raw.extension(kind);
    HelloFacts {
        framing: Framing::Tls,
        record_version: 0,
        octets: u32::try_from(raw.message().len()).unwrap_or(u32::MAX),
        legacy_version: raw.legacy_version,
        versions,
        other_versions: other_versions.map(|code| named(code, &[])).collect(),
        session_id: u8::try_from(raw.session_id.len()).unwrap_or(u8::MAX),
        suites: raw.suites.iter().map(|id| suite(*id)).collect(),
        groups: raw.numbers(kind::SUPPORTED_GROUPS, 2).into_iter().map(group_name).collect(),
        key_shares: body(kind::KEY_SHARE).map(shares).unwrap_or_default(),
        schemes: raw.numbers(kind::SIGNATURE_ALGORITHMS, 2).into_iter().map(scheme_name).collect(),
        sni: body(kind::SERVER_NAME).and_then(server_name),
        ticket: body(kind::SESSION_TICKET).and_then(|ticket| u16::try_from(ticket.len()).ok()),
        psk_modes: body(kind::PSK_KEY_EXCHANGE_MODES).map(psk_modes).unwrap_or_default(),
        psk_identities: body(kind::PRE_SHARED_KEY).map(identities).unwrap_or_default(),
        alpn: body(kind::ALPN).map(protocols).unwrap_or_default(),
        extensions: raw.extensions.iter().flatten().map(|e| extension_name(e.kind)).collect(),
        compression: raw.compression.clone(),
    }
}

/// What a hello of SSL 2.0 says in the words of TLS. Its own kinds of cipher are no suites of TLS.
fn describe_sslv2(raw: &Sslv2ClientHello) -> HelloFacts {
    let suites = raw.ciphers.iter().map(|cipher| match *cipher {
        [0, high, low] => suite(u16::from_be_bytes([high, low])),
        [kind, high, low] => {
            let name = format!("SSL2 {kind:#04x}{high:02x}{low:02x}");
            Suite { id: u16::from_be_bytes([high, low]), name, kinds: Vec::new() }
        }
    });
    HelloFacts {
        framing: Framing::Ssl2,
        octets: u32::from(raw.octets),
        legacy_version: raw.version,
        versions: Version::from_code(raw.version).into_iter().collect(),
        session_id: u8::try_from(raw.session_id.len()).unwrap_or(u8::MAX),
        suites: suites.collect(),
        ..HelloFacts::default()
    }
}

/// The groups of a `key_share` extension (RFC 8446 section 4.2.8), up to what cannot be read.
fn shares(body: &[u8]) -> Vec<String> {
    let mut rest = body.get(2..).unwrap_or_default();
    let mut groups = Vec::new();
    while let [high, low, long, short, tail @ ..] = rest {
        groups.push(group_name(u16::from_be_bytes([*high, *low])));
        rest = tail.get(usize::from(u16::from_be_bytes([*long, *short]))..).unwrap_or_default();
    }
    groups
}

/// `psk_key_exchange_modes` (RFC 8446 section 4.2.9).
fn psk_modes(body: &[u8]) -> Vec<String> {
    let modes = body.get(1..).unwrap_or_default().iter();
    let name = |mode: &u8| match mode {
        0 => "psk_ke".to_owned(),
        1 => "psk_dhe_ke".to_owned(),
        other => format!("{other:#04x}"),
    };
    modes.map(name).collect()
}

/// How many identities a `pre_shared_key` extension names, up to what cannot be read.
fn identities(body: &[u8]) -> u16 {
    let length =
        body.get(..2).map_or(0, |pair| usize::from(u16::from_be_bytes([pair[0], pair[1]])));
    let mut rest = body.get(2..2 + length).unwrap_or_default();
    let mut found = 0;
    while let [high, low, tail @ ..] = rest {
        found += 1;
        // Behind the identity stand four octets of ticket age.
        let octets = usize::from(u16::from_be_bytes([*high, *low])) + 4;
        rest = tail.get(octets..).unwrap_or_default();
    }
    found
}

fn server_name(body: &[u8]) -> Option<String> {
    let [_, _, 0, high, low, rest @ ..] = body else { return None };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    rest.get(..length).map(|name| String::from_utf8_lossy(name).into_owned())
}

/// The protocols of an ALPN extension (RFC 7301 section 3.1), as far as it can be read.
pub fn protocols(body: &[u8]) -> Vec<String> {
    let mut rest = body.get(2..).unwrap_or_default();
    let mut names = Vec::new();
    while let Some((length, tail)) = rest.split_first() {
        let length = usize::from(*length).min(tail.len());
        names.push(String::from_utf8_lossy(&tail[..length]).into_owned());
        rest = &tail[length..];
    }
    names
}

fn named(number: u16, table: &[(u16, &str)]) -> String {
    table
        .iter()
        .find(|(known, _)| *known == number)
        .map_or_else(|| number_name(number), |(_, name)| (*name).to_owned())
}

/// The name of a key-exchange group in scenario files.
pub fn group_name(number: u16) -> String {
    named(
        number,
        &[
            (0x0001, "sect163k1"),
            (0x0002, "sect163r1"),
            (0x0003, "sect163r2"),
            (0x0004, "sect193r1"),
            (0x0005, "sect193r2"),
            (0x0006, "sect233k1"),
            (0x0007, "sect233r1"),
            (0x0008, "sect239k1"),
            (0x0009, "sect283k1"),
            (0x000a, "sect283r1"),
            (0x000b, "sect409k1"),
            (0x000c, "sect409r1"),
            (0x000d, "sect571k1"),
            (0x000e, "sect571r1"),
            (0x000f, "secp160k1"),
            (0x0010, "secp160r1"),
            (0x0011, "secp160r2"),
            (0x0012, "secp192k1"),
            (0x0013, "p-192"),
            (0x0014, "secp224k1"),
            (0x0015, "p-224"),
            (0x0016, "secp256k1"),
            (0x0017, "p-256"),
            (0x0018, "p-384"),
            (0x0019, "p-521"),
            (0x001a, "brainpoolp256r1"),
            (0x001b, "brainpoolp384r1"),
            (0x001c, "brainpoolp512r1"),
            (0x001d, "x25519"),
            (0x001e, "x448"),
            (0x001f, "brainpoolp256r1tls13"),
            (0x0020, "brainpoolp384r1tls13"),
            (0x0021, "brainpoolp512r1tls13"),
            (0x0029, "curvesm2"),
            (0x0100, "ffdhe2048"),
            (0x0101, "ffdhe3072"),
            (0x0102, "ffdhe4096"),
            (0x0103, "ffdhe6144"),
            (0x0104, "ffdhe8192"),
            (0x0200, "mlkem512"),
            (0x0201, "mlkem768"),
            (0x0202, "mlkem1024"),
            (0x11eb, "secp256r1mlkem768"),
            (0x11ec, "x25519mlkem768"),
            (0x11ed, "secp384r1mlkem1024"),
            (0x6399, "x25519kyber768draft00"),
        ],
    )
}

/// The IANA name of a signature scheme.
pub fn scheme_name(number: u16) -> String {
    named(
        number,
        &[
            (0x0101, "rsa_pkcs1_md5"),
            (0x0201, "rsa_pkcs1_sha1"),
            (0x0203, "ecdsa_sha1"),
            (0x0202, "dsa_sha1"),
            (0x0301, "rsa_pkcs1_sha224"),
            (0x0302, "dsa_sha224"),
            (0x0303, "ecdsa_sha224"),
            (0x0401, "rsa_pkcs1_sha256"),
            (0x0402, "dsa_sha256"),
            (0x0403, "ecdsa_secp256r1_sha256"),
            (0x0501, "rsa_pkcs1_sha384"),
            (0x0503, "ecdsa_secp384r1_sha384"),
            (0x0601, "rsa_pkcs1_sha512"),
            (0x0603, "ecdsa_secp521r1_sha512"),
            (0x0804, "rsa_pss_rsae_sha256"),
            (0x0805, "rsa_pss_rsae_sha384"),
            (0x0806, "rsa_pss_rsae_sha512"),
            (0x0807, "ed25519"),
            (0x0808, "ed448"),
            (0x0809, "rsa_pss_pss_sha256"),
            (0x080a, "rsa_pss_pss_sha384"),
            (0x080b, "rsa_pss_pss_sha512"),
            (0x081a, "ecdsa_brainpoolP256r1tls13_sha256"),
            (0x081b, "ecdsa_brainpoolP384r1tls13_sha384"),
            (0x081c, "ecdsa_brainpoolP512r1tls13_sha512"),
            (0x0904, "mldsa44"),
            (0x0905, "mldsa65"),
            (0x0906, "mldsa87"),
        ],
    )
}

/// The name of an extension by its number.
pub fn extension_name(number: u16) -> String {
    named(
        number,
        &[
            (0, "server_name"),
            (1, "max_fragment_length"),
            (4, "truncated_hmac"),
            (5, "status_request"),
            (10, "supported_groups"),
            (11, "ec_point_formats"),
            (13, "signature_algorithms"),
            (14, "use_srtp"),
            (15, "heartbeat"),
            (16, "application_layer_protocol_negotiation"),
            (17, "status_request_v2"),
            (18, "signed_certificate_timestamp"),
            (19, "client_certificate_type"),
            (20, "server_certificate_type"),
            (21, "padding"),
            (22, "encrypt_then_mac"),
            (23, "extended_master_secret"),
            (27, "compress_certificate"),
            (28, "record_size_limit"),
            (34, "delegated_credential"),
            (35, "session_ticket"),
            (41, "pre_shared_key"),
            (42, "early_data"),
            (43, "supported_versions"),
            (44, "cookie"),
            (45, "psk_key_exchange_modes"),
            (47, "certificate_authorities"),
            (48, "oid_filters"),
            (49, "post_handshake_auth"),
            (50, "signature_algorithms_cert"),
            (51, "key_share"),
            (0x3374, "next_protocol_negotiation"),
            (0xfe0d, "encrypted_client_hello"),
            (0xff01, "renegotiation_info"),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::{Extension, write_sslv2_hello};

    #[test]
    fn every_field_of_a_hello_is_told() {
        let hello = ClientHello {
            legacy_version: 0x0303,
            session_id: vec![7; 32],
            suites: vec![0x1a1a, 0x1301, 0xc02f, 0x5600, 0x00ff],
            compression: vec![0],
            extensions: Some(vec![
                Extension::grease(2),
                Extension::server_name("mx.test."),
                Extension::groups(&[0x2a2a, 0x11ec, 0x001d]),
                Extension::key_share(&[(0x2a2a, &[0]), (0x001d, &[7; 32])]),
                Extension::versions(&[0x3a3a, 0x0304, 0x0303, 0x7f1c]),
                Extension::psk_modes(&[0, 1, 9]),
                Extension::new(kind::SESSION_TICKET, [1, 2, 3]),
                Extension::heartbeat(1),
                // Two identities of one octet each, each with an age.
                Extension::new(
                    kind::PRE_SHARED_KEY,
                    [0, 14, 0, 1, 5, 0, 0, 0, 0, 0, 1, 6, 0, 0, 0, 0],
                ),
            ]),
            ..ClientHello::default()
        };
        let facts = client_hello(&hello.records(0x0301, 50)).unwrap();
        assert_eq!(facts.framing, Framing::Tls);
        assert_eq!((facts.record_version, facts.legacy_version), (0x0301, 0x0303));
        assert_eq!(facts.octets as usize, hello.message().len());
        assert_eq!(facts.versions, [Version::Tls13, Version::Tls12]);
        assert_eq!(facts.other_versions, ["GREASE 0x3a3a", "0x7f1c"]);
        assert_eq!(facts.suites[0].name, "GREASE 0x1a1a");
        assert_eq!(facts.suites[1].name, "TLS_AES_128_GCM_SHA256");
        assert!(facts.signals_fallback());
        assert_eq!(facts.groups, ["GREASE 0x2a2a", "x25519mlkem768", "x25519"]);
        assert_eq!(facts.key_shares, ["GREASE 0x2a2a", "x25519"]);
        assert_eq!(facts.sni.as_deref(), Some("mx.test."));
        assert_eq!(facts.psk_modes, ["psk_ke", "psk_dhe_ke", "0x09"]);
        assert_eq!((facts.session_id, facts.ticket, facts.psk_identities), (32, Some(3), 2));
        assert_eq!(facts.extensions[0], "GREASE 0x2a2a");
        assert_eq!(facts.extensions[7], "heartbeat");
    }

    #[test]
    fn a_hello_of_ssl_2_is_one_too() {
        let hello = write_sslv2_hello(0x0303, &[[0, 0xc0, 0x2f], [7, 0, 0xc0]], &[9; 16]);
        let facts = client_hello(&hello).unwrap();
        assert_eq!(
            (facts.framing, facts.versions.as_slice()),
            (Framing::Ssl2, &[Version::Tls12][..])
        );
        assert_eq!(facts.suites[0].name, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        assert_eq!(facts.suites[1].name, "SSL2 0x0700c0");
        assert_eq!(client_hello(&hello[..20]), None);
    }

    #[test]
    fn lengths_that_lie_break_nothing() {
        for extension in [
            Extension::new(kind::KEY_SHARE, [0, 9, 0, 29, 0xff, 0xff, 1]),
            Extension::new(kind::PRE_SHARED_KEY, [0xff, 0xff, 0, 1]),
            Extension::new(kind::PRE_SHARED_KEY, [0, 3, 0xff, 0xff, 1]),
            Extension::new(kind::PSK_KEY_EXCHANGE_MODES, []),
        ] {
            let extensions = Some(vec![extension]);
            let hello = ClientHello { extensions, ..ClientHello::default() };
            assert!(client_hello(&hello.records(0x0301, 9)).is_some());
        }
    }
}

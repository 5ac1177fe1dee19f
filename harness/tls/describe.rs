//! From numbers on the wire to the words of scenario files.

use waxseal_model::facts::HelloFacts;
use waxseal_model::offer::Version;

use super::suites::suite;
use crate::wire::tls::{ClientHello, read_client_hello, read_server_hello};

/// Reads and describes a ClientHello; `None`: not complete yet, or none.
pub fn client_hello(bytes: &[u8]) -> Option<HelloFacts> {
    read_client_hello(bytes).map(|raw| describe(&raw))
}

/// The extensions of the ServerHello among the first bytes of a server.
pub(super) fn server_extensions(bytes: &[u8]) -> Vec<String> {
    let hello = read_server_hello(bytes);
    let extensions = hello.into_iter().flat_map(|hello| hello.extensions).flatten();
    extensions.map(|extension| extension_name(extension.kind)).collect()
}

fn describe(raw: &ClientHello) -> HelloFacts {
    let listed: Vec<Version> =
        raw.numbers(43, 1).into_iter().filter_map(Version::from_code).collect();
    let versions = if listed.is_empty() {
        Version::from_code(raw.legacy_version).into_iter().collect()
    } else {
        listed
    };
    HelloFacts {
        legacy_version: raw.legacy_version,
        versions,
        suites: raw.suites.iter().map(|id| suite(*id)).collect(),
        groups: raw.numbers(10, 2).into_iter().map(group_name).collect(),
        schemes: raw.numbers(13, 2).into_iter().map(scheme_name).collect(),
        sni: raw.extension(0).and_then(server_name),
        alpn: raw.extension(16).map(protocols).unwrap_or_default(),
        extensions: raw.extensions.iter().flatten().map(|e| extension_name(e.kind)).collect(),
        compression: raw.compression.clone(),
    }
}

fn server_name(body: &[u8]) -> Option<String> {
    let [_, _, 0, high, low, rest @ ..] = body else { return None };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    rest.get(..length).map(|name| String::from_utf8_lossy(name).into_owned())
}

pub(super) fn protocols(body: &[u8]) -> Vec<String> {
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
        .map_or_else(|| format!("{number:#06x}"), |(_, name)| (*name).to_owned())
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

pub(super) fn extension_name(number: u16) -> String {
    named(
        number,
        &[
            (0, "server_name"),
            (5, "status_request"),
            (10, "supported_groups"),
            (11, "ec_point_formats"),
            (13, "signature_algorithms"),
            (15, "heartbeat"),
            (16, "application_layer_protocol_negotiation"),
            (21, "padding"),
            (22, "encrypt_then_mac"),
            (23, "extended_master_secret"),
            (35, "session_ticket"),
            (41, "pre_shared_key"),
            (42, "early_data"),
            (43, "supported_versions"),
            (44, "cookie"),
            (45, "psk_key_exchange_modes"),
            (49, "post_handshake_auth"),
            (50, "signature_algorithms_cert"),
            (51, "key_share"),
            (0xff01, "renegotiation_info"),
        ],
    )
}

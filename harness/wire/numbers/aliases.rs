//! The names of cipher suites in OpenSSL, made of IANA's. The library itself is not asked: loading it
//! takes longer than a short scan.

use super::suites::suite;

/// The name of a suite in OpenSSL 3, where that can speak it.
pub fn openssl_name(id: u16) -> Option<String> {
    let suite = suite(id);
    let (exchange, rest) = match suite.name.strip_prefix("TLS_")?.split_once("_WITH_") {
        Some(parts) => parts,
        // TLS 1.3: those of RFC 8446, and no national ones or drafts.
        None => return (0x1301..=0x1305).contains(&id).then_some(suite.name),
    };
    let (prefix, kind) =
        EXCHANGES.iter().find(|(name, ..)| *name == exchange).map(|row| (row.1, row.2))?;
    let (cipher, mac) = split(rest)?;
    // IANA has numbers for these, and the library has not taken them up.
    let absent = match exchange {
        "DH_anon" => cipher.starts_with("ARIA"),
        "DHE_DSS" => cipher == "RC4_128",
        "ECDHE_PSK" => cipher.contains("_GCM") || cipher.contains("_CCM"),
        _ => mac == "OLD",
    };
    if absent {
        return None;
    }
    let name = |cipher: &str| format!("{prefix}{cipher}");
    Some(match (kind, cipher, mac) {
        (Kind::Srp, "AES_128_CBC", "SHA") => name("AES-128-CBC-SHA"),
        (Kind::Srp, "AES_256_CBC", "SHA") => name("AES-256-CBC-SHA"),
        (Kind::Srp | Kind::Psk, "3DES_EDE_CBC", "SHA") => name("3DES-EDE-CBC-SHA"),
        (Kind::Srp, ..) => return None,
        (Kind::Psk, "AES_128_CBC", mac) => name(&format!("AES128-CBC-{mac}")),
        (Kind::Psk, "AES_256_CBC", mac) => name(&format!("AES256-CBC-{mac}")),
        (_, cipher, mac) => {
            let (_, short) = CIPHERS.iter().find(|(name, _)| *name == cipher)?;
            // The authentication of ECDHE with ARIA goes without saying, if it is RSA.
            let prefix = match (prefix, short.starts_with("ARIA")) {
                ("ECDHE-RSA-", true) => "ECDHE-",
                (prefix, _) => prefix,
            };
            let mac = if mac.is_empty() { String::new() } else { format!("-{mac}") };
            format!("{prefix}{short}{mac}")
        }
    })
}

/// What the exchange decides about the rest of a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Certificate,
    Anonymous,
    Psk,
    Srp,
}

const EXCHANGES: [(&str, &str, Kind); 15] = [
    ("RSA", "", Kind::Certificate),
    ("DHE_RSA", "DHE-RSA-", Kind::Certificate),
    ("DHE_DSS", "DHE-DSS-", Kind::Certificate),
    ("ECDHE_RSA", "ECDHE-RSA-", Kind::Certificate),
    ("ECDHE_ECDSA", "ECDHE-ECDSA-", Kind::Certificate),
    ("DH_anon", "ADH-", Kind::Anonymous),
    ("ECDH_anon", "AECDH-", Kind::Anonymous),
    ("PSK", "PSK-", Kind::Psk),
    ("RSA_PSK", "RSA-PSK-", Kind::Psk),
    ("DHE_PSK", "DHE-PSK-", Kind::Psk),
    ("PSK_DHE", "DHE-PSK-", Kind::Psk),
    ("ECDHE_PSK", "ECDHE-PSK-", Kind::Psk),
    ("SRP_SHA", "SRP-", Kind::Srp),
    ("SRP_SHA_RSA", "SRP-RSA-", Kind::Srp),
    ("SRP_SHA_DSS", "SRP-DSS-", Kind::Srp),
];

const CIPHERS: [(&str, &str); 18] = [
    ("NULL", "NULL"),
    ("RC4_128", "RC4"),
    ("3DES_EDE_CBC", "DES-CBC3"),
    ("IDEA_CBC", "IDEA-CBC"),
    ("SEED_CBC", "SEED"),
    ("AES_128_CBC", "AES128"),
    ("AES_256_CBC", "AES256"),
    ("AES_128_GCM", "AES128-GCM"),
    ("AES_256_GCM", "AES256-GCM"),
    ("AES_128_CCM", "AES128-CCM"),
    ("AES_256_CCM", "AES256-CCM"),
    ("AES_128_CCM_8", "AES128-CCM8"),
    ("AES_256_CCM_8", "AES256-CCM8"),
    ("CAMELLIA_128_CBC", "CAMELLIA128"),
    ("CAMELLIA_256_CBC", "CAMELLIA256"),
    ("ARIA_128_GCM", "ARIA128-GCM"),
    ("ARIA_256_GCM", "ARIA256-GCM"),
    ("CHACHA20_POLY1305", "CHACHA20-POLY1305"),
];

/// Cipher and MAC of the second half of IANA's name. Where OpenSSL's does not say the MAC, it is
/// empty.
fn split(rest: &str) -> Option<(&str, &str)> {
    if rest.ends_with("_CCM") || rest.ends_with("_CCM_8") {
        return Some((rest, ""));
    }
    let (cipher, mac) = rest.rsplit_once('_')?;
    Some((cipher, if cipher == "CHACHA20_POLY1305" && mac != "OLD" { "" } else { mac }))
}

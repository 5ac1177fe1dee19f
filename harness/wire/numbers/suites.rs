//! Cipher suites: number, IANA name, and what they are good for.

use tls_parser::{TlsCipherAu, TlsCipherEnc, TlsCipherEncMode, TlsCipherKx, TlsCipherSuite};
use waxseal_model::facts::Suite;
use waxseal_model::offer::{SuiteKind, Version};

use super::registry::{SIGNALS, is_tls13, supplement};
use crate::wire::tls::is_grease;

/// What is known of a suite by its number.
pub fn suite(id: u16) -> Suite {
    if let Some(row) = supplement(id) {
        return Suite { id, name: row.name.to_owned(), kinds: row.kinds.to_vec() };
    }
    let Some(known) = TlsCipherSuite::from_id(id) else {
        return Suite { id, name: number_name(id), kinds: Vec::new() };
    };
    let kinds = if SIGNALS.contains(&id) { Vec::new() } else { kinds(id, known) };
    Suite { id, name: known.name.to_owned(), kinds }
}

/// How a code point without a name is shown: reserved ones (RFC 8701) say so.
pub fn number_name(number: u16) -> String {
    if is_grease(number) { format!("GREASE {number:#06x}") } else { format!("{number:#06x}") }
}

fn kinds(id: u16, suite: &TlsCipherSuite) -> Vec<SuiteKind> {
    let mut kinds = Vec::new();
    let anonymous = matches!(suite.au, TlsCipherAu::Null) && !is_tls13(id);
    if is_tls13(id) {
        kinds.extend([SuiteKind::Tls13, SuiteKind::ForwardSecret]);
    } else if anonymous && suite.name.contains("_anon_") {
        kinds.push(SuiteKind::Anonymous);
    } else {
        match suite.kx {
            TlsCipherKx::Ecdhe => kinds.extend([SuiteKind::Ecdhe, SuiteKind::ForwardSecret]),
            TlsCipherKx::Dhe => kinds.extend([SuiteKind::Dhe, SuiteKind::ForwardSecret]),
            TlsCipherKx::Rsa => kinds.push(SuiteKind::StaticRsa),
            TlsCipherKx::Dh | TlsCipherKx::Ecdh => kinds.push(SuiteKind::StaticDh),
            _ => {}
        }
    }
    match suite.enc_mode {
        TlsCipherEncMode::Cbc => kinds.push(SuiteKind::Cbc),
        TlsCipherEncMode::Gcm | TlsCipherEncMode::Ccm => kinds.push(SuiteKind::Aead),
        _ if suite.name.contains("CHACHA20_POLY1305") => kinds.push(SuiteKind::Aead),
        _ => {}
    }
    match suite.enc {
        TlsCipherEnc::Null => kinds.push(SuiteKind::Null),
        TlsCipherEnc::Rc4 => kinds.push(SuiteKind::Rc4),
        TlsCipherEnc::TripleDes => kinds.push(SuiteKind::TripleDes),
        _ => {}
    }
    if suite.name.contains("EXPORT") || suite.enc_size == 40 || suite.enc_size == 56 {
        kinds.push(SuiteKind::Export);
    }
    kinds.sort_unstable();
    kinds
}

/// Whether a suite exists in a version. Suites of TLS 1.3 exist there alone; AEAD ciphers and the
/// digests that name the PRF came with TLS 1.2 (RFC 5246 appendix A.5, RFC 5288, RFC 5289); elliptic
/// curves need extensions, which SSL 3.0 has not (RFC 8422 section 4).
pub fn exists_in(suite: &Suite, version: Version) -> bool {
    if suite.id >> 8 == 0x13 {
        return version == Version::Tls13;
    }
    let prf = suite.name.ends_with("_SHA256") || suite.name.ends_with("_SHA384");
    let oldest = if suite.is(SuiteKind::Aead) || prf {
        Version::Tls12
    } else if suite.name.contains("_ECDH") {
        Version::Tls10
    } else {
        Version::Ssl3
    };
    (oldest..Version::Tls13).contains(&version)
}

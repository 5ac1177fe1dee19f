//! The registry of cipher suites: every number that a server might choose, and what it is made of.

use tls_parser::{
    CIPHERS, TlsCipherAu, TlsCipherEnc, TlsCipherEncMode, TlsCipherKx, TlsCipherMac, TlsCipherSuite,
};
use waxseal_model::offer::SuiteKind;
use waxseal_model::scan::SuiteParts;

use crate::wire::tls::Exchange;

/// TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746) and TLS_FALLBACK_SCSV (RFC 7507): signals, no suites.
pub(super) const SIGNALS: [u16; 2] = [0x00ff, 0x5600];

/// A suite that IANA's table, as the parser has it, lacks.
pub(super) struct Row {
    pub(super) id: u16,
    pub(super) name: &'static str,
    pub(super) kinds: &'static [SuiteKind],
    parts: [&'static str; 4],
    bits: u16,
}

const GOST_28147: [&str; 4] = ["gost", "gost", "28147-cnt", "28147-imit"];

/// Drafts, private numbers and national suites that servers have been seen with. Names are those
/// of the drafts and products; for 0xc100 on, IANA's.
#[rustfmt::skip]
pub(super) const SUPPLEMENT: &[Row] = &[
    Row { id: 0x0080, name: "TLS_GOSTR341094_WITH_28147_CNT_IMIT", kinds: &[], parts: GOST_28147, bits: 256 },
    Row { id: 0x0081, name: "TLS_GOSTR341001_WITH_28147_CNT_IMIT", kinds: &[], parts: GOST_28147, bits: 256 },
    Row { id: 0x0082, name: "TLS_GOSTR341094_WITH_NULL_GOSTR3411", kinds: &[SuiteKind::Null], parts: ["gost", "gost", "null", "gostr3411"], bits: 0 },
    Row { id: 0x0083, name: "TLS_GOSTR341001_WITH_NULL_GOSTR3411", kinds: &[SuiteKind::Null], parts: ["gost", "gost", "null", "gostr3411"], bits: 0 },
    Row { id: 0xc100, name: "TLS_GOSTR341112_256_WITH_KUZNYECHIK_CTR_OMAC", kinds: &[], parts: ["gost", "gost", "kuznyechik-ctr", "omac"], bits: 256 },
    Row { id: 0xc101, name: "TLS_GOSTR341112_256_WITH_MAGMA_CTR_OMAC", kinds: &[], parts: ["gost", "gost", "magma-ctr", "omac"], bits: 256 },
    Row { id: 0xc102, name: "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT", kinds: &[], parts: GOST_28147, bits: 256 },
    Row { id: 0xcc13, name: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_OLD", kinds: &[SuiteKind::Aead, SuiteKind::Ecdhe, SuiteKind::ForwardSecret], parts: ["ecdhe", "rsa", "chacha20-poly1305", "aead"], bits: 256 },
    Row { id: 0xcc14, name: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_OLD", kinds: &[SuiteKind::Aead, SuiteKind::Ecdhe, SuiteKind::ForwardSecret], parts: ["ecdhe", "ecdsa", "chacha20-poly1305", "aead"], bits: 256 },
    Row { id: 0xcc15, name: "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_OLD", kinds: &[SuiteKind::Aead, SuiteKind::Dhe, SuiteKind::ForwardSecret], parts: ["dhe", "rsa", "chacha20-poly1305", "aead"], bits: 256 },
    Row { id: 0xfefe, name: "SSL_RSA_FIPS_WITH_DES_CBC_SHA", kinds: &[SuiteKind::Cbc, SuiteKind::Export, SuiteKind::StaticRsa], parts: ["rsa", "rsa", "des-cbc", "sha1"], bits: 56 },
    Row { id: 0xfeff, name: "SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA", kinds: &[SuiteKind::Cbc, SuiteKind::StaticRsa, SuiteKind::TripleDes], parts: ["rsa", "rsa", "3des-cbc", "sha1"], bits: 168 },
    Row { id: 0xff85, name: "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT_OLD", kinds: &[], parts: GOST_28147, bits: 256 },
];

/// The row of a suite that the parser's table lacks.
pub(super) fn supplement(id: u16) -> Option<&'static Row> {
    SUPPLEMENT.iter().find(|row| row.id == id)
}

/// Every suite of a registry, without signalling values and the suite of nothing at all.
pub fn registered_suites() -> Vec<u16> {
    let registered = CIPHERS.keys().copied().chain(SUPPLEMENT.iter().map(|row| row.id));
    let mut suites: Vec<u16> = registered.filter(|id| *id != 0 && !SIGNALS.contains(id)).collect();
    suites.sort_unstable();
    suites.dedup();
    suites
}

/// Whether a suite belongs to TLS 1.3, and to no older version (RFC 8446 appendix B.4, RFC 8998).
pub fn is_tls13(id: u16) -> bool {
    id >> 8 == 0x13 || matches!(id, 0x00c6 | 0x00c7)
}

/// What a suite is made of; every part is `unknown` where no registry has it.
pub fn suite_parts(id: u16) -> SuiteParts {
    if let Some(row) = supplement(id) {
        let [exchange, authentication, cipher, mac] = row.parts.map(str::to_owned);
        return SuiteParts { exchange, authentication, cipher, bits: row.bits, mac };
    }
    let Some(known) = TlsCipherSuite::from_id(id) else {
        let unknown = || "unknown".to_owned();
        let (exchange, authentication, cipher, mac) = (unknown(), unknown(), unknown(), unknown());
        return SuiteParts { exchange, authentication, cipher, bits: 0, mac };
    };
    let (exchange, authentication) = asymmetric(known);
    let (cipher, bits) = symmetric(known);
    let mac = match known.mac {
        TlsCipherMac::Null => "null",
        TlsCipherMac::HmacMd5 => "md5",
        TlsCipherMac::HmacSha1 => "sha1",
        TlsCipherMac::HmacSha256 => "sha256",
        TlsCipherMac::HmacSha384 => "sha384",
        TlsCipherMac::HmacSha512 => "sha512",
        TlsCipherMac::Aead => "aead",
    };
    SuiteParts {
        exchange: exchange.into(),
        authentication: authentication.into(),
        cipher,
        bits,
        mac: mac.into(),
    }
}

/// Key exchange and authentication. Anonymous suites stand as static ones in the parser's table.
fn asymmetric(suite: &TlsCipherSuite) -> (&'static str, &'static str) {
    let anonymous = suite.name.contains("_anon_");
    let exchange = match suite.kx {
        TlsCipherKx::Null => "null",
        TlsCipherKx::Psk if suite.name.contains("_PSK_DHE_") => "dhe",
        TlsCipherKx::Psk => "psk",
        TlsCipherKx::Krb5 => "krb5",
        TlsCipherKx::Srp => "srp",
        TlsCipherKx::Rsa => "rsa",
        TlsCipherKx::Dh if anonymous => "dhe",
        TlsCipherKx::Dh => "dh",
        TlsCipherKx::Dhe => "dhe",
        TlsCipherKx::Ecdh if anonymous => "ecdhe",
        TlsCipherKx::Ecdh => "ecdh",
        TlsCipherKx::Ecdhe | TlsCipherKx::Aecdh => "ecdhe",
        TlsCipherKx::Eccpwd => "eccpwd",
        TlsCipherKx::Tls13 => "any",
    };
    let authentication = match suite.au {
        TlsCipherAu::Null if anonymous => "anonymous",
        TlsCipherAu::Null => "null",
        TlsCipherAu::Psk | TlsCipherAu::Dhe => "psk",
        TlsCipherAu::Krb5 => "krb5",
        TlsCipherAu::Srp => "srp",
        TlsCipherAu::Srp_Dss | TlsCipherAu::Dss => "dss",
        TlsCipherAu::Srp_Rsa | TlsCipherAu::Rsa => "rsa",
        TlsCipherAu::Ecdsa => "ecdsa",
        TlsCipherAu::Eccpwd => "eccpwd",
        TlsCipherAu::Tls13 => "any",
    };
    (exchange, authentication)
}

/// The cipher by name, and the nominal size of its key in bits.
fn symmetric(suite: &TlsCipherSuite) -> (String, u16) {
    let bits = suite.enc_size;
    let mode = match suite.enc_mode {
        TlsCipherEncMode::Null => "",
        TlsCipherEncMode::Cbc => "-cbc",
        TlsCipherEncMode::Ccm if suite.name.contains("CCM_8") => "-ccm-8",
        TlsCipherEncMode::Ccm => "-ccm",
        TlsCipherEncMode::Gcm => "-gcm",
    };
    let sized = |name: &str| format!("{name}-{bits}{mode}");
    let cipher = match suite.enc {
        TlsCipherEnc::Null => "null".into(),
        TlsCipherEnc::Des => format!("des{mode}"),
        TlsCipherEnc::TripleDes => format!("3des{mode}"),
        TlsCipherEnc::Rc2 => format!("rc2{mode}"),
        TlsCipherEnc::Rc4 => "rc4".into(),
        TlsCipherEnc::Aria => sized("aria"),
        TlsCipherEnc::Idea => format!("idea{mode}"),
        TlsCipherEnc::Seed => format!("seed{mode}"),
        TlsCipherEnc::Aes => sized("aes"),
        TlsCipherEnc::Camellia => sized("camellia"),
        // The parser's table says 128; the key has 256 bits (RFC 7905 section 2).
        TlsCipherEnc::Chacha20_Poly1305 => return ("chacha20-poly1305".into(), 256),
        TlsCipherEnc::Sm4 => sized("sm4"),
        TlsCipherEnc::Aegis => sized("aegis"),
    };
    (cipher, bits)
}

/// What a ServerKeyExchange of this suite holds, and whether an identity hint comes first; `None`:
/// there is no such message that could be read.
pub fn key_exchange(id: u16) -> Option<(Exchange, bool)> {
    let parts = suite_parts(id);
    let psk = parts.authentication == "psk";
    match parts.exchange.as_str() {
        "dhe" => Some((Exchange::FiniteField, psk)),
        "ecdhe" => Some((Exchange::EllipticCurve, psk)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_once_in_the_registry_and_none_is_a_signal() {
        let all = registered_suites();
        assert!(all.len() > 350);
        assert!(!all.contains(&0x00ff) && !all.contains(&0x5600));
        for row in SUPPLEMENT {
            assert!(TlsCipherSuite::from_id(row.id).is_none(), "{} is in the table now", row.name);
        }
    }

    #[test]
    fn anonymous_suites_have_an_ephemeral_exchange() {
        assert_eq!(key_exchange(0x0034), Some((Exchange::FiniteField, false)));
        assert_eq!(key_exchange(0xc018), Some((Exchange::EllipticCurve, false)));
        assert_eq!(key_exchange(0xc035), Some((Exchange::EllipticCurve, true)));
        assert_eq!(key_exchange(0x002f), None);
    }
}

//! What the relay has to show as a server.

use super::met::{Met, fail, undecided};
use crate::certificate::{KeyKind, in_order};
use crate::expect::CertificateExpect;
use crate::facts::TlsFacts;
use crate::wording::counted;

/// Judges what was shown in a finished handshake, `None` where none finished: what is shown in one
/// that does not finish is not proven to be the relay's.
pub(super) fn meets(wanted: &CertificateExpect, shown: Option<(usize, &TlsFacts)>) -> Met {
    let Some((at, facts)) = shown else {
        return Err(undecided("No handshake finished, so no certificate was proven."));
    };
    let Some(leaf) = facts.peer.first() else {
        return Err(undecided("The relay showed no certificate that can be read."));
    };
    if facts.peer.len() < facts.peer_chain.len() && wanted.leaf_first {
        return Err(fail("The relay sends a certificate that cannot be read.", vec![at]));
    }
    if wanted.leaf_first && (leaf.ca || !in_order(&facts.peer)) {
        let reason =
            "The relay sends certificates of which one does not certify the one before it.";
        return Err(fail(reason, vec![at]));
    }
    let sent = facts.peer_chain.len();
    if let Some(least) = wanted.sent_at_least.filter(|least| sent < *least as usize) {
        let least = counted(least as usize, "certificate");
        let reason = format!("The relay sends {sent} of at least {least}.");
        return Err(fail(reason, vec![at]));
    }
    let short = |least: u32| leaf.key == KeyKind::Rsa && leaf.key_bits < least;
    if wanted.rsa_bits_at_least.is_some_and(short) {
        let reason = format!("The RSA key of the relay's certificate has {} bits.", leaf.key_bits);
        return Err(fail(reason, vec![at]));
    }
    Ok(vec![at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::CertificateFacts;

    fn certificate(subject: &str, issuer: &str, key: &str, bits: u32) -> CertificateFacts {
        serde_json::from_value(serde_json::json!({
            "subject": subject, "issuer": issuer, "common_name": null, "organisation": null,
            "organisational_unit": null, "issuer_name": null, "names": [], "serial": "01",
            "key": key, "key_bits": bits, "signature": "ecdsa-with-SHA256", "not_before": 0,
            "not_after": 1, "ca": subject != "leaf", "usages": [], "must_staple": false,
            "crl": [], "ocsp": [], "issuers": [], "fingerprint": "00",
        }))
        .unwrap()
    }

    fn facts(peer: Vec<CertificateFacts>) -> TlsFacts {
        let mut facts: TlsFacts = serde_json::from_value(serde_json::json!({
            "engine": "modern", "version": "1.3", "suite": {"id": 0x1301, "name": "x", "kinds": []},
            "group": null, "dh_bits": null, "forward_secrecy": true, "peer_signature": null,
            "sni": null, "alpn": null, "resumed": false, "peer_chain": [],
            "client_certificate": "not-asked",
        }))
        .unwrap();
        facts.peer_chain = peer.iter().map(|_| vec![0]).collect();
        facts.peer = peer;
        facts
    }

    fn check(peer: Vec<CertificateFacts>, wanted: CertificateExpect, expected: Result<(), bool>) {
        let facts = facts(peer);
        let met = meets(&wanted, Some((3, &facts)));
        let met = met.map(|at| assert_eq!(at, [3])).map_err(|unmet| unmet.is_undecided());
        assert_eq!(met, expected, "{wanted:?} {:?}", facts.peer);
    }

    #[test]
    fn only_what_was_shown_decides() {
        let leaf = || certificate("leaf", "above", "rsa", 2047);
        let above = || certificate("above", "root", "rsa", 4096);
        let bits = CertificateExpect { rsa_bits_at_least: Some(2048), ..Default::default() };
        let order = CertificateExpect { leaf_first: true, ..Default::default() };
        let two = CertificateExpect { sent_at_least: Some(2), ..Default::default() };
        check(vec![leaf(), above()], bits, Err(false));
        check(vec![certificate("leaf", "above", "rsa", 2048)], bits, Ok(()));
        // A key of another kind has other sizes.
        check(vec![certificate("leaf", "above", "ecdsa", 256)], bits, Ok(()));
        check(vec![leaf(), above()], order, Ok(()));
        check(vec![leaf(), leaf(), above()], order, Err(false));
        check(vec![above(), leaf()], order, Err(false));
        check(vec![leaf()], two, Err(false));
        check(vec![leaf(), above()], two, Ok(()));
        check(Vec::new(), two, Err(true));
        assert!(meets(&two, None).is_err_and(|unmet| unmet.is_undecided()));
    }
}

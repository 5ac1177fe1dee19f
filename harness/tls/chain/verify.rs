//! Whether a chain leads to a trusted root, for the right name and purpose.

use std::time::{SystemTime, UNIX_EPOCH};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{EndEntityCert, anchor_from_trusted_cert};
use x509_parser::prelude::{FromDer, X509Certificate};

/// What a certificate is shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// A server shows it.
    Server,
    /// A client shows it.
    Client,
}

/// Why a chain is not good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainProblem {
    /// There is none.
    #[error("no certificate was shown")]
    NoCertificate,
    /// No path leads to a trusted root.
    #[error("the certificate leads to no trusted root")]
    UnknownIssuer,
    /// Its time is over.
    #[error("the certificate has expired")]
    Expired,
    /// Its time has not begun.
    #[error("the certificate is not yet valid")]
    NotYetValid,
    /// It is for another name.
    #[error("the certificate is for another name")]
    WrongName,
    /// It is not for this usage.
    #[error("the certificate is not for this usage")]
    WrongUsage,
    /// A CA of the chain may not sign certificates (RFC 5280 section 4.2.1.3).
    #[error("a CA of the chain may not sign certificates")]
    MayNotSign,
    /// A signature in the chain is wrong.
    #[error("a signature in the chain is wrong")]
    BadSignature,
    /// Something else.
    #[error("the certificate is not good: {0}")]
    Other(String),
}

/// Checks a chain (DER, leaf first) against trusted roots (DER) at a time (RFC 5280 section 6), and
/// its name where one is given (RFC 6125 section 6, DNS-ID only).
///
/// # Errors
/// The first problem found. Revocation is not checked.
pub fn verify_chain(
    chain: &[Vec<u8>],
    roots: &[Vec<u8>],
    name: Option<&str>,
    usage: Usage,
    now: SystemTime,
) -> Result<(), ChainProblem> {
    let (leaf, rest) = chain.split_first().ok_or(ChainProblem::NoCertificate)?;
    let leaf = CertificateDer::from(leaf.as_slice());
    let rest: Vec<_> = rest.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let roots: Vec<_> = roots.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let anchors: Vec<_> =
        roots.iter().filter_map(|root| anchor_from_trusted_cert(root).ok()).collect();
    let leaf = EndEntityCert::try_from(&leaf).map_err(problem)?;
    let now = UnixTime::since_unix_epoch(now.duration_since(UNIX_EPOCH).unwrap_or_default());
    let usage = match usage {
        Usage::Server => webpki::KeyUsage::server_auth(),
        Usage::Client => webpki::KeyUsage::client_auth(),
    };
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    leaf.verify_for_usage(algorithms, &anchors, &rest, now, usage, None, None).map_err(problem)?;
    may_sign(chain)?;
    let Some(name) = name else { return Ok(()) };
    let name = ServerName::try_from(name).map_err(|_| ChainProblem::WrongName)?;
    leaf.verify_is_valid_for_subject_name(&name).map_err(problem)
}

/// Whether each CA that certifies the one before it may sign certificates: webpki does not look
/// (RFC 5280 section 6.1.4(n)).
pub(super) fn may_sign(chain: &[Vec<u8>]) -> Result<(), ChainProblem> {
    for pair in chain.windows(2) {
        let [below, ca] = pair else { continue };
        let read = (X509Certificate::from_der(below), X509Certificate::from_der(ca));
        let (Ok((_, below)), Ok((_, ca))) = read else { continue };
        let usage = ca.key_usage().ok().flatten();
        let certifies = below.issuer() == ca.subject() && below.subject() != ca.subject();
        if certifies && usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
            return Err(ChainProblem::MayNotSign);
        }
    }
    Ok(())
}

/// Whether the leaf is for this name (RFC 6125 section 6, DNS-ID only), whatever else is wrong with
/// the chain. Without a name: yes.
pub fn is_for(chain: &[Vec<u8>], name: Option<&str>) -> bool {
    let (Some(leaf), Some(name)) = (chain.first(), name) else { return name.is_none() };
    let leaf = CertificateDer::from(leaf.as_slice());
    let Ok(leaf) = EndEntityCert::try_from(&leaf) else { return false };
    ServerName::try_from(name)
        .is_ok_and(|name| leaf.verify_is_valid_for_subject_name(&name).is_ok())
}

fn problem(error: webpki::Error) -> ChainProblem {
    match error {
        webpki::Error::UnknownIssuer => ChainProblem::UnknownIssuer,
        webpki::Error::CertExpired { .. } => ChainProblem::Expired,
        webpki::Error::CertNotValidYet { .. } => ChainProblem::NotYetValid,
        webpki::Error::CertNotValidForName(_) => ChainProblem::WrongName,
        webpki::Error::InvalidSignatureForPublicKey => ChainProblem::BadSignature,
        webpki::Error::RequiredEkuNotFoundContext(_) => ChainProblem::WrongUsage,
        other => ChainProblem::Other(other.to_string()),
    }
}

/// The certificates of a file in PEM, in DER.
///
/// # Errors
/// A fragment: something between the markers cannot be read, or there is no certificate.
pub fn read_certificates_pem(pem: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let read = read.map_err(|error| format!("it is no PEM: {error}"))?;
    if read.is_empty() {
        return Err("no certificate in PEM stands in it".into());
    }
    match read.iter().position(|der| anchor_from_trusted_cert(der).is_err()) {
        Some(at) => Err(format!("its certificate number {} cannot be read", at + 1)),
        None => Ok(read.into_iter().map(|der| der.to_vec()).collect()),
    }
}

/// The roots that this machine trusts, in DER; empty where it has none that can be read.
pub fn system_roots() -> Vec<Vec<u8>> {
    let found = rustls_native_certs::load_native_certs();
    found.certs.into_iter().map(|root| root.to_vec()).collect()
}

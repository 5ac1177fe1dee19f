//! What the modern engine believes and shows: any certificate is taken, and that its key is there is
//! proven.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};

use crate::wire::numbers::scheme_name;

/// Whether a server asks for a client certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AskClient {
    /// It does not.
    #[default]
    No,
    /// It asks, and goes on without one.
    Optional,
    /// It asks, and ends the handshake without one.
    Required,
    /// It asks, goes on without one, and does not verify that the client has the key. For a relay
    /// with that fault; only the modern engine can be told so.
    Unproven,
}

/// Takes anyone's certificate, but not without the key to it, and remembers how that was proven.
#[derive(Debug)]
pub(in crate::tls::engines) struct Anyone {
    provider: Arc<CryptoProvider>,
    ask: AskClient,
    verified: OnceLock<u16>,
}

impl Anyone {
    pub(in crate::tls::engines) fn new(provider: Arc<CryptoProvider>, ask: AskClient) -> Self {
        Self { provider, ask, verified: OnceLock::new() }
    }

    /// The scheme of the signature that was verified; `None`: there was none.
    pub(in crate::tls::engines) fn verified(&self) -> Option<String> {
        self.verified.get().copied().map(scheme_name)
    }

    fn remember(&self, dss: &DigitallySignedStruct) {
        // One connection, one signature: what is set stays.
        let _ = self.verified.set(u16::from(dss.scheme));
    }

    fn verify12(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        if self.ask == AskClient::Unproven {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let valid = verify_tls12_signature(message, cert, dss, algorithms)?;
        self.remember(dss);
        Ok(valid)
    }

    fn verify13(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        if self.ask == AskClient::Unproven {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let valid = verify_tls13_signature(message, cert, dss, algorithms)?;
        self.remember(dss);
        Ok(valid)
    }
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify12(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify13(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for Anyone {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        self.ask == AskClient::Required
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify12(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify13(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Shows one certificate when asked, and remembers that it was asked.
#[derive(Debug, Default)]
pub(in crate::tls::engines) struct Shown {
    key: Option<Arc<rustls::sign::CertifiedKey>>,
    asked: std::sync::atomic::AtomicBool,
}

impl Shown {
    pub(in crate::tls::engines) fn new(key: Option<Arc<rustls::sign::CertifiedKey>>) -> Self {
        Self { key, asked: false.into() }
    }

    pub(in crate::tls::engines) fn asked(&self) -> bool {
        self.asked.load(std::sync::atomic::Ordering::Relaxed)
    }
}

impl rustls::client::ResolvesClientCert for Shown {
    fn resolve(
        &self,
        _: &[&[u8]],
        _: &[SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        self.asked.store(true, std::sync::atomic::Ordering::Relaxed);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        true
    }
}

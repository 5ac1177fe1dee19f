//! The modern engine: rustls with TLS 1.2 and 1.3 as they ought to be.

use std::io;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{
    ClientConfig, CommonState, HandshakeKind, ServerConfig, SupportedProtocolVersion, version,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use waxseal_model::facts::{ClientCertificate, Engine, FailureCause, Speaker, TlsFacts};
use waxseal_model::offer::{Offer, SuiteKind, Version};

use crate::tls::engines::alerts::Alerts;
use crate::tls::engines::session::Session;
use crate::tls::engines::trust::{Anyone, AskClient, Shown};
use crate::tls::offer::resolve;
use crate::tls::setup::{ClientSetup, Identity, Played, ServerSetup};
use crate::wire::numbers::{group_name, suite};

/// Whether rustls can play exactly this: nothing left out, nothing in its place.
pub(super) fn can_play(offer: &Offer) -> bool {
    let all: Vec<u16> = crate::tls::engines::legacy::available();
    let suites = resolve(offer, &all);
    let ours = available();
    let aead = |id: &u16| suite(*id).is(SuiteKind::Aead);
    offer.versions.iter().all(|version| *version >= Version::Tls12)
        && offer.schemes.is_empty()
        && offer.dh_bits.is_none()
        && groups(offer).len() == offer.groups.len().max(1)
        // "ecdhe" and "tls-1.3" ask for a kind: rustls plays the AEAD suites of it.
        && resolve(offer, &ours).len() >= suites.iter().filter(|id| aead(id)).count().min(1)
        && suites.iter().all(|id| {
            let known = suite(*id);
            known.is(SuiteKind::Tls13) || known.is(SuiteKind::Ecdhe)
        })
        && suites.iter().any(|id| ours.contains(id))
        && offer.versions.iter().all(|version| {
            resolve(offer, &ours)
                .iter()
                .any(|id| (id >> 8 == 0x13) == (*version == Version::Tls13))
        })
}

fn available() -> Vec<u16> {
    aws_lc_rs::ALL_CIPHER_SUITES.iter().map(|suite| u16::from(suite.suite())).collect()
}

fn groups(offer: &Offer) -> Vec<&'static dyn rustls::crypto::SupportedKxGroup> {
    if offer.groups.is_empty() {
        return vec![aws_lc_rs::kx_group::X25519];
    }
    offer
        .groups
        .iter()
        .filter_map(|name| {
            aws_lc_rs::ALL_KX_GROUPS
                .iter()
                .copied()
                .find(|group| group_name(u16::from(group.name())) == *name)
        })
        .collect()
}

fn provider(offer: &Offer) -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites = resolve(offer, &available())
        .into_iter()
        .filter_map(|id| {
            aws_lc_rs::ALL_CIPHER_SUITES.iter().copied().find(|s| u16::from(s.suite()) == id)
        })
        .collect();
    if !offer.groups.is_empty() {
        provider.kx_groups = groups(offer);
    }
    Arc::new(provider)
}

fn versions(offer: &Offer) -> Vec<&'static SupportedProtocolVersion> {
    let mut versions = Vec::new();
    if offer.versions.contains(&Version::Tls13) {
        versions.push(&version::TLS13);
    }
    if offer.versions.contains(&Version::Tls12) {
        versions.push(&version::TLS12);
    }
    versions
}

fn identity(identity: &Identity) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let chain = identity.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    (chain, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.clone())))
}

fn objection(error: &rustls::Error) -> (FailureCause, String) {
    (FailureCause::OurObjection, error.to_string())
}

fn failed(error: &io::Error, alerts: &Alerts) -> (FailureCause, String) {
    let cause = match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::AlertReceived(description)) => {
            alerts.note(Speaker::Relay, u8::from(*description));
            FailureCause::RelayAlert
        }
        Some(rustls::Error::PeerIncompatible(_)) => FailureCause::NothingInCommon,
        Some(_) => FailureCause::OurObjection,
        None if error.kind() == io::ErrorKind::UnexpectedEof => FailureCause::RelayClosed,
        None => FailureCause::RelayReset,
    };
    (cause, error.to_string())
}

pub(super) async fn accept<T>(setup: &ServerSetup, io: T, alerts: &Alerts) -> Played
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let provider = provider(&setup.offer);
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(&setup.offer))
        .map_err(|error| objection(&error))?;
    let (chain, key) = identity(&setup.identity);
    let asked = setup.ask != AskClient::No;
    let anyone = Arc::new(Anyone::new(provider, setup.ask));
    let builder = if asked {
        builder.with_client_cert_verifier(Arc::clone(&anyone) as _)
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| objection(&error))?;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    if let Some(tickets) = &setup.tickets {
        tickets.give_modern(&mut config);
    }
    let stream = TlsAcceptor::from(Arc::new(config))
        .accept(io)
        .await
        .map_err(|error| failed(&error, alerts))?;
    let facts = facts(stream.get_ref().1, &anyone, asked)?;
    Ok(Session::new(facts, stream, alerts))
}

pub(super) async fn connect<T>(setup: &ClientSetup, io: T, alerts: &Alerts) -> Played
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let key = match &setup.identity {
        Some(shown) => {
            let (chain, key) = identity(shown);
            let key = aws_lc_rs::default_provider()
                .key_provider
                .load_private_key(key)
                .map_err(|error| objection(&error))?;
            Some(Arc::new(rustls::sign::CertifiedKey::new(chain, key)))
        }
        None => None,
    };
    let has_key = key.is_some();
    let provider = provider(&setup.offer);
    let mut anyone = Arc::new(Anyone::new(Arc::clone(&provider), AskClient::No));
    let mut shown = Arc::new(Shown::new(key));
    if let Some(sessions) = &setup.sessions {
        (anyone, shown) = sessions.same(anyone, shown);
    }
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions(&setup.offer))
        .map_err(|error| objection(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&anyone) as _)
        .with_client_cert_resolver(Arc::clone(&shown) as _);
    config.resumption = rustls::client::Resumption::disabled();
    if let Some(sessions) = &setup.sessions {
        sessions.keep_modern(&mut config);
    }
    config.enable_sni = setup.sni.is_some();
    let name = setup.sni.clone().unwrap_or_else(|| "relay.invalid".into());
    let name = ServerName::try_from(name.clone())
        .map_err(|_| (FailureCause::OurObjection, format!("{name} is no host name")))?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, io)
        .await
        .map_err(|error| failed(&error, alerts))?;
    let mut facts = facts(stream.get_ref().1, &anyone, false)?;
    facts.client_certificate = match (shown.asked(), has_key) {
        (false, _) => ClientCertificate::NotAsked,
        (true, false) => ClientCertificate::NotShown,
        (true, true) => ClientCertificate::Shown,
    };
    Ok(Session::new(facts, stream, alerts))
}

/// What the library tells; the engine's door adds what stands on the wire.
fn facts(
    state: &CommonState,
    anyone: &Anyone,
    asked: bool,
) -> Result<TlsFacts, (FailureCause, String)> {
    let missing = || (FailureCause::OurObjection, "the handshake has no result".to_owned());
    let chosen = state.negotiated_cipher_suite().ok_or_else(missing)?;
    let version = state
        .protocol_version()
        .and_then(|version| Version::from_code(u16::from(version)))
        .ok_or_else(missing)?;
    let suite = suite(u16::from(chosen.suite()));
    let peer_chain: Vec<Vec<u8>> = state
        .peer_certificates()
        .map(|chain| chain.iter().map(|der| der.to_vec()).collect())
        .unwrap_or_default();
    let client_certificate = match (asked, peer_chain.is_empty()) {
        (false, _) => ClientCertificate::NotAsked,
        (true, true) => ClientCertificate::NotShown,
        (true, false) => ClientCertificate::Shown,
    };
    let peer_signature = anyone.verified();
    Ok(TlsFacts {
        engine: Engine::Modern,
        version,
        forward_secrecy: suite.is(SuiteKind::ForwardSecret),
        suite,
        group: state
            .negotiated_key_exchange_group()
            .map(|group| group_name(u16::from(group.name()))),
        dh_bits: None,
        peer_key_proven: peer_signature.is_some(),
        peer_signature,
        sni: None,
        alpn: state.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        resumed: state.handshake_kind() == Some(HandshakeKind::Resumed),
        peer_chain,
        peer: Vec::new(),
        staple: None,
        client_certificate,
        server_extensions: Vec::new(),
    })
}

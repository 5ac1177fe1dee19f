//! The legacy engine: OpenSSL with everything weak switched on, SSL 3.0 to TLS 1.3.

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{
    Ssl, SslContextBuilder, SslMethod, SslOptions, SslRef, SslSessionCacheMode, SslVerifyMode,
    SslVersion, StatusType,
};
use openssl::x509::X509;
use tokio::io::{AsyncRead, AsyncWrite};
use waxseal_model::facts::{ClientCertificate, Engine, FailureCause, TlsFacts};
use waxseal_model::offer::{Offer, SuiteKind, Version};

use crate::tls::chain::staple::describe_staple;
use crate::tls::engines::alerts::Alerts;
use crate::tls::engines::dh::prime;
use crate::tls::engines::session::{Session, is_alert_code};
use crate::tls::engines::trust::AskClient;
use crate::tls::offer::resolve;
use crate::tls::setup::{ClientSetup, Identity, Played, ServerSetup};
use crate::wire::numbers::suite;

mod library;
#[cfg(test)]
mod numbers;
mod stream;
mod told;

pub(super) use library::available;
use library::{LIBRARY, allow_anything, fixed_method, group, scheme, version};
#[cfg(test)]
use library::{library_name, listed};
pub(super) use stream::LegacyStream;
pub(super) use told::peer_signature;
use told::{listening, negotiated_group, was_asked};

/// Whether a context can be made for this offer; the reason where not.
pub(super) fn check(offer: &Offer) -> Result<(), String> {
    context(offer, true).map(drop)
}

/// A context that plays exactly this offer.
pub(super) fn context(offer: &Offer, server: bool) -> Result<SslContextBuilder, String> {
    let library = &*LIBRARY;
    // Errors of earlier calls stay in a queue of the thread: what follows must not show them.
    drop(ErrorStack::get());
    let build = || -> Result<SslContextBuilder, ErrorStack> {
        let fixed = fixed_method(offer).filter(|_| server);
        let flexible = fixed.is_none();
        let usual = || if server { SslMethod::tls_server() } else { SslMethod::tls_client() };
        let mut context = SslContextBuilder::new(fixed.unwrap_or_else(usual))?;
        context.set_security_level(0);
        allow_anything(&mut context);
        if flexible {
            context.set_min_proto_version(Some(version(offer.oldest())))?;
            context.set_max_proto_version(Some(version(offer.newest())))?;
        }
        let skipped = [
            (Version::Ssl3, SslOptions::NO_SSLV3),
            (Version::Tls10, SslOptions::NO_TLSV1),
            (Version::Tls11, SslOptions::NO_TLSV1_1),
            (Version::Tls12, SslOptions::NO_TLSV1_2),
            (Version::Tls13, SslOptions::NO_TLSV1_3),
        ];
        for (version, option) in skipped {
            if flexible && !offer.versions.contains(&version) {
                context.set_options(option);
            }
        }
        let suites = resolve(offer, &available());
        let names = |new: bool| -> Vec<&str> {
            suites
                .iter()
                .filter(|id| (*id >> 8 == 0x13) == new)
                .filter_map(|id| library.suites.iter().find(|(known, _)| known == id))
                .map(|(_, name)| name.as_str())
                .collect()
        };
        let (old, new) = (names(false), names(true));
        if !old.is_empty() {
            context.set_cipher_list(&format!("{}:@SECLEVEL=0", old.join(":")))?;
        }
        context.set_ciphersuites(&new.join(":"))?;
        if !offer.groups.is_empty() {
            let groups: Vec<_> = offer.groups.iter().map(|name| group(name)).collect();
            context.set_groups_list(&groups.join(":"))?;
        }
        if !offer.schemes.is_empty() {
            let schemes: Vec<_> = offer.schemes.iter().map(|name| scheme(name)).collect();
            context.set_sigalgs_list(&schemes.join(":"))?;
        } else {
            context.set_sigalgs_list(
                "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512:ed25519:\
                 rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:\
                 RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA1:ECDSA+SHA1",
            )?;
        }
        if let Some(dh) = prime(offer.dh_bits.unwrap_or(2048)).filter(|_| server) {
            context.set_tmp_dh(&dh)?;
        }
        context.set_session_cache_mode(SslSessionCacheMode::OFF);
        context.set_options(SslOptions::NO_TICKET);
        context.set_num_tickets(0)?;
        Ok(context)
    };
    build().map_err(|error| match error.errors().first().and_then(|error| error.reason()) {
        Some(reason) => format!("OpenSSL says: {reason}"),
        None => "OpenSSL knows one of its groups or schemes not".into(),
    })
}

/// Whether the key is that of the certificate. Where that cannot be read it is nobody's doubt here:
/// showing it fails later with OpenSSL's own reason.
pub(super) fn has_key(identity: &Identity) -> bool {
    let Some(leaf) = identity.chain.first() else { return true };
    let keys = || -> Result<bool, ErrorStack> {
        let public = X509::from_der(leaf)?.public_key()?;
        let private = PKey::private_key_from_pkcs8(&identity.key)?;
        Ok(public.public_eq(&private))
    };
    keys().unwrap_or(true)
}

fn show(context: &mut SslContextBuilder, identity: &Identity) -> Result<(), ErrorStack> {
    let mut chain = identity.chain.iter();
    let Some(leaf) = chain.next() else { return Ok(()) };
    context.set_certificate(&*X509::from_der(leaf)?)?;
    for der in chain {
        context.add_extra_chain_cert(X509::from_der(der)?)?;
    }
    context.set_private_key(&*PKey::private_key_from_pkcs8(&identity.key)?)
}

fn objection(error: &ErrorStack) -> (FailureCause, String) {
    (FailureCause::OurObjection, error.to_string())
}

fn failed(error: &openssl::ssl::Error) -> (FailureCause, String) {
    let stack = error.ssl_error();
    let reasons: Vec<_> =
        stack.iter().flat_map(|stack| stack.errors()).filter_map(|e| e.reason()).collect();
    let nothing = [
        "no shared cipher",
        "unsupported protocol",
        "version too low",
        "wrong version number",
        "no protocols available",
        "no suitable key share",
        "no shared signature algorithms",
        "no suitable signature algorithm",
        "wrong ssl version",
    ];
    let alert = stack.iter().flat_map(|stack| stack.errors()).any(is_alert_code);
    let cause = if alert {
        FailureCause::RelayAlert
    } else if reasons.iter().any(|reason| nothing.contains(reason)) {
        FailureCause::NothingInCommon
    } else if reasons.is_empty() {
        FailureCause::RelayClosed
    } else {
        FailureCause::OurObjection
    };
    (cause, if reasons.is_empty() { error.to_string() } else { reasons.join("; ") })
}

pub(super) async fn accept<T>(setup: &ServerSetup, io: T, alerts: &Alerts) -> Played
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let prepare = || -> Result<Ssl, (FailureCause, String)> {
        let mut context =
            context(&setup.offer, true).map_err(|text| (FailureCause::OurObjection, text))?;
        show(&mut context, &setup.identity).map_err(|error| objection(&error))?;
        context.set_options(SslOptions::CIPHER_SERVER_PREFERENCE);
        if let Some(tickets) = &setup.tickets {
            tickets.give_legacy(&mut context).map_err(|error| objection(&error))?;
        }
        if setup.renegotiates {
            // SSL_OP_ALLOW_CLIENT_RENEGOTIATION and SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION, which the
            // safe interface does not know.
            context.set_options(SslOptions::from_bits_retain(1 << 8 | 1 << 18));
        }
        let mode = match setup.ask {
            AskClient::No => SslVerifyMode::NONE,
            AskClient::Optional | AskClient::Unproven => SslVerifyMode::PEER,
            AskClient::Required => SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT,
        };
        context.set_verify_callback(mode, |_, _| true);
        listening(context, alerts).map_err(|error| objection(&error))
    };
    let ssl = prepare()?;
    let mut stream = LegacyStream::new(ssl, io).map_err(|error| objection(&error))?;
    stream.accept().await.map_err(|error| failed(&error))?;
    let ssl = stream.ssl();
    let mut peer_chain: Vec<Vec<u8>> =
        ssl.peer_certificate().and_then(|leaf| leaf.to_der().ok()).into_iter().collect();
    // On a server the chain comes without the leaf.
    peer_chain.extend(
        ssl.peer_cert_chain()
            .into_iter()
            .flatten()
            .filter_map(|certificate| certificate.to_der().ok()),
    );
    let client_certificate = match (setup.ask, peer_chain.is_empty()) {
        (AskClient::No, _) => ClientCertificate::NotAsked,
        (_, true) => ClientCertificate::NotShown,
        (_, false) => ClientCertificate::Shown,
    };
    let facts = facts(ssl, &setup.offer, peer_chain, client_certificate, true)?;
    Ok(Session::new(facts, stream, alerts))
}

pub(super) async fn connect<T>(setup: &ClientSetup, io: T, alerts: &Alerts) -> Played
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let prepare = || -> Result<Ssl, (FailureCause, String)> {
        let mut context =
            context(&setup.offer, false).map_err(|text| (FailureCause::OurObjection, text))?;
        if let Some(identity) = &setup.identity {
            show(&mut context, identity).map_err(|error| objection(&error))?;
        }
        context.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
        if let Some(sessions) = &setup.sessions {
            sessions.keep(&mut context);
        }
        let mut ssl = listening(context, alerts).map_err(|error| objection(&error))?;
        ssl.set_status_type(StatusType::OCSP).map_err(|error| objection(&error))?;
        if let Some(sni) = &setup.sni {
            ssl.set_hostname(sni).map_err(|error| objection(&error))?;
        }
        if let Some(sessions) = &setup.sessions {
            sessions.resume(&mut ssl).map_err(|error| objection(&error))?;
        }
        Ok(ssl)
    };
    let ssl = prepare()?;
    let mut stream = LegacyStream::new(ssl, io).map_err(|error| objection(&error))?;
    stream.connect().await.map_err(|error| failed(&error))?;
    let ssl = stream.ssl();
    let peer_chain: Vec<Vec<u8>> = ssl
        .peer_cert_chain()
        .into_iter()
        .flatten()
        .filter_map(|certificate| certificate.to_der().ok())
        .collect();
    let asked = was_asked(ssl);
    let client_certificate = match (asked, setup.identity.is_some()) {
        (false, _) => ClientCertificate::NotAsked,
        (true, false) => ClientCertificate::NotShown,
        (true, true) => ClientCertificate::Shown,
    };
    let staple = ssl.ocsp_status().map(|der| describe_staple(der, &peer_chain));
    let mut facts = facts(ssl, &setup.offer, peer_chain, client_certificate, false)?;
    facts.staple = staple;
    Ok(Session::new(facts, stream, alerts))
}

/// What the library tells; the engine's door adds what stands on the wire.
fn facts(
    ssl: &SslRef,
    offer: &Offer,
    peer_chain: Vec<Vec<u8>>,
    client_certificate: ClientCertificate,
    server: bool,
) -> Result<TlsFacts, (FailureCause, String)> {
    let missing = || (FailureCause::OurObjection, "the handshake has no result".to_owned());
    let version = match ssl.version2() {
        Some(SslVersion::SSL3) => Version::Ssl3,
        Some(SslVersion::TLS1) => Version::Tls10,
        Some(SslVersion::TLS1_1) => Version::Tls11,
        Some(SslVersion::TLS1_2) => Version::Tls12,
        Some(SslVersion::TLS1_3) => Version::Tls13,
        _ => return Err(missing()),
    };
    let id = ssl.current_cipher().map(|cipher| u16::from_be_bytes(cipher.protocol_id()));
    let suite = suite(id.ok_or_else(missing)?);
    let finite = suite.is(SuiteKind::Dhe) || (suite.name.starts_with("TLS_DH_anon"));
    let dh_bits = if !finite {
        None
    } else if server {
        Some(u32::from(offer.dh_bits.unwrap_or(2048)))
    } else {
        ssl.peer_tmp_key().ok().map(|key| key.bits())
    };
    // SAFETY: the session is alive and its handshake is finished.
    let (group, peer_signature) = unsafe { (negotiated_group(ssl), peer_signature(ssl)) };
    // Without a signature, a server with static RSA has decrypted what only its key decrypts.
    let decrypted = !server && suite.is(SuiteKind::StaticRsa) && !ssl.session_reused();
    Ok(TlsFacts {
        engine: Engine::Legacy,
        version,
        forward_secrecy: suite.is(SuiteKind::ForwardSecret),
        suite,
        group,
        dh_bits,
        peer_key_proven: !peer_chain.is_empty() && (peer_signature.is_some() || decrypted),
        peer_signature,
        sni: None,
        alpn: ssl.selected_alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        resumed: ssl.session_reused(),
        peer_chain,
        peer: Vec::new(),
        staple: None,
        client_certificate,
        server_extensions: Vec::new(),
    })
}

//! Which engine plays an offer, and playing it.

mod alerts;
mod dh;
mod legacy;
mod modern;
pub(super) mod questions;
pub(super) mod resumption;
pub(super) mod session;
mod tap;
pub(super) mod tickets;
pub(super) mod trust;

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use waxseal_model::facts::{Engine, FailureCause, Speaker, Suite, TamperReaction, TlsFailure};
use waxseal_model::offer::{Offer, SuiteKind, Version};
use waxseal_model::scenario::Tampering;

use crate::tls::chain::certificate::describe_certificate;
use crate::tls::engines::alerts::Alerts;
use crate::tls::engines::tap::{Copy, Tap, Tapped};
use crate::tls::offer::resolve;
use crate::tls::setup::{
    ClientSetup, Handshake, Identity, Played, ServerSetup, Tampered, Unplayable,
};
use crate::tls::tamper::TamperingStream;
use crate::wire::attention::within;
use crate::wire::numbers::{client_hello, exists_in, server_extensions, suite};
use crate::wire::tls::last_alert;

/// The engine for an offer: the modern one for whatever it can play, else the legacy one.
///
/// # Errors
/// [`Unplayable`] with the reason. Known before anything runs, so that loading a scenario fails.
pub fn choose(
    offer: &Offer,
    identity: Option<&Identity>,
    forced: Option<Engine>,
) -> Result<Engine, Unplayable> {
    let hybrid = |name: &String| name.contains("mlkem");
    if let (Some(group), true) = (offer.groups.first(), offer.groups.iter().all(hybrid))
        && offer.oldest() < Version::Tls13
    {
        return Err(Unplayable(format!("{group} is a group of TLS 1.3 alone")));
    }
    let weak = identity.is_some_and(|identity| identity.weak || identity.chain.is_empty());
    let modern = !weak && modern::can_play(offer);
    match forced {
        Some(Engine::Modern) if modern => return Ok(Engine::Modern),
        Some(Engine::Modern) => {
            return Err(Unplayable("the modern engine lacks what it asks for".into()));
        }
        _ => {}
    }
    if modern && forced.is_none() {
        return Ok(Engine::Modern);
    }
    let suites = resolve(offer, &legacy::available());
    let covered = |version: &Version| suites.iter().any(|id| exists_in(&suite(*id), *version));
    if let Some(version) = offer.versions.iter().find(|version| !covered(version)) {
        return Err(Unplayable(format!("it has no suite for {version}")));
    }
    if let Some(bits) = offer.dh_bits.filter(|bits| dh::prime(*bits).is_none()) {
        return Err(Unplayable(format!("there is no Diffie-Hellman prime of {bits} bits")));
    }
    legacy::check(offer).map_err(Unplayable)?;
    if identity.is_some_and(|identity| !legacy::has_key(identity)) {
        let text = "the legacy engine shows no certificate without its key";
        return Err(Unplayable(text.into()));
    }
    Ok(Engine::Legacy)
}

/// The first version of an offer for which a server with such a key has no suite; `None`: it has one
/// for each. Anonymous suites and those of TLS 1.3 go with every key.
pub fn version_without_suite_for_key(offer: &Offer, rsa: bool) -> Option<Version> {
    let goes = |suite: &Suite| {
        let free = suite.is(SuiteKind::Tls13) || suite.is(SuiteKind::Anonymous);
        free || (suite.name.contains("_ECDSA_") != rsa && !suite.name.contains("_DSS_"))
    };
    let suites: Vec<_> =
        resolve(offer, &legacy::available()).into_iter().map(suite).filter(goes).collect();
    let there = |version: &Version| suites.iter().any(|suite| exists_in(suite, *version));
    offer.versions.iter().copied().find(|version| !there(version))
}

/// Negotiates as the server, within `patience`.
pub async fn accept<T>(setup: &ServerSetup, io: T, patience: Duration) -> Handshake
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (tap, copy) = Tap::new(io);
    accept_on(setup, tap, &copy, patience).await
}

/// Negotiates as a server whose flight is changed on its way out, within `patience`. `None`: it never
/// came to a flight, or the flight went out as it was because the tampering has no meaning here: then
/// the answer says why.
pub async fn accept_tampering<T>(
    setup: &ServerSetup,
    tampering: Tampering,
    io: T,
    patience: Duration,
) -> (Handshake, Option<Tampered>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // The copy is of what is on the wire.
    let (tap, copy) = Tap::new(io);
    let (tampering, watching) = TamperingStream::new(tap, tampering, &setup.identity.key);
    let handshake = accept_on(setup, tampering, &copy, patience).await;
    let tapped = copy.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let how = match &handshake.result {
        Ok(_) => TamperReaction::WentOn("it finished the handshake".into()),
        Err(_) if tapped.reset => TamperReaction::Reset,
        Err(_) if tapped.ended => TamperReaction::Closed,
        Err(_) => TamperReaction::Silence,
    };
    let tampered = watching.answer(how).map(|(version, answer)| Tampered { version, answer });
    (handshake, tampered)
}

/// Negotiates as the server on a stream of which `copy` is taken.
async fn accept_on<S>(setup: &ServerSetup, io: S, copy: &Copy, patience: Duration) -> Handshake
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let alerts = Alerts::default();
    let engine = choose(&setup.offer, Some(&setup.identity), setup.engine);
    let playing = async {
        match engine {
            Ok(Engine::Modern) => modern::accept(setup, io, &alerts).await,
            Ok(Engine::Legacy) => legacy::accept(setup, io, &alerts).await,
            Err(ref unplayable) => Err((FailureCause::OurObjection, unplayable.to_string())),
        }
    };
    let result = within(patience, playing).await.unwrap_or_else(|_| Err(silence(patience)));
    finish(engine.ok(), result, copy, &alerts, true)
}

/// Negotiates as the client, within `patience`.
pub async fn connect<T>(setup: &ClientSetup, io: T, patience: Duration) -> Handshake
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (tap, copy) = Tap::new(io);
    let alerts = Alerts::default();
    let engine = choose(&setup.offer, setup.identity.as_ref(), setup.engine);
    let playing = async {
        match engine {
            Ok(Engine::Modern) => modern::connect(setup, tap, &alerts).await,
            Ok(Engine::Legacy) => legacy::connect(setup, tap, &alerts).await,
            Err(ref unplayable) => Err((FailureCause::OurObjection, unplayable.to_string())),
        }
    };
    let result = within(patience, playing).await.unwrap_or_else(|_| Err(silence(patience)));
    finish(engine.ok(), result, &copy, &alerts, false)
}

fn silence(patience: Duration) -> (FailureCause, String) {
    (FailureCause::Silence, format!("nothing came within {patience:?}"))
}

fn finish(
    engine: Option<Engine>,
    played: Played,
    copy: &Copy,
    alerts: &Alerts,
    server: bool,
) -> Handshake {
    let tapped = copy.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (of_client, of_server) =
        if server { (&tapped.heard, &tapped.said) } else { (&tapped.said, &tapped.heard) };
    let hello = client_hello(of_client);
    let result = played.map(|mut session| {
        // What was asked for on the wire, not what we meant to ask: SSL 3.0 has no extensions.
        session.facts.sni = hello.as_ref().and_then(|hello| hello.sni.clone());
        session.facts.server_extensions = server_extensions(of_server);
        let described = session.facts.peer_chain.iter().map_while(|der| describe_certificate(der));
        session.facts.peer = described.collect();
        session.heard_by(copy)
    });
    let result = result.map_err(|(cause, detail)| {
        // What the engine tells may be encrypted; what it does not tell may stand in plaintext.
        let alert = |by: Speaker, bytes: &[u8]| {
            alerts.last(by).or(last_alert(bytes).map(|(_, description)| description))
        };
        let alert_heard = alert(Speaker::Relay, &tapped.heard);
        TlsFailure {
            engine,
            cause: settle(cause, &tapped, alert_heard),
            alert_heard,
            alert_said: alert(Speaker::Peer, &tapped.said),
            detail,
        }
    });
    Handshake { hello, result }
}

/// What the wire says outweighs what a library thinks.
fn settle(cause: FailureCause, tapped: &Tapped, alert_heard: Option<u8>) -> FailureCause {
    let not_tls = tapped.heard.first().is_some_and(|kind| !(0x14..=0x18).contains(kind));
    if cause == FailureCause::Silence {
        cause
    } else if not_tls {
        FailureCause::NotTls
    } else if alert_heard.is_some() || cause == FailureCause::RelayAlert {
        FailureCause::RelayAlert
    } else if cause == FailureCause::NothingInCommon {
        cause
    } else if tapped.reset {
        FailureCause::RelayReset
    } else if tapped.ended {
        FailureCause::RelayClosed
    } else {
        cause
    }
}

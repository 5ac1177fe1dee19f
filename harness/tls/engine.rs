//! Which engine plays an offer, and playing it.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use waxseal_model::facts::{Engine, FailureCause, ForgeryAnswer, HelloFacts, Speaker, TlsFailure};
use waxseal_model::offer::{Offer, Version};
use waxseal_model::scenario::Forgery;

use super::alerts::Alerts;
use super::certificate::describe_certificate;
use super::describe::{client_hello, server_extensions};
use super::forge::Forging;
use super::session::Session;
use super::sessions::SessionStore;
use super::suites::{exists_in, resolve, suite};
use super::tap::{Copy, Tap, Tapped};
use super::tickets::Tickets;
use super::{dh, legacy, modern};
use crate::wire::attention::within;
use crate::wire::tls::last_alert;

/// A chain in DER, leaf first, and its key in PKCS#8 DER.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// Leaf first; empty for anonymous suites.
    pub chain: Vec<Vec<u8>>,
    /// PKCS#8.
    pub key: Vec<u8>,
    /// RSA below 2048 bits, a SHA-1 signature, or an unknown critical extension: only the legacy engine
    /// takes it.
    pub weak: bool,
    /// The key is RSA.
    pub rsa: bool,
}

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

/// How our side negotiates as the server.
#[derive(Clone, Debug)]
pub struct ServerSetup {
    /// What is negotiated, and nothing more.
    pub offer: Offer,
    /// What is shown.
    pub identity: Identity,
    /// Whether a client certificate is asked for. Any is taken; that its key is there is proven.
    pub ask: AskClient,
    /// The engine, where the user forces one.
    pub engine: Option<Engine>,
    /// What clients resume sessions by; `None`: nothing.
    pub tickets: Option<Tickets>,
    /// Whether a client may begin another handshake inside a session. For a relay with that fault;
    /// only the legacy engine can be told so.
    pub renegotiates: bool,
}

/// How our side negotiates as the client. Any server certificate is taken and recorded.
#[derive(Clone, Debug)]
pub struct ClientSetup {
    /// What is negotiated, and nothing more.
    pub offer: Offer,
    /// The name in SNI.
    pub sni: Option<String>,
    /// What is shown when the server asks.
    pub identity: Option<Identity>,
    /// The engine, where the user forces one.
    pub engine: Option<Engine>,
    /// Where sessions are kept, and resumed from where the server lets it; `None`: each session is new.
    pub sessions: Option<SessionStore>,
}

/// A handshake, finished or not.
#[derive(Debug)]
pub struct Handshake {
    /// The client's hello as it stood on the wire; `None`: it never came whole.
    pub hello: Option<HelloFacts>,
    /// The session, or why there is none.
    pub result: Result<Session, TlsFailure>,
}

/// A flight of ours that was changed on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forged {
    /// Its version, before it was changed.
    pub version: Version,
    /// What the relay did about it.
    pub answer: ForgeryAnswer,
}

/// No engine can play this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no engine can play this offer: {0}")]
pub struct Unplayable(pub String);

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

/// Negotiates as the server, within `patience`.
pub async fn accept<T>(setup: &ServerSetup, io: T, patience: Duration) -> Handshake
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (tap, copy) = Tap::new(io);
    accept_on(setup, tap, &copy, patience).await
}

/// Negotiates as a server whose flight is changed on its way out, within `patience`. `None`: it never
/// came to a flight, or the flight went out as it was because the forgery has no meaning here: then
/// the answer says why.
pub async fn accept_forging<T>(
    setup: &ServerSetup,
    forgery: Forgery,
    io: T,
    patience: Duration,
) -> (Handshake, Option<Forged>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // The copy is of what is on the wire.
    let (tap, copy) = Tap::new(io);
    let (forging, watching) = Forging::new(tap, forgery, &setup.identity.key);
    let handshake = accept_on(setup, forging, &copy, patience).await;
    let tapped = copy.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let how = match &handshake.result {
        Ok(_) => ForgeryAnswer::WentOn("it finished the handshake".into()),
        Err(_) if tapped.reset => ForgeryAnswer::Reset,
        Err(_) if tapped.ended => ForgeryAnswer::Closed,
        Err(_) => ForgeryAnswer::Silence,
    };
    let forged = watching.answer(how).map(|(version, answer)| Forged { version, answer });
    (handshake, forged)
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

/// What an engine gives: a session, or what it thinks went wrong.
pub(super) type Played = Result<Session, (FailureCause, String)>;

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
        // What the engine tells may be encrypted; what it does not tell may stand in clear.
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

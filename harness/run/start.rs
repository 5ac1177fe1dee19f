//! Starting the relay under test.

use std::net::{IpAddr, SocketAddr};
use std::sync::PoisonError;
use std::time::Duration;

use tokio::net::TcpListener;
use waxseal_model::scenario::{Case, Connector};

use super::world::{INBOUND, OUTBOUND, PARTNER, PARTNER_DOMAIN, RELAY, World};
use super::{Options, RunError};
use crate::relay::reference::{Mutant, Running, Setup};

/// The relay a run is about.
#[derive(Clone, Debug)]
pub enum Choice {
    /// The reference relay, or one of its mutants.
    Reference(Option<Mutant>),
}

impl Choice {
    /// The name in reports.
    pub fn name(&self) -> String {
        match self {
            Self::Reference(None) => "reference".into(),
            Self::Reference(Some(mutant)) => format!("reference with {}", mutant.name()),
        }
    }

    /// The product's version.
    pub fn version(&self) -> String {
        match self {
            Self::Reference(_) => env!("CARGO_PKG_VERSION").into(),
        }
    }

    /// Whether the relay says that it can do what a case needs.
    pub(super) fn declares(&self, case: &Case) -> bool {
        match self {
            Self::Reference(_) => !matches!(case.connector, Connector::Dane | Connector::MtaSts),
        }
    }

    /// Cases at once.
    pub(super) fn concurrency(&self) -> usize {
        match self {
            Self::Reference(_) => 64,
        }
    }

    /// Time allowed for one case.
    pub(super) fn limit(&self) -> Duration {
        match self {
            Self::Reference(_) => Duration::from_secs(8),
        }
    }
}

/// A relay that runs.
pub(super) enum Relay {
    Reference(Running),
}

impl Relay {
    /// Stops it; the end of its log where it had ended by itself.
    pub(super) async fn stop(&mut self) -> Option<String> {
        match self {
            Self::Reference(running) => {
                running.stop().await;
                None
            }
        }
    }
}

pub(super) async fn start(
    world: &World,
    choice: &Choice,
    options: &Options,
) -> Result<Relay, RunError> {
    match choice {
        Choice::Reference(mutant) => reference(world, *mutant, options).await,
    }
}

async fn reference(
    world: &World,
    mutant: Option<Mutant>,
    options: &Options,
) -> Result<Relay, RunError> {
    let mut listeners = Vec::new();
    for connector in INBOUND {
        let port = match (options.sandboxed, connector) {
            (false, _) => 0,
            (true, Connector::Implicit) => 465,
            (true, _) => 25,
        };
        let at = SocketAddr::new(IpAddr::V4(world.relay_address()?), port);
        let system = |error| RunError::System { what: format!("listen on {at}"), error };
        let listener = TcpListener::bind(at).await.map_err(system)?;
        let address = listener.local_addr().map_err(system)?;
        world.listeners.lock().unwrap_or_else(PoisonError::into_inner).insert(connector, address);
        listeners.push((connector, listener));
    }
    let setup = Setup {
        hostname: RELAY.into(),
        dns: world.dns,
        smtp_port: world.smtp_port,
        outbound: OUTBOUND.map(|connector| (connector, format!(".{connector}.test"))).to_vec(),
        partner_suffix: format!("@{PARTNER_DOMAIN}"),
        partner_name: PARTNER.into(),
        identity: world.identity("trusted-rsa", RELAY)?,
        client_identity: world.identity("client", RELAY)?,
        trust_anchors: world.authorities.trust_anchors(),
        client_trust_anchors: world.authorities.client_trust_anchors(),
        mutant,
    };
    Ok(Relay::Reference(Running::start(setup, listeners)))
}

//! Starting the relay under test.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use waxseal_model::expect::Never;
use waxseal_model::foreign::Foreign;
use waxseal_model::scenario::{
    Alias, Also, Case, Connector, HostPlace, Peer, RecipientDomain, RuleBy,
};
use waxseal_model::script::Direction;
use waxseal_model::status::Declared;

use super::driven::{self, Driven};
use super::lab::{INBOUND, Lab, OUTBOUND, PARTNER, PARTNER_DOMAIN, RELAY};
use super::lateness::{may_wait_for, waits_for};
use super::{Own, Progress, RunError, RunOptions};
use crate::relay::contract::{Late, NextHop};
use crate::relay::evidence::Queue;
use crate::relay::reference::{Memory, Mutant, Running, Setup, Variant};
use crate::relay::{Driver, Evidence, RelayError, Root};

/// When to ask the reference relay where a message is; it tries again sooner than that.
const SETTLE: Duration = Duration::from_millis(500);

/// The relay a run is about.
#[derive(Clone, Debug)]
pub enum RelaySpec {
    /// The reference relay, or one of its mutants.
    Reference(Option<Mutant>),
    /// The reference relay as other relays do it, in ways that are right as well.
    Variant(Vec<Variant>),
    /// One that a driver runs.
    Driven(Box<Driver>),
}

impl RelaySpec {
    /// `reference`, a driver's name (`postfix`, `postfix@bookworm`), or a driver's folder.
    ///
    /// # Errors
    /// [`RelayError`]: there is no such driver, or its folder has a mistake.
    pub fn find(name: &str) -> Result<Self, RelayError> {
        match name {
            "reference" => Ok(Self::Reference(None)),
            name => Ok(Self::Driven(Box::new(Driver::find(name)?))),
        }
    }

    /// The name in reports.
    pub fn name(&self) -> String {
        match self {
            Self::Reference(None) => "reference".into(),
            Self::Reference(Some(mutant)) => format!("reference with {}", mutant.name()),
            Self::Variant(variants) => {
                let names: Vec<_> = variants.iter().map(|variant| variant.name()).collect();
                format!("reference with {}", names.join(", "))
            }
            Self::Driven(driver) => driver.name.clone(),
        }
    }

    /// What `waxseal run` was given, where that is not the name.
    pub fn asked(&self) -> Option<String> {
        match self {
            Self::Reference(_) | Self::Variant(_) => None,
            Self::Driven(driver) => {
                Some(&driver.asked).filter(|asked| **asked != driver.name).cloned()
            }
        }
    }

    /// The product's version.
    pub fn version(&self) -> String {
        match self {
            Self::Reference(_) | Self::Variant(_) => env!("CARGO_PKG_VERSION").into(),
            Self::Driven(driver) => {
                driver.root.as_ref().and_then(Root::version).unwrap_or_default()
            }
        }
    }

    /// Why the relay cannot play a case, by what its driver declares.
    pub(super) fn lacks(&self, case: &Case) -> Option<String> {
        let (name, direction) = (self.name(), case.direction);
        if let Self::Driven(driver) = self {
            if !driver.contract.directions.contains(&direction) {
                let why = driver.contract.absent.get(&direction).map(|why| format!(": {why}"));
                let why = why.unwrap_or_else(|| ".".into());
                return Some(format!("The relay {name} takes no part in {direction} mail{why}"));
            }
            // How it comes in is the driver's matter then.
            let way_in = case.submitted_in_tls || case.expect.never.contains(&Never::FalseTrace);
            if way_in && driver.contract.submit.is_some() {
                return Some(format!("The relay {name} is handed its messages by a command."));
            }
            if driver.contract.next_hop == NextHop::SmartHost
                && let Some(needs) = needs_mx(case)
            {
                return Some(format!(
                    "The relay {name} looks up no MX, its next hop is given to it; the case needs \
                     {needs}."
                ));
            }
            let message = &case.message;
            let envelope =
                message.null_sender || !message.parameters.is_empty() || !message.also.is_empty();
            if envelope && driver.contract.submit.is_some() {
                return Some(format!(
                    "The relay {name} is handed its messages by a command, which knows one sender \
                     and one recipient."
                ));
            }
            let outside = |peer: &Peer| peer.place.host == HostPlace::Outside;
            if (case.alias.is_some() || case.peers.iter().any(outside))
                && driver.contract.rules_by_host
            {
                return Some(format!(
                    "The rules of the relay {name} go by the name of the next hop, and this one lies \
                     outside the domain."
                ));
            }
            let literal = case.message.domain == RecipientDomain::Literal;
            if literal && driver.contract.next_hop == NextHop::SmartHost {
                return Some(format!(
                    "The relay {name} is given its next hop: where an address leads to is not its \
                     affair."
                ));
            }
            let by_address = case.before.iter().any(|before| before.rule == RuleBy::Address)
                || (literal && case.connector.forces_tls());
            if by_address && !driver.contract.address_rules {
                return Some(format!("The relay {name} declares no rules for single addresses."));
            }
            let shared = case.before.iter().any(|before| before.connector != case.connector);
            if shared && driver.contract.rules_by_host {
                return Some(format!(
                    "The rules of the relay {name} go by the name of the next hop: two of them \
                     cannot share one."
                ));
            }
            if let Some(reason) = self.too_late(&waits_for(case)) {
                return Some(reason);
            }
        }
        // Reports go out to the sender.
        let reports = case.sender_connector.map(|connector| (Direction::Outbound, connector));
        let mut wanted = case
            .before
            .iter()
            .map(|before| (direction, before.connector))
            .chain(reports)
            .chain(case.message.also.iter().filter_map(|also| match also {
                Also::Under(connector) => Some((direction, *connector)),
                Also::Same => None,
            }))
            .chain([(direction, case.connector)]);
        let (way, missing) = wanted.find(|(way, connector)| !self.declares(*way, *connector))?;
        Some(format!("The relay {name} does not declare the connector {missing} {way}."))
    }

    /// Whether mail goes through the relay this way.
    pub(super) fn takes_part(&self, direction: Direction) -> bool {
        match self {
            Self::Reference(_) | Self::Variant(_) => true,
            Self::Driven(driver) => driver.contract.directions.contains(&direction),
        }
    }

    /// Why mail does not go through it this way, one sentence.
    pub(super) fn why_absent(&self, direction: Direction) -> String {
        let why = match self {
            Self::Reference(_) | Self::Variant(_) => None,
            Self::Driven(driver) => driver.contract.absent.get(&direction).cloned(),
        };
        why.unwrap_or_else(|| "The driver does not name this direction.".into())
    }

    /// All connectors that it has; with a configuration of the user's own, those of its rules.
    pub(super) fn declared(&self, own: Option<&Own>) -> Declared {
        let ways = [Direction::Inbound, Direction::Outbound];
        let all = ways.into_iter().flat_map(|way| Connector::ALL.map(|connector| (way, connector)));
        let has = |(way, connector): &(Direction, Connector)| {
            self.takes_part(*way)
                && self.declares(*way, *connector)
                && own.is_none_or(|own| own.tests(*way, *connector))
        };
        all.filter(has).collect()
    }

    /// Why a case is not waited for any longer if its message still waits when it is judged, by what
    /// the relay's driver declares.
    pub(super) fn may_be_late(&self, case: &Case) -> Option<String> {
        self.too_late(&may_wait_for(case))
    }

    /// What the relay's administrator can do where this case fails, by what its driver says.
    pub(super) fn advice(&self, id: &str) -> Option<String> {
        match self {
            Self::Reference(_) | Self::Variant(_) => None,
            Self::Driven(driver) => driver.contract.advice(id).map(str::to_owned),
        }
    }

    /// Why the relay is too late for a case that waits for one of these.
    fn too_late(&self, waits: &[Late]) -> Option<String> {
        let Self::Driven(driver) = self else { return None };
        let when = waits.iter().find_map(|late| driver.contract.too_late.get(late))?;
        Some(format!("The relay {} is too late for this case: {when}", self.name()))
    }

    /// Whether the relay says that it has this connector for mail that goes this way.
    pub(super) fn declares(&self, direction: Direction, connector: Connector) -> bool {
        match self {
            Self::Reference(_) | Self::Variant(_) => {
                !matches!(connector, Connector::Dane | Connector::MtaSts)
            }
            Self::Driven(driver) => driver.contract.connectors.declare(direction, connector),
        }
    }

    /// Cases at once.
    pub(super) fn concurrency(&self) -> usize {
        match self {
            Self::Reference(_) | Self::Variant(_) => 64,
            Self::Driven(driver) => driver.contract.concurrency,
        }
    }

    /// How long the run listens on after the last verdict, where silence decided some: a driver says
    /// when silence counts, and may be wrong.
    pub(super) fn listens_on(&self) -> Duration {
        match self {
            Self::Reference(_) | Self::Variant(_) => Duration::ZERO,
            Self::Driven(_) => Duration::from_secs(1),
        }
    }

    /// Time allowed for one case.
    pub(super) fn limit(&self) -> Duration {
        match self {
            Self::Reference(_) | Self::Variant(_) => Duration::from_secs(8),
            Self::Driven(_) => Duration::from_secs(20),
        }
    }
}

/// What a case needs of a relay that looks up where mail goes to, beyond one host.
fn needs_mx(case: &Case) -> Option<&'static str> {
    let hops = case.peers.iter().filter(|peer| peer.name != "sender").count();
    match () {
        () if hops > 1 => Some("more than one next hop"),
        () if case.dns.iter().any(|fault| fault.record == "MX") => {
            Some("a fault of the MX records")
        }
        () if case.alias == Some(Alias::Domain) => Some("a domain that is an alias"),
        () if case.peers.iter().any(|peer| peer.place.host == HostPlace::Domain) => {
            Some("a domain without MX records")
        }
        () if case.before.iter().any(|before| before.renamed) => {
            Some("a next hop with a second name")
        }
        () if case.sender_connector.is_some() => Some("a report on its way to the sender"),
        () => None,
    }
}

/// A relay that runs.
pub(super) enum Relay {
    Reference(Running),
    Driven(Box<Driven>),
}

impl Relay {
    /// Its private directory, if it has one.
    pub(super) fn files(&self) -> Option<&Path> {
        match self {
            Self::Reference(_) => None,
            Self::Driven(driven) => Some(driven.files()),
        }
    }

    /// What can be learned about its messages.
    pub(super) fn evidence(&self) -> Evidence {
        match self {
            Self::Reference(running) => Evidence {
                settle: Some(SETTLE),
                queue: Some(Arc::new(Queue::within(running.queue()))),
                ..Evidence::default()
            },
            Self::Driven(driven) => driven.evidence(),
        }
    }

    /// The product's version as its driver's command tells it.
    pub(super) fn version(&self) -> Option<String> {
        match self {
            Self::Reference(_) => None,
            Self::Driven(driven) => driven.version(),
        }
    }

    /// The same, if it has ended.
    pub(super) fn gone(&self) -> Option<String> {
        match self {
            Self::Reference(_) => None,
            Self::Driven(driven) => driven.gone(),
        }
    }

    /// Waits until it ends before the run does: how, in a sentence, and the end of its log.
    pub(super) async fn ended(&mut self) -> String {
        match self {
            Self::Reference(_) => std::future::pending().await,
            Self::Driven(driven) => driven.ended().await,
        }
    }

    /// Ends it, and gives the end of its log.
    pub(super) async fn stop(self) -> Foreign {
        match self {
            Self::Reference(mut running) => {
                running.stop().await;
                Foreign::default()
            }
            Self::Driven(driven) => driven.stop().await,
        }
    }
}

pub(super) async fn start(
    lab: &Lab,
    spec: &RelaySpec,
    options: &RunOptions,
    progress: &dyn Progress,
) -> Result<Relay, RunError> {
    match spec {
        RelaySpec::Reference(_) | RelaySpec::Variant(_) if options.own.is_some() => {
            Err(RunError::NoConfiguration)
        }
        RelaySpec::Reference(mutant) => reference(lab, *mutant, &[], options).await,
        RelaySpec::Variant(variants) => reference(lab, None, variants, options).await,
        RelaySpec::Driven(driver) => {
            let driven = driven::start(lab, driver, options, progress).await?;
            Ok(Relay::Driven(Box::new(driven)))
        }
    }
}

async fn reference(
    lab: &Lab,
    mutant: Option<Mutant>,
    variants: &[Variant],
    options: &RunOptions,
) -> Result<Relay, RunError> {
    let mut listeners = Vec::new();
    for connector in INBOUND {
        let port = match (options.sandbox, connector) {
            (None, _) => 0,
            (Some(_), Connector::Implicit) => 465,
            (Some(_), _) => 25,
        };
        let at = SocketAddr::new(IpAddr::V4(lab.relay_address()?), port);
        let system = |error| RunError::System { what: format!("listen on {at}"), error };
        let listener = TcpListener::bind(at).await.map_err(system)?;
        let address = listener.local_addr().map_err(system)?;
        lab.listeners.lock().unwrap_or_else(PoisonError::into_inner).insert(connector, address);
        listeners.push((connector, listener));
    }
    let recipe = match mutant {
        Some(Mutant::ServerShowsShortKey) => "trusted-rsa-1024",
        _ => "trusted-rsa-3072",
    };
    let mut identity = lab.identity(recipe, RELAY)?;
    match mutant {
        Some(Mutant::ServerForgetsIntermediate) => identity.chain.truncate(1),
        Some(Mutant::ServerRepeatsLeaf) => {
            let leaf: Vec<_> = identity.chain.first().cloned().into_iter().collect();
            identity.chain.splice(0..0, leaf);
        }
        _ => {}
    }
    let setup = Setup {
        hostname: RELAY.into(),
        dns: lab.dns,
        smtp_port: lab.smtp_port,
        outbound: OUTBOUND.map(|connector| (connector, format!(".{connector}.test"))).to_vec(),
        partner_suffix: format!("@{PARTNER_DOMAIN}"),
        partner_name: PARTNER.into(),
        identity,
        client_identity: lab.identity("client", RELAY)?,
        trust_anchors: lab.authorities.trust_anchors(),
        client_trust_anchors: lab.authorities.client_trust_anchors(),
        mutant,
        variants: variants.to_vec(),
        memory: Memory::default(),
    };
    Ok(Relay::Reference(Running::start(setup, listeners)))
}

//! The lab of one run: names, addresses, certificates, and who listens where.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{JoinSet, block_in_place};
use waxseal_certs::{Authorities, Issued, Recipes};
use waxseal_model::facts::Engine;
use waxseal_model::judge::Names;
use waxseal_model::limits::{self, Bound};
use waxseal_model::offer::Offer;
use waxseal_model::scenario::{Case, Connector, Family};
use waxseal_model::script::Script;
use waxseal_model::trace::{Happening, Place};

use super::claim::claim_addresses;
use super::quiet::Quiet;
use super::{RunError, RunOptions};
use crate::catalogue::Catalogue;
use crate::lab::descriptors::{accept, is_limit};
use crate::lab::{Addresses, Data, DnsServer, LabError, Listening, Query, Zones, addresses, ipv6};
use crate::peer::{Patience, Pool, ReceiverPlan, Recorder, receive};
use crate::relay::labfile::DOMAINS;
use crate::tls::{AskClient, Identity, ServerSetup, choose};

/// The relay's host name.
pub(super) const RELAY: &str = "relay.waxseal.test";
/// The name in the partner's certificate.
pub(super) const PARTNER: &str = "mail.partner.test";
/// The partner's sender domain.
pub(super) const PARTNER_DOMAIN: &str = "partner.test";
/// Where inbound probes go on to.
pub(super) const SINK: &str = "sink.test";

/// Outbound connectors that have a suffix rule.
pub(super) const OUTBOUND: [Connector; 5] = [
    Connector::Opportunistic,
    Connector::EncryptionOnly,
    Connector::CertificateValidation,
    Connector::DomainValidation,
    Connector::Mutual,
];

/// Inbound connectors that have a listener of their own.
pub(super) const INBOUND: [Connector; 4] =
    [Connector::Opportunistic, Connector::EncryptionOnly, Connector::Mutual, Connector::Implicit];

/// All around the relay.
pub(super) struct Lab {
    pub(super) authorities: Authorities,
    recipes: Recipes,
    /// Domains below each suffix that the relay is told of: scenarios of the user's own need more.
    pub(super) domains: usize,
    pub(super) zones: Zones,
    pub(super) dns: SocketAddr,
    pub(super) smtp_port: u16,
    /// Whether the lab is a private network.
    private: bool,
    /// Whether peers can have addresses of IPv6.
    ipv6: bool,
    addresses: Mutex<Addresses>,
    listeners: Mutex<BTreeMap<Connector, SocketAddr>>,
    cases: Cases,
    unplayed: Unplayed,
    /// What the cases may keep beyond their shares.
    pub(super) pool: Pool,
    pub(super) quiet: Quiet,
    _server: DnsServer,
    _sink: JoinSet<()>,
}

/// Which trace a name of the lab belongs to.
type Cases = Arc<Mutex<BTreeMap<String, Recorder>>>;

/// Hosts that the relay looked for, and that nobody plays.
type Unplayed = Arc<Mutex<BTreeSet<String>>>;

/// As many of them are kept.
const MOST_UNPLAYED: usize = 50;

/// How long our peers wait. The relay gives up first, or the case's deadline comes.
pub(super) const PATIENCE: Patience = Patience {
    line: Duration::from_secs(20),
    handshake: Duration::from_secs(20),
    ending: Duration::from_secs(3),
};

impl Lab {
    pub(super) async fn build(
        catalogue: &Catalogue,
        options: &RunOptions,
    ) -> Result<Self, RunError> {
        let zones = Zones::new();
        let cases = Cases::default();
        let unplayed = Unplayed::default();
        let (heard, missed) = (Arc::clone(&cases), Arc::clone(&unplayed));
        let listening: Listening = Arc::new(move |query: Query| {
            if let Some(nobody) = note_query(&heard, query) {
                let mut missed = missed.lock().unwrap_or_else(PoisonError::into_inner);
                // What a relay asks is hostile: it cannot fill the memory.
                if missed.len() < MOST_UNPLAYED {
                    missed.insert(nobody);
                }
            }
        });
        let dns_port = if options.sandbox.is_some() { 53 } else { 0 };
        let dns = SocketAddr::new(IpAddr::V4(addresses::DNS), dns_port);
        let server = DnsServer::start(dns, zones.clone(), listening).await?;
        let smtp_port = if options.sandbox.is_some() { 25 } else { free_port().await? };
        let mut lab = Self {
            authorities: Authorities::new(SystemTime::now())?,
            recipes: catalogue.recipes.clone(),
            domains: DOMAINS.max(3 * catalogue.cases().count()),
            zones,
            dns: server.address(),
            smtp_port,
            private: options.sandbox.is_some(),
            ipv6: match options.sandbox {
                Some(sandbox) => sandbox.ipv6,
                None => TcpSocket::new_v6().is_ok(),
            },
            addresses: Mutex::new(Addresses::new()),
            listeners: Mutex::default(),
            cases,
            unplayed,
            pool: Pool::default(),
            quiet: Quiet::default(),
            _server: server,
            _sink: JoinSet::new(),
        };
        let sandbox = options.sandbox.as_ref();
        options.own.iter().try_for_each(|own| claim_addresses(own, sandbox))?;
        lab.open_sink().await?;
        Ok(lab)
    }

    /// A next hop that takes every inbound probe.
    async fn open_sink(&mut self) -> Result<(), RunError> {
        let host = format!("mx.{SINK}");
        let address = self.case_address()?;
        self.zones.add(SINK, Data::Mx { preference: 10, host: host.clone() })?;
        self.zones.add(&host, Data::A(address))?;
        for name in ["sender.test", PARTNER_DOMAIN] {
            self.zones.add(name, Data::Mx { preference: 10, host: host.clone() })?;
        }
        let names = Names::from([("mx".to_owned(), host.clone())]);
        let tls = self.server_setup(&Offer::modern(), "trusted", &host, &[], AskClient::No)?;
        let script = Script { parts: vec![Vec::new()] };
        let plan = ReceiverPlan::new("sink", &script, &names, tls, PATIENCE);
        let listener = self.listen(address.into(), None).await?;
        self._sink.spawn(serve(listener, plan, Recorder::deaf()));
        Ok(())
    }

    pub(super) fn case_address(&self) -> Result<Ipv4Addr, LabError> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner).case()
    }

    /// An address for a peer of a case.
    pub(super) fn address_of(&self, family: Family) -> Result<IpAddr, LabError> {
        let addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        match family {
            Family::Ipv4 => addresses.case().map(IpAddr::V4),
            Family::Ipv6 => addresses.six(self.private).map(IpAddr::V6),
        }
    }

    /// Why a case about IPv6 cannot be played here. `driven`: the relay is a process of its own, and what
    /// it makes of an address that stands for one of IPv4 is its own affair.
    pub(super) fn lacks_ipv6(&self, case: &Case, driven: bool) -> Option<String> {
        let wants = case.peers.iter().any(|peer| peer.place.family == Family::Ipv6);
        let why = match (self.ipv6, self.private) {
            _ if !wants => return None,
            (false, true) => {
                "The private network has no addresses of IPv6: this machine gives it none."
            }
            (false, false) => "This machine has no IPv6.",
            (true, false) if driven => {
                "Outside the private network there is one address of IPv6 for all next hops."
            }
            (true, _) => return None,
        };
        Some(why.into())
    }

    pub(super) fn relay_address(&self) -> Result<Ipv4Addr, LabError> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner).relay()
    }

    /// Events about this name and all below belong to that trace. Whether that is new.
    pub(super) fn own(&self, domain: &str, recorder: &Recorder) -> bool {
        let mut cases = self.cases.lock().unwrap_or_else(PoisonError::into_inner);
        cases.insert(domain.to_owned(), recorder.clone()).is_none()
    }

    /// The hosts whose address the relay asked for in vain, and not about the lab.
    pub(super) fn unplayed(&self) -> Vec<String> {
        let unplayed = self.unplayed.lock().unwrap_or_else(PoisonError::into_inner);
        unplayed.iter().filter(|name| !name.ends_with(".test")).cloned().collect()
    }

    /// The relay of another instance looked for these hosts in vain.
    pub(super) fn also_unplayed(&self, hosts: Vec<String>) {
        let mut unplayed = self.unplayed.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST_UNPLAYED.saturating_sub(unplayed.len());
        unplayed.extend(hosts.into_iter().take(room));
    }

    /// Listens as a next hop does, or at a port of the user's.
    pub(super) async fn listen(
        &self,
        address: IpAddr,
        port: Option<u16>,
    ) -> Result<TcpListener, RunError> {
        // What stands for an address of IPv4 is one to the system.
        let at = SocketAddr::new(address.to_canonical(), port.unwrap_or(self.smtp_port));
        let listening = match at {
            SocketAddr::V4(_) => TcpListener::bind(at).await,
            SocketAddr::V6(_) => ipv6::listen(at),
        };
        listening.map_err(|error| RunError::System { what: format!("listen on {at}"), error })
    }

    /// The relay listens there.
    pub(super) fn listens(&self, connector: Connector, at: SocketAddr) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.insert(connector, at);
    }

    pub(super) fn listener(&self, connector: Connector) -> Option<SocketAddr> {
        let listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let connector = match connector {
            Connector::Partner => Connector::Opportunistic,
            other => other,
        };
        listeners.get(&connector).copied()
    }

    /// A certificate by its recipe, for files.
    pub(super) fn issue(&self, recipe: &str, name: &str) -> Result<Issued, RunError> {
        let recipe =
            self.recipes.get(recipe).ok_or(waxseal_certs::Error::Recipe("no such name"))?;
        Ok(apart(|| self.authorities.issue(recipe, name))?)
    }

    /// A certificate by its recipe, for our own peers.
    pub(super) fn identity(&self, recipe: &str, name: &str) -> Result<Identity, RunError> {
        self.identity_for(recipe, name, &[])
    }

    /// The same with these names in it; none: those of the recipe.
    fn identity_for(
        &self,
        recipe: &str,
        name: &str,
        names: &[String],
    ) -> Result<Identity, RunError> {
        let issued = match names {
            [] => self.issue(recipe, name)?,
            names => {
                let known = self.recipes.get(recipe);
                let known = known.ok_or(waxseal_certs::Error::Recipe("no such name"))?.clone();
                let recipe = waxseal_certs::Recipe { names: names.to_vec(), ..known };
                apart(|| self.authorities.issue(&recipe, name))?
            }
        };
        Ok(Identity { chain: issued.chain, key: issued.key, weak: issued.weak })
    }

    /// Why our peers cannot play a case with this engine.
    pub(super) fn lacks(&self, case: &Case, engine: Option<Engine>) -> Option<String> {
        let engine = engine?;
        case.peers.iter().find_map(|peer| {
            if let Some(only) = peer.engine().filter(|only| *only != engine) {
                let (other, only) = (engine.name(), only.name());
                return Some(format!("The engine {other} cannot play it; {only} can."));
            }
            let identity = peer.cert.as_ref().and_then(|recipe| self.identity(recipe, RELAY).ok());
            let unplayable = choose(&peer.offer, identity.as_ref(), Some(engine)).err()?;
            Some(format!("With the engine {}: {unplayable}.", engine.name()))
        })
    }

    /// How a receiver negotiates. Old suites want an RSA key: an offer that only the legacy engine
    /// plays gets one, unless the scenario names another certificate.
    pub(super) fn server_setup(
        &self,
        offer: &Offer,
        recipe: &str,
        host: &str,
        names: &[String],
        ask: AskClient,
    ) -> Result<ServerSetup, RunError> {
        let modern = choose(offer, None, None).is_ok_and(|engine| engine == Engine::Modern);
        let recipe = if recipe == "trusted" && !modern { "trusted-rsa" } else { recipe };
        let identity = self.identity_for(recipe, host, names)?;
        Ok(ServerSetup {
            offer: offer.clone(),
            identity,
            ask,
            engine: None,
            tickets: None,
            renegotiates: false,
        })
    }
}

/// A long RSA key takes seconds to make: what else this thread has to do goes on in another one.
fn apart<T>(make: impl FnOnce() -> T) -> T {
    let several = |runtime: Handle| runtime.runtime_flavor() == RuntimeFlavor::MultiThread;
    if Handle::try_current().is_ok_and(several) { block_in_place(make) } else { make() }
}

/// Serves connections to one receiver until dropped, so many at once and in all.
pub(super) async fn serve(listener: TcpListener, plan: ReceiverPlan, recorder: Recorder) {
    let mut sessions = JoinSet::new();
    let mut number: u32 = 0;
    let mut told = BTreeSet::new();
    let mut tell = |kind: Happening| {
        if told.insert(format!("{kind:?}")) {
            recorder.note(Place::Run, kind);
        }
    };
    let too_many = || Happening::Cut { bound: Bound::Connections, events: 0, octets: 0 };
    loop {
        let room = sessions.len() < limits::HELD;
        if !room {
            tell(too_many());
        }
        tokio::select! {
            accepted = accept(&listener), if room => match accepted {
                // Whoever keeps no trace plays no case: it serves all of them.
                Ok(_) if number as usize >= limits::CONNECTIONS && recorder.keeps() => {
                    tell(too_many());
                }
                Ok(stream) => {
                    number = number.saturating_add(1);
                    sessions.spawn(one(plan.clone(), stream, number, recorder.clone()));
                }
                Err(error) if is_limit(&error) => tell(Happening::HarnessError(error)),
                Err(_) => {}
            },
            Some(done) = sessions.join_next() => if let Err(error) = done {
                tell(Happening::HarnessError(format!("a peer broke off: {error}")));
            },
        }
    }
}

async fn one(plan: ReceiverPlan, stream: TcpStream, number: u32, recorder: Recorder) {
    receive(&plan, stream, number, recorder).await;
}

/// Tells the case that a question belongs to; or gives the name, where it is a host that no case
/// knows and nobody plays.
fn note_query(cases: &Cases, query: Query) -> Option<String> {
    let name = query.name.trim_end_matches('.').to_ascii_lowercase();
    let in_vain = query.record == "A" && matches!(query.answer.as_str(), "NXDOMAIN" | "NOERROR 0");
    let cases = cases.lock().unwrap_or_else(PoisonError::into_inner);
    let mut rest = name.as_str();
    loop {
        if let Some(recorder) = cases.get(rest) {
            let asked = Happening::DnsQuery {
                name: name.clone(),
                record: query.record,
                answer: query.answer,
            };
            recorder.note(Place::Dns, asked);
            // A host of the case has an address, or the case is about that. One below its domain that
            // nobody has named is the configuration's.
            return (in_vain && rest != name).then_some(name);
        }
        match rest.split_once('.') {
            Some((_, parent)) => rest = parent,
            None => break,
        }
    }
    (in_vain && name.contains('.')).then_some(name)
}

/// A port that is free on the loopback addresses, for next hops outside a sandbox.
pub(super) async fn free_port() -> Result<u16, RunError> {
    let system = |error| RunError::System { what: "find a free port".into(), error };
    // Bound and never listened on: free on every address, and nobody can connect to it.
    let socket = TcpSocket::new_v4().map_err(system)?;
    socket.bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))).map_err(system)?;
    socket.local_addr().map(|address| address.port()).map_err(system)
}

//! A little relay of our own: inbound and outbound, every connector, a queue with retry and reports.
//!
//! It shares `wire` and `tls` with the peers, and nothing else: it knows no scenario.

mod careless;
mod certificates;
mod embedded;
mod inbound;
mod login;
mod memory;
mod mutant;
mod odd_answers;
mod odd_hellos;
mod outbound;
mod queue;
mod received;
mod rules;
mod scrutiny;
mod server_faults;
mod session;
mod variant;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use waxseal_model::offer::{Offer, SuiteChoice};
use waxseal_model::scenario::Connector;

pub use embedded::Reference;
pub use memory::Memory;
pub use mutant::Mutant;
pub use variant::Variant;

use super::evidence::Queued;
use crate::lab::Resolver;
use crate::tls::{Identity, SessionStore};

/// The suites of TLS 1.3 with AES-GCM, and those that RFC 9325 section 4.2 recommends for TLS 1.2.
const AES_GCM: [&str; 6] = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
];

/// What the relay is told.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Its own name.
    pub hostname: String,
    /// The resolver.
    pub dns: SocketAddr,
    /// The port of next hops.
    pub smtp_port: u16,
    /// Suffix rules for recipient domains, `.encryption-only.test`.
    pub outbound: Vec<(Connector, String)>,
    /// The suffix of the partner's sender domains.
    pub partner_suffix: String,
    /// The name in the partner's certificate.
    pub partner_name: String,
    /// What it shows as a server.
    pub identity: Identity,
    /// What it shows as a client, under `mutual`.
    pub client_identity: Identity,
    /// Roots for servers, DER.
    pub trust_anchors: Vec<Vec<u8>>,
    /// Roots for clients, DER.
    pub client_trust_anchors: Vec<Vec<u8>>,
    /// The one deliberate fault, if any.
    pub mutant: Option<Mutant>,
    /// The other ways in which it is right.
    pub variants: Vec<Variant>,
    /// What the fault remembers; begins empty.
    pub memory: Memory,
}

impl Setup {
    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    fn varies(&self, variant: Variant) -> bool {
        self.variants.contains(&variant)
    }

    /// The groups and suites of a variant in its offer, as `server` or as client.
    fn narrow(&self, offer: &mut Offer, server: bool) {
        let has = |of_server: Variant, of_client: Variant| {
            self.varies(if server { of_server } else { of_client })
        };
        let fips = has(Variant::ServerInFipsMode, Variant::ClientInFipsMode);
        if fips || has(Variant::ServerHasAesGcmOnly, Variant::ClientHasAesGcmOnly) {
            offer.suites =
                AES_GCM.iter().map(|name| SuiteChoice::Named((*name).to_owned())).collect();
        }
        let groups: &[&str] = if fips {
            &["p-256", "p-384"]
        } else if has(Variant::ServerHasX25519Only, Variant::ClientHasX25519Only) {
            &["x25519"]
        } else if !server && self.varies(Variant::ClientHasTwoGroups) {
            &["x25519", "p-256"]
        } else {
            return;
        };
        offer.groups = groups.iter().map(|name| (*name).to_owned()).collect();
    }

    /// The sessions that a fault resumes. The clean relay resumes none.
    fn sessions(&self) -> Option<SessionStore> {
        match self.mutant? {
            Mutant::ClientResumesForAnyRule | Mutant::ClientResumesForAnyName => {
                Some(self.memory.sessions(false))
            }
            Mutant::ClientSendsEarlyData => Some(self.memory.sessions(true)),
            _ => None,
        }
    }

    /// The rule for a recipient: that of its address, where the local part names one, or that of
    /// its domain.
    fn connector(&self, local: &str, domain: &str) -> Connector {
        let named = local.rsplit_once('.').map(|(_, name)| name);
        let by_address = self.outbound.iter().find(|(rule, _)| Some(rule.name()) == named);
        let by_domain =
            || self.outbound.iter().find(|(_, suffix)| domain.ends_with(suffix.as_str()));
        by_address.or_else(by_domain).map_or(Connector::Opportunistic, |(connector, _)| *connector)
    }

    fn resolver(&self) -> Resolver {
        Resolver { over_tcp: !self.is(Mutant::ClientAsksUdpOnly), ..Resolver::new(self.dns) }
    }
}

/// The relay while it runs. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    tasks: JoinSet<()>,
    queue: queue::Queue,
}

impl Running {
    /// Serves these listeners, each with its connector.
    pub fn start(setup: Setup, listeners: Vec<(Connector, TcpListener)>) -> Self {
        let setup = Arc::new(setup);
        let (queue, worker) = queue::open(Arc::clone(&setup));
        let mut tasks = JoinSet::new();
        tasks.spawn(worker);
        for (connector, listener) in listeners {
            let (setup, queue) = (Arc::clone(&setup), queue.clone());
            tasks.spawn(inbound::listen(connector, listener, setup, queue));
        }
        Self { tasks, queue }
    }

    /// The queue as it is now, for those who ask where a message is. What is tried again within moments
    /// has no reason.
    pub fn queue(&self) -> impl Fn() -> Vec<Queued> + Send + Sync + 'static {
        let queue = self.queue.clone();
        move || {
            let told = |(number, held): (u64, queue::Waiting)| Queued {
                id: number.to_string(),
                recipient: held.recipient,
                reason: held.reason.as_str().into(),
            };
            queue.list().into_iter().map(told).collect()
        }
    }

    /// Stops everything.
    pub async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }
}

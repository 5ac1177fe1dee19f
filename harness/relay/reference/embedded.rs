//! The reference relay as one under test: it reads the same lab file as a driver's relay.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use waxseal_model::foreign::Foreign;
use waxseal_model::scenario::{Case, Connector};
use waxseal_model::script::Direction;

use super::{Memory, Mutant, Running, Setup, Variant};
use crate::lab::LabError;
use crate::relay::error::RelayError;
use crate::relay::evidence::{Evidence, Queue};
use crate::relay::interface::{LabNeeds, Later, Pace, Relay, RunningRelay, Start};
use crate::relay::labfile::{Credentials, LabFile};
use crate::relay::refusal::undeclared;
use crate::tls::{Identity, read_certificates_pem, read_identity_pem};

/// When to ask where a message is; the relay tries again sooner than that.
const SETTLE: Duration = Duration::from_millis(500);

/// The reference relay before it starts: with one deliberate fault, or in other ways to be right.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    /// The fault.
    pub mutant: Option<Mutant>,
    /// The other ways.
    pub variants: Vec<Variant>,
}

impl Relay for Reference {
    fn name(&self) -> String {
        let differs: Vec<&str> = match self.mutant {
            Some(mutant) => vec![mutant.name()],
            None => self.variants.iter().map(|variant| variant.name()).collect(),
        };
        match &differs[..] {
            [] => "reference".into(),
            differs => format!("reference with {}", differs.join(", ")),
        }
    }

    fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").into()
    }

    fn is_embedded(&self) -> bool {
        true
    }

    fn absent(&self, _direction: Direction) -> Option<String> {
        None
    }

    fn declares(&self, _direction: Direction, connector: Connector) -> bool {
        !matches!(connector, Connector::Dane | Connector::MtaSts)
    }

    fn refuses(&self, case: &Case) -> Option<String> {
        undeclared(self, case)
    }

    fn pace(&self) -> Pace {
        Pace {
            concurrency: 64,
            limit: Duration::from_secs(8),
            listens_on: Duration::ZERO,
            remembers: Duration::ZERO,
        }
    }

    fn needs_of_lab(&self) -> LabNeeds {
        LabNeeds {
            listens: true,
            address_rules: true,
            // It listens before anybody else can take the port.
            picks_ports: true,
            certificate: match self.mutant {
                Some(Mutant::ServerShowsShortKey) => "trusted-rsa-1024",
                _ => "trusted-rsa-3072",
            },
        }
    }

    fn start<'a>(
        &'a self,
        start: Start<'a>,
    ) -> Later<'a, Result<Box<dyn RunningRelay>, RelayError>> {
        Box::pin(async move {
            if start.adopt.is_some() {
                return Err(RelayError::NoConfiguration);
            }
            Ok(Box::new(self.listen(start.lab).await?) as _)
        })
    }
}

impl Reference {
    async fn listen(&self, lab: &LabFile) -> Result<Embedded, RelayError> {
        let setup = self.setup(lab)?;
        let (mut listeners, mut listening) = (Vec::new(), Vec::new());
        for listen in &lab.listen {
            let address = SocketAddr::new(listen.address, listen.port);
            let failed = |cause| LabError::Listen { address, cause };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            listeners.push((listen.connector, listener.local_addr().map_err(failed)?));
            listening.push((listen.connector, listener));
        }
        Ok(Embedded { running: Running::start(setup, listening), listeners })
    }

    /// What the relay is told, with the certificates that the lab file names.
    fn setup(&self, lab: &LabFile) -> Result<Setup, RelayError> {
        let mut identity = identity(lab, &lab.certificate)?;
        match self.mutant {
            Some(Mutant::ServerForgetsIntermediate) => identity.chain.truncate(1),
            Some(Mutant::ServerRepeatsLeaf) => {
                let leaf: Vec<_> = identity.chain.first().cloned().into_iter().collect();
                identity.chain.splice(0..0, leaf);
            }
            _ => {}
        }
        let partner = lab.inbound.iter().find(|rule| rule.connector == Connector::Partner);
        let senders = partner.and_then(|rule| rule.senders.first());
        let outbound = lab
            .outbound
            .iter()
            .flat_map(|rule| rule.domains.iter().map(|suffix| (rule.connector, suffix.clone())));
        Ok(Setup {
            hostname: lab.hostname.clone(),
            dns: SocketAddr::new(lab.dns.address, lab.dns.port),
            smtp_port: lab.smtp_port,
            outbound: outbound.collect(),
            partner_suffix: senders.map(|domain| format!("@{domain}")).unwrap_or_default(),
            partner_name: partner.map(|rule| rule.certificate_name.clone()).unwrap_or_default(),
            identity,
            client_identity: self::identity(lab, &lab.client_certificate)?,
            trust_anchors: roots(&lab.dir.join(&lab.trust_anchors))?,
            client_trust_anchors: roots(&lab.dir.join(&lab.client_trust_anchors))?,
            mutant: self.mutant,
            variants: self.variants.clone(),
            memory: Memory::default(),
        })
    }
}

/// The reference relay while it runs.
#[derive(Debug)]
struct Embedded {
    running: Running,
    listeners: Vec<(Connector, SocketAddr)>,
}

impl RunningRelay for Embedded {
    fn listeners(&self) -> Vec<(Connector, SocketAddr)> {
        self.listeners.clone()
    }

    fn evidence(&self) -> Evidence {
        Evidence {
            settle: Some(SETTLE),
            queue: Some(Arc::new(Queue::within(self.running.queue()))),
            ..Evidence::default()
        }
    }

    fn stop(mut self: Box<Self>) -> Later<'static, Foreign> {
        Box::pin(async move {
            self.running.stop().await;
            Foreign::default()
        })
    }
}

fn identity(lab: &LabFile, of: &Credentials) -> Result<Identity, RelayError> {
    let (path, chain) = bytes(lab.dir.join(&of.chain))?;
    let (_, key) = bytes(lab.dir.join(&of.key))?;
    read_identity_pem(&chain, &key).map_err(|why| unreadable(&path, why))
}

fn roots(path: &Path) -> Result<Vec<Vec<u8>>, RelayError> {
    let (path, pem) = bytes(path.to_owned())?;
    read_certificates_pem(&pem).map_err(|why| unreadable(&path, why))
}

fn bytes(path: PathBuf) -> Result<(PathBuf, Vec<u8>), RelayError> {
    match fs::read(&path) {
        Ok(bytes) => Ok((path, bytes)),
        Err(cause) => Err(RelayError::Read { path, cause }),
    }
}

fn unreadable(path: &Path, why: String) -> RelayError {
    let cause = std::io::Error::new(std::io::ErrorKind::InvalidData, why);
    RelayError::Read { path: path.to_owned(), cause }
}

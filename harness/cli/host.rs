//! One host of `waxseal scan`: survey, certificates and checks, one after the other.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::OnceCell;
use waxseal_model::certificate::ChainFacts;
use waxseal_model::pins::{Pins, Seen};
use waxseal_model::record::CaseRecord;
use waxseal_model::scan::{AskedName, Entry, Found, HostFacts, NOT_ASKED, Shown, Target};

use super::arguments::Part;
use crate::catalogue::Catalogue;
use crate::relay::Remote;
use crate::run::{CheckOptions, starttls_checks};
use crate::scan::{Depth, Host, Limits, certificates, reachable, resolve, survey};

/// What every host of one call is asked.
pub(super) struct Asking {
    pub(super) parts: Vec<Part>,
    pub(super) limits: Limits,
    pub(super) profile: String,
    /// In DER.
    pub(super) roots: Arc<Vec<Vec<u8>>>,
    /// Read while the first host is surveyed: it takes longer than most scans.
    pub(super) catalogue: OnceCell<Result<Arc<Catalogue>, String>>,
}

/// What one host gave, before it is judged.
pub(super) struct Raw {
    pub(super) target: Target,
    pub(super) facts: HostFacts,
    pub(super) certificates: Found<Vec<Shown>>,
    pub(super) checks: Found<Vec<CaseRecord>>,
    pub(super) connections: usize,
    pub(super) duration: Duration,
}

impl Asking {
    pub(super) fn asks(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }

    /// Asks one host for all that is wanted of it, within the time of the limits.
    pub(super) async fn ask(&self, mut target: Target) -> Raw {
        let begun = Instant::now();
        let mut raw = Raw {
            facts: HostFacts::not_asked(),
            certificates: Found::Moot(NOT_ASKED.into()),
            checks: Found::Moot(NOT_ASKED.into()),
            connections: 0,
            duration: Duration::ZERO,
            target: target.clone(),
        };
        let patience = self.limits.patience.min(self.limits.time);
        match resolve(&target, patience).await {
            Ok(addresses) => {
                let (address, tried) = reachable(&addresses, patience / 2).await;
                raw.connections = tried;
                if let Some(address) = address {
                    target.address = Some(address.ip().to_string());
                    raw.target = target;
                    self.parts(&mut raw, address, begun).await;
                }
            }
            Err(why) => raw.facts.tls = Found::Unknown(why),
        }
        raw.duration = begun.elapsed();
        raw
    }

    async fn parts(&self, raw: &mut Raw, address: SocketAddr, begun: Instant) {
        let host = Arc::new(Host::new(raw.target.clone(), address, self.limits, begun));
        let depth = match self.parts.contains(&Part::Suites) {
            true if !self.asks(Part::Tls) => Some(Depth::Suites),
            _ => self.asks(Part::Tls).then_some(Depth::Whole),
        };
        if let Some(depth) = depth {
            (raw.facts, ()) = tokio::join!(Box::pin(survey(&host, depth)), self.prepare());
        }
        let without = match &raw.facts.tls {
            Found::Known(false) => Some("the host offers no TLS".to_owned()),
            Found::Unknown(why) => Some(why.clone()),
            Found::Known(true) | Found::Moot(_) => None,
        };
        if self.asks(Part::Certificates) {
            raw.certificates = match &without {
                Some(why) => Found::Moot(why.clone()),
                None => Found::Known(certificates(&host, &raw.facts, &self.roots).await),
            };
        }
        if self.asks(Part::Starttls) {
            let (checks, connections) = match without {
                Some(why) => (Found::Moot(why), 0),
                None => self.checks(&host, raw, address).await,
            };
            raw.checks = checks;
            raw.connections += connections;
        }
        raw.connections += host.connections();
    }

    async fn prepare(&self) {
        if self.asks(Part::Starttls) {
            self.catalogue().await;
        }
    }

    async fn catalogue(&self) -> &Result<Arc<Catalogue>, String> {
        let read = || async {
            let read = tokio::task::spawn_blocking(Catalogue::embedded).await;
            let read = read.map_err(|error| error.to_string())?;
            read.map(Arc::new)
                .map_err(|wrong| wrong.iter().map(ToString::to_string).collect::<String>())
        };
        self.catalogue.get_or_init(read).await
    }

    async fn checks(
        &self,
        host: &Host,
        raw: &Raw,
        address: SocketAddr,
    ) -> (Found<Vec<CaseRecord>>, usize) {
        if let Some(why) = host.over() {
            return (Found::Unknown(why), 0);
        }
        let catalogue = match self.catalogue().await {
            Ok(catalogue) => Arc::clone(catalogue),
            Err(why) => return (Found::Unknown(why.clone()), 0),
        };
        let named = raw.target.host.parse::<std::net::IpAddr>().is_err();
        let remote = Remote {
            address,
            name: named.then(|| raw.target.host.clone()),
            implicit: raw.target.entry == Entry::Implicit,
        };
        let options = CheckOptions {
            profile: self.profile.clone(),
            jobs: host.at_once(),
            limit: host.left().min(Duration::from_secs(20)),
            time: host.left(),
            ..CheckOptions::default()
        };
        match starttls_checks(&catalogue, &remote, &options).await {
            Ok(checked) => (Found::Known(checked.cases), checked.connections),
            Err(error) => (Found::Unknown(error.to_string()), 0),
        }
    }
}

impl Raw {
    /// How the host differs from what is expected: of every chain that its own name, or no name,
    /// is answered with. Whoever asks may be shown any of them.
    pub(super) fn differences(&self, pins: &Pins) -> Vec<String> {
        let versions: Vec<_> = self
            .facts
            .versions
            .iter()
            .filter(|version| version.support == Found::Known(true))
            .map(|version| version.version)
            .collect();
        let suites: Vec<_> =
            self.facts.accepted().map(|(_, accepted)| accepted.suite.clone()).collect();
        // A clock before 1970 is no clock.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let shown = self.certificates.known().map_or(&[][..], Vec::as_slice);
        let chains = shown.iter().filter(|shown| shown.name != AskedName::Unknown);
        let mut seen: Vec<&ChainFacts> = Vec::new();
        let mut found = Vec::new();
        for chain in chains.filter_map(Shown::chain) {
            if seen.contains(&chain) {
                continue;
            }
            seen.push(chain);
            for text in pins.differences(&Seen { chain, versions: &versions, suites: &suites }, now)
            {
                if !found.contains(&text) {
                    found.push(text);
                }
            }
        }
        found
    }
}

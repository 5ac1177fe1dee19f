//! One host of `waxseal scan`: survey, certificates and checks, one after the other.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::OnceCell;
use tokio::time::timeout;
use waxseal_model::certificate::ChainFacts;
use waxseal_model::pins::{Pins, Seen};
use waxseal_model::record::CaseRecord;
use waxseal_model::scan::{AskedName, Entry, Found, HostFacts, Shown, Target};

use super::arguments::Part;
use crate::catalogue::Catalogue;
use crate::relay::Remote;
use crate::run::{CheckOptions, literal, starttls_checks};
use crate::scan::{Limits, certificates, resolve, survey};

/// What every host of one call is asked.
pub(super) struct Asking {
    pub(super) parts: Vec<Part>,
    pub(super) limits: Limits,
    pub(super) profile: String,
    pub(super) roots: Vec<Vec<u8>>,
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

    /// Asks one host for all that is wanted of it. Each part has the whole time of the limits.
    pub(super) async fn ask(&self, mut target: Target) -> Raw {
        let begun = Instant::now();
        let not_asked = || "it was not asked for".to_owned();
        let mut raw = Raw {
            facts: HostFacts { tls: Found::Moot(not_asked()), ..HostFacts::default() },
            certificates: Found::Moot(not_asked()),
            checks: Found::Moot(not_asked()),
            connections: 0,
            duration: Duration::ZERO,
            target: target.clone(),
        };
        match resolve(&target, self.limits.patience.min(self.limits.time)).await {
            Ok(address) => {
                target.address = Some(address.ip().to_string());
                raw.target = target;
                self.parts(&mut raw, address).await;
            }
            Err(why) => raw.facts.tls = Found::Unknown(why),
        }
        raw.duration = begun.elapsed();
        raw
    }

    async fn parts(&self, raw: &mut Raw, address: SocketAddr) {
        if self.asks(Part::Tls) {
            let surveyed = Box::pin(survey(&raw.target, address, self.limits));
            let (surveyed, ()) = tokio::join!(surveyed, self.prepare());
            raw.connections = surveyed.connections;
            raw.facts = surveyed.facts;
        }
        let without = match &raw.facts.tls {
            Found::Known(false) => Some("the host offers no TLS".to_owned()),
            Found::Unknown(why) => Some(why.clone()),
            Found::Known(true) | Found::Moot(_) => None,
        };
        let named = raw.target.host.parse::<std::net::IpAddr>().is_err();
        let remote = Remote {
            address,
            name: named.then(|| raw.target.host.clone()),
            implicit: raw.target.entry == Entry::Implicit,
        };
        if self.asks(Part::Certificates) {
            raw.certificates = match &without {
                Some(why) => Found::Moot(why.clone()),
                None => self.certificates(&remote).await,
            };
            raw.connections += raw.certificates.known().map_or(0, Vec::len);
        }
        if self.asks(Part::Starttls) {
            raw.checks = match without {
                Some(why) => Found::Moot(why),
                None => self.checks(&remote).await,
            };
        }
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

    async fn certificates(&self, remote: &Remote) -> Found<Vec<Shown>> {
        let patience = self.limits.patience.min(self.limits.time);
        let introduces = literal(remote.address);
        let asking = certificates(remote, &self.roots, &introduces, patience);
        match timeout(self.limits.time, asking).await {
            Ok(shown) => Found::Known(shown),
            Err(_) => Found::Unknown("the time for the host was over".into()),
        }
    }

    async fn checks(&self, remote: &Remote) -> Found<Vec<CaseRecord>> {
        let catalogue = match self.catalogue().await {
            Ok(catalogue) => Arc::clone(catalogue),
            Err(why) => return Found::Unknown(why.clone()),
        };
        let options = CheckOptions {
            profile: self.profile.clone(),
            jobs: self.limits.connections,
            limit: self.limits.time.min(Duration::from_secs(20)),
            ..CheckOptions::default()
        };
        match timeout(self.limits.time, starttls_checks(&catalogue, remote, &options)).await {
            Ok(Ok(records)) => Found::Known(records),
            Ok(Err(error)) => Found::Unknown(error.to_string()),
            Err(_) => Found::Unknown("the time for the host was over".into()),
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

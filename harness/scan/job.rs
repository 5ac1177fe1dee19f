//! The whole of a scan of one host: survey, certificates and checks, one after the other, and what
//! they mean.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::OnceCell;
use waxseal_model::certificate::ChainFacts;
use waxseal_model::pins::{Pins, Seen};
use waxseal_model::profile::Profile;
use waxseal_model::record::CaseRecord;
use waxseal_model::scan::{
    AskedName, Dated, Entry, Found, HostFacts, NOT_ASKED, Outdated, SCHEMA, Scan, Shown, Target,
    judge, judge_certificates,
};

use super::certificates::certificates;
use super::depth::Depth;
use super::host::{Host, Limits};
use super::starttls::{CheckOptions, starttls_checks};
use super::survey::survey;
use super::target::{reachable, resolve};
use crate::catalogue::{Catalogue, Rules, Wrong};
use crate::relay::Remote;

/// What of a host is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Versions and suites alone.
    Suites,
    /// Versions, suites, groups and what else can be learnt of TLS.
    Tls,
    /// What certificates are shown.
    Certificates,
    /// The STARTTLS checks: scenarios that need no mail.
    Starttls,
}

/// What hosts are asked, and what they are held to.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// Empty: all parts.
    pub parts: Vec<Part>,
    /// How much may be asked of one host.
    pub limits: Limits,
    /// The profile's name.
    pub profile: String,
    /// The profile itself, where it is none of those that are built in.
    pub own: Option<Profile>,
    /// The roots that a chain may end in, in DER.
    pub roots: Arc<Vec<Vec<u8>>>,
    /// What hosts are expected to show, and where that stands.
    pub pins: Option<(String, Pins)>,
    /// The day that facts of others are dated by, as `2026-01-31`.
    pub today: String,
}

impl Default for ScanOptions {
    /// All parts, by the profile `exchange-online`, with no root and no pins, as if each fact were of
    /// today.
    fn default() -> Self {
        Self {
            parts: Vec::new(),
            limits: Limits::default(),
            profile: "exchange-online".into(),
            own: None,
            roots: Arc::default(),
            pins: None,
            today: String::new(),
        }
    }
}

/// Why nothing could be scanned. None of them says anything about a host.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// There is no such profile.
    #[error("there is no profile `{0}`")]
    Profile(String),
    /// What is embedded is wrong: a defect of ours.
    #[error("{0}")]
    Embedded(String),
    /// There is no runtime.
    #[error("could not start: {0}")]
    Start(std::io::Error),
}

/// Scans hosts by the same options. What is embedded in the program is read once, beside the first
/// connections: it takes longer than most scans.
#[derive(Debug)]
pub struct Scanner {
    options: ScanOptions,
    rules: OnceCell<Result<Arc<Rules>, String>>,
    catalogue: OnceCell<Result<Arc<Catalogue>, String>>,
}

/// What one host gave, before it is judged.
struct Raw {
    target: Target,
    facts: HostFacts,
    certificates: Found<Vec<Shown>>,
    checks: Found<Vec<CaseRecord>>,
    connections: usize,
    duration: Duration,
}

impl Scanner {
    /// Nothing is asked yet.
    pub fn new(options: ScanOptions) -> Self {
        Self { options, rules: OnceCell::new(), catalogue: OnceCell::new() }
    }

    /// Asks one host for all that is wanted of it, within the time of the limits, and judges it.
    ///
    /// # Errors
    /// [`ScanError`]: there is no such profile, or a defect of ours. A host that cannot be reached is no error: its
    /// facts say so.
    pub async fn scan(&self, target: Target) -> Result<Scan, ScanError> {
        let (raw, rules) = tokio::join!(self.ask(target), self.rules());
        let rules = rules?;
        let profile = rules.profiles.get(&self.options.profile);
        let profile = profile.ok_or_else(|| ScanError::Profile(self.options.profile.clone()))?;
        Ok(self.judged(raw, &rules, profile))
    }

    /// The requirements that hosts are held to.
    ///
    /// # Errors
    /// [`ScanError::Embedded`].
    pub async fn rules(&self) -> Result<Arc<Rules>, ScanError> {
        let own = self.own_profile();
        let embedded = move || {
            let mut rules = Rules::embedded()?;
            rules.profiles.extend(own);
            Ok(rules)
        };
        let rules = self.rules.get_or_init(|| read(embedded)).await;
        rules.clone().map_err(ScanError::Embedded)
    }

    fn asks(&self, part: Part) -> bool {
        self.options.parts.is_empty() || self.options.parts.contains(&part)
    }

    /// Asks one host for all that is wanted of it, within the time of the limits.
    async fn ask(&self, mut target: Target) -> Raw {
        let begun = Instant::now();
        let mut raw = Raw {
            facts: HostFacts::not_asked(),
            certificates: Found::NotApplicable(NOT_ASKED.into()),
            checks: Found::NotApplicable(NOT_ASKED.into()),
            connections: 0,
            duration: Duration::ZERO,
            target: target.clone(),
        };
        let patience = self.options.limits.patience.min(self.options.limits.time);
        match resolve(&target, patience).await {
            Ok(addresses) => {
                let left = self.options.limits.time.saturating_sub(begun.elapsed());
                let share = left / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
                let (address, tried) = reachable(&addresses, share.min(patience / 2)).await;
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
        let host = Arc::new(Host::new(raw.target.clone(), address, self.options.limits, begun));
        let depth = match self.options.parts.contains(&Part::Suites) {
            true if !self.asks(Part::Tls) => Some(Depth::Suites),
            _ => self.asks(Part::Tls).then_some(Depth::Whole),
        };
        if let Some(depth) = depth {
            (raw.facts, ()) = tokio::join!(Box::pin(survey(&host, depth)), self.prepare());
        }
        let without = match &raw.facts.tls {
            Found::Known(false) => Some("the host offers no TLS".to_owned()),
            Found::Unknown(why) => Some(why.clone()),
            Found::Known(true) | Found::NotApplicable(_) => None,
        };
        if self.asks(Part::Certificates) {
            raw.certificates = match &without {
                Some(why) => Found::NotApplicable(why.clone()),
                None => Found::Known(certificates(&host, &raw.facts, &self.options.roots).await),
            };
        }
        if self.asks(Part::Starttls) {
            let (checks, connections) = match without {
                Some(why) => (Found::NotApplicable(why), 0),
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
        let own = self.own_profile();
        let embedded = move || {
            let mut catalogue = Catalogue::embedded()?;
            catalogue.profiles.extend(own);
            Ok(catalogue)
        };
        self.catalogue.get_or_init(|| read(embedded)).await
    }

    fn own_profile(&self) -> Option<(String, Profile)> {
        self.options.own.clone().map(|own| (self.options.profile.clone(), own))
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
            profile: self.options.profile.clone(),
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

    fn judged(&self, raw: Raw, rules: &Rules, profile: &Profile) -> Scan {
        let levels = profile.levels(&rules.requirements);
        let mut findings = match &raw.facts.tls {
            Found::NotApplicable(_) => Vec::new(),
            _ => judge(&raw.facts, &levels),
        };
        if let Found::Known(shown) = &raw.certificates {
            findings.extend(judge_certificates(shown, &levels));
        }
        let pins = self.options.pins.as_ref();
        Scan {
            schema: SCHEMA,
            tool: format!("waxseal {}", env!("CARGO_PKG_VERSION")),
            profile: self.options.profile.clone(),
            differences: pins.map(|(_, pins)| raw.differences(pins)).unwrap_or_default(),
            outdated: self.outdated(profile),
            target: raw.target,
            facts: raw.facts,
            certificates: raw.certificates,
            checks: raw.checks,
            findings,
            connections: raw.connections,
            duration_ms: u64::try_from(raw.duration.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// What is too old to judge a host by today.
    fn outdated(&self, profile: &Profile) -> Vec<Outdated> {
        let today = &self.options.today;
        let profile = profile.outdated(&self.options.profile, today);
        let pins = self.options.pins.as_ref();
        let pins = pins.and_then(|(name, pins)| pins.outdated(name, today));
        let old = |what| move |text| Outdated { what, text };
        profile.map(old(Dated::Profile)).into_iter().chain(pins.map(old(Dated::Pins))).collect()
    }
}

impl Raw {
    /// How the host differs from what is expected: of every chain that its own name, or no name,
    /// is answered with. Whoever asks may be shown any of them.
    fn differences(&self, pins: &Pins) -> Vec<String> {
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

/// Reads what is embedded, away from the connections.
async fn read<T: Send + 'static>(
    embedded: impl FnOnce() -> Result<T, Vec<Wrong>> + Send + 'static,
) -> Result<Arc<T>, String> {
    let read = tokio::task::spawn_blocking(embedded).await;
    let read = read.map_err(|error| error.to_string())?;
    read.map(Arc::new).map_err(|wrong| wrong.iter().map(ToString::to_string).collect())
}

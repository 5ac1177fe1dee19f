//! The STARTTLS checks of a host that runs somewhere else: the inbound scenarios that need no mail.
//!
//! No message content is ever sent, and the only recipient ever named is the host's own postmaster.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{timeout, timeout_at};
use waxseal_model::judge::Names;
use waxseal_model::limits;
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind, Version};
use waxseal_model::record::CaseRecord;
use waxseal_model::scenario::{Case, Connector, undelivered_control};
use waxseal_model::trace::{Happening, Place};
use waxseal_model::verdict::Verdict;
use waxseal_model::wording::fill;

use crate::catalogue::Catalogue;
use crate::peer::{Patience, Pool, Recorder, SenderPlan, Then, send};
use crate::relay::Remote;
use crate::run::{Played, Results, RunError, profile};
use crate::tls::ClientSetup;

/// Folders of scenarios about STARTTLS, and about what is shown behind it.
const FOLDERS: [&str; 3] = ["inbound/starttls/", "inbound/injection/", "inbound/certificates/"];
/// The folder of scenarios about listeners that demand TLS.
const FORCED: &str = "inbound/forced/";
/// Why a case has no end.
const OVER: &str = "The time for the host was over before this case was.";
/// The case that shows whether STARTTLS is offered.
const OFFERED: &str = "inbound/starttls/offered#opportunistic";
/// The case that shows whether a listener demands TLS.
const DEMANDED: &str = "inbound/forced/verbs#encryption-only,verb=MAIL";

/// How a host is asked.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// The profile's name.
    pub profile: String,
    /// Connections at once: hosts count them.
    pub jobs: usize,
    /// What we call ourselves in EHLO; `None`: our address as a literal (RFC 5321 section 4.1.3).
    pub introduces: Option<String>,
    /// Time allowed for one case.
    pub limit: Duration,
    /// Time allowed for all of them; what is not finished then is inconclusive.
    pub time: Duration,
}

/// What a host was asked, and at what cost.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The cases, in the order of their scenarios.
    pub cases: Vec<CaseRecord>,
    /// TCP connections made.
    pub connections: usize,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self {
            profile: "exchange-online".into(),
            jobs: 4,
            introduces: None,
            limit: Duration::from_secs(60),
            time: Duration::from_secs(600),
        }
    }
}

/// Plays the scenarios about STARTTLS against a host, and judges them. No mail is sent.
///
/// Which cases are played depends on the host: one that demands TLS is asked whether it does so for
/// every command. Cases of that kind are `skipped` where the host takes MAIL in plaintext. Where there
/// is no STARTTLS, all but the one case that says so are. A host that knows no modern TLS is asked
/// with everything an engine has. Undecided cases are played once more.
///
/// # Errors
/// [`RunError`]: no such profile, or a defect of ours. A host that does not answer is no error: its
/// cases are inconclusive.
pub async fn starttls_checks(
    catalogue: &Catalogue,
    remote: &Remote,
    options: &CheckOptions,
) -> Result<Checked, RunError> {
    let levels = profile(catalogue, &options.profile)?.levels(&catalogue.requirements);
    let mut results = Results::new(catalogue, &levels);
    let mut checker = Checker {
        remote,
        options,
        introduces: options.introduces.clone().unwrap_or_else(|| literal(remote.address)),
        offer: Offer::modern(),
        until: Instant::now() + options.time,
        connections: Arc::default(),
        pool: Pool::new(limits::HOST_POOL),
    };
    let host = checker.meet(catalogue, &mut results).await?;
    let mut cases = selected(catalogue, host.connector);
    if host.offers_tls {
        let control = case(catalogue, &undelivered_control(host.connector))?;
        checker
            .play([std::slice::from_ref(&control), cases.as_slice()].concat(), &mut results)
            .await?;
        let undecided = |case: &&Case| verdict(&results, case) == Some(Verdict::Inconclusive);
        let mut again: Vec<Case> = cases.iter().filter(undecided).cloned().collect();
        if !again.is_empty() {
            again.insert(0, control);
            checker.play(again, &mut results).await?;
        }
    }
    let answered = results.record(&case(catalogue, OFFERED)?).is_some_and(|(record, _)| {
        matches!(record.verdict, Verdict::Pass | Verdict::Fail | Verdict::Observed)
    });
    let (mut so, mut why_not) = (Verdict::Skipped, "The host does not offer STARTTLS.");
    if !host.offers_tls && !answered {
        (so, why_not) = (Verdict::Inconclusive, "The host did not say whether it offers STARTTLS.");
    }
    if host.offers_tls && host.connector == Connector::Opportunistic {
        why_not = "The host takes MAIL in plaintext: it does not demand TLS.";
        cases.extend(forced(catalogue).map(undelivered));
    }
    let over = checker.until <= Instant::now();
    if !host.offers_tls && over {
        (so, why_not) = (Verdict::Inconclusive, OVER);
    }
    let record = |case: &Case| match results.record(case) {
        Some((record, _)) if host.offers_tls || case.id == OFFERED => record,
        // It was selected to be played, and was not played to its end.
        _ if over && host.offers_tls && case.connector == host.connector => {
            results.unfinished(case, Verdict::Inconclusive, OVER)
        }
        _ => results.unfinished(case, so, why_not),
    };
    let cases = cases.iter().map(record).collect();
    Ok(Checked { cases, connections: checker.connections.load(Ordering::Relaxed) })
}

/// What has to be known of a host before it can be asked the rest.
struct Host {
    /// The connector that its listener is like.
    connector: Connector,
    /// Whether there is a way into TLS.
    offers_tls: bool,
}

/// The cases about STARTTLS on a listener of this kind.
fn selected(catalogue: &Catalogue, connector: Connector) -> Vec<Case> {
    let starttls = catalogue.cases().filter(|case| {
        case.connector == connector
            && case.needs_no_mail()
            && FOLDERS.iter().any(|folder| case.scenario.starts_with(folder))
    });
    let demands = connector == Connector::EncryptionOnly;
    starttls.chain(forced(catalogue).filter(|_| demands)).map(undelivered).collect()
}

/// The cases about a listener that demands TLS.
fn forced(catalogue: &Catalogue) -> impl Iterator<Item = &Case> {
    catalogue.cases().filter(|case| {
        case.connector == Connector::EncryptionOnly
            && case.needs_no_mail()
            && case.scenario.starts_with(FORCED)
    })
}

/// The case with the control that needs no mail. One that only asks what is said is its own.
fn undelivered(case: &Case) -> Case {
    let control = match case.is_negative() {
        true => undelivered_control(case.connector),
        false => case.id.clone(),
    };
    Case { control: Some(control), ..case.clone() }
}

fn case(catalogue: &Catalogue, id: &str) -> Result<Case, RunError> {
    let known = catalogue.case(id).map(undelivered);
    known.ok_or_else(|| RunError::Broke(format!("there is no case {id}")))
}

fn verdict(results: &Results, case: &Case) -> Option<Verdict> {
    results.record(case).map(|(record, _)| record.verdict)
}

/// Whether the case is kept, whatever its control says.
fn kept(results: &Results, case: &Case) -> bool {
    let alone = Case { control: Some(case.id.clone()), ..case.clone() };
    verdict(results, &alone) == Some(Verdict::Pass)
}

/// Plays the checks of one host.
struct Checker<'a> {
    remote: &'a Remote,
    options: &'a CheckOptions,
    introduces: String,
    offer: Offer,
    until: Instant,
    connections: Arc<AtomicUsize>,
    pool: Pool,
}

impl Checker<'_> {
    /// Finds out what the host is like, and settles how it is asked from here on.
    async fn meet(
        &mut self,
        catalogue: &Catalogue,
        results: &mut Results<'_>,
    ) -> Result<Host, RunError> {
        if self.remote.implicit {
            let session = case(catalogue, &undelivered_control(Connector::Implicit))?;
            self.settle_offer(session, results).await?;
            return Ok(Host { connector: Connector::Implicit, offers_tls: true });
        }
        let (offered, demanded) = (case(catalogue, OFFERED)?, case(catalogue, DEMANDED)?);
        self.play(vec![offered.clone(), demanded.clone()], results).await?;
        let session = case(catalogue, &undelivered_control(Connector::Opportunistic))?;
        self.settle_offer(session.clone(), results).await?;
        let connector = match kept(results, &demanded) {
            true => Connector::EncryptionOnly,
            false => Connector::Opportunistic,
        };
        // A host that lists nothing may take the command all the same, and has to be asked.
        let offers_tls = kept(results, &offered) || kept(results, &session);
        Ok(Host { connector, offers_tls })
    }

    /// Plays the control, and where it does not pass once more with everything an engine has.
    async fn settle_offer(
        &mut self,
        session: Case,
        results: &mut Results<'_>,
    ) -> Result<(), RunError> {
        self.play(vec![session.clone()], results).await?;
        if !kept(results, &session) {
            self.offer = anything();
            self.play(vec![session], results).await?;
        }
        Ok(())
    }

    async fn play(&self, cases: Vec<Case>, results: &mut Results<'_>) -> Result<(), RunError> {
        let gate = Arc::new(Semaphore::new(self.options.jobs.max(1)));
        let mut playing = JoinSet::new();
        for case in cases {
            let (gate, names, limit) = (Arc::clone(&gate), self.names(), self.options.limit);
            let (id, plan) = (case.id.clone(), self.plan(&case, &names));
            let connections = Arc::clone(&self.connections);
            let pool = self.pool.clone();
            playing.spawn(async move {
                // The semaphore is never closed.
                let _permit = gate.acquire_owned().await;
                let (recorder, begun) = (Recorder::within(&pool), Instant::now());
                connections.fetch_add(usize::from(plan.is_some()), Ordering::Relaxed);
                if let Some(plan) = plan
                    && timeout(limit, send(&plan, recorder.clone())).await.is_err()
                {
                    recorder.note(Place::Run, Happening::Deadline);
                }
                let (trace, duration) = (recorder.trace(), begun.elapsed());
                (id, Played { names, trace, duration, lateness: Duration::ZERO })
            });
        }
        // What is still played when the time is over ends with the set.
        let until = tokio::time::Instant::from_std(self.until);
        while let Ok(Some(done)) = timeout_at(until, playing.join_next()).await {
            let (id, played) = done.map_err(|error| RunError::Broke(error.to_string()))?;
            results.take(id, played);
        }
        Ok(())
    }

    fn plan(&self, case: &Case, names: &Names) -> Option<SenderPlan> {
        let peer = case.peers.first()?;
        let sni = match peer.sni.as_deref() {
            Some("none") => None,
            Some(template) => Some(fill(template, names)),
            None => self.remote.name.clone(),
        };
        let modern = peer.offer == Offer::modern();
        let offer = if modern { self.offer.clone() } else { peer.offer.clone() };
        let tls = ClientSetup { offer, sni, identity: None, engine: None, sessions: None };
        let place = Place::Peer { name: peer.name.clone(), connection: 1 };
        let (to, limit) = (self.remote.address, self.options.limit);
        let patience = Patience { line: limit, handshake: limit, ending: Duration::from_secs(3) };
        let mut plan = SenderPlan::new(place, to, &peer.script, names, tls, patience);
        plan.implicit = self.remote.implicit;
        plan.fault = peer.client_fault();
        plan.then = Then::Quits;
        Some(plan)
    }

    /// The null sender and the postmaster without a domain: every host knows both (RFC 5321 section
    /// 4.5.1, 4.5.5), and neither names anybody else's domain.
    fn names(&self) -> Names {
        let host = self.remote.name.clone().unwrap_or_else(|| self.remote.address.ip().to_string());
        [
            ("sender", self.introduces.clone()),
            ("from", String::new()),
            ("recipient", "postmaster".to_owned()),
            ("relay", host),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

/// Everything an engine has, the best first.
fn anything() -> Offer {
    let kinds =
        [SuiteKind::Tls13, SuiteKind::Ecdhe, SuiteKind::Dhe, SuiteKind::StaticRsa, SuiteKind::All];
    Offer {
        versions: vec![Version::Tls10, Version::Tls11, Version::Tls12, Version::Tls13],
        suites: kinds.map(SuiteChoice::Kind).to_vec(),
        ..Offer::modern()
    }
}

/// The address that we have towards a host, as a literal.
fn literal(to: SocketAddr) -> String {
    let any = match to {
        SocketAddr::V4(_) => "0.0.0.0:0",
        SocketAddr::V6(_) => "[::]:0",
    };
    // Connecting a datagram socket sends nothing: it only asks for the route.
    let ours = UdpSocket::bind(any).and_then(|socket| {
        socket.connect(to)?;
        socket.local_addr()
    });
    match ours.map(|address| address.ip()) {
        Ok(IpAddr::V4(address)) => format!("[{address}]"),
        Ok(IpAddr::V6(address)) => format!("[IPv6:{address}]"),
        Err(_) => "[127.0.0.1]".into(),
    }
}

//! The whole of a run: what is selected is played, judged and recorded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use waxseal_model::configuration::Told;
use waxseal_model::domain::DomainRecord;
use waxseal_model::listener::ListenerRecord;
use waxseal_model::profile::Profile;
use waxseal_model::record::{CaseRecord, Record, RelayName, SCHEMA, Summary};
use waxseal_model::scenario::{Case, Connector};
use waxseal_model::script::Direction;
use waxseal_model::status::{Declared, Rules};
use waxseal_model::trace::Place;
use waxseal_model::verdict::Verdict;
use waxseal_model::wording::fill;

use super::beside::Beside;
use super::lab::Lab;
use super::open::Open;
use super::player::Player;
use super::results::Results;
use super::rounds::play_all;
use super::scheduler::Scheduler;
use super::start;
use super::{Own, Progress, RunError, RunOptions, absent, beside, doubt, plan};
use crate::catalogue::Catalogue;
use crate::relay::RelaySpec;
use crate::wire::attention;

/// Plays the selected cases and judges them. A case that fails or stays undecided is played once more;
/// a failure that shows in TLS is played with the other engine, where that can play it. What this
/// machine was too late for is played alone. The hosts of a case stay open until the run ends: a
/// message that arrives after the verdict turns it.
///
/// `interrupted` ends the run early: what is judged by then stands, the rest is inconclusive, and the
/// record says so.
///
/// # Errors
/// [`RunError`]: nothing fits the selection, the relay does not start, or the lab cannot be built.
pub async fn run(
    catalogue: &Catalogue,
    relay: &RelaySpec,
    options: &RunOptions,
    progress: &dyn Progress,
    interrupted: impl Future<Output = ()>,
) -> Result<Record, RunError> {
    let begun = Instant::now();
    let profile = plan::profile(catalogue, &options.profile)?;
    let levels = profile.levels(&catalogue.requirements);
    let own = options.own.as_ref().map(|own| own.catalogue(catalogue));
    let played = own.as_ref().unwrap_or(catalogue);
    let selected = plan::select_of(played, catalogue, options)?;
    let mut job = Job {
        catalogue: played,
        relay,
        options,
        progress,
        lab: Arc::new(Lab::build(played, options).await?),
        results: Results::new(played, &levels),
        records: BTreeMap::new(),
        playable: Vec::new(),
    };
    job.sort_out(&selected);
    let ended = job.play(interrupted).await?;
    let cases = job.cases(&selected, &ended);
    let outcome = Outcome { cases, ended, lasted: begun.elapsed() };
    let mut record = record(catalogue, relay, options, profile, outcome);
    if let Some(today) = &options.today {
        record.outdated = profile.outdated(&options.profile, today).into_iter().collect();
    }
    if let Some(baseline) = &options.baseline {
        let known: Vec<&str> = played.cases().map(|case| case.id.as_str()).collect();
        baseline.judge(&mut record, &known, options.today.as_deref().unwrap_or_default());
    }
    Ok(record)
}

/// What a run works with.
struct Job<'a> {
    catalogue: &'a Catalogue,
    relay: &'a RelaySpec,
    options: &'a RunOptions,
    progress: &'a dyn Progress,
    lab: Arc<Lab>,
    results: Results<'a>,
    records: BTreeMap<&'a str, CaseRecord>,
    playable: Vec<&'a Case>,
}

/// How playing ended.
struct Ended {
    /// What becomes of cases without a record, where it ended early.
    early: Option<(Verdict, String)>,
    interrupted: bool,
    version: String,
    told: Told,
}

impl<'a> Job<'a> {
    /// Why a case is known beforehand not to apply.
    fn lacking(&self, case: &Case) -> Option<String> {
        let (relay, options) = (self.relay, self.options);
        relay
            .refuses(case)
            .or_else(|| self.lab.lacks(case, options.engine))
            .or_else(|| self.lab.lacks_ipv6(case, !relay.is_embedded()))
            .or_else(|| options.own.as_ref().and_then(|_| Own::lacks(case)))
    }

    /// Skips what does not apply; the rest can be played.
    fn sort_out(&mut self, selected: &[&'a Case]) {
        for case in selected {
            if let Some(reason) = self.lacking(case) {
                self.records.insert(&case.id, self.results.skipped(case, reason));
                continue;
            }
            if let Some(reason) = self.relay.may_be_late(case) {
                self.results.may_be_late(case, reason);
            }
            self.playable.push(case);
        }
    }

    /// Starts the relay, plays all that can be played, and ends the relay.
    async fn play(&mut self, interrupted: impl Future<Output = ()>) -> Result<Ended, RunError> {
        let lab = Arc::clone(&self.lab);
        let pace = self.relay.pace();
        let mut started = start::start(&lab, self.relay, self.options, self.progress).await?;
        if self.options.keep {
            self.progress.kept(started.files());
        }
        self.progress.begins(self.playable.len());
        let open = Arc::new(Open::new());
        let player = Player::new(&lab, pace, started.relay.evidence(), self.options, &open);
        let (further, why_none) = beside::further(&self.playable, self.options);
        let mut beside = Beside::new(self.options, &self.playable, further);
        if let Some(why) = why_none {
            self.progress.slower(why);
        }
        let scheduler = Scheduler::new(player, &beside.seats, further + 1, pace, self.options);
        let gone = beside.gone();
        let (results, records) = (&mut self.results, &mut self.records);
        let playing =
            play_all(self.catalogue, &self.playable, &scheduler, results, self.progress, records);
        let (early, interrupted) = tokio::select! {
            done = playing => done.map(|()| (None, false))?,
            () = interrupted => {
                (Some((Verdict::Inconclusive, "The run was interrupted.".to_owned())), true)
            }
            tail = started.relay.ended() => (Some((Verdict::Error, tail)), false),
            tail = gone => (Some((Verdict::Error, tail)), false),
            () = beside.grow(further, self.progress) => (None, false),
        };
        let gone_beside = beside.finish().await;
        if early.is_none() {
            let gone = started.relay.gone().or(gone_beside);
            self.listen_on(gone, pace.listens_on).await;
        }
        let version = started.relay.version().unwrap_or_else(|| self.relay.version());
        let told = std::mem::take(&mut started.told);
        self.progress.ended(&started.stop().await);
        let by_id = self.playable.iter().map(|case| (case.id.as_str(), *case)).collect();
        open.reopen(&self.results, &by_id, &mut self.records);
        Ok(Ended { early, interrupted, version, told })
    }

    /// After the last verdict: whether the relay is still there, and what it sends after a silence.
    async fn listen_on(&mut self, gone: Option<String>, more: Duration) {
        if let Some(tail) = gone {
            // It ended while the last cases were played: what they left open is its end, and no silence.
            let open =
                self.records.values_mut().filter(|record| record.verdict == Verdict::Inconclusive);
            for record in open {
                record.verdict = Verdict::Error;
                record.reason = tail.clone();
            }
        }
        if self.records.values().any(|record| doubt::rests_on_silence(&record.trace.events)) {
            attention::pause(more).await;
        }
    }

    /// A record of every selected case, in their order.
    fn cases(&mut self, selected: &[&'a Case], ended: &Ended) -> Vec<CaseRecord> {
        if let Some(own) = &self.options.own {
            let stranded = self.records.values().any(is_stranded);
            let unplayed = self.lab.unplayed();
            let told = unplayed.iter().filter(|host| stranded || own.is_about(host));
            told.for_each(|host| self.progress.unplayed(host));
        }
        // No case is lost: what has no record says why.
        let lost = "The case has no record; this is a defect of waxseal.";
        let early = ended.early.as_ref().map(|(verdict, reason)| (*verdict, reason.as_str()));
        let (verdict, reason) = early.unwrap_or((Verdict::Error, lost));
        let results = &self.results;
        for case in &self.playable {
            let unfinished = || results.unfinished(case, verdict, reason);
            self.records.entry(&case.id).or_insert_with(unfinished);
        }
        let mut cases: Vec<CaseRecord> =
            selected.iter().filter_map(|case| self.records.remove(case.id.as_str())).collect();
        for case in cases.iter_mut().filter(|case| case.verdict == Verdict::Fail) {
            let advice = self.relay.advice(&case.id);
            case.advice = advice.map(|text| advised(&text, case.domain.as_deref()));
        }
        cases
    }
}

/// Whether the message of a case of the user's met no next hop of the lab, and nothing was decided.
fn is_stranded(record: &CaseRecord) -> bool {
    let hop = |place: &Place| matches!(place, Place::Peer { name, .. } if name != "sender");
    let met = record.trace.events.iter().any(|event| hop(&event.place));
    record.domain.is_some()
        && matches!(record.verdict, Verdict::Inconclusive | Verdict::Error)
        && !met
}

/// An advice of the driver's with the domain that it is about.
fn advised(text: &str, domain: Option<&str>) -> String {
    fill(text, &[("domain".to_owned(), domain.unwrap_or("DOMAIN").to_owned())].into())
}

/// What a run has brought.
struct Outcome {
    cases: Vec<CaseRecord>,
    ended: Ended,
    lasted: Duration,
}

/// The record of a run, with every requirement judged.
fn record(
    whole: &Catalogue,
    relay: &RelaySpec,
    options: &RunOptions,
    profile: &Profile,
    Outcome { cases, ended, lasted }: Outcome,
) -> Record {
    let declared = declared(relay, options.own.as_ref());
    let tested = options.own.as_ref().map(|own| own.tested(whole)).unwrap_or_default();
    let rules = Rules {
        requirements: &whole.requirements,
        profile,
        declared: &declared,
        scope: options.scope(),
    };
    Record {
        schema: SCHEMA,
        tool: format!("waxseal {}", env!("CARGO_PKG_VERSION")),
        relay: RelayName {
            name: relay.name(),
            asked: relay.asked(),
            version: ended.version,
            config: options.own.as_ref().map(|own| own.config.to_string_lossy().into_owned()),
        },
        profile: options.profile.clone(),
        conditions: options.conditions(),
        interrupted: ended.interrupted,
        summary: Summary::of(cases.iter().map(|case| &case.verdict)),
        absent: absent::absent(whole, profile, &**relay, &cases),
        outdated: Vec::new(),
        gate: None,
        requirements: rules.judge(whole.cases(), &cases),
        domains: DomainRecord::of(&tested, &cases),
        overview: options.own.as_ref().map(|own| own.overview.clone()).unwrap_or_default(),
        listeners: listeners(whole, options, &cases),
        findings: ended.told.findings,
        warnings: ended.told.warnings,
        cases,
        duration_ms: u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX),
    }
}

/// The listeners of the user's, where cases are selected that could be about one.
fn listeners(whole: &Catalogue, options: &RunOptions, cases: &[CaseRecord]) -> Vec<ListenerRecord> {
    let selected = plan::select(whole, options).unwrap_or_default();
    let asked = cases.iter().any(|case| case.direction == Direction::Inbound)
        || selected.iter().any(|case| case.direction == Direction::Inbound);
    let own = options.own.as_ref().filter(|_| asked);
    ListenerRecord::of(own.map(|own| own.heard.as_slice()).unwrap_or_default(), cases)
}

/// All connectors that the relay has; with a configuration of the user's own, those of its rules.
fn declared(relay: &RelaySpec, own: Option<&Own>) -> Declared {
    let directions = [Direction::Inbound, Direction::Outbound];
    let all = directions
        .into_iter()
        .flat_map(|direction| Connector::ALL.map(|connector| (direction, connector)));
    let has = |(direction, connector): &(Direction, Connector)| {
        relay.absent(*direction).is_none()
            && relay.declares(*direction, *connector)
            && own.is_none_or(|own| own.tests(*direction, *connector))
    };
    all.filter(has).collect()
}

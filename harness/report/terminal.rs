//! What a person reads at the end of a run.

use waxseal_model::foreign::printable;
use waxseal_model::record::{CaseRecord, Record, Status, cases};
use waxseal_model::requirement::{Catalogue, Level};
use waxseal_model::verdict::Verdict;

use super::ending::{self, Counts};
use super::{Pillar, configuration, overview, silent, transcript};

/// One line of one case.
pub fn line(case: &CaseRecord) -> String {
    let what = case.observed.as_deref().unwrap_or(match case.verdict {
        Verdict::Pass => "",
        _ => case.reason.as_str(),
    });
    let (id, what) = (printable(&case.id), printable(what));
    format!("{:<12} {:<6} {id}  {what}", case.verdict, case.level).trim_end().to_owned()
}

/// As many of the cases that say nothing for one reason are named behind the first.
const NAMED: usize = 5;

/// Failing cases, then those that say nothing, then the rest in numbers, then what was not judged. Of a scenario's cases
/// that fail, and of cases that say nothing for one reason, the first is shown with its transcript, the others with a line.
pub fn summary(record: &Record, catalogue: &Catalogue) -> String {
    let mut text = String::new();
    let failed = |case: &&CaseRecord| case.verdict == Verdict::Fail && case.waiver.is_none();
    let failed: Vec<&CaseRecord> = record.cases.iter().filter(failed).collect();
    for alike in failed.chunk_by(|one, next| one.scenario == next.scenario) {
        let [first, others @ ..] = alike else { continue };
        text.push_str(&broken(record, first, catalogue));
        for case in others {
            let (id, reason) = (printable(&case.id), printable(&case.reason));
            text.push_str(&format!("  likewise {id}: {reason}\n"));
        }
        text.push('\n');
    }
    for verdict in [Verdict::Inconclusive, Verdict::Error] {
        for alike in silent::alike(record, verdict) {
            let [first, others @ ..] = alike.as_slice() else { continue };
            text.push_str(&broken(record, first, catalogue));
            for case in others.iter().take(NAMED) {
                text.push_str(&format!("  likewise {}\n", printable(&case.id)));
            }
            if let Some(more @ 1..) = others.len().checked_sub(NAMED) {
                text.push_str(&format!("  likewise {more} more, which the record names\n"));
            }
            text.push('\n');
        }
    }
    let waived: Vec<_> =
        record.cases.iter().filter_map(|case| Some((case, case.waiver.as_ref()?))).collect();
    for (case, reason) in &waived {
        text.push_str(&format!("waived {}: {}\n", printable(&case.id), printable(reason)));
    }
    if !waived.is_empty() {
        text.push('\n');
    }
    text.push_str(&numbers(record));
    text
}

/// The transcript of a case that was played alone and did not fail.
pub fn alone(record: &Record) -> Option<String> {
    let [case] = record.cases.as_slice() else { return None };
    let told = matches!(case.verdict, Verdict::Pass | Verdict::Observed);
    told.then(|| transcript(case.direction, &case.trace, &case.evidence))
}

/// By pillar, by requirement, what was not judged, and in one line.
fn numbers(record: &Record) -> String {
    let mut text = table(record);
    text.push('\n');
    for level in [Level::Must, Level::Should] {
        let broken: Vec<&str> = record
            .requirements
            .iter()
            .filter(|r| r.status == Status::Broken && r.level == level)
            .map(|r| r.id.as_str())
            .collect();
        if !broken.is_empty() {
            text.push_str(&format!("broken, {level}: {}\n", printable(&broken.join(", "))));
        }
    }
    let lines = ending::requirements(record)
        .into_iter()
        .chain(std::iter::once(ending::must_cases(record)))
        .chain(ending::plaintext(record))
        .chain(ending::unjudged(record))
        .chain(silent::reasons(record))
        .chain(ending::cautions(record))
        .chain(ending::conditions(record));
    lines.for_each(|line| text.push_str(&format!("{}\n", printable(&line))));
    let summary = &record.summary;
    let played = match summary.skipped {
        0 => cases(summary.total()),
        _ => format!("{} of {}", summary.played(), cases(summary.total())),
    };
    text.push_str(&format!(
        "{} {}: {played} played in {}.{:01} s, profile {}\n",
        printable(&record.relay.name),
        printable(&record.relay.version),
        record.duration_ms / 1000,
        record.duration_ms % 1000 / 100,
        printable(&record.profile)
    ));
    let lines = configuration::at_the_end(record).into_iter().chain(configuration::domains(record));
    let lines = lines.chain(overview::table(record)).chain(configuration::verdict(record));
    lines.for_each(|line| text.push_str(&format!("{}\n", printable(&line))));
    text
}

/// A row a pillar. What is waived has a column where there is a baseline.
fn table(record: &Record) -> String {
    let mut text = String::new();
    let mut row = |title: &str, cells: [String; 7]| {
        text.push_str(&format!("{title:<30}"));
        for (name, cell) in Counts::TITLES.into_iter().zip(cells) {
            if name != "waived" || record.gate.is_some() {
                text.push_str(&format!(" {cell:>width$}", width = name.len().max(4) + 1));
            }
        }
        text.push('\n');
    };
    row("", Counts::TITLES.map(str::to_owned));
    for pillar in Pillar::ALL {
        let of = |case: &&CaseRecord| Pillar::of(&case.scenario, case.connector) == pillar;
        let part = Counts::of(record.cases.iter().filter(of));
        if part.total() > 0 {
            row(pillar.title(), part.columns().map(|count| count.to_string()));
        }
    }
    row("all", Counts::of(&record.cases).columns().map(|count| count.to_string()));
    text
}

fn broken(record: &Record, case: &CaseRecord, catalogue: &Catalogue) -> String {
    let id = printable(&case.id);
    let mut text = format!("{} {id} ({})\n", case.verdict, case.level);
    text.push_str(&format!("  {}\n", printable(&case.claim)));
    text.push_str(&format!("  {}\n", printable(&case.reason)));
    if case.verdict == Verdict::Fail {
        if let Some(why) = &case.why {
            text.push_str(&format!("  why: {}\n", printable(why)));
        }
        if let Some(advice) = &case.advice {
            text.push_str(&format!("  to mend it: {}\n", printable(advice)));
        }
        for id in &case.requirements {
            let source = catalogue.get(id).map_or("", |requirement| requirement.source.as_str());
            text.push_str(&format!("  {}: {source}\n", printable(id)));
        }
    }
    text.push_str(&transcript(case.direction, &case.trace, &case.evidence));
    let again = format!("  again: {} --case '{}' -v", command(record, case), case.id);
    text + &printable(&again) + "\n"
}

/// What plays the case's relay once more.
fn command(record: &Record, case: &CaseRecord) -> String {
    let asked = record.relay.asked.as_ref().unwrap_or(&record.relay.name);
    let mut text = format!("waxseal run {asked}");
    if let Some(config) = &record.relay.config {
        text.push_str(&format!(" --config '{config}'"));
    }
    if let Some(domain) = &case.domain {
        text.push_str(&format!(" --connector '{domain}={}'", case.connector));
        if let Some(host) = &case.next_hop {
            text.push_str(&format!(" --mx '{domain}={host}'"));
        }
    }
    text
}

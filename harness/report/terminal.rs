//! What a person reads at the end of a run.

use waxseal_model::foreign::printable;
use waxseal_model::record::{CaseRecord, Record, Status, Summary, Verdict};
use waxseal_model::requirement::{Catalogue, Level};
use waxseal_model::wording::counted;

use super::{Pillar, transcript};

/// One line of one case.
pub fn line(case: &CaseRecord) -> String {
    let what = case.observed.as_deref().unwrap_or(match case.verdict {
        Verdict::Pass => "",
        _ => case.reason.as_str(),
    });
    let (id, what) = (printable(&case.id), printable(what));
    format!("{:<12} {:<6} {id}  {what}", case.verdict, case.level).trim_end().to_owned()
}

/// Failing cases, then the rest in numbers. Of a scenario's cases that end alike the first is
/// shown with its transcript, the others with a line.
pub fn summary(record: &Record, catalogue: &Catalogue) -> String {
    let mut text = String::new();
    for verdict in [Verdict::Fail, Verdict::Inconclusive, Verdict::Error] {
        let ended_so = |case: &&CaseRecord| case.verdict == verdict && case.waiver.is_none();
        let cases: Vec<&CaseRecord> = record.cases.iter().filter(ended_so).collect();
        for alike in cases.chunk_by(|one, next| one.scenario == next.scenario) {
            let [first, others @ ..] = alike else { continue };
            text.push_str(&broken(record, first, catalogue));
            for case in others {
                let (id, reason) = (printable(&case.id), printable(&case.reason));
                text.push_str(&format!("  likewise {id}: {reason}\n"));
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

/// By pillar, by requirement, and in one line.
fn numbers(record: &Record) -> String {
    let mut text = format!(
        "{:<30} {:>5} {:>5} {:>9} {:>13} {:>8} {:>6}\n",
        "", "pass", "fail", "observed", "inconclusive", "skipped", "error"
    );
    let mut row = |title: &str, summary: &Summary| {
        text.push_str(&format!(
            "{title:<30} {:>5} {:>5} {:>9} {:>13} {:>8} {:>6}\n",
            summary.pass,
            summary.fail,
            summary.observed,
            summary.inconclusive,
            summary.skipped,
            summary.error
        ));
    };
    for pillar in Pillar::ALL {
        let of = |case: &&CaseRecord| Pillar::of(&case.scenario, case.connector) == pillar;
        let part = Summary::of(record.cases.iter().filter(of).map(|case| &case.verdict));
        if part.total() > 0 {
            row(pillar.title(), &part);
        }
    }
    row("all", &record.summary);
    let count = |status: Status, level: Level| {
        record.requirements.iter().filter(|r| r.status == status && r.level == level).count()
    };
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
    for level in [Level::Must, Level::Should] {
        text.push_str(&format!(
            "requirements, {level}: {} kept, {} broken, {} undecided, {} untested\n",
            count(Status::Kept, level),
            count(Status::Broken, level),
            count(Status::Undecided, level),
            count(Status::Untested, level)
        ));
    }
    text.push_str(&format!(
        "{} {}: {} in {}.{:01} s, profile {}\n",
        printable(&record.relay.name),
        printable(&record.relay.version),
        cases(record.summary.total()),
        record.duration_ms / 1000,
        record.duration_ms % 1000 / 100,
        printable(&record.profile)
    ));
    for domain in &record.domains {
        text.push_str(&format!("{}\n", printable(&domain.to_string())));
    }
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

/// `1 case`, `2 cases`.
pub(super) fn cases(count: usize) -> String {
    counted(count, "case")
}

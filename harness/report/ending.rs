//! The last lines of a report: what was decided, what was not, and why.

use waxseal_model::expect::Outcome;
use waxseal_model::foreign::printable;
use waxseal_model::record::{Absent, CaseRecord, Record, Status, cases};
use waxseal_model::requirement::Level;
use waxseal_model::script::Direction;
use waxseal_model::trace::{Channel, Happening, Place};
use waxseal_model::verdict::Verdict;

/// How cases ended, waived ones apart.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) pass: usize,
    pub(super) fail: usize,
    pub(super) waived: usize,
    pub(super) observed: usize,
    pub(super) inconclusive: usize,
    pub(super) skipped: usize,
    pub(super) error: usize,
}

impl Counts {
    /// Titles of the columns, in the order of [`Counts::columns`].
    pub(super) const TITLES: [&'static str; 7] =
        ["pass", "fail", "waived", "observed", "inconclusive", "skipped", "error"];

    pub(super) fn of<'a>(cases: impl IntoIterator<Item = &'a CaseRecord>) -> Self {
        let mut counts = Self::default();
        for case in cases {
            *match (case.waiver.is_some(), case.verdict) {
                (true, _) => &mut counts.waived,
                (_, Verdict::Pass) => &mut counts.pass,
                (_, Verdict::Fail) => &mut counts.fail,
                (_, Verdict::Observed) => &mut counts.observed,
                (_, Verdict::Inconclusive) => &mut counts.inconclusive,
                (_, Verdict::Skipped | Verdict::NotApplicable) => &mut counts.skipped,
                (_, Verdict::Error) => &mut counts.error,
            } += 1;
        }
        counts
    }

    pub(super) fn columns(&self) -> [usize; 7] {
        [
            self.pass,
            self.fail,
            self.waived,
            self.observed,
            self.inconclusive,
            self.skipped,
            self.error,
        ]
    }

    pub(super) fn total(&self) -> usize {
        self.columns().into_iter().sum()
    }
}

/// One line for each level: how many requirements are in which state.
pub(super) fn requirements(record: &Record) -> Vec<String> {
    let count = |status: Status, level: Level| {
        record.requirements.iter().filter(|r| r.status == status && r.level == level).count()
    };
    let line = |level| {
        format!(
            "requirements, {level}: {} kept, {} broken, {} undecided, {} observed, {} not judged, {} not \
             covered by this version, {} not applicable",
            count(Status::Kept, level),
            count(Status::Broken, level),
            count(Status::Undecided, level),
            count(Status::Observed, level),
            count(Status::Untested, level),
            count(Status::NotCovered, level),
            count(Status::NotApplicable, level),
        )
    };
    [Level::Must, Level::Should].map(line).to_vec()
}

/// How the cases ended that count as must: what the exit code goes by.
pub(super) fn must_cases(record: &Record) -> String {
    let counts = Counts::of(record.cases.iter().filter(|case| case.level == Level::Must));
    format!(
        "cases, must: {} kept, {} broken, {} undecided, {} waived",
        counts.pass + counts.observed,
        counts.fail,
        counts.inconclusive + counts.error,
        counts.waived
    )
}

/// What was not judged, a line each: musts, directions and connectors.
pub(super) fn unjudged(record: &Record) -> Vec<String> {
    let musts = |status: Status, wanted: &dyn Fn(bool, bool) -> bool| {
        let of = |row: &&waxseal_model::record::RequirementRecord| {
            let fits = row.status == status && row.level == Level::Must;
            fits && wanted(row.open, row.waiver.is_some())
        };
        let rows = record.requirements.iter().filter(of);
        let names = rows.map(|row| match row.unjudged.is_empty() {
            true => row.id.clone(),
            false => format!("{} ({})", row.id, row.unjudged.join(", ")),
        });
        Some(names.collect::<Vec<_>>().join(", ")).filter(|names| !names.is_empty())
    };
    let mut lines = Vec::new();
    let mut add = |title: &str, names: Option<String>| {
        lines.extend(names.map(|names| format!("{title}: {names}")));
    };
    let open = |open: bool, waived: bool| open && !waived;
    let listed = |open: bool, waived: bool| !open && !waived;
    let waived = |_: bool, waived: bool| waived;
    add(
        "UNDECIDED, a must that applies and that this version cannot judge",
        musts(Status::NotCovered, &open),
    );
    add("UNDECIDED, a must that applies and that no case decided", musts(Status::Untested, &open));
    add("observed and not judged, must", musts(Status::Observed, &listed));
    add("not covered by this version, must", musts(Status::NotCovered, &listed));
    if record.conditions.selection.is_empty() {
        add("not judged, must", musts(Status::Untested, &listed));
    }
    add("not judged and waived, must", musts(Status::NotCovered, &waived));
    add("not judged and waived, must", musts(Status::Untested, &waived));
    lines.extend(record.absent.iter().map(absent));
    lines
}

fn absent(absent: &Absent) -> String {
    let what = match absent.connector {
        None => format!("no {} mail", absent.direction),
        Some(connector) => format!("no {} {connector}", absent.direction),
    };
    let skipped = match absent.cases {
        0 => String::new(),
        count => format!(" ({} skipped)", cases(count)),
    };
    format!("{what}{skipped}: {}", absent.reason)
}

/// How many messages went on in plaintext where the policy allows it, and how many of them had come by
/// TLS, which protects one hop only.
pub(super) fn plaintext(record: &Record) -> Option<String> {
    let allowed = |case: &&CaseRecord| {
        case.direction == Direction::Outbound
            && case.outcome == Some(Outcome::DeliveredPlaintext)
            && matches!(case.verdict, Verdict::Pass | Verdict::Observed)
    };
    let in_tls = |case: &&CaseRecord| {
        case.trace.events.iter().any(|event| {
            let accepted = Happening::AcceptedByRelay { channel: Channel::Tls };
            event.place == Place::Injection && event.kind == accepted
        })
    };
    let messages = |count: usize| match count {
        1 => "1 message".to_owned(),
        _ => format!("{count} messages"),
    };
    let sent: Vec<&CaseRecord> = record.cases.iter().filter(allowed).collect();
    let came = sent.iter().copied().filter(in_tls).count();
    let also = match came {
        0 => String::new(),
        _ => format!("; {came} of them had come by TLS, which protects one hop only"),
    };
    let went = format!("{} went in plaintext, as the policy allows{also}", messages(sent.len()));
    (!sent.is_empty()).then_some(went)
}

/// What cut the run short or makes it old, a line each.
pub(super) fn cautions(record: &Record) -> Vec<String> {
    let cut = record.unfinished().into_iter().map(|(reason, unfinished)| {
        format!("{} not played to the end: {reason}", cases(unfinished.len()))
    });
    cut.chain(record.outdated.iter().map(|text| format!("OUTDATED: {text}"))).collect()
}

/// What differs from a whole run under usual conditions, as sentences without times.
pub(super) fn conditions(record: &Record) -> Vec<String> {
    let conditions = &record.conditions;
    let mut sentences = Vec::new();
    if !conditions.selection.is_empty() {
        let patterns: Vec<String> = conditions
            .selection
            .iter()
            .map(|pattern| format!("`{}`", printable(pattern)))
            .collect();
        sentences.push(format!("Cases selected by {} only.", patterns.join(", ")));
    }
    if let Some(folder) = &conditions.scenarios {
        sentences.push(format!("With the scenarios of {}.", printable(folder)));
    }
    let shard = conditions.shard.as_ref();
    sentences.extend(shard.map(|shard| format!("Part {} of the cases.", printable(shard))));
    let engine = conditions.engine.map(|engine| engine.name());
    sentences.extend(engine.map(|engine| format!("Played with the engine {engine} alone.")));
    if !conditions.private_network {
        sentences.push("Played outside a private network, on high ports.".into());
    }
    if record.interrupted {
        sentences.push("The run was interrupted: what was judged until then stands.".into());
    }
    sentences
}

/// What the gate says, in one line; `None` without a baseline.
pub fn gate(record: &Record) -> Option<String> {
    use waxseal_model::gate::GateResult;
    let gate = record.gate.as_ref()?;
    let breaking = gate.findings.iter().filter(|finding| finding.breaks()).count();
    let open = gate.findings.len() - breaking;
    let word = match gate.result {
        GateResult::Green => "green: nothing new, and every waiver still holds",
        GateResult::Broken => "broken",
        GateResult::Undecided => "undecided",
        GateResult::Interrupted => "interrupted",
        GateResult::Empty => "empty: no case was played",
    };
    let waived = gate.waived;
    let undecided = waived.inconclusive + waived.error;
    let mut text = format!("gate: {word}");
    if !gate.findings.is_empty() {
        text.push_str(&format!(" ({breaking} to mend or decide, {open} open)"));
    }
    text.push_str(&format!(
        "; waived: {} that fail, {undecided} undecided, {} requirements not judged",
        cases(waived.fail),
        waived.requirements
    ));
    Some(text)
}

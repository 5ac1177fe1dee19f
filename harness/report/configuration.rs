//! What was told of the user's own configuration, as lines.

use waxseal_model::configuration::{OverrideKind, Told};
use waxseal_model::foreign::Foreign;
use waxseal_model::record::Record;
use waxseal_model::wording::counted;

/// Before the run: overrides that could matter, the others as one line or `in_full`, warnings and
/// findings.
pub fn told(told: &Told, in_full: bool) -> Vec<String> {
    let of = |kind| told.overrides(kind).map(|text| format!("override: {text}"));
    let mut lines: Vec<String> = of(OverrideKind::Matters).collect();
    let times = told.overrides(OverrideKind::Times).count();
    if in_full {
        lines.extend(of(OverrideKind::Times));
    } else if times > 0 {
        lines.push(format!("override: times, counts and paths: {times} set; -v lists them"));
    }
    lines.extend(remarks(&told.warnings, &told.findings));
    lines
}

/// At the end: what the answer depends on, and what was found.
pub(super) fn at_the_end(record: &Record) -> Vec<String> {
    remarks(&record.warnings, &record.findings)
}

/// What became of the domains: a line each, and below it a line for each setting to change. None where
/// an overview has them.
pub(super) fn domains(record: &Record) -> Vec<String> {
    if !record.overview.is_empty() {
        return Vec::new();
    }
    let lines = record.domains.iter().flat_map(|domain| {
        let advice = domain.advice.iter().map(|text| format!("  setting to change: {text}"));
        std::iter::once(domain.to_string()).chain(advice)
    });
    lines.collect()
}

/// What the findings mean for the exit code, where there are some.
pub(super) fn verdict(record: &Record) -> Option<String> {
    let found = counted(Some(record.findings.len()).filter(|count| *count > 0)?, "finding");
    Some(format!("{found} about the configuration, so the exit code is 1"))
}

fn remarks(warnings: &[Foreign], findings: &[Foreign]) -> Vec<String> {
    let warnings = warnings.iter().map(|text| format!("warning: {text}"));
    warnings.chain(findings.iter().map(|text| format!("finding: {text}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_one_line_until_they_are_asked_for() {
        let told_of = Told::parse(
            b"time\ta = 1\nset\tb = 2\ntime\tc = 3\nfinding\tstale\x1b[2J\nwarning\tsender\n",
        );
        let told_of = told_of.unwrap();
        let short = [
            "override: b = 2",
            "override: times, counts and paths: 2 set; -v lists them",
            "warning: sender",
            r"finding: stale\u{1b}[2J",
        ];
        assert_eq!(told(&told_of, false), short);
        let full = ["override: b = 2", "override: a = 1", "override: c = 3"];
        assert_eq!(told(&told_of, true)[..3], full);
        assert!(told(&Told::default(), false).is_empty());
    }
}

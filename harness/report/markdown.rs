//! The report that is kept and compared: no times, ports or addresses.

use waxseal_model::foreign::printable;
use waxseal_model::record::{CaseRecord, Record, Status};
use waxseal_model::requirement::Catalogue;
use waxseal_model::verdict::Verdict;

use super::ending::{self, Counts};
use super::{Pillar, configuration, overview, silent};

/// The record as Markdown, the same for the same verdicts.
pub fn markdown(record: &Record, catalogue: &Catalogue) -> String {
    let mut text = format!(
        "# {} {}\n\nProfile {}.\n\n",
        cell(&record.relay.name),
        cell(&record.relay.version),
        cell(&record.profile)
    );
    let played = ending::conditions(record);
    if !played.is_empty() {
        text.push_str(&format!("{}\n\n", cell(&played.join(" "))));
    }
    if let Some(gate) = ending::gate(record) {
        text.push_str(&format!("{}\n\n", cell(&gate)));
    }
    text.push_str(&own(record));
    text.push_str(&format!("| pillar | {} |\n", Counts::TITLES.join(" | ")));
    text.push_str(&format!("|---|{}\n", "---|".repeat(Counts::TITLES.len())));
    for pillar in Pillar::ALL {
        let of = |case: &&CaseRecord| Pillar::of(&case.scenario, case.connector) == pillar;
        let part = Counts::of(record.cases.iter().filter(of));
        text.push_str(&row(pillar.title(), &part));
    }
    text.push_str(&row("all", &Counts::of(&record.cases)));
    text.push('\n');
    let lines = ending::requirements(record).into_iter();
    let lines =
        lines.chain(std::iter::once(ending::must_cases(record))).chain(ending::plaintext(record));
    let lines = lines.chain(ending::unjudged(record)).chain(silent::reasons(record));
    let lines = lines.chain(ending::cautions(record));
    lines.for_each(|line| text.push_str(&format!("- {}\n", cell(&line))));
    for finding in record.gate.iter().flat_map(|gate| &gate.findings) {
        text.push_str(&format!("- gate: {}\n", cell(&finding.to_string())));
    }
    let broken: Vec<_> =
        record.requirements.iter().filter(|r| r.status == Status::Broken).collect();
    if !broken.is_empty() {
        text.push_str(
            "\n## Broken requirements\n\n| requirement | level | source |\n|---|---|---|\n",
        );
        for requirement in broken {
            let source = catalogue.get(&requirement.id).map_or("", |known| known.source.as_str());
            let id = cell(&requirement.id);
            text.push_str(&format!("| {id} | {} | {source} |\n", requirement.level));
        }
    }
    text.push_str(
        "\n## Cases\n\n| case | level | verdict | outcome | reason |\n|---|---|---|---|---|\n",
    );
    for case in &record.cases {
        let outcome = case.outcome.map_or("", |outcome| outcome.name());
        let verdict = match &case.waiver {
            None => case.verdict.to_string(),
            Some(_) => format!("{}, waived", case.verdict),
        };
        let reason = match &case.waiver {
            // What was observed of a relay that keeps the claim is evidence, and may differ from run to
            // run: an alert or a reset, the one or the other of two right answers. JSON has it.
            None if case.verdict == Verdict::Pass => String::new(),
            None => {
                let advice =
                    case.advice.iter().map(|advice| format!(" To mend it: {}", cell(advice)));
                cell(&case.reason) + &advice.collect::<String>()
            }
            Some(waiver) => format!("{} Waived: {}", cell(&case.reason), cell(waiver)),
        };
        text.push_str(&format!(
            "| {} | {} | {verdict} | {outcome} | {reason} |\n",
            id_cell(&case.id),
            case.level
        ));
    }
    text
}

/// What a run of the user's own configuration says of it, and the title of what follows.
fn own(record: &Record) -> String {
    let mut text = String::new();
    let told = configuration::at_the_end(record);
    if !told.is_empty() {
        text.push_str("## Configuration\n\n");
        told.iter().for_each(|line| text.push_str(&format!("- {}\n", cell(line))));
        text.push('\n');
    }
    let domains = configuration::domains(record);
    if !domains.is_empty() {
        text.push_str("## Domains\n\n");
        for line in domains {
            let indent = line.len() - line.trim_start().len();
            text.push_str(&format!("{}- {}\n", &line[..indent], cell(line.trim_start())));
        }
        text.push('\n');
    }
    text.push_str(&entries(record));
    let listed = !(record.overview.is_empty() && record.listeners.is_empty());
    if listed || !(told.is_empty() && record.domains.is_empty()) {
        text.push_str("## Pillars\n\n");
    }
    text
}

/// The overview of the user's configuration, and the settings that it names.
fn entries(record: &Record) -> String {
    let (tables, settings) = overview::overview(record);
    let mut text = String::new();
    for overview::Table { heading, titles, rows } in tables {
        text.push_str(&format!("## {heading}\n\n| {} |\n", titles.join(" | ")));
        text.push_str(&format!("|{}\n", "---|".repeat(titles.len())));
        for row in rows {
            text.push_str(&format!("| {} |\n", row.map(|text| cell(&text)).join(" | ")));
        }
        text.push('\n');
    }
    for (at, setting) in settings.iter().enumerate() {
        text.push_str(&format!("- setting {}: {}\n", at + 1, cell(setting)));
    }
    if !settings.is_empty() {
        text.push('\n');
    }
    text
}

fn row(title: &str, part: &Counts) -> String {
    let cells = part.columns().map(|count| count.to_string());
    format!("| {title} | {} |\n", cells.join(" | "))
}

/// An id of ours as it is; what is no id is text of others.
fn id_cell(id: &str) -> String {
    let ours = |c: char| c.is_ascii_alphanumeric() || "/-_#,=.@+* ".contains(c);
    if id.chars().all(ours) { id.to_owned() } else { cell(id) }
}

/// Text of others stands in reasons: it is shown as it is, and nothing of it ends the cell, is markup,
/// an image, a link, a name that is mentioned or a number that is referred to.
pub(super) fn cell(text: &str) -> String {
    let text = printable(text);
    let mut shown = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let next = text[at + c.len_utf8()..].chars().next();
        match c {
            '|' | '<' | '>' | '\\' | '`' | '[' | ']' => shown.extend(['\\', c]),
            '&' => shown.push_str("&amp;"),
            // A space without width: these are looked for in the text, past all escapes.
            '@' | '#' if next.is_some_and(char::is_alphanumeric) => {
                shown.push(c);
                shown.push_str("&#8203;");
            }
            ':' if next == Some('/') => shown.push_str(":&#8203;"),
            '.' if text[..at].to_ascii_lowercase().ends_with("www") => {
                shown.push_str("&#8203;.");
            }
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, shown: &str) {
        assert_eq!(cell(text), shown);
    }

    #[test]
    fn text_of_others_is_no_markup() {
        check("![i](http://x/y)", r"!\[i\](http:&#8203;//x/y)");
        check("a|b `c` <b> &lt;", r"a\|b \`c\` \<b\> &amp;lt;");
        check("@name #1 a@b.test", "@&#8203;name #&#8203;1 a@&#8203;b.test");
        check("WWW.x.test", "WWW&#8203;.x.test");
        check("\u{1b}[1m\n", r"\\u{1b}\[1m\\n");
    }
}

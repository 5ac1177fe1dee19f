//! Cases that say nothing, together by the reason that they share.

use waxseal_model::record::{CaseRecord, Record};
use waxseal_model::verdict::Verdict;

/// As many reasons stand in the last lines.
const REASONS: usize = 10;

/// Cases of this verdict by their reason, controls first: what a control lacks is why others say nothing.
/// Waived ones and those that were not played to their end have lines of their own.
pub(super) fn alike(record: &Record, verdict: Verdict) -> Vec<Vec<&CaseRecord>> {
    let ended_so =
        |case: &&CaseRecord| case.verdict == verdict && case.waiver.is_none() && !case.unfinished;
    let mut groups: Vec<Vec<&CaseRecord>> = Vec::new();
    for case in record.cases.iter().filter(ended_so) {
        match groups.iter_mut().find(|group| group.iter().any(|one| one.reason == case.reason)) {
            Some(group) => group.push(case),
            None => groups.push(vec![case]),
        }
    }
    groups.sort_by_key(|group| group.iter().all(|case| case.control.is_some()));
    groups
}

/// How many cases say nothing for which reason, a line each, the most frequent first.
pub(super) fn reasons(record: &Record) -> Vec<String> {
    let mut groups = alike(record, Verdict::Inconclusive);
    groups.extend(alike(record, Verdict::Error));
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let rest: usize = groups.iter().skip(REASONS).map(Vec::len).sum();
    let told = groups.iter().take(REASONS).filter_map(|group| {
        let reason = inside(&group.first()?.reason);
        Some(format!("{} because {reason}", say_nothing(group.len(), "")))
    });
    let rest = (rest > 0).then(|| say_nothing(rest, "more ") + " for other reasons");
    told.chain(rest).collect()
}

/// `1 case says nothing`, `2 more cases say nothing`.
fn say_nothing(count: usize, more: &str) -> String {
    match count {
        1 => format!("1 {more}case says nothing"),
        count => format!("{count} {more}cases say nothing"),
    }
}

/// A sentence as it stands behind another word: a name or an abbreviation keeps its capitals.
fn inside(sentence: &str) -> String {
    let word: String = sentence.chars().take_while(|c| c.is_alphanumeric()).collect();
    let ordinary = word.chars().skip(1).all(|c| c.is_lowercase());
    match sentence.chars().next() {
        Some(first) if ordinary => first.to_lowercase().chain(sentence.chars().skip(1)).collect(),
        _ => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn a_sentence_goes_on_in_small_letters_and_an_abbreviation_does_not() {
        assert_eq!(inside("The relay did not answer."), "the relay did not answer.");
        assert_eq!(inside("TLS ended."), "TLS ended.");
        assert_eq!(inside("No answer."), "no answer.");
        assert_eq!(inside(""), "");
    }
}

//! Accepted failures: a file of waivers. `gate` judges a record by them.

use globset::GlobMatcher;
use serde::Deserialize;
use serde_spanned::Spanned;

use crate::case_ids;
use crate::dated::Date;
use crate::diagnostic::{Diagnostic, line_of};
use crate::gate::Finding;
use crate::verdict::Verdict;
use crate::versions::Versions;

/// A file of waivers.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    pub(crate) waivers: Vec<Waiver>,
}

/// One entry: these cases end so, or these requirements are not judged, we know it, and this is why
/// that is accepted.
#[derive(Clone, Debug)]
pub(crate) struct Waiver {
    pub(crate) cases: Vec<Pattern>,
    /// How the cases end: fail, inconclusive or error.
    pub(crate) verdict: Verdict,
    pub(crate) requirements: Vec<Pattern>,
    pub(crate) reason: Option<String>,
    link: Option<String>,
    expires: Option<Date>,
    /// The product's versions that it is about; all, where nothing is said.
    versions: Option<Versions>,
    pub(crate) line: usize,
}

/// A pattern of ids in which `*` stands for anything.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) text: String,
    matcher: GlobMatcher,
}

impl Pattern {
    pub(crate) fn fits(&self, id: &str) -> bool {
        self.text == id || self.matcher.is_match(id)
    }
}

impl Waiver {
    /// Whether it is about a product of this version.
    pub(crate) fn is_for(&self, version: &str) -> bool {
        self.versions.as_ref().is_none_or(|versions| versions.hold(version))
    }

    /// Whether it names the case.
    pub(crate) fn case(&self, id: &str) -> bool {
        self.cases.iter().any(|pattern| pattern.fits(id))
    }

    /// Whether it names the requirement.
    pub(crate) fn requirement(&self, id: &str) -> bool {
        self.requirements.iter().any(|pattern| pattern.fits(id))
    }

    /// Whether a case that ended so shows that the waiver is of no use any more. An undecided case
    /// does not show that a failure is gone.
    pub(crate) fn is_disproved(&self, verdict: Verdict) -> bool {
        match self.verdict {
            Verdict::Fail => matches!(verdict, Verdict::Pass | Verdict::Observed),
            waived => verdict != waived && verdict != Verdict::Skipped,
        }
    }

    /// Why it covers nothing.
    pub(crate) fn flaw(&self, today: &str) -> Option<Finding> {
        let line = self.line;
        match (&self.reason, &self.link, &self.expires) {
            (None, _, _) => Some(Finding::Reasonless { line, lacks: "reason".into() }),
            (_, None, _) => Some(Finding::Reasonless { line, lacks: "link".into() }),
            (_, _, Some(day)) if day.to_string().as_str() < today => {
                Some(Finding::Expired { line, day: day.to_string() })
            }
            _ => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    waiver: Vec<Spanned<RawWaiver>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWaiver {
    cases: Option<Spanned<Vec<Spanned<String>>>>,
    verdict: Option<Spanned<String>>,
    requirements: Option<Spanned<Vec<Spanned<String>>>>,
    reason: Option<String>,
    link: Option<String>,
    /// Who decides about it; for readers.
    #[serde(rename = "owner")]
    _owner: Option<String>,
    expires: Option<Spanned<toml::value::Datetime>>,
    versions: Option<Spanned<String>>,
}

/// Reads one file; `wrong` makes a diagnostic of a place, what is wrong there and what to do.
struct Reader<'a> {
    file: &'a str,
    text: &'a str,
}

impl Baseline {
    /// Reads the text of a baseline; `file` is for messages.
    ///
    /// # Errors
    /// What is wrong with it, with the place. A missing reason or an old entry is not wrong here:
    /// [`Baseline::judge`] finds it.
    pub fn parse(file: &str, text: &str) -> Result<Self, Diagnostic> {
        let reader = Reader { file, text };
        let raw: RawFile = toml::from_str(text)
            .map_err(|error| reader.wrong(error.span(), error.message(), ""))?;
        let waivers = raw.waiver.into_iter().map(|raw| reader.waiver(raw));
        Ok(Self { waivers: waivers.collect::<Result<_, _>>()? })
    }
}

impl Reader<'_> {
    fn wrong(&self, span: Option<std::ops::Range<usize>>, message: &str, help: &str) -> Diagnostic {
        Diagnostic {
            file: self.file.into(),
            span,
            message: message.into(),
            help: Some(help.to_owned()).filter(|help| !help.is_empty()),
        }
    }

    fn waiver(&self, raw: Spanned<RawWaiver>) -> Result<Waiver, Diagnostic> {
        let place = raw.span();
        let line = line_of(self.text, place.start);
        let raw = raw.into_inner();
        if raw.cases.is_none() && raw.requirements.is_none() {
            let help = "name `cases`, or `requirements` that are not judged";
            return Err(self.wrong(Some(place), "a waiver for nothing", help));
        }
        if let (None, Some(verdict)) = (&raw.cases, &raw.verdict) {
            let help = "a verdict is that of `cases`; a requirement that is not judged has none";
            return Err(self.wrong(Some(verdict.span()), "a verdict of no case", help));
        }
        let said = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Ok(Waiver {
            cases: self.patterns(raw.cases)?,
            verdict: self.verdict(raw.verdict)?,
            requirements: self.patterns(raw.requirements)?,
            reason: said(raw.reason),
            link: said(raw.link),
            expires: raw.expires.map(|at| self.day(&at)).transpose()?,
            versions: raw.versions.map(|text| self.versions(&text)).transpose()?,
            line,
        })
    }

    fn patterns(
        &self,
        list: Option<Spanned<Vec<Spanned<String>>>>,
    ) -> Result<Vec<Pattern>, Diagnostic> {
        let Some(list) = list else { return Ok(Vec::new()) };
        if list.get_ref().is_empty() {
            let help = "name at least one, or take the entry out";
            return Err(self.wrong(Some(list.span()), "a waiver for no case", help));
        }
        list.into_inner().into_iter().map(|pattern| self.pattern(pattern)).collect()
    }

    fn pattern(&self, pattern: Spanned<String>) -> Result<Pattern, Diagnostic> {
        let help = "`*` stands for anything; everything else is meant as written";
        let matcher = case_ids::pattern(pattern.get_ref())
            .map_err(|_| self.wrong(Some(pattern.span()), "this is not a pattern of ids", help))?;
        Ok(Pattern { text: pattern.into_inner(), matcher })
    }

    fn verdict(&self, word: Option<Spanned<String>>) -> Result<Verdict, Diagnostic> {
        let Some(word) = word else { return Ok(Verdict::Fail) };
        let known = [Verdict::Fail, Verdict::Inconclusive, Verdict::Error];
        known.into_iter().find(|verdict| verdict.name() == word.get_ref()).ok_or_else(|| {
            let help = "write `fail`, `inconclusive` or `error`";
            self.wrong(Some(word.span()), "this verdict needs no waiver", help)
        })
    }

    fn versions(&self, text: &Spanned<String>) -> Result<Versions, Diagnostic> {
        Versions::parse(text.get_ref()).ok_or_else(|| {
            let help = "write `>=3.10`, `<3.10`, or both with a comma between";
            self.wrong(Some(text.span()), "no versions", help)
        })
    }

    fn day(&self, at: &Spanned<toml::value::Datetime>) -> Result<Date, Diagnostic> {
        Date::of(at.get_ref())
            .ok_or_else(|| self.wrong(Some(at.span()), "no day", "write it as 2026-12-31"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_with_their_place() {
        for text in [
            "[[waiver]]\ncases = []",
            "[[waiver]]\ncase = ['a']",
            "waiver = 1",
            "[[waiver]]\nreason = 'x'",
            "[[waiver]]\ncases = ['a']\nverdict = 'pass'",
            "[[waiver]]\nrequirements = ['a']\nverdict = 'fail'",
            "[[waiver]]\ncases = ['a']\nexpires = 10:00:00",
            "[[waiver]]\ncases = ['a']\nversions = '3.10'",
        ] {
            assert!(Baseline::parse("gate.toml", text).unwrap_err().span.is_some(), "{text}");
        }
    }
}

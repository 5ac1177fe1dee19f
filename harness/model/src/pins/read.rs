//! A file of pins, read.

use std::ops::Range;

use serde::Deserialize;
use toml::value::Datetime;

use super::{Day, Pin, Pins};
use crate::dated::Date;
use crate::diagnostic::{Diagnostic, closest};
use crate::offer::{SuiteChoice, SuiteKind, Version};
use crate::raw::{OneOrMany, Placed};

impl Pins {
    /// Reads a file of pins; `file` is for messages.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place and the likely word.
    pub fn parse(file: &str, text: &str) -> Result<Self, Diagnostic> {
        let raw: RawFile =
            toml::from_str(text).map_err(|error| Diagnostic::of_toml(file, &error))?;
        let mut pins = Self {
            about: raw.about,
            checked: raw.checked,
            source: raw.source,
            versions: Vec::new(),
            suites: Vec::new(),
            certificates: Vec::new(),
        };
        for word in raw.versions.iter().flat_map(|list| &list.0) {
            pins.versions.push(version(file, word)?);
        }
        for word in raw.suites.iter().flat_map(|list| &list.0) {
            pins.suites.push(suite(file, word)?);
        }
        for raw in raw.certificate {
            pins.certificates.push(pin(file, raw)?);
        }
        Ok(pins)
    }
}

fn wrong(file: &str, span: Range<usize>, message: String, help: Option<String>) -> Diagnostic {
    Diagnostic { file: file.into(), span: Some(span), message, help }
}

fn version(file: &str, word: &Placed<String>) -> Result<Version, Diagnostic> {
    Version::from_name(word.get_ref()).ok_or_else(|| {
        let names = Version::ALL.map(Version::name).join(", ");
        let message = format!("`{}` is no TLS version", word.get_ref());
        wrong(file, word.span(), message, Some(format!("one of: {names}")))
    })
}

fn suite(file: &str, word: &Placed<String>) -> Result<SuiteChoice, Diagnostic> {
    let name = word.get_ref();
    match SuiteKind::from_name(name) {
        Some(kind) => Ok(SuiteChoice::Kind(kind)),
        None if name.starts_with("TLS_") => Ok(SuiteChoice::Named(name.clone())),
        None => {
            let help = closest(name, SuiteKind::ALL.map(SuiteKind::name));
            let help = help.map(|name| format!("did you mean `{name}`?"));
            let message = format!("`{name}` is no suite and no kind of suite");
            Err(wrong(file, word.span(), message, help))
        }
    }
}

fn pin(file: &str, raw: Placed<RawPin>) -> Result<Pin, Diagnostic> {
    let place = raw.span();
    let raw = raw.into_inner();
    let roots = raw.root.map(|list| list.0).unwrap_or_default();
    let day = |at: Option<Placed<Datetime>>| at.map(|at| day(file, &at)).transpose();
    let pin = Pin {
        roots: roots.into_iter().map(Placed::into_inner).collect(),
        name: raw.name,
        organisation: raw.organisation,
        organisational_unit: raw.organisational_unit,
        key_bits: raw.key_bits,
        not_before: day(raw.not_before)?,
        not_after: day(raw.not_after)?,
        from: day(raw.from)?,
        until: day(raw.until)?,
    };
    let dates = Pin { from: pin.from.clone(), until: pin.until.clone(), ..Pin::default() };
    if pin == dates {
        let help = "add `root`, `name`, `organisation`, `key-bits` …".to_owned();
        return Err(wrong(file, place, "this pins nothing".into(), Some(help)));
    }
    Ok(pin)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawFile {
    #[serde(default)]
    about: String,
    checked: Option<Date>,
    source: Option<String>,
    versions: Option<OneOrMany>,
    suites: Option<OneOrMany>,
    #[serde(default)]
    certificate: Vec<Placed<RawPin>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawPin {
    root: Option<OneOrMany>,
    name: Option<String>,
    organisation: Option<String>,
    organisational_unit: Option<String>,
    key_bits: Option<u32>,
    not_before: Option<Placed<Datetime>>,
    not_after: Option<Placed<Datetime>>,
    from: Option<Placed<Datetime>>,
    until: Option<Placed<Datetime>>,
}

fn day(file: &str, at: &Placed<Datetime>) -> Result<Day, Diagnostic> {
    midnight(at.get_ref()).ok_or_else(|| {
        let help = "write a date alone, `2018-09-03`".to_owned();
        wrong(file, at.span(), "this is no day".into(), Some(help))
    })
}

/// A date without a time as a day.
fn midnight(at: &Datetime) -> Option<Day> {
    let date = at.date.filter(|_| at.time.is_none())?;
    // Days since 1970 in the Gregorian calendar, counted in years that begin in March.
    let (year, month) = (i64::from(date.year), i64::from(date.month));
    let year = if month <= 2 { year - 1 } else { year };
    let in_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(date.day) - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + in_year - 719_468;
    Some(Day { begins: days * 86_400, text: at.to_string() })
}

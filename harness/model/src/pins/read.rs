//! A file of pins, read.

use serde::Deserialize;
use serde_spanned::Spanned;

use super::{Day, Pin, Pins};
use crate::dated::Date;
use crate::diagnostic::{Diagnostic, closest};
use crate::offer::{SuiteChoice, SuiteKind, Version};
use crate::raw::OneOrMany;

impl Pins {
    /// Reads a file of pins; `file` is for messages.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place and the likely word.
    pub fn parse(file: &str, text: &str) -> Result<Self, Diagnostic> {
        let raw: RawFile = toml::from_str(text).map_err(|error| {
            let message = error.message().to_owned();
            let help = message.strip_prefix("unknown field `").and_then(|rest| {
                let (word, rest) = rest.split_once('`')?;
                let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
                closest(word, known).map(|name| format!("did you mean `{name}`?"))
            });
            let span = error.span().filter(|span| *span != (0..0));
            Diagnostic { file: file.into(), span, message, help }
        })?;
        let wrong = |span, message: String, help: Option<String>| Diagnostic {
            file: file.into(),
            span: Some(span),
            message,
            help,
        };
        let mut pins = Self {
            about: raw.about,
            checked: raw.checked,
            source: raw.source,
            versions: Vec::new(),
            suites: Vec::new(),
            certificates: Vec::new(),
        };
        for word in raw.versions.iter().flat_map(|list| &list.0) {
            let version = Version::from_name(word.get_ref()).ok_or_else(|| {
                let names = Version::ALL.map(Version::name).join(", ");
                let message = format!("`{}` is no TLS version", word.get_ref());
                wrong(word.span(), message, Some(format!("one of: {names}")))
            })?;
            pins.versions.push(version);
        }
        for word in raw.suites.iter().flat_map(|list| &list.0) {
            pins.suites.push(match SuiteKind::from_name(word.get_ref()) {
                Some(kind) => SuiteChoice::Kind(kind),
                None if word.get_ref().starts_with("TLS_") => {
                    SuiteChoice::Named(word.get_ref().clone())
                }
                None => {
                    let kinds = SuiteKind::ALL.map(SuiteKind::name);
                    let help = closest(word.get_ref(), kinds);
                    return Err(wrong(
                        word.span(),
                        format!("`{}` is no suite and no kind of suite", word.get_ref()),
                        help.map(|name| format!("did you mean `{name}`?")),
                    ));
                }
            });
        }
        let day = |at: Option<Spanned<toml::value::Datetime>>| {
            at.map(|at| {
                day(at.get_ref()).ok_or_else(|| {
                    let message = "this is no day".to_owned();
                    wrong(at.span(), message, Some("write a date alone, `2018-09-03`".into()))
                })
            })
            .transpose()
        };
        for raw in raw.certificate {
            let place = raw.span();
            let raw = raw.into_inner();
            let roots = raw.root.map(|list| list.0).unwrap_or_default();
            let pin = Pin {
                roots: roots.into_iter().map(Spanned::into_inner).collect(),
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
                return Err(wrong(place, "this pins nothing".into(), Some(help)));
            }
            pins.certificates.push(pin);
        }
        Ok(pins)
    }
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
    certificate: Vec<Spanned<RawPin>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawPin {
    root: Option<OneOrMany>,
    name: Option<String>,
    organisation: Option<String>,
    organisational_unit: Option<String>,
    key_bits: Option<u32>,
    not_before: Option<Spanned<toml::value::Datetime>>,
    not_after: Option<Spanned<toml::value::Datetime>>,
    from: Option<Spanned<toml::value::Datetime>>,
    until: Option<Spanned<toml::value::Datetime>>,
}

/// A date without a time as a day.
fn day(at: &toml::value::Datetime) -> Option<Day> {
    let date = at.date.filter(|_| at.time.is_none())?;
    // Days since 1970 in the Gregorian calendar, counted in years that begin in March.
    let (year, month) = (i64::from(date.year), i64::from(date.month));
    let year = if month <= 2 { year - 1 } else { year };
    let in_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(date.day) - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + in_year - 719_468;
    Some(Day { begins: days * 86_400, text: at.to_string() })
}

//! From a file's text to a scenario, or to all that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use super::check::Checker;
use super::matrix::{CONNECTOR, Combination, Matrix, Value, is_in};
use super::row::{self, Words};
use super::{Case, Connector, Scenario};
use crate::diagnostic::{Diagnostic, closest};
use crate::limits;
use crate::offer::Offer;
use crate::raw;
use crate::script::Direction;

/// What scenario files may name: the catalogue, the recipes and the offers.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Requirement ids.
    pub requirements: BTreeSet<String>,
    /// Certificate recipes.
    pub recipes: BTreeSet<String>,
    /// Those of them whose key is RSA.
    pub rsa_recipes: BTreeSet<String>,
    /// Offers by name.
    pub offers: BTreeMap<String, Offer>,
}

/// Reads `offers.toml`. The result still lacks a check whether an engine can play each.
///
/// # Errors
/// All that is wrong with the file.
pub fn load_offers(file: &str, text: &str) -> Result<BTreeMap<String, Offer>, Vec<Diagnostic>> {
    let raw: raw::Offers =
        toml::from_str(text).map_err(|error| vec![Diagnostic::of_toml(file, &error)])?;
    let known = Known::default();
    let (no_words, no_values) = (Words::default(), BTreeMap::new());
    let mut checker = Checker::new(file, &known, &no_words, &no_values);
    let mut offers = BTreeMap::new();
    for (name, offer) in raw {
        let table = raw::OfferTable {
            versions: offer.versions,
            suites: offer.suites,
            groups: offer.groups,
            schemes: offer.schemes,
            dh_bits: offer.dh_bits,
        };
        offers.insert(name, checker.offer_table(&table));
    }
    if checker.errors.is_empty() { Ok(offers) } else { Err(checker.errors) }
}

/// Reads the scenarios of one file: one, or one for each of its rows. `id` is its path below the scenario
/// folder, without `.toml`.
///
/// # Errors
/// All that is wrong with the file, in the order of its text.
pub fn load(
    id: &str,
    file: &str,
    text: &str,
    known: &Known,
) -> Result<Vec<Scenario>, Vec<Diagnostic>> {
    let whole = |message: String, help: &str| {
        vec![Diagnostic { file: file.into(), span: None, message, help: Some(help.into()) }]
    };
    let direction = match id.split('/').next() {
        Some("inbound") => Direction::Inbound,
        Some("outbound") => Direction::Outbound,
        _ => {
            return Err(whole(
                "a scenario lies under `inbound/` or `outbound/`".into(),
                "its folder says which way mail goes through the relay",
            ));
        }
    };
    let raw: raw::File =
        toml::from_str(text).map_err(|error| vec![Diagnostic::of_toml(file, &error)])?;
    let matrix = Matrix::read(file, direction, &raw.matrix)?;
    let combinations = matrix.combinations();
    let rows = raw.row.len().max(1).saturating_mul(raw.case.0.len().max(1));
    if rows.saturating_mul(combinations.len()) > limits::CASES {
        let message = format!("the file makes more than {} cases", limits::CASES);
        return Err(whole(message, "make several files of it"));
    }
    let file = Reading { id, file, direction, raw: &raw, combinations, known };
    let mut errors = misnamed(file.file, direction, &raw, &matrix);
    errors.extend(row::misnamed(file.file, &raw.row));
    let rows: Vec<Option<&raw::Row>> =
        if raw.row.is_empty() { vec![None] } else { raw.row.iter().map(Some).collect() };
    let scenarios: Vec<Scenario> =
        rows.into_iter().map(|row| file.scenario(row, &mut errors)).collect();
    if !errors.is_empty() {
        errors.sort_by_key(|error| error.span.as_ref().map_or(usize::MAX, |span| span.start));
        return Err(errors);
    }
    Ok(scenarios)
}

/// A file that is read, and what its cases are made of.
struct Reading<'a> {
    id: &'a str,
    file: &'a str,
    direction: Direction,
    raw: &'a raw::File,
    combinations: Vec<Combination>,
    known: &'a Known,
}

impl Reading<'_> {
    /// The scenario of one row, or of the file as a whole. What is wrong with it is added to `errors`,
    /// once.
    fn scenario(&self, row: Option<&raw::Row>, errors: &mut Vec<Diagnostic>) -> Scenario {
        let words = row.map(|row| Words::of(row, &self.raw.row)).unwrap_or_default();
        let unnamed = (None, raw::Case::default());
        let named: Vec<(Option<&str>, &raw::Case)> = match self.raw.case.0.as_slice() {
            [] => vec![(unnamed.0, &unnamed.1)],
            cases => {
                cases.iter().map(|(name, case)| (Some(name.get_ref().as_str()), case)).collect()
            }
        };
        let id = match row {
            Some(row) => format!("{}#{}", self.id, row.name.get_ref()),
            None => self.id.to_owned(),
        };
        let mut right = true;
        let mut cases: Vec<Case> = Vec::new();
        for (name, case) in named {
            for values in &self.combinations {
                let filled: BTreeMap<_, _> =
                    values.iter().map(|(key, value)| (key.clone(), value.text.clone())).collect();
                let mut checker = Checker::new(self.file, self.known, &words, &filled);
                let own = Own { scenario: &id, case, row, cites: self.cites(row, case, values) };
                let id = case_id(&id, row.is_some(), name, values);
                let made = checker.case(self.direction, self.raw, &own, id);
                right &= checker.errors.is_empty();
                for error in checker.errors {
                    if !errors.contains(&error) {
                        errors.push(error);
                    }
                }
                cases.extend(made);
            }
        }
        if cases.iter().any(|case| case.cites.is_empty()) {
            errors.push(self.cites_nothing(row));
        }
        if right {
            // What stopped at a mistake may not have come to all of its words.
            errors.extend(words.unused(self.file));
        }
        let mut cites: Vec<String> = Vec::new();
        for cite in cases.iter().flat_map(|case| &case.cites) {
            if !cites.contains(cite) {
                cites.push(cite.clone());
            }
        }
        Scenario { claim: words.fill(self.raw.claim.get_ref()), id, cites, cases }
    }

    /// What a case cites: what the file does, what its row and its `[case]` add, and what its values of
    /// the matrix add.
    fn cites<'a>(
        &'a self,
        row: Option<&'a raw::Row>,
        case: &'a raw::Case,
        values: &[(String, Value)],
    ) -> Vec<&'a raw::Placed<String>> {
        let named = |axis: &str, name: &str| {
            let here = |value: &str| {
                value == name || axis == CONNECTOR && is_in(value, name, self.direction)
            };
            values.iter().any(|(key, value)| key == axis && here(&value.name))
        };
        let cites_for = row.iter().flat_map(|row| &row.cites_for.0).chain(&self.raw.cites_for.0);
        let by_value = cites_for.flat_map(|(axis, by_name)| {
            let here = by_name.0.iter().filter(|(name, _)| named(axis.get_ref(), name.get_ref()));
            here.flat_map(|(_, cites)| cites).collect::<Vec<_>>()
        });
        let of_row = row.iter().flat_map(|row| &row.cites);
        let cites = self.raw.cites.iter().chain(of_row).chain(&case.cites);
        cites.chain(by_value).chain(&self.raw.cites_never).collect()
    }

    fn cites_nothing(&self, row: Option<&raw::Row>) -> Diagnostic {
        let message = match row {
            Some(row) => format!("the row `{}` cites no requirement", row.name.get_ref()),
            None => "the scenario cites no requirement".into(),
        };
        let help = "add `cites = [\"…\"]`; `waxseal list --requirements` shows all";
        let (file, span) = (self.file.to_owned(), row.map(|row| row.name.span()));
        Diagnostic { file, span, message, help: Some(help.into()) }
    }
}

/// What one case has of its own: its scenario, its row, its `[case]`, and the requirements that it cites.
pub(super) struct Own<'a> {
    pub(super) scenario: &'a str,
    pub(super) case: &'a raw::Case,
    row: Option<&'a raw::Row>,
    pub(super) cites: Vec<&'a raw::Placed<String>>,
}

impl<'a> Own<'a> {
    /// Who is harmed: as the row says, or the file.
    pub(super) fn why(&self, raw: &'a raw::File) -> Option<&'a raw::Placed<String>> {
        self.row.and_then(|row| row.why.as_ref()).or(raw.why.as_ref())
    }
}

/// `cites-for` names axes and values of the matrix.
fn misnamed(file: &str, direction: Direction, raw: &raw::File, matrix: &Matrix) -> Vec<Diagnostic> {
    let wrong = |word: &raw::Placed<String>, message: String, known: Vec<&str>| {
        let help = match closest(word.get_ref(), known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of: {}", known.join(", ")),
        };
        let (file, span) = (file.to_owned(), Some(word.span()));
        Diagnostic { file, span, message, help: Some(help) }
    };
    let mut errors = Vec::new();
    let of_rows = raw.row.iter().flat_map(|row| &row.cites_for.0);
    for (axis, by_name) in raw.cites_for.0.iter().chain(of_rows) {
        let Some(names) = matrix.names(axis.get_ref()) else {
            let message = format!("the matrix has no axis `{}`", axis.get_ref());
            errors.push(wrong(axis, message, matrix.axes()));
            continue;
        };
        let is_value = |name: &str| {
            let is_one = |value: &&str| is_in(value, name, direction);
            names.contains(&name) || axis.get_ref() == CONNECTOR && names.iter().any(is_one)
        };
        for (name, _) in by_name.0.iter().filter(|(name, _)| !is_value(name.get_ref())) {
            let message = format!("`matrix.{}` has no value `{}`", axis.get_ref(), name.get_ref());
            errors.push(wrong(name, message, names.clone()));
        }
    }
    errors
}

/// `FILE#row,case,value`, as far as there are any. `scenario` is the file's id, or with `of_row` the row's.
fn case_id(scenario: &str, of_row: bool, name: Option<&str>, values: &[(String, Value)]) -> String {
    let value = |(key, value): &(String, Value)| match key.as_str() {
        CONNECTOR => value.name.clone(),
        key => format!("{key}={}", value.name),
    };
    let parts: Vec<String> =
        name.map(str::to_owned).into_iter().chain(values.iter().map(value)).collect();
    let sign = if of_row { ',' } else { '#' };
    if parts.is_empty() { scenario.into() } else { format!("{scenario}{sign}{}", parts.join(",")) }
}

impl Scenario {
    /// The id of its file: without its row.
    pub fn file(&self) -> &str {
        file(&self.id)
    }
}

fn file(scenario: &str) -> &str {
    scenario.split_once('#').map_or(scenario, |(file, _)| file)
}

impl Case {
    /// The id of its file: without its row and its values.
    pub fn file(&self) -> &str {
        file(&self.scenario)
    }

    /// The id of the control that this case is paired with.
    pub fn control_id(&self) -> String {
        self.control.clone().unwrap_or_else(|| default_control(self.direction, self.connector))
    }
}

/// The id of a connector's control.
pub fn default_control(direction: Direction, connector: Connector) -> String {
    format!("{direction}/control#{connector}")
}

/// The id of the control of a connector's inbound cases where no mail may be sent.
pub fn undelivered_control(connector: Connector) -> String {
    match connector {
        Connector::Implicit => "inbound/starttls/session-implicit".into(),
        connector => format!("inbound/starttls/session#{connector}"),
    }
}

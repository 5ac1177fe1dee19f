//! From a file's text to a scenario, or to all that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use super::check::Checker;
use super::matrix::{Matrix, Value};
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
    let no_values = BTreeMap::new();
    let mut checker = Checker::new(file, &known, &no_values);
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

/// Reads one scenario. `id` is its path below the scenario folder, without `.toml`.
///
/// # Errors
/// All that is wrong with the file, in the order of its text.
pub fn load(id: &str, file: &str, text: &str, known: &Known) -> Result<Scenario, Vec<Diagnostic>> {
    let whole = |message: String, help: Option<String>| {
        vec![Diagnostic { file: file.into(), span: None, message, help }]
    };
    let direction = match id.split('/').next() {
        Some("inbound") => Direction::Inbound,
        Some("outbound") => Direction::Outbound,
        _ => {
            return Err(whole(
                "a scenario lies under `inbound/` or `outbound/`".into(),
                Some("its folder says which way mail goes through the relay".into()),
            ));
        }
    };
    let raw: raw::File =
        toml::from_str(text).map_err(|error| vec![Diagnostic::of_toml(file, &error)])?;
    let matrix = Matrix::read(file, &raw.matrix)?;
    let mut cases: Vec<Case> = Vec::new();
    let mut errors: Vec<Diagnostic> = misnamed(file, &raw, &matrix);
    let unnamed = (None, raw::Case::default());
    let rows: Vec<(Option<&str>, &raw::Case)> = if raw.case.0.is_empty() {
        vec![(unnamed.0, &unnamed.1)]
    } else {
        raw.case.0.iter().map(|(name, case)| (Some(name.get_ref().as_str()), case)).collect()
    };
    let combinations = matrix.combinations();
    if rows.len().saturating_mul(combinations.len()) > limits::CASES {
        return Err(whole(
            format!("the file makes more than {} cases", limits::CASES),
            Some("make several files of it".into()),
        ));
    }
    for (name, row) in rows {
        for values in combinations.clone() {
            let filled: BTreeMap<_, _> =
                values.iter().map(|(key, value)| (key.clone(), value.text.clone())).collect();
            let mut checker = Checker::new(file, known, &filled);
            let own = Row { case: row, cites: cites(&raw, row, &values) };
            let case = checker.case(id, direction, &raw, &own, case_id(id, name, &values));
            for error in checker.errors {
                if !errors.contains(&error) {
                    errors.push(error);
                }
            }
            cases.extend(case);
        }
    }
    if cases.iter().any(|case| case.cites.is_empty()) {
        errors.push(Diagnostic {
            file: file.into(),
            span: None,
            message: "the scenario cites no requirement".into(),
            help: Some("add `cites = [\"…\"]`; `waxseal list --requirements` shows all".into()),
        });
    }
    if !errors.is_empty() {
        errors.sort_by_key(|error| error.span.as_ref().map_or(usize::MAX, |span| span.start));
        return Err(errors);
    }
    let mut cites: Vec<String> = Vec::new();
    for cite in cases.iter().flat_map(|case| &case.cites) {
        if !cites.contains(cite) {
            cites.push(cite.clone());
        }
    }
    let claim = raw.claim.into_inner();
    Ok(Scenario { id: id.into(), claim, why: raw.why, cites, cases })
}

/// One `[case]` with the requirements that this combination of values cites.
pub(super) struct Row<'a> {
    pub(super) case: &'a raw::Case,
    pub(super) cites: Vec<&'a raw::Placed<String>>,
}

/// What a case cites: what the file does, what its row adds, and what its values of the matrix add.
fn cites<'a>(
    raw: &'a raw::File,
    row: &'a raw::Case,
    values: &[(String, Value)],
) -> Vec<&'a raw::Placed<String>> {
    let named = |axis: &str, name: &str| {
        values.iter().any(|(key, value)| key == axis && value.name == name)
    };
    let by_value = raw.cites_for.0.iter().flat_map(|(axis, by_name)| {
        let here = by_name.0.iter().filter(|(name, _)| named(axis.get_ref(), name.get_ref()));
        here.flat_map(|(_, cites)| cites)
    });
    raw.cites.iter().chain(&row.cites).chain(by_value).chain(&raw.cites_never).collect()
}

/// `cites-for` names axes and values of the matrix.
fn misnamed(file: &str, raw: &raw::File, matrix: &Matrix) -> Vec<Diagnostic> {
    let wrong = |word: &raw::Placed<String>, message: String, known: Vec<&str>| {
        let help = match closest(word.get_ref(), known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of: {}", known.join(", ")),
        };
        let (file, span) = (file.to_owned(), Some(word.span()));
        Diagnostic { file, span, message, help: Some(help) }
    };
    let mut errors = Vec::new();
    for (axis, by_name) in &raw.cites_for.0 {
        let Some(names) = matrix.names(axis.get_ref()) else {
            let message = format!("the matrix has no axis `{}`", axis.get_ref());
            errors.push(wrong(axis, message, matrix.axes()));
            continue;
        };
        for (name, _) in
            by_name.0.iter().filter(|(name, _)| !names.contains(&name.get_ref().as_str()))
        {
            let message = format!("`matrix.{}` has no value `{}`", axis.get_ref(), name.get_ref());
            errors.push(wrong(name, message, names.clone()));
        }
    }
    errors
}

fn case_id(id: &str, name: Option<&str>, values: &[(String, Value)]) -> String {
    let parts: Vec<String> = name
        .map(str::to_owned)
        .into_iter()
        .chain(values.iter().map(|(key, value)| {
            if key == "connector" { value.name.clone() } else { format!("{key}={}", value.name) }
        }))
        .collect();
    if parts.is_empty() { id.into() } else { format!("{id}#{}", parts.join(",")) }
}

impl Case {
    /// The id of the well-behaved twin that this case is paired with.
    pub fn control_id(&self) -> String {
        self.control.clone().unwrap_or_else(|| default_control(self.direction, self.connector))
    }
}

/// The id of a connector's well-behaved twin.
pub fn default_control(direction: Direction, connector: Connector) -> String {
    format!("{direction}/control#{connector}")
}

/// The id of the well-behaved twin of a connector's inbound cases where no mail may be sent.
pub fn undelivered_control(connector: Connector) -> String {
    match connector {
        Connector::Implicit => "inbound/starttls/session-implicit".into(),
        connector => format!("inbound/starttls/session#{connector}"),
    }
}

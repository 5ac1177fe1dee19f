//! From files to what is played and what is demanded.

use std::collections::{BTreeMap, BTreeSet};

use waxseal_certs::{Recipe, Recipes};
use waxseal_model::diagnostic::{Diagnostic, closest};
use waxseal_model::limits;
use waxseal_model::offer::Offer;
use waxseal_model::pins::Pins;
use waxseal_model::profile::Profile;
use waxseal_model::requirement;
use waxseal_model::scan;
use waxseal_model::scenario::{Case, Known, Scenario, load_offers};

use super::check::{Engines, among_others};
use super::names::{Names, Wrong};
use super::source::{Shelf, Source, SourceFile};

/// All that is played and demanded, checked.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// What scenario files may name.
    pub known: Known,
    /// Requirements by id.
    pub requirements: requirement::Catalogue,
    /// Profiles by name.
    pub profiles: BTreeMap<String, Profile>,
    /// Certificate recipes by name.
    pub recipes: Recipes,
    /// Scenarios in the order of their paths, and those of one file in the order of its rows.
    pub scenarios: Vec<Scenario>,
}

/// What is demanded, without the scenarios that ask for it: enough to judge a host that is scanned.
#[derive(Debug)]
pub struct Rules {
    /// Requirements by id.
    pub requirements: requirement::Catalogue,
    /// Profiles by name.
    pub profiles: BTreeMap<String, Profile>,
}

impl Rules {
    /// What is built in.
    ///
    /// # Errors
    /// Every file that is wrong. A released program has none: a test reads them all.
    pub fn embedded() -> Result<Self, Vec<Wrong>> {
        let mut names = Names::default();
        let rules = Self::read(&[Source::embedded()], &mut names);
        if names.wrong.is_empty() { Ok(rules) } else { Err(names.wrong) }
    }

    fn read(sources: &[Source], names: &mut Names) -> Self {
        let mut requirements = requirement::Catalogue::new();
        for (source, file) in all(sources, Shelf::Requirements) {
            match requirement::load_catalogue(&file.shown, &file.text) {
                Ok(mut rows) => {
                    rows.values_mut().for_each(|row| row.own = source.own);
                    names.take("requirement", file, rows, &mut requirements);
                }
                Err(diagnostic) => names.refuse(file, vec![diagnostic]),
            }
        }
        for id in scan::judged_requirements() {
            if !requirements.contains_key(&id) {
                names.wrong.push(unjudgeable(&id, &requirements));
            }
        }
        let mut profiles = BTreeMap::new();
        for (_, file) in all(sources, Shelf::Profile) {
            match Profile::load(&file.shown, &file.text, &requirements) {
                Ok(profile) if names.take_file("profile", file, file.stem()) => {
                    profiles.insert(file.stem().to_owned(), profile);
                }
                Ok(_) => {}
                Err(diagnostic) => names.refuse(file, vec![diagnostic]),
            }
        }
        Self { requirements, profiles }
    }
}

/// A rule of a scan judges by a row that is nowhere.
fn unjudgeable(id: &str, requirements: &requirement::Catalogue) -> Wrong {
    let known = requirements.keys().map(String::as_str);
    let help = closest(id, known).map(|name| format!("did you mean `{name}`?"));
    let message = format!("a rule of a scan judges `{id}`, which stands in no file here");
    let diagnostic = Diagnostic { file: "requirements".into(), span: None, message, help };
    Wrong { text: String::new(), diagnostics: vec![diagnostic] }
}

impl Catalogue {
    /// What is built in.
    ///
    /// # Errors
    /// Every file that is wrong. A released program has none: a test reads them all.
    pub fn embedded() -> Result<Self, Vec<Wrong>> {
        Self::read(&[Source::embedded()])
    }

    /// What is built in, and what a folder of the user's own adds to it.
    ///
    /// # Errors
    /// Every file that is wrong, and every name that stands in both.
    pub fn with(own: Source) -> Result<Self, Vec<Wrong>> {
        Self::read(&[Source::embedded(), own])
    }

    /// What these sources have together; each name stands in one of them.
    ///
    /// # Errors
    /// Every file that is wrong.
    pub fn read(sources: &[Source]) -> Result<Self, Vec<Wrong>> {
        let mut names = Names::default();
        let Rules { requirements, profiles } = Rules::read(sources, &mut names);
        let recipes = recipes(sources, &mut names);
        let offers = offers(sources, &mut names);
        let rsa = |(_, recipe): &(&String, &Recipe)| recipe.key.is_rsa();
        let known = Known {
            requirements: requirements.keys().cloned().collect(),
            recipes: recipes.keys().cloned().collect(),
            rsa_recipes: recipes.iter().filter(rsa).map(|(name, _)| name.clone()).collect(),
            offers,
        };
        for file in sources.iter().flat_map(|source| &source.files) {
            let wrong = match file.shelf() {
                None => vec![stray(file)],
                Some(Shelf::Pins) => {
                    Pins::parse(&file.shown, &file.text).err().into_iter().collect()
                }
                Some(_) => Vec::new(),
            };
            names.refuse(file, wrong);
        }
        let scenarios = scenarios(sources, &known, &requirements, &mut names);
        match names.wrong.is_empty() {
            true => Ok(Self { known, requirements, profiles, recipes, scenarios }),
            false => Err(names.wrong),
        }
    }

    /// Every case, in the order of the files.
    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.scenarios.iter().flat_map(|scenario| &scenario.cases)
    }

    /// The case of this id.
    pub fn case(&self, id: &str) -> Option<&Case> {
        self.cases().find(|case| case.id == id)
    }
}

fn all(sources: &[Source], shelf: Shelf) -> impl Iterator<Item = (&Source, &SourceFile)> {
    sources.iter().flat_map(move |source| source.of(shelf).map(move |file| (source, file)))
}

fn recipes(sources: &[Source], names: &mut Names) -> Recipes {
    let mut recipes = Recipes::new();
    for (_, file) in all(sources, Shelf::Certificates) {
        let found: Recipes = match toml::from_str(&file.text) {
            Ok(found) => found,
            Err(error) => {
                names.refuse(file, vec![Diagnostic::of_toml(&file.shown, &error)]);
                continue;
            }
        };
        let impossible = found.iter().filter_map(|(name, recipe)| {
            let (why, help) = (recipe.impossible()?, "change the recipe");
            let message = format!("`{name}` cannot be made: {why}");
            Some(Diagnostic::at_key(&file.shown, &file.text, name, message, help))
        });
        names.refuse(file, impossible.collect());
        names.take("certificate recipe", file, found, &mut recipes);
    }
    recipes
}

fn offers(sources: &[Source], names: &mut Names) -> BTreeMap<String, Offer> {
    let mut offers = BTreeMap::new();
    for (_, file) in all(sources, Shelf::Offers) {
        match load_offers(&file.shown, &file.text) {
            Ok(found) => names.take("offer", file, found, &mut offers),
            Err(diagnostics) => names.refuse(file, diagnostics),
        }
    }
    offers
}

fn scenarios(
    sources: &[Source],
    known: &Known,
    requirements: &requirement::Catalogue,
    names: &mut Names,
) -> Vec<Scenario> {
    let mut read: Vec<(&Source, &SourceFile, Scenario)> = Vec::new();
    let id = |file: &SourceFile| file.path.strip_suffix(".toml").unwrap_or(&file.path).to_owned();
    let free: Vec<_> = all(sources, Shelf::Scenario)
        .filter(|(_, file)| names.take_file("scenario", file, &id(file)))
        .collect();
    let mut engines = Engines::default();
    // Those of the user's own come first: if they are wrong, nobody waits for the many others.
    for own in [true, false] {
        for (source, file) in free.iter().filter(|(source, _)| source.own == own) {
            match engines.check(&file.path, &file.text, known) {
                Ok(found) => read.extend(found.into_iter().map(|one| (*source, *file, one))),
                Err(mut wrong) => {
                    wrong.iter_mut().for_each(|one| one.file.clone_from(&file.shown));
                    names.refuse(file, wrong);
                }
            }
        }
        if !names.wrong.is_empty() {
            return Vec::new();
        }
    }
    let ids: BTreeSet<String> =
        read.iter().flat_map(|(_, _, one)| &one.cases).map(|case| case.id.clone()).collect();
    let mut cases = 0;
    for (source, file, scenario) in &read {
        cases += if source.own { scenario.cases.len() } else { 0 };
        names.refuse(file, among_others(file, scenario, requirements, &ids));
        if cases > limits::OWN_CASES {
            names.refuse(file, vec![too_many(file)]);
            break;
        }
    }
    let mut scenarios: Vec<Scenario> = read.into_iter().map(|(_, _, scenario)| scenario).collect();
    scenarios.sort_by(|a, b| a.file().cmp(b.file()));
    scenarios
}

fn too_many(file: &SourceFile) -> Diagnostic {
    let message = format!("with this file there are more than {} cases", limits::OWN_CASES);
    let help = Some("play the folder in several runs".into());
    Diagnostic { file: file.shown.clone(), span: None, message, help }
}

fn stray(file: &SourceFile) -> Diagnostic {
    Diagnostic {
        file: file.shown.clone(),
        span: None,
        message: format!("no file has the place `{}`", file.path),
        help: Some(
            "scenarios lie below `inbound` or `outbound`; beside these folders there may be \
             `requirements`, `profiles`, `offers.toml` and `certificates.toml`"
                .into(),
        ),
    }
}

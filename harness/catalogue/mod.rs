//! The scenarios, requirements, profiles, offers and recipes that are built into the program.
//!
//! Nothing here plays anything.

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};
use waxseal_certs::{Recipe, Recipes};
use waxseal_model::diagnostic::{Diagnostic, closest};
use waxseal_model::profile::Profile;
use waxseal_model::requirement;
use waxseal_model::scan;
use waxseal_model::scenario::{Case, Known, Peer, Scenario, load, load_offers};
use waxseal_model::script::Direction;

use crate::tls::Unplayable;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// Everything under `scenarios/`, checked.
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
    /// Scenarios in the order of their paths.
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
        let mut wrong = Vec::new();
        let rules = Self::read(&mut wrong);
        if wrong.is_empty() { Ok(rules) } else { Err(wrong) }
    }

    fn read(wrong: &mut Vec<Wrong>) -> Self {
        let mut requirements = requirement::Catalogue::new();
        for (path, text) in files("requirements") {
            match requirement::load_catalogue(&path, text) {
                Ok(rows) => requirements.extend(rows),
                Err(diagnostic) => wrong.push(one(text, diagnostic)),
            }
        }
        for id in scan::judged_requirements() {
            if !requirements.contains_key(&id) {
                let names = requirements.keys().map(String::as_str);
                let help = closest(&id, names).map(|name| format!("did you mean `{name}`?"));
                let message =
                    format!("a rule of a scan judges `{id}`, which stands in no file here");
                let file = "requirements".into();
                wrong.push(one("", Diagnostic { file, span: None, message, help }));
            }
        }
        let mut profiles = BTreeMap::new();
        for (path, text) in files("profiles") {
            match Profile::load(&path, text, &requirements) {
                Ok(profile) => drop(profiles.insert(stem(&path).to_owned(), profile)),
                Err(diagnostic) => wrong.push(one(text, diagnostic)),
            }
        }
        Self { requirements, profiles }
    }
}

/// The names of the profiles that are built in.
pub fn profile_names() -> Vec<String> {
    files("profiles").into_iter().map(|(path, _)| stem(&path).to_owned()).collect()
}

/// A file and what is wrong with it.
#[derive(Debug)]
pub struct Wrong {
    /// The file's text.
    pub text: String,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for diagnostic in &self.diagnostics {
            writeln!(f, "{}\n", diagnostic.render(&self.text))?;
        }
        Ok(())
    }
}

impl Catalogue {
    /// What is built in.
    ///
    /// # Errors
    /// Every file that is wrong. A released program has none: a test reads them all.
    pub fn embedded() -> Result<Self, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let Rules { requirements, profiles } = Rules::read(&mut wrong);
        let text = file("certificates.toml");
        let recipes: Recipes = toml::from_str(text).unwrap_or_else(|error| {
            wrong.push(one(
                text,
                Diagnostic {
                    file: "certificates.toml".into(),
                    span: error.span(),
                    message: error.message().into(),
                    help: None,
                },
            ));
            Recipes::new()
        });
        let text = file("offers.toml");
        let offers = load_offers("offers.toml", text).unwrap_or_else(|diagnostics| {
            wrong.push(Wrong { text: text.into(), diagnostics });
            BTreeMap::new()
        });
        let known = Known {
            requirements: requirements.keys().cloned().collect(),
            recipes: recipes.keys().cloned().collect(),
            rsa_recipes: {
                let rsa = |(_, recipe): &(_, &Recipe)| recipe.key.is_rsa();
                recipes.iter().filter(rsa).map(|(name, _)| name.clone()).collect()
            },
            offers,
        };
        let mut scenarios = Vec::new();
        for side in ["inbound", "outbound"] {
            for (path, text) in files(side) {
                match check(&path, text, &known) {
                    Ok(scenario) => scenarios.push(scenario),
                    Err(diagnostics) => wrong.push(Wrong { text: text.into(), diagnostics }),
                }
            }
        }
        scenarios.sort_by(|a, b| a.id.cmp(&b.id));
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Self { known, requirements, profiles, recipes, scenarios })
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

/// Checks one scenario file: its words, and that an engine can play its offers.
///
/// # Errors
/// All that is wrong with it. `path` has to begin with `inbound/` or `outbound/`.
pub fn check(path: &str, text: &str, known: &Known) -> Result<Scenario, Vec<Diagnostic>> {
    let id = path.strip_suffix(".toml").unwrap_or(path);
    let scenario = load(id, path, text, known)?;
    let unplayable: Vec<Diagnostic> = scenario
        .cases
        .iter()
        .flat_map(|case| case.peers.iter().map(|peer| (case.direction, peer)))
        .filter_map(|(direction, peer)| {
            let unplayable = match crate::tls::choose(&peer.offer, None, None) {
                Err(unplayable) => unplayable,
                Ok(_) if direction == Direction::Outbound => lacks_key(peer, known)?,
                Ok(_) => return None,
            };
            Some(Diagnostic {
                file: path.into(),
                span: text.find("offer").map(|at| at..at + 5),
                message: unplayable.to_string(),
                help: Some("ask for versions, suites and a key that exist together".into()),
            })
        })
        .take(1)
        .collect();
    if unplayable.is_empty() { Ok(scenario) } else { Err(unplayable) }
}

/// Why a next hop cannot play its offer with the certificate that the file names: it would refuse by
/// itself, and the relay would pass by our accident. The usual certificate goes by the offer.
fn lacks_key(peer: &Peer, known: &Known) -> Option<Unplayable> {
    let recipe = peer.cert.as_deref().filter(|recipe| *recipe != "trusted")?;
    let rsa = known.rsa_recipes.contains(recipe);
    let version = crate::tls::version_without_suite_for_key(&peer.offer, rsa)?;
    let kind = if rsa { "an RSA key" } else { "a key other than RSA" };
    Some(Unplayable(format!("no suite for {version} goes with {kind}, which {recipe} has")))
}

fn one(text: &str, diagnostic: Diagnostic) -> Wrong {
    Wrong { text: text.into(), diagnostics: vec![diagnostic] }
}

/// The pins of a host that are built in, by name: path and text.
pub fn host_pins(name: &str) -> Option<(String, &'static str)> {
    files("hosts").into_iter().find(|(path, _)| stem(path) == name)
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".toml").unwrap_or(name)
}

fn file(name: &str) -> &'static str {
    FILES.get_file(name).and_then(include_dir::File::contents_utf8).unwrap_or_default()
}

/// Path and text of every TOML file below a folder, sorted.
fn files(folder: &str) -> Vec<(String, &'static str)> {
    fn walk(dir: &'static Dir<'static>, found: &mut Vec<(String, &'static str)>) {
        for file in dir.files() {
            let path = file.path().to_string_lossy().replace('\\', "/");
            if let (true, Some(text)) = (path.ends_with(".toml"), file.contents_utf8()) {
                found.push((path, text));
            }
        }
        for dir in dir.dirs() {
            walk(dir, found);
        }
    }
    let mut found = Vec::new();
    if let Some(dir) = FILES.get_dir(folder) {
        walk(dir, &mut found);
    }
    found.sort();
    found
}

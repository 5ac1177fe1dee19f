//! What a scenario file has to be, alone and among the others.

use std::collections::{BTreeSet, HashMap};

use waxseal_model::diagnostic::{Diagnostic, closest};
use waxseal_model::offer::Offer;
use waxseal_model::requirement;
use waxseal_model::scenario::{Case, Known, Peer, Scenario, load};
use waxseal_model::script::Direction;

use super::SourceFile;
use crate::tls::Unplayable;

/// Checks one scenario file: its words, and that an engine can play its offers. What is right is one
/// scenario, or one for each row.
///
/// # Errors
/// All that is wrong with it. `path` has to begin with `inbound/` or `outbound/`.
pub fn check(path: &str, text: &str, known: &Known) -> Result<Vec<Scenario>, Vec<Diagnostic>> {
    Engines::default().check(path, text, known)
}

/// What the engines can play. The same offers stand in many cases, and each is asked about once.
#[derive(Default)]
pub(super) struct Engines {
    offers: HashMap<Offer, Option<Unplayable>>,
    with_key: HashMap<(Offer, bool), Option<String>>,
}

impl Engines {
    /// [`check`].
    pub(super) fn check(
        &mut self,
        path: &str,
        text: &str,
        known: &Known,
    ) -> Result<Vec<Scenario>, Vec<Diagnostic>> {
        let id = path.strip_suffix(".toml").unwrap_or(path);
        let scenarios = load(id, path, text, known)?;
        let cases = scenarios.iter().flat_map(|scenario| &scenario.cases);
        let mut peers = cases.flat_map(|case| case.peers.iter().map(|peer| (case.direction, peer)));
        let unplayable = peers.find_map(|(direction, peer)| {
            let next_hop = direction == Direction::Outbound;
            self.refuse(&peer.offer).or_else(|| next_hop.then(|| self.lacks_key(peer, known))?)
        });
        let Some(unplayable) = unplayable else { return Ok(scenarios) };
        Err(vec![Diagnostic {
            file: path.into(),
            span: text.find("offer").map(|at| at..at + 5),
            message: unplayable.to_string(),
            help: Some("ask for versions, suites and a key that exist together".into()),
        }])
    }

    /// Why no engine plays an offer.
    fn refuse(&mut self, offer: &Offer) -> Option<Unplayable> {
        if let Some(known) = self.offers.get(offer) {
            return known.clone();
        }
        let refused = crate::tls::choose(offer, None, None).err();
        self.offers.insert(offer.clone(), refused.clone());
        refused
    }

    /// Why a next hop cannot play its offer with the certificate that the file names: it would refuse by
    /// itself, and the relay would pass by our accident. The usual certificate goes by the offer.
    fn lacks_key(&mut self, peer: &Peer, known: &Known) -> Option<Unplayable> {
        let recipe = peer.cert.as_deref().filter(|recipe| *recipe != "trusted")?;
        let rsa = known.rsa_recipes.contains(recipe);
        let asked = self.with_key.entry((peer.offer.clone(), rsa));
        let version = asked.or_insert_with(|| {
            crate::tls::version_without_suite_for_key(&peer.offer, rsa).map(|one| one.to_string())
        });
        let version = version.as_ref()?;
        let kind = if rsa { "an RSA key" } else { "a key other than RSA" };
        Some(Unplayable(format!("no suite for {version} goes with {kind}, which {recipe} has")))
    }
}

/// What is wrong with a scenario among others: it cites a row that does not bind its direction, or its
/// control is no case. `ids` are those of all cases.
pub(super) fn among_others(
    file: &SourceFile,
    scenario: &Scenario,
    requirements: &requirement::Catalogue,
    ids: &BTreeSet<String>,
) -> Vec<Diagnostic> {
    let mut wrong: Vec<Diagnostic> = Vec::new();
    for case in &scenario.cases {
        let unbound = case.cites.iter().find(|id| {
            let row = requirements.get(*id);
            row.is_some_and(|row| !row.direction.directions().contains(&case.direction))
        });
        let unbound = unbound.map(|id| {
            let message = format!("`{id}` does not bind {} mail", case.direction);
            let help = "cite a requirement that does, or change the `direction` of this one";
            // In quotes: it may be the beginning of another one.
            let quoted = ['"', '\''].map(|quote| format!("{quote}{id}{quote}"));
            let cited = quoted.iter().find(|cited| file.text.contains(*cited)).unwrap_or(id);
            Diagnostic::at_word(&file.shown, &file.text, cited, message, help)
        });
        let missing = lacks_control(case, ids).then(|| no_control(file, case, ids));
        for diagnostic in unbound.into_iter().chain(missing) {
            if !wrong.contains(&diagnostic) {
                wrong.push(diagnostic);
            }
        }
    }
    wrong
}

/// Whether nothing could ever be said of the case: the control that it names, or needs, is no case.
fn lacks_control(case: &Case, ids: &BTreeSet<String>) -> bool {
    (case.control.is_some() || case.is_negative()) && !ids.contains(&case.control_id())
}

fn no_control(file: &SourceFile, case: &Case, ids: &BTreeSet<String>) -> Diagnostic {
    let control = case.control_id();
    let message = format!("there is no case `{control}` that could be the control");
    let help = match closest(&control, ids.iter().map(String::as_str)) {
        Some(near) if case.control.is_some() => format!("did you mean `{near}`?"),
        _ => "name the case that is the same with a correct peer: `control = \"…\"`".into(),
    };
    // The name may be made of the matrix, and then it does not stand in the file.
    let written = case.control.as_deref().filter(|control| file.text.contains(control));
    let word = written.unwrap_or(if case.control.is_some() { "control" } else { "claim" });
    Diagnostic::at_word(&file.shown, &file.text, word, message, &help)
}

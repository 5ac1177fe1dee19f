//! What is to be tested of the user's own configuration: arguments, and a file beside it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use waxseal_model::configuration::Told;
use waxseal_model::diagnostic::line_of;
use waxseal_model::limits;
use waxseal_model::scenario::Connector;
use waxseal_model::script::Direction;

use super::arguments::RunArguments;
use super::files;
use super::output::say;
use super::signals::Stop;
use crate::catalogue::Catalogue;
use crate::relay::RelaySpec;
use crate::run::{
    HEARD, Inbound, Own, Route, Rule, RunOptions, SELECTION, Wish, known_hops, survey,
};

/// A rule or a route with the place that it was read from, for messages.
type Placed<T> = (String, T);

/// What a file of connectors says, in its order.
type Listing = (Vec<Placed<Wish>>, Vec<Placed<Route>>);

/// What is to be tested of the configuration at `path`.
///
/// # Errors
/// One sentence: an argument or the file of connectors is wrong.
pub(super) fn own(arguments: &RunArguments, spec: &RelaySpec, path: &Path) -> Result<Own, String> {
    let config = std::fs::canonicalize(path)
        .map_err(|error| format!("could not use the configuration {}: {error}", path.display()))?;
    let (mut wishes, mut routes) = match &arguments.connectors_file {
        Some(file) => from_file(file)?,
        None => (Vec::new(), Vec::new()),
    };
    wishes.extend(arguments.connectors.iter().map(|wish| ("`--connector`".into(), wish.clone())));
    routes.extend(arguments.routes.iter().map(|route| ("`--mx`".into(), route.clone())));
    let mut inbound = arguments.inbound.clone();
    if let Some(settled) = arguments.settled_inbound {
        inbound = vec![settled];
    }
    if inbound.is_empty() {
        inbound.push(Inbound::any(Connector::Opportunistic));
    }
    for (at, one) in inbound.iter().enumerate() {
        if inbound[..at].iter().any(|earlier| earlier.connector == one.connector) {
            let connector = one.connector;
            return Err(format!(
                "`--inbound` names {connector} twice, and one listener of each connector is played: \
                 run it once for each"
            ));
        }
    }
    let own = Own {
        config,
        settings: arguments.config_set.clone(),
        rules: match &arguments.settled[..] {
            [] => rules(spec, &wishes, &routes)?,
            settled => settled.to_vec(),
        },
        inbound,
        entrance: None,
        heard: Vec::new(),
        sender: arguments.sender.clone(),
        environment: arguments.env.clone(),
        overview: Vec::new(),
    };
    match own.submitted_at() {
        Some(_) => Ok(own),
        None => {
            Err("mail is submitted at a listener for STARTTLS: say `--inbound opportunistic` or \
                     `--inbound encryption-only` too"
                .into())
        }
    }
}

/// The rules, each with its route.
fn rules(
    spec: &RelaySpec,
    wishes: &[Placed<Wish>],
    routes: &[Placed<Route>],
) -> Result<Vec<Rule>, String> {
    let mut rules: Vec<Rule> = Vec::new();
    for (place, wish) in wishes {
        if rules.iter().any(|earlier| earlier.domain == wish.domain) {
            return Err(format!("{place} names {} twice", wish.domain));
        }
        let rule = wish.rule(&|word| spec.word(word));
        rules.push(rule.map_err(|wrong| match spec.words() {
            words if words.is_empty() => format!("{place}: {wrong}"),
            words => format!("{place}: {wrong}; {} calls them {}", spec.name(), words.join(", ")),
        })?);
    }
    for (place, route) in routes {
        let rule = rules.iter_mut().find(|rule| rule.domain == route.domain).ok_or_else(|| {
            let domain = &route.domain;
            format!("{place} names {domain}, which no `--connector` does: say what its mail is meant to get")
        })?;
        if rule.next_hop.replace(route.next_hop.clone()).is_some() {
            return Err(format!("{place} names {} twice", route.domain));
        }
    }
    Ok(rules)
}

/// Without rules of the user's, the entries of the configuration become them; with rules, they say to
/// which hosts the mail goes. What is refused is refused by the run as well, which says it then.
pub(super) async fn listed(
    catalogue: &Catalogue,
    arguments: &RunArguments,
    spec: &RelaySpec,
    options: &mut RunOptions,
    stop: &Stop,
) -> Result<(), String> {
    let Some(own) = &options.own else { return Ok(()) };
    let complete = own.rules.iter().all(|rule| rule.next_hop.is_some());
    let named = own.inbound.iter().any(|one| one.port.is_some());
    if complete && !own.rules.is_empty() && !named {
        return Ok(());
    }
    let told = tokio::select! {
        told = survey(catalogue, spec, options) => told,
        () = stop.clone().came() => return Ok(()),
    };
    let Some(own) = &mut options.own else { return Ok(()) };
    match told {
        Err(error) if own.rules.is_empty() => return Err(error.to_string()),
        Err(_) => {}
        Ok(told) if !own.rules.is_empty() => {
            let known = known_hops(&mut own.rules, &told.entries);
            known.iter().for_each(|line| say(&format!("note: {line}; the lab plays it")));
            *own = own.clone().with_named(&told.listeners, &|one| one.port.is_some());
        }
        Ok(told) => {
            let (entries, listeners) = (!told.entries.is_empty(), !told.listeners.is_empty());
            *own = overview(own.clone(), told, arguments, spec);
            let which = if options.cases.is_empty() && (entries || listeners) {
                options.cases = selection(entries, listeners, !arguments.inbound.is_empty());
                "a selection of cases; `--case '*'` plays all"
            } else {
                "the selected cases"
            };
            say_what_is_played(own, which);
        }
    }
    Ok(())
}

/// The same with all that the driver lists: entries as rules, and listeners, unless the user names
/// some.
fn overview(own: Own, told: Told, arguments: &RunArguments, spec: &RelaySpec) -> Own {
    let own = if told.entries.is_empty() { own } else { own.with_entries(told.entries) };
    let declares = |connector| spec.declares(Direction::Inbound, connector);
    match (arguments.inbound.is_empty(), told.listeners.is_empty()) {
        (true, false) => own.with_listeners(told.listeners, &declares),
        _ => own.with_named(&told.listeners, &|_| true),
    }
}

fn say_what_is_played(own: &Own, which: &str) {
    match own.overview.len() {
        0 => say("note: the driver lists no policy entries of this configuration; say \
                  `--connector DOMAIN=CONNECTOR` for each domain whose mail is to be tested"),
        entries => {
            let rules = own.rules.len();
            say(&format!("overview: {rules} of {entries} entries are played, with {which}"));
        }
    }
    let played = own.heard.iter().filter(|heard| heard.left_out.is_none()).count();
    match own.heard.len() {
        0 => {}
        listeners => {
            say(&format!("overview: {played} of {listeners} listeners are played, with {which}"));
        }
    }
}

/// The cases of an overview. Whoever names listeners gets all of theirs.
fn selection(entries: bool, listeners: bool, named: bool) -> Vec<String> {
    let outbound: &[&str] = if entries { &SELECTION } else { &[] };
    let inbound: &[&str] = match () {
        () if named => &["inbound/*"],
        () if listeners => &HEARD,
        () => &[],
    };
    outbound.iter().chain(inbound).map(|&case| case.to_owned()).collect()
}

/// A file of connectors: `[connectors]` and `[mx]`, each with a domain a line.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    #[serde(default)]
    connectors: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    mx: BTreeMap<Spanned<String>, Spanned<String>>,
}

fn from_file(path: &Path) -> Result<Listing, String> {
    let text = files::text(path, limits::FILE)
        .map_err(|error| format!("could not read the connectors {}: {error}", path.display()))?;
    read(&path.display().to_string(), &text)
}

fn read(path: &str, text: &str) -> Result<Listing, String> {
    let place = |at: usize| format!("{path}:{}", line_of(text, at));
    let listed: Listed = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        format!("{}: {}", place(at), error.message().trim())
    })?;
    // In the order of the file.
    let mut wishes: Vec<_> = listed.connectors.iter().collect();
    wishes.sort_by_key(|(_, word)| word.span().start);
    let wishes = wishes.into_iter().map(|(domain, word)| {
        let place = place(word.span().start);
        let wish = format!("{}={}", domain.get_ref(), word.get_ref()).parse::<Wish>();
        wish.map_err(|wrong| format!("{place}: {wrong}")).map(|wish| (place, wish))
    });
    let routes = listed.mx.iter().map(|(domain, hop)| {
        let place = place(hop.span().start);
        let route = format!("{}={}", domain.get_ref(), hop.get_ref()).parse::<Route>();
        route.map_err(|wrong| format!("{place}: {wrong}")).map(|route| (place, route))
    });
    Ok((wishes.collect::<Result<_, _>>()?, routes.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
[connectors]
\"partner.example\" = \"encryption-only\"
\".other.example\" = \"domain-validation\"
[mx]
\"partner.example\" = \"[gw.partner.example]:587\"
";

    fn told(text: &str) -> Result<Vec<Rule>, String> {
        let (wishes, routes) = read("c.toml", text)?;
        rules(&RelaySpec::reference(None), &wishes, &routes)
    }

    #[test]
    fn a_file_holds_what_the_arguments_hold() {
        let rules = told(GOOD).unwrap();
        let shown: Vec<_> = rules.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["partner.example (encryption-only)", ".other.example (domain-validation)"]
        );
        assert_eq!(rules[0].next_hop.as_ref().unwrap().to_string(), "gw.partner.example:587");
    }

    #[test]
    fn a_mistake_is_one_sentence_with_file_and_line() {
        for (from, to, words) in [
            (
                "encryption-only",
                "encrpyt-only",
                "c.toml:2: `encrpyt-only` is no outbound connector",
            ),
            (".other", ".ot her", "c.toml:3: `.ot her.example` is no domain"),
            ("587", "0", "c.toml:5: `0` is no port"),
            ("[mx]", "[my]", "c.toml:4: unknown field `my`"),
            ("\"domain-validation\"", "1", "c.toml:3: invalid type"),
            ("[mx]\n\"partner", "[mx]\n\"stranger", "c.toml:5 names stranger.example, which no"),
            ("\".other.example\"", "\"PARTNER.example\"", "c.toml:3 names partner.example twice"),
            ("[mx]", "[mx", "c.toml:4: "),
        ] {
            let error = told(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.starts_with(words), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}

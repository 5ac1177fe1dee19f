//! Every word of the scenario language stands in some scenario: a word that nobody plays is code
//! that nobody tested.

use std::collections::BTreeSet;

use waxseal::internals::catalogue::Catalogue;
use waxseal_model::expect::{HelloRule, Never};
use waxseal_model::scenario::{
    Alias, Case, DeadAddress, DnsFaultKind, Family, Fault, HelloVariant, HostPlace, Peer,
    RecipientDomain, Resumption, Tampering,
};
use waxseal_model::script::{Act, Verb};
use waxseal_model::trace::Ending;
use waxseal_model::words::WordList;

/// What stands in the lab besides its peers: the relay's and the reference relay's own certificates.
const SHOWN_BY_THE_RELAY: [&str; 4] =
    ["client", "trusted-rsa", "trusted-rsa-1024", "trusted-rsa-3072"];

/// The words of `all` that no case has, by what `used` finds in it.
fn unused<'a>(
    catalogue: &'a Catalogue,
    all: impl IntoIterator<Item = &'a str>,
    used: impl Fn(&'a Case) -> Vec<&'a str>,
) -> Vec<&'a str> {
    let used: BTreeSet<&str> = catalogue.cases().flat_map(used).collect();
    all.into_iter().filter(|word| !used.contains(word)).collect()
}

/// The same where the word stands at a peer.
fn unused_by_peers<'a>(
    catalogue: &'a Catalogue,
    all: impl IntoIterator<Item = &'a str>,
    used: impl Fn(&'a Peer) -> Vec<&'a str>,
) -> Vec<&'a str> {
    unused(catalogue, all, |case| case.peers.iter().flat_map(&used).collect())
}

fn names<'a, L: WordList>() -> Vec<&'a str> {
    L::LIST.iter().map(|word| word.name()).collect()
}

/// No word of these lists is left over.
fn all_are_played<const N: usize>(idle: [(&str, Vec<&str>); N]) {
    let idle: Vec<_> = idle.into_iter().filter(|(_, words)| !words.is_empty()).collect();
    assert!(idle.is_empty(), "no scenario plays them: {idle:#?}");
}

#[test]
fn every_word_of_a_peer_stands_in_a_scenario() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let recipes = catalogue.recipes.keys().map(String::as_str);
    let recipes = recipes.filter(|name| !SHOWN_BY_THE_RELAY.contains(name));
    let faults: Vec<&str> = Fault::names().collect();
    let verbs: Vec<&str> = names::<Verb>().into_iter().chain([CONDITION]).collect();
    let places = |peer: &'_ Peer| vec![peer.place.host.name()];
    all_are_played([
        (
            "faults",
            unused_by_peers(&catalogue, faults, |peer| {
                peer.fault.iter().map(|fault| fault.name()).collect()
            }),
        ),
        (
            "tamperings",
            unused_by_peers(&catalogue, names::<Tampering>(), |peer| {
                peer.tampers.iter().map(|tampering| tampering.name()).collect()
            }),
        ),
        (
            "variants",
            unused_by_peers(&catalogue, names::<HelloVariant>(), |peer| {
                let variants = peer.hello.iter().flat_map(|hello| &hello.variants);
                variants.map(|variant| variant.name()).collect()
            }),
        ),
        (
            "certificate recipes",
            unused_by_peers(&catalogue, recipes, |peer| {
                peer.cert.iter().chain(&peer.later_certs).map(String::as_str).collect()
            }),
        ),
        (
            "ways to resume",
            unused_by_peers(&catalogue, names::<Resumption>(), |peer| vec![peer.resumption.name()]),
        ),
        ("places of hosts", unused_by_peers(&catalogue, names::<HostPlace>(), places)),
        (
            "dead addresses",
            unused_by_peers(&catalogue, names::<DeadAddress>(), |peer| {
                peer.place.dead.iter().map(|dead| dead.name()).collect()
            }),
        ),
        (
            "kinds of addresses",
            unused_by_peers(&catalogue, names::<Family>(), |peer| vec![peer.place.family.name()]),
        ),
        (
            "acts",
            unused_by_peers(&catalogue, verbs, |peer| {
                let next = (peer.script.parts.len() > 1).then(|| Verb::NextConnection.name());
                next.into_iter()
                    .chain(peer.script.steps().filter_map(|step| act_name(&step.act)))
                    .collect()
            }),
        ),
    ]);
}

#[test]
fn every_word_of_a_case_stands_in_a_scenario() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    all_are_played([
        (
            "never-words",
            unused(&catalogue, names::<Never>(), |case| {
                case.expect.never.iter().map(|never| never.name()).collect()
            }),
        ),
        (
            "rules about hellos",
            unused(&catalogue, names::<HelloRule>(), |case| {
                let form = case.expect.offered.iter().flat_map(|offered| &offered.form);
                form.map(|rule| rule.name()).collect()
            }),
        ),
        (
            "faults of the resolver",
            unused(&catalogue, names::<DnsFaultKind>(), |case| {
                case.dns.iter().map(|fault| fault.kind.name()).collect()
            }),
        ),
        (
            "aliases",
            unused(&catalogue, names::<Alias>(), |case| {
                case.alias.iter().map(|alias| alias.name()).collect()
            }),
        ),
        (
            "forms of a domain",
            unused(&catalogue, names::<RecipientDomain>(), |case| vec![case.message.domain.name()]),
        ),
    ]);
}

#[test]
fn every_named_offer_stands_in_a_scenario() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let peers: Vec<&Peer> = catalogue.cases().flat_map(|case| &case.peers).collect();
    let offers = catalogue.known.offers.iter();
    let idle = offers.filter(|(_, offer)| !peers.iter().any(|peer| peer.offer == **offer));
    let idle: Vec<&String> = idle.map(|(name, _)| name).collect();
    assert!(idle.is_empty(), "no peer makes them: {idle:?}");
}

/// A line that is a condition is no verb.
const CONDITION: &str = "condition";

/// What an act is called; lines that end as lines do are called nothing.
fn act_name(act: &Act) -> Option<&'static str> {
    let verb = match act {
        Act::NegotiateTls => Verb::NegotiateTls,
        Act::Close => Verb::Close,
        Act::CloseTls => Verb::CloseTls,
        Act::Reset => Verb::Reset,
        Act::Silent(_) => Verb::Silent,
        Act::Bytes { .. } => Verb::Bytes,
        Act::HearMessage => Verb::Message,
        Act::Condition(_) => return Some(CONDITION),
        Act::Say { ending: Ending::Lf, .. } => Verb::Lf,
        Act::Say { ending: Ending::Cr, .. } => Verb::Cr,
        Act::Say { ending: Ending::None, .. } => Verb::NoEnding,
        Act::Say { ending: Ending::CrLf, .. } | Act::Hear(_) => return None,
    };
    Some(verb.name())
}

//! Why a relay cannot play a case: by what its driver declares, known before anything runs.

use waxseal_model::expect::Never;
use waxseal_model::scenario::{Alias, Also, Case, HostPlace, Peer, RecipientDomain, RuleBy};
use waxseal_model::script::Direction;

use super::contract::{Late, NextHop};
use super::driver::Driver;
use super::interface::Relay;
use super::lateness::waits_for;

/// What a driver's relay may lack for a case, one sentence.
type Lack = fn(&Driver, &Case) -> Option<String>;

/// In this order, because one reason is given.
const LACKS: [Lack; 8] = [
    takes_no_part,
    is_no_way_in,
    looks_up_no_mx,
    takes_one_recipient,
    has_rules_for_hosts_below,
    is_given_its_next_hop,
    has_no_rules_for_addresses,
    has_one_rule_for_a_host,
];

/// Why a driver's relay cannot play a case.
pub(super) fn refuses(driver: &Driver, case: &Case) -> Option<String> {
    let lack = LACKS.iter().find_map(|lack| lack(driver, case));
    lack.or_else(|| too_late(driver, &waits_for(case))).or_else(|| undeclared(driver, case))
}

/// Why a relay is too late for a case that waits for one of these.
pub(super) fn too_late(driver: &Driver, waits: &[Late]) -> Option<String> {
    let when = waits.iter().find_map(|late| driver.contract.too_late.get(late))?;
    Some(format!(
        "The timers of the relay {} exceed the time limit of this case: {when}",
        driver.name
    ))
}

/// A connector that the case needs and the relay does not declare.
pub(super) fn undeclared(relay: &dyn Relay, case: &Case) -> Option<String> {
    let direction = case.direction;
    // Reports go out to the sender.
    let reports = case.sender_connector.map(|connector| (Direction::Outbound, connector));
    let mut wanted = case
        .before
        .iter()
        .map(|before| (direction, before.connector))
        .chain(reports)
        .chain(case.message.also.iter().filter_map(|also| match also {
            Also::Under(connector) => Some((direction, *connector)),
            Also::Same => None,
        }))
        .chain([(direction, case.connector)]);
    let (way, missing) = wanted.find(|(way, connector)| !relay.declares(*way, *connector))?;
    Some(format!("The relay {} does not declare the connector {missing} {way}.", relay.name()))
}

fn takes_no_part(driver: &Driver, case: &Case) -> Option<String> {
    let direction = case.direction;
    if driver.contract.directions.contains(&direction) {
        return None;
    }
    let why = driver.contract.absent.get(&direction).map(|why| format!(": {why}"));
    let why = why.unwrap_or_else(|| ".".into());
    Some(format!("The relay {} does not handle {direction} mail{why}", driver.name))
}

/// How a message comes in is the driver's matter, where it has a command for that.
fn is_no_way_in(driver: &Driver, case: &Case) -> Option<String> {
    let way_in = case.submitted_in_tls || case.expect.never.contains(&Never::FalseTrace);
    (way_in && driver.contract.submit.is_some())
        .then(|| format!("Messages are submitted to the relay {} by a command.", driver.name))
}

fn looks_up_no_mx(driver: &Driver, case: &Case) -> Option<String> {
    let needs = needs_mx(case).filter(|_| driver.contract.next_hop == NextHop::SmartHost)?;
    Some(format!(
        "The relay {} looks up no MX, its next hop is given to it; the case needs {needs}.",
        driver.name
    ))
}

/// What a case needs of a relay that looks up where mail goes to, beyond one host.
fn needs_mx(case: &Case) -> Option<&'static str> {
    let hops = case.peers.iter().filter(|peer| peer.name != "sender").count();
    match () {
        () if hops > 1 => Some("more than one next hop"),
        () if case.dns.iter().any(|fault| fault.record == "MX") => {
            Some("a fault of the MX records")
        }
        () if case.alias == Some(Alias::Domain) => Some("a domain that is an alias"),
        () if case.peers.iter().any(|peer| peer.place.host == HostPlace::Domain) => {
            Some("a domain without MX records")
        }
        () if case.before.iter().any(|before| before.renamed) => {
            Some("a next hop with a second name")
        }
        () if case.sender_connector.is_some() => Some("a report on its way to the sender"),
        () => None,
    }
}

fn takes_one_recipient(driver: &Driver, case: &Case) -> Option<String> {
    let message = &case.message;
    let envelope =
        message.null_sender || !message.parameters.is_empty() || !message.also.is_empty();
    (envelope && driver.contract.submit.is_some()).then(|| {
        format!(
            "Messages are submitted to the relay {} by a command, which knows one sender and one \
             recipient.",
            driver.name
        )
    })
}

fn has_rules_for_hosts_below(driver: &Driver, case: &Case) -> Option<String> {
    let outside = |peer: &Peer| peer.place.host == HostPlace::Outside;
    let elsewhere = case.alias.is_some() || case.peers.iter().any(outside);
    (elsewhere && driver.contract.rules_by_host).then(|| {
        format!(
            "The rules of the relay {} go by the name of the next hop, and this one lies outside \
             the domain.",
            driver.name
        )
    })
}

fn is_given_its_next_hop(driver: &Driver, case: &Case) -> Option<String> {
    let literal = case.message.domain == RecipientDomain::Literal;
    (literal && driver.contract.next_hop == NextHop::SmartHost).then(|| {
        format!(
            "The relay {} is given its next hop: where an address leads to is not its affair.",
            driver.name
        )
    })
}

fn has_no_rules_for_addresses(driver: &Driver, case: &Case) -> Option<String> {
    let literal = case.message.domain == RecipientDomain::Literal;
    let by_address = case.before.iter().any(|before| before.rule == RuleBy::Address)
        || (literal && case.connector.forces_tls());
    (by_address && !driver.contract.address_rules)
        .then(|| format!("The relay {} declares no rules for single addresses.", driver.name))
}

fn has_one_rule_for_a_host(driver: &Driver, case: &Case) -> Option<String> {
    let shared = case.before.iter().any(|before| before.connector != case.connector);
    (shared && driver.contract.rules_by_host).then(|| {
        format!(
            "The rules of the relay {} go by the name of the next hop: two of them cannot share \
             one.",
            driver.name
        )
    })
}

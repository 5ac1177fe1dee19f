//! Which versions and suites a host takes: all are offered, what it picks is taken out, and it is
//! asked again until it finds nothing.

use std::collections::BTreeMap;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use waxseal_model::offer::Version;
use waxseal_model::scan::{Accepted, Found, NOT_ASKED, Order, Refusal, VersionFacts};

use super::depth::Depth;
use super::front::harmless;
use super::host::Host;
use super::reply::Reply;
use crate::tls::FirstFlight;
use crate::tls::hello::{Hellos, USUAL_SUITES, all_suites, record_version};
use crate::wire::numbers::{group_name, openssl_name, scheme_name, suite, suite_parts};
use crate::wire::tls::{SSLV2_CIPHERS, Sslv2ServerHello, write_sslv2_hello};

/// What was found of one version: the facts, and the flights they come from by suite.
pub(super) struct Heard {
    pub(super) facts: VersionFacts,
    pub(super) flights: BTreeMap<u16, FirstFlight>,
}

/// Suites in one hello for a host that chokes on more.
const FEW: usize = 40;

/// Takes one version apart.
///
/// Connections: one for each suite and one more, or one more for each part of the list where it has
/// to be parted; one to learn whether it has to be, where the whole list is refused; two to be sure
/// of a refusal that is no alert; one for the order, where that is asked for.
pub(super) async fn examine(host: &Host, hellos: &Hellos, version: Version, depth: Depth) -> Heard {
    let mut heard = Heard {
        facts: VersionFacts {
            version,
            support: Found::default(),
            refusal: None,
            suites: Vec::new(),
            incomplete: None,
            order: Found::default(),
            in_parts: false,
        },
        flights: BTreeMap::new(),
    };
    let all = all_suites(version);
    heard.take(host, hellos, &all).await;
    if heard.flights.is_empty() && all.len() > FEW {
        // It may choke on the long list: an ordinary hello of this version tells.
        let usual = pick(host, hellos, version, USUAL_SUITES).await;
        if matches!(usual, Pick::Suite(..)) {
            heard.facts.in_parts = true;
            (heard.facts.refusal, heard.facts.incomplete) = (None, None);
            for part in all.chunks(FEW).rev() {
                heard.take(host, hellos, part).await;
            }
        }
    }
    let picked: Vec<u16> = heard.facts.suites.iter().map(|accepted| accepted.suite.id).collect();
    heard.facts.support = match (picked.is_empty(), &heard.facts.incomplete) {
        (false, _) => Found::Known(true),
        (true, None) => Found::Known(false),
        (true, Some(why)) => Found::Unknown(why.clone()),
    };
    if heard.facts.support != Found::Known(false) {
        heard.facts.refusal = None;
    }
    heard.facts.order = match depth {
        Depth::Suites => Found::NotApplicable(NOT_ASKED.into()),
        Depth::Whole => order(host, hellos, version, &picked).await,
    };
    heard
}

impl Heard {
    /// Offers these, takes out what is picked, and asks again until nothing is left that is taken.
    async fn take(&mut self, host: &Host, hellos: &Hellos, suites: &[u16]) {
        let mut left = suites.to_vec();
        while !left.is_empty() {
            match pick(host, hellos, self.facts.version, &left).await {
                Pick::Suite(id, flight) => {
                    left.retain(|suite| *suite != id);
                    self.facts.suites.push(accepted(id, &flight));
                    self.flights.insert(id, *flight);
                }
                Pick::Nothing(how) => {
                    self.facts.refusal.get_or_insert(how);
                    return;
                }
                Pick::Unclear(why) => {
                    self.facts.incomplete.get_or_insert(why);
                    return;
                }
            }
        }
    }
}

enum Pick {
    Suite(u16, Box<FirstFlight>),
    Nothing(Refusal),
    Unclear(String),
}

async fn pick(host: &Host, hellos: &Hellos, version: Version, offered: &[u16]) -> Pick {
    let hello = hellos.hello(version, offered);
    let bytes = hello.records(record_version(version), usize::MAX);
    match host.ask_surely(&bytes).await {
        Reply::Refused(how) => Pick::Nothing(how),
        Reply::Unclear(why) => Pick::Unclear(why),
        Reply::Flight(flight) => match flight.version() {
            Some(chosen) if chosen != version => Pick::Nothing(Refusal::Version(chosen)),
            None => Pick::Unclear(format!("it chose version {:#06x}", flight.hello.version())),
            Some(_) if !offered.contains(&flight.hello.suite) => Pick::Unclear(format!(
                "it chose the suite {:#06x}, which was not offered",
                flight.hello.suite
            )),
            Some(_) => Pick::Suite(flight.hello.suite, flight),
        },
    }
}

fn accepted(id: u16, flight: &FirstFlight) -> Accepted {
    let exchange = flight.exchange.as_ref();
    Accepted {
        suite: suite(id),
        openssl: openssl_name(id),
        parts: suite_parts(id),
        group: flight.group().map(group_name),
        dh_bits: exchange.and_then(|exchange| exchange.prime_bits()),
        scheme: exchange.and_then(|exchange| exchange.scheme).map(scheme_name),
    }
}

/// Offers what was picked in the reverse order: a host that keeps to its own picks the same again.
async fn order(host: &Host, hellos: &Hellos, version: Version, picked: &[u16]) -> Found<Order> {
    let [first, .., _] = picked else {
        return Found::NotApplicable("there are not two suites to choose from".into());
    };
    let reverse: Vec<u16> = picked.iter().rev().copied().collect();
    match pick(host, hellos, version, &reverse).await {
        Pick::Suite(id, _) if id == *first => Found::Known(Order::Server),
        Pick::Suite(id, _) if id == reverse[0] => Found::Known(Order::Client),
        Pick::Suite(..) => Found::Unknown("it follows neither order".into()),
        Pick::Nothing(how) => Found::Unknown(format!("it refused suites it had picked ({how})")),
        Pick::Unclear(why) => Found::Unknown(why),
    }
}

/// Whether SSL 2.0 is spoken. One connection.
pub(super) async fn ssl2(host: &Host) -> Found<bool> {
    let hello = write_sslv2_hello(2, &SSLV2_CIPHERS, &[0x5a; 16]);
    let patience = host.patience();
    let mut visit = match host.visit().await {
        Ok(visit) => visit,
        Err(trouble) => return Found::Unknown(trouble.words()),
    };
    let _ = visit.stream.write_all(&hello).await;
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 4096];
    let reading = async {
        loop {
            match Sslv2ServerHello::read(&bytes) {
                Ok(None) => {}
                Ok(Some(found)) => return Found::Known(found.version == 2),
                // An alert or anything else of TLS is a clear word; text is the host's trouble.
                Err(_) if bytes[0] < 0x20 => return Found::Known(false),
                Err(_) => {
                    return Found::Unknown(format!(
                        "it answers SSL 2.0 with `{}`",
                        harmless(&bytes)
                    ));
                }
            }
            match visit.stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return Found::Known(false),
                Ok(read) => bytes.extend_from_slice(&chunk[..read]),
            }
        }
    };
    timeout(patience, reading).await.unwrap_or_else(|_| Found::Unknown("it keeps silent".into()))
}

/// The answer to a question that needs something this host does not have, as `why` says. Where it is
/// not sure what the host has, that is not sure either.
pub(super) fn absent<T>(heard: &[Heard], why: &str) -> Found<T> {
    let unsure = heard.iter().find_map(|heard| match &heard.facts.support {
        Found::Unknown(why) => Some(why.clone()),
        _ => heard.facts.incomplete.clone(),
    });
    unsure.map_or_else(|| Found::NotApplicable(why.to_owned()), Found::Unknown)
}

/// The accepted suites with ECDHE that are signed with one of these kinds of key.
pub(super) fn signed_by(flights: &BTreeMap<u16, FirstFlight>, keys: &[&str]) -> Vec<u16> {
    let fits = |id: &&u16| {
        let parts = suite_parts(**id);
        keys.contains(&parts.authentication.as_str()) && parts.exchange == "ecdhe"
    };
    flights.keys().filter(fits).copied().collect()
}

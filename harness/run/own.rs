//! The user's own configuration: which of its rules are tested, and the cases that test them.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use waxseal_model::diagnostic::closest;
use waxseal_model::domain::Tested;
use waxseal_model::scenario::{
    Case, Connector, NextHop, PeerPlace, Placement, RecipientDomain, Scenario,
};
use waxseal_model::script::Direction;

use crate::catalogue::Catalogue;

/// What is tested of the user's configuration. Nothing else of it is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The folder or file, as the relay's driver wants it; absolute. It is copied, never changed.
    pub config: PathBuf,
    /// What is set otherwise for the test: `parameter=value`.
    pub settings: Vec<String>,
    /// The rules for mail that goes out.
    pub rules: Vec<Rule>,
    /// What the listeners are meant to demand. It has to hold `opportunistic` or `encryption-only`, because
    /// mail is submitted at one of these.
    pub inbound: Vec<Connector>,
}

/// One domain and what its mail is meant to get: `partner.example=domain-validation`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// A whole domain, or with a leading dot all below it.
    pub domain: String,
    /// The demand.
    pub connector: Connector,
    /// The host that the relay sends this mail to whatever the MX records say, if it does.
    pub next_hop: Option<NextHop>,
}

/// Where the mail of a domain goes: `partner.example=gateway.example`, `.example=[gateway.example]:587`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The domain of a rule.
    pub domain: String,
    /// The host.
    pub next_hop: NextHop,
}

impl Own {
    /// The catalogue as it applies to this configuration: outbound each case once for every rule
    /// with its connector, inbound those of the listeners.
    pub fn catalogue(&self, whole: &Catalogue) -> Catalogue {
        let scenarios = whole.scenarios.iter().map(|scenario| {
            let cases = scenario.cases.iter().flat_map(|case| self.cases(case)).collect();
            Scenario { cases, ..scenario.clone() }
        });
        let mut own = Catalogue { scenarios: scenarios.collect(), ..whole.clone() };
        // A control under another connector may not be there: then the rule's own stands in.
        let known: BTreeSet<String> = own.cases().map(|case| case.id.clone()).collect();
        for case in own.scenarios.iter_mut().flat_map(|scenario| &mut scenario.cases) {
            if !known.contains(&case.control_id()) {
                case.control = Some(case.usual_control());
            }
        }
        own
    }

    /// The rules, each with the reason where `whole` has no case for it.
    pub(super) fn tested(&self, whole: &Catalogue) -> Vec<Tested> {
        let outbound = |connector| {
            whole
                .cases()
                .any(|case| (case.direction, case.connector) == (Direction::Outbound, connector))
        };
        let tested = |rule: &Rule| Tested {
            domain: rule.domain.clone(),
            connector: rule.connector,
            without_case: match outbound(rule.connector) {
                true => "No case of the selection is about this connector.".into(),
                false => "This version has no case about this connector.".into(),
            },
        };
        self.rules.iter().map(tested).collect()
    }

    /// Whether some rule or listener is tested as this connector.
    pub(super) fn tests(&self, direction: Direction, connector: Connector) -> bool {
        match direction {
            Direction::Inbound => self.inbound.contains(&connector),
            Direction::Outbound => self.rules.iter().any(|rule| rule.connector == connector),
        }
    }

    fn cases(&self, case: &Case) -> Vec<Case> {
        match case.direction {
            Direction::Inbound if self.inbound.contains(&case.connector) => vec![case.clone()],
            Direction::Inbound => Vec::new(),
            Direction::Outbound => self
                .rules
                .iter()
                .filter(|rule| rule.connector == case.connector)
                .map(|rule| case.placed(rule.placement()))
                .collect(),
        }
    }

    /// Why a case cannot be played with rules of which only these are known.
    pub(super) fn lacks(case: &Case) -> Option<String> {
        if !case.before.is_empty() || case.sender_connector.is_some() {
            let second = "The case needs a second rule of a known name, and goes with the driver's \
                          own configuration only.";
            return Some(second.into());
        }
        let places = case.peers.iter().any(|peer| peer.place != PeerPlace::default());
        if places || case.alias.is_some() || !case.message.also.is_empty() {
            let names = "The case needs names and addresses of the lab's own, and goes with the \
                         driver's own configuration only.";
            return Some(names.into());
        }
        if case.message.domain == RecipientDomain::Literal {
            return Some("The rule is for a domain, and the message goes to an address.".into());
        }
        if case.whole_domain().is_some() && case.message.domain == RecipientDomain::Deeper {
            return Some("The rule is for a whole domain, and for none below it.".into());
        }
        let host = &case.next_hop()?.host;
        let hops = case.peers.iter().filter(|peer| peer.name != "sender").count();
        let needs = match () {
            () if hops > 1 => "more than one next hop",
            () if !case.dns.is_empty() => "a resolver that breaks",
            () => return None,
        };
        Some(format!("The case needs {needs}, and all mail of this domain goes to {host}."))
    }
}

impl Rule {
    /// Where the mail of a case goes that tests this rule.
    fn placement(&self) -> Placement {
        Placement { domain: self.domain.clone(), next_hop: self.next_hop.clone() }
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (domain, connector) = text
            .split_once('=')
            .ok_or("write DOMAIN=CONNECTOR, for example partner.example=domain-validation")?;
        let domain = domain_of(domain)?;
        let connector = connector_of(Direction::Outbound, connector)?;
        Ok(Self { domain, connector, next_hop: None })
    }
}

impl FromStr for Route {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (domain, hop) = text
            .split_once('=')
            .ok_or("write DOMAIN=HOST or DOMAIN=HOST:PORT, as in partner.example=gw.example:587")?;
        let (host, port) = match hop.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (hop, None),
        };
        let port = port.map(|port| match port.parse() {
            Ok(port) if port > 0 => Ok(port),
            _ => Err(format!("`{port}` is no port; write a number from 1 to 65535")),
        });
        // As relays write a host that has no MX records of its own.
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if !is_name(&host) || host.parse::<std::net::Ipv4Addr>().is_ok() {
            return Err(format!("`{host}` is no host; the lab plays hosts that have a name"));
        }
        let next_hop = NextHop { host, port: port.transpose()? };
        Ok(Self { domain: domain_of(domain)?, next_hop })
    }
}

/// A whole domain, or with a leading dot all below it.
fn domain_of(text: &str) -> Result<String, String> {
    let domain = text.trim_end_matches('.').to_ascii_lowercase();
    match is_name(domain.strip_prefix('.').unwrap_or(&domain)) {
        true => Ok(domain),
        false => Err(format!(
            "`{domain}` is no domain; write it in ASCII, with a leading dot for all below it"
        )),
    }
}

fn is_name(text: &str) -> bool {
    let good = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    text.len() <= 200 && text.split('.').all(good)
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.domain, self.connector)
    }
}

/// The connector of this name, if mail can go that way under it.
///
/// # Errors
/// A sentence with the names there are.
pub fn connector_of(direction: Direction, name: &str) -> Result<Connector, String> {
    let known = || Connector::ALL.into_iter().filter(|connector| connector.exists(direction));
    known().find(|connector| connector.name() == name).ok_or_else(|| {
        let names: Vec<_> = known().map(Connector::name).collect();
        let hint = closest(name, names.iter().copied())
            .map(|name| format!(" (did you mean `{name}`?)"))
            .unwrap_or_default();
        format!("`{name}` is no {direction} connector{hint}; there are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use waxseal_model::expect::Outcome;
    use waxseal_model::grade::{PROOF, TEMPTING};

    use super::*;

    fn own(rules: &[&str]) -> Own {
        Own {
            config: "/etc/x".into(),
            settings: Vec::new(),
            rules: rules.iter().map(|rule| rule.parse().unwrap()).collect(),
            inbound: vec![Connector::Opportunistic],
        }
    }

    #[test]
    fn a_rule_is_read_or_told_what_is_wrong() {
        let rule: Rule = ".Partner.example.=encryption-only".parse().unwrap();
        assert_eq!(rule.to_string(), ".partner.example (encryption-only)");
        for (text, words) in [
            ("partner.example", "write DOMAIN=CONNECTOR"),
            ("part ner=dane", "is no domain"),
            ("=dane", "is no domain"),
            ("a.example=encrpyt-only", "did you mean `encryption-only`?"),
            ("a.example=implicit", "is no outbound connector"),
        ] {
            let error = text.parse::<Rule>().unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_route_is_read_or_told_what_is_wrong() {
        for (text, host, port) in [
            (".Partner.example=GW.example.", "gw.example", None),
            ("a.example=[gw.example]:587", "gw.example", Some(587)),
        ] {
            let route: Route = text.parse().unwrap();
            assert_eq!(route.next_hop, NextHop { host: host.into(), port });
        }
        for (text, words) in [
            ("partner.example", "write DOMAIN=HOST"),
            ("a.example=", "is no host"),
            ("a.example=[10.1.2.3]", "the lab plays hosts that have a name"),
            ("a.example=gw.example:0", "is no port"),
            ("a.example=gw.example:smtp", "is no port"),
            ("..=gw.example", "is no domain"),
        ] {
            let error = text.parse::<Route>().unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_domain_with_one_host_leaves_out_what_needs_more() {
        let whole = Catalogue::embedded().unwrap();
        let mut own = own(&["a.example=opportunistic"]);
        own.rules[0].next_hop = Some(NextHop { host: "gw.example".into(), port: None });
        let own = own.catalogue(&whole);
        let lacks = |id: &str| Own::lacks(own.case(&format!("outbound/{id}@a.example")).unwrap());
        assert_eq!(lacks("control#opportunistic"), None);
        let sentence = "The case needs a resolver that breaks, and all mail of this domain goes \
                        to gw.example.";
        assert_eq!(lacks("opportunistic/null-mx").as_deref(), Some(sentence));
    }

    #[test]
    fn the_scenarios_that_grades_go_by_exist() {
        let whole = Catalogue::embedded().unwrap();
        for scenario in TEMPTING.iter().chain(&PROOF) {
            assert!(whole.cases().any(|case| case.file() == *scenario), "{scenario}");
        }
        // Whoever passes one of these kept a message that could go in plaintext only.
        let tempting = whole.cases().filter(|case| TEMPTING.contains(&case.file()));
        for case in tempting {
            let withheld =
                case.expect.outcome.iter().all(|outcome| Outcome::WITHHELD.contains(outcome));
            assert!(withheld && !case.expect.outcome.is_empty(), "{}", case.id);
            assert_ne!(case.control_id(), case.id);
        }
    }

    #[test]
    fn a_rule_without_a_case_says_why() {
        let whole = Catalogue::embedded().unwrap();
        let own = own(&["a.example=dane", "b.example=encryption-only"]);
        let reasons: Vec<_> =
            own.tested(&whole).into_iter().map(|rule| rule.without_case).collect();
        let expected = [
            "This version has no case about this connector.",
            "No case of the selection is about this connector.",
        ];
        assert_eq!(reasons, expected);
    }

    #[test]
    fn every_case_is_played_for_every_domain_and_paired_with_its_own_control() {
        let whole = Catalogue::embedded().unwrap();
        let rules = ["a.example=encryption-only", ".b.example=encryption-only"];
        let own = own(&rules).catalogue(&whole);
        let case = own.case("outbound/forced/refused#454,encryption-only@a.example").unwrap();
        assert_eq!(case.control_id(), "outbound/control#encryption-only@a.example");
        for case in own.cases() {
            assert!(own.case(&case.control_id()).is_some(), "{}", case.id);
            match case.direction {
                Direction::Inbound => assert_eq!(case.connector, Connector::Opportunistic),
                Direction::Outbound => assert_eq!(case.connector, Connector::EncryptionOnly),
            }
        }
        let below = own
            .cases()
            .filter(|case| case.placement.as_ref().is_some_and(|at| at.domain == ".b.example"));
        let whole = whole.cases().filter(|case| {
            (case.direction, case.connector) == (Direction::Outbound, Connector::EncryptionOnly)
        });
        assert_eq!(below.count(), whole.count());
    }
}

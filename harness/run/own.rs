//! The user's own configuration: which of its rules are tested, and the cases that test them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use waxseal_model::domain::Tested;
use waxseal_model::listener::Heard;
use waxseal_model::overview::OverviewRow;
use waxseal_model::scenario::{
    Case, Connector, HostPlace, Peer, PeerPlace, Placement, RecipientDomain, Scenario, SenderPlace,
};
use waxseal_model::script::Direction;

use super::inbound::Inbound;
use super::rule::{Rule, Sender};
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
    /// The listeners under test and what they are meant to demand, one for each connector. Mail is submitted
    /// at one that is `opportunistic` or `encryption-only`; if there is none, at the `entrance`.
    pub inbound: Vec<Inbound>,
    /// Where messages are submitted, if at none of these; it is not under test.
    pub entrance: Option<Inbound>,
    /// The listeners to report on, as they are configured.
    pub heard: Vec<Heard>,
    /// Who sends the messages that go out; `None`: each case has a sender of its own.
    pub sender: Option<Sender>,
    /// What the relay's environment has to hold: `NAME=value`.
    pub environment: Vec<String>,
    /// The entries of the configuration that the rules come from, where they do.
    pub overview: Vec<OverviewRow>,
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
            Direction::Inbound => self.inbound.iter().any(|one| one.connector == connector),
            Direction::Outbound => self.rules.iter().any(|rule| rule.connector == connector),
        }
    }

    fn cases(&self, case: &Case) -> Vec<Case> {
        match case.direction {
            Direction::Inbound if self.tests(Direction::Inbound, case.connector) => {
                vec![case.clone()]
            }
            Direction::Inbound => Vec::new(),
            Direction::Outbound => self
                .rules
                .iter()
                .filter(|rule| rule.connector == case.connector)
                .map(|rule| case.placed(self.placement(rule)))
                .collect(),
        }
    }

    /// Where the mail of a case goes that tests this rule, and who sends it.
    fn placement(&self, rule: &Rule) -> Placement {
        let sender = self.sender.as_ref().map(|sender| SenderPlace {
            address: sender.address().to_owned(),
            played: self.plays_sender(),
        });
        Placement { domain: rule.domain.clone(), next_hop: rule.next_hop.clone(), sender }
    }

    /// Whether a host lies in the domain of a rule.
    pub(super) fn is_about(&self, host: &str) -> bool {
        self.rules.iter().any(|rule| {
            let domain = rule.domain.trim_start_matches('.');
            host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }

    /// Whether the lab plays the domain of the user's sender: it does unless a rule is about that.
    pub(super) fn plays_sender(&self) -> bool {
        let Some(sender) = &self.sender else { return false };
        let below = |rule: &Rule| match rule.domain.strip_prefix('.') {
            Some(above) => sender.domain() == above || sender.domain().ends_with(&rule.domain),
            None => sender.domain() == rule.domain,
        };
        !self.rules.iter().any(below)
    }

    /// Why a case cannot be played with rules of which only these are known.
    pub(super) fn lacks(case: &Case) -> Option<String> {
        if !case.before.is_empty() || case.sender_connector.is_some() {
            let second = "The case needs a second rule of a known name, and goes with the driver's \
                          own configuration only.";
            return Some(second.into());
        }
        // Whoever forges the MX record chooses the host: a rule has to hold there too.
        let outside = PeerPlace { host: HostPlace::Outside, ..PeerPlace::default() };
        let foreign = |peer: &Peer| case.next_hop().is_none() && peer.place == outside;
        let places =
            case.peers.iter().any(|peer| peer.place != PeerPlace::default() && !foreign(peer));
        if places || case.alias.is_some() || !case.message.also.is_empty() {
            let names = "The case needs names and addresses of the lab's own, and goes with the \
                         driver's own configuration only.";
            return Some(names.into());
        }
        if case.message.domain == RecipientDomain::Literal {
            return Some("The rule is for a domain, and the message goes to an address.".into());
        }
        let sender = case.placement.as_ref().and_then(|placement| placement.sender.as_ref());
        if sender.is_some() && case.peer("sender").is_some() {
            return Some("The case needs a sender of its own, and the user names one.".into());
        }
        if case.whole_domain().is_some() && case.message.domain == RecipientDomain::Deeper {
            return Some("The rule is for a whole domain, and for none below it.".into());
        }
        let hop = case.next_hop()?;
        let scripted = case.peers.iter().any(|peer| {
            peer.name != "sender" && peer.script.parts.iter().any(|part| !part.is_empty())
        });
        if hop.is_implicit() && scripted {
            return Some(format!(
                "The dialogue of the case begins in plaintext, and at {hop} TLS begins with the \
                 first octet."
            ));
        }
        if hop.address.is_some() && case.connector == Connector::DomainValidation {
            return Some(format!(
                "The case needs a host with a name, and all mail of this domain goes to {hop}."
            ));
        }
        let hops = case.peers.iter().filter(|peer| peer.name != "sender").count();
        let needs = match () {
            () if hops > 1 => "more than one next hop",
            () if !case.dns.is_empty() => "a resolver that breaks",
            () => return None,
        };
        Some(format!("The case needs {needs}, and all mail of this domain goes to {hop}."))
    }
}

#[cfg(test)]
mod tests {
    use waxseal_model::expect::Outcome;
    use waxseal_model::grade::{PROOF, TEMPTING};

    use super::*;
    use crate::run::rule::next_hop;

    fn own(rules: &[&str]) -> Own {
        Own {
            config: "/etc/x".into(),
            settings: Vec::new(),
            rules: rules.iter().map(|rule| rule.parse().unwrap()).collect(),
            inbound: vec![Inbound::any(Connector::Opportunistic)],
            entrance: None,
            heard: Vec::new(),
            sender: None,
            environment: Vec::new(),
            overview: Vec::new(),
        }
    }

    #[test]
    fn a_domain_with_one_host_leaves_out_what_needs_more() {
        let whole = Catalogue::embedded().unwrap();
        let mut own = own(&["a.example=opportunistic"]);
        own.rules[0].next_hop = next_hop("gw.example").ok();
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
    fn the_domain_of_the_sender_is_played_unless_a_rule_is_about_it() {
        let plays = |sender: &str| {
            let rules = &["a.example=opportunistic", ".b.example=opportunistic"];
            Own { sender: sender.parse().ok(), ..own(rules) }.plays_sender()
        };
        assert!(plays("x@ours.example") && plays("x@sub.a.example"));
        assert!(!plays("x@a.example") && !plays("x@b.example") && !plays("x@c.b.example"));
        assert!(!own(&[]).plays_sender());
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

//! The user's own configuration: which of its rules are tested, and the cases that test them.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use waxseal_model::diagnostic::closest;
use waxseal_model::scenario::{Case, Connector, Scenario, default_control};
use waxseal_model::script::Direction;

use crate::catalogue::Catalogue;

/// What is tested of the user's configuration. Nothing else of it is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The folder or file; absolute.
    pub config: PathBuf,
    /// What is set otherwise for the test: `parameter=value`.
    pub settings: Vec<String>,
    /// The rules for mail that goes out.
    pub rules: Vec<Rule>,
    /// What the listeners are meant to demand. Never empty, because mail is handed in at one.
    pub inbound: Vec<Connector>,
}

/// One domain and what its mail is meant to get: `partner.example=domain-validation`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// A whole domain, or with a leading dot all below it.
    pub domain: String,
    /// The demand.
    pub connector: Connector,
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
        // A twin under another connector may not be there: then the rule's own twin stands in.
        let known: BTreeSet<String> = own.cases().map(|case| case.id.clone()).collect();
        for case in own.scenarios.iter_mut().flat_map(|scenario| &mut scenario.cases) {
            if !known.contains(&case.control_id()) {
                let twin = default_control(case.direction, case.connector);
                let at = case.domain.iter().map(|domain| format!("@{domain}"));
                case.control = Some(twin + &at.collect::<String>());
            }
        }
        own
    }

    fn cases(&self, case: &Case) -> Vec<Case> {
        match case.direction {
            Direction::Inbound if self.inbound.contains(&case.connector) => vec![case.clone()],
            Direction::Inbound => Vec::new(),
            Direction::Outbound => self
                .rules
                .iter()
                .filter(|rule| rule.connector == case.connector)
                .map(|rule| case.to_domain(&rule.domain))
                .collect(),
        }
    }

    /// Why a case cannot be played with rules of which only these are known.
    pub(super) fn lacks(case: &Case) -> Option<String> {
        (!case.before.is_empty() || case.sender_connector.is_some()).then(|| {
            "The case needs a second rule of a known name, and goes with the driver's own \
             configuration only."
                .into()
        })
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (domain, connector) = text
            .split_once('=')
            .ok_or("write DOMAIN=CONNECTOR, for example partner.example=domain-validation")?;
        let domain = domain.trim_end_matches('.').to_ascii_lowercase();
        let labels = domain.strip_prefix('.').unwrap_or(&domain);
        let good = |label: &str| {
            (1..=63).contains(&label.len())
                && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        };
        if labels.len() > 200 || !labels.split('.').all(good) {
            return Err(format!(
                "`{domain}` is no domain; write it in ASCII, with a leading dot for all below it"
            ));
        }
        let connector = connector_of(Direction::Outbound, connector)?;
        Ok(Self { domain, connector })
    }
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
    fn every_case_is_played_for_every_domain_and_paired_with_its_own_control() {
        let whole = Catalogue::embedded().unwrap();
        let rules = ["a.example=encryption-only", ".b.example=encryption-only"];
        let own = own(&rules).catalogue(&whole);
        let case = own.case("outbound/forced/refused-454#encryption-only@a.example").unwrap();
        assert_eq!(case.control_id(), "outbound/control#encryption-only@a.example");
        for case in own.cases() {
            assert!(own.case(&case.control_id()).is_some(), "{}", case.id);
            match case.direction {
                Direction::Inbound => assert_eq!(case.connector, Connector::Opportunistic),
                Direction::Outbound => assert_eq!(case.connector, Connector::EncryptionOnly),
            }
        }
        let below = own.cases().filter(|case| case.domain.as_deref() == Some(".b.example"));
        let whole = whole.cases().filter(|case| {
            (case.direction, case.connector) == (Direction::Outbound, Connector::EncryptionOnly)
        });
        assert_eq!(below.count(), whole.count());
    }
}

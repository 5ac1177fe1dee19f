//! What a user says of one domain: what its mail is meant to get, where it goes, who sends it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use waxseal_model::diagnostic::closest;
use waxseal_model::scenario::{Connector, NextHop};
use waxseal_model::script::Direction;

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

/// A rule as the user writes it, before it is known which words the product has:
/// `partner.example=encrypt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// A whole domain, or with a leading dot all below it.
    pub domain: String,
    /// A connector of ours, or a word of the product's.
    pub word: String,
}

/// Where the mail of a domain goes: `partner.example=gateway.example`, `.example=[192.0.2.1]:587`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The domain of a rule.
    pub domain: String,
    /// The host.
    pub next_hop: NextHop,
}

/// An envelope sender, `user@ours.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender(String);

impl Sender {
    /// As it is written.
    pub fn address(&self) -> &str {
        &self.0
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl Wish {
    /// The rule, with the connector that the word stands for; `words` are the product's.
    ///
    /// # Errors
    /// A sentence with the words there are.
    pub fn rule(&self, words: &dyn Fn(&str) -> Option<Connector>) -> Result<Rule, String> {
        let connector = match words(&self.word) {
            Some(connector) => connector,
            None => connector_of(Direction::Outbound, &self.word)?,
        };
        Ok(Rule { domain: self.domain.clone(), connector, next_hop: None })
    }
}

impl FromStr for Wish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (domain, word) = text
            .split_once('=')
            .ok_or("write DOMAIN=CONNECTOR, for example partner.example=domain-validation")?;
        Ok(Self { domain: domain_of(domain)?, word: word.trim().to_owned() })
    }
}

impl Rule {
    /// As it is read: `partner.example=encryption-only`, with `=HOST` where there is one.
    pub fn written(&self) -> String {
        let hop = self.next_hop.as_ref().map(|hop| format!("={hop}")).unwrap_or_default();
        format!("{}={}{hop}", self.domain, self.connector)
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut wish: Wish = text.parse()?;
        let hop = wish.word.split_once('=').map(|(word, hop)| (word.to_owned(), hop.to_owned()));
        let hop = hop.map(|(word, hop)| {
            wish.word = word;
            next_hop(&hop)
        });
        Ok(Self { next_hop: hop.transpose()?, ..wish.rule(&|_| None)? })
    }
}

impl FromStr for Route {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (domain, hop) = text
            .split_once('=')
            .ok_or("write DOMAIN=HOST or DOMAIN=HOST:PORT, as in partner.example=gw.example:587")?;
        Ok(Self { domain: domain_of(domain)?, next_hop: next_hop(hop)? })
    }
}

impl FromStr for Sender {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        let wrong = || {
            format!("`{text}` is no address; write LOCAL@DOMAIN in ASCII, as in user@ours.example")
        };
        let (local, domain) = text.rsplit_once('@').ok_or_else(wrong)?;
        if local.is_empty() || local.len() > 64 || !local.chars().all(plain) || !is_name(domain) {
            return Err(wrong());
        }
        Ok(Self(format!("{local}@{}", domain.to_ascii_lowercase())))
    }
}

/// A host with or without a port, as relays write it: `HOST`, `[HOST]:PORT`, `[192.0.2.1]`,
/// `[IPv6:2001:db8::1]`, `[2001:db8::1]:465`.
///
/// # Errors
/// A sentence.
pub fn next_hop(text: &str) -> Result<NextHop, String> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        // As relays write a host that has no MX records of its own, and an address.
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, Some(rest.strip_prefix(':').unwrap_or(rest))),
        None if text.parse::<Ipv6Addr>().is_ok() => (text, None),
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = port.map(|port| match port.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(format!("`{port}` is no port; write a number from 1 to 65535")),
    });
    let port = port.transpose()?;
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if let Ok(address) = host.strip_prefix("ipv6:").unwrap_or(&host).parse::<IpAddr>() {
        if address.is_loopback() || address.is_unspecified() || address.is_multicast() {
            return Err(format!("`{address}` is no next hop of another machine"));
        }
        return Ok(NextHop { host: name_of(address), port, address: Some(address) });
    }
    match is_name(&host) && host.contains(|c: char| c.is_ascii_alphabetic()) {
        true => Ok(NextHop { host, port, address: None }),
        false => Err(format!("`{host}` is no host; write a name, or an address in brackets")),
    }
}

/// The name that the lab gives to a host of which there is an address only.
fn name_of(address: IpAddr) -> String {
    let text: String = address
        .to_string()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    format!("at-{}.address.test", text.trim_matches('-').replace("--", "-0-"))
}

/// A whole domain, or with a leading dot all below it.
pub(super) fn domain_of(text: &str) -> Result<String, String> {
    let domain = text.trim().trim_end_matches('.').to_ascii_lowercase();
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
    use super::*;

    #[test]
    fn a_rule_is_read_or_told_what_is_wrong() {
        let rule: Rule = ".Partner.example.=encryption-only".parse().unwrap();
        assert_eq!(rule.to_string(), ".partner.example (encryption-only)");
        for text in ["a.example=mutual", ".a.example=mutual=[10.1.2.3]:465", "a.b=dane=gw.c:25"] {
            assert_eq!(text.parse::<Rule>().unwrap().written(), text);
        }
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
    fn a_word_of_the_products_stands_for_a_connector_of_ours() {
        let words = |word: &str| (word == "encrypt").then_some(Connector::EncryptionOnly);
        let rule = |text: &str| text.parse::<Wish>().unwrap().rule(&words);
        assert_eq!(rule("a.example=encrypt").unwrap().connector, Connector::EncryptionOnly);
        assert_eq!(rule("a.example=mutual").unwrap().connector, Connector::Mutual);
        assert!(rule("a.example=encrpyt").unwrap_err().contains("`encrpyt` is no outbound"));
    }

    #[test]
    fn a_route_is_read_or_told_what_is_wrong() {
        for (text, shown) in [
            (".Partner.example=GW.example.", "gw.example"),
            ("a.example=[gw.example]:587", "gw.example:587"),
            ("a.example=[10.1.2.3]", "[10.1.2.3]"),
            ("a.example=10.1.2.3:465", "[10.1.2.3]:465"),
            ("a.example=[IPv6:2001:DB8::1]", "[2001:db8::1]"),
            ("a.example=[2001:db8::1]:465", "[2001:db8::1]:465"),
            ("a.example=2001:db8::1", "[2001:db8::1]"),
        ] {
            let route: Route = text.parse().unwrap();
            assert_eq!(route.next_hop.to_string(), shown);
            assert!(is_name(&route.next_hop.host), "{:?}", route.next_hop);
        }
        for (text, words) in [
            ("partner.example", "write DOMAIN=HOST"),
            ("a.example=", "is no host"),
            ("a.example=[127.0.0.1]:10025", "is no next hop of another machine"),
            ("a.example=300.1.2.3", "is no host"),
            ("a.example=gw.example:0", "is no port"),
            ("a.example=gw.example:smtp", "is no port"),
            ("a.example=[gw.example]587x", "is no port"),
            ("..=gw.example", "is no domain"),
        ] {
            let error = text.parse::<Route>().unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn a_sender_is_an_address() {
        let sender: Sender = "J.Doe+x@Ours.example".parse().unwrap();
        assert_eq!((sender.address(), sender.domain()), ("J.Doe+x@ours.example", "ours.example"));
        for text in ["ours.example", "@ours.example", "a b@ours.example", "a@", "a@b>\r\nRSET"] {
            assert!(text.parse::<Sender>().unwrap_err().contains("is no address"), "{text}");
        }
    }
}

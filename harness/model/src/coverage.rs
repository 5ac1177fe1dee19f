//! What of a requirement has to be played: each of its directions, and each part of its text.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};

use crate::requirement::{Requirement, fits};
use crate::scenario::Connector;
use crate::script::Direction;

/// Which ways of mail a requirement binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ways {
    /// A relay that receives.
    Inbound,
    /// A relay that sends.
    Outbound,
    /// Each way for itself.
    Both,
}

impl Ways {
    /// The directions, each of which has to be played.
    pub fn directions(self) -> &'static [Direction] {
        match self {
            Self::Inbound => &[Direction::Inbound],
            Self::Outbound => &[Direction::Outbound],
            Self::Both => &[Direction::Inbound, Direction::Outbound],
        }
    }
}

/// A TLS demand that a requirement applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Every session.
    Any,
    /// TLS where it can be had.
    Opportunistic,
    /// TLS or nothing, by a rule of the relay's own.
    Forced,
    /// As TLSA records say (RFC 7672).
    Dane,
    /// As the domain's policy says (RFC 8461).
    MtaSts,
    /// As the message says (RFC 8689).
    Requiretls,
}

impl Mode {
    /// The connector that a relay declares if it has this feature; `None`: the mode binds every relay.
    fn feature(self) -> Option<Option<Connector>> {
        match self {
            Self::Any | Self::Opportunistic | Self::Forced => None,
            Self::Dane => Some(Some(Connector::Dane)),
            Self::MtaSts => Some(Some(Connector::MtaSts)),
            // There is nothing to declare it by yet.
            Self::Requiretls => Some(None),
        }
    }
}

/// Why no case judges a requirement. In files one sentence, or a table with one for each direction
/// or part that is not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Untested {
    /// Why nothing of it is.
    pub whole: Option<String>,
    /// Why some of it is not, by direction or by part.
    pub some: BTreeMap<String, String>,
}

impl Untested {
    /// The reason for one claim.
    pub fn reason(&self, claim: &Claim) -> Option<&str> {
        let named = self.some.iter().find(|(name, _)| claim.is_named(name));
        named.map(|(_, reason)| reason).or(self.whole.as_ref()).map(String::as_str)
    }
}

impl<'de> Deserialize<'de> for Untested {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(SentenceOrTable)
    }
}

struct SentenceOrTable;

impl<'de> Visitor<'de> for SentenceOrTable {
    type Value = Untested;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sentence, or a table with one for each direction or part")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Untested, E> {
        Ok(Untested { whole: Some(text.into()), some: BTreeMap::new() })
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Untested, A::Error> {
        let some = Deserialize::deserialize(MapAccessDeserializer::new(table))?;
        Ok(Untested { whole: None, some })
    }
}

/// One thing that a requirement demands and that has to be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The way of mail.
    pub direction: Direction,
    /// The part of the text, where it has several.
    pub part: Option<String>,
}

impl Claim {
    /// Whether this is the name of its direction or of its part.
    fn is_named(&self, name: &str) -> bool {
        self.direction.to_string() == name || self.part.as_deref() == Some(name)
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.part {
            None => write!(f, "{}", self.direction),
            Some(part) => write!(f, "{} {part}", self.direction),
        }
    }
}

impl Requirement {
    /// All that has to be played before it can be called kept.
    pub fn claims(&self) -> Vec<Claim> {
        let each = |direction: &Direction| -> Vec<Claim> {
            let claim = |part| Claim { direction: *direction, part };
            match self.parts.is_empty() {
                true => vec![claim(None)],
                false => self.parts.keys().map(|part| claim(Some(part.clone()))).collect(),
            }
        };
        self.direction.directions().iter().flat_map(each).collect()
    }

    /// Whether a scenario that cites the requirement plays this claim.
    pub fn is_played(&self, claim: &Claim, direction: Direction, scenario: &str) -> bool {
        direction == claim.direction
            && claim.part.as_ref().is_none_or(|part| {
                let patterns = self.parts.get(part).map_or(&[][..], Vec::as_slice);
                patterns.iter().any(|pattern| fits(pattern, scenario))
            })
    }

    /// Whether it binds a relay only because that has a feature: DANE, MTA-STS, REQUIRETLS.
    pub fn is_conditional(&self) -> bool {
        self.modes.iter().all(|mode| mode.feature().is_some())
    }

    /// Whether it applies to a relay that has these connectors, or is to have them.
    pub fn applies(&self, has: impl Fn(Connector) -> bool) -> bool {
        self.modes.iter().any(|mode| match mode.feature() {
            None => true,
            Some(connector) => connector.is_some_and(&has),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(rest: &str) -> Requirement {
        let text = format!(
            "level = 'must'\ntext = 't'\nsource = 's'\nobserve = 'o'\nmodes = ['any']\n{rest}"
        );
        toml::from_str(&text).unwrap()
    }

    fn claims(row: &Requirement) -> Vec<String> {
        row.claims().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_direction_and_each_part_is_a_claim() {
        assert_eq!(claims(&row("direction = 'inbound'")), ["inbound"]);
        let parted = row("direction = 'both'\nparts = { a = ['*/x'], b = ['outbound/y*'] }");
        assert_eq!(claims(&parted), ["inbound a", "inbound b", "outbound a", "outbound b"]);
        let played = |scenario: &str, direction| {
            let claims = parted.claims();
            let fitting = claims.iter().filter(|c| parted.is_played(c, direction, scenario));
            fitting.map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(played("inbound/x", Direction::Inbound), ["inbound a"]);
        assert_eq!(played("outbound/yes", Direction::Outbound), ["outbound b"]);
    }

    #[test]
    fn a_reason_holds_for_all_or_for_what_it_names() {
        let inbound = Claim { direction: Direction::Inbound, part: Some("a".into()) };
        let outbound = Claim { direction: Direction::Outbound, part: Some("b".into()) };
        let reasons = |text: &str| {
            let row = row(&format!("direction = 'both'\nuntested{text}"));
            [&inbound, &outbound].map(|claim| row.untested.reason(claim).map(str::to_owned))
        };
        let why = Some("why".to_owned());
        assert_eq!(reasons(" = 'why'"), [why.clone(), why.clone()]);
        assert_eq!(reasons(".inbound = 'why'"), [why.clone(), None]);
        assert_eq!(reasons(".b = 'why'"), [None, why]);
    }

    #[test]
    fn a_row_of_published_policies_alone_binds_who_declares_one() {
        let modes = |modes: &str| {
            let text = "level = 'must'\ntext = 't'\nsource = 's'\nobserve = 'o'\n";
            let row = format!("{text}direction = 'outbound'\nmodes = {modes}");
            let row: Requirement = toml::from_str(&row).unwrap();
            (row.is_conditional(), row.applies(|c| c == Connector::Dane), row.applies(|_| false))
        };
        assert_eq!(modes("['forced', 'dane']"), (false, true, true));
        assert_eq!(modes("['dane', 'mta-sts']"), (true, true, false));
        assert_eq!(modes("['mta-sts']"), (true, false, false));
        assert_eq!(modes("['requiretls']"), (true, false, false));
    }
}

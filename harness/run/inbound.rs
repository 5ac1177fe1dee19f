//! One listener of a user's configuration, as the user names it.

use std::fmt;
use std::str::FromStr;

use waxseal_model::scenario::Connector;
use waxseal_model::script::Direction;

use super::rule::connector_of;

/// One listener and what it is meant to demand: `encryption-only`, `587=encryption-only`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// The demand.
    pub connector: Connector,
    /// Which of the user's listeners; `None`: the driver chooses.
    pub port: Option<u16>,
}

impl Inbound {
    /// The listener that the driver chooses for this connector.
    pub const fn any(connector: Connector) -> Self {
        Self { connector, port: None }
    }

    /// Whether mail can be submitted there for the lab.
    pub(super) fn is_entrance(self) -> bool {
        matches!(self.connector, Connector::Opportunistic | Connector::EncryptionOnly)
    }
}

impl FromStr for Inbound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((port, connector)) = text.split_once('=') else {
            return Ok(Self::any(connector_of(Direction::Inbound, text)?));
        };
        let connector = connector_of(Direction::Inbound, connector.trim())?;
        match port.trim().parse() {
            Ok(port) if port > 0 => Ok(Self { connector, port: Some(port) }),
            _ => Err(format!("`{port}` is no port; write PORT=CONNECTOR, as in 587={connector}")),
        }
    }
}

/// As it is read.
impl fmt::Display for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{port}={}", self.connector),
            None => write!(f, "{}", self.connector),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_named_by_its_port_or_its_connector() {
        for text in ["encryption-only", "587=encryption-only", "465=implicit"] {
            assert_eq!(text.parse::<Inbound>().unwrap().to_string(), text);
        }
        for (text, words) in [
            ("0=implicit", "`0` is no port"),
            ("smtp=implicit", "`smtp` is no port; write PORT=CONNECTOR, as in 587=implicit"),
            ("587=dane", "`dane` is no inbound connector"),
            ("implicti", "`implicti` is no inbound connector"),
        ] {
            let error = text.parse::<Inbound>().unwrap_err();
            assert!(error.starts_with(words), "{error}");
        }
    }
}

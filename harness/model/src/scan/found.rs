//! An answer of a host, or why there is none.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::alert::alert_name;
use crate::offer::Version;

/// Why a question that nobody wanted asked does not apply.
pub const NOT_ASKED: &str = "it was not asked for";

/// What a question came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Found<T> {
    /// The host answered.
    Known(T),
    /// The question does not arise; why.
    NotApplicable(String),
    /// The host could not be brought to an answer; why. Says nothing about the host.
    Unknown(String),
}

impl<T> Found<T> {
    /// The answer, if there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            _ => None,
        }
    }
}

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self::Unknown("it was not asked".into())
    }
}

/// How a host ended what a hello began, other than with a ServerHello.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// A fatal alert with this description (RFC 8446 section 6.2).
    Alert(u8),
    /// FIN without an alert.
    Closed,
    /// RST.
    Reset,
    /// It chose another version than the one asked for.
    Version(Version),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert(description) => match alert_name(*description) {
                Some(name) => write!(f, "alert {name}"),
                None => write!(f, "alert {description}"),
            },
            Self::Closed => f.write_str("closed"),
            Self::Reset => f.write_str("reset"),
            Self::Version(version) => write!(f, "chose {version}"),
        }
    }
}

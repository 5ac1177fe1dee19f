//! What a receiving relay has to answer in TLS: to a hand-written hello, by an alert, with a ticket.

use super::VersionRange;
use crate::alert::{ALERTS, alert_name};
use crate::words::words;

/// What is expected of the answer to a hand-written ClientHello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerExpect {
    /// The relay ends the handshake: an alert or a close. Silence is none.
    Refused,
    /// A ServerHello or HelloRetryRequest.
    ServerHello(AnswerFactsExpect),
}

/// Facts of a ServerHello; `None` and empty: not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerFactsExpect {
    /// The version.
    pub version: Option<VersionRange>,
    /// Extensions that are there, and that are not.
    pub extensions: (Vec<String>, Vec<String>),
    /// Groups of which it has to name one, and that it must not name.
    pub groups: (Vec<String>, Vec<String>),
    /// Whether the null method has to be chosen.
    pub no_compression: bool,
    /// The ALPN protocol: a name, or `none`.
    pub alpn: Option<String>,
    /// Whether it is a HelloRetryRequest.
    pub retry: Option<bool>,
    /// Whether its random ends in the mark that the relay could have done better.
    pub downgrade_sentinel: Option<bool>,
    /// Whether a refusal keeps the claim as well.
    pub or_refused: bool,
}

/// What is expected of a ticket; `None` and `false`: not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TicketExpect {
    /// It lasts at most so many seconds.
    pub seconds_at_most: Option<u32>,
    /// It allows no early data.
    pub no_early_data: bool,
}

words! {
    /// How the end of a handshake is reported, where it is no certain alert.
    pub enum AlertWord {
        /// By any alert.
        Any = "any",
        /// Without an alert: the connection just ends.
        None = "none",
    }
}

/// How the end of a handshake is signalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// By this alert (RFC 8446 section 6).
    By(u8),
    /// By any alert.
    ByAny,
    /// Not at all: the connection just ends.
    NotAtAll,
}

impl Told {
    /// All, with the names of scenario files.
    pub(crate) fn names() -> Vec<(&'static str, Self)> {
        let alerts = ALERTS.iter().map(|(code, name)| (*name, Self::By(*code)));
        let others = AlertWord::ALL.map(|word| match word {
            AlertWord::Any => (word.name(), Self::ByAny),
            AlertWord::None => (word.name(), Self::NotAtAll),
        });
        others.into_iter().chain(alerts).collect()
    }

    /// The name in scenario files; a number where an alert has none there.
    pub fn name(self) -> String {
        match self {
            Self::By(code) => {
                alert_name(code).map_or_else(|| format!("alert {code}"), str::to_owned)
            }
            Self::ByAny => AlertWord::Any.name().into(),
            Self::NotAtAll => AlertWord::None.name().into(),
        }
    }

    /// Whether an ending with this alert, or with none, is signalled so.
    pub fn holds(self, alert: Option<u8>) -> bool {
        match self {
            Self::By(code) => alert == Some(code),
            Self::ByAny => alert.is_some(),
            Self::NotAtAll => alert.is_none(),
        }
    }
}

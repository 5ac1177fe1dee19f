//! Values in a `relay.toml` that TOML itself has no type for.

use std::collections::BTreeMap;
use std::time::Duration;

use regex_automata::PatternID;
use regex_automata::meta::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error};
use waxseal_model::case_ids;
use waxseal_model::scenario::Connector;
use waxseal_model::script::Direction;

/// A program and its arguments; `./` is the driver's folder. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "Vec<String>")]
pub struct Command(Vec<String>);

impl Command {
    /// `None` without a program.
    pub fn new(words: Vec<String>) -> Option<Self> {
        words.first().is_some_and(|program| !program.is_empty()).then_some(Self(words))
    }

    /// Program and arguments.
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(from)?)
            .ok_or_else(|| D::Error::custom("a command without a program"))
    }
}

/// A regular expression (the syntax of the crate `regex`), with at most one group.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(with = "String")]
pub struct Pattern(pub Regex, String);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.1 == other.1
    }
}

impl Eq for Pattern {}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let regex = Regex::new(&text).map_err(|error| {
            D::Error::custom(format!("`{text}` is no regular expression: {error}"))
        })?;
        // The whole match is a group of its own.
        if regex.group_info().group_len(PatternID::ZERO) > 2 {
            return Err(D::Error::custom(format!("`{text}` has more than one group")));
        }
        Ok(Self(regex, text))
    }
}

/// One thing that a driver needs. In files `root`, `sandbox`, or a program's name.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub enum Need {
    /// A program of this name on the search path.
    Program(String),
    /// All users, so that the relay can change to its own.
    Root,
    /// The private network.
    Sandbox,
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Program(name) => name,
            Self::Root => "root",
            Self::Sandbox => "sandbox",
        })
    }
}

impl<'de> Deserialize<'de> for Need {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match String::deserialize(from)?.as_str() {
            "root" => Self::Root,
            "sandbox" => Self::Sandbox,
            program if program.is_empty() || program.contains(char::is_whitespace) => {
                return Err(D::Error::custom("a need is `root`, `sandbox` or a program's name"));
            }
            program => Self::Program(program.to_owned()),
        })
    }
}

/// Sentences by patterns of case ids.
pub(super) fn advice<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let advice = BTreeMap::<String, String>::deserialize(from)?;
    match advice.keys().find(|pattern| case_ids::pattern(pattern).is_err()) {
        None => Ok(advice),
        Some(wrong) => Err(D::Error::custom(format!("`{wrong}` is no pattern of case ids"))),
    }
}

/// `4s` or `500ms`.
pub(super) fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let millis = text.strip_suffix("ms").and_then(|number| number.parse().ok());
    let seconds = || text.strip_suffix('s')?.parse().ok();
    let time = millis
        .map(Duration::from_millis)
        .or_else(|| seconds().map(Duration::from_secs))
        .ok_or_else(|| D::Error::custom("a time is written `4s` or `500ms`"))?;
    if time > LONGEST {
        let most = LONGEST.as_secs();
        return Err(D::Error::custom(format!("`{text}` is too long: a time is at most {most} s")));
    }
    Ok(time)
}

/// Silence that counts for less than this says nothing: a relay that sends a message again does so
/// after a second or two at the soonest.
const SHORTEST_SETTLE: Duration = Duration::from_secs(2);

pub(super) fn settle_time<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let time = duration(from)?;
    if time < SHORTEST_SETTLE {
        let least = SHORTEST_SETTLE.as_secs();
        return Err(D::Error::custom(format!(
            "{time:?} is too short: write `{least}s` or more, because a relay may still try again \
             before that"
        )));
    }
    Ok(time)
}

/// No case waits as long.
const LONGEST: Duration = Duration::from_secs(600);

/// As many cases at once as any relay is asked to bear.
const MOST_AT_ONCE: usize = 1000;

pub(super) fn concurrency<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    // Read with a sign, so that every number that TOML has gets the same sentence.
    let number = i64::deserialize(from)?;
    let fits = usize::try_from(number).ok().filter(|n| (1..=MOST_AT_ONCE).contains(n));
    fits.ok_or_else(|| {
        D::Error::custom(format!(
            "`concurrency` is {number}; write a number from 1 to {MOST_AT_ONCE}"
        ))
    })
}

/// Names as Debian writes them, at least one.
pub(super) fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    let good = |name: &String| {
        name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && name.chars().all(|c| {
                c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '-' | '.')
            })
    };
    if names.is_empty() {
        return Err(D::Error::custom("a list without a name"));
    }
    match names.iter().find(|name| !good(name)) {
        Some(name) => Err(D::Error::custom(format!("{name:?} is no name of Debian's"))),
        None => Ok(names),
    }
}
/// Words of the product's, in lower case, each with an outbound connector.
pub(super) fn outbound_words<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<String, Connector>, D::Error> {
    let words = BTreeMap::<String, Connector>::deserialize(from)?;
    for (word, connector) in &words {
        if !connector.exists(Direction::Outbound) {
            return Err(D::Error::custom(format!("`{connector}` is no outbound connector")));
        }
        if word.chars().any(|c| c.is_ascii_uppercase()) {
            return Err(D::Error::custom(format!("`{word}` has to be in lower case")));
        }
    }
    Ok(words)
}

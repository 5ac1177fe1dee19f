//! `[root]` of a `relay.toml`: what of the private root is the run's own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error};
use toml::Spanned;
use waxseal_model::diagnostic::line_of;

use crate::relay::error::RelayError;

/// What waxseal prepares in the private root before the start command. With the table, the root's
/// `/etc` is a copy of the run's own that knows the lab, `/tmp`, `/run`, `/dev` and `/var/log` are
/// its own and empty, and `/proc` is mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RootTable {
    /// Users of the product and their numbers, which are free to choose. Each has a group of its
    /// name and number.
    #[schemars(with = "Option<BTreeMap<String, u32>>")]
    pub users: Option<Spanned<Users>>,
    /// More directories of the run's own, in memory. Each is empty at first.
    #[serde(default)]
    #[schemars(with = "Vec<Own>")]
    pub own: Vec<Spanned<Own>>,
    /// Who owns the lab's keys in `/etc/waxseal`: `USER` or `USER:GROUP`, root if nothing is said.
    #[schemars(with = "Option<String>")]
    pub keys: Option<Spanned<Owner>>,
    /// Files that the product logs to. What it writes there goes to `relay.log`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub log: Vec<Spanned<Inside>>,
    /// Where the table stands, for messages.
    #[serde(skip)]
    pub(in crate::relay) source: Source,
}

/// Users by name, with their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Users(BTreeMap<String, u32>);

/// Directories of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Own {
    /// Where they are in the root, without a slash in front. Never empty.
    #[serde(deserialize_with = "some_paths")]
    pub paths: Vec<Inside>,
    /// `USER` or `USER:GROUP`, root if nothing is said.
    pub owner: Option<Owner>,
    /// In octal digits, `755` if nothing is said.
    #[serde(default)]
    pub mode: Mode,
}

/// A path in the private root, such as `var/spool/x`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(with = "String")]
pub struct Inside(String);

impl Inside {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is this directory of the root or stands below it.
    pub(in crate::relay) fn is_in(&self, directory: &str) -> bool {
        Path::new(&self.0).starts_with(directory)
    }
}

impl<'de> Deserialize<'de> for Inside {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let path = String::deserialize(from)?;
        // The preparing script reads words, one path each.
        let plain = |c: char| c.is_ascii_alphanumeric() || "._+@-".contains(c);
        let good = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(plain);
        if let Some(relative) = path.strip_prefix('/') {
            return Err(D::Error::custom(format!(
                "`{path}` begins with a slash; paths are those of the private root, write \
                 `{relative}`"
            )));
        }
        if !path.split('/').all(good) {
            return Err(D::Error::custom(format!(
                "`{path}` is no path in the private root; write one such as `var/spool/x`, of \
                 letters, digits and `._+@-`, without `.` and `..`"
            )));
        }
        Ok(Self(path))
    }
}

/// A user of the private root, and a group of it where that is another.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub struct Owner {
    /// By name.
    pub user: String,
    /// By name; `None`: the user's own.
    pub group: Option<String>,
}

impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text.as_str(), None),
        };
        if !is_user(user) || group.is_some_and(|group| !is_user(group)) {
            return Err(D::Error::custom(format!(
                "`{text}` is no owner; write `USER` or `USER:GROUP`, by name"
            )));
        }
        Ok(Self { user: user.to_owned(), group: group.map(str::to_owned) })
    }
}

/// A directory's mode, as chmod(1) takes it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub struct Mode(String);

impl Mode {
    /// Three or four octal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Mode {
    fn default() -> Self {
        Self("755".into())
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let octal = text.chars().all(|c| c.is_digit(8));
        if !octal || !(3..=4).contains(&text.len()) {
            return Err(D::Error::custom(format!(
                "`{text}` is no mode; write three or four octal digits, such as \"750\""
            )));
        }
        Ok(Self(text))
    }
}

/// The file that a table stands in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::relay) struct Source {
    pub(in crate::relay) path: PathBuf,
    text: String,
}

impl Source {
    /// A mistake at this offset of the file.
    pub(in crate::relay) fn mistake(&self, offset: usize, mistake: String) -> RelayError {
        RelayError::Mistake { path: self.path.clone(), line: self.line(offset), mistake }
    }

    /// The line of this offset, from 1.
    pub(in crate::relay) fn line(&self, offset: usize) -> usize {
        line_of(&self.text, offset)
    }
}

/// Prepared in every root: directories of the run's own that a table need not name.
pub(in crate::relay) const ALWAYS_OWN: [&str; 4] = ["etc", "tmp", "run", "var/log"];

/// Prepared in every root as it has to be.
const AS_IS: [&str; 2] = ["dev", "proc"];

impl RootTable {
    /// Its users with their numbers, and where they stand in the file.
    pub(in crate::relay) fn users(&self) -> impl Iterator<Item = (usize, &str, u32)> {
        self.users.iter().flat_map(|users| {
            let at = users.span().start;
            users.get_ref().0.iter().map(move |(name, number)| (at, name.as_str(), *number))
        })
    }

    /// Remembers the file it stands in, and looks for what no value shows by itself.
    ///
    /// # Errors
    /// [`RelayError::Mistake`]: a directory that is named twice or that cannot be the run's own, a
    /// log outside all of these.
    pub(super) fn checked(mut self, path: &Path, text: &str) -> Result<Self, RelayError> {
        self.source = Source { path: path.to_owned(), text: text.to_owned() };
        let mut seen = BTreeSet::new();
        for own in &self.own {
            let mistake = |words: String| Err(self.source.mistake(own.span().start, words));
            for path in &own.get_ref().paths {
                let name = path.as_str();
                if AS_IS.iter().any(|directory| path.is_in(directory)) {
                    return mistake(format!(
                        "`{name}` is prepared by waxseal: /dev has null, zero, random and urandom, \
                         /proc the run's processes; leave it out"
                    ));
                }
                if !seen.insert(path) {
                    return mistake(format!("`{name}` is named twice; leave one out"));
                }
            }
        }
        for log in &self.log {
            let name = log.get_ref().as_str();
            let below = |directory: &str| name != directory && log.get_ref().is_in(directory);
            let mut own = self.own.iter().flat_map(|own| &own.get_ref().paths);
            if !ALWAYS_OWN.into_iter().any(below) && !own.any(|own| below(own.as_str())) {
                return Err(self.source.mistake(
                    log.span().start,
                    format!(
                        "the log `{name}` is in no directory of the run's own; put it below \
                         `var/log`, or name its directory in `own`"
                    ),
                ));
            }
        }
        Ok(self)
    }
}

/// As useradd(8) takes them.
fn is_user(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(plain)
}

impl<'de> Deserialize<'de> for Users {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let users = BTreeMap::<String, u32>::deserialize(from)?;
        if let Some(wrong) = users.keys().find(|name| !is_user(name)) {
            return Err(D::Error::custom(format!("`{wrong}` is no name of a user")));
        }
        let mut numbers = BTreeSet::new();
        match users.iter().find(|(_, number)| **number == 0 || !numbers.insert(**number)) {
            None => Ok(Self(users)),
            Some((name, 0)) => Err(D::Error::custom(format!(
                "`{name}` is 0, which is root; give it another number"
            ))),
            Some((name, number)) => Err(D::Error::custom(format!(
                "`{name}` is {number}, which another user is too; give it a number of its own"
            ))),
        }
    }
}

fn some_paths<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Inside>, D::Error> {
    let paths = Vec::deserialize(from)?;
    if paths.is_empty() {
        return Err(D::Error::custom("`paths` is empty; name a directory such as `var/spool/x`"));
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::super::Contract;
    use super::*;

    const GOOD: &str = r#"
name = "example"
directions = []
connectors = []
[process]
command = ["./start.sh"]
[install]
command = ["./install.sh"]
[root]
users = { example = 9301, exdrop = 9302 }
own = [
    { paths = ["var/spool/example", "var/spool/example/in"], owner = "example:exdrop", mode = "1730" },
    { paths = ["var/lib/example"] },
]
keys = "example"
log = ["var/log/mail.log"]
"#;

    #[test]
    fn a_good_table_is_read_and_needs_root_and_the_sandbox() {
        let contract = Contract::parse(Path::new("relay.toml"), GOOD).unwrap();
        let needs: Vec<_> = contract.needs.iter().map(ToString::to_string).collect();
        assert_eq!(needs, ["root", "sandbox"]);
        let root = contract.root.unwrap();
        let own = root.own[0].get_ref();
        assert_eq!(own.paths[1].as_str(), "var/spool/example/in");
        let owner = own.owner.as_ref().unwrap();
        assert_eq!((&*owner.user, owner.group.as_deref()), ("example", Some("exdrop")));
        assert_eq!(own.mode.as_str(), "1730");
        assert_eq!(root.own[1].get_ref().mode.as_str(), "755");
        assert_eq!(root.source.line(root.log[0].span().start), 16);
    }

    #[test]
    fn mistakes_are_told_with_file_and_line_and_what_to_do() {
        for (from, to, line, words) in [
            ("\"var/lib/example\"", "\"/var/lib/example\"", 13, "write `var/lib/example`"),
            ("\"var/lib/example\"", "\"var/../etc\"", 13, "is no path in the private root"),
            ("\"var/lib/example\"", "\"var/a b\"", 13, "is no path in the private root"),
            ("\"var/lib/example\"", "", 13, "`paths` is empty; name a directory"),
            ("\"var/lib/example\"", "\"dev/shm\"", 13, "is prepared by waxseal"),
            ("\"var/lib/example\"", "\"var/spool/example\"", 13, "named twice; leave one out"),
            ("\"1730\"", "\"rwx\"", 12, "write three or four octal digits"),
            ("\"example:exdrop\"", "\"9301:exdrop\"", 12, "write `USER` or `USER:GROUP`"),
            ("9302", "9301", 10, "give it a number of its own"),
            ("9302", "0", 10, "which is root"),
            ("exdrop =", "\"ex drop\" =", 10, "is no name of a user"),
            ("\"var/log/mail.log\"", "\"var/mail.log\"", 16, "put it below `var/log`"),
            ("keys", "key", 15, "unknown field `key`"),
            ("[install]\ncommand = [\"./install.sh\"]\n", "", 7, "`[root]` needs `[install]`"),
        ] {
            let text = GOOD.replace(from, to);
            assert_ne!(text, GOOD, "{from}");
            let error = Contract::parse(Path::new("relay.toml"), &text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("use relay.toml:{line}: ")), "{error}");
            assert!(error.contains(words), "no `{words}` in {error}");
        }
    }
}

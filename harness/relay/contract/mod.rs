//! What a driver's `relay.toml` says.

pub mod root;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use waxseal_model::case_ids;
use waxseal_model::diagnostic::line_of;
use waxseal_model::scenario::Connector;
use waxseal_model::script::Direction;

use root::RootTable;
pub use values::{Command, Need, Pattern};
use values::{advice, concurrency, duration, names, outbound_words, settle_time};

use super::connectors::Connectors;
use super::error::RelayError;
use super::labfile::text_of;
use crate::peer::Account;

/// A driver's `relay.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Contract {
    /// The product, as reports call it.
    pub name: String,
    /// One sentence for lists.
    pub about: Option<String>,
    /// Which ways mail can go through it. Cases of the other are skipped.
    pub directions: BTreeSet<Direction>,
    /// Why mail does not go through it the other way, one sentence.
    #[serde(default)]
    pub absent: BTreeMap<Direction, String>,
    /// Which TLS demands it can be configured for. Cases of the others are skipped.
    pub connectors: Connectors,
    /// Whether a single address can be put under another demand than the rest of its domain.
    #[serde(default)]
    pub address_rules: bool,
    /// Whether its demands go by the name of the next hop, so that two domains that share one share
    /// the demand too.
    #[serde(default)]
    pub rules_by_host: bool,
    /// What has to be there before it can start.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// How many cases it can bear at once, from 1 to 1000.
    #[serde(default = "one_at_a_time", deserialize_with = "concurrency")]
    pub concurrency: usize,
    /// How it runs.
    pub process: Call,
    /// What says that it is ready, beside its listeners.
    #[serde(default)]
    pub ready: Ready,
    /// Prints the product's version, where it is not installed by its driver.
    pub version: Option<Call>,
    /// How it finds the host that a message goes to.
    #[serde(default)]
    pub next_hop: NextHop,
    /// When its silence counts.
    #[serde(default)]
    pub settle: Settle,
    /// What it does later than a case waits, each with its own times in one sentence. Cases that
    /// wait for it are skipped.
    #[serde(default)]
    pub too_late: BTreeMap<Late, String>,
    /// What its administrator can do about a failure, a sentence for each pattern of case ids.
    #[serde(default, deserialize_with = "advice")]
    pub advice: BTreeMap<String, String>,
    /// What the product calls connectors of mail that goes out, in lower case: `encrypt =
    /// "encryption-only"`.
    #[serde(default, deserialize_with = "outbound_words")]
    pub words: BTreeMap<String, Connector>,
    /// Puts the user's own configuration in the place of the driver's, before the start.
    pub config: Option<Call>,
    /// What the log says of one message.
    pub log: Option<LogTable>,
    /// Removes one message from the queue; its id is the last argument.
    pub discard: Option<Call>,
    /// Prints the queue, as JSON lines.
    pub queue: Option<Call>,
    /// Takes a message on its standard input, instead of SMTP at the opportunistic listener.
    pub submit: Option<Command>,
    /// As whom our senders log in, for relays that take mail from their users only.
    pub account: Option<Account>,
    /// How the product is put into a private root; without it, what the system has is run.
    pub install: Option<Install>,
    /// What waxseal prepares in that root before the start command. It takes root and the sandbox.
    pub root: Option<RootTable>,
}

/// A table that holds a command.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// What is run, in the driver's folder.
    pub command: Command,
}

/// How the words on one message are found in the relay's log: by the id that it has in the queue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogTable {
    /// Finds the id in the reply to the end of the data, or in what `submit` prints: one group.
    pub queued: Pattern,
    /// What a line about a failed attempt with this message fits: the group, or all that fits, is the
    /// reason. Without it every line with the id counts.
    pub failed: Option<Pattern>,
}

/// What says that a relay is ready. Without anything it is when it listens everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// Run again and again until it succeeds.
    pub command: Option<Command>,
    /// A file that the relay or its start command makes in the run's directory.
    pub file: Option<String>,
}

/// How a relay finds the host that a message goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NextHop {
    /// By the MX records of the recipient's domain.
    #[default]
    Mx,
    /// It is told with each message, as a smart host.
    SmartHost,
}

/// When silence is taken for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settle {
    /// This long without a new attempt after a failed one counts as deferred.
    #[serde(deserialize_with = "settle_time")]
    #[schemars(with = "String")]
    pub deferred: Duration,
    /// How long it remembers of a domain or a host what it met there, such as MX records and failures:
    /// of the user's own, the next case waits so long.
    #[serde(default, deserialize_with = "duration")]
    #[schemars(with = "String")]
    pub remembers: Duration,
}

/// How the product comes into a private root: packages of Debian, a command, or both in this order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Install {
    /// Unpacked first, never configured.
    pub debian: Option<Debian>,
    /// Run with the private root as its last argument, to finish what was unpacked or to fetch
    /// what Debian does not have. Without `debian` it writes the product's version into `VERSION`
    /// there; with it, it may.
    pub command: Option<Command>,
}

/// Packages of Debian.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Debian {
    /// The releases that have the product, the usual one first. Never empty.
    #[serde(deserialize_with = "names")]
    #[schemars(with = "Vec<String>")]
    pub suites: Vec<String>,
    /// The product's own package first, its version is the product's. What they depend on comes
    /// with them, what they recommend does not. Never empty.
    #[serde(deserialize_with = "names")]
    #[schemars(with = "Vec<String>")]
    pub packages: Vec<String>,
}

impl Install {
    /// The releases that the product can be taken from, the usual one first.
    pub fn suites(&self) -> &[String] {
        self.debian.as_ref().map_or(&[], |debian| &debian.suites)
    }
}

/// What a relay does by itself, after a time that its administrator may be unable to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Late {
    /// It gives a message back that it could not deliver for long.
    GiveUp,
    /// It tries a message again that a next hop would not take yet.
    Retry,
    /// It leaves a next hop that says nothing more.
    TimeOut,
}

impl Contract {
    /// Reads the text of a `relay.toml`; `path` is for messages.
    ///
    /// # Errors
    /// [`RelayError::Mistake`], with the line.
    pub fn parse(path: &Path, text: &str) -> Result<Self, RelayError> {
        let mistake = |line, mistake| RelayError::Mistake { path: path.to_owned(), line, mistake };
        let mut contract: Self = toml::from_str(text).map_err(|error| {
            let line = line_of(text, error.span().map_or(0, |span| span.start));
            mistake(line, error.message().to_owned())
        })?;
        if contract.next_hop == NextHop::SmartHost && contract.submit.is_none() {
            let line = line_of(text, text.find("next-hop").unwrap_or(0));
            let why = "`next-hop = \"smart-host\"` needs `submit`: that command tells the relay its \
                       next hop";
            return Err(mistake(line, why.into()));
        }
        if let Some(root) = contract.root.take() {
            if contract.install.is_none() {
                let line = line_of(text, text.find("[root]").unwrap_or(0));
                let why = "`[root]` needs `[install]`: it prepares the private root that a product is \
                           installed in";
                return Err(mistake(line, why.into()));
            }
            contract.root = Some(root.checked(path, text)?);
            for need in [Need::Sandbox, Need::Root] {
                if !contract.needs.contains(&need) {
                    contract.needs.insert(0, need);
                }
            }
        }
        Ok(contract)
    }

    /// What can be done where this case fails. What stands behind `@` in an id is the user's domain.
    pub fn advice(&self, id: &str) -> Option<&str> {
        let id = id.split('@').next().unwrap_or(id);
        let fits =
            |pattern: &str| case_ids::pattern(pattern).is_ok_and(|pattern| pattern.is_match(id));
        self.advice.iter().find(|(pattern, _)| fits(pattern)).map(|(_, text)| text.as_str())
    }

    /// What a driver without a folder declares: `waxseal run --command 'python3 relay.py'`.
    /// It declares everything, so that what it cannot do fails.
    pub fn of_command(command: &str) -> Option<Self> {
        let command = Command::new(vec!["sh".into(), "-c".into(), format!("exec {command}")]);
        Some(Self {
            name: "command".into(),
            about: None,
            directions: [Direction::Inbound, Direction::Outbound].into(),
            absent: BTreeMap::new(),
            connectors: Connectors::all(),
            address_rules: true,
            rules_by_host: false,
            needs: Vec::new(),
            concurrency: 16,
            process: Call { command: command? },
            ready: Ready::default(),
            version: None,
            next_hop: NextHop::Mx,
            settle: Settle::default(),
            too_late: BTreeMap::new(),
            advice: BTreeMap::new(),
            words: BTreeMap::new(),
            config: None,
            log: None,
            discard: None,
            queue: None,
            submit: None,
            account: None,
            install: None,
            root: None,
        })
    }
}

/// The JSON Schema (draft 2020-12) of `relay.toml`.
pub fn schema() -> String {
    text_of(&schemars::schema_for!(Contract))
}

impl Default for Settle {
    fn default() -> Self {
        Self { deferred: Duration::from_secs(4), remembers: Duration::ZERO }
    }
}

fn one_at_a_time() -> usize {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
name = "example"
directions = ["inbound"]
connectors = ["opportunistic", "mutual"]
needs = ["root", "python3"]
[process]
command = ["./start.sh"]
[settle]
deferred = "2500ms"
[too-late]
give-up = "After four days."
[absent]
outbound = "It has one next hop."
[install]
debian = { suites = ["trixie", "bookworm"], packages = ["example"] }
command = ["./install.sh"]
"#;

    #[test]
    fn a_good_one_is_read() {
        let contract = Contract::parse(Path::new("relay.toml"), GOOD).unwrap();
        assert_eq!(contract.needs, [Need::Root, Need::Program("python3".into())]);
        assert_eq!(contract.settle.deferred, Duration::from_millis(2500));
        assert_eq!(contract.process.command.words(), ["./start.sh"]);
        assert_eq!(contract.concurrency, 1);
        assert_eq!(contract.absent[&Direction::Outbound], "It has one next hop.");
        assert_eq!(contract.too_late[&Late::GiveUp], "After four days.");
        assert_eq!(contract.install.unwrap().suites(), ["trixie", "bookworm"]);
    }

    #[test]
    fn what_says_that_it_is_ready_its_version_and_its_next_hop_are_read() {
        let more = "submit = ['./submit.sh']\nnext-hop = 'smart-host'\n";
        let tables = "[ready]\nfile = 'ready'\n[version]\ncommand = ['x', '--version']\n";
        let contract =
            Contract::parse(Path::new("relay.toml"), &format!("{more}{GOOD}{tables}")).unwrap();
        assert_eq!(contract.ready.file.as_deref(), Some("ready"));
        assert_eq!(contract.version.unwrap().command.words(), ["x", "--version"]);
        assert_eq!(contract.next_hop, NextHop::SmartHost);
        let alone = format!("\nnext-hop = 'smart-host'\n{GOOD}");
        let error = Contract::parse(Path::new("relay.toml"), &alone).unwrap_err().to_string();
        assert!(error.starts_with("use relay.toml:2: `next-hop"), "{error}");
    }

    #[test]
    fn advice_goes_by_the_case_whatever_the_domain() {
        let text = format!("{GOOD}[advice]\n\"outbound/x#*,a={{1,2}}\" = 'Set y.'\n");
        let contract = Contract::parse(Path::new("relay.toml"), &text).unwrap();
        for id in ["outbound/x#mutual,a=1", "outbound/x#mutual,a=2@.partner.example"] {
            assert_eq!(contract.advice(id), Some("Set y."), "{id}");
        }
        assert_eq!(contract.advice("outbound/x#mutual,a=3"), None);
        let wrong = format!("{GOOD}[advice]\n\"outbound/[x\" = 'Set y.'\n");
        assert!(Contract::parse(Path::new("relay.toml"), &wrong).is_err());
    }

    #[test]
    fn words_of_the_product_stand_for_connectors_of_mail_that_goes_out() {
        let with = |line: &str| {
            Contract::parse(Path::new("relay.toml"), &format!("{GOOD}[words]\n{line}\n"))
        };
        let words = with("encrypt = 'encryption-only'").unwrap().words;
        assert_eq!(words["encrypt"], Connector::EncryptionOnly);
        for wrong in ["encrypt = 'encrypted'", "smtps = 'implicit'", "Encrypt = 'dane'"] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn mistakes_are_told_with_file_and_line() {
        for (from, to, line) in [
            ("deferred", "differed", 9),
            ("\"2500ms\"", "\"5 years\"", 9),
            ("\"2500ms\"", "\"500ms\"", 9),
            ("\"2500ms\"", "\"18446744073709551615s\"", 9),
            ("directions", "concurrency = 0\ndirections", 3),
            ("directions", "concurrency = 9223372036854775807\ndirections", 3),
            ("[\"./start.sh\"]", "[]", 7),
            ("mutual", "mutal", 4),
            ("give-up", "giveup", 11),
            ("outbound", "outbuond", 13),
            ("[\"example\"]", "[]", 15),
            ("\"example\"", "\"-o=x\"", 15),
            ("[settle]", "[log]\nqueued = '('\n[settle]", 9),
            ("[settle]", "[log]\nqueued = '(a)(b)'\n[settle]", 9),
            ("packages", "package", 15),
        ] {
            let text = GOOD.replace(from, to);
            let error = Contract::parse(Path::new("relay.toml"), &text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("use relay.toml:{line}: ")), "{error}");
        }
    }
}

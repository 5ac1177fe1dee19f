//! The command line.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use waxseal_model::facts::Engine;
use waxseal_model::script::Direction;

use super::certs::arguments::Certs;
use crate::report::{FORMATS, Format};
use crate::run::{Inbound, Route, Rule, Sender, Wish};

/// Shows, with evidence, whether a mail relay keeps its TLS promises.
#[derive(Debug, Parser)]
#[command(name = "waxseal", version)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the test cases against a relay and judge them.
    Run(Box<RunArguments>),
    /// Run the test cases against several relays and compare the results.
    Matrix(MatrixArguments),
    /// Scan live hosts for the TLS versions, suites and certificates they support.
    Scan(ScanArguments),
    /// Check the certificates of a host before a partner does, or make deliberately bad ones for tests.
    Certs {
        #[command(subcommand)]
        what: Certs,
    },
    /// List scenarios and cases, requirements with their coverage, or the words of scenarios.
    List {
        /// Show the catalogue of requirements and what covers each.
        #[arg(long)]
        requirements: bool,
        /// Show every word that a scenario may use, each with what it means.
        #[arg(long, conflicts_with_all = ["requirements", "scenarios"])]
        words: bool,
        /// Also list what your own folder of scenarios adds, see `waxseal run --help`.
        #[arg(long, value_name = "DIR")]
        scenarios: Option<PathBuf>,
    },
    /// Explain one case: claim, requirements, dialogue, expectation.
    Explain {
        /// The id of a case or a scenario.
        id: String,
        /// Also show what happened in a run, from the results.json that `run --out` wrote.
        #[arg(long, value_name = "FILE")]
        results: Option<PathBuf>,
        /// Also look into your own folder of scenarios, see `waxseal run --help`.
        #[arg(long, value_name = "DIR")]
        scenarios: Option<PathBuf>,
    },
    /// List the drivers, install a product, or say what is missing to run it.
    Relays {
        #[command(subcommand)]
        what: Option<Relays>,
    },
    /// Print the JSON Schema of `--format json` and results.json.
    Schema {
        /// Print the schema of one line of `waxseal scan --format json` instead.
        #[arg(long, conflicts_with_all = ["lab", "relay"])]
        scan: bool,
        /// Print the schema of one line of `waxseal certs check --format json` instead.
        #[arg(long, conflicts_with_all = ["scan", "lab", "relay", "scenario"])]
        certs: bool,
        /// Print the schema of lab.json, the file that describes the lab to a relay, instead.
        #[arg(long, conflicts_with = "relay")]
        lab: bool,
        /// Print the schema of a driver's relay.toml instead.
        #[arg(long)]
        relay: bool,
        /// Print the schema of scenario files of this direction instead: editors complete and check by it.
        #[arg(long, value_name = "DIRECTION", value_parser = direction, conflicts_with_all = ["scan", "lab", "relay"])]
        scenario: Option<Direction>,
    },
    /// Check scenario files, and the requirements, profiles, offers and certificates beside them.
    Check {
        /// A folder with the layout of scenarios/, or files and folders in one.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Relays {
    /// Put a product into a private root below the user's data directory.
    Install {
        /// A driver's name or folder; `@SUITE` picks another release of the distribution.
        relay: String,
    },
    /// Start a relay, send one message through each of its connectors, and say what is wrong.
    Doctor {
        /// A driver's name or folder.
        relay: String,
        /// Do not enter a private network; see `waxseal run --help`.
        #[arg(long)]
        no_sandbox: bool,
        /// Keep the relay's files and its log, and print their location.
        #[arg(long)]
        keep: bool,
        /// Show the dialogue of each message, also of those that went through, and the relay's log.
        #[arg(short, long)]
        verbose: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// A driver's name (`postfix`, `postfix@bookworm`) or folder, or `reference`, the embedded relay.
    #[arg(default_value = "reference")]
    pub(super) relay: String,
    /// A relay without a driver: the command that starts it, see relays/README.md.
    #[arg(long, value_name = "CMD", conflicts_with = "relay")]
    pub(super) command: Option<String>,
    /// Test your own configuration instead of the driver's. It is copied, never changed.
    #[arg(long, value_name = "PATH", conflicts_with = "command")]
    pub(super) config: Option<PathBuf>,
    /// With --config: the TLS policy expected for a domain, such as
    /// partner.example=domain-validation; .partner.example stands for all domains below it. The
    /// product's own words are known too, such as partner.example=encrypt.
    #[arg(long = "connector", value_name = "DOMAIN=CONNECTOR", requires = "config")]
    pub(super) connectors: Vec<Wish>,
    /// With --config: a TOML file with such policies and next hops, kept beside the configuration:
    /// [connectors] "partner.example" = "encryption-only" and [mx] "partner.example" = "gw.example".
    #[arg(long = "connectors", value_name = "FILE", requires = "config")]
    pub(super) connectors_file: Option<PathBuf>,
    /// With --config: the next hop of a domain where the configuration names it and the MX records
    /// do not matter (a relayhost), or the name that its MX must have. The lab plays this host, which
    /// may be an address in brackets; at port 465 with TLS from the first octet.
    #[arg(long = "mx", value_name = "DOMAIN=HOST[:PORT]", requires = "config")]
    pub(super) routes: Vec<Route>,
    /// With --config: the envelope sender of the messages that go out, where routes or policies depend
    /// on it. The cases are then played one at a time.
    #[arg(long, value_name = "ADDRESS", requires = "config")]
    pub(super) sender: Option<Sender>,
    /// With --config: a variable that the configuration expects in the relay's environment.
    #[arg(long, value_name = "NAME=VALUE", requires = "config", value_parser = variable)]
    pub(super) env: Vec<String>,
    /// With --config: the TLS policy expected of a listener, such as implicit; with its port, such as
    /// 587=encryption-only, of that one. Without it `opportunistic`, and in an overview all listeners
    /// by their own settings.
    #[arg(long, value_name = "[PORT=]CONNECTOR", requires = "config")]
    pub(super) inbound: Vec<Inbound>,
    /// With --config: override a configuration parameter for the test.
    #[arg(long, value_name = "PARAMETER=VALUE", requires = "config", value_parser = setting)]
    pub(super) config_set: Vec<String>,
    /// Also run your own scenarios from this folder. Its layout is that of scenarios/, see
    /// scenarios/README.md.
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
    /// Run only the cases whose id matches (`*` stands for anything). Each pattern must match a case.
    #[arg(long = "case", value_name = "GLOB")]
    pub(super) cases: Vec<String>,
    /// The profile that sets the level (must, should, info) of each requirement: a built-in name, or
    /// a file (with a `/` or ending in .toml).
    #[arg(long, value_name = "NAME|FILE", default_value = "exchange-online")]
    pub(super) profile: String,
    /// File of accepted failures. Any other failure of a must breaks the gate, and so does an entry
    /// that no longer applies.
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Number of cases run in parallel.
    #[arg(long, value_name = "N", value_parser = some)]
    pub(super) jobs: Option<usize>,
    /// With --config: instances of the relay that play the cases of one domain side by side [default:
    /// by cores and memory].
    #[arg(long, value_name = "N", requires = "config", value_parser = some)]
    pub(super) instances: Option<usize>,
    /// The rules of a further instance, in the place of all that says them otherwise.
    #[arg(long, hide = true)]
    pub(super) settled: Vec<Rule>,
    /// Where a further instance is handed its messages.
    #[arg(long, hide = true)]
    pub(super) settled_inbound: Option<Inbound>,
    /// Be a further instance: a run with --config starts them with this option.
    #[arg(long, hide = true)]
    pub(super) instance: bool,
    /// Run only part I of N.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub(super) shard: Option<(usize, usize)>,
    /// Use one TLS engine for all our peers. Cases it cannot run are skipped.
    #[arg(long, value_name = "ENGINE", value_parser = engine)]
    pub(super) engine: Option<Engine>,
    #[arg(long, value_name = "DIR", help = out_help(|format| format.run_file, &[]))]
    pub(super) out: Option<PathBuf>,
    /// Format of standard output.
    #[arg(long, value_parser = format(|_| true), default_value = FORMATS[0].name)]
    pub(super) format: &'static Format,
    /// Do not enter a private network: use high ports on the loopback addresses. What the relay
    /// sends may leave this machine then.
    #[arg(long)]
    pub(super) no_sandbox: bool,
    /// End the run when standard input ends: `matrix` starts its runs with this option.
    #[arg(long, hide = true)]
    pub(super) until_stdin_ends: bool,
    /// Keep the relay's files and its log, and print their location.
    #[arg(long)]
    pub(super) keep: bool,
    /// Print one line per case, or the transcript if only one case is selected.
    #[arg(short, long)]
    pub(super) verbose: bool,
}

#[derive(Debug, Args)]
pub(super) struct MatrixArguments {
    /// Drivers' names or folders [default: the embedded relay and all that are installed].
    pub(super) relays: Vec<String>,
    /// Also run your own scenarios from this folder, see `waxseal run --help`.
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
    /// Run only the cases whose id matches (`*` stands for anything).
    #[arg(long = "case", value_name = "GLOB")]
    pub(super) cases: Vec<String>,
    /// The profile that sets the level (must, should, info) of each requirement: a built-in name, or
    /// a file (with a `/` or ending in .toml).
    #[arg(long, value_name = "NAME|FILE", default_value = "exchange-online")]
    pub(super) profile: String,
    /// Number of relays run in parallel.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = some)]
    pub(super) at_once: usize,
    /// Number of cases run in parallel on each relay.
    #[arg(long, value_name = "N", value_parser = some)]
    pub(super) jobs: Option<usize>,
    #[arg(
        long,
        value_name = "DIR",
        help = out_help(|format| format.matrix_file, &["every relay's record"])
    )]
    pub(super) out: Option<PathBuf>,
    /// Format of standard output.
    #[arg(long, value_parser = format(|_| true), default_value = FORMATS[0].name)]
    pub(super) format: &'static Format,
}

#[derive(Debug, Args)]
pub(super) struct ScanArguments {
    /// Hosts: a name or an address, with `:PORT` if it is not the usual one.
    #[arg(value_name = "HOST[:PORT]")]
    pub(super) targets: Vec<String>,
    /// File of hosts, one per line; blank lines and lines starting with # are ignored.
    #[arg(long = "targets", value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Start with TLS (implicit TLS, as on port 465).
    #[arg(long, conflicts_with = "submission")]
    pub(super) implicit: bool,
    /// Use port 587 where none is given.
    #[arg(long)]
    pub(super) submission: bool,
    /// Parts of the scan, separated by commas or given more than once.
    #[arg(long, value_enum, value_name = "PART", value_delimiter = ',')]
    pub(super) only: Vec<Part>,
    /// PEM file of roots to trust in addition to those of this machine; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub(super) roots: Vec<PathBuf>,
    /// File of pins that every host must match, or the name of a built-in one.
    #[arg(long, value_name = "FILE")]
    pub(super) expect: Option<String>,
    /// Write what the host shows into this file of pins, with a paragraph that can be mailed to
    /// partners. One host only.
    #[arg(long, value_name = "FILE")]
    pub(super) write_pins: Option<PathBuf>,
    /// The profile that sets the level (must, should, info) of each requirement: a built-in name, or
    /// a file (with a `/` or ending in .toml).
    #[arg(long, value_name = "NAME|FILE", default_value = "exchange-online")]
    pub(super) profile: String,
    /// Number of hosts scanned in parallel.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = some)]
    pub(super) jobs: usize,
    /// Maximum number of parallel connections per host.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = some)]
    pub(super) connections: usize,
    /// Time limit per host in seconds. Questions without an answer by then are reported as unknown.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) time: u64,
    /// Format of standard output; JSON is one object per line.
    #[arg(
        long,
        value_parser = format(|format| format.scan.is_some()),
        default_value = FORMATS[0].name
    )]
    pub(super) format: &'static Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    /// Versions and suites only.
    Suites,
    /// Versions, suites, groups, signature schemes and vulnerabilities.
    Tls,
    /// The certificates for each key and name.
    Certificates,
    /// How the host handles STARTTLS: scenarios that need no mail.
    Starttls,
}

impl From<Part> for crate::scan::Part {
    fn from(part: Part) -> Self {
        match part {
            Part::Suites => Self::Suites,
            Part::Tls => Self::Tls,
            Part::Certificates => Self::Certificates,
            Part::Starttls => Self::Starttls,
        }
    }
}

/// One of the formats that fit, by its name.
fn format(fits: fn(&Format) -> bool) -> impl TypedValueParser<Value = &'static Format> {
    let formats = move || FORMATS.iter().filter(move |format| fits(format));
    let names = formats().map(|format| PossibleValue::new(format.name).help(format.about));
    PossibleValuesParser::new(names).try_map(move |name| {
        let found = formats().find(|format| format.name == name);
        found.ok_or_else(|| format!("there is no format `{name}`"))
    })
}

/// The help of `--out`: the files that formats have, and what else is written.
fn out_help(file: fn(&Format) -> Option<&'static str>, more: &[&str]) -> String {
    let files: Vec<_> = FORMATS.iter().filter_map(file).chain(more.iter().copied()).collect();
    format!("Also write {} into this folder", files.join(" and "))
}

fn engine(text: &str) -> Result<Engine, String> {
    Engine::from_name(text).ok_or_else(|| "the engines are `modern` and `legacy`".into())
}

fn direction(text: &str) -> Result<Direction, String> {
    Direction::from_name(text).ok_or_else(|| "the directions are `inbound` and `outbound`".into())
}

/// How many at once: as many as any machine bears.
fn some(text: &str) -> Result<usize, String> {
    const MOST: usize = 1000;
    let number = text.parse().ok().filter(|number| (1..=MOST).contains(number));
    number.ok_or_else(|| format!("write a number from 1 to {MOST}"))
}

fn setting(text: &str) -> Result<String, String> {
    let good = text.split_once('=').is_some_and(|(name, _)| !name.trim().is_empty());
    (good && !text.contains('\n'))
        .then(|| text.to_owned())
        .ok_or_else(|| "write PARAMETER=VALUE, in one line".into())
}

fn variable(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let good = text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name.chars().all(plain)
            && !name.starts_with(|c: char| c.is_ascii_digit())
    });
    (good && !text.contains(['\n', '\0']))
        .then(|| text.to_owned())
        .ok_or_else(|| "write NAME=VALUE, in one line".into())
}

fn shard(text: &str) -> Result<(usize, usize), String> {
    text.split_once('/')
        .and_then(|(part, parts)| Some((part.parse().ok()?, parts.parse().ok()?)))
        .filter(|(part, parts)| *part >= 1 && part <= parts)
        .ok_or_else(|| "write I/N with I from 1 to N, for example 1/3".into())
}

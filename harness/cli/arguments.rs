//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use waxseal_model::facts::Engine;
use waxseal_model::scenario::Connector;
use waxseal_model::script::Direction;

use crate::run::{Route, Rule, connector_of};

/// Shows, with evidence, whether a mail relay keeps its TLS promises.
#[derive(Debug, Parser)]
#[command(name = "waxseal", version)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Play cases against a relay and judge them.
    Run(RunArguments),
    /// Play cases against several relays and show them beside each other.
    Matrix(MatrixArguments),
    /// Ask live hosts what TLS they speak.
    Scan(ScanArguments),
    /// List scenarios and cases, requirements with their coverage, or the words of scenarios.
    List {
        /// Show the catalogue of requirements and what covers each.
        #[arg(long)]
        requirements: bool,
        /// Show every word that a scenario may use, each with what it means.
        #[arg(long, conflicts_with_all = ["requirements", "scenarios"])]
        words: bool,
        /// List also what a folder of your own adds, see `waxseal run --help`.
        #[arg(long, value_name = "DIR")]
        scenarios: Option<PathBuf>,
    },
    /// Explain one case: claim, requirements, dialogue, expectation.
    Explain {
        /// The id of a case or a scenario.
        id: String,
        /// Show also what was played, from the results.json that `run --out` wrote.
        #[arg(long, value_name = "FILE")]
        results: Option<PathBuf>,
        /// Look also into a folder of your own, see `waxseal run --help`.
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
        /// That of one line of `waxseal scan --format json`.
        #[arg(long, conflicts_with_all = ["lab", "relay"])]
        scan: bool,
        /// That of lab.json, which a relay is told everything by.
        #[arg(long, conflicts_with = "relay")]
        lab: bool,
        /// That of a driver's relay.toml.
        #[arg(long)]
        relay: bool,
        /// That of a scenario file below `inbound` or `outbound`: editors complete and check by it.
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
        /// Do without the private network; see `waxseal run --help`.
        #[arg(long)]
        no_sandbox: bool,
        /// Keep the relay's files and its log, and say where they are.
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
    /// Test this configuration of yours instead of the driver's own; it is copied, never changed.
    #[arg(long, value_name = "PATH", conflicts_with = "command")]
    pub(super) config: Option<PathBuf>,
    /// With --config: what mail to a domain is meant to get, such as
    /// partner.example=domain-validation; .partner.example stands for all domains below it.
    #[arg(long = "connector", value_name = "DOMAIN=CONNECTOR", requires = "config")]
    pub(super) connectors: Vec<Rule>,
    /// With --config: the host that the configuration sends a domain's mail to whatever its MX
    /// records say, such as a relayhost; or the name that its MX has to have. The lab plays it.
    #[arg(long = "mx", value_name = "DOMAIN=HOST[:PORT]", requires = "config")]
    pub(super) routes: Vec<Route>,
    /// With --config: what the listener is meant to demand, `opportunistic` if nothing is said.
    #[arg(long, value_name = "CONNECTOR", requires = "config", value_parser = inbound)]
    pub(super) inbound: Vec<Connector>,
    /// With --config: set a parameter otherwise for the test.
    #[arg(long, value_name = "PARAMETER=VALUE", requires = "config", value_parser = setting)]
    pub(super) config_set: Vec<String>,
    /// Play also the scenarios of this folder of yours: it has the layout of scenarios/, see
    /// scenarios/README.md.
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
    /// Play only cases whose id fits (`*` stands for anything); each pattern has to fit some.
    #[arg(long = "case", value_name = "GLOB")]
    pub(super) cases: Vec<String>,
    /// Whose levels decide what a must is: a name, or a file of yours (with a `/` or ending in .toml).
    #[arg(long, value_name = "NAME|FILE", default_value = "exchange-online")]
    pub(super) profile: String,
    /// Accepted failures of musts; any other, and an entry that is no longer so, breaks the gate.
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Cases at once.
    #[arg(long, value_name = "N", value_parser = some)]
    pub(super) jobs: Option<usize>,
    /// Play part I of N.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub(super) shard: Option<(usize, usize)>,
    /// Force the engine of our peers; what it cannot play is skipped.
    #[arg(long, value_name = "ENGINE", value_parser = engine)]
    pub(super) engine: Option<Engine>,
    /// Also write results.json and report.md into this folder.
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// What is written to standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
    /// Do not enter a private network: use high ports on the loopback addresses. What the relay
    /// sends may leave this machine then.
    #[arg(long)]
    pub(super) no_sandbox: bool,
    /// End the run when standard input ends: `matrix` starts its runs so, and they end with it.
    #[arg(long, hide = true)]
    pub(super) until_stdin_ends: bool,
    /// Keep the relay's files and its log, and say where they are.
    #[arg(long)]
    pub(super) keep: bool,
    /// One line a case; of a single case the transcript.
    #[arg(short, long)]
    pub(super) verbose: bool,
}

#[derive(Debug, Args)]
pub(super) struct MatrixArguments {
    /// Drivers' names or folders; without any the embedded relay and all that are installed.
    pub(super) relays: Vec<String>,
    /// Play also the scenarios of this folder of yours, see `waxseal run --help`.
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
    /// Play only cases whose id fits (`*` stands for anything).
    #[arg(long = "case", value_name = "GLOB")]
    pub(super) cases: Vec<String>,
    /// Whose levels decide what a must is: a name, or a file of yours (with a `/` or ending in .toml).
    #[arg(long, value_name = "NAME|FILE", default_value = "exchange-online")]
    pub(super) profile: String,
    /// Relays at once.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = some)]
    pub(super) at_once: usize,
    /// Cases at once on each relay.
    #[arg(long, value_name = "N", value_parser = some)]
    pub(super) jobs: Option<usize>,
    /// Also write matrix.md and every relay's record into this folder.
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// What is written to standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct ScanArguments {
    /// Hosts: a name or an address, and a port behind a colon if it is not the usual one.
    #[arg(value_name = "HOST[:PORT]")]
    pub(super) targets: Vec<String>,
    /// A file of targets, one a line; empty lines and lines that begin with # are passed over.
    #[arg(long = "targets", value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// TLS comes first, as on port 465.
    #[arg(long, conflicts_with = "submission")]
    pub(super) implicit: bool,
    /// The port is 587 where none is named.
    #[arg(long)]
    pub(super) submission: bool,
    /// Parts of a scan, with commas between or given more than once.
    #[arg(long, value_enum, value_name = "PART", value_delimiter = ',')]
    pub(super) only: Vec<Part>,
    /// A file of roots in PEM, trusted beside those of this machine; may be given more than once.
    #[arg(long, value_name = "FILE")]
    pub(super) roots: Vec<PathBuf>,
    /// A file of pins that every host has to fit, or the name of one that is built in.
    #[arg(long, value_name = "FILE")]
    pub(super) expect: Option<String>,
    /// Whose levels decide what a must is: a name, or a file of yours (with a `/` or ending in .toml).
    #[arg(long, value_name = "NAME|FILE", default_value = "exchange-online")]
    pub(super) profile: String,
    /// Hosts at once.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = some)]
    pub(super) jobs: usize,
    /// Connections to one host at once.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = some)]
    pub(super) connections: usize,
    /// Seconds for one host; what is not known then is said to be so.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) time: u64,
    /// What is written to standard output; JSON is one object a line.
    #[arg(long, value_enum, default_value_t = ScanFormat::Human)]
    pub(super) format: ScanFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    /// Versions and suites alone.
    Suites,
    /// Versions, suites, groups and what else can be learnt of TLS.
    Tls,
    /// What certificates are shown.
    Certificates,
    /// The STARTTLS checks: scenarios that need no mail.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ScanFormat {
    /// For people.
    Human,
    /// Facts and findings.
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Human,
    /// The run record.
    Json,
    /// The report that is kept and compared.
    Markdown,
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

fn inbound(text: &str) -> Result<Connector, String> {
    connector_of(Direction::Inbound, text)
}

fn setting(text: &str) -> Result<String, String> {
    let good = text.split_once('=').is_some_and(|(name, _)| !name.trim().is_empty());
    (good && !text.contains('\n'))
        .then(|| text.to_owned())
        .ok_or_else(|| "write PARAMETER=VALUE, in one line".into())
}

fn shard(text: &str) -> Result<(usize, usize), String> {
    text.split_once('/')
        .and_then(|(part, parts)| Some((part.parse().ok()?, parts.parse().ok()?)))
        .filter(|(part, parts)| *part >= 1 && part <= parts)
        .ok_or_else(|| "write I/N with I from 1 to N, for example 1/3".into())
}

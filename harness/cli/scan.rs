//! `waxseal scan`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use waxseal_model::requirement::Profile;
use waxseal_model::scan::{self, Entry, Found, HostFacts, SCHEMA, Scan, Target, judge};

use super::arguments::{ScanArguments, ScanFormat};
use super::{print, refuse};
use crate::catalogue::Rules;
use crate::report;
use crate::scan::{Limits, Surveyed, parse_target, resolve, survey};

/// Scans every target and reports each as it is done, in the order they were named.
pub(super) fn scan(arguments: &ScanArguments) -> ExitCode {
    let rules = match Rules::embedded() {
        Ok(rules) => rules,
        Err(wrong) => return refuse(&wrong.iter().map(ToString::to_string).collect::<String>()),
    };
    let Some(profile) = rules.profiles.get(&arguments.profile) else {
        let known: Vec<_> = rules.profiles.keys().map(String::as_str).collect();
        return refuse(&format!(
            "there is no profile `{}`; there are {}",
            arguments.profile,
            known.join(", ")
        ));
    };
    let targets = match targets(arguments) {
        Ok(targets) if targets.is_empty() => {
            return refuse("name a host, or a file with --targets");
        }
        Ok(targets) => targets,
        Err(text) => return refuse(&text),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("could not start: {error}")),
    };
    let codes = runtime.block_on(all(&rules, profile, arguments, targets));
    // A name that cannot be resolved may keep a thread of the resolver busy: it is not waited for.
    runtime.shutdown_background();
    // The gravest first: broken, then unusable, then undecided.
    let code = [1, 2, 3].into_iter().find(|code| codes.contains(code)).unwrap_or(0);
    ExitCode::from(code)
}

fn targets(arguments: &ScanArguments) -> Result<Vec<Target>, String> {
    let entry = match (arguments.implicit, arguments.submission) {
        (true, _) => Entry::Implicit,
        (_, true) => Entry::Submission,
        _ => Entry::Relay,
    };
    let mut targets = Vec::new();
    for text in &arguments.targets {
        targets.push(parse_target(text, entry).map_err(|error| error.to_string())?);
    }
    if let Some(path) = &arguments.file {
        for (number, line) in read(path)?.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let target = parse_target(line, entry)
                .map_err(|error| format!("{}:{}: {error}", path.display(), number + 1))?;
            targets.push(target);
        }
    }
    Ok(targets)
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path)
        .map_err(|error| format!("could not read the targets {}: {error}", path.display()))
}

/// Scans side by side; gives the exit code of each.
async fn all(
    rules: &Rules,
    profile: &Profile,
    arguments: &ScanArguments,
    targets: Vec<Target>,
) -> Vec<u8> {
    let limits = Limits {
        connections: arguments.connections,
        time: Duration::from_secs(arguments.time),
        ..Limits::default()
    };
    let gate = Arc::new(Semaphore::new(arguments.jobs));
    let count = targets.len();
    let mut running = JoinSet::new();
    for (at, target) in targets.into_iter().enumerate() {
        let gate = Arc::clone(&gate);
        running.spawn(async move {
            // The gate is never closed; were it, no place would be needed.
            let _place = gate.acquire().await;
            (at, one(target, limits).await)
        });
    }
    let levels = profile.levels(&rules.requirements);
    let mut done: Vec<Option<Raw>> = (0..count).map(|_| None).collect();
    let mut next = 0;
    let mut codes = Vec::new();
    while let Some(joined) = running.join_next().await {
        let Ok((at, raw)) = joined else {
            codes.push(3);
            continue;
        };
        done[at] = Some(raw);
        while let Some(raw) = done.get_mut(next).and_then(Option::take) {
            next += 1;
            let scan = raw.judged(&arguments.profile, &levels);
            codes.push(scan::exit_code(&scan.findings));
            match arguments.format {
                ScanFormat::Human => print(&report::scan_table(&scan, &rules.requirements)),
                ScanFormat::Json => print(&report::scan_lines(&scan)),
            }
        }
    }
    codes
}

/// What a scan gave, before it is judged.
struct Raw {
    target: Target,
    surveyed: Surveyed,
    duration: Duration,
}

async fn one(mut target: Target, limits: Limits) -> Raw {
    let begun = Instant::now();
    let surveyed = match resolve(&target, limits.patience.min(limits.time)).await {
        Ok(address) => {
            target.address = Some(address.ip().to_string());
            survey(&target, address, limits).await
        }
        Err(why) => {
            let facts = HostFacts { tls: Found::Unknown(why), ..HostFacts::default() };
            Surveyed { facts, connections: 0 }
        }
    };
    Raw { target, surveyed, duration: begun.elapsed() }
}

impl Raw {
    fn judged(
        self,
        profile: &str,
        levels: &std::collections::BTreeMap<String, waxseal_model::requirement::Level>,
    ) -> Scan {
        Scan {
            schema: SCHEMA,
            tool: format!("waxseal {}", env!("CARGO_PKG_VERSION")),
            profile: profile.to_owned(),
            target: self.target,
            findings: judge(&self.surveyed.facts, levels),
            facts: self.surveyed.facts,
            connections: self.surveyed.connections,
            duration_ms: u64::try_from(self.duration.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

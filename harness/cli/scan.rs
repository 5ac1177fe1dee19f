//! `waxseal scan`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use waxseal_model::limits;
use waxseal_model::pins::Pins;
use waxseal_model::profile::Profile;
use waxseal_model::scan::{Entry, Scan, Target, pins_to_tell};
use waxseal_model::verdict::{UNDECIDED, gravest};

use super::arguments::{Part, ScanArguments};
use super::output::{print, refuse};
use crate::catalogue::{Rules, files, host_pins, names_a_file, profile_names};
use crate::library::today;
use crate::scan::{Limits, ScanOptions, Scanner, parse_target};
use crate::tls::{read_certificates_pem, system_roots};

/// Scans every target and reports each as it is done, in the order they were named.
pub(super) fn scan(arguments: &ScanArguments) -> ExitCode {
    let (profile, own) = match profile(&arguments.profile) {
        Ok(found) => found,
        Err(text) => return refuse(&text),
    };
    let targets = match targets(arguments) {
        Ok(targets) if targets.is_empty() => {
            return refuse("name a host, or a file with --targets");
        }
        Ok(targets) => targets,
        Err(text) => return refuse(&text),
    };
    let pins = match arguments.expect.as_deref().map(pins).transpose() {
        Ok(pins) => pins,
        Err(text) => return refuse(&text),
    };
    let certificates = arguments.only.is_empty() || arguments.only.contains(&Part::Certificates);
    if pins.is_some() && !certificates {
        return refuse("--expect needs --only certificates, or no --only");
    }
    if arguments.write_pins.is_some() && !certificates {
        return refuse("--write-pins needs --only certificates, or no --only");
    }
    if arguments.write_pins.is_some() && targets.len() != 1 {
        return refuse("--write-pins is for one host");
    }
    if !arguments.roots.is_empty() && !certificates {
        return refuse("--roots needs --only certificates, or no --only");
    }
    let roots = match certificates.then(|| roots(&arguments.roots)).transpose() {
        Ok(roots) => Arc::new(roots.unwrap_or_default()),
        Err(text) => return refuse(&text),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("could not start: {error}")),
    };
    let scanner = Arc::new(Scanner::new(ScanOptions {
        parts: arguments.only.iter().map(|part| (*part).into()).collect(),
        limits: Limits {
            connections: arguments.connections,
            time: Duration::from_secs(arguments.time),
            ..Limits::default()
        },
        profile,
        own,
        roots,
        pins: arguments.expect.clone().zip(pins),
        today: today(),
    }));
    let codes = runtime.block_on(all(arguments, &scanner, targets));
    // A name that cannot be resolved may keep a thread of the resolver busy: it is not waited for.
    runtime.shutdown_background();
    let codes = match codes {
        Ok(codes) => codes,
        Err(text) => return refuse(&text),
    };
    ExitCode::from(gravest(codes))
}

/// The profile's name; and itself, where it is a file of the user's own.
fn profile(asked: &str) -> Result<(String, Option<Profile>), String> {
    if names_a_file(asked) {
        let rules = Rules::embedded();
        let mut rules =
            rules.map_err(|wrong| wrong.iter().map(ToString::to_string).collect::<String>())?;
        let name = rules.use_profile(asked)?;
        let own = rules.profiles.remove(&name);
        return Ok((name, own));
    }
    let known = profile_names();
    match known.iter().any(|name| name == asked) {
        true => Ok((asked.to_owned(), None)),
        false => Err(format!("there is no profile `{asked}`; there are {}", known.join(", "))),
    }
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
    files::text(path, limits::FILE)
        .map_err(|error| format!("could not read the targets {}: {error}", path.display()))
}

/// The roots of this machine and of these files, in DER.
fn roots(files: &[PathBuf]) -> Result<Vec<Vec<u8>>, String> {
    let mut roots = system_roots();
    for path in files {
        let wrong = |what: String| format!("could not use the roots {}: {what}", path.display());
        let pem = files::bytes(path, limits::FILE).map_err(&wrong)?;
        roots.extend(read_certificates_pem(&pem).map_err(wrong)?);
    }
    Ok(roots)
}

/// The pins of a file, or of a host that is built in.
fn pins(named: &str) -> Result<Pins, String> {
    let (path, text) = if named.contains(['/', '.']) {
        let text = files::text(Path::new(named), limits::FILE)
            .map_err(|error| format!("could not read the pins {named}: {error}"))?;
        (named.to_owned(), text)
    } else {
        host_pins(named)
            .ok_or_else(|| format!("there are no pins `{named}`; a file is named with its path"))?
    };
    Pins::parse(&path, &text).map_err(|wrong| wrong.render(&text))
}

fn write_pins(path: &Path, scan: &Scan) -> Result<(), String> {
    pins_to_tell(scan, &today())
        .and_then(|text| std::fs::write(path, text).map_err(|error| error.to_string()))
        .map_err(|why| format!("could not write the pins {}: {why}", path.display()))
}

/// Scans side by side; gives the exit code of each.
async fn all(
    arguments: &ScanArguments,
    scanner: &Arc<Scanner>,
    targets: Vec<Target>,
) -> Result<Vec<u8>, String> {
    let gate = Arc::new(Semaphore::new(arguments.jobs));
    let count = targets.len();
    let mut running = JoinSet::new();
    for (at, target) in targets.into_iter().enumerate() {
        let (gate, scanner) = (Arc::clone(&gate), Arc::clone(scanner));
        running.spawn(async move {
            // The gate is never closed; were it, no place would be needed.
            let _place = gate.acquire().await;
            (at, scanner.scan(target).await)
        });
    }
    let rules = scanner.rules().await.map_err(|error| error.to_string())?;
    let mut done: Vec<Option<Scan>> = (0..count).map(|_| None).collect();
    let mut next = 0;
    let mut codes = Vec::new();
    while let Some(joined) = running.join_next().await {
        let Ok((at, scan)) = joined else {
            codes.push(UNDECIDED);
            continue;
        };
        done[at] = Some(scan.map_err(|error| error.to_string())?);
        while let Some(scan) = done.get_mut(next).and_then(Option::take) {
            next += 1;
            codes.push(scan.exit_code());
            if let Some(path) = &arguments.write_pins {
                write_pins(path, &scan)?;
            }
            // Only formats that have this form can be asked for.
            if let Some(form) = arguments.format.scan {
                print(&form(&scan, &rules.requirements));
            }
        }
    }
    Ok(codes)
}

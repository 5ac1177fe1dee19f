//! `waxseal relays`: the products there are drivers for.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use waxseal_model::foreign::{Foreign, printable};
use waxseal_model::record::CaseRecord;
use waxseal_model::scenario::{Connector, default_control};
use waxseal_model::verdict::Verdict;

use super::arguments::Relays;
use super::output::{print, refuse};
use crate::catalogue::Catalogue;
use crate::relay::{Driver, RelayError, RelaySpec};
use crate::report;
use crate::run::{Progress, RunOptions, run};

pub(super) fn relays(catalogue: &Catalogue, what: Option<&Relays>) -> ExitCode {
    let done = match what {
        Some(Relays::Install { relay } | Relays::Doctor { relay, .. }) if relay == "reference" => {
            print("reference: built in, nothing is missing; `waxseal run` plays it\n");
            Ok(ExitCode::SUCCESS)
        }
        None => list().map(|()| ExitCode::SUCCESS),
        Some(Relays::Install { relay }) => install(relay).map(|()| ExitCode::SUCCESS),
        Some(Relays::Doctor { relay, no_sandbox, keep, verbose }) => {
            let check = Check { no_sandbox: *no_sandbox, keep: *keep, verbose: *verbose };
            doctor(catalogue, relay, check)
        }
    };
    match done {
        Ok(code) => code,
        Err(error) => refuse(&format!("could not {error}")),
    }
}

/// A paragraph a driver: name, whether it is installed, what it is, what it does, what it needs.
fn list() -> Result<(), RelayError> {
    let mut text = String::from("reference: built in. The embedded relay.\n");
    for name in Driver::names() {
        let driver = Driver::find(name)?;
        let contract = &driver.contract;
        let state = match &driver.root {
            None => "what the system has".into(),
            Some(root) if root.is_outdated() => "installed from another [install] table".into(),
            Some(root) => root.version().unwrap_or_else(|| "not installed".into()),
        };
        let about = contract.about.as_deref().unwrap_or_default();
        text.push_str(&format!("{name}: {state}. {about}\n"));
        for direction in &contract.directions {
            let declared = Connector::ALL.into_iter().filter(|connector| {
                connector.exists(*direction) && contract.connectors.declare(*direction, *connector)
            });
            let declared: Vec<_> = declared.map(Connector::name).collect();
            text.push_str(&format!("  {direction}: {}\n", declared.join(", ")));
        }
        for (direction, why) in &contract.absent {
            text.push_str(&format!("  {direction}: none. {why}\n"));
        }
        let needs: Vec<_> = contract.needs.iter().map(ToString::to_string).collect();
        if !needs.is_empty() {
            text.push_str(&format!("  needs: {}\n", needs.join(", ")));
        }
        let suites = contract.install.as_ref().map(|install| install.suites()).unwrap_or_default();
        if suites.len() > 1 {
            let others: Vec<_> = suites.iter().map(|suite| format!("{name}@{suite}")).collect();
            text.push_str(&format!("  releases: {}\n", others.join(", ")));
        }
    }
    print(&text);
    Ok(())
}

fn install(relay: &str) -> Result<(), RelayError> {
    let driver = Driver::find(relay)?;
    let root = driver.install()?;
    let (name, version) = (&driver.contract.name, root.version().unwrap_or_default());
    print(&format!("{name} {version} is in {}\n", root.path().display()));
    Ok(())
}

/// How a relay is looked at.
struct Check {
    no_sandbox: bool,
    keep: bool,
    verbose: bool,
}

/// Plays the cases in which everybody does everything right, one for each connector that the driver
/// declares, and shows those first that fail.
fn doctor(catalogue: &Catalogue, relay: &str, check: Check) -> Result<ExitCode, RelayError> {
    let driver = Driver::find(relay)?;
    let spec = RelaySpec::from(driver.clone());
    let sandbox = match super::run::enter(&spec, check.no_sandbox) {
        Ok(sandbox) => sandbox,
        Err(text) => return Ok(refuse(&text)),
    };
    spec.check_needs(sandbox.as_ref())?;
    print(&format!("{relay}: all it needs is here\n"));
    super::run::warn_of_unplayed(catalogue, &spec);
    let contract = &driver.contract;
    for (direction, why) in &contract.absent {
        print(&format!("{relay}: no {direction} mail: {why}\n"));
    }
    let cases = contract.directions.iter().flat_map(|direction| {
        let declared = Connector::ALL.into_iter();
        let declared = declared.filter(|name| contract.connectors.declare(*direction, *name));
        declared.map(|connector| default_control(*direction, connector))
    });
    let cases: Vec<_> = cases.filter(|id| catalogue.case(id).is_some()).collect();
    if cases.is_empty() {
        return Ok(refuse(&format!("{relay} declares no connector that a case is about")));
    }
    let options = RunOptions { cases, sandbox, keep: check.keep, ..RunOptions::default() };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Ok(refuse(&format!("could not start: {error}"))),
    };
    let log = Log::default();
    let played = run(catalogue, &spec, &options, &log, std::future::pending());
    let record = match runtime.block_on(played) {
        Ok(record) => record,
        Err(error) => return Ok(refuse(&error.to_string())),
    };
    let (well, ill): (Vec<_>, Vec<_>) =
        record.cases.iter().partition(|case| case.verdict == Verdict::Pass);
    let dialogue =
        |case: &CaseRecord| report::transcript(case.direction, &case.trace, &case.evidence);
    for case in &ill {
        let (direction, connector) = (case.direction, case.connector);
        print(&format!(
            "{relay}: {direction} mail under {connector} does not go through: {}\n{}",
            printable(&case.reason),
            dialogue(case)
        ));
    }
    let words = log.0.lock().unwrap_or_else(PoisonError::into_inner);
    if (check.verbose || !ill.is_empty()) && !words.is_empty() {
        print(&format!("{relay}: the end of its log:\n"));
        words.lines().for_each(|line| print(&format!("  {}\n", line.short())));
    }
    for case in &well {
        let (direction, connector) = (case.direction, case.connector);
        print(&format!("{relay}: {direction} mail under {connector} goes through, in TLS\n"));
        if check.verbose {
            print(&dialogue(case));
        }
    }
    Ok(if ill.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// Keeps the end of the relay's log.
#[derive(Default)]
struct Log(Mutex<Foreign>);

impl Progress for Log {
    fn kept(&self, directory: &Path) {
        print(&format!("the relay's files stay in {}\n", directory.display()));
    }

    fn ended(&self, log: &Foreign) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = log.clone();
    }
}

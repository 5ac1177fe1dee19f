//! `waxseal relays`: the products there are drivers for.

use std::process::ExitCode;

use waxseal_model::record::Verdict;
use waxseal_model::scenario::{Connector, default_control};

use super::arguments::Relays;
use super::output::{print, refuse};
use crate::catalogue::Catalogue;
use crate::lab::sandbox;
use crate::relay::{Driver, RelayError};
use crate::report;
use crate::run::{Choice, Options, Unwatched, run};

pub(super) fn relays(catalogue: &Catalogue, what: Option<&Relays>) -> ExitCode {
    let done = match what {
        Some(Relays::Install { relay } | Relays::Doctor { relay }) if relay == "reference" => {
            print("reference: built in, nothing is missing; `waxseal run` plays it\n");
            Ok(ExitCode::SUCCESS)
        }
        None => list().map(|()| ExitCode::SUCCESS),
        Some(Relays::Install { relay }) => install(relay).map(|()| ExitCode::SUCCESS),
        Some(Relays::Doctor { relay }) => doctor(catalogue, relay),
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

/// Plays the two cases in which everybody does everything right, each under the least demanding
/// connector that the driver declares.
fn doctor(catalogue: &Catalogue, relay: &str) -> Result<ExitCode, RelayError> {
    let driver = Driver::find(relay)?;
    let sandbox = sandbox::enter();
    if let Err(error) = &sandbox {
        print(&format!("could not enter the sandbox: {error}\n"));
    }
    driver.check_needs(sandbox.as_ref().ok())?;
    print(&format!("{relay}: all it needs is here\n"));
    let contract = &driver.contract;
    let mildest = |direction| {
        let mut known = Connector::ALL.into_iter().filter(|connector| connector.exists(direction));
        let declared = known.find(|connector| contract.connectors.declare(direction, *connector));
        declared.unwrap_or(Connector::Opportunistic)
    };
    let cases = contract.directions.iter();
    let cases: Vec<_> =
        cases.map(|direction| default_control(*direction, mildest(*direction))).collect();
    for (direction, why) in &contract.absent {
        print(&format!("{relay}: no {direction} mail: {why}\n"));
    }
    let options = Options { cases, sandbox: sandbox.ok(), ..Options::default() };
    let choice = Choice::Driven(Box::new(driver));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Ok(refuse(&format!("could not start: {error}"))),
    };
    let played = run(catalogue, choice, &options, &Unwatched, std::future::pending());
    let record = match runtime.block_on(played) {
        Ok(record) => record,
        Err(error) => return Ok(refuse(&error.to_string())),
    };
    for case in &record.cases {
        if case.verdict == Verdict::Pass {
            print(&format!("{relay}: {} mail goes through, in TLS\n", case.direction));
        } else {
            print(&format!(
                "{relay}: {} mail does not go through: {}\n",
                case.direction, case.reason
            ));
            print(&report::transcript(case.direction, &case.trace, &case.evidence));
        }
    }
    let well = record.cases.iter().all(|case| case.verdict == Verdict::Pass);
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

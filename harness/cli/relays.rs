//! `waxseal relays`: the products there are drivers for.

use std::process::ExitCode;

use super::arguments::Relays;
use super::{print, refuse};
use crate::lab::sandbox;
use crate::relay::{Driver, RelayError};

pub(super) fn relays(what: Option<&Relays>) -> ExitCode {
    let done = match what {
        None => list(),
        Some(Relays::Install { relay }) => install(relay),
        Some(Relays::Doctor { relay }) => doctor(relay),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("could not {error}")),
    }
}

/// One line a driver: name, whether it is installed, what it is.
fn list() -> Result<(), RelayError> {
    let mut text = format!("{:<12} {:<16} {}\n", "reference", "built in", "The embedded relay.");
    for name in Driver::names() {
        let driver = Driver::find(name)?;
        let state = match &driver.root {
            None => "of the system".into(),
            Some(root) => root.version().unwrap_or_else(|| "not installed".into()),
        };
        let about = driver.contract.about.as_deref().unwrap_or_default();
        text.push_str(&format!("{name:<12} {state:<16} {about}\n"));
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

fn doctor(relay: &str) -> Result<(), RelayError> {
    let driver = Driver::find(relay)?;
    let sandbox = sandbox::enter();
    if let Err(error) = &sandbox {
        print(&format!("could not enter the sandbox: {error}\n"));
    }
    driver.check_needs(sandbox.as_ref().ok())?;
    print(&format!("{relay}: all it needs is here\n"));
    Ok(())
}

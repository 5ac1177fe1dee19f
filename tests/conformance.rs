//! Every case as a test by its name, against the embedded reference relay, or against
//! the one that `WAXSEAL_RELAY` names.
//!
//! The whole run is done once, side by side; each test then shows its own verdict.

use std::future::pending;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Failed, Trial};
use waxseal::catalogue::Catalogue;
use waxseal::lab::sandbox;
use waxseal::relay::RelaySpec;
use waxseal::report;
use waxseal::run::{RunOptions, Silent, run};
use waxseal_model::record::Record;
use waxseal_model::verdict::Verdict;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let relay = std::env::var("WAXSEAL_RELAY").unwrap_or_else(|_| "reference".into());
    let spec = match RelaySpec::find(&relay) {
        Ok(spec) => spec,
        Err(error) => {
            eprintln!("waxseal: could not {error}");
            return ExitCode::from(2);
        }
    };
    let catalogue = match Catalogue::embedded() {
        Ok(catalogue) => Arc::new(catalogue),
        Err(wrong) => {
            wrong.iter().for_each(|wrong| eprintln!("{wrong}"));
            return ExitCode::from(2);
        }
    };
    let sandbox = match (!arguments.list).then(sandbox::enter).transpose() {
        Ok(sandbox) => sandbox,
        // The embedded relay speaks with loopback addresses only.
        Err(error) if relay == "reference" => {
            eprintln!("no private network: {error}");
            None
        }
        Err(error) => {
            eprintln!("waxseal: could not enter the private network: {error}");
            return ExitCode::from(2);
        }
    };
    // A runner that asks for one test by name plays that case and its control, not all of them.
    let options = RunOptions {
        cases: arguments.filter.iter().filter(|_| arguments.exact).cloned().collect(),
        sandbox,
        ..RunOptions::default()
    };
    let shared = Arc::new(Shared { catalogue, spec, options, played: OnceLock::new() });
    let trials = shared
        .catalogue
        .cases()
        .map(|case| {
            let (shared, id) = (Arc::clone(&shared), case.id.clone());
            Trial::test(case.id.clone(), move || shared.show(&id))
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

struct Shared {
    catalogue: Arc<Catalogue>,
    spec: RelaySpec,
    options: RunOptions,
    played: OnceLock<Result<Record, String>>,
}

impl Shared {
    fn record(&self) -> &Result<Record, String> {
        self.played.get_or_init(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .map_err(|error| error.to_string())?;
            runtime
                .block_on(run(&self.catalogue, &self.spec, &self.options, &Silent, pending()))
                .map_err(|error| error.to_string())
        })
    }

    fn show(&self, id: &str) -> Result<(), Failed> {
        let record = self.record().as_ref().map_err(Failed::from)?;
        let case =
            record.cases.iter().find(|case| case.id == id).ok_or("the case was not played")?;
        match case.verdict {
            Verdict::Pass | Verdict::Observed | Verdict::Skipped | Verdict::NotApplicable => Ok(()),
            Verdict::Fail | Verdict::Inconclusive | Verdict::Error => Err(format!(
                "{}: {}\n{}",
                case.verdict,
                case.reason,
                report::transcript(case.direction, &case.trace, &case.evidence)
            )
            .into()),
        }
    }
}

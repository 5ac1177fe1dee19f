//! A test target: each case is a test by its name.

use std::io::Write;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Failed, Trial};
use waxseal_model::baseline::Baseline;
use waxseal_model::gate::Finding;
use waxseal_model::record::{CaseRecord, Record};
use waxseal_model::requirement::Level;
use waxseal_model::verdict::Verdict;

use super::run::{play, prepared};
use crate::catalogue::Catalogue;
use crate::lab::{Sandbox, sandbox};
use crate::relay::{RelayError, RelaySpec};
use crate::report;
use crate::run::{RunOptions, select};

/// The test that fails where the baseline does not fit what was found.
const BASELINE: &str = "baseline";

/// The whole `main` of a test target that has `harness = false`: every selected case is a test by
/// its id, and understands the arguments that `cargo test` passes on (names, `--exact`, `--skip`,
/// `--list`).
///
/// The first test plays all cases that are asked for side by side; each then shows its own verdict.
/// Red is a must that fails, is inconclusive or ends in an error of ours, and is not waived. Cases
/// below a must are never red; [`run`](fn@crate::run) has their verdicts. Green is not proof of what no case
/// judges: the end of `waxseal run` lists that.
///
/// A baseline is heeded as by `waxseal run --baseline`: that of the options, else `baseline.toml` in
/// the driver's folder. A failure that it waives is green, and the test `baseline` is red where a waiver
/// is stale, expired, without a reason, or fits nothing.
///
/// Call it before any thread is started: it enters a private network, as `waxseal run` does. The embedded
/// relay goes without one where it cannot be made. A relay with a process of its own does so if the
/// environment has `WAXSEAL_NO_SANDBOX`, and if its driver can; what it sends may leave the machine then.
///
/// Gives 0 where all is green, 101 where something is red, and 2, with a sentence on standard error, where
/// nothing could be played: no such relay, a wrong baseline, no private network.
pub fn conformance(relay: Result<RelaySpec, RelayError>, options: &RunOptions) -> ExitCode {
    let arguments = Arguments::from_args();
    match suite(relay, options, &arguments) {
        Ok(suite) => libtest_mimic::run(&arguments, suite.trials()).exit_code(),
        Err(text) => {
            say(&text);
            ExitCode::from(2)
        }
    }
}

/// What the tests share.
struct Suite {
    catalogue: Catalogue,
    relay: RelaySpec,
    options: RunOptions,
    /// The ids of the cases that are tests.
    cases: Vec<String>,
    played: OnceLock<Result<Record, String>>,
}

fn suite(
    relay: Result<RelaySpec, RelayError>,
    options: &RunOptions,
    arguments: &Arguments,
) -> Result<Arc<Suite>, String> {
    let relay = relay.map_err(|error| format!("could not {error}"))?;
    let (catalogue, mut options) = prepared(options).map_err(|error| error.to_string())?;
    if options.baseline.is_none() {
        options.baseline = baseline(&relay)?;
    }
    let own = options.own.as_ref().map(|own| own.catalogue(&catalogue));
    let selected = select(own.as_ref().unwrap_or(&catalogue), &options);
    let selected = selected.map_err(|error| error.to_string())?;
    let cases: Vec<String> = selected.iter().map(|case| case.id.clone()).collect();
    // Whoever asks for some tests does not wait for the others.
    let asked: Vec<String> = cases.iter().filter(|id| asks(arguments, id)).cloned().collect();
    if !asked.is_empty() && asked.len() < cases.len() {
        (options.cases, options.shard) = (asked, None);
    }
    if !arguments.list && options.sandbox.is_none() {
        options.sandbox = enter(&relay)?;
    }
    Ok(Arc::new(Suite { catalogue, relay, options, cases, played: OnceLock::new() }))
}

/// The baseline in the driver's folder.
fn baseline(relay: &RelaySpec) -> Result<Option<Baseline>, String> {
    let text = relay.baseline().map_err(|error| format!("could not {error}"))?;
    let read = |text: String| {
        Baseline::parse("baseline.toml", &text)
            .map_err(|wrong| format!("the baseline is wrong\n{}", wrong.render(&text)))
    };
    text.map(read).transpose()
}

/// Whether the test of this name is asked for.
fn asks(arguments: &Arguments, name: &str) -> bool {
    let fits = |pattern: &String| match arguments.exact {
        true => pattern == name,
        false => name.contains(pattern.as_str()),
    };
    arguments.filter.as_ref().is_none_or(fits) && !arguments.skip.iter().any(fits)
}

/// Enters the private network, or says why there is none.
fn enter(relay: &RelaySpec) -> Result<Option<Sandbox>, String> {
    let open = std::env::var_os("WAXSEAL_NO_SANDBOX").is_some();
    if open && !relay.is_embedded() {
        return Ok(None);
    }
    match sandbox::enter() {
        Ok(sandbox) => Ok(Some(sandbox)),
        // The embedded relay speaks with loopback addresses only.
        Err(error) if relay.is_embedded() => {
            say(&format!("no private network: {error}"));
            Ok(None)
        }
        Err(error) => Err(format!(
            "could not enter the private network: {error}. To run the relay in the open network, set \
             WAXSEAL_NO_SANDBOX=1"
        )),
    }
}

/// A line on standard error.
fn say(text: &str) {
    // Where nobody can read it, nobody can be told so.
    let _ = writeln!(std::io::stderr(), "waxseal: {text}");
}

impl Suite {
    fn trials(self: &Arc<Self>) -> Vec<Trial> {
        let case = |id: &String| {
            let (suite, name) = (Arc::clone(self), id.clone());
            Trial::test(id.clone(), move || suite.show(&name))
        };
        let suite = Arc::clone(self);
        let baseline = move || suite.fits_baseline();
        let baseline = self.options.baseline.is_some().then(|| Trial::test(BASELINE, baseline));
        self.cases.iter().map(case).chain(baseline).collect()
    }

    /// What was played, once for all tests.
    fn record(&self) -> Result<&Record, Failed> {
        let played =
            || play(&self.catalogue, &self.relay, &self.options).map_err(|error| error.to_string());
        self.played.get_or_init(played).as_ref().map_err(Failed::from)
    }

    fn show(&self, id: &str) -> Result<(), Failed> {
        let mut cases = self.record()?.cases.iter();
        let case = cases.find(|case| case.id == id).ok_or("the case was not played")?;
        match is_red(case) {
            true => Err(words(case).into()),
            false => Ok(()),
        }
    }

    /// Whether every waiver still holds.
    fn fits_baseline(&self) -> Result<(), Failed> {
        let gate = self.record()?.gate.as_ref();
        let of_waiver = |finding: &&Finding| match finding {
            Finding::Stale { .. }
            | Finding::Unknown { .. }
            | Finding::Reasonless { .. }
            | Finding::Expired { .. } => true,
            // The case's own test is red, or it is about what no case says.
            Finding::New { .. }
            | Finding::Undecided { .. }
            | Finding::NotJudged { .. }
            | Finding::Unfinished { .. }
            | Finding::Outdated { .. } => false,
        };
        let findings = gate.into_iter().flat_map(|gate| &gate.findings).filter(of_waiver);
        let lines: Vec<String> = findings.map(ToString::to_string).collect();
        match lines.is_empty() {
            true => Ok(()),
            false => Err(lines.join("\n").into()),
        }
    }
}

/// Whether a case makes the test target fail.
fn is_red(case: &CaseRecord) -> bool {
    let open = match case.verdict {
        Verdict::Fail | Verdict::Inconclusive | Verdict::Error => true,
        Verdict::Pass | Verdict::Observed | Verdict::Skipped | Verdict::NotApplicable => false,
    };
    open && case.level == Level::Must && case.waiver.is_none()
}

/// What is shown of a case that is red.
fn words(case: &CaseRecord) -> String {
    let dialogue = report::transcript(case.direction, &case.trace, &case.evidence);
    let advice = case.advice.iter().map(|advice| format!("{advice}\n"));
    let advice: String = advice.collect();
    format!("{}\n{}: {}\n{advice}{dialogue}", case.claim, case.verdict, case.reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::reference::Mutant;

    #[test]
    fn a_test_is_asked_for_as_cargo_test_does() {
        let asks = |arguments: &[&str], name: &str| {
            let arguments = Arguments::from_iter(["x"].iter().chain(arguments));
            super::asks(&arguments, name)
        };
        let id = "outbound/forced/refused-454#mutual";
        assert!(asks(&[], id) && asks(&["refused"], id) && asks(&["--exact", id], id));
        assert!(!asks(&["inbound"], id) && !asks(&["--exact", "refused"], id));
        assert!(!asks(&["--skip", "forced"], id) && asks(&["--skip", "inbound"], id));
    }

    #[test]
    fn a_must_that_is_open_and_not_waived_is_red() {
        let catalogue = Catalogue::embedded().unwrap();
        let case = catalogue.case("outbound/control#mutual").unwrap();
        let red = |level, verdict, waiver: Option<&str>| {
            let record = CaseRecord::of(case, level, verdict, "why".into());
            is_red(&CaseRecord { waiver: waiver.map(str::to_owned), ..record })
        };
        for verdict in [Verdict::Fail, Verdict::Inconclusive, Verdict::Error] {
            assert!(red(Level::Must, verdict, None));
            assert!(!red(Level::Must, verdict, Some("known")));
            assert!(!red(Level::Should, verdict, None));
        }
        assert!(!red(Level::Must, Verdict::Skipped, None));
    }

    /// What the tests of one case and of the baseline say of the reference relay.
    fn show(mutant: Option<Mutant>, waived: &str) -> (Result<(), Failed>, Result<(), Failed>) {
        let text = format!("[[waiver]]\ncases = ['{waived}']\nreason = 'known'\nlink = 'x'\n");
        let options = RunOptions {
            cases: vec![CASE.into()],
            baseline: Some(Baseline::parse("x", &text).unwrap()),
            ..RunOptions::default()
        };
        let arguments = Arguments::from_iter(["x", "--list"]);
        let relay = Ok(RelaySpec::reference(mutant));
        let suite = suite(relay, &options, &arguments).unwrap();
        assert_eq!(suite.cases, [CASE]);
        (suite.show(CASE), suite.fits_baseline())
    }

    const CASE: &str = "outbound/forced/refused-454#encryption-only";

    #[test]
    fn a_waived_failure_is_green_and_a_stale_waiver_is_red() {
        let mutant = Some(Mutant::ClientPlaintextIfRefused);
        let (case, baseline) = show(mutant, CASE);
        assert!(case.is_ok() && baseline.is_ok());
        let (case, baseline) = show(mutant, "outbound/control#mutual");
        let words = case.unwrap_err().message().unwrap_or_default().to_owned();
        assert!(words.contains("fail: ") && words.contains("STARTTLS"), "{words}");
        assert!(baseline.is_ok());
        let (case, baseline) = show(None, CASE);
        assert!(case.is_ok());
        let words = baseline.unwrap_err().message().unwrap_or_default().to_owned();
        assert_eq!(words, format!("stale: line 1: {CASE} no longer fails; take it out"));
    }
}

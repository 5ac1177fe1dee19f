//! Live progress, on a terminal only.

use std::io::{IsTerminal, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use waxseal_model::configuration::Told;
use waxseal_model::foreign::printable;
use waxseal_model::record::CaseRecord;

use super::output::say;
use crate::report;
use crate::run::Progress;

/// A bar on standard error where that is a terminal, else nothing.
pub(super) struct Bar {
    bar: ProgressBar,
    lines: bool,
}

impl Bar {
    /// With `lines`, also one line a case.
    pub(super) fn new(lines: bool) -> Self {
        let bar = ProgressBar::no_length();
        if !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        // The template is a constant of ours.
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        Self { bar, lines }
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn begins(&self, cases: usize) {
        self.bar.set_length(cases as u64);
    }

    fn kept(&self, directory: &Path) {
        let text = format!("the relay's files stay in {}", directory.display());
        self.bar.suspend(|| drop(writeln!(anstream::stderr(), "{text}")));
    }

    fn configured(&self, told: &Told) {
        let lines = report::told(told, self.lines);
        self.bar.suspend(|| lines.iter().for_each(|line| say(line)));
    }

    fn unplayed(&self, host: &str) {
        let text = format!(
            "hint: the relay looked for {host}, which the lab does not play; if the configuration sends \
             mail there, say --mx DOMAIN={host}",
            host = printable(host)
        );
        self.bar.suspend(|| drop(writeln!(anstream::stderr(), "{text}")));
    }

    fn slower(&self, why: &str) {
        self.bar
            .suspend(|| say(&format!("note: cases of one domain are played more slowly: {why}")));
    }

    fn judged(&self, case: &CaseRecord) {
        if self.lines {
            let line = report::line(case);
            self.bar.suspend(|| drop(writeln!(anstream::stderr(), "{line}")));
        }
        self.bar.inc(1);
        self.bar.set_message(case.id.clone());
    }
}

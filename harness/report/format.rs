//! The forms that results come in, a row each: `--format`, `--out` and their help read this list.

use waxseal_model::foreign::printable_json;
use waxseal_model::record::Record;
use waxseal_model::requirement::Catalogue;
use waxseal_model::scan::Scan;

use super::markdown::markdown;
use super::matrix::{matrix, matrix_markdown};
use super::scan::{scan_lines, scan_table};
use super::terminal::{alone, summary};

/// One form of the results.
#[derive(Debug)]
pub struct Format {
    /// What `--format` names it.
    pub name: &'static str,
    /// One sentence for the help.
    pub about: &'static str,
    /// One run.
    pub run: fn(&Run<'_>) -> Text,
    /// The file of one run below `--out`.
    pub run_file: Option<&'static str>,
    /// Several runs beside each other.
    pub matrix: fn(&[Record]) -> Text,
    /// Their file below `--out`.
    pub matrix_file: Option<&'static str>,
    /// One scanned host; `None`: there is no such form.
    pub scan: Option<fn(&Scan, &Catalogue) -> String>,
}

/// A text, or why a record cannot be written, which is a defect of ours.
pub type Text = Result<String, serde_json::Error>;

/// One run, to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Its record.
    pub record: &'a Record,
    /// The catalogue that it was judged by.
    pub requirements: &'a Catalogue,
    /// Whether a case that was played alone is shown with its whole dialogue.
    pub in_full: bool,
}

/// All of them, the usual one first.
pub static FORMATS: [Format; 3] = [
    Format {
        name: "human",
        about: "For people",
        run: |run| {
            let alone = alone(run.record).filter(|_| run.in_full).unwrap_or_default();
            Ok(alone + &summary(run.record, run.requirements))
        },
        run_file: None,
        matrix: |records| Ok(matrix(records)),
        matrix_file: None,
        scan: Some(scan_table),
    },
    Format {
        name: "json",
        about: "For programs: all that was recorded; `waxseal schema` describes it",
        run: |run| json(run.record),
        run_file: Some("results.json"),
        matrix: json,
        matrix_file: None,
        scan: Some(|scan, _| scan_lines(scan)),
    },
    Format {
        name: "markdown",
        about: "The report that is kept and compared",
        run: |run| Ok(markdown(run.record, run.requirements)),
        run_file: Some("report.md"),
        matrix: |records| Ok(matrix_markdown(records)),
        matrix_file: Some("matrix.md"),
        scan: None,
    },
];

/// A record, or several, as JSON: the source of every other form.
///
/// # Errors
/// None that is known: every field can be written.
pub fn json(record: &(impl serde::Serialize + ?Sized)) -> Text {
    serde_json::to_string_pretty(record).map(|text| printable_json(text + "\n"))
}

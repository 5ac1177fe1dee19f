//! Every name stands in one place.

use std::collections::BTreeMap;

use waxseal_model::diagnostic::Diagnostic;

use super::SourceFile;

/// A file and what is wrong with it.
#[derive(Debug)]
pub struct Wrong {
    /// The file's text.
    pub text: String,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for diagnostic in &self.diagnostics {
            writeln!(f, "{}\n", diagnostic.render(&self.text))?;
        }
        Ok(())
    }
}

/// Where each name of one kind stands, and what is wrong with the files.
#[derive(Debug, Default)]
pub(super) struct Names {
    homes: BTreeMap<(&'static str, String), String>,
    pub(super) wrong: Vec<Wrong>,
}

impl Names {
    /// Notes what is wrong with a file.
    pub(super) fn refuse(&mut self, file: &SourceFile, diagnostics: Vec<Diagnostic>) {
        if !diagnostics.is_empty() {
            self.wrong.push(Wrong { text: file.text.clone().into_owned(), diagnostics });
        }
    }

    /// Takes what a file defines, each entry with its key in the file, unless another file has an entry
    /// of that name. `kind` fits "the … `name`".
    pub(super) fn take<T>(
        &mut self,
        kind: &'static str,
        file: &SourceFile,
        entries: BTreeMap<String, T>,
        into: &mut BTreeMap<String, T>,
    ) {
        let mut twice = Vec::new();
        for (name, entry) in entries {
            match self.home(kind, file, &name) {
                None => drop(into.insert(name, entry)),
                Some(home) => twice.push(Diagnostic::at_key(
                    &file.shown,
                    &file.text,
                    &name,
                    format!("the {kind} `{name}` stands in {home} as well"),
                    "give this one another name",
                )),
            }
        }
        self.refuse(file, twice);
    }

    /// The same for a file that is one thing, named by its path. Whether the name was free.
    pub(super) fn take_file(&mut self, kind: &'static str, file: &SourceFile, name: &str) -> bool {
        let Some(home) = self.home(kind, file, name) else { return true };
        let twice = Diagnostic {
            file: file.shown.clone(),
            span: Some(0..file.text.find('\n').unwrap_or(file.text.len())),
            message: format!("the {kind} `{name}` stands in {home} as well"),
            help: Some("give this file another name: its path says what it is called".into()),
        };
        self.refuse(file, vec![twice]);
        false
    }

    /// The file in which the name stands already; without one it stands in this file from now on.
    fn home(&mut self, kind: &'static str, file: &SourceFile, name: &str) -> Option<String> {
        let key = (kind, name.to_owned());
        let home = self.homes.get(&key).cloned();
        if home.is_none() {
            self.homes.insert(key, file.shown.clone());
        }
        home
    }
}

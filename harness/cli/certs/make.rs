//! `waxseal certs make` and `list`: a key and a chain by a recipe, in files.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use waxseal_certs::{Authorities, Issued};
use waxseal_model::certificate::CertificateFacts;
use waxseal_model::dated::day;
use waxseal_model::diagnostic::closest;
use waxseal_model::wording::counted;

use crate::cli::certs::arguments::CertsMakeArguments;
use crate::cli::output::{print, refuse};
use crate::cli::with_catalogue;
use crate::tls::describe_certificate;

/// The recipes, one a line.
pub(super) fn list(own: Option<&Path>) -> ExitCode {
    with_catalogue(own, |catalogue| {
        let width = catalogue.recipes.keys().map(String::len).max().unwrap_or_default();
        let lines = catalogue.recipes.iter().map(|(name, recipe)| {
            let about = recipe.about.as_str();
            format!("{name:<width$}  {about}\n")
        });
        print(&lines.collect::<String>());
        ExitCode::SUCCESS
    })
}

/// Makes what a recipe says, and says what came of it.
pub(super) fn make(options: &CertsMakeArguments) -> ExitCode {
    with_catalogue(options.scenarios.as_deref(), |catalogue| {
        let Some(recipe) = catalogue.recipes.get(&options.recipe) else {
            let near = closest(&options.recipe, catalogue.recipes.keys().map(String::as_str));
            let hint = near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            return refuse(&format!(
                "there is no recipe `{}`{hint} `waxseal certs list` has them all",
                options.recipe
            ));
        };
        if !is_name(&options.name) {
            return refuse("the name of a host is letters, digits, hyphens and dots");
        }
        let made = Authorities::new(SystemTime::now()).and_then(|authorities| {
            let root = match recipe.is_for_clients() {
                true => authorities.client_trust_anchors_pem(),
                false => authorities.trust_anchors_pem(),
            };
            Ok((authorities.issue(recipe, &options.name)?, root))
        });
        let (issued, root) = match made {
            Ok(made) => made,
            Err(error) => return refuse(&error.to_string()),
        };
        match write(options, &issued, &root) {
            Ok(()) => {
                let folder = options.out.display();
                print(&format!("{folder}: {} {}\n", recipe.about, contents(&issued)));
                ExitCode::SUCCESS
            }
            Err(text) => refuse(&text),
        }
    })
}

/// Writes the three files, or none where one is there and may not be overwritten.
fn write(options: &CertsMakeArguments, issued: &Issued, root: &str) -> Result<(), String> {
    let dir = &options.out;
    let failed = |path: &Path, error: &std::io::Error| {
        format!("could not write {}: {error}", path.display())
    };
    std::fs::create_dir_all(dir).map_err(|error| failed(dir, &error))?;
    let files = [
        ("chain.pem", issued.chain_pem(), 0o644),
        ("key.pem", issued.key_pem(), 0o600),
        ("root.pem", root.to_owned(), 0o644),
    ];
    for (name, _, _) in &files {
        let path = dir.join(name);
        if !options.force && path.symlink_metadata().is_ok() {
            return Err(format!("{} is there; --force overwrites it", path.display()));
        }
    }
    for (name, text, mode) in &files {
        let path = dir.join(name);
        if options.force {
            // A file that is there keeps its mode and its owner: it goes first.
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(failed(&path, &error));
                }
                _ => {}
            }
        }
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(*mode)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| failed(&path, &error))?;
    }
    Ok(())
}

/// One sentence about a chain.
fn contents(issued: &Issued) -> String {
    let sent = counted(issued.chain.len(), "certificate");
    let leaf = issued.chain.first().and_then(|der| describe_certificate(der));
    let Some(leaf) = leaf else { return format!("{sent}; the first cannot be read.") };
    format!(
        "{sent} for {}, valid from {} to {}.",
        names(&leaf),
        day(leaf.not_before),
        day(leaf.not_after)
    )
}

fn names(leaf: &CertificateFacts) -> String {
    match &leaf.names[..] {
        [] => "no DNS name".into(),
        [name] => name.to_string(),
        [first, .., last] => {
            format!("{first} to {last} ({})", counted(leaf.names.len(), "name"))
        }
    }
}

/// Whether a host can have this name: what it holds goes into certificates and files as it is.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    name.len() <= 253
        && name.split('.').all(|label| (1..=63).contains(&label.len()) && label.chars().all(plain))
}

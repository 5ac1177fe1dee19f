//! `waxseal certs check`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use waxseal_model::limits;
use waxseal_model::scan::{Entry, Target};
use waxseal_model::verdict::gravest;

use crate::catalogue::files;
use crate::cli::certs::arguments::{CertsCheckArguments, CertsFormat};
use crate::cli::output::{print, refuse};
use crate::preflight::{
    CheckOptions, Store, Subject, check as preflight, mail_hosts, name_servers,
};
use crate::report::{preflight_line, preflight_text};
use crate::scan::parse_target;

/// Checks one chain after the other, in the order they were named.
pub(super) fn check(arguments: &CertsCheckArguments) -> ExitCode {
    if arguments.subjects.is_empty() && arguments.mx.is_none() {
        return refuse("name a host, a file in PEM, or a domain with --mx");
    }
    if let Some(name) = arguments.name.as_deref().filter(|name| !is_name(name)) {
        return refuse(&format!("`{name}` is no name of a host"));
    }
    let store = match arguments.store.as_deref().map_or_else(Store::system, Store::read) {
        Ok(store) => store,
        Err(text) => return refuse(&text),
    };
    let mut subjects = Vec::new();
    for text in &arguments.subjects {
        match subject(text, arguments.implicit) {
            Ok(subject) => subjects.push(subject),
            Err(text) => return refuse(&text),
        }
    }
    let options = CheckOptions {
        store,
        name: arguments.name.clone(),
        fetches: !arguments.no_fetch,
        allow_private: arguments.allow_private,
        time: Duration::from_secs(arguments.time),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("could not start: {error}")),
    };
    let codes = runtime.block_on(all(arguments, subjects, &options));
    // A name that cannot be resolved may keep a thread of the resolver busy: it is not waited for.
    runtime.shutdown_background();
    match codes {
        Ok(codes) => ExitCode::from(gravest(codes)),
        Err(text) => refuse(&text),
    }
}

async fn all(
    arguments: &CertsCheckArguments,
    mut subjects: Vec<Subject>,
    options: &CheckOptions,
) -> Result<Vec<u8>, String> {
    if let Some(domain) = &arguments.mx {
        for host in hosts_of(domain).await? {
            subjects.push(subject(&host, arguments.implicit)?);
        }
    }
    let mut codes = Vec::new();
    for subject in &subjects {
        for checked in preflight(subject, options, SystemTime::now()).await {
            print(&match arguments.format {
                CertsFormat::Json => preflight_line(&checked),
                CertsFormat::Human if codes.is_empty() => preflight_text(&checked),
                CertsFormat::Human => format!("\n{}", preflight_text(&checked)),
            });
            codes.push(checked.exit_code());
        }
    }
    Ok(codes)
}

async fn hosts_of(domain: &str) -> Result<Vec<String>, String> {
    if !is_name(domain) {
        return Err(format!("`{domain}` is no domain"));
    }
    let text = files::text(Path::new("/etc/resolv.conf"), limits::FILE);
    let text = text.map_err(|error| format!("could not read /etc/resolv.conf: {error}"))?;
    mail_hosts(domain, &name_servers(&text)).await
}

/// A file where the text looks like one, else a host.
fn subject(text: &str, implicit: bool) -> Result<Subject, String> {
    let ends = [".pem", ".crt", ".cer"].iter().any(|end| text.ends_with(end));
    if text.contains('/') || (ends && Path::new(text).is_file()) {
        // Read here already: a file that is none is a wrong use, not a fact of a chain.
        let read = files::bytes(Path::new(text), limits::FILE);
        let read = read.and_then(|pem| crate::tls::read_certificates_pem(&pem).map(|_| ()));
        return match read {
            Ok(()) => Ok(Subject::File(PathBuf::from(text))),
            Err(error) => Err(format!("could not use the certificates {text}: {error}")),
        };
    }
    let target = parse_target(text, Entry::Relay).map_err(|error| error.to_string())?;
    let entry = match target.port {
        _ if implicit => Entry::Implicit,
        465 => Entry::Implicit,
        587 => Entry::Submission,
        _ => Entry::Relay,
    };
    Ok(Subject::Host(Target { entry, ..target }))
}

fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    !text.is_empty() && text.len() <= 253 && text.chars().all(fits)
}

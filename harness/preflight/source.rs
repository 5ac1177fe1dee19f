//! Where a chain is from: a host, or a file.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use waxseal_model::certificate::{StapleFacts, StapleStatus};
use waxseal_model::limits;
use waxseal_model::preflight::Staple;
use waxseal_model::scan::Target;

use super::fetch::Refuses;
use crate::catalogue::files;
use crate::scan::{Host, Limits, ServedChain, resolve, served_chains};
use crate::tls::read_certificates_pem;

/// What is checked.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A host, asked over STARTTLS or implicit TLS.
    Host(Target),
    /// A file in PEM, leaf first.
    File(PathBuf),
}

/// The chains as they were had: one, or one of each kind of key.
pub(super) struct Had {
    pub(super) address: Option<String>,
    pub(super) chains: Vec<HadChain>,
}

/// One of them: DER, leaf first.
pub(super) struct HadChain {
    pub(super) ders: Vec<Vec<u8>>,
    pub(super) staple: Staple,
}

impl Subject {
    /// What it is called.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Host(target) => format!("{}:{}", target.host, target.port),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// Reads the file, or asks the host at the first of its addresses that answers.
    ///
    /// # Errors
    /// Why there is no chain, as a sentence without its full stop.
    pub(super) async fn chains(&self, time: Duration, refuses: Refuses) -> Result<Had, String> {
        match self {
            Self::File(path) => of_file(path),
            Self::Host(target) => of_host(target, time, refuses).await,
        }
    }
}

fn of_file(path: &Path) -> Result<Had, String> {
    let ders = files::bytes(path, limits::FILE).and_then(|pem| read_certificates_pem(&pem));
    let ders =
        ders.map_err(|why| format!("The file {} could not be used: {why}", path.display()))?;
    Ok(Had { address: None, chains: vec![HadChain { ders, staple: Staple::NotAsked }] })
}

async fn of_host(target: &Target, time: Duration, refuses: Refuses) -> Result<Had, String> {
    let name = &target.host;
    let addresses = resolve(target, time).await;
    let addresses = addresses.map_err(|why| format!("The host {name} was not reached: {why}"))?;
    let mut why = String::new();
    for address in addresses.into_iter().take(4) {
        if let Some(refused) = refuses(address.ip()) {
            why = refused;
            continue;
        }
        let limits = Limits { connections: 1, time: time * 3, patience: time };
        let host = Host::new(target.clone(), address, limits, Instant::now());
        match served_chains(&host).await {
            Ok(served) => {
                let chains = served.into_iter().map(had).collect();
                return Ok(Had { address: Some(address.ip().to_string()), chains });
            }
            Err(error) => why = format!("{address}: {error}"),
        }
    }
    Err(format!("The host {name} showed no certificate: {why}"))
}

fn had((ders, staple): ServedChain) -> HadChain {
    let staple = match staple {
        None => Staple::None,
        Some(StapleFacts { status: StapleStatus::Good, current: true }) => Staple::Good,
        Some(_) => Staple::Bad,
    };
    HadChain { ders, staple }
}

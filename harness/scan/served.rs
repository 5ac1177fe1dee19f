//! The chains that a host shows to ordinary clients.

use waxseal_model::certificate::{KeyKind, StapleFacts};
use waxseal_model::facts::{Engine, TlsFacts};
use waxseal_model::offer::Offer;
use waxseal_model::scan::AskedKey;

use super::certificates::schemes;
use super::host::{Host, Visit};
use crate::tls::hello::Hellos;
use crate::tls::{self, ClientSetup, describe_certificate};

/// A chain (DER, leaf first), and the staple that came with it.
pub type ServedChain = (Vec<Vec<u8>>, Option<StapleFacts>);

/// The chain that the host shows to a client of TLS 1.2 and 1.3 that names it; and behind it the one that
/// it shows to a client that knows only the other kind of key, if it has one. Any chain is taken.
///
/// # Errors
/// Why there is none, as the end of a sentence about the host.
pub async fn served_chains(host: &Host) -> Result<Vec<ServedChain>, String> {
    let first = ask(host, Vec::new()).await?;
    let leaf = first.peer_chain.first().and_then(|leaf| describe_certificate(leaf));
    let mut chains = vec![(first.peer_chain, first.staple)];
    if let Some(leaf) = leaf {
        let other = if leaf.key == KeyKind::Rsa { AskedKey::Ecdsa } else { AskedKey::Rsa };
        // Most hosts have one kind of key, and end this handshake.
        if let Ok(second) = ask(host, schemes(other)).await
            && chains.iter().all(|(known, _)| *known != second.peer_chain)
        {
            chains.push((second.peer_chain, second.staple));
        }
    }
    Ok(chains)
}

async fn ask(host: &Host, schemes: Vec<String>) -> Result<TlsFacts, String> {
    let sni = Hellos::new(&host.target.host).sni().map(str::to_owned);
    // This engine takes the weak chains too, and asks for a staple.
    let setup = ClientSetup {
        offer: Offer { schemes, ..Offer::modern() },
        sni,
        identity: None,
        engine: Some(Engine::Legacy),
        sessions: None,
    };
    let Visit { stream, place: _place, .. } = host.visit().await.map_err(|why| why.words())?;
    let session = tls::connect(&setup, stream, host.patience()).await.result;
    Ok(session.map_err(|failure| format!("the handshake failed: {}", failure.detail))?.facts)
}

//! The one chain that a host shows to an ordinary client.

use waxseal_model::certificate::StapleFacts;
use waxseal_model::facts::Engine;
use waxseal_model::offer::{Offer, Version};

use super::host::{Host, Visit};
use crate::tls::hello::Hellos;
use crate::tls::{self, ClientSetup};

/// The chain (DER, leaf first) that the host shows to a client of TLS 1.2 and 1.3 that names it, and
/// the staple that it sends with it. Any chain is taken.
///
/// # Errors
/// Why there is none, as the end of a sentence about the host.
pub async fn served_chain(host: &Host) -> Result<(Vec<Vec<u8>>, Option<StapleFacts>), String> {
    let sni = Hellos::new(&host.target.host).sni().map(str::to_owned);
    // This engine takes the weak chains too, and asks for a staple.
    let setup = ClientSetup {
        offer: Offer { versions: vec![Version::Tls12, Version::Tls13], ..Offer::modern() },
        sni,
        identity: None,
        engine: Some(Engine::Legacy),
        sessions: None,
    };
    let Visit { stream, place: _place, .. } = host.visit().await.map_err(|why| why.words())?;
    let session = tls::connect(&setup, stream, host.patience()).await.result;
    let facts =
        session.map_err(|failure| format!("the handshake failed: {}", failure.detail))?.facts;
    Ok((facts.peer_chain, facts.staple))
}

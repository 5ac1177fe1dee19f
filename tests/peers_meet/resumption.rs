//! Sessions that are resumed: with tickets of either engine, and never without.

use waxseal::internals::catalogue::Catalogue;
use waxseal::internals::tls::{SessionStore, Tickets, accept, connect};
use waxseal_model::facts::{Engine, HelloFacts, TlsFacts};
use waxseal_model::offer::{Offer, SuiteKind, Version};

use super::offers::offer;
use super::{Identities, PATIENCE, carry};

/// Two connections of one client to one server: the server's facts of both, and the second hello.
async fn twice(
    identities: &Identities,
    (version, server): (Version, Engine),
    tickets: Option<Tickets>,
    early_data: bool,
) -> (TlsFacts, TlsFacts, HelloFacts) {
    let offer: Offer = offer(&[version], &[SuiteKind::Tls13, SuiteKind::Ecdhe]);
    let engines = (Engine::Modern, server);
    let (mut client, mut server) = identities.setups(engines, (&offer, &offer), &identities.rsa);
    let sessions = SessionStore::new();
    client.sessions = Some(if early_data { sessions.with_early_data() } else { sessions });
    server.tickets = tickets;
    let mut told = Vec::new();
    for _ in 0..2 {
        let (left, right) = tokio::io::duplex(1 << 16);
        let ours = async { carry(connect(&client, left, PATIENCE).await, true).await };
        let theirs = async {
            let handshake = accept(&server, right, PATIENCE).await;
            let hello = handshake.hello.clone();
            (hello, carry(handshake, false).await)
        };
        let (client, (hello, server)) = tokio::join!(ours, theirs);
        let client = client.expect("the client finishes");
        let server = server.expect("the server finishes");
        assert_eq!(client.resumed, server.resumed);
        told.push((server, hello.expect("there was a hello")));
    }
    let (second, hello) = told.pop().expect("there were two connections");
    let (first, _) = told.pop().expect("there were two connections");
    (first, second, hello)
}

#[tokio::test]
async fn a_session_is_resumed_by_its_ticket_and_not_without() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let identities = Identities::new(&catalogue.recipes);
    for version in [Version::Tls12, Version::Tls13] {
        for engine in [Engine::Modern, Engine::Legacy] {
            let tickets = Some(Tickets::new().expect("there is randomness"));
            let (first, second, _) = twice(&identities, (version, engine), tickets, false).await;
            assert_eq!((first.resumed, second.resumed), (false, true), "{version} {engine:?}");
            let (_, second, hello) = twice(&identities, (version, engine), None, false).await;
            assert!(!second.resumed && hello.psk_identities == 0, "{version} {engine:?}");
        }
    }
}

#[tokio::test]
async fn early_data_is_offered_where_the_ticket_allows_it_and_the_client_wants_it() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let identities = Identities::new(&catalogue.recipes);
    for engine in [Engine::Modern, Engine::Legacy] {
        for (allowed, wanted) in [(true, true), (true, false), (false, true)] {
            let tickets = Tickets::new().expect("there is randomness");
            let tickets = Some(if allowed { tickets.with_early_data(16_384) } else { tickets });
            let (_, _, hello) = twice(&identities, (Version::Tls13, engine), tickets, wanted).await;
            let offered = hello.extensions.iter().any(|name| name == "early_data");
            assert_eq!(offered, allowed && wanted, "{engine:?} {allowed} {wanted}");
            assert_eq!(hello.psk_identities, 1, "{engine:?}");
        }
    }
}

//! Certificates of clients: shown, missing, and without their key.

use tokio::io::{AsyncReadExt, duplex};
use waxseal::internals::catalogue::Catalogue;
use waxseal::internals::tls::{AskClient, Identity, accept, choose, connect, is_alert};
use waxseal_model::facts::{Alert, ClientCertificate, Engine, FailureCause, Speaker};
use waxseal_model::offer::{Offer, SuiteKind, Version};

use super::offers::offer;
use super::{Identities, Meeting, PAIRINGS, PATIENCE, is_the_same, meet};

#[tokio::test]
async fn a_client_certificate_is_told_alike_by_both_sides() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let identities = Identities::new(&catalogue.recipes);
    for version in Version::ALL {
        for engines in PAIRINGS {
            for (ask, shows, told) in [
                (AskClient::No, true, ClientCertificate::NotAsked),
                (AskClient::Optional, false, ClientCertificate::NotShown),
                (AskClient::Optional, true, ClientCertificate::Shown),
                (AskClient::Required, true, ClientCertificate::Shown),
            ] {
                let offer = offer(&[version], &[SuiteKind::All]);
                let offer = if version >= Version::Tls12 {
                    Offer { versions: vec![version], ..Offer::modern() }
                } else {
                    offer
                };
                let (mut client, mut server) =
                    identities.setups(engines, (&offer, &offer), &identities.rsa);
                client.identity = shows.then(|| identities.client.clone());
                server.ask = ask;
                match meet(&client, &server).await {
                    Meeting::Met(client, server) => {
                        is_the_same(&client, &server);
                        assert_eq!(client.client_certificate, told, "{version} {engines:?}");
                        let shown = told == ClientCertificate::Shown;
                        let chain = if shown { &identities.client.chain[..] } else { &[] };
                        assert_eq!(server.peer_chain, chain, "{version} {engines:?}");
                        assert_eq!(client.peer_chain, identities.rsa.chain);
                    }
                    Meeting::Unplayable(why) => println!("{version} {engines:?}: {why}"),
                    Meeting::Apart(client, server) => {
                        panic!("{version} {engines:?} {ask:?} {shows}: {client:?}, {server:?}")
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_certificate_without_its_key_is_played_and_found_out() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let identities = Identities::new(&catalogue.recipes);
    for version in [Version::Tls12, Version::Tls13] {
        let offer = Offer { versions: vec![version], ..Offer::modern() };
        for engines in PAIRINGS {
            let (mut client, mut server) =
                identities.setups(engines, (&offer, &offer), &identities.rsa);
            let stolen = identities.client.chain.clone();
            client.identity = Some(Identity { chain: stolen, ..identities.ecdsa.clone() });
            server.ask = AskClient::Optional;
            if engines.0 == Engine::Legacy {
                let chosen = choose(&offer, client.identity.as_ref(), client.engine);
                assert!(chosen.is_err(), "{version}: {chosen:?}");
                continue;
            }
            let (left, right) = duplex(1 << 16);
            let (_, server) =
                tokio::join!(connect(&client, left, PATIENCE), accept(&server, right, PATIENCE));
            let failure = server.result.expect_err("the proof is wrong");
            assert_eq!(failure.cause, FailureCause::OurObjection, "{version}: {failure:?}");
        }
    }
}

#[tokio::test]
async fn an_alert_behind_the_handshake_is_told_with_its_direction() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let identities = Identities::new(&catalogue.recipes);
    let offer = offer(&[Version::Tls13], &[SuiteKind::Tls13]);
    for engines in PAIRINGS {
        let (client, mut server) = identities.setups(engines, (&offer, &offer), &identities.rsa);
        // In TLS 1.3 the client is finished before the server can miss its certificate.
        server.ask = AskClient::Required;
        let (left, right) = duplex(1 << 16);
        let (client, server) =
            tokio::join!(connect(&client, left, PATIENCE), accept(&server, right, PATIENCE));
        let mut session = client.result.expect("the client is finished");
        let error = session.read_u8().await.expect_err("the server has sent an alert");
        assert!(is_alert(&error), "{error:?}");
        let heard = session.take_alerts();
        // certificate_required (RFC 8446 section 6.2).
        assert_eq!(heard, [Alert { by: Speaker::Relay, description: 116 }], "{engines:?}");
        let failure = server.result.expect_err("the server wants a certificate");
        // The modern engine sends it encrypted and keeps it to itself.
        let said = (engines.1 == Engine::Legacy).then_some(116);
        assert_eq!(failure.alert_said, said, "{failure:?}");
    }
}

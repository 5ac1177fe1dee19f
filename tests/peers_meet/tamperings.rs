//! Each tampering against the clients of both libraries: OpenSSL refuses it with the alert that the
//! standard names, so it is refused for what it is and for nothing else.

use tokio::io::duplex;
use waxseal::internals::catalogue::Catalogue;
use waxseal::internals::tls::{AskClient, ClientSetup, ServerSetup, accept_tampering, connect};
use waxseal_model::facts::Engine::{self, Legacy, Modern};
use waxseal_model::facts::TamperReaction;
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind, Version};
use waxseal_model::scenario::{TamperedVersion, Tampering};

use super::{Identities, PATIENCE, SNI};

/// What a client of each library says, OpenSSL first: an alert, or that it goes on. rustls refuses
/// some with another alert than the standard names.
const ANSWERS: [(Tampering, Version, Option<u8>, Option<u8>); 30] = {
    use Version::{Tls12, Tls13};
    [
        (Tampering::AlertAfterHello, Tls12, None, None),
        (Tampering::AlpnNotOffered, Tls12, Some(110), Some(110)),
        (Tampering::CompressionChosen, Tls12, Some(47), Some(47)),
        (Tampering::DoneBeforeKeyExchange, Tls12, Some(10), Some(10)),
        (Tampering::DowngradeSentinel, Tls12, Some(47), Some(47)),
        (Tampering::EmptyRecord, Tls12, GOES_ON, Some(50)),
        (Tampering::EmptyRecord, Tls13, GOES_ON, Some(50)),
        (Tampering::ExtensionUnknown, Tls12, GOES_ON, Some(110)),
        (Tampering::Fragments, Tls12, GOES_ON, GOES_ON),
        (Tampering::Fragments, Tls13, GOES_ON, GOES_ON),
        (Tampering::GroupNotOffered, Tls12, Some(47), Some(47)),
        (Tampering::GroupNotOffered, Tls13, Some(47), Some(47)),
        (Tampering::GroupNotShared, Tls13, Some(47), Some(47)),
        (Tampering::Nothing, Tls12, GOES_ON, GOES_ON),
        (Tampering::Nothing, Tls13, GOES_ON, GOES_ON),
        (Tampering::RecordTooLong, Tls12, Some(22), Some(50)),
        (Tampering::RenegotiationInfoMissing, Tls12, Some(40), GOES_ON),
        (Tampering::RetryForSharedGroup, Tls13, Some(47), Some(47)),
        (Tampering::RetryTwice, Tls13, Some(10), Some(10)),
        (Tampering::SecondServerHello, Tls12, Some(10), Some(10)),
        (Tampering::SelectedVersionOld, Tls13, Some(47), Some(47)),
        (Tampering::SelectedVersionUnknown, Tls13, Some(47), Some(70)),
        // rustls minds the echo of a HelloRetryRequest only.
        (Tampering::SessionIdChanged, Tls13, Some(47), GOES_ON),
        (Tampering::ShareAllZero, Tls13, Some(47), Some(47)),
        (Tampering::SignatureBroken, Tls12, Some(51), Some(51)),
        (Tampering::SuiteNotOffered, Tls12, Some(47), Some(40)),
        (Tampering::SuiteNotOffered, Tls13, Some(47), Some(40)),
        (Tampering::SuiteOfTls13, Tls12, Some(47), Some(47)),
        (Tampering::VersionSsl3, Tls12, Some(70), Some(70)),
        (Tampering::VersionTls13, Tls12, Some(47), Some(47)),
    ]
};

const GOES_ON: Option<u8> = None;

/// What a client of this library does about a tampering of a server of the other.
async fn answer(
    tampering: Tampering,
    version: Version,
    (client, server): (Engine, Engine),
    identities: &Identities,
) -> (TamperReaction, bool) {
    let mut offer = Offer::modern();
    if tampering.version() != TamperedVersion::Both {
        offer.versions = vec![version];
        let kind = if version == Version::Tls13 { SuiteKind::Tls13 } else { SuiteKind::Ecdhe };
        offer.suites = vec![SuiteChoice::Kind(kind)];
    }
    match tampering {
        Tampering::RetryTwice => offer.groups = vec!["p-384".into()],
        Tampering::ShareAllZero => offer.groups = vec!["x25519".into()],
        _ => {}
    }
    let mut asked = Offer::modern();
    // One share is sent, for the first.
    asked.groups = vec!["x25519".into(), "p-256".into(), "p-384".into()];
    let identity = identities.ecdsa.clone();
    let setup = ServerSetup {
        offer,
        identity,
        ask: AskClient::No,
        engine: Some(server),
        renegotiates: false,
        tickets: None,
    };
    let asks = ClientSetup {
        offer: asked,
        sni: Some(SNI.into()),
        identity: None,
        engine: Some(client),
        sessions: None,
    };
    let (left, right) = duplex(1 << 16);
    let (handshake, (_, tampered)) = tokio::join!(
        async {
            let handshake = connect(&asks, left, PATIENCE).await;
            handshake.result.is_ok()
        },
        accept_tampering(&setup, tampering, right, PATIENCE),
    );
    let name = tampering.name();
    let tampered = tampered.unwrap_or_else(|| panic!("{name}: nothing went out"));
    assert_eq!(tampered.version, version, "{name}");
    (tampered.answer, handshake)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tampering_is_refused_for_what_it_is() {
    let catalogue = Catalogue::embedded().expect("the embedded recipes are right");
    let identities = Identities::new(&catalogue.recipes);
    let mut wrong = Vec::new();
    for (tampering, version, openssl, rustls) in ANSWERS {
        for (client, expected) in [(Legacy, openssl), (Modern, rustls)] {
            for server in [Legacy, Modern] {
                let engines = (client, server);
                let (answer, met) = answer(tampering, version, engines, &identities).await;
                let fits = match (&answer, expected) {
                    (TamperReaction::Alert(code), Some(alert)) => *code == alert,
                    (TamperReaction::WentOn(_), None) => true,
                    // What follows a fatal alert is the end.
                    (TamperReaction::Closed, None) => tampering == Tampering::AlertAfterHello,
                    _ => false,
                };
                let harmless = [Tampering::EmptyRecord, Tampering::Fragments, Tampering::Nothing];
                let meets = expected.is_none() && harmless.contains(&tampering);
                if !fits || met != meets {
                    let name = tampering.name();
                    wrong.push(format!("{name} {version} {client:?} {server:?}: {answer:?} {met}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_tampering_is_here_but_those_that_only_end_or_warn() {
    let left_out = [Tampering::FlightTruncated, Tampering::WarningBeforeHello];
    for tampering in Tampering::ALL {
        let here = ANSWERS.iter().any(|(there, ..)| *there == tampering);
        assert_ne!(here, left_out.contains(&tampering), "{tampering}");
    }
}

//! Each forgery against the clients of both libraries: OpenSSL refuses it with the alert that the
//! standard names, so it is refused for what it is and for nothing else.

use tokio::io::duplex;
use waxseal::catalogue::Catalogue;
use waxseal::tls::{AskClient, ClientSetup, ServerSetup, accept_forging, connect};
use waxseal_model::facts::Engine::{self, Legacy, Modern};
use waxseal_model::facts::ForgeryAnswer;
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind, Version};
use waxseal_model::scenario::{ForgedVersion, Forgery};

use super::{Identities, PATIENCE, SNI};

/// What a client of each library says, OpenSSL first: an alert, or that it goes on. rustls refuses
/// some with another alert than the standard names.
const ANSWERS: [(Forgery, Version, Option<u8>, Option<u8>); 30] = {
    use Version::{Tls12, Tls13};
    [
        (Forgery::AlertAfterHello, Tls12, None, None),
        (Forgery::AlpnNotOffered, Tls12, Some(110), Some(110)),
        (Forgery::CompressionChosen, Tls12, Some(47), Some(47)),
        (Forgery::DoneBeforeKeyExchange, Tls12, Some(10), Some(10)),
        (Forgery::DowngradeMark, Tls12, Some(47), Some(47)),
        (Forgery::EmptyRecord, Tls12, GOES_ON, Some(50)),
        (Forgery::EmptyRecord, Tls13, GOES_ON, Some(50)),
        (Forgery::ExtensionUnknown, Tls12, GOES_ON, Some(110)),
        (Forgery::Fragments, Tls12, GOES_ON, GOES_ON),
        (Forgery::Fragments, Tls13, GOES_ON, GOES_ON),
        (Forgery::GroupNotOffered, Tls12, Some(47), Some(47)),
        (Forgery::GroupNotOffered, Tls13, Some(47), Some(47)),
        (Forgery::GroupNotShared, Tls13, Some(47), Some(47)),
        (Forgery::Nothing, Tls12, GOES_ON, GOES_ON),
        (Forgery::Nothing, Tls13, GOES_ON, GOES_ON),
        (Forgery::RecordTooLong, Tls12, Some(22), Some(50)),
        (Forgery::RenegotiationInfoMissing, Tls12, Some(40), GOES_ON),
        (Forgery::RetryForSharedGroup, Tls13, Some(47), Some(47)),
        (Forgery::RetryTwice, Tls13, Some(10), Some(10)),
        (Forgery::SecondServerHello, Tls12, Some(10), Some(10)),
        (Forgery::SelectedVersionOld, Tls13, Some(47), Some(47)),
        (Forgery::SelectedVersionUnknown, Tls13, Some(47), Some(70)),
        // rustls minds the echo of a HelloRetryRequest only.
        (Forgery::SessionIdChanged, Tls13, Some(47), GOES_ON),
        (Forgery::ShareAllZero, Tls13, Some(47), Some(47)),
        (Forgery::SignatureBroken, Tls12, Some(51), Some(51)),
        (Forgery::SuiteNotOffered, Tls12, Some(47), Some(40)),
        (Forgery::SuiteNotOffered, Tls13, Some(47), Some(40)),
        (Forgery::SuiteOfTls13, Tls12, Some(47), Some(47)),
        (Forgery::VersionSsl3, Tls12, Some(70), Some(70)),
        (Forgery::VersionTls13, Tls12, Some(47), Some(47)),
    ]
};

const GOES_ON: Option<u8> = None;

/// What a client of this library does about a forgery of a server of the other.
async fn answer(
    forgery: Forgery,
    version: Version,
    (client, server): (Engine, Engine),
    identities: &Identities,
) -> (ForgeryAnswer, bool) {
    let mut offer = Offer::modern();
    if forgery.version() != ForgedVersion::Both {
        offer.versions = vec![version];
        let kind = if version == Version::Tls13 { SuiteKind::Tls13 } else { SuiteKind::Ecdhe };
        offer.suites = vec![SuiteChoice::Kind(kind)];
    }
    match forgery {
        Forgery::RetryTwice => offer.groups = vec!["p-384".into()],
        Forgery::ShareAllZero => offer.groups = vec!["x25519".into()],
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
    let (handshake, (_, forged)) = tokio::join!(
        async {
            let handshake = connect(&asks, left, PATIENCE).await;
            handshake.result.is_ok()
        },
        accept_forging(&setup, forgery, right, PATIENCE),
    );
    let name = forgery.name();
    let forged = forged.unwrap_or_else(|| panic!("{name}: nothing went out"));
    assert_eq!(forged.version, version, "{name}");
    (forged.answer, handshake)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_forgery_is_refused_for_what_it_is() {
    let catalogue = Catalogue::embedded().expect("the embedded recipes are right");
    let identities = Identities::new(&catalogue.recipes);
    let mut wrong = Vec::new();
    for (forgery, version, openssl, rustls) in ANSWERS {
        for (client, expected) in [(Legacy, openssl), (Modern, rustls)] {
            for server in [Legacy, Modern] {
                let engines = (client, server);
                let (answer, met) = answer(forgery, version, engines, &identities).await;
                let fits = match (&answer, expected) {
                    (ForgeryAnswer::Alert(code), Some(alert)) => *code == alert,
                    (ForgeryAnswer::WentOn(_), None) => true,
                    // What follows a fatal alert is the end.
                    (ForgeryAnswer::Closed, None) => forgery == Forgery::AlertAfterHello,
                    _ => false,
                };
                let harmless = [Forgery::EmptyRecord, Forgery::Fragments, Forgery::Nothing];
                let meets = expected.is_none() && harmless.contains(&forgery);
                if !fits || met != meets {
                    let name = forgery.name();
                    wrong.push(format!("{name} {version} {client:?} {server:?}: {answer:?} {met}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_forgery_is_here_but_those_that_only_end_or_warn() {
    let left_out = [Forgery::FlightTruncated, Forgery::WarningBeforeHello];
    for (name, forgery) in Forgery::NAMES {
        let here = ANSWERS.iter().any(|(there, ..)| *there == forgery);
        assert_ne!(here, left_out.contains(&forgery), "{name}");
    }
}

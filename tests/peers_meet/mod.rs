//! No peer may be stronger than asked: every offer against its mirror and against its opposite,
//! with each engine on each side. Otherwise a relay would pass a ban by our own accident.

mod certificates;
mod offers;
mod resumption;
mod tamperings;

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use waxseal::internals::catalogue::Catalogue;
use waxseal::internals::tls::{
    AskClient, ClientSetup, Handshake, Identity, ServerSetup, Session, accept, choose, connect,
    resolve,
};
use waxseal_certs::{Authorities, Recipes};
use waxseal_model::facts::{ClientCertificate, Engine, FailureCause, TlsFacts, TlsFailure};
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind, Version};

use self::offers::{offer, offers, opposites, words};

/// Client and server, each engine on each side.
const PAIRINGS: [(Engine, Engine); 4] = [
    (Engine::Modern, Engine::Modern),
    (Engine::Modern, Engine::Legacy),
    (Engine::Legacy, Engine::Modern),
    (Engine::Legacy, Engine::Legacy),
];

/// More than any handshake in memory takes: reached only by one that hangs.
const PATIENCE: Duration = Duration::from_secs(20);

const SNI: &str = "mx.meet.test";

/// What came of two setups.
enum Meeting {
    /// Both sides finished and carried a line each way: the facts of the client, of the server.
    Met(Box<TlsFacts>, Box<TlsFacts>),
    /// Neither did: what the client says, and the server.
    Apart(TlsFailure, TlsFailure),
    /// An engine that was forced cannot play its side.
    Unplayable(String),
}

async fn meet(client: &ClientSetup, server: &ServerSetup) -> Meeting {
    let playable = choose(&client.offer, client.identity.as_ref(), client.engine)
        .map_err(|why| format!("- (client: {})", why.0))
        .and(
            choose(&server.offer, Some(&server.identity), server.engine)
                .map_err(|why| format!("- (server: {})", why.0)),
        );
    if let Err(why) = playable {
        return Meeting::Unplayable(why);
    }
    let (left, right) = duplex(1 << 16);
    let (left, right) =
        tokio::join!(async { carry(connect(client, left, PATIENCE).await, true).await }, async {
            carry(accept(server, right, PATIENCE).await, false).await
        },);
    match (left, right) {
        (Ok(client), Ok(server)) => Meeting::Met(Box::new(client), Box::new(server)),
        (Err(client), Err(server)) => Meeting::Apart(client, server),
        (left, right) => panic!("one side alone has a session: {left:?}, {right:?}"),
    }
}

/// Carries a line each way over what was negotiated.
async fn carry(handshake: Handshake, client: bool) -> Result<TlsFacts, TlsFailure> {
    let mut session: Session = handshake.result?;
    let (ours, theirs) =
        if client { (b"EHLO\r\n", b"250 \r\n") } else { (b"250 \r\n", b"EHLO\r\n") };
    session.write_all(ours).await.expect("a finished session carries bytes");
    session.flush().await.expect("a finished session carries bytes");
    let mut heard = [0; 6];
    session.read_exact(&mut heard).await.expect("a finished session carries bytes");
    assert_eq!(&heard, theirs);
    Ok(session.facts.clone())
}

/// What our peers show.
struct Identities {
    ecdsa: Identity,
    rsa: Identity,
    ed25519: Identity,
    client: Identity,
}

impl Identities {
    fn new(recipes: &Recipes) -> Self {
        let authorities = Authorities::new(SystemTime::now()).expect("authorities can be made");
        let issue = |recipe: &str| {
            let issued = authorities.issue(&recipes[recipe], SNI).expect("a recipe can be made");
            Identity { chain: issued.chain, key: issued.key, weak: issued.weak }
        };
        Self {
            ecdsa: issue("trusted"),
            rsa: issue("trusted-rsa"),
            ed25519: issue("trusted-ed25519"),
            client: issue("client"),
        }
    }

    /// As in a run: what only the legacy engine plays wants an RSA key. So do suites that name RSA,
    /// and groups: in TLS 1.2 they bind the curve of a certificate as well (RFC 8422 section 5.1). A
    /// scheme wants its own.
    fn of(&self, offer: &Offer) -> &Identity {
        match offer.schemes.first().map(String::as_str) {
            Some("ed25519") => return &self.ed25519,
            Some(scheme) if scheme.starts_with("ecdsa") => return &self.ecdsa,
            _ => {}
        }
        let modern = choose(offer, None, None) == Ok(Engine::Modern);
        let named = offer.suites.iter().any(|suite| matches!(suite, SuiteChoice::Named(_)));
        if modern && !named && offer.groups.is_empty() { &self.ecdsa } else { &self.rsa }
    }

    fn setups(
        &self,
        (client, server): (Engine, Engine),
        offers: (&Offer, &Offer),
        identity: &Identity,
    ) -> (ClientSetup, ServerSetup) {
        let client = ClientSetup {
            offer: offers.0.clone(),
            sni: Some(SNI.into()),
            identity: None,
            engine: Some(client),
            sessions: None,
        };
        let server = ServerSetup {
            offer: offers.1.clone(),
            identity: identity.clone(),
            ask: AskClient::No,
            engine: Some(server),
            tickets: None,
            renegotiates: false,
        };
        (client, server)
    }
}

fn pairing((client, server): (Engine, Engine)) -> String {
    format!("{client:?} to {server:?}").to_lowercase()
}

#[tokio::test]
async fn an_offer_meets_its_mirror_with_what_was_asked_and_nothing_better() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let identities = Identities::new(&catalogue.recipes);
    let mut negotiated = BTreeSet::new();
    for offer in offers(&catalogue) {
        let mut playable = false;
        for engines in PAIRINGS {
            let identity = identities.of(&offer);
            let (client, server) = identities.setups(engines, (&offer, &offer), identity);
            let met = meet(&client, &server).await;
            let (name, pairing) = (words(&offer), pairing(engines));
            match met {
                Meeting::Met(client, server) => {
                    playable = true;
                    println!("{name:<44} {pairing:<17} {}", facts_in_words(&client));
                    is_what_was_asked(&offer, &client);
                    is_the_same(&client, &server);
                    negotiated.extend(traits(&client));
                }
                Meeting::Unplayable(why) => println!("{name:<44} {pairing:<17} {why}"),
                Meeting::Apart(client, server) => {
                    panic!("{name}, {pairing}: {client:?}, {server:?}")
                }
            }
        }
        let named = catalogue.cases().flat_map(|case| &case.peers).any(|peer| peer.offer == offer);
        assert!(playable || !named, "a scenario names what nobody plays: {}", words(&offer));
    }
    for wanted in [
        "SSL 3.0",
        "TLS 1.0",
        "TLS 1.1",
        "TLS 1.2",
        "TLS 1.3",
        "static-rsa",
        "3des",
        "rc4",
        "null",
        "anonymous",
        "dhe",
        "ecdhe",
        "512 bits",
        "768 bits",
        "1024 bits",
        "2048 bits",
        "x25519",
        "p-256",
        "p-384",
        "p-521",
        "x25519mlkem768",
    ] {
        assert!(negotiated.contains(wanted), "{wanted} was never negotiated");
    }
}

fn facts_in_words(facts: &TlsFacts) -> String {
    let group = facts.group.as_deref().map(|group| format!(", {group}")).unwrap_or_default();
    let bits = facts.dh_bits.map(|bits| format!(", {bits} bits")).unwrap_or_default();
    format!("{} {}{group}{bits}", facts.version, facts.suite.name)
}

fn is_what_was_asked(offer: &Offer, facts: &TlsFacts) {
    assert_eq!(facts.version, offer.newest(), "{}", words(offer));
    assert_eq!(resolve(offer, &[facts.suite.id]), [facts.suite.id], "{}", words(offer));
    if let (Some(group), false) = (&facts.group, offer.groups.is_empty()) {
        assert!(offer.groups.contains(group), "{}: {group}", words(offer));
    }
    if let Some(bits) = facts.dh_bits {
        assert_eq!(bits, u32::from(offer.dh_bits.unwrap_or(2048)), "{}", words(offer));
    }
}

/// Both sides tell the same of one session.
fn is_the_same(client: &TlsFacts, server: &TlsFacts) {
    let told = |facts: &TlsFacts| {
        (
            (facts.version, facts.suite.clone(), facts.group.clone(), facts.dh_bits),
            (facts.forward_secrecy, facts.resumed, facts.client_certificate),
            (facts.sni.clone(), facts.alpn.clone(), facts.server_extensions.clone()),
        )
    };
    assert_eq!(told(client), told(server));
    proofs_are_told(client, server);
    // SSL 3.0 has no extensions.
    let sni = (client.version > Version::Ssl3).then_some(SNI);
    assert_eq!(client.sni.as_deref(), sni);
}

/// Who showed a certificate proved that it has the key, and nobody else did.
fn proofs_are_told(client: &TlsFacts, server: &TlsFacts) {
    let anonymous = client.suite.is(SuiteKind::Anonymous);
    let signs = !anonymous && !client.suite.is(SuiteKind::StaticRsa);
    assert_eq!(client.peer_key_proven, !client.peer_chain.is_empty(), "{client:?}");
    assert_eq!(client.peer_signature.is_some(), signs, "{client:?}");
    let shown = server.client_certificate == ClientCertificate::Shown;
    assert_eq!((server.peer_key_proven, server.peer_signature.is_some()), (shown, shown));
    assert_eq!(server.peer_chain.is_empty(), !shown);
    if client.version == Version::Tls13 {
        let told: BTreeSet<_> = client.server_extensions.iter().map(String::as_str).collect();
        assert_eq!(told, BTreeSet::from(["key_share", "supported_versions"]), "{client:?}");
    }
}

fn traits(facts: &TlsFacts) -> Vec<String> {
    let kinds = facts.suite.kinds.iter().map(|kind| kind.name().to_owned());
    let bits = facts.dh_bits.map(|bits| format!("{bits} bits"));
    kinds.chain([facts.version.to_string()]).chain(bits).chain(facts.group.clone()).collect()
}

#[tokio::test]
async fn offers_without_anything_in_common_do_not_meet() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let identities = Identities::new(&catalogue.recipes);
    for (ours, theirs) in opposites() {
        for engines in PAIRINGS {
            let identity = &identities.rsa;
            let (client, server) = identities.setups(engines, (&ours, &theirs), identity);
            let name = format!("{} to {}, {}", words(&ours), words(&theirs), pairing(engines));
            match meet(&client, &server).await {
                Meeting::Met(facts, _) => panic!("{name}: {}", facts_in_words(&facts)),
                Meeting::Unplayable(_) => {}
                Meeting::Apart(client, server) => {
                    let causes = [client.cause, server.cause];
                    println!("{name:<90} {:?}, {:?}", client.cause, server.cause);
                    let known = [
                        FailureCause::NothingInCommon,
                        FailureCause::RelayAlert,
                        FailureCause::RelayClosed,
                    ];
                    assert!(
                        causes.iter().all(|cause| known.contains(cause)),
                        "{name}: {client:?}, {server:?}"
                    );
                    assert!(
                        causes.contains(&FailureCause::NothingInCommon),
                        "{name}: {client:?}, {server:?}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn an_old_server_leaves_it_to_the_client_to_refuse() {
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let identities = Identities::new(&catalogue.recipes);
    // A client that has suites of old, and no old version.
    let client = offer(&[Version::Tls12, Version::Tls13], &[SuiteKind::All]);
    for version in [Version::Ssl3, Version::Tls10, Version::Tls11] {
        let server = offer(&[version], &[SuiteKind::All]);
        let engines = (Engine::Legacy, Engine::Legacy);
        let (client, server) = identities.setups(engines, (&client, &server), &identities.rsa);
        match meet(&client, &server).await {
            Meeting::Apart(client, server) => {
                // protocol_version (RFC 8996 section 4).
                assert_eq!(client.alert_said, Some(70), "{version}: {client:?}");
                assert_eq!(server.alert_heard, Some(70), "{version}: {server:?}");
                assert_eq!(server.cause, FailureCause::RelayAlert, "{version}: {server:?}");
            }
            Meeting::Met(..) => panic!("{version} was negotiated"),
            Meeting::Unplayable(why) => panic!("{version}: {why}"),
        }
    }
}

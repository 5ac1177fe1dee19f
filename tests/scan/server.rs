//! A mail host on loopback that speaks just enough SMTP to begin TLS, and then exactly one offer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use waxseal::internals::scan::{self, Depth, Limits, parse_target, survey};
use waxseal::internals::tls::{self, AskClient, Identity, ServerSetup};
use waxseal::internals::wire::{LineBuffer, read_line};
use waxseal_certs::{Authorities, Recipe};
use waxseal_model::facts::Engine;
use waxseal_model::offer::Offer;
use waxseal_model::scan::{Entry, HostFacts};

pub const PATIENCE: Duration = Duration::from_secs(5);

/// A certificate by a recipe in TOML.
pub fn identity(recipe: &str) -> Identity {
    certified(recipe).0
}

/// The same, and the root that it leads to, in PEM.
pub fn certified(recipe: &str) -> (Identity, String) {
    let recipe: Recipe = toml::from_str(recipe).expect("the recipe is right");
    let authorities = Authorities::new(SystemTime::now()).expect("authorities can be made");
    let issued = authorities.issue(&recipe, "mail.scan.test").expect("a certificate can be made");
    let identity = Identity { chain: issued.chain, key: issued.key, weak: issued.weak };
    (identity, authorities.trust_anchors_pem())
}

/// A server that plays this offer with the legacy engine.
pub fn setup(offer: Offer, identity: Identity) -> ServerSetup {
    ServerSetup {
        offer,
        identity,
        ask: AskClient::No,
        engine: Some(Engine::Legacy),
        tickets: None,
        renegotiates: false,
    }
}

/// What a host does with each connection, which has this number.
pub trait Behaviour: Clone + Send + Sync + 'static {
    fn serve(&self, stream: TcpStream, number: usize) -> impl Future<Output = ()> + Send;
}

/// What was learnt of a host, and with how many connections.
pub struct Surveyed {
    pub facts: HostFacts,
    pub connections: usize,
}

/// A host while it lives. Dropping it ends it.
pub struct Host {
    pub address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Host {
    pub async fn start(behaviour: impl Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
        let address = listener.local_addr().expect("a listener has an address");
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut sessions = JoinSet::new();
            for number in 0.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                let behaviour = behaviour.clone();
                sessions.spawn(async move { behaviour.serve(stream, number).await });
            }
        });
        Self { address, _tasks: tasks }
    }

    pub async fn survey(&self, limits: Limits) -> Surveyed {
        let target = parse_target("mail.scan.test", Entry::Relay).expect("it is a name");
        let host = scan::Host::new(target, self.address, limits, Instant::now());
        let facts = survey(&host, Depth::Whole).await;
        Surveyed { facts, connections: host.connections() }
    }
}

/// A correct host with this TLS.
#[derive(Clone)]
pub struct Correct(pub Arc<ServerSetup>);

impl Behaviour for Correct {
    async fn serve(&self, mut stream: TcpStream, _: usize) {
        if greet(&mut stream).await.is_some() {
            let handshake = tls::accept(&self.0, stream, PATIENCE).await;
            if let Ok(mut session) = handshake.result {
                let mut rest = [0; 64];
                let _ = tokio::time::timeout(PATIENCE, session.read(&mut rest)).await;
            }
        }
    }
}

/// Everything up to the 220 of STARTTLS.
pub async fn greet(stream: &mut TcpStream) -> Option<()> {
    let mut buffer = LineBuffer::default();
    stream.write_all(b"220 mail.scan.test ESMTP\r\n").await.ok()?;
    for reply in [&b"250-mail.scan.test\r\n250 STARTTLS\r\n"[..], b"220 go ahead\r\n"] {
        read_line(stream, &mut buffer, PATIENCE).await.ok()?;
        stream.write_all(reply).await.ok()?;
    }
    Some(())
}

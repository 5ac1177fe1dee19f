//! Renegotiation that is not tied to what came before it (CVE-2009-3555). Every library ties it
//! today, so the host is written here: TLS 1.2 with RSA and without encryption, so that there is
//! little to write.

use std::io;

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sha::sha256;
use openssl::sign::Signer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use waxseal::internals::scan::Limits;
use waxseal::internals::tls::Identity;
use waxseal::internals::wire::tls::{
    CLIENT_HELLO, ClientHello, Extension, ServerHello, content, handshake, kind, write_records,
};
use waxseal_model::scan::{Found, Sessions};

use super::server::{Behaviour, Host, greet, identity};

const TLS12: u16 = 0x0303;
/// TLS_RSA_WITH_NULL_SHA256.
const SUITE: u16 = 0x003b;
const CLIENT_KEY_EXCHANGE: u8 = 16;
const FINISHED: u8 = 20;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Begins a second handshake whenever it is asked, and ties it to nothing.
    Untied,
    /// Does one handshake, and ends the connection at a second.
    Once,
    /// The same, and says that it would tie a second one to the first.
    Tied,
}

#[derive(Clone)]
struct Plain {
    kind: Kind,
    chain: Vec<Vec<u8>>,
    key: Rsa<Private>,
}

impl Behaviour for Plain {
    async fn serve(&self, mut stream: TcpStream, _: usize) {
        if greet(&mut stream).await.is_some() {
            let _ = self.talk(&mut stream).await;
        }
    }
}

/// One direction of a connection: the key of its MAC, and how many records it had.
#[derive(Clone, Default)]
struct Direction {
    key: Option<Vec<u8>>,
    records: u64,
}

impl Direction {
    fn seal(&mut self, kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut sealed = payload.to_vec();
        if let Some(key) = &self.key {
            let length = (payload.len() as u16).to_be_bytes();
            let head = [&self.records.to_be_bytes()[..], &[kind, 3, 3], &length].concat();
            sealed.extend(hmac(key, &[head, payload.to_vec()].concat()));
            self.records += 1;
        }
        write_records(kind, TLS12, &sealed, 1 << 14)
    }

    /// What the other side sealed; that its MAC is right is its library's matter.
    fn open(&self, mut payload: Vec<u8>) -> Vec<u8> {
        if self.key.is_some() {
            payload.truncate(payload.len().saturating_sub(32));
        }
        payload
    }
}

impl Plain {
    fn new(kind: Kind, identity: &Identity) -> Self {
        let key = PKey::private_key_from_pkcs8(&identity.key).expect("a key is read");
        let key = key.rsa().expect("the key is RSA");
        Self { kind, chain: identity.chain.clone(), key }
    }

    async fn talk(&self, stream: &mut TcpStream) -> io::Result<()> {
        let (mut reads, mut writes) = (Direction::default(), Direction::default());
        let (mut heard, mut master, mut randoms) = (Vec::new(), Vec::new(), [[0; 32]; 2]);
        let mut handshakes = 0;
        loop {
            let (kind, payload) = record(stream).await?;
            let payload = reads.open(payload);
            let message = payload.first().copied().filter(|_| kind == content::HANDSHAKE);
            match message {
                Some(CLIENT_HELLO) if handshakes == 1 && self.kind != Kind::Untied => {
                    return Ok(());
                }
                Some(CLIENT_HELLO) => {
                    let hello = ClientHello::read(&payload[4..]).expect("the hellos are right");
                    if hello.legacy_version < TLS12 || !hello.suites.contains(&SUITE) {
                        let alert = writes.seal(content::ALERT, &[2, 40]);
                        return stream.write_all(&alert).await;
                    }
                    randoms = [hello.random, [7; 32]];
                    let flight = self.flight();
                    heard = [payload, flight.clone()].concat();
                    stream.write_all(&writes.seal(content::HANDSHAKE, &flight)).await?;
                }
                Some(CLIENT_KEY_EXCHANGE) => {
                    let mut plain = vec![0; 256];
                    let read = self.key.private_decrypt(&payload[6..], &mut plain, Padding::PKCS1);
                    plain.truncate(read.unwrap_or(0));
                    master = prf(&plain, "master secret", &randoms.concat(), 48);
                    heard.extend(payload);
                }
                None if kind == content::CHANGE_CIPHER_SPEC => {
                    if master.is_empty() {
                        return Ok(());
                    }
                    reads =
                        Direction { key: Some(self.keys(&master, randoms)[0].clone()), records: 0 };
                }
                Some(FINISHED) => {
                    heard.extend(payload);
                    let verify = prf(&master, "server finished", &sha256(&heard), 12);
                    let change = writes.seal(content::CHANGE_CIPHER_SPEC, &[1]);
                    writes =
                        Direction { key: Some(self.keys(&master, randoms)[1].clone()), records: 0 };
                    let finished = [&[FINISHED, 0, 0, 12], &verify[..]].concat();
                    let finished = writes.seal(content::HANDSHAKE, &finished);
                    stream.write_all(&[change, finished].concat()).await?;
                    handshakes += 1;
                }
                // Commands and alerts end it.
                _ => return Ok(()),
            }
        }
    }

    fn keys(&self, master: &[u8], [client, server]: [[u8; 32]; 2]) -> [Vec<u8>; 2] {
        let keys = prf(master, "key expansion", &[server, client].concat(), 64);
        [keys[..32].to_vec(), keys[32..].to_vec()]
    }

    fn flight(&self) -> Vec<u8> {
        let hello = ServerHello {
            legacy_version: TLS12,
            random: [7; 32],
            session_id: Vec::new(),
            suite: SUITE,
            compression: 0,
            extensions: (self.kind == Kind::Tied)
                .then(|| vec![Extension::new(kind::RENEGOTIATION_INFO, [0])]),
        };
        let sized = |body: &[u8]| [&(body.len() as u32).to_be_bytes()[1..], body].concat();
        let chain: Vec<u8> = self.chain.iter().flat_map(|der| sized(der)).collect();
        [
            (handshake::SERVER_HELLO, hello.body()),
            (handshake::CERTIFICATE, sized(&chain)),
            (handshake::SERVER_HELLO_DONE, Vec::new()),
        ]
        .into_iter()
        .flat_map(|(kind, body)| [vec![kind], sized(&body)].concat())
        .collect()
    }
}

async fn record(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await?;
    let mut payload = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    stream.read_exact(&mut payload).await?;
    Ok((head[0], payload))
}

fn hmac(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let key = PKey::hmac(key).expect("any octets are a key");
    let mut signer = Signer::new(MessageDigest::sha256(), &key).expect("SHA-256 is there");
    signer.sign_oneshot_to_vec(bytes).expect("SHA-256 takes any octets")
}

/// RFC 5246 section 5.
fn prf(secret: &[u8], label: &str, seed: &[u8], length: usize) -> Vec<u8> {
    let seed = [label.as_bytes(), seed].concat();
    let (mut a, mut out) = (seed.clone(), Vec::new());
    while out.len() < length {
        a = hmac(secret, &a);
        out.extend(hmac(secret, &[a.clone(), seed.clone()].concat()));
    }
    out.truncate(length);
    out
}

async fn scan(kind: Kind) -> Sessions {
    let identity = identity("about = ''\nkey = 'rsa-2048'");
    let host = Host::start(Plain::new(kind, &identity)).await;
    host.survey(Limits::default()).await.facts.sessions
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_handshake_that_is_tied_to_nothing_is_found() {
    let sessions = scan(Kind::Untied).await;
    assert_eq!(sessions.client_renegotiation, Found::Known(true));
    assert_eq!(sessions.insecure_renegotiation, Found::Known(true));
    let sessions = scan(Kind::Once).await;
    assert_eq!(sessions.client_renegotiation, Found::Known(false));
    assert_eq!(sessions.insecure_renegotiation, Found::Known(false));
    let sessions = scan(Kind::Tied).await;
    assert_eq!(sessions.client_renegotiation, Found::Known(false));
    assert!(matches!(sessions.insecure_renegotiation, Found::NotApplicable(_)));
}

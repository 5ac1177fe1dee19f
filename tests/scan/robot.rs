//! Hosts that tell forged premaster secrets apart, and hosts that do not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use waxseal::internals::scan::Limits;
use waxseal::internals::tls::Identity;
use waxseal::internals::wire::tls::{
    CLIENT_HELLO, ClientHello, Message, Records, ServerHello, content, handshake, write_records,
};
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind, Version};
use waxseal_model::scan::Found;

use super::server::{Behaviour, Correct, Host, greet, identity, setup};

const RSA: &str = "about = ''\nkey = 'rsa-2048'";
const TLS12: u16 = 0x0303;
/// TLS_RSA_WITH_AES_128_CBC_SHA.
const SUITE: u16 = 0x002f;

/// What a host gives away of a premaster secret.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Nothing: the Finished fails, whatever came before it.
    Sound,
    /// Another alert where the padding is wrong.
    TellsPadding,
    /// Another alert where the padding is right and the version is not.
    TellsVersion,
    /// It closes without an alert where the padding is wrong.
    Closes,
    /// It tells one thing or another, whatever it was sent.
    Fickle,
    /// It keeps silent where the padding is wrong.
    Silent,
}

#[derive(Clone)]
struct Oracle {
    kind: Kind,
    chain: Vec<Vec<u8>>,
    key: Rsa<Private>,
    /// Premaster secrets that came so far.
    exchanges: Arc<AtomicUsize>,
}

impl Behaviour for Oracle {
    async fn serve(&self, mut stream: TcpStream, _: usize) {
        if greet(&mut stream).await.is_some() {
            let _ = self.talk(&mut stream).await;
        }
    }
}

impl Oracle {
    fn new(kind: Kind, identity: &Identity) -> Self {
        let key = PKey::private_key_from_pkcs8(&identity.key).expect("a key is read");
        let key = key.rsa().expect("the key is RSA");
        Self { kind, chain: identity.chain.clone(), key, exchanges: Arc::default() }
    }

    async fn talk(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let mut records = Records::default();
        let mut chunk = [0; 4096];
        let mut exchange = None;
        loop {
            let message = match records.next_message() {
                Ok(Some(message)) => message,
                Ok(None) => match stream.read(&mut chunk).await? {
                    0 => return Ok(()),
                    read => {
                        records.push(&chunk[..read]);
                        continue;
                    }
                },
                Err(_) => return Ok(()),
            };
            match message {
                Message::Handshake { kind: CLIENT_HELLO, body } => {
                    let hello = ClientHello::read(&body).expect("the scan's hellos are right");
                    if hello.legacy_version < TLS12 || !hello.suites.contains(&SUITE) {
                        return alert(stream, 40).await;
                    }
                    stream.write_all(&self.flight()).await?;
                }
                Message::Handshake { kind: 16, body } => exchange = Some(body),
                Message::ChangeCipherSpec => match self.answer(exchange.as_deref()) {
                    Answer::Alert(description) => return alert(stream, description).await,
                    Answer::Close => return Ok(()),
                    Answer::Silence => while stream.read(&mut chunk).await? > 0 {},
                },
                _ => {}
            }
        }
    }

    /// The answer to what is behind this key exchange; without one it is an early ChangeCipherSpec.
    fn answer(&self, exchange: Option<&[u8]>) -> Answer {
        let Some(encrypted) = exchange.and_then(|body| body.get(2..)) else {
            return Answer::Alert(10);
        };
        let mut plain = vec![0; 256];
        let read = self.key.private_decrypt(encrypted, &mut plain, Padding::NONE);
        let padded = read.is_ok() && plain[..2] == [0, 2] && plain[207] == 0;
        let padded = padded && !plain[2..207].contains(&0);
        let version = padded && plain[208..210] == [3, 3];
        match self.kind {
            Kind::TellsPadding if !padded => Answer::Alert(40),
            Kind::TellsVersion if padded && !version => Answer::Alert(47),
            Kind::Closes if !padded => Answer::Close,
            Kind::Silent if !padded => Answer::Silence,
            // Five are a round: its answers differ within one and between two.
            Kind::Fickle if self.exchanges.fetch_add(1, Ordering::SeqCst).is_multiple_of(3) => {
                Answer::Alert(40)
            }
            _ => Answer::Alert(20),
        }
    }

    fn flight(&self) -> Vec<u8> {
        let hello = ServerHello {
            legacy_version: TLS12,
            random: [7; 32],
            session_id: Vec::new(),
            suite: SUITE,
            compression: 0,
            extensions: None,
        };
        let sized = |body: &[u8]| [&(body.len() as u32).to_be_bytes()[1..], body].concat();
        let chain: Vec<u8> = self.chain.iter().flat_map(|der| sized(der)).collect();
        let messages: Vec<u8> = [
            (handshake::SERVER_HELLO, hello.body()),
            (handshake::CERTIFICATE, sized(&chain)),
            (handshake::SERVER_HELLO_DONE, Vec::new()),
        ]
        .into_iter()
        .flat_map(|(kind, body)| [vec![kind], sized(&body)].concat())
        .collect();
        write_records(content::HANDSHAKE, TLS12, &messages, 1 << 14)
    }
}

enum Answer {
    Alert(u8),
    Close,
    Silence,
}

async fn alert(stream: &mut TcpStream, description: u8) -> std::io::Result<()> {
    stream.write_all(&write_records(content::ALERT, TLS12, &[2, description], 1 << 14)).await
}

async fn robot(behaviour: impl Behaviour) -> Found<bool> {
    Host::start(behaviour).await.survey(Limits::default()).await.facts.vulnerabilities.robot
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_host_that_tells_alike_each_time_is_an_oracle() {
    let identity = identity(RSA);
    for (kind, expected) in [
        (Kind::Sound, Some(false)),
        (Kind::TellsPadding, Some(true)),
        (Kind::TellsVersion, Some(true)),
        (Kind::Closes, Some(true)),
        (Kind::Fickle, None),
        (Kind::Silent, None),
    ] {
        let found = robot(Oracle::new(kind, &identity)).await;
        assert_eq!(found.known().copied(), expected, "{kind:?}: {found:?}");
        assert!(!matches!(found, Found::NotApplicable(_)), "{kind:?}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_library_that_is_kept_up_is_none_and_without_static_rsa_there_is_no_question() {
    for (kind, known) in [(SuiteKind::StaticRsa, Some(false)), (SuiteKind::Ecdhe, None)] {
        for version in [Version::Tls10, Version::Tls12] {
            let offer = Offer {
                versions: vec![version],
                suites: vec![SuiteChoice::Kind(kind)],
                ..Offer::modern()
            };
            let found = robot(Correct(Arc::new(setup(offer, identity(RSA))))).await;
            assert_eq!(found.known().copied(), known, "{version}: {found:?}");
            assert_eq!(
                matches!(found, Found::NotApplicable(_)),
                known.is_none(),
                "{version}: {found:?}"
            );
        }
    }
}

//! A host with every hole that can be asked about. No sound library plays it: it is written here.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use waxseal::internals::scan::Limits;
use waxseal::internals::wire::tls::{
    CLIENT_HELLO, ClientHello, Extension, Message, Records, ServerHello, content, handshake, kind,
    write_records,
};
use waxseal_model::scan::{Found, HostFacts};

use super::server::{Behaviour, Host, greet};

const TLS12: u16 = 0x0303;

/// TLS_RSA_WITH_AES_128_CBC_SHA: its flight needs no key exchange, so no cryptography.
const SUITE: u16 = 0x002f;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Answers heartbeats with what was never sent, and takes an early ChangeCipherSpec.
    Vulnerable,
    /// Has heartbeats, drops wrong ones, and objects to an early ChangeCipherSpec.
    Sound,
}

impl Behaviour for Kind {
    async fn serve(&self, mut stream: TcpStream, _: usize) {
        if greet(&mut stream).await.is_some() {
            let _ = self.talk(&mut stream).await;
        }
    }
}

impl Kind {
    async fn talk(self, stream: &mut TcpStream) -> std::io::Result<()> {
        let mut records = Records::default();
        let mut chunk = [0; 4096];
        let mut changes = 0;
        loop {
            let Ok(message) = records.next_message() else { return Ok(()) };
            match message {
                None => match stream.read(&mut chunk).await? {
                    0 => return Ok(()),
                    read => records.push(&chunk[..read]),
                },
                Some(Message::Handshake { kind: CLIENT_HELLO, body }) => {
                    let hello = ClientHello::read(&body).expect("the scan's hellos are right");
                    if hello.legacy_version < TLS12 || !hello.suites.contains(&SUITE) {
                        return alert(stream, 40).await;
                    }
                    let beats = hello.extension(kind::HEARTBEAT).is_some();
                    stream.write_all(&flight(beats)).await?;
                }
                Some(Message::Heartbeat(request)) if self == Self::Vulnerable => {
                    let length = usize::from(u16::from_be_bytes([request[1], request[2]]));
                    let mut answer = vec![2, request[1], request[2]];
                    answer.extend(vec![0x5a; length + 16]);
                    let bytes = write_records(content::HEARTBEAT, TLS12, &answer, 1 << 14);
                    stream.write_all(&bytes).await?;
                }
                Some(Message::ChangeCipherSpec) => {
                    changes += 1;
                    match (self, changes) {
                        (Self::Sound, _) => return alert(stream, 10).await,
                        (Self::Vulnerable, 1) => {}
                        (Self::Vulnerable, _) => return alert(stream, 20).await,
                    }
                }
                Some(_) => {}
            }
        }
    }
}

async fn alert(stream: &mut TcpStream, description: u8) -> std::io::Result<()> {
    stream.write_all(&write_records(content::ALERT, TLS12, &[2, description], 1 << 14)).await
}

fn flight(beats: bool) -> Vec<u8> {
    let extensions = beats.then(|| vec![Extension::heartbeat(1)]);
    let hello = ServerHello {
        legacy_version: TLS12,
        random: [7; 32],
        session_id: Vec::new(),
        suite: SUITE,
        compression: 0,
        extensions,
    };
    let mut messages = Vec::new();
    for (kind, body) in [
        (handshake::SERVER_HELLO, hello.body()),
        (handshake::CERTIFICATE, vec![0, 0, 0]),
        (handshake::SERVER_HELLO_DONE, Vec::new()),
    ] {
        messages.push(kind);
        messages.extend_from_slice(&(body.len() as u32).to_be_bytes()[1..]);
        messages.extend_from_slice(&body);
    }
    // Small pieces: a flight is read however its records are cut.
    write_records(content::HANDSHAKE, TLS12, &messages, 20)
}

async fn scan(host: Kind) -> HostFacts {
    Host::start(host).await.survey(Limits::default()).await.facts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_holes_is_found_out() {
    let facts = scan(Kind::Vulnerable).await;
    assert_eq!(facts.vulnerabilities.heartbeat, Found::Known(true));
    assert_eq!(facts.vulnerabilities.heartbleed, Found::Known(true));
    assert_eq!(facts.vulnerabilities.ccs_injection, Found::Known(true));
    assert_eq!(facts.answers.secure_renegotiation, Found::Known(false));
    assert!(matches!(facts.sessions.client_renegotiation, Found::Unknown(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_sound_heartbeats_has_no_hole() {
    let facts = scan(Kind::Sound).await;
    assert_eq!(facts.vulnerabilities.heartbeat, Found::Known(true));
    assert_eq!(facts.vulnerabilities.heartbleed, Found::Known(false));
    assert_eq!(facts.vulnerabilities.ccs_injection, Found::Known(false));
}

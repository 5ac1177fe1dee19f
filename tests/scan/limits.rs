//! Hosts that limit, stall or talk nonsense: no wrong "not supported", and no endless scan.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use waxseal::internals::scan::Limits;
use waxseal::internals::tls::ServerSetup;
use waxseal::internals::wire::tls::read_client_hello;
use waxseal_model::offer::{Offer, Version};
use waxseal_model::scan::{Found, HostFacts, Refusal};

use super::agreement::{ECDSA, Pairs, one_by_one};
use super::server::{Behaviour, Correct, Host, Surveyed, greet, identity, setup};

/// What is said or done to a client.
#[derive(Clone, Copy)]
enum Does {
    /// Says this and closes.
    Says(&'static [u8]),
    /// Goes on to where the hello is due, reads it, and closes.
    Closes,
    /// The same, and answers with this.
    Answers(&'static [u8]),
    /// Goes on to where the hello is due, and keeps silent.
    Stalls,
    /// Writes a line without end.
    Floods,
    /// Serves correctly.
    Serves,
}

/// Serves `first` connections correctly and does something to the rest, but for every `pardon`th.
#[derive(Clone)]
struct Moody {
    good: Arc<ServerSetup>,
    first: usize,
    then: Does,
    pardon: usize,
}

impl Behaviour for Moody {
    async fn serve(&self, mut stream: TcpStream, number: usize) {
        let does = match number < self.first || number.is_multiple_of(self.pardon) {
            true => Does::Serves,
            false => self.then,
        };
        let mut rest = [0; 4096];
        match does {
            Does::Serves => Correct(Arc::clone(&self.good)).serve(stream, number).await,
            Does::Says(text) => drop(stream.write_all(text).await),
            Does::Floods => while stream.write_all(&[b'x'; 4096]).await.is_ok() {},
            Does::Closes | Does::Answers(_) | Does::Stalls => {
                if greet(&mut stream).await.is_none() {
                    return;
                }
                let _ = stream.read(&mut rest).await;
                match does {
                    Does::Answers(bytes) => drop(stream.write_all(bytes).await),
                    Does::Stalls => while stream.read(&mut rest).await.is_ok_and(|n| n > 0) {},
                    _ => {}
                }
            }
        }
    }
}

const HASTE: Limits =
    Limits { connections: 4, time: Duration::from_secs(5), patience: Duration::from_millis(400) };

async fn scan(good: Arc<ServerSetup>, first: usize, then: Does, pardon: usize) -> Surveyed {
    let host = Host::start(Moody { good, first, then, pardon }).await;
    let begun = Instant::now();
    let surveyed = host.survey(HASTE).await;
    // Far more than the time for the host: only an endless scan fails here.
    assert!(begun.elapsed() < HASTE.time * 4);
    surveyed
}

/// That nothing is denied that is there, and no list is called whole that is not.
fn never_wrong(facts: &HostFacts, expected: &Pairs) {
    for version in &facts.versions {
        let there: Vec<&String> =
            expected.iter().filter(|(v, _)| *v == version.version).map(|(_, name)| name).collect();
        let mut found: Vec<&String> = version.suites.iter().map(|s| &s.suite.name).collect();
        found.sort();
        match &version.support {
            Found::Known(false) => assert!(there.is_empty(), "{version:#?}"),
            Found::Known(true) if version.incomplete.is_none() => assert_eq!(found, there),
            _ => assert!(found.iter().all(|name| there.contains(name)), "{version:#?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_limits_is_never_misjudged() {
    let good = Arc::new(setup(Offer::modern(), identity(ECDSA)));
    let expected = one_by_one(&good).await;
    let mut scans = JoinSet::new();
    for then in [
        Does::Says(b"421 4.7.0 too many connections\r\n"),
        Does::Says(b"554 5.7.1 go away\r\n"),
        Does::Says(b""),
        Does::Closes,
        Does::Answers(b"454 4.7.0 TLS not available\r\n"),
        Does::Answers(&[21, 3, 3, 0, 2, 2, 80]),
        Does::Stalls,
        Does::Floods,
    ] {
        for first in [0, 3, 12] {
            scans.spawn(scan(Arc::clone(&good), first, then, usize::MAX));
        }
    }
    while let Some(surveyed) = scans.join_next().await {
        let facts = surveyed.expect("a scan does not panic").facts;
        never_wrong(&facts, &expected);
        let denied = |version| facts.speaks(version) == Some(false);
        assert!(!denied(Version::Tls12) && !denied(Version::Tls13));
        assert_ne!(facts.tls, Found::Known(false));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_takes_every_third_connection_is_still_found_out() {
    let good = Arc::new(setup(Offer::modern(), identity(ECDSA)));
    let expected = one_by_one(&good).await;
    let surveyed = scan(good, 0, Does::Says(b"421 4.7.0 slow down\r\n"), 3).await;
    never_wrong(&surveyed.facts, &expected);
    assert_eq!(surveyed.facts.tls, Found::Known(true));
    assert!(surveyed.facts.accepted().count() > 0, "{:#?}", surveyed.facts.versions);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_starttls_offers_no_tls() {
    #[derive(Clone)]
    struct Plaintext;
    impl Behaviour for Plaintext {
        async fn serve(&self, mut stream: TcpStream, _: usize) {
            let mut rest = [0; 512];
            let _ = stream.write_all(b"220 mail\r\n").await;
            while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {
                let _ = stream.write_all(b"250-mail\r\n250 SIZE STARTTLS\r\n").await;
            }
        }
    }
    let surveyed = Host::start(Plaintext).await.survey(HASTE).await;
    assert_eq!(surveyed.facts.tls, Found::Known(false));
    assert_eq!(surveyed.connections, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_refused_by_closing_is_refused() {
    #[derive(Clone)]
    struct Abrupt(Correct);
    impl Behaviour for Abrupt {
        async fn serve(&self, mut stream: TcpStream, number: usize) {
            let mut hello = [0; 11];
            if greet(&mut stream).await.is_none() {
                return;
            }
            let old = |hello: &[u8]| hello[0] != 22 || hello[10] < 3;
            if matches!(stream.peek(&mut hello).await, Ok(11) if old(&hello)) {
                return;
            }
            let setup = &self.0.0;
            let _ = waxseal::internals::tls::accept(setup, stream, HASTE.patience).await;
            let _ = number;
        }
    }
    let good = Arc::new(setup(Offer::modern(), identity(ECDSA)));
    let host = Host::start(Abrupt(Correct(good))).await;
    let facts = host.survey(Limits { time: Duration::from_secs(20), ..HASTE }).await.facts;
    let tls10 = facts.version(Version::Tls10).expect("TLS 1.0 was asked about");
    assert_eq!(tls10.support, Found::Known(false));
    assert!(matches!(tls10.refusal, Some(Refusal::Closed | Refusal::Reset)), "{tls10:#?}");
    assert_eq!(facts.speaks(Version::Tls12), Some(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_chokes_on_many_suites_is_asked_in_parts() {
    #[derive(Clone)]
    struct Choking(Correct);
    impl Behaviour for Choking {
        async fn serve(&self, mut stream: TcpStream, _: usize) {
            if greet(&mut stream).await.is_none() {
                return;
            }
            let mut bytes = [0; 8192];
            let hello = loop {
                match stream.peek(&mut bytes).await {
                    Ok(0) | Err(_) => return,
                    Ok(read) => match read_client_hello(&bytes[..read]) {
                        Some(hello) => break hello,
                        None if bytes[0] != 22 => return,
                        None => tokio::task::yield_now().await,
                    },
                }
            };
            if hello.suites.len() > 100 {
                return;
            }
            let _ = waxseal::internals::tls::accept(&self.0.0, stream, HASTE.patience).await;
        }
    }
    let good = Arc::new(setup(Offer::modern(), identity(ECDSA)));
    let expected = one_by_one(&good).await;
    let host = Host::start(Choking(Correct(good))).await;
    let facts = host.survey(Limits { time: Duration::from_secs(60), ..HASTE }).await.facts;
    never_wrong(&facts, &expected);
    assert_eq!(facts.accepted().count(), expected.len(), "{:#?}", facts.versions);
    let parted = |version| facts.version(version).is_some_and(|found| found.in_parts);
    assert!(parted(Version::Tls12) && !parted(Version::Tls13));
}

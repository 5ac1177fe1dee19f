//! The bounds an operator sets: connections at once, and one time for the whole host.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use waxseal_model::scan::{Found, Scan};
use waxseal_model::scenario::Connector;
use waxseal_model::verdict::Verdict;

use super::program::{read, relay, scan};
use super::server::{Behaviour, Host};

/// Passes everything on to another address, and counts.
#[derive(Clone)]
struct Counting {
    to: SocketAddr,
    /// Connections that are passed on; the rest are held open in silence.
    passed: usize,
    at_once: usize,
    open: Arc<AtomicUsize>,
    total: Arc<AtomicUsize>,
    beyond: Arc<AtomicUsize>,
}

impl Counting {
    fn new(to: SocketAddr, passed: usize, at_once: usize) -> Self {
        let (open, total, beyond) = Default::default();
        Self { to, passed, at_once, open, total, beyond }
    }
}

impl Behaviour for Counting {
    async fn serve(&self, mut stream: TcpStream, number: usize) {
        self.total.fetch_add(1, Ordering::SeqCst);
        let begun = Instant::now();
        let take = |open: usize| (open < self.at_once).then_some(open + 1);
        // The end of an older connection may not have been heard yet.
        while self.open.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_err() {
            if begun.elapsed() > Duration::from_secs(5) {
                self.beyond.fetch_add(1, Ordering::SeqCst);
                return;
            }
            tokio::task::yield_now().await;
        }
        if number < self.passed {
            if let Ok(mut to) = TcpStream::connect(self.to).await {
                let _ = copy_bidirectional(&mut stream, &mut to).await;
            }
        } else {
            let mut rest = [0; 512];
            while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
        }
        let _ = stream.shutdown().await;
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_part_opens_more_connections_at_once_than_allowed_and_all_are_counted() {
    let (_relay, address) = relay(Connector::Opportunistic).await;
    for (allowed, only) in [("1", "certificates"), ("2", "starttls")] {
        let counting = Counting::new(address, usize::MAX, allowed.parse().expect("a number"));
        let host = Host::start(counting.clone()).await;
        let to = host.address.to_string();
        let output =
            scan(&[&to, "--connections", allowed, "--only", only, "--format", "json"]).await;
        assert_eq!(counting.beyond.load(Ordering::SeqCst), 0, "{only}");
        let scan = read(&output).remove(0);
        assert_eq!(scan.connections, counting.total.load(Ordering::SeqCst), "{only}");
    }
}

/// Scans a host that serves twelve connections and keeps silent on the rest.
async fn scan_silent(address: SocketAddr, only: &str) -> (Option<i32>, Scan) {
    let host = Host::start(Counting::new(address, 12, usize::MAX)).await;
    let to = host.address.to_string();
    let begun = Instant::now();
    let output = scan(&[&to, "--time", "10", "--only", only, "--format", "json"]).await;
    // Had each part the whole time, or each question, it would take far longer.
    assert!(begun.elapsed() < Duration::from_secs(25), "{only}: {:?}", begun.elapsed());
    (output.status.code(), read(&output).remove(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_falls_silent_is_left_in_time_and_what_it_said_is_kept() {
    let (_relay, address) = relay(Connector::Opportunistic).await;
    let (tls, starttls) =
        tokio::join!(scan_silent(address, "tls"), scan_silent(address, "starttls"));
    let (code, scan) = tls;
    assert_eq!(code, Some(3), "{scan:#?}");
    assert_eq!(scan.facts.tls, Found::Known(true));
    assert!(scan.facts.versions.iter().any(|version| version.incomplete.is_some()));
    let (code, scan) = starttls;
    assert_eq!(code, Some(3), "{scan:#?}");
    let checks = scan.checks.known().expect("the checks are kept");
    let count = |verdict| checks.iter().filter(|case| case.verdict == verdict).count();
    assert!(count(Verdict::Pass) > 0 && count(Verdict::Inconclusive) > 0, "{checks:#?}");
}

//! Addresses that mean harm cost bounded time and octets, and are told in a sentence.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use waxseal_model::limits;
use waxseal_model::preflight::{UrlKind, Weight};

use super::pki::{Ca, HOST, Urls};
use super::web::{Answer, Web};
use super::{Trial, told, why};

/// A self-signed CA is the store; its leaf names these addresses.
fn trial(urls: &Urls) -> Trial {
    let root = Ca::root("root", |_| {});
    Trial::new(&[root.leaf(urls, |_| {})], std::slice::from_ref(&root.der), HOST)
}

/// What one answer of an issuer's address, and of a revocation list's, leads to; and the octets that the
/// host got rid of.
async fn answered(answer: Answer, time: u64) -> [(String, usize); 2] {
    let mut said = Vec::new();
    for kind in [UrlKind::Issuer, UrlKind::Crl] {
        let web = Web::start().await;
        let url = vec![web.at("/x", answer.clone())];
        let urls = match kind {
            UrlKind::Issuer => Urls { issuers: url, ..Urls::default() },
            _ => Urls { crl: url, ..Urls::default() },
        };
        let mut trial = trial(&urls);
        trial.options.time = Duration::from_secs(time);
        let begun = Instant::now();
        let checked = trial.check().await;
        // Ticks of an overloaded machine are longer than a second's tenth, never six times as long.
        assert!(begun.elapsed() < Duration::from_secs(6 * time + 20), "{:?}", begun.elapsed());
        assert_eq!(checked.exit_code(), 3, "{:#?}", checked.findings);
        assert!(told(&checked, Weight::Stops).is_empty(), "{:#?}", checked.findings);
        said.push((why(&checked, kind), web.written.load(Ordering::SeqCst)));
    }
    said.try_into().expect("there are two")
}

/// What sockets hold on their way.
const BUFFERED: usize = 16 << 20;

#[tokio::test]
async fn a_body_without_end_is_read_up_to_its_bound() {
    let [issuer, list] = answered(Answer::Endless, 60).await;
    assert_eq!(issuer.0, "its answer has more than 256 KiB, and waxseal reads no more");
    assert!(issuer.1 < limits::ISSUERS + BUFFERED, "{}", issuer.1);
    assert_eq!(list.0, "its answer has more than 64 MiB, and waxseal reads no more");
    assert!(list.1 < limits::CRL + BUFFERED, "{}", list.1);
}

#[tokio::test]
async fn a_head_without_end_is_read_up_to_its_bound() {
    for (why, octets) in answered(Answer::EndlessHead, 60).await {
        assert!(why.starts_with("it does not speak HTTP"), "{why}");
        assert!(octets < limits::HTTP_HEAD + BUFFERED, "{octets}");
    }
}

#[tokio::test]
async fn what_is_announced_to_be_too_long_is_not_read() {
    for (why, _) in answered(Answer::Announced(1 << 30), 60).await {
        assert!(why.ends_with("and waxseal reads no more"), "{why}");
    }
}

#[tokio::test]
async fn who_is_slow_or_silent_is_left_in_time() {
    for answer in [Answer::Drip, Answer::Silent] {
        for (why, octets) in answered(answer, 1).await {
            assert_eq!(why, "it did not answer in full within 1s");
            assert!(octets < 10_000, "{octets}");
        }
    }
}

#[tokio::test]
async fn redirects_are_followed_three_times_and_only_over_http() {
    for (answer, expected) in [
        (Answer::ToItself, "it redirects more than 3 times"),
        (
            Answer::To("file:///etc/passwd".into()),
            "it redirects to `file:///etc/passwd`: waxseal asks",
        ),
        (Answer::To("gopher://127.0.0.1:25/x".into()), "it redirects to `gopher:"),
        (Answer::To("http://".into()), "it redirects to `http://`"),
        (Answer::Status(404), "it answers with HTTP status 404"),
        (Answer::Status(302), "it redirects to nowhere"),
        (Answer::Nonsense, "it does not speak HTTP"),
    ] {
        for (why, _) in answered(answer.clone(), 20).await {
            assert!(why.starts_with(expected), "{why}: {expected}");
        }
    }
    let web = Web::start().await;
    let urls = Urls { crl: vec![web.at("/x", Answer::ToItself)], ..Urls::default() };
    trial(&urls).check().await;
    assert_eq!(web.asked.load(Ordering::SeqCst), 1 + limits::REDIRECTS);
}

#[tokio::test]
async fn special_addresses_are_refused_before_anything_is_sent() {
    let web = Web::start().await;
    for url in [web.url("/x"), format!("http://localhost:{}/x", web.address.port())] {
        let mut trial = trial(&Urls { crl: vec![url], ..Urls::default() });
        trial.options.allow_private = false;
        let checked = trial.check().await;
        assert_eq!(checked.exit_code(), 3);
        let why = why(&checked, UrlKind::Crl);
        let end = "a loopback address, which waxseal does not connect to without --allow-private";
        assert!(why.starts_with("it leads to ") && why.ends_with(end), "{why}");
    }
    for (url, kind) in [
        ("http://169.254.169.254/latest/meta-data", "link-local"),
        ("http://2852039166/", "link-local"),
        ("http://0xa9.0xfe.0251.254/", "link-local"),
        ("https://[::ffff:a9fe:a9fe]/", "link-local"),
        ("http://[fd00::1]/", "private"),
        ("http://10.0.0.1:22/", "private"),
    ] {
        let mut trial = trial(&Urls { ocsp: vec![url.into()], ..Urls::default() });
        trial.options.allow_private = false;
        let why = why(&trial.check().await, UrlKind::Ocsp);
        assert!(why.contains(&format!(", a {kind} address, which")), "{url}: {why}");
    }
    assert_eq!(web.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_thousand_addresses_are_not_asked() {
    let web = Web::start().await;
    let crl = (0..1000).map(|at| web.url(&format!("/{at}"))).collect();
    let checked = trial(&Urls { crl, ..Urls::default() }).check().await;
    assert_eq!(web.asked.load(Ordering::SeqCst), limits::URLS);
    assert_eq!(checked.exit_code(), 3);
    let text = format!("than waxseal asks: {} were not asked.", 1000 - limits::URLS);
    assert!(told(&checked, Weight::Open).iter().any(|told| told.ends_with(&text)));
}

#[tokio::test]
async fn only_the_addresses_of_the_own_chain_are_asked() {
    let web = Web::start().await;
    let root = Ca::root("root", |_| {});
    let urls = Urls { crl: vec![web.url("/x")], issuers: vec![web.url("/y")], ..Urls::default() };
    let stranger = Ca::root("stranger", |_| {}).below("of no path", &urls, |_| {});
    let chain = [root.leaf(&Urls::default(), |_| {}), stranger.der];
    let checked = Trial::new(&chain, std::slice::from_ref(&root.der), HOST).check().await;
    assert_eq!(web.asked.load(Ordering::SeqCst), 0);
    assert_eq!(checked.exit_code(), 0, "{:#?}", checked.findings);
    let notes = told(&checked, Weight::Note);
    assert!(notes.contains(&"`CN=of no path` is sent and is on no path from the certificate."));
}

#[tokio::test]
async fn what_is_no_address_of_http_is_not_asked() {
    let urls = Urls { crl: vec!["ldap://ldap.partner.test/cn=x".into()], ..Urls::default() };
    let checked = trial(&urls).check().await;
    let expected = "waxseal asks addresses of http and https only, and it is one of ldap";
    assert_eq!(why(&checked, UrlKind::Crl), expected);
    assert_eq!(checked.exit_code(), 0, "{:#?}", checked.findings);
}

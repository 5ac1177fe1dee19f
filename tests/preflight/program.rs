//! The program as a user runs it, on a host of ours.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use waxseal::internals::lab::{Data, DnsServer, Zones};
use waxseal::internals::preflight::mail_hosts;
use waxseal::internals::tls::{self, AskClient, Identity, ServerSetup};
use waxseal::internals::wire::{LineBuffer, read_line};
use waxseal_certs::Authorities;
use waxseal_model::offer::Offer;
use waxseal_model::preflight::Preflight;

use super::pki::HOST;
use crate::cli::{code, err, file, out, waxseal};

const PATIENCE: Duration = Duration::from_secs(20);

/// A host with a certificate by this recipe: its port, and its root in PEM.
async fn host(recipe: &str, starttls: bool) -> (String, String) {
    let authorities = Authorities::new(SystemTime::now()).expect("authorities can be made");
    let recipe = toml::from_str(&format!("about = ''\n{recipe}")).expect("it is a recipe");
    let issued = authorities.issue(&recipe, HOST).expect("a certificate can be made");
    let identity = Identity { chain: issued.chain, key: issued.key, weak: issued.weak };
    let setup = Arc::new(ServerSetup {
        offer: Offer::modern(),
        identity,
        ask: AskClient::No,
        engine: None,
        tickets: None,
        renegotiates: false,
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
    let port = listener.local_addr().expect("a listener has an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let setup = Arc::clone(&setup);
            tokio::spawn(async move {
                if !starttls || greet(&mut stream).await.is_some() {
                    tls::accept(&setup, stream, PATIENCE).await;
                }
            });
        }
    });
    (format!("127.0.0.1:{port}"), authorities.trust_anchors_pem())
}

/// Everything up to the 220 of STARTTLS.
async fn greet(stream: &mut TcpStream) -> Option<()> {
    let mut buffer = LineBuffer::default();
    stream.write_all(b"220 mx ESMTP\r\n").await.ok()?;
    for reply in [&b"250-mx\r\n250 STARTTLS\r\n"[..], b"220 go ahead\r\n"] {
        read_line(stream, &mut buffer, PATIENCE).await.ok()?;
        stream.write_all(reply).await.ok()?;
    }
    Some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_checked_over_starttls_and_with_tls_from_the_start() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    for starttls in [true, false] {
        let (at, root) = host("", starttls).await;
        let store = file(&dir, "roots.pem", &root);
        let mut arguments = vec!["certs", "check", &at, "--store", &store, "--name", HOST];
        arguments.extend((!starttls).then_some("--implicit"));
        let refused = waxseal(&arguments);
        assert_eq!(code(&refused), Some(3), "{}", out(&refused));
        let sentence =
            "a loopback address, which waxseal does not connect to without --allow-private";
        assert!(out(&refused).contains(sentence), "{}", out(&refused));
        arguments.push("--allow-private");
        let checked = waxseal(&arguments);
        assert_eq!(code(&checked), Some(0), "{}{}", out(&checked), err(&checked));
        assert!(out(&checked).contains("The chain ends in the root `CN=waxseal root A`"));
        arguments.extend(["--format", "json"]);
        let record: Preflight =
            serde_json::from_str(&out(&waxseal(&arguments))).expect("the output is a record");
        assert_eq!(record.exit_code(), 0);
        assert_eq!(record.chain.map(|chain| chain.sent.len()), Some(2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stops_mail_is_exit_code_1_and_a_sentence() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    for (recipe, sentence) in [
        ("omits-intermediate = true", "It is a missing intermediate or a private root."),
        ("valid = 'expired'", "expired 1 day ago."),
        ("names = ['a.test']", "The certificate is not for mx.partner.test: it is for a.test."),
        ("usage = 'client'", "who verifies a server refuses it."),
        ("issuer = 'self'", "The certificate is signed by itself and is not in the store"),
    ] {
        let (at, root) = host(recipe, true).await;
        let store = file(&dir, "roots.pem", &root);
        let arguments =
            ["certs", "check", &at, "--store", &store, "--name", HOST, "--allow-private"];
        let checked = waxseal(&arguments);
        assert_eq!(code(&checked), Some(1), "{}", out(&checked));
        let found = out(&checked);
        let found = found.lines().any(|l| l.starts_with("STOPS MAIL") && l.ends_with(sentence));
        assert!(found || out(&checked).contains(sentence), "{sentence}: {}", out(&checked));
    }
}

#[test]
fn what_cannot_be_checked_is_a_wrong_use() {
    for (arguments, sentence) in [
        (&["certs", "check"][..], "name a host, a file in PEM, or a domain with --mx"),
        (&["certs", "check", "./none.pem"], "could not use the certificates ./none.pem"),
        (&["certs", "check", "a b"], "is no host"),
        (&["certs", "check", "x.test", "--store", "/none"], "could not use the store /none"),
        (&["certs", "check", "x.test", "--name", "a b"], "`a b` is no name of a host"),
        (&["certs", "check", "--mx", "a b"], "`a b` is no domain"),
    ] {
        let run = waxseal(arguments);
        assert_eq!(code(&run), Some(2), "{arguments:?}");
        assert!(err(&run).contains(sentence), "{sentence}: {}", err(&run));
    }
}

/// A subject, a name and an address are what a hostile CA would write to a terminal.
#[tokio::test]
async fn text_of_a_certificate_is_printed_harmlessly() {
    let root = super::pki::Ca::root("\u{1b}]0;owned\u{7}", |_| {});
    let urls = super::pki::Urls {
        crl: vec!["http://127.0.0.1:1/\u{1b}[2J".into()],
        ..super::pki::Urls::default()
    };
    let dir = tempfile::tempdir().expect("a folder can be made");
    let leaf = root.leaf(&urls, |params| {
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "::error::x\n\u{202e}");
    });
    let chain = file(&dir, "chain.pem", &super::pki::pem(&[leaf, root.der.clone()]));
    let store = file(&dir, "roots.pem", &super::pki::pem(&[root.der]));
    for format in ["human", "json"] {
        let checked = waxseal(&["certs", "check", &chain, "--store", &store, "--format", format]);
        let text = out(&checked);
        assert!(text.contains("owned"), "{text}");
        let hidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(hidden), "{text:?}");
        assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "{text}");
    }
}

#[tokio::test]
async fn the_hosts_of_a_domain_are_those_of_its_mx_records() {
    let zones = Zones::default();
    let any = "127.0.0.1:0".parse().expect("it is an address");
    let hook = Arc::new(|_| {});
    let server = DnsServer::start(any, zones.clone(), hook).await.expect("a server can listen");
    for (name, preference, host) in [
        ("partner.test", 20, "mx2.partner.test"),
        ("partner.test", 10, "mx.partner.test"),
        ("no-mail.test", 0, "."),
    ] {
        let data = Data::Mx { preference, host: host.into() };
        zones.add(name, data).expect("it is a record");
    }
    zones.add("host.test", Data::A([127, 0, 0, 1].into())).expect("it is a record");
    // One that does not answer comes first.
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("loopback has a port");
    let servers = [silent.local_addr().expect("a socket has an address"), server.address()];
    let check = async |domain: &str| mail_hosts(domain, &servers).await;
    let both = ["mx.partner.test", "mx2.partner.test"].map(str::to_owned).to_vec();
    assert_eq!(check("partner.test").await, Ok(both));
    assert_eq!(check("host.test").await, Ok(vec!["host.test".to_owned()]));
    let none = check("no-mail.test").await;
    assert!(none.as_ref().is_err_and(|why| why.contains("null MX")), "{none:?}");
    assert_eq!(check("none.test").await, Err("there is no domain none.test".into()));
    let nobody = mail_hosts("partner.test", &[]).await;
    assert!(nobody.is_err_and(|why| why.starts_with("no name server answered")));
}

/// Shows an ECDSA chain, or to those who know RSA alone the other.
#[derive(Debug)]
struct Both {
    ecdsa: Arc<CertifiedKey>,
    rsa: Arc<CertifiedKey>,
}

impl ResolvesServerCert for Both {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let ecdsa = SignatureScheme::ECDSA_NISTP256_SHA256;
        let knows = hello.signature_schemes().contains(&ecdsa);
        Some(Arc::clone(if knows { &self.ecdsa } else { &self.rsa }))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_two_kinds_of_keys_shows_two_chains() {
    let authorities = Authorities::new(SystemTime::now()).expect("authorities can be made");
    let issue = |recipe: &str| {
        let recipe = toml::from_str(&format!("about = ''\n{recipe}")).expect("it is a recipe");
        let issued = authorities.issue(&recipe, HOST).expect("a certificate can be made");
        let chain = issued.chain.into_iter().map(Into::into).collect();
        let key = PrivateKeyDer::Pkcs8(issued.key.into());
        let key = any_supported_type(&key).expect("it is a key");
        Arc::new(CertifiedKey::new(chain, key))
    };
    let both = Both { ecdsa: issue(""), rsa: issue("key = 'rsa-2048'\nvalid = 'expired'") };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("there are versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(both));
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
    let at = listener.local_addr().expect("a listener has an address").to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    let dir = tempfile::tempdir().expect("a folder can be made");
    let store = file(&dir, "roots.pem", &authorities.trust_anchors_pem());
    let checked = waxseal(&[
        "certs",
        "check",
        &at,
        "--implicit",
        "--allow-private",
        "--store",
        &store,
        "--name",
        HOST,
        "--format",
        "json",
    ]);
    let read = |line| serde_json::from_str::<Preflight>(line).expect("a line is a record");
    let text = out(&checked);
    let codes: Vec<_> = text.lines().map(read).map(|one| one.exit_code()).collect();
    assert_eq!((code(&checked), &codes[..]), (Some(1), &[0, 1][..]), "{text}");
}

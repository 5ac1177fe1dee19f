//! Second handshakes and second sessions, against a server that allows them and one that does not.

use std::pin::Pin;

use openssl::ssl::{Ssl, SslContext, SslMethod, SslOptions, SslSessionCacheMode, SslVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;
use waxseal::internals::scan::Limits;
use waxseal_model::scan::{Found, HostFacts};

use super::agreement::ECDSA;
use super::server::{Behaviour, Host, greet, identity};

/// SSL_OP_ALLOW_CLIENT_RENEGOTIATION: off unless it is asked for.
const ALLOW_CLIENT_RENEGOTIATION: u64 = 1 << 8;

#[derive(Clone)]
struct Generous(SslContext);

impl Behaviour for Generous {
    async fn serve(&self, mut stream: TcpStream, _: usize) {
        if greet(&mut stream).await.is_none() {
            return;
        }
        let ssl = Ssl::new(&self.0).expect("a session can be made");
        let mut stream = SslStream::new(ssl, stream).expect("a stream can be made");
        if Pin::new(&mut stream).accept().await.is_ok() {
            let mut line = [0; 64];
            if stream.read(&mut line).await.is_ok_and(|read| read > 0) {
                let _ = stream.write_all(b"221 bye\r\n").await;
            }
        }
    }
}

async fn scan(options: SslOptions, sessions: bool) -> HostFacts {
    let identity = identity(ECDSA);
    let mut context = SslContext::builder(SslMethod::tls_server()).expect("a context can be made");
    let leaf = openssl::x509::X509::from_der(&identity.chain[0]).expect("a leaf is read");
    let key = openssl::pkey::PKey::private_key_from_pkcs8(&identity.key).expect("a key is read");
    context.set_certificate(&leaf).expect("the leaf is taken");
    context.set_private_key(&key).expect("the key is taken");
    context.set_min_proto_version(Some(SslVersion::TLS1_2)).expect("TLS 1.2 exists");
    context.set_session_id_context(b"waxseal").expect("the name is short");
    context.set_options(options);
    if !sessions {
        context.set_session_cache_mode(SslSessionCacheMode::OFF);
        context.set_options(SslOptions::NO_TICKET);
        context.set_num_tickets(0).expect("no ticket is a number of tickets");
    }
    let host = Host::start(Generous(context.build())).await;
    host.survey(Limits::default()).await.facts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_allows_a_second_time_is_found_out() {
    let options = SslOptions::from_bits_retain(ALLOW_CLIENT_RENEGOTIATION);
    let facts = scan(options, true).await;
    assert_eq!(facts.sessions.client_renegotiation, Found::Known(true));
    assert_eq!(facts.sessions.resumption_tls12, Found::Known(true));
    assert_eq!(facts.sessions.resumption_tls13, Found::Known(true));
    assert_eq!(facts.answers.session_ticket, Found::Known(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_allows_none_is_found_so() {
    let facts = scan(SslOptions::empty(), false).await;
    assert_eq!(facts.sessions.client_renegotiation, Found::Known(false));
    assert_eq!(facts.sessions.resumption_tls12, Found::Known(false));
    assert_eq!(facts.sessions.resumption_tls13, Found::Known(false));
    assert_eq!(facts.answers.session_ticket, Found::Known(false));
}

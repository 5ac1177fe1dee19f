//! One address of a certificate, asked over HTTP within bounds.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, LOCATION, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use url::{Host, Url};
use waxseal_model::foreign::Foreign;
use waxseal_model::limits;
use waxseal_model::offer::Offer;

use super::addresses::special;
use crate::tls::{self, ClientSetup};
use crate::wire::attention::within;

/// What is asked, and how much of an answer is taken.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// As it stands in the certificate.
    pub(super) url: Foreign,
    /// A body to POST, and its type; `None`: GET.
    pub(super) post: Option<(Vec<u8>, &'static str)>,
    /// Octets of the answer.
    pub(super) most: usize,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fetched {
    /// `host:port` of the address and of those that it redirected to, as far as they were followed.
    pub(super) hosts: Vec<String>,
    /// The body of a 200; else why there is none, as the end of a sentence that begins with the
    /// address.
    pub(super) body: Result<Vec<u8>, String>,
}

/// Addresses of one name that are tried.
const TRIED: usize = 4;

/// Says why an address is not connected to; `None`: it may be.
pub(super) type Refuses = fn(IpAddr) -> Option<String>;

/// Asks within `patience`, redirects included. `refuses` sees each address that is connected to, and
/// never a name.
pub(super) async fn fetch(question: &Question, patience: Duration, refuses: Refuses) -> Fetched {
    let mut hosts = Vec::new();
    let asking = follow(question, refuses, &mut hosts);
    let body = match within(patience, asking).await {
        Ok(body) => body,
        Err(_) => Err(format!("it did not answer in full within {patience:?}")),
    };
    Fetched { hosts, body }
}

/// `host:port` of an address that can be asked.
pub(super) fn host_of(url: &str) -> Option<String> {
    read(url).ok().and_then(|url| host_port(&url))
}

/// Reads an address that can be asked at all.
///
/// # Errors
/// Why it cannot, as the end of a sentence that begins with the address.
pub(super) fn read(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "it is no address".to_owned())?;
    match (url.scheme(), url.host_str()) {
        ("http" | "https", Some(host)) if !host.is_empty() => Ok(url),
        ("http" | "https", _) => Err("it names no host".into()),
        (scheme, _) => Err(format!(
            "waxseal asks addresses of http and https only, and it is one of {}",
            Foreign::from(scheme).short()
        )),
    }
}

fn host_port(url: &Url) -> Option<String> {
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

async fn follow(
    question: &Question,
    refuses: Refuses,
    hosts: &mut Vec<String>,
) -> Result<Vec<u8>, String> {
    let mut url = read(question.url.raw())?;
    for redirected in 0..=limits::REDIRECTS {
        // Before it is connected to: the time may be over in the midst of that.
        hosts.extend(host_port(&url));
        let connected = connect(&url, refuses).await;
        if matches!(connected, Err(Unconnected::Refused(_))) {
            // Nobody is to open a firewall for it.
            hosts.pop();
        }
        let stream = connected.map_err(|why| behind(redirected, why))?;
        let response = match url.scheme() {
            "https" => {
                // What is fetched is signed itself; the host's certificate is not looked at.
                let sni = url.domain().map(str::to_owned);
                let offer = Offer::modern();
                let setup =
                    ClientSetup { offer, sni, identity: None, engine: None, sessions: None };
                let shaken = tls::connect(&setup, stream, ENDLESS).await.result;
                let session = shaken.map_err(|failure| {
                    let why = Foreign::from(failure.detail.as_str()).short();
                    format!("TLS could not be begun: {why}")
                })?;
                exchange(session, question, &url).await?
            }
            _ => exchange(stream, question, &url).await?,
        };
        match target(&response, &url)? {
            Some(next) => url = next,
            None => return body(response, question.most).await,
        }
    }
    Err(format!("it redirects more than {} times", limits::REDIRECTS))
}

/// The patience is that of the whole question.
const ENDLESS: Duration = Duration::from_secs(3600);

/// Why there is no connection.
enum Unconnected {
    /// Each of its addresses is refused.
    Refused(String),
    /// There is no address, or none takes a connection.
    Failed(String),
}

fn behind(redirected: usize, why: Unconnected) -> String {
    let (Unconnected::Refused(why) | Unconnected::Failed(why)) = why;
    if redirected > 0 { format!("it redirects, and then {why}") } else { why }
}

/// Connects to an address of the host that is not refused. The address is looked at, not the name: a
/// name may lead anywhere, and elsewhere the next time.
async fn connect(url: &Url, refuses: Refuses) -> Result<TcpStream, Unconnected> {
    let failed = |why: &str| Unconnected::Failed(why.to_owned());
    let port = url.port_or_known_default().ok_or_else(|| failed("it names no port"))?;
    let addresses: Vec<SocketAddr> = match url.host() {
        Some(Host::Ipv4(address)) => vec![SocketAddr::new(IpAddr::V4(address), port)],
        Some(Host::Ipv6(address)) => vec![SocketAddr::new(IpAddr::V6(address), port)],
        Some(Host::Domain(name)) => lookup_host((name, port))
            .await
            .map_err(|error| failed(&format!("its name has no address: {error}")))?
            .collect(),
        None => return Err(failed("it names no host")),
    };
    let mut why = failed("its name has no address");
    for address in addresses.into_iter().take(TRIED) {
        if let Some(refused) = refuses(address.ip()) {
            why = Unconnected::Refused(refused);
            continue;
        }
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => why = failed(&format!("{address} takes no connection: {error}")),
        }
    }
    Err(why)
}

/// Refuses addresses that are nobody's host on the Internet.
pub(super) fn refuse_special(address: IpAddr) -> Option<String> {
    let kind = special(address)?;
    Some(format!(
        "it leads to {address}, a {kind} address, which waxseal does not connect to without \
         --allow-private"
    ))
}

/// Refuses no address: with `--allow-private`.
pub(super) fn refuse_none(_: IpAddr) -> Option<String> {
    None
}

async fn exchange<T>(io: T, question: &Question, url: &Url) -> Result<Response<Incoming>, String>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| format!("it does not speak HTTP: {error}");
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(limits::HTTP_HEAD)
        .handshake(TokioIo::new(io))
        .await
        .map_err(broken)?;
    // It ends with its sender or its socket; the body is read through it.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
        None => url.host_str().unwrap_or_default().to_owned(),
    };
    let request = Request::builder()
        .uri(target)
        .header(HOST, host)
        .header(USER_AGENT, "waxseal")
        .header(ACCEPT, "*/*")
        .header(CONNECTION, "close");
    let request = match &question.post {
        None => request.method(Method::GET).body(Full::new(Bytes::new())),
        Some((body, kind)) => request
            .method(Method::POST)
            .header(CONTENT_TYPE, *kind)
            .header(CONTENT_LENGTH, body.len())
            .body(Full::new(Bytes::from(body.clone()))),
    };
    let request = request.map_err(|_| "it is no address".to_owned())?;
    sender.send_request(request).await.map_err(broken)
}

/// Where the answer redirects to; `None`: it is a 200.
fn target(response: &Response<Incoming>, url: &Url) -> Result<Option<Url>, String> {
    let status = response.status().as_u16();
    match status {
        200 => Ok(None),
        301 | 302 | 303 | 307 | 308 => {
            let location = response.headers().get(LOCATION);
            let location = location.and_then(|value| value.to_str().ok());
            let location = location.ok_or("it redirects to nowhere")?;
            let shown = Foreign::from(location).short();
            let next = url.join(location).map_err(|_| format!("it redirects to `{shown}`"))?;
            read(next.as_str()).map(Some).map_err(|why| {
                format!("it redirects to `{shown}`: {}", why.replacen("it is", "that is", 1))
            })
        }
        _ => Err(format!("it answers with HTTP status {status}")),
    }
}

async fn body(response: Response<Incoming>, most: usize) -> Result<Vec<u8>, String> {
    let over =
        || format!("its answer has more than {}, and waxseal reads no more", limits::size(most));
    let announced = response.headers().get(CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|octets| octets > most as u64) {
        return Err(over());
    }
    let mut incoming = response.into_body();
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| format!("its answer breaks off: {error}"))?;
        let Ok(data) = frame.into_data() else { continue };
        if body.len() + data.len() > most {
            return Err(over());
        }
        body.extend_from_slice(&data);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Refuses what is special, except where the test has its host.
    fn refuses(address: IpAddr) -> Option<String> {
        let ours = address == IpAddr::from([127, 0, 0, 1]);
        refuse_special(address).filter(|_| !ours)
    }

    /// Asks a host that answers once, with this.
    async fn asked(answer: String) -> Fetched {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let host = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let url = format!("http://{address}/x").into();
        let question = Question { url, post: None, most: 100 };
        let fetched = fetch(&question, Duration::from_secs(20), refuses).await;
        host.await.unwrap();
        fetched
    }

    #[tokio::test]
    async fn each_redirect_is_held_to_the_same_rule() {
        for (to, kind) in [
            ("http://169.254.169.254/latest/meta-data", "link-local"),
            ("http://[::ffff:169.254.169.254]/", "link-local"),
            ("https://127.0.0.2/", "loopback"),
            ("//10.1.2.3:22/", "private"),
        ] {
            let answer = format!("HTTP/1.1 302 x\r\nContent-Length: 0\r\nLocation: {to}\r\n\r\n");
            let fetched = asked(answer).await;
            let why = fetched.body.unwrap_err();
            assert!(why.starts_with("it redirects, and then it leads to "), "{why}");
            assert!(why.contains(&format!("a {kind} address")), "{to}: {why}");
            assert_eq!(fetched.hosts.len(), 1);
        }
    }

    #[tokio::test]
    async fn a_body_comes_whole_or_not_at_all() {
        let fetched = asked("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc".into()).await;
        assert_eq!(fetched.body, Ok(b"abc".to_vec()));
        let fetched = asked("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".into()).await;
        assert!(fetched.body.unwrap_err().starts_with("its answer breaks off"));
    }
}

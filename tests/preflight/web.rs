//! HTTP hosts on loopback: good ones, and those that mean harm.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Makes the body of an answer from that of a request.
pub type Make = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// What a path answers.
#[derive(Clone)]
pub enum Answer {
    /// This body.
    Body(Vec<u8>),
    /// What is made of the body of the request.
    Made(Make),
    /// A status without a body.
    Status(u16),
    /// A redirect to there.
    To(String),
    /// A redirect to itself.
    ToItself,
    /// A body without an end, as fast as it is read.
    Endless,
    /// A head without an end.
    EndlessHead,
    /// A body that is announced to be so long; none comes.
    Announced(u64),
    /// One octet now and then.
    Drip,
    /// Nothing.
    Silent,
    /// No HTTP.
    Nonsense,
}

/// A host while it lives. Dropping it ends it.
pub struct Web {
    pub address: SocketAddr,
    /// Requests that came.
    pub asked: Arc<AtomicUsize>,
    /// Octets that were written.
    pub written: Arc<AtomicUsize>,
    answers: Arc<Mutex<Vec<(String, Answer)>>>,
    _tasks: JoinSet<()>,
}

impl Web {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
        let address = listener.local_addr().expect("a listener has an address");
        let (asked, written): (Arc<AtomicUsize>, Arc<AtomicUsize>) = Default::default();
        let answers: Arc<Mutex<Vec<(String, Answer)>>> = Default::default();
        let mut tasks = JoinSet::new();
        let (count, octets, known) =
            (Arc::clone(&asked), Arc::clone(&written), Arc::clone(&answers));
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                connections.spawn(serve(stream, Arc::clone(&octets), Arc::clone(&known)));
            }
        });
        Self { address, asked, written, answers, _tasks: tasks }
    }

    /// Makes a path, and gives its address.
    pub fn at(&self, path: &str, answer: Answer) -> String {
        self.answers.lock().expect("nobody panics").push((path.to_owned(), answer));
        self.url(path)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

async fn serve(
    mut stream: TcpStream,
    written: Arc<AtomicUsize>,
    known: Arc<Mutex<Vec<(String, Answer)>>>,
) {
    let Some((path, body)) = request(&mut stream).await else { return };
    let found = known.lock().expect("nobody panics").iter().find(|(p, _)| *p == path).cloned();
    let (_, answer) = found.unwrap_or((path.clone(), Answer::Status(404)));
    let plain = |body: Vec<u8>| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        [head.into_bytes(), body].concat()
    };
    let head = |text: String| format!("HTTP/1.1 {text}\r\n\r\n").into_bytes();
    let (first, more): (Vec<u8>, &[u8]) = match answer {
        Answer::Body(body) => (plain(body), b""),
        Answer::Made(make) => (plain(make(&body)), b""),
        Answer::Status(status) => (head(format!("{status} x\r\nContent-Length: 0")), b""),
        Answer::To(to) => (head(format!("302 x\r\nContent-Length: 0\r\nLocation: {to}")), b""),
        Answer::ToItself => (head(format!("302 x\r\nContent-Length: 0\r\nLocation: {path}")), b""),
        Answer::Endless => (head("200 OK".into()), &[0x30; 16_384]),
        Answer::EndlessHead => (b"HTTP/1.1 200 OK\r\nX: ".to_vec(), &[b'x'; 16_384]),
        Answer::Announced(octets) => (head(format!("200 OK\r\nContent-Length: {octets}")), b"x"),
        Answer::Drip => (head("200 OK".into()), b"x"),
        Answer::Silent => (Vec::new(), b""),
        Answer::Nonsense => (b"220 mail.test ESMTP\r\n".to_vec(), b""),
    };
    let drips = first.is_empty() || more.len() == 1;
    if stream.write_all(&first).await.is_err() {
        return;
    }
    written.fetch_add(first.len(), Ordering::SeqCst);
    while !more.is_empty() && stream.write_all(more).await.is_ok() {
        written.fetch_add(more.len(), Ordering::SeqCst);
        if drips {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    if drips {
        // Held open until the client goes.
        let _ = stream.read(&mut [0; 1]).await;
    }
}

/// The path of a request, and its body.
async fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut octets = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        octets.extend_from_slice(&chunk[..count]);
        let Some(end) = octets.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&octets[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().expect("a length is a number"));
        let body = &octets[end + 4..];
        if body.len() >= length {
            let path = head.split(' ').nth(1).expect("a request has a path").to_owned();
            return Some((path, body.to_vec()));
        }
    }
}

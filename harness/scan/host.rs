//! The host: opens connections to it, counts them, and slows down when it asks for that.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant as StdInstant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use waxseal_model::scan::{Refusal, Target};

use super::front::{Trouble, enter};
use super::reply::{Reader, Reply};

/// An open connection, and its place among those that are open at once.
pub(super) struct Visit<'a> {
    pub(super) stream: TcpStream,
    /// What the host offered in plaintext; empty where TLS comes first.
    pub(super) offered: Vec<String>,
    pub(super) place: Option<SemaphorePermit<'a>>,
}

/// How much a scan may ask of a host.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Time for the whole host.
    pub time: Duration,
    /// Time for one answer.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let patience = Duration::from_secs(10);
        Self { connections: 4, time: Duration::from_secs(60), patience }
    }
}

/// Attempts at one question when the host is in passing trouble.
const ATTEMPTS: u32 = 4;

/// Questions in a row without an answer after which the host is left alone.
const STRIKES: usize = 5;

/// The first pause of a host in trouble; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(300);

/// One host under scan: every part of a scan shares its time, its places and its pace.
pub struct Host {
    pub(super) target: Target,
    address: SocketAddr,
    limits: Limits,
    until: Instant,
    gate: Semaphore,
    pace: Mutex<Pace>,
    made: AtomicUsize,
    /// A hello that the host has answered: asked again to tell a refusal from a host that is gone.
    control: Mutex<Option<Vec<u8>>>,
}

#[derive(Default)]
struct Pace {
    /// The host is in trouble: one connection at a time is enough.
    slow: bool,
    /// Places given up for that.
    retired: usize,
    /// Questions in a row without an answer.
    strikes: usize,
    /// Why the last question had no answer.
    trouble: String,
}

impl Host {
    /// A host whose time runs since `begun`.
    pub fn new(target: Target, address: SocketAddr, limits: Limits, begun: StdInstant) -> Self {
        Self {
            target,
            address,
            limits,
            until: Instant::from_std(begun) + limits.time,
            gate: Semaphore::new(limits.connections.max(1)),
            pace: Mutex::default(),
            made: AtomicUsize::new(0),
            control: Mutex::default(),
        }
    }

    /// TCP connections made so far.
    pub fn connections(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    /// What is left of its time.
    pub fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Connections that it bears at once: one, once it was in trouble.
    pub fn at_once(&self) -> usize {
        if self.pace().slow { 1 } else { self.limits.connections.max(1) }
    }

    /// Why no more questions are asked, as a fragment; `None`: they are.
    pub fn over(&self) -> Option<String> {
        if self.left().is_zero() {
            return Some(format!("the {:?} for this host were over", self.limits.time));
        }
        let pace = self.pace();
        (pace.strikes >= STRIKES).then(|| format!("it stopped answering: {}", pace.trouble))
    }

    /// Time for one answer, within what is left for the host.
    pub(super) fn patience(&self) -> Duration {
        self.limits.patience.min(self.left())
    }

    /// Waits for something, but not beyond the time for the host.
    pub(super) async fn within<T>(&self, waiting: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.until, waiting).await.ok()
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place among the connections that are open at once. A slow host has one place in the end.
    async fn place(&self) -> Option<SemaphorePermit<'_>> {
        loop {
            // The gate is never closed.
            let permit = self.gate.acquire().await.ok()?;
            let mut pace = self.pace();
            if pace.slow && pace.retired + 1 < self.limits.connections {
                pace.retired += 1;
                permit.forget();
                continue;
            }
            return Some(permit);
        }
    }

    /// Opens a connection up to where a hello may be sent.
    ///
    /// A host in passing trouble is asked again, more and more slowly.
    pub(super) async fn visit(&self) -> Result<Visit<'_>, Trouble> {
        let mut pause = PAUSE;
        let mut attempt = 1;
        let mut last = None;
        loop {
            let place = self.place().await;
            if let Some(why) = self.over() {
                return Err(Trouble::Passing(last.unwrap_or(why)));
            }
            let opening = timeout_at(self.until, self.open()).await;
            let opened = opening.unwrap_or_else(|_| {
                Err(Trouble::Passing(format!("the {:?} for this host were over", self.limits.time)))
            });
            match opened {
                Ok((stream, offered)) => return Ok(Visit { stream, offered, place }),
                Err(trouble @ Trouble::NoTls(_)) => return Err(trouble),
                Err(Trouble::Passing(why)) => {
                    drop(place);
                    self.pace().slow = true;
                    if attempt == ATTEMPTS {
                        let mut pace = self.pace();
                        pace.strikes += 1;
                        pace.trouble.clone_from(&why);
                        return Err(Trouble::Passing(why));
                    }
                    last = Some(why);
                }
            }
            attempt += 1;
            // A pause is what a host that limits its clients asks for; nothing else would do.
            sleep(pause.min(self.left())).await;
            pause *= 2;
        }
    }

    async fn open(&self) -> Result<(TcpStream, Vec<String>), Trouble> {
        self.made.fetch_add(1, Ordering::Relaxed);
        let patience = self.patience();
        let mut stream = match timeout(patience, TcpStream::connect(self.address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                return Err(Trouble::Passing(format!("it takes no connection: {error}")));
            }
            Err(_) => {
                return Err(Trouble::Passing(format!("it took no connection within {patience:?}")));
            }
        };
        // Hellos are small and awaited: waiting to fill a segment would only add delay.
        let _ = stream.set_nodelay(true);
        // Boxed: scans join many of these futures, and each would carry the buffers of a dialogue.
        let offered = Box::pin(enter(&mut stream, self.target.entry, self.patience())).await?;
        Ok((stream, offered))
    }

    /// Sends these bytes where a hello is due, and reads the host's first flight.
    pub(super) async fn ask(&self, hello: &[u8]) -> Reply {
        let mut reply = Reply::Unclear(String::new());
        // Silence and nonsense may be a lost packet or a limit: twice is enough.
        for _ in 0..2 {
            let visit = match Box::pin(self.visit()).await {
                Ok(visit) => visit,
                Err(trouble) => return Reply::Unclear(trouble.words()),
            };
            reply = self.exchange(visit, hello).await;
            if !matches!(reply, Reply::Unclear(_)) {
                break;
            }
        }
        self.note(hello, &reply);
        reply
    }

    /// The same on a connection that is open already, once.
    pub(super) async fn ask_here(&self, visit: Visit<'_>, hello: &[u8]) -> Reply {
        let reply = self.exchange(visit, hello).await;
        self.note(hello, &reply);
        reply
    }

    async fn exchange(&self, mut visit: Visit<'_>, hello: &[u8]) -> Reply {
        let patience = self.patience();
        // A host that closes at once is heard by reading.
        let _ = timeout(patience, visit.stream.write_all(hello)).await;
        Box::pin(Reader::new(&mut visit.stream, patience).flight(patience)).await
    }

    fn note(&self, hello: &[u8], reply: &Reply) {
        let mut pace = self.pace();
        match reply {
            Reply::Unclear(why) => {
                pace.strikes += 1;
                pace.slow = true;
                pace.trouble.clone_from(why);
            }
            Reply::Flight(_) => {
                pace.strikes = 0;
                let mut control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
                control.get_or_insert_with(|| hello.to_vec());
            }
            Reply::Refused(_) => pace.strikes = 0,
        }
    }

    /// Like [`Host::ask`], and sure of a refusal: one that is no plain alert counts only when the
    /// host answers a good hello after it and refuses this one again.
    pub(super) async fn ask_surely(&self, hello: &[u8]) -> Reply {
        let reply = self.ask(hello).await;
        let Reply::Refused(how) = &reply else { return reply };
        if plain(how) {
            return reply;
        }
        let control = self.control.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(control) = control else {
            return Reply::Unclear(format!(
                "it ended the handshake ({how}), and no hello was answered that it could be compared with"
            ));
        };
        match self.ask(&control).await {
            Reply::Flight(_) => self.ask(hello).await,
            _ => Reply::Unclear(format!(
                "it ended the handshake ({how}), and then would not answer a good hello either"
            )),
        }
    }
}

/// Whether this is what a server says that has nothing in common with the client: handshake_failure,
/// protocol_version or insufficient_security.
fn plain(how: &Refusal) -> bool {
    matches!(how, Refusal::Alert(40 | 70 | 71) | Refusal::Version(_))
}

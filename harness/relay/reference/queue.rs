//! The queue: tries, tries again, gives back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::outbound::{Attempt, deliver};
use super::rules::rule;
use super::{Mutant, Setup, Variant};
use crate::wire::attention::{pause, timed};

/// Time between two tries.
const BACKOFF: Duration = Duration::from_millis(60);
/// The same of a relay that takes its time.
const LATE: Duration = Duration::from_secs(1800);
/// Time after which a message is bounced. Longer than two tries, shorter than any patience.
const LIFETIME: Duration = Duration::from_millis(150);

/// One message to one recipient.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// Empty for reports.
    pub(super) from: String,
    pub(super) to: String,
    /// As received, dots stuffed.
    pub(super) content: Vec<u8>,
    /// The first recipient of its transaction.
    pub(super) first: String,
    /// How many recipients were named before this one.
    pub(super) place: usize,
    /// It was announced as of eight bits (RFC 6152).
    pub(super) eight_bit: bool,
    /// It is a report of this relay.
    pub(super) report: bool,
}

/// Where messages are put in, and what is in it.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    sender: UnboundedSender<Entry>,
    held: Arc<Mutex<Held>>,
}

/// The recipients of the messages that are not at their end, by number.
#[derive(Debug, Default)]
struct Held {
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
}

/// One message in the queue.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) recipient: String,
    /// Why it waits; empty while it is tried again within moments.
    pub(super) reason: String,
}

type Entry = (u64, Message);

impl Queue {
    pub(super) fn push(&self, message: Message) {
        let mut held = self.held();
        let number = held.next;
        held.next += 1;
        let waiting = Waiting { recipient: message.to.clone(), reason: String::new() };
        held.waiting.insert(number, waiting);
        drop(held);
        // The worker lives as long as the relay; after that nobody waits for mail.
        let _ = self.sender.send((number, message));
    }

    /// What is not at its end, by number.
    pub(super) fn list(&self) -> Vec<(u64, Waiting)> {
        self.held().waiting.iter().map(|(number, waiting)| (*number, waiting.clone())).collect()
    }

    /// A message waits for long, for this reason.
    fn waits(&self, number: u64, reason: &str) {
        if let Some(waiting) = self.held().waiting.get_mut(&number) {
            reason.clone_into(&mut waiting.reason);
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A queue and the work that empties it.
pub(super) fn open(setup: Arc<Setup>) -> (Queue, impl Future<Output = ()>) {
    let (sender, receiver) = unbounded_channel();
    let queue = Queue { sender, held: Arc::default() };
    (queue.clone(), work(setup, receiver, queue))
}

async fn work(setup: Arc<Setup>, mut receiver: UnboundedReceiver<Entry>, queue: Queue) {
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            message = receiver.recv() => match message {
                Some((number, message)) => {
                    let (setup, queue) = (Arc::clone(&setup), queue.clone());
                    running.spawn(async move {
                        carry(setup, number, message, &queue).await;
                        queue.held().waiting.remove(&number);
                    });
                }
                None => return,
            },
            Some(_) = running.join_next() => {}
        }
    }
}

/// Carries one message to its end: where it is bounced, the report is in the queue before it
/// leaves.
async fn carry(setup: Arc<Setup>, number: u64, message: Message, queue: &Queue) {
    let mut age = Duration::ZERO;
    let to = message.to.to_ascii_lowercase();
    let domain = to.rsplit_once('@').map_or(to.as_str(), |(_, domain)| domain);
    let connector = rule(&setup, &message).await;
    let mut tries = 0;
    let (status, text) = loop {
        tries += 1;
        let (attempt, took) = timed(deliver(&setup, connector, domain, &message, tries)).await;
        age += took;
        match attempt {
            Attempt::Delivered => return,
            Attempt::Permanent(status, text) => break (status, text),
            Attempt::Temporary(status, text) => {
                let over = tries > 1 && age >= LIFETIME;
                if over || setup.is(Mutant::ClientNeverRetries) {
                    break (status, text);
                }
                let reports =
                    !message.from.is_empty() && setup.varies(Variant::ClientReportsDelays);
                if reports && tries == 1 {
                    queue.push(report(&setup, &message, "delayed", (&status, &text)));
                }
                let wait = if setup.varies(Variant::ClientTriesAgainLate) {
                    queue.waits(number, &text);
                    LATE
                } else {
                    BACKOFF
                };
                pause(wait).await;
                age += wait;
            }
        }
    };
    if !message.from.is_empty() && !setup.is(Mutant::ClientLosesMail) {
        let status = if setup.is(Mutant::ClientHidesReason) { "5.0.0" } else { &status };
        queue.push(report(&setup, &message, "failed", (status, &text)));
    }
}

/// A delivery report (RFC 3464) to the sender, with a status and its text.
fn report(setup: &Setup, message: &Message, action: &str, why: (&str, &str)) -> Message {
    let (status, text) = why;
    let (host, to, from) = (&setup.hostname, &message.to, &message.from);
    let content = format!(
        "From: <postmaster@{host}>\r\nTo: <{from}>\r\nSubject: Not delivered\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=report\r\n\r\n\
         --report\r\nContent-Type: text/plain\r\n\r\nThe message to {to}: {action}.\r\n\
         --report\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; {host}\r\n\r\nFinal-Recipient: rfc822; {to}\r\nAction: {action}\r\n\
         Status: {status}\r\nDiagnostic-Code: X-Waxseal; {text}\r\n--report--\r\n"
    );
    Message {
        from: String::new(),
        to: from.clone(),
        content: content.into_bytes(),
        first: from.clone(),
        place: 0,
        eight_bit: false,
        report: true,
    }
}

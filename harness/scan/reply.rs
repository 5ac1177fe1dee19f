//! What a host answers to a hello.

use std::io;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use waxseal_model::limits;
use waxseal_model::scan::Refusal;

use super::front::harmless;
use crate::tls::vulnerabilities::Reaction;
use crate::tls::{FirstFlight, FlightReader};
use crate::wire::attention::Allowance;
use crate::wire::tls::{Message, RecordError, Records};

/// What a host answered to a hello.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// A ServerHello, and in TLS 1.2 and older all up to ServerHelloDone.
    Flight(Box<FirstFlight>),
    /// It would not.
    Refused(Refusal),
    /// No answer that says anything; why.
    Unclear(String),
}

/// How a connection ended, or why it is not waited for any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    Alert(u8),
    Closed,
    Reset,
    Silent,
    NotTls(String),
    TooMuch,
}

impl End {
    /// As what follows a question that a sound host drops or objects to.
    pub(super) fn reaction(self) -> Reaction {
        match self {
            Self::Alert(0) | Self::Closed => Reaction::Closed,
            Self::Alert(description) => Reaction::Alert(description),
            Self::Reset => Reaction::Reset,
            Self::Silent => Reaction::Silent,
            Self::NotTls(_) | Self::TooMuch => Reaction::Unreadable,
        }
    }

    /// As an answer to a hello.
    pub(super) fn reply(self, patience: Duration) -> Reply {
        match self {
            Self::Alert(description) => Reply::Refused(Refusal::Alert(description)),
            Self::Closed => Reply::Refused(Refusal::Closed),
            Self::Reset => Reply::Refused(Refusal::Reset),
            Self::Silent => {
                Reply::Unclear(format!("no answer to a hello came within {patience:?}"))
            }
            Self::NotTls(text) => Reply::Unclear(format!("it answers a hello with `{text}`")),
            Self::TooMuch => Reply::Unclear("its answer to a hello has no end".into()),
        }
    }
}

/// Reads messages from a connection, within a time and a number of octets.
pub(super) struct Reader<'a> {
    stream: &'a mut TcpStream,
    records: Records,
    chunk: Vec<u8>,
    read: usize,
    allowance: Allowance,
}

impl<'a> Reader<'a> {
    pub(super) fn new(stream: &'a mut TcpStream, patience: Duration) -> Self {
        let allowance = Allowance::new(patience);
        Self { stream, records: Records::default(), chunk: vec![0; 8192], read: 0, allowance }
    }

    pub(super) fn wait(&mut self, patience: Duration) {
        self.allowance = Allowance::new(patience);
    }

    pub(super) fn stream(&mut self) -> &mut TcpStream {
        self.stream
    }

    /// The next message other than a warning.
    pub(super) async fn message(&mut self) -> Result<Message, End> {
        loop {
            match self.records.next_message() {
                Ok(Some(Message::Alert { level, description }))
                    if level == 2 || description == 0 =>
                {
                    return Err(End::Alert(description));
                }
                Ok(Some(Message::Alert { .. })) => continue,
                Ok(Some(message)) => return Ok(message),
                Ok(None) => {}
                Err(RecordError::TooLong(_)) => return Err(End::TooMuch),
                Err(RecordError::NotTls(_)) => {
                    return Err(End::NotTls(harmless(self.records.rest())));
                }
            }
            let read = self.allowance.bound(self.stream.read(&mut self.chunk)).await;
            match read {
                Err(_) => return Err(End::Silent),
                Ok(Ok(0)) => return Err(End::Closed),
                Ok(Ok(octets)) => {
                    self.read += octets;
                    if self.read > limits::ANSWER {
                        return Err(End::TooMuch);
                    }
                    self.records.push(&self.chunk[..octets]);
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => {
                    return Err(End::Reset);
                }
                Ok(Err(_)) => return Err(End::Reset),
            }
        }
    }

    /// The host's first flight.
    pub(super) async fn flight(&mut self, patience: Duration) -> Reply {
        let mut reader = FlightReader::default();
        loop {
            let message = match self.message().await {
                Ok(message) => message,
                Err(end) if reader.begun() => return broke_off(end.reply(patience)),
                Err(end) => return end.reply(patience),
            };
            match reader.take(&message) {
                Ok(Some(flight)) if flight.version().is_none() => {
                    return Reply::Unclear(
                        "its ServerHello has a version that does not exist".into(),
                    );
                }
                Ok(Some(flight)) => return Reply::Flight(Box::new(flight)),
                Ok(None) => {}
                Err(wrong) => return Reply::Unclear(wrong.to_string()),
            }
        }
    }
}

/// A suite was chosen, and could not be carried through: no yes and no clear no.
fn broke_off(how: Reply) -> Reply {
    Reply::Unclear(match how {
        Reply::Refused(how) => format!("it broke off after its ServerHello ({how})"),
        Reply::Flight(_) | Reply::Unclear(_) => "it stopped after its ServerHello".into(),
    })
}

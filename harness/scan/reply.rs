//! What a host answers to a hello.

use std::io;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use waxseal_model::limits;
use waxseal_model::offer::Version;
use waxseal_model::scan::Refusal;

use super::front::harmless;
use crate::tls::key_exchange;
use crate::wire::tls::{
    Message, RecordError, Records, ServerHello, ServerKeyExchange, handshake,
    read_certificate_status, read_certificates,
};

/// What a host answered to a hello.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// A ServerHello, and in TLS 1.2 and older all up to ServerHelloDone.
    Flight(Box<Flight>),
    /// It would not.
    Refused(Refusal),
    /// No answer that says anything; why.
    Unclear(String),
}

/// What a host says in clear before it waits for the client.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub(super) hello: ServerHello,
    /// Parameters of an ephemeral key exchange.
    pub(super) exchange: Option<ServerKeyExchange>,
    /// An OCSP answer was stapled.
    pub(super) stapled: bool,
    /// The host's own certificate, in DER.
    pub(super) leaf: Option<Vec<u8>>,
}

impl Flight {
    pub(super) fn version(&self) -> Option<Version> {
        Version::from_code(self.hello.version())
    }

    /// The group of the key exchange or key share.
    pub(super) fn group(&self) -> Option<u16> {
        self.exchange.as_ref().and_then(|exchange| exchange.group).or_else(|| self.hello.group())
    }
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
    until: Instant,
}

impl<'a> Reader<'a> {
    pub(super) fn new(stream: &'a mut TcpStream, patience: Duration) -> Self {
        let until = Instant::now() + patience;
        Self { stream, records: Records::default(), chunk: vec![0; 8192], read: 0, until }
    }

    pub(super) fn wait(&mut self, patience: Duration) {
        self.until = Instant::now() + patience;
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
            let read = timeout_at(self.until, self.stream.read(&mut self.chunk)).await;
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
        let hello = loop {
            match self.message().await {
                Ok(Message::Handshake { kind: handshake::SERVER_HELLO, body }) => {
                    match ServerHello::read(&body) {
                        Ok(hello) => break hello,
                        Err(wrong) => {
                            return Reply::Unclear(format!("its ServerHello is wrong: {wrong}"));
                        }
                    }
                }
                Ok(Message::Handshake { kind: handshake::HELLO_REQUEST, .. }) => {}
                Ok(_) => return Reply::Unclear("it does not begin with a ServerHello".into()),
                Err(end) => return end.reply(patience),
            }
        };
        let mut flight = Flight { hello, exchange: None, stapled: false, leaf: None };
        if flight.version() == Some(Version::Tls13) {
            return Reply::Flight(Box::new(flight));
        }
        loop {
            match self.message().await {
                Ok(Message::Handshake { kind: handshake::SERVER_HELLO_DONE, .. }) => {
                    return Reply::Flight(Box::new(flight));
                }
                Ok(Message::Handshake { kind: handshake::CERTIFICATE, body }) => {
                    flight.leaf =
                        read_certificates(&body).ok().and_then(|chain| chain.into_iter().next());
                }
                Ok(Message::Handshake { kind: handshake::SERVER_KEY_EXCHANGE, body }) => {
                    flight.exchange = read_exchange(&flight.hello, &body);
                }
                Ok(Message::Handshake { kind: handshake::CERTIFICATE_STATUS, body }) => {
                    flight.stapled =
                        read_certificate_status(&body).is_ok_and(|(_, answer)| !answer.is_empty());
                }
                Ok(Message::Handshake { .. }) => {}
                Ok(_) => return Reply::Unclear("its answer is no flight of a server".into()),
                // A suite was chosen, and could not be carried through: no yes and no clear no.
                Err(end) => {
                    return Reply::Unclear(match end.reply(patience) {
                        Reply::Refused(how) => {
                            format!("it broke off after its ServerHello ({how})")
                        }
                        _ => "it stopped after its ServerHello".into(),
                    });
                }
            }
        }
    }
}

fn read_exchange(hello: &ServerHello, body: &[u8]) -> Option<ServerKeyExchange> {
    let (exchange, hint) = key_exchange(hello.suite)?;
    let anonymous = crate::tls::suite_parts(hello.suite).authentication == "anonymous";
    let signed = hello.legacy_version == Version::Tls12.code() && !anonymous && !hint;
    ServerKeyExchange::read(body, exchange, hint, signed).ok()
}

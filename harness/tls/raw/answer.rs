//! What a server answers to a ClientHello that was written by hand.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use waxseal_model::facts::{AnswerFacts, FailureCause, TlsFailure};

use crate::tls::raw::first_flight::{FirstFlight, FlightReader};
use crate::wire::attention::Allowance;
use crate::wire::numbers::{extension_name, group_name, protocols, suite};
use crate::wire::tls::{
    Message, RecordError, Records, ServerHello, ServerKeyExchange, Sslv2ServerHello, handshake,
    kind,
};

/// Octets that are read of one answer.
const LIMIT: usize = 1 << 18;

/// Reads what a server says in plaintext.
#[derive(Debug, Default)]
pub struct Answers {
    records: Records,
    read: usize,
    /// What a client needs that goes on by hand.
    flight: Flight,
    /// The last alert that did not end the handshake.
    warned: Option<u8>,
}

/// What the server said up to TLS 1.2 that a client needs to go on.
#[derive(Debug, Default)]
pub struct Flight {
    /// Its handshake messages, with their headers.
    pub(super) messages: Vec<u8>,
    pub(super) random: [u8; 32],
    /// Its public value.
    pub(super) public: Vec<u8>,
    pub(super) asks_certificate: bool,
}

impl Answers {
    /// What was said in the first flight.
    pub fn heard(&self) -> &Flight {
        &self.flight
    }

    /// Reads the first flight: a ServerHello, and up to TLS 1.2 all until ServerHelloDone.
    ///
    /// # Errors
    /// How the handshake ended instead, or why the answer says nothing.
    pub async fn flight<T>(
        &mut self,
        io: &mut T,
        patience: Duration,
    ) -> Result<AnswerFacts, TlsFailure>
    where
        T: AsyncRead + Unpin,
    {
        let mut allowance = Allowance::new(patience);
        let mut reader = FlightReader::default();
        let FirstFlight { hello, exchange, .. } = loop {
            let message = self.message(io, &mut allowance).await?;
            match reader.take(&message) {
                Ok(Some(flight)) => break flight,
                Ok(None) => {}
                Err(wrong) => return Err(self.failure(FailureCause::OurObjection, wrong)),
            }
        };
        self.flight.random = hello.random;
        self.flight.public =
            exchange.as_ref().map(|exchange| exchange.public.clone()).unwrap_or_default();
        Ok(facts(&hello, exchange))
    }

    /// The next message other than a warning.
    ///
    /// # Errors
    /// How the handshake ended instead.
    pub async fn message<T>(
        &mut self,
        io: &mut T,
        allowance: &mut Allowance,
    ) -> Result<Message, TlsFailure>
    where
        T: AsyncRead + Unpin,
    {
        let mut chunk = [0; 4096];
        loop {
            match self.records.next_message() {
                Ok(Some(Message::Alert { level, description })) => {
                    if description == 0 {
                        return Err(self.failure(FailureCause::RelayClosed, "it just closed"));
                    }
                    self.warned = Some(description);
                    if level == 2 {
                        return Err(self.failure(FailureCause::RelayAlert, "it sent an alert"));
                    }
                    continue;
                }
                Ok(Some(message)) => {
                    self.flight.hear(&message);
                    return Ok(message);
                }
                Ok(None) => {}
                Err(RecordError::TooLong(_)) => {
                    return Err(self.failure(FailureCause::OurObjection, "its answer is too long"));
                }
                Err(RecordError::NotTls(_)) => {
                    return Err(self.failure(FailureCause::NotTls, "its answer is no TLS"));
                }
            }
            let read = match allowance.bound(io.read(&mut chunk)).await {
                Err(_) => return Err(self.failure(FailureCause::Silence, "no answer came in time")),
                Ok(Ok(0)) => return Err(self.failure(FailureCause::RelayClosed, "it just closed")),
                Ok(Ok(read)) => read,
                Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => {
                    return Err(self.failure(FailureCause::Silence, error));
                }
                Ok(Err(error)) => return Err(self.failure(FailureCause::RelayReset, error)),
            };
            self.read += read;
            if self.read > LIMIT {
                return Err(self.failure(FailureCause::OurObjection, "its answer has no end"));
            }
            self.records.push(&chunk[..read]);
        }
    }

    /// Reads the answer to a hello of SSL 2.0.
    ///
    /// # Errors
    /// As of [`Answers::flight`].
    pub async fn flight_sslv2<T>(
        &mut self,
        io: &mut T,
        patience: Duration,
    ) -> Result<AnswerFacts, TlsFailure>
    where
        T: AsyncRead + Unpin,
    {
        let mut allowance = Allowance::new(patience);
        let mut heard = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            match Sslv2ServerHello::read(&heard) {
                Ok(Some(hello)) => return Ok(facts_sslv2(&hello)),
                Ok(None) => {}
                // An alert, or a ServerHello of TLS.
                Err(_) => {
                    self.records.push(&heard);
                    return self.flight(io, allowance.left()).await;
                }
            }
            match allowance.bound(io.read(&mut chunk)).await {
                Ok(Ok(read)) if read > 0 && heard.len() < LIMIT => {
                    heard.extend_from_slice(&chunk[..read]);
                }
                // Said by the reader of TLS in its own words.
                Ok(Ok(_)) => return Err(self.failure(FailureCause::RelayClosed, "it just closed")),
                Ok(Err(error)) => return Err(self.failure(FailureCause::RelayReset, error)),
                Err(_) => return Err(self.failure(FailureCause::Silence, "no answer came in time")),
            }
        }
    }

    fn failure(&self, cause: FailureCause, detail: impl ToString) -> TlsFailure {
        TlsFailure {
            engine: None,
            cause,
            alert_heard: self.warned,
            alert_said: None,
            detail: detail.to_string(),
        }
    }
}

impl Flight {
    fn hear(&mut self, message: &Message) {
        let Message::Handshake { kind, body } = message else { return };
        // Its own length said that it fits.
        self.messages.push(*kind);
        self.messages.extend_from_slice(&(body.len() as u32).to_be_bytes()[1..]);
        self.messages.extend_from_slice(body);
        self.asks_certificate |= *kind == handshake::CERTIFICATE_REQUEST;
    }
}

fn facts(hello: &ServerHello, exchange: Option<ServerKeyExchange>) -> AnswerFacts {
    let group = exchange.and_then(|exchange| exchange.group).or_else(|| hello.group());
    let alpn = hello.extension(kind::ALPN).and_then(|body| protocols(body).into_iter().next());
    AnswerFacts {
        version: hello.version(),
        retry: hello.is_retry(),
        suite: Some(suite(hello.suite)),
        compression: hello.compression,
        group: group.map(group_name),
        alpn,
        downgrade_sentinel: hello.downgrade_sentinel().is_some(),
        extensions: hello.extensions.iter().flatten().map(|e| extension_name(e.kind)).collect(),
    }
}

fn facts_sslv2(hello: &Sslv2ServerHello) -> AnswerFacts {
    AnswerFacts {
        version: hello.version,
        retry: false,
        suite: None,
        compression: 0,
        group: None,
        alpn: None,
        downgrade_sentinel: false,
        extensions: Vec::new(),
    }
}

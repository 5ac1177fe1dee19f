//! The ordered record of what was received and sent in one case.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::facts::{
    Alert, AnswerFacts, HelloFacts, TamperReaction, TicketFacts, TlsFacts, TlsFailure,
};
use crate::foreign::Foreign;
use crate::limits::Bound;
use crate::offer::Version;

/// All that was received and sent in one case, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Trace {
    /// In the order of `at`.
    pub events: Vec<Event>,
}

/// One thing that happened. In JSON, bytes of SMTP are text with one character for each byte
/// (ISO 8859-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Event {
    /// Time since the case began; in JSON whole microseconds.
    #[serde(with = "micros")]
    #[schemars(with = "u64")]
    pub at: Duration,
    /// Where it happened.
    pub place: Place,
    /// What happened.
    pub kind: Happening,
}

/// Where an event happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The lab's resolver.
    Dns,
    /// The connection that hands the message to a sending relay.
    Injection,
    /// One connection of a scripted peer, counted from 1 for each peer.
    Peer {
        /// The peer's name in the scenario.
        name: String,
        /// The connection's number.
        connection: u32,
    },
    /// The mailbox of the envelope sender, where delivery reports arrive.
    Sender,
    /// The harness itself.
    Run,
}

/// The last line of every message that is handed to the relay.
pub const MESSAGE_END: &str = "The probe of one case.";

/// Whether bytes went in plaintext or inside TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// In plaintext.
    Plaintext,
    /// Inside TLS.
    Tls,
}

/// How a line ended. A relay that sends or takes a bare LF is something a scenario may ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// CR LF, as SMTP demands (RFC 5321 section 2.3.8).
    CrLf,
    /// LF alone.
    Lf,
    /// CR alone.
    Cr,
    /// No ending: the connection ended, or the limit was reached.
    None,
}

/// How a connection ended. These are kept apart: none of them is a refusal of TLS by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The relay sent close_notify, then FIN.
    CloseNotify,
    /// The relay sent FIN.
    Fin,
    /// The relay's side reset the connection.
    Reset,
    /// The relay sent a fatal TLS alert.
    Alert,
    /// The relay sent what is no part of the TLS session; we closed it.
    Garbled,
    /// We closed it.
    Ours,
    /// Nothing came within the time allowed; we closed it.
    Silence,
}

/// What happened. Facts only; wording belongs to the renderer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Happening {
    /// The relay asked the lab's resolver.
    DnsQuery {
        /// The name asked for, without a final dot.
        name: String,
        /// `MX`, `A`, `TLSA` ….
        record: String,
        /// What was answered, as text (`NOERROR 1`, `SERVFAIL`, `no answer`).
        answer: String,
    },
    /// A connection was made: by the relay to our peer, or by our peer to the relay.
    Connected,
    /// We could not connect to the relay. The text is a fragment for people.
    NotConnected(Foreign),
    /// We sent these bytes (one line with its ending, or raw bytes of an act).
    Sent {
        /// In plaintext or inside TLS.
        channel: Channel,
        /// As sent.
        #[serde(with = "text")]
        #[schemars(with = "String")]
        bytes: Vec<u8>,
    },
    /// The relay sent this line. Message content is recorded as one event.
    Received {
        /// In plaintext or inside TLS.
        channel: Channel,
        /// Without its ending.
        #[serde(with = "text")]
        #[schemars(with = "String")]
        line: Vec<u8>,
        /// How it ended.
        ending: Ending,
    },
    /// The relay sent message content up to the final dot.
    ReceivedContent {
        /// In plaintext or inside TLS.
        channel: Channel,
        /// The content as sent, without the final dot's line.
        #[serde(with = "text")]
        #[schemars(with = "String")]
        bytes: Vec<u8>,
    },
    /// Bytes that came where none were due, such as plaintext behind an accepted STARTTLS.
    UnexpectedBytes {
        /// In plaintext or inside TLS.
        channel: Channel,
        /// As received.
        #[serde(with = "text")]
        #[schemars(with = "String")]
        bytes: Vec<u8>,
    },
    /// Step `step` (from 0, over all parts) of the peer's script was played or met.
    Reached {
        /// The step's number.
        step: usize,
    },
    /// The relay did something else than step `step` says.
    Diverged {
        /// The step's number.
        step: usize,
    },
    /// The part of the script for this connection was played to its end.
    Finished,
    /// A fault named in the scenario was played.
    Faulted(String),
    /// We sent a ClientHello that was written by hand. The text says what is odd about it.
    WroteHello(String),
    /// The relay answered it with a ServerHello or HelloRetryRequest.
    Answered(Box<AnswerFacts>),
    /// The relay did what this fault wants of it and nobody should do. The text is the fault's name.
    ViolationAccepted(String),
    /// Our server's flight was changed on its way out, as a scenario says.
    Tampered {
        /// The tampering's name in scenario files.
        tampering: String,
        /// What the relay did about it.
        answer: TamperReaction,
        /// The version of the flight before it was changed.
        version: Version,
    },
    /// The relay's ClientHello.
    Hello(Box<HelloFacts>),
    /// A handshake finished.
    HandshakeCompleted(Box<TlsFacts>),
    /// The relay gave something to resume the session by.
    Ticket(TicketFacts),
    /// A handshake did not finish.
    HandshakeFailed(TlsFailure),
    /// Outbound: what came before has ended, and the next message is handed to the relay. What is
    /// judged is what came after the last of these.
    NextMessage,
    /// An alert other than close_notify went by after the handshake. What our side sends is reported by
    /// the legacy engine only: the modern one keeps it to itself.
    Alerted(Alert),
    /// Outbound: our receiver answered the end of the message with 250: the message is ours.
    AcceptedByPeer {
        /// In plaintext or inside TLS.
        channel: Channel,
    },
    /// Inbound, and at the injection: the relay answered the end of the message with 2yz.
    AcceptedByRelay {
        /// In plaintext or inside TLS.
        channel: Channel,
    },
    /// Inbound, and at the injection: the relay refused the message with this reply.
    Refused {
        /// In plaintext or inside TLS.
        channel: Channel,
        /// The whole reply.
        #[serde(with = "text")]
        #[schemars(with = "String")]
        reply: Vec<u8>,
    },
    /// A delivery report for the message arrived.
    Reported {
        /// In plaintext or inside TLS.
        channel: Channel,
        /// `failed`, `delayed`, `delivered`, … (RFC 3464 section 2.3.3).
        action: Foreign,
        /// The enhanced status code (RFC 3463), `4.7.4`.
        status: Foreign,
        /// The diagnostic code, or the report's text where there is none.
        diagnostic: Foreign,
    },
    /// The message waits in the relay: nothing more came for the time after which silence
    /// counts, and the relay's queue, where its driver can tell it, holds the message.
    Waiting {
        /// The reason the queue gives, or how long nothing came.
        reason: Foreign,
    },
    /// Outbound: what the relay's own log says about a failed attempt with this message, under the id that
    /// the message has in its queue. Only with a configuration of the user's own.
    Logged {
        /// The words of the log.
        words: Foreign,
    },
    /// The relay's queue no longer holds the message, though it was neither passed on nor reported.
    /// Only from a driver that can tell the queue.
    LostFromQueue,
    /// A bound of ours was reached: what came beyond it was not read, or is not kept. Nothing may be
    /// judged by what is missing.
    Cut {
        /// Which bound.
        bound: Bound,
        /// Events that are not kept, or that stand before this one only in part.
        events: u64,
        /// Octets in them; 0 where they were not read.
        octets: u64,
    },
    /// The connection ended.
    Ended(End),
    /// The time allowed for the case ran out before the message ended.
    Deadline,
    /// The case was not played: the relay had been silent on this control until the time allowed for
    /// it was over.
    NotPlayed {
        /// The control's id.
        control: String,
    },
    /// Our own side broke. The text is a fragment for people.
    HarnessError(String),
}

impl Happening {
    /// Octets of others in it.
    pub fn octets(&self) -> u64 {
        match self {
            Self::Sent { bytes, .. }
            | Self::ReceivedContent { bytes, .. }
            | Self::UnexpectedBytes { bytes, .. }
            | Self::Received { line: bytes, .. }
            | Self::Refused { reply: bytes, .. } => bytes.len() as u64,
            _ => 0,
        }
    }
}

impl Event {
    /// How much room it takes in the record of a run, in octets and at most: its text in JSON, as it is
    /// written there.
    pub fn weight(&self) -> usize {
        let mut weighed = Weighed(0);
        // Nothing here fails to be written.
        let _ = serde_json::to_writer_pretty(&mut weighed, self);
        weighed.0
    }
}

/// Counts what is written to it.
struct Weighed(usize);

impl std::io::Write for Weighed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // An event is indented in the record, and what is not visible there is escaped.
        let weight = |byte: &u8| match byte {
            b'\n' => 13,
            0x80.. => 3,
            _ => 1,
        };
        self.0 += bytes.iter().map(weight).sum::<usize>();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Where the message that is judged begins in the events of a trace.
pub(crate) fn judged_from(events: &[Event]) -> usize {
    events.iter().rposition(|event| event.kind == Happening::NextMessage).unwrap_or(0)
}

impl Trace {
    /// Where the message that is judged begins: an index into the events.
    pub fn judged_from(&self) -> usize {
        judged_from(&self.events)
    }

    /// The events from there on, with their indexes.
    pub fn judged(&self) -> impl Iterator<Item = (usize, &Event)> {
        self.events.iter().enumerate().skip(self.judged_from())
    }

    /// Events of a peer's connections, in order.
    pub fn of_peer<'a>(&'a self, peer: &'a str) -> impl Iterator<Item = (usize, &'a Event)> {
        self.events.iter().enumerate().filter(
            move |(_, event)| matches!(&event.place, Place::Peer { name, .. } if name == peer),
        )
    }
}

/// Serde of durations as whole microseconds.
pub mod micros {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes whole microseconds.
    pub fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(value.as_micros()).unwrap_or(u64::MAX))
    }

    /// Reads whole microseconds.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_micros)
    }
}

/// Serde of wire bytes as text, one character for each byte (ISO 8859-1), so that nothing is lost
/// and dialogue stays readable in JSON.
pub mod text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes each byte as the character of that number.
    pub fn serialize<S: Serializer>(value: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&value.iter().map(|&byte| char::from(byte)).collect::<String>())
    }

    /// Reads each character as the byte of that number.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        String::deserialize(from)?
            .chars()
            .map(|c| u8::try_from(c).map_err(|_| D::Error::custom("a character above U+00FF")))
            .collect()
    }
}

/// Serde of binary blobs as lower-case hexadecimal.
pub mod hex_list {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes a list of hexadecimal strings.
    pub fn serialize<S: Serializer>(value: &[Vec<u8>], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(
            value.iter().map(|blob| blob.iter().map(|b| format!("{b:02x}")).collect::<String>()),
        )
    }

    /// Reads a list of hexadecimal strings.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Vec<u8>>, D::Error> {
        Vec::<String>::deserialize(from)?
            .iter()
            .map(|text| {
                (0..text.len())
                    .step_by(2)
                    .map(|i| text.get(i..i + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
                    .collect::<Option<Vec<u8>>>()
                    .ok_or_else(|| D::Error::custom("not hexadecimal"))
            })
            .collect()
    }
}

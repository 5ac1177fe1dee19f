//! A small stub resolver for relays inside this process.
//!
//! It believes the AD bit, so it is for loopback only.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query as Question, ResponseCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::records::{Data, Kind, Tlsa, wire_name};
use crate::wire::attention::within;

/// Asks one server.
#[derive(Clone, Copy, Debug)]
pub struct Resolver {
    /// Where it listens, UDP and TCP.
    pub server: SocketAddr,
    /// Whether a truncated answer is asked for again over TCP (RFC 1123 section 6.1.3.2).
    pub over_tcp: bool,
}

/// What a question gave. The four are told apart because a relay must (RFC 7672 section 2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// There are such records.
    Records {
        /// At least one.
        records: Vec<T>,
        /// The resolver vouches for them (AD).
        authentic: bool,
    },
    /// The name exists, without such a record.
    NoData {
        /// The resolver vouches for the absence.
        authentic: bool,
    },
    /// There is no such name.
    NxDomain {
        /// The resolver vouches for the absence.
        authentic: bool,
    },
    /// SERVFAIL, another error, or silence: nothing is known.
    Failed,
}

/// For one try; there are two.
const PATIENCE: Duration = Duration::from_secs(1);

impl Resolver {
    /// Asks this server as a resolver ought to.
    pub fn new(server: SocketAddr) -> Self {
        Self { server, over_tcp: true }
    }

    /// The mail hosts of a domain, lowest preference first. A null MX has an empty host.
    pub async fn mx(&self, name: &str) -> Answer<(u16, String)> {
        let pick = |data| match data {
            Data::Mx { preference, host } => Some((preference, host)),
            _ => None,
        };
        let mut answer = self.ask(name, Kind::Mx, pick).await;
        if let Answer::Records { records, .. } = &mut answer {
            records.sort();
        }
        answer
    }

    /// IPv4 addresses, then IPv6 addresses. Authentic when both answers are.
    pub async fn addresses(&self, name: &str) -> Answer<IpAddr> {
        let pick = |data| match data {
            Data::A(address) => Some(IpAddr::V4(address)),
            Data::Aaaa(address) => Some(IpAddr::V6(address)),
            _ => None,
        };
        let (four, six) =
            tokio::join!(self.ask(name, Kind::A, pick), self.ask(name, Kind::Aaaa, pick));
        match (four, six) {
            (
                Answer::Records { mut records, authentic },
                Answer::Records { records: more, authentic: also },
            ) => {
                records.extend(more);
                Answer::Records { records, authentic: authentic && also }
            }
            (found @ Answer::Records { .. }, _) | (_, found @ Answer::Records { .. }) => found,
            (Answer::Failed, _) | (_, Answer::Failed) => Answer::Failed,
            (none, _) => none,
        }
    }

    /// What a name is an alias of; `None`: it is none, or nothing is known.
    pub async fn alias(&self, name: &str) -> Option<String> {
        let pick = |data| match data {
            Data::Cname(target) => Some(target),
            _ => None,
        };
        match self.ask(name, Kind::Cname, pick).await {
            Answer::Records { records, .. } => records.into_iter().next(),
            _ => None,
        }
    }

    /// Texts, each joined from its strings.
    pub async fn txt(&self, name: &str) -> Answer<String> {
        self.ask(name, Kind::Txt, |data| match data {
            Data::Txt(text) => Some(text),
            _ => None,
        })
        .await
    }

    /// Certificate associations; `name` is the whole one, `_25._tcp.mx.example`.
    pub async fn tlsa(&self, name: &str) -> Answer<Tlsa> {
        self.ask(name, Kind::Tlsa, |data| match data {
            Data::Tlsa(tlsa) => Some(tlsa),
            _ => None,
        })
        .await
    }

    async fn ask<T>(&self, name: &str, kind: Kind, pick: impl Fn(Data) -> Option<T>) -> Answer<T> {
        let Some(question) = question(name, kind) else { return Answer::Failed };
        let Some(reply) = self.exchange(&question).await else { return Answer::Failed };
        let authentic = reply.metadata.authentic_data;
        let data = reply.answers.iter().filter_map(|record| Data::from_wire(&record.data));
        let records: Vec<T> = data.filter_map(pick).collect();
        match reply.metadata.response_code {
            ResponseCode::NoError if records.is_empty() => Answer::NoData { authentic },
            ResponseCode::NoError => Answer::Records { records, authentic },
            ResponseCode::NXDomain => Answer::NxDomain { authentic },
            _ => Answer::Failed,
        }
    }

    async fn exchange(&self, question: &Message) -> Option<Message> {
        let bytes = question.to_vec().ok()?;
        for _ in 0..2 {
            let Ok(Ok(reply)) = within(PATIENCE, over_udp(self.server, &bytes)).await else {
                continue;
            };
            if !reply.metadata.truncation {
                return Some(reply);
            }
            if self.over_tcp
                && let Ok(Ok(reply)) = within(PATIENCE, over_tcp(self.server, &bytes)).await
            {
                return Some(reply);
            }
        }
        None
    }
}

fn question(name: &str, kind: Kind) -> Option<Message> {
    static ID: AtomicU16 = AtomicU16::new(1);
    let id = ID.fetch_add(1, Ordering::Relaxed);
    let mut question = Message::new(id, MessageType::Query, OpCode::Query);
    question.metadata.recursion_desired = true;
    question.metadata.authentic_data = true;
    question.add_query(Question::query(wire_name(name).ok()?, kind.to_wire()));
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    question.set_edns(edns);
    Some(question)
}

async fn over_udp(server: SocketAddr, question: &[u8]) -> io::Result<Message> {
    let any = match server {
        SocketAddr::V4(_) => SocketAddr::from(([0; 4], 0)),
        SocketAddr::V6(_) => SocketAddr::from(([0; 16], 0)),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut buffer = vec![0; 4096];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if let Ok(reply) = read(&buffer[..length], question) {
            return Ok(reply);
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &[u8]) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], question].concat()).await?;
    let mut buffer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut buffer).await?;
    read(&buffer, question)
}

/// The id of an answer is that of its question (RFC 1035 section 4.1.1).
fn read(reply: &[u8], question: &[u8]) -> io::Result<Message> {
    if reply.get(..2) != question.get(..2) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Message::from_vec(reply).map_err(io::Error::other)
}

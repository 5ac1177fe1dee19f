//! The lab's resolver: to a relay it looks like a validating one that knows the whole Internet.
//!
//! It validates nothing: a name is signed because the zones say so.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::SOA;
use hickory_proto::rr::{DNSClass, Name, RData, Record};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use waxseal_model::limits;
use waxseal_model::scenario::DnsFaultKind;

use super::descriptors::accept;
use super::error::LabError;
use super::records::{Kind, plain_name, wire_name};
use super::zones::{Found, Zones};

/// A running resolver. Dropping it ends it.
pub struct DnsServer {
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

/// One question a relay asked, as the hook gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Lower case, without a final dot.
    pub name: String,
    /// `MX`, `A`, `TLSA` ….
    pub record: String,
    /// `NOERROR 1`, `NOERROR 1 AD`, `NXDOMAIN`, `SERVFAIL`, `TRUNCATED`, `no answer`.
    pub answer: String,
}

/// Gets every question, from any thread, before the answer leaves.
pub type Listening = Arc<dyn Fn(Query) + Send + Sync>;

/// So low that a changed record is seen at the next attempt.
const TTL: u32 = 1;

/// An idle TCP client is let go after this.
const IDLE: Duration = Duration::from_secs(30);

#[derive(Clone)]
struct Responder {
    zones: Zones,
    hook: Listening,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Transport {
    Tcp,
    Udp,
}

impl DnsServer {
    /// Answers on `address` over UDP and TCP; port 0 means any port free for both.
    ///
    /// # Errors
    /// [`LabError::Listen`] when a socket cannot be bound.
    pub async fn start(
        address: SocketAddr,
        zones: Zones,
        hook: Listening,
    ) -> Result<Self, LabError> {
        let (udp, tcp) = bind_both(address).await?;
        let address = udp.local_addr().map_err(|cause| LabError::Listen { address, cause })?;
        let responder = Responder { zones, hook };
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_udp(udp, responder.clone()));
        tasks.spawn(serve_tcp(tcp, responder));
        Ok(Self { address, _tasks: tasks })
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn bind_both(address: SocketAddr) -> Result<(UdpSocket, TcpListener), LabError> {
    let failed = |cause| LabError::Listen { address, cause };
    // A port free for UDP may be taken for TCP; with port 0 the next one is as good.
    let mut tries = if address.port() == 0 { 32 } else { 1 };
    loop {
        let udp = UdpSocket::bind(address).await.map_err(failed)?;
        match TcpListener::bind(udp.local_addr().map_err(failed)?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(cause) if tries == 1 => return Err(failed(cause)),
            Err(_) => tries -= 1,
        }
    }
}

async fn serve_udp(socket: UdpSocket, responder: Responder) {
    let mut buffer = vec![0; 4096];
    loop {
        // Errors here are echoes of an earlier answer (ICMP); the socket stays good.
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        if let Some(answer) = responder.answer(&buffer[..length], Transport::Udp) {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

async fn serve_tcp(listener: TcpListener, responder: Responder) {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            // A client more waits until another has gone: it is not held.
            accepted = accept(&listener), if clients.len() < limits::HELD => {
                if let Ok(stream) = accepted {
                    clients.spawn(serve_client(stream, responder.clone()));
                }
            }
            Some(_) = clients.join_next() => {}
        }
    }
}

async fn serve_client(mut stream: TcpStream, responder: Responder) {
    while let Ok(Ok(length)) = tokio::time::timeout(IDLE, stream.read_u16()).await {
        let mut question = vec![0; usize::from(length)];
        let read = tokio::time::timeout(IDLE, stream.read_exact(&mut question)).await;
        if !matches!(read, Ok(Ok(_))) {
            return;
        }
        let Some(answer) = responder.answer(&question, Transport::Tcp) else { continue };
        let Ok(length) = u16::try_from(answer.len()) else { return };
        let framed = [&length.to_be_bytes()[..], &answer].concat();
        if stream.write_all(&framed).await.is_err() {
            return;
        }
    }
}

impl Responder {
    /// `None`: no answer is due.
    fn answer(&self, question: &[u8], transport: Transport) -> Option<Vec<u8>> {
        let request = Message::from_vec(question).ok()?;
        if request.metadata.message_type != MessageType::Query {
            return None;
        }
        let mut reply = empty_reply(&request);
        let asked = match &request.queries[..] {
            [asked] if request.metadata.op_code == OpCode::Query => asked.clone(),
            _ => {
                reply.metadata.response_code = ResponseCode::NotImp;
                return reply.to_vec().ok();
            }
        };
        let name = plain_name(&asked.name);
        let mut found = self.zones.find(&name, Kind::from_wire(asked.query_type));
        if asked.query_class != DNSClass::IN {
            found.answers.clear();
        }
        let fits = fill(&mut reply, &asked.name, &found, &request, transport);
        let answer = (found.fault != Some(DnsFaultKind::Silence)).then_some(fits);
        (self.hook)(Query {
            name,
            record: asked.query_type.to_string(),
            answer: answer.as_ref().map_or("no answer".into(), |_| in_words(&reply)),
        });
        answer.flatten()
    }
}

fn empty_reply(request: &Message) -> Message {
    let mut reply = Message::response(request.metadata.id, request.metadata.op_code);
    reply.metadata.recursion_desired = request.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.metadata.checking_disabled = request.metadata.checking_disabled;
    reply.add_queries(request.queries.iter().cloned());
    if let Some(asked) = &request.edns {
        let mut edns = Edns::new();
        edns.set_max_payload(1232);
        edns.set_dnssec_ok(asked.flags().dnssec_ok);
        reply.set_edns(edns);
    }
    reply
}

/// Puts what was found into the reply and gives its bytes, cut to TC where they do not fit.
fn fill(
    reply: &mut Message,
    name: &Name,
    found: &Found,
    request: &Message,
    transport: Transport,
) -> Option<Vec<u8>> {
    if found.fault == Some(DnsFaultKind::Servfail) {
        reply.metadata.response_code = ResponseCode::ServFail;
        return reply.to_vec().ok();
    }
    for (at, (owner, data)) in found.answers.iter().enumerate() {
        // The zones take only what can be sent. The first owner is given as it was asked,
        // because some relays vary letter case and compare.
        let owner = if at == 0 { name.clone() } else { wire_name(owner).ok()? };
        reply.add_answer(Record::from_rdata(owner, TTL, data.to_wire().ok()?));
    }
    if found.no_such_name {
        reply.metadata.response_code = ResponseCode::NXDomain;
    }
    if found.no_such_name || found.answers.is_empty() {
        reply.add_authority(start_of_authority());
    }
    // RFC 6840 section 5.7: AD in the question asks for AD in the answer, as DO does.
    let cares = request.metadata.authentic_data
        || request.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok);
    reply.metadata.authentic_data = found.signed && cares;
    let bytes = reply.to_vec().ok()?;
    let room = usize::from(request.edns.as_ref().map_or(512, Edns::max_payload)).max(512);
    let cut = found.fault == Some(DnsFaultKind::Truncated) || bytes.len() > room;
    if transport == Transport::Udp && cut {
        *reply = reply.truncate();
        return reply.to_vec().ok();
    }
    Some(bytes)
}

fn start_of_authority() -> Record {
    let mut name = Name::root();
    name.set_fqdn(true);
    let soa = SOA::new(name.clone(), name.clone(), 1, 3600, 600, 86_400, TTL);
    Record::from_rdata(name, TTL, RData::SOA(soa))
}

fn in_words(reply: &Message) -> String {
    let code = match reply.metadata.response_code {
        _ if reply.metadata.truncation => "TRUNCATED".into(),
        ResponseCode::NoError => format!("NOERROR {}", reply.answers.len()),
        ResponseCode::NXDomain => "NXDOMAIN".into(),
        ResponseCode::ServFail => "SERVFAIL".into(),
        other => other.to_string(),
    };
    if reply.metadata.authentic_data { code + " AD" } else { code }
}

//! Scenarios and their cases, checked: after loading, a wrong scenario cannot be expressed.
//!
//! A file's path is the scenario's id, or with the name of a row that of each of its scenarios; its
//! folder says the direction.

mod check;
pub mod choices;
mod connector;
mod dialogue;
mod directions;
mod expectation;
mod fault;
mod framing;
mod groups;
mod hello;
mod load;
mod matrix;
mod message;
mod peers;
mod place;
mod placement;
mod row;
mod schema;
mod tampering;
mod vocabulary;

use check::Checker;
pub use check::Placeholder;
pub use connector::Connector;
pub use fault::{ClientFault, Fault, ServerFault};
pub use groups::ConnectorGroup;
pub use hello::{Framing, HelloVariant, RawHello};
pub use load::{Known, default_control, load, load_offers, undelivered_control};
pub use message::{Also, Message, RecipientDomain};
pub use place::{Alias, DeadAddress, Family, HostPlace, PeerPlace};
pub use placement::{NextHop, Placement, SenderPlace};
pub use schema::{keys, schema};
pub use tampering::{TamperedVersion, Tampering};
pub use vocabulary::{Entry, Group, groups};

use crate::expect::{Expect, Outcome};
use crate::facts::Engine;
use crate::offer::Offer;
use crate::script::{Act, Direction, Script, Step};
use crate::words::words;

/// One claim with the cases that test it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// `outbound/forced/odd-code#221`: its file and its row, or `outbound/forced/report`.
    pub id: String,
    /// The claim with the words of its row, and with the names of the matrix in braces.
    pub claim: String,
    /// Requirement ids.
    pub cites: Vec<String>,
    /// In the order of the file.
    pub cases: Vec<Case>,
}

/// One case, complete in itself: what is played and what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// `outbound/forced/odd-code#221,encryption-only`.
    pub id: String,
    /// The scenario's id, without values of the matrix.
    pub scenario: String,
    /// Which way mail goes.
    pub direction: Direction,
    /// The rule in the relay that is tested.
    pub connector: Connector,
    /// The claim, filled in.
    pub claim: String,
    /// Who is harmed.
    pub why: Option<String>,
    /// Requirement ids.
    pub cites: Vec<String>,
    /// Those of them that only a `never` word can disprove.
    pub cites_never: Vec<String>,
    /// Our peers. Outbound: the MX hosts in the order of preference, and `sender` for the MX of
    /// the envelope sender where the scenario plays it.
    pub peers: Vec<Peer>,
    /// What is expected.
    pub expect: Expect,
    /// The outcome is recorded and never a failure.
    pub observe: bool,
    /// The id of the control; `None`: the default of the connector.
    pub control: Option<String>,
    /// Outbound: messages that are sent to the same next hops, one after another, before the one
    /// that is judged.
    pub before: Vec<Before>,
    /// Outbound: the connector under which the envelope sender's domain falls. Its MX is the peer
    /// `sender`. `None`: a domain of ours without any rule.
    pub sender_connector: Option<Connector>,
    /// Outbound: whether the message is handed to the relay inside TLS.
    pub submitted_in_tls: bool,
    /// Outbound: what is special about the message that is judged.
    pub message: Message,
    /// Outbound: the domain of the user's own that the message goes to. `None`: a domain of the lab's.
    pub placement: Option<Placement>,
    /// What the resolver does with the recipient's domain.
    pub dns: Vec<DnsFault>,
    /// Outbound: which name is an alias of another one.
    pub alias: Option<Alias>,
}

impl Case {
    /// The peer of this name.
    pub fn peer(&self, name: &str) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.name == name)
    }

    /// What the case cites, as far as its verdict says something about it. `forbidden`: what is never to
    /// be heard was heard.
    pub fn charged(&self, failed: bool, forbidden: bool) -> Vec<String> {
        let spared = |id: &&String| failed && !forbidden && self.cites_never.contains(*id);
        self.cites.iter().filter(|id| !spared(id)).cloned().collect()
    }

    /// Whether what is expected shows in the dialogue of one connection alone: inbound, and whatever
    /// becomes of the message. Such a case can be played without sending one, and without logging in.
    pub fn needs_no_mail(&self) -> bool {
        let Expect {
            outcome,
            attempts,
            accepted_by,
            dsn,
            visited,
            // These are seen in the dialogue.
            tls: _,
            offered: _,
            certificate: _,
            answer: _,
            alert: _,
            ticket: _,
            reply: _,
            never: _,
        } = &self.expect;
        let rests_on_mail = !outcome.is_empty()
            || attempts.is_some()
            || accepted_by.is_some()
            || dsn.is_some()
            || !visited.is_empty();
        let logs_in =
            |step: &Step| matches!(&step.act, Act::Say { text, .. } if text.contains("{login}"));
        let once = self.peers.iter().all(|peer| peer.script.parts.len() == 1);
        let alone = once && !self.peers.iter().flat_map(|peer| peer.script.steps()).any(logs_in);
        self.direction == Direction::Inbound && !self.observe && !rests_on_mail && alone
    }

    /// Whether the relay may have to break off for this case to hold: such a case needs a control.
    pub fn is_negative(&self) -> bool {
        let Expect {
            outcome,
            tls,
            reply,
            answer,
            // Each of these asks for something that the relay does.
            offered: _,
            certificate: _,
            ticket: _,
            attempts: _,
            visited: _,
            accepted_by: _,
            dsn: _,
            // A refusal is asked for beside it, or a fault that follows the answer.
            alert: _,
            // What must not happen may not happen to a relay that does nothing, and an outcome says
            // that it did something.
            never: _,
        } = &self.expect;
        let withheld = !outcome.is_empty() && !outcome.iter().any(|outcome| outcome.delivered());
        let refused = matches!(
            tls,
            Some(crate::expect::TlsExpect::Refused | crate::expect::TlsExpect::TamperingRefused)
        );
        let reply = reply.as_ref().is_some_and(|reply| {
            reply.or_ended
                || reply.code.as_ref().is_some_and(crate::pattern::Pattern::only_refusals)
        });
        let answer = matches!(answer, Some(crate::expect::AnswerExpect::Refused));
        withheld || refused || reply || answer
    }
}

/// A message before the one that is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// The demand under which it goes out.
    pub connector: Connector,
    /// What the rule that makes this demand goes by.
    pub rule: RuleBy,
    /// One of these has to become of it; otherwise the one that is judged is undecided.
    /// Empty: whatever becomes of it.
    pub outcome: Vec<Outcome>,
    /// It goes to a domain of its own, whose MX records know the first next hop by another name.
    pub renamed: bool,
}

words! {
    /// What a rule of the relay for outbound mail goes by.
    pub enum RuleBy or Domain {
        /// The recipient's whole address, in whatever domain.
        Address = "address",
        /// The recipient's domain.
        Domain = "domain",
    }
}

/// One scripted peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its name in the file.
    pub name: String,
    /// What it negotiates.
    pub offer: Offer,
    /// The recipe of its certificate. Inbound peers show one only where the file names it.
    pub cert: Option<String>,
    /// Outbound: the recipes of its certificates on its second connection, its third, …; the last one
    /// goes on. Empty: it shows the same one always.
    pub later_certs: Vec<String>,
    /// Outbound: the names in its certificate, templates; empty: those of the recipe.
    pub cert_names: Vec<String>,
    /// Outbound: where it is found.
    pub place: PeerPlace,
    /// Misbehaviour below SMTP.
    pub fault: Option<Fault>,
    /// Inbound: what is sent where TLS would begin, in place of a handshake, on the first connection
    /// or, of a client that resumes, on the second.
    pub hello: Option<RawHello>,
    /// Inbound: whether it first opens a session and says goodbye, and resumes that on the next
    /// connection.
    pub resumes: bool,
    /// Inbound: the records of the ClientHello.
    pub records: Framing,
    /// Outbound: what it tampers in its first handshake, its second, …; the last one goes on.
    pub tampers: Vec<Tampering>,
    /// What it says; from its end on the peer behaves correctly.
    pub script: Script,
    /// Outbound: whether it asks for a client certificate.
    pub asks_certificate: AsksCertificate,
    /// Outbound: whether its sessions can be resumed.
    pub resumption: Resumption,
    /// Inbound: the name in SNI, a template; `None`: the relay's name; `Some("none")`: no SNI.
    pub sni: Option<String>,
}

impl Peer {
    /// The engine that alone can play this peer, whatever its offer.
    pub fn engine(&self) -> Option<Engine> {
        let renegotiates = self.client_fault() == Some(ClientFault::Renegotiation);
        let legacy = self.resumes || renegotiates;
        legacy.then_some(Engine::Legacy)
    }

    /// What an inbound client does wrong below SMTP.
    pub fn client_fault(&self) -> Option<ClientFault> {
        match self.fault? {
            Fault::Client(fault) => Some(fault),
            Fault::Server(_) => None,
        }
    }

    /// What a next hop does wrong below SMTP.
    pub fn server_fault(&self) -> Option<ServerFault> {
        match self.fault? {
            Fault::Client(_) => None,
            Fault::Server(fault) => Some(fault),
        }
    }

    /// The connection on which the hand-written hello is sent.
    pub fn hello_on(&self) -> u32 {
        if self.resumes { 2 } else { 1 }
    }
}

words! {
    /// Whether a next hop asks for a client certificate.
    pub enum AsksCertificate or No {
        /// It does not.
        No = "no",
        /// It asks and goes on without.
        Optional = "optional",
        /// It asks and ends the handshake without one.
        Required = "required",
    }
}

words! {
    /// Whether the sessions of a next hop can be resumed.
    pub enum Resumption or No {
        /// No: each connection has a whole handshake.
        No = "no",
        /// By tickets.
        Tickets = "tickets",
        /// By tickets that allow early data in TLS 1.3 (RFC 8446 section 2.3).
        EarlyData = "early-data",
    }
}

/// What the resolver does with one record type of the recipient's domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsFault {
    /// `MX`, `A` or `TLSA`.
    pub record: String,
    /// What happens.
    pub kind: DnsFaultKind,
}

words! {
    /// A misbehaviour of the resolver.
    pub enum DnsFaultKind {
        /// A null MX (RFC 7505).
        Null = "null",
        /// SERVFAIL.
        Servfail = "servfail",
        /// No answer.
        Silence = "silence",
        /// Truncated over UDP, whole over TCP.
        Truncated = "truncated",
    }
}

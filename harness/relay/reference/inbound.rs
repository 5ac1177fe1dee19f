//! The relay as a server: one session a connection, one rule a listener.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind, Version};
use waxseal_model::scenario::Connector;

use super::queue::{Message, Queue};
use super::session::{PATIENCE, Session};
use super::{Mutant, Setup};
use crate::lab::descriptors::accept;
use crate::tls::{AskClient, ChainProblem, ServerSetup, Tickets, Usage, verify_chain};
use crate::wire::LineError;

/// Serves one listener until it is dropped.
pub(super) async fn listen(
    connector: Connector,
    listener: TcpListener,
    setup: Arc<Setup>,
    queue: Queue,
) {
    let grudge = Arc::new(AtomicBool::new(false));
    let tickets = tickets(&setup);
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = accept(&listener) => {
                if let Ok(stream) = accepted {
                    let (setup, queue) = (Arc::clone(&setup), queue.clone());
                    let (grudge, tickets) = (Arc::clone(&grudge), tickets.clone());
                    sessions.spawn(async move {
                        let session = Session::new(stream);
                        let state = State::default();
                        let setup = setup.as_ref();
                        let mut server =
                            Server { connector, session, setup, queue, state, grudge, tickets };
                        // A client that went away is nobody's trouble.
                        let _ = server.serve().await;
                    });
                }
            }
            Some(_) = sessions.join_next() => {}
        }
    }
}

struct Server<'a> {
    connector: Connector,
    session: Session,
    setup: &'a Setup,
    queue: Queue,
    state: State,
    /// A handshake has failed on this listener.
    grudge: Arc<AtomicBool>,
    /// What clients of this listener resume their sessions by.
    tickets: Option<Tickets>,
}

/// What the client has told in this session; forgotten when TLS begins.
#[derive(Default)]
struct State {
    greeted: bool,
    by_helo: bool,
    from: Option<String>,
    to: Vec<String>,
    /// Why this client is refused everything but QUIT (RFC 3207 section 4.1).
    unwelcome: Option<String>,
    /// The client's certificate is the partner's.
    partner: bool,
}

impl Server<'_> {
    async fn serve(&mut self) -> Result<(), LineError> {
        if self.connector == Connector::Implicit && !self.begin_tls().await {
            return Ok(());
        }
        self.session.say(&format!("220 {} ESMTP", self.setup.hostname)).await?;
        loop {
            let line = self.session.line(PATIENCE * 8).await?.bytes;
            let line = String::from_utf8_lossy(&line).into_owned();
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let verb = verb.to_ascii_uppercase();
            if verb == "QUIT" {
                self.session.say("221 2.0.0 Bye").await?;
                self.session.close().await;
                return Ok(());
            }
            if let Some(reply) = self.refusal(&verb) {
                self.session.say(&reply).await?;
            } else if verb == "STARTTLS" {
                if !self.starttls(rest).await? {
                    return Ok(());
                }
            } else if verb == "DATA" {
                self.data().await?;
            } else {
                let reply = self.answer(&verb, rest);
                self.session.say(&reply).await?;
            }
        }
    }

    /// Whether the rule of this listener forbids this verb here.
    fn refusal(&self, verb: &str) -> Option<String> {
        if let Some(why) = &self.state.unwelcome {
            return Some(format!("554 5.7.1 {why}"));
        }
        let clear = self.session.tls().is_none();
        let grudge = self.setup.is(Mutant::ServerBearsGrudges)
            && clear
            && self.grudge.load(Ordering::Relaxed);
        if (self.setup.is(Mutant::ServerTakesNothing) || grudge) && verb == "MAIL" {
            return Some("451 4.3.0 Not today".into());
        }
        let forced = match self.connector {
            Connector::Opportunistic => self.setup.is(Mutant::ServerForcesPublic),
            _ if self.setup.is(Mutant::ServerForcesNothing) => false,
            _ => !(self.setup.is(Mutant::ServerForcesEhloOnly) && self.state.by_helo),
        };
        let noop = verb == "NOOP" && !self.setup.is(Mutant::ServerRefusesNoop);
        let free = noop
            || ["EHLO", "HELO", "STARTTLS"].contains(&verb)
            || (self.setup.is(Mutant::ServerForcesMailOnly) && verb != "MAIL");
        let code = if self.setup.is(Mutant::ServerWrongEnhancedCode) { "5.5.1" } else { "5.7.0" };
        (forced && !free && clear)
            .then(|| format!("530 {code} Must issue a STARTTLS command first"))
    }

    async fn starttls(&mut self, argument: &str) -> Result<bool, LineError> {
        let again = self.setup.is(Mutant::ServerTakesSecondStarttls);
        if self.session.tls().is_some() && !again {
            self.session.say("503 5.5.1 TLS is active").await?;
            return Ok(true);
        }
        let early = !self.state.greeted || self.state.by_helo;
        if early && self.setup.is(Mutant::ServerDropsEarlyStarttls) {
            return Ok(false);
        }
        if early && self.session.tls().is_none() && !self.setup.is(Mutant::ServerTakesEarlyStarttls)
        {
            self.session.say("503 5.5.1 EHLO first").await?;
            return Ok(true);
        }
        if !argument.trim().is_empty() && !self.setup.is(Mutant::ServerTakesArgument) {
            self.session.say("501 5.5.4 STARTTLS takes no argument").await?;
            if self.setup.is(Mutant::ServerRefusesGroup) && self.session.forget_buffer() {
                self.session.say("503 5.5.1 Bad sequence").await?;
            }
            return Ok(true);
        }
        self.session.say("220 2.0.0 Ready to start TLS").await?;
        if self.setup.is(Mutant::ServerRunsInjected) {
            self.session.take_clear().await;
        } else {
            self.session.forget_buffer();
        }
        Ok(self.begin_tls().await)
    }

    async fn begin_tls(&mut self) -> bool {
        let asks = matches!(self.connector, Connector::Mutual | Connector::Opportunistic);
        let setup = ServerSetup {
            offer: offer(self.setup),
            identity: self.setup.identity.clone(),
            ask: match asks {
                true if self.setup.is(Mutant::ServerTakesUnproven) => AskClient::Unproven,
                true => AskClient::Optional,
                false => AskClient::No,
            },
            engine: None,
            tickets: self.tickets.clone(),
            renegotiates: self.setup.is(Mutant::ServerRenegotiates),
        };
        if let Some(mutant) = self.setup.mutant
            && self.session.answer_by_hand(mutant).await
        {
            return false;
        }
        let overlooks = self.setup.is(Mutant::ServerOverlooksClear);
        if !self.session.accept_tls(&setup, overlooks).await {
            self.grudge.store(true, Ordering::Relaxed);
            return false;
        }
        if !self.setup.is(Mutant::ServerKeepsState) {
            self.state = State::default();
        }
        let Some(tls) = self.session.tls() else { return false };
        let leaves = self.setup.is(Mutant::ServerLeavesAfterHandshake)
            || (self.setup.is(Mutant::ServerNeedsSni) && tls.facts.sni.is_none());
        if leaves {
            return false;
        }
        let shown = self.judge_certificate(&tls.facts.peer_chain);
        self.state.partner = shown.is_ok();
        if self.connector == Connector::Mutual {
            self.state.unwelcome = shown.err().map(|problem| problem.to_string());
        }
        true
    }

    fn judge_certificate(&self, chain: &[Vec<u8>]) -> Result<(), ChainProblem> {
        let name = self.setup.partner_name.as_str();
        let roots = &self.setup.client_trust_anchors;
        let verified = verify_chain(chain, roots, Some(name), Usage::Client, SystemTime::now());
        let forgiven = match verified {
            Err(ChainProblem::NoCertificate) => Mutant::ServerTakesNoCertificate,
            Err(ChainProblem::UnknownIssuer) => Mutant::ServerTakesAnyCa,
            Err(ChainProblem::Expired) => Mutant::ServerTakesExpired,
            Err(ChainProblem::WrongName) => Mutant::ServerTakesAnyName,
            other => return other,
        };
        if self.setup.is(forgiven) { Ok(()) } else { verified }
    }

    fn answer(&mut self, verb: &str, rest: &str) -> String {
        match verb {
            "EHLO" if self.setup.is(Mutant::ServerForgetsEhlo) && self.session.tls().is_some() => {
                "502 5.5.1 Command not implemented".into()
            }
            "EHLO" => {
                let greeted = State { greeted: true, ..self.state.kept() };
                self.state = greeted;
                self.capabilities()
            }
            "HELO" => {
                let greeted = State { greeted: true, by_helo: true, ..self.state.kept() };
                self.state = greeted;
                format!("250 {}", self.setup.hostname)
            }
            "NOOP" => "250 2.0.0 OK".into(),
            "RSET" => {
                (self.state.from, self.state.to) = (None, Vec::new());
                "250 2.0.0 OK".into()
            }
            "VRFY" => "252 2.0.0 Cannot verify".into(),
            "MAIL" => self.mail(rest),
            "RCPT" if self.state.from.is_none() => "503 5.5.1 MAIL first".into(),
            "RCPT" => match address(rest, "TO:") {
                Some(to) => {
                    self.state.to.push(to);
                    "250 2.1.5 OK".into()
                }
                None => "501 5.5.4 Syntax: RCPT TO:<address>".into(),
            },
            _ => "502 5.5.1 Command not implemented".into(),
        }
    }

    fn mail(&mut self, rest: &str) -> String {
        if !self.state.greeted {
            return "503 5.5.1 EHLO first".into();
        }
        let Some(from) = address(rest, "FROM:") else {
            return "501 5.5.4 Syntax: MAIL FROM:<address>".into();
        };
        let partners = from.ends_with(&self.setup.partner_suffix);
        if partners
            && self.connector != Connector::Mutual
            && !self.state.partner
            && !self.setup.is(Mutant::ServerTrustsSender)
        {
            return "530 5.7.0 This sender comes in TLS with its certificate".into();
        }
        self.state.from = Some(from);
        self.state.to.clear();
        "250 2.1.0 OK".into()
    }

    async fn data(&mut self) -> Result<(), LineError> {
        if self.state.to.is_empty() {
            return self.session.say("503 5.5.1 RCPT first").await;
        }
        self.session.say("354 Go ahead").await?;
        let content = self.session.content().await?;
        let from = self.state.from.take().unwrap_or_default();
        for to in std::mem::take(&mut self.state.to) {
            self.queue.push(Message { from: from.clone(), to, content: content.clone() });
        }
        self.session.say("250 2.0.0 Queued").await
    }

    fn capabilities(&self) -> String {
        let tls = self.session.tls().is_some();
        let mut lines = vec![self.setup.hostname.clone(), "8BITMIME".into()];
        let listed = if tls {
            self.setup.is(Mutant::ServerListsStarttlsInTls)
        } else {
            !self.setup.is(Mutant::ServerHidesStarttls)
        };
        if listed {
            lines.push("STARTTLS".into());
        }
        lines.push("ENHANCEDSTATUSCODES".into());
        if !tls && self.setup.is(Mutant::ServerListsAuthInClear) {
            lines.push("AUTH PLAIN LOGIN".into());
        }
        let last = lines.len() - 1;
        let lines: Vec<_> = lines
            .iter()
            .enumerate()
            .map(|(at, word)| format!("250{}{word}", if at == last { ' ' } else { '-' }))
            .collect();
        lines.join("\r\n")
    }
}

impl State {
    /// What a new EHLO does not change.
    fn kept(&mut self) -> Self {
        let unwelcome = self.unwelcome.take();
        Self { unwelcome, partner: self.partner, ..Self::default() }
    }
}

/// Tickets with forward secrecy and without early data, for some hours, unless this is a mutant.
fn tickets(setup: &Setup) -> Option<Tickets> {
    let tickets = Tickets::new().ok()?;
    Some(match setup.mutant {
        Some(Mutant::ServerGivesLongTickets) => tickets.lasting(30 * 86_400),
        Some(Mutant::ServerAllowsEarlyData) => tickets.with_early_data(16_384),
        Some(Mutant::ServerResumesWithoutExchange) => tickets.without_exchange(),
        _ => tickets,
    })
}

/// TLS 1.2 and 1.3 with forward secrecy, unless this is a mutant.
fn offer(setup: &Setup) -> Offer {
    let mut offer = Offer::modern();
    let kinds = |kinds: &[SuiteKind]| kinds.iter().copied().map(SuiteChoice::Kind).collect();
    match setup.mutant {
        Some(Mutant::ServerTakesOldVersions) => {
            offer.versions = Version::ALL.to_vec();
            offer.suites = kinds(&[SuiteKind::ForwardSecret, SuiteKind::StaticRsa]);
        }
        Some(Mutant::ServerTakesStaticRsa) => {
            offer.suites = kinds(&[SuiteKind::ForwardSecret, SuiteKind::StaticRsa]);
        }
        Some(Mutant::ServerPrefersStaticRsa) => {
            offer.suites = kinds(&[SuiteKind::StaticRsa, SuiteKind::Tls13, SuiteKind::Ecdhe]);
        }
        Some(Mutant::ServerTakesAnonymous) => {
            offer.suites = kinds(&[SuiteKind::ForwardSecret, SuiteKind::Anonymous]);
        }
        Some(Mutant::ServerTakesNull) => {
            offer.suites = kinds(&[SuiteKind::Tls13, SuiteKind::Ecdhe, SuiteKind::Null]);
        }
        Some(Mutant::ServerTakesWeakCiphers) => {
            offer.suites =
                kinds(&[SuiteKind::Tls13, SuiteKind::Ecdhe, SuiteKind::Rc4, SuiteKind::TripleDes]);
        }
        Some(Mutant::ServerTakesWeakDhe) => {
            offer.suites = kinds(&[SuiteKind::Dhe, SuiteKind::Tls13, SuiteKind::Ecdhe]);
            offer.dh_bits = Some(512);
        }
        // The other engine, which can be told so.
        Some(Mutant::ServerRenegotiates | Mutant::ServerResumesWithoutExchange) => {
            offer.suites = kinds(&[SuiteKind::Tls13, SuiteKind::Ecdhe, SuiteKind::Dhe]);
        }
        Some(Mutant::ServerSignsSha1) => {
            let usual = ["rsa_pss_rsae_sha256", "ecdsa_secp256r1_sha256", "rsa_pkcs1_sha256"];
            let schemes = usual.into_iter().chain(["rsa_pkcs1_sha1", "ecdsa_sha1"]);
            offer.schemes = schemes.map(str::to_owned).collect();
        }
        Some(Mutant::ServerLacksTls12) => offer.versions = vec![Version::Tls13],
        Some(Mutant::ServerLacksTls13) => offer.versions = vec![Version::Tls12],
        _ => {}
    }
    offer
}

/// The address in `FROM:<a@b> …`.
fn address(text: &str, keyword: &str) -> Option<String> {
    let start = text.get(..keyword.len()).filter(|word| word.eq_ignore_ascii_case(keyword))?;
    let (address, _) = text[start.len()..].trim_start().strip_prefix('<')?.split_once('>')?;
    Some(address.to_owned())
}

//! The relay as a server: one session a connection, one rule a listener.

mod starttls;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use waxseal_model::scenario::Connector;

use super::queue::{Message, Queue};
use super::server_faults::{Past, Seen, tickets};
use super::session::{PATIENCE, Session};
use super::{Mutant, Setup, Variant};
use crate::lab::descriptors::accept;
use crate::tls::Tickets;
use crate::wire::LineError;

/// Serves one listener until it is dropped.
pub(super) async fn listen(
    connector: Connector,
    listener: TcpListener,
    setup: Arc<Setup>,
    queue: Queue,
) {
    let past = Arc::new(Past::default());
    let tickets = tickets(&setup);
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = accept(&listener) => {
                if let Ok(stream) = accepted {
                    let (setup, queue) = (Arc::clone(&setup), queue.clone());
                    let (past, tickets) = (Arc::clone(&past), tickets.clone());
                    sessions.spawn(async move {
                        let session = Session::new(stream);
                        let setup = setup.as_ref();
                        let mut server = Server {
                            connector,
                            session,
                            setup,
                            queue,
                            state: State::default(),
                            seen: Seen::default(),
                            past,
                            tickets,
                        };
                        // A client that went away is nobody's trouble.
                        let _ = server.serve().await;
                    });
                }
            }
            Some(_) = sessions.join_next() => {}
        }
    }
}

pub(super) struct Server<'a> {
    connector: Connector,
    pub(super) session: Session,
    pub(super) setup: &'a Setup,
    queue: Queue,
    state: State,
    pub(super) seen: Seen,
    pub(super) past: Arc<Past>,
    /// What clients of this listener resume their sessions by.
    tickets: Option<Tickets>,
}

/// What the client has told in this session; forgotten when TLS begins.
#[derive(Default)]
struct State {
    greeted: bool,
    by_helo: bool,
    /// What it calls itself.
    client: String,
    from: Option<String>,
    to: Vec<String>,
    /// The message was announced as of eight bits.
    eight_bit: bool,
    /// Why this client is refused everything but QUIT (RFC 3207 section 4.1).
    unwelcome: Option<String>,
    /// The client's certificate is the partner's.
    partner: bool,
}

impl Server<'_> {
    async fn serve(&mut self) -> Result<(), LineError> {
        let implicit = self.connector == Connector::Implicit
            && !self.setup.is(Mutant::ServerGreetsInPlaintext);
        if implicit && !self.begin_tls().await {
            return Ok(());
        }
        self.session.say(&format!("220 {} ESMTP", self.setup.hostname)).await?;
        loop {
            self.seen.grouped = self.session.has_more();
            let line = self.session.line(PATIENCE * 8).await?.bytes;
            let line = String::from_utf8_lossy(&line).into_owned();
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            self.seen.verb = verb.to_owned();
            let verb = verb.to_ascii_uppercase();
            if self.setup.is(Mutant::ServerMindsCase) && self.seen.verb != verb {
                self.session.say("502 5.5.1 Command not implemented").await?;
                continue;
            }
            if verb == "QUIT" {
                self.session.say("221 2.0.0 Bye").await?;
                self.session.close().await;
                return Ok(());
            }
            if self.ends_at(&verb) {
                self.session.close().await;
                return Ok(());
            }
            if let Some(reply) = self.refusal(&verb) {
                self.seen.refused = true;
                if verb == "MAIL" && self.setup.is(Mutant::ServerRefusesInWords) {
                    self.answer(&verb, rest);
                }
                self.session.say(&reply).await?;
            } else if verb == "STARTTLS" {
                if !self.starttls(rest).await? {
                    return Ok(());
                }
            } else if verb == "AUTH" && self.takes_logins() {
                self.log_in(rest).await?;
            } else if verb == "DATA" {
                self.data().await?;
            } else {
                let reply = self.answer(&verb, rest);
                self.session.say(&reply).await?;
            }
        }
    }

    /// Whether a listener that demands TLS ends the connection at this verb.
    fn ends_at(&self, verb: &str) -> bool {
        let forced = !matches!(self.connector, Connector::Opportunistic | Connector::Partner);
        let free = ["EHLO", "NOOP", "STARTTLS"].contains(&verb);
        let clear = self.session.tls().is_none();
        self.setup.varies(Variant::ServerEndsInPlaintext) && forced && clear && !free
    }

    /// Whether the rule of this listener forbids this verb here.
    fn refusal(&self, verb: &str) -> Option<String> {
        if let Some(why) = &self.state.unwelcome {
            return Some(format!("554 5.7.1 {why}"));
        }
        let clear = self.session.tls().is_none();
        let grudge = self.setup.is(Mutant::ServerBearsGrudges)
            && clear
            && self.past.failed.load(Ordering::Relaxed);
        let stalled = self.setup.is(Mutant::ServerStallsOnSilence)
            && self.past.stalled.load(Ordering::Relaxed);
        let for_good = self.setup.is(Mutant::ServerRefusesForGood) && self.seen.refused;
        let one = self.setup.is(Mutant::ServerTakesOneMessage) && self.seen.accepted;
        let nothing = self.setup.is(Mutant::ServerTakesNothing) || grudge || stalled || one;
        if for_good && !clear && verb == "MAIL" {
            return Some("550 5.7.1 TLS is required".into());
        }
        if nothing && verb == "MAIL" {
            return Some("451 4.3.0 Not today".into());
        }
        let forced = match self.connector {
            Connector::Opportunistic => self.setup.is(Mutant::ServerForcesPublic),
            _ if self.setup.is(Mutant::ServerForcesNothing) => false,
            _ => !(self.setup.is(Mutant::ServerForcesEhloOnly) && self.state.by_helo),
        };
        let noop = verb == "NOOP" && !self.setup.is(Mutant::ServerRefusesNoop);
        let free = noop
            || ["EHLO", "STARTTLS"].contains(&verb)
            || (verb == "HELO" && !self.setup.varies(Variant::ServerRefusesHelo))
            || self.lets_pass(verb);
        let code = if self.setup.is(Mutant::ServerWrongEnhancedCode) { "5.5.1" } else { "5.7.0" };
        (forced && !free && clear)
            .then(|| format!("530 {code} Must issue a STARTTLS command first"))
    }

    fn answer(&mut self, verb: &str, rest: &str) -> String {
        match verb {
            "EHLO" if self.setup.is(Mutant::ServerForgetsEhlo) && self.session.tls().is_some() => {
                "502 5.5.1 Command not implemented".into()
            }
            "EHLO" => {
                let client = rest.trim().to_owned();
                let greeted = State { greeted: true, client, ..self.state.kept() };
                self.state = greeted;
                self.seen.greetings += 1;
                self.capabilities()
            }
            "HELO" => {
                let client = rest.trim().to_owned();
                let greeted = State { greeted: true, by_helo: true, client, ..self.state.kept() };
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
            && !(self.setup.is(Mutant::ServerChecksFirstSender) && self.seen.checked)
        {
            return "530 5.7.0 This sender comes in TLS with its certificate".into();
        }
        self.seen.checked = true;
        self.state.from = Some(from);
        self.state.eight_bit = rest.to_ascii_uppercase().contains("BODY=8BITMIME");
        self.state.to.clone_from(&self.seen.recipients);
        "250 2.1.0 OK".into()
    }

    async fn data(&mut self) -> Result<(), LineError> {
        if self.state.to.is_empty() {
            return self.session.say("503 5.5.1 RCPT first").await;
        }
        self.session.say("354 Go ahead").await?;
        let content = match self.session.content().await {
            Err(_) if self.setup.is(Mutant::ServerTakesTruncated) => self.session.take_rest(),
            Err(error) => {
                if self.setup.is(Mutant::ClientForwardsTruncated) {
                    let rest = self.session.take_rest();
                    self.queue_up([rest.as_slice(), b"\r\n"].concat());
                }
                return Err(error);
            }
            Ok(content) => content,
        };
        self.queue_up(content);
        self.session.say("250 2.0.0 Queued").await
    }

    /// Puts the message into the queue, once for each recipient.
    fn queue_up(&mut self, content: Vec<u8>) {
        self.seen.accepted = true;
        let field = self.trace_field(&self.state.client, self.state.by_helo);
        let content = [field.as_bytes(), &content].concat();
        let from = self.state.from.take().unwrap_or_default();
        let recipients = std::mem::take(&mut self.state.to);
        let first = recipients.first().cloned().unwrap_or_default();
        for (place, to) in recipients.into_iter().enumerate() {
            self.queue.push(Message {
                from: from.clone(),
                to,
                content: content.clone(),
                first: first.clone(),
                place,
                eight_bit: self.state.eight_bit,
                report: false,
            });
        }
    }

    pub(super) fn in_tls(&self) -> bool {
        self.session.tls().is_some()
    }

    fn capabilities(&self) -> String {
        let tls = self.session.tls().is_some();
        let mut lines = vec![self.setup.hostname.clone(), "8BITMIME".into()];
        let again = self.seen.greetings > 1;
        let listed = if tls {
            self.setup.is(Mutant::ServerListsStarttlsInTls)
                || (self.setup.is(Mutant::ServerListsStarttlsAgain) && again)
        } else {
            let hidden = self.setup.is(Mutant::ServerHidesStarttls);
            let once = self.setup.is(Mutant::ServerListsStarttlsOnce);
            !(hidden || once && again)
        };
        if listed {
            let blank = self.setup.varies(Variant::ServerListsWithBlank);
            let other_case = self.setup.varies(Variant::ServerListsInOtherCase);
            let keyword = if other_case { "StartTLS" } else { "STARTTLS" };
            lines.push(format!("{keyword}{}", if blank { " " } else { "" }));
        }
        lines.push("ENHANCEDSTATUSCODES".into());
        let lists_auth = self.setup.is(Mutant::ServerListsAuthInPlaintext) && !tls;
        if lists_auth || (self.takes_logins() && !self.setup.is(Mutant::ServerTakesUnlistedAuth)) {
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

/// The address in `FROM:<a@b> …`.
fn address(text: &str, keyword: &str) -> Option<String> {
    let start = text.get(..keyword.len()).filter(|word| word.eq_ignore_ascii_case(keyword))?;
    let (address, _) = text[start.len()..].trim_start().strip_prefix('<')?.split_once('>')?;
    Some(address.to_owned())
}

//! The relay as a client: one try to deliver one message.

mod hosts;
mod starttls;

use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpStream;
use waxseal_model::scenario::Connector;

pub(super) use hosts::deliver;
use hosts::literal;

use super::queue::Message;
use super::session::{PATIENCE, Session};
use super::{Mutant, Setup, Variant};
use crate::wire::LineError;
use crate::wire::attention::within;

/// How one try ended: with an enhanced status code and a text.
pub(super) enum Attempt {
    Delivered,
    Temporary(String, String),
    Permanent(String, String),
}

fn temporary(status: &str, text: impl Into<String>) -> Attempt {
    Attempt::Temporary(status.into(), text.into())
}

/// What the rule demands of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Demand {
    Plaintext,
    Opportunistic,
    Forced(Connector),
}

struct Client<'a> {
    setup: &'a Setup,
    host: &'a str,
    /// The host that was tried first.
    first: &'a str,
    /// The recipient's.
    domain: &'a str,
    message: &'a Message,
    tries: u32,
    address: IpAddr,
    /// How many addresses of the host stand before this one.
    place: usize,
    /// The name in the greeting.
    banner: String,
    /// The name in the reply to EHLO.
    ehlo: String,
    /// How far the dialogue came inside TLS.
    inside: Option<Step>,
}

/// What was said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Ehlo,
    Mail,
    Rcpt,
    Data,
    Content,
}

impl Demand {
    fn of(connector: Connector) -> Self {
        match connector {
            Connector::Opportunistic => Self::Opportunistic,
            forced => Self::Forced(forced),
        }
    }
}

/// How a session ended short of an answer about the message.
enum Broken {
    /// TLS could not be had in this session; the text says why.
    Tls(String),
    /// The connection was lost, or nothing came; the text says how.
    Lost(String),
    /// Anything else.
    Other(Attempt),
}

/// Why a fault gives TLS up.
const INJECTED: &str = "something stood behind 220";

impl From<LineError> for Broken {
    fn from(error: LineError) -> Self {
        Self::Lost(error.to_string())
    }
}

impl Client<'_> {
    /// One connection; where TLS breaks under the opportunistic rule, a second one in plaintext.
    async fn try_host(&mut self, address: IpAddr, demand: Demand) -> Attempt {
        let first = self.connect(address, demand).await;
        if self.sends_again(&first) {
            return match self.connect(address, Demand::Plaintext).await {
                Ok(attempt) | Err(Broken::Other(attempt)) => attempt,
                Err(Broken::Tls(text) | Broken::Lost(text)) => temporary("4.7.5", text),
            };
        }
        match first {
            Ok(attempt) | Err(Broken::Other(attempt)) => attempt,
            Err(Broken::Lost(_))
                if matches!(self.inside, Some(Step::Data | Step::Content))
                    && self.setup.is(Mutant::ClientTakesLossForSuccess) =>
            {
                Attempt::Delivered
            }
            Err(Broken::Lost(text)) => temporary("4.4.2", text),
            Err(Broken::Tls(text)) => {
                let clear = match demand {
                    Demand::Opportunistic => !self.setup.is(Mutant::ClientNeverPlaintext),
                    _ if text == INJECTED => true,
                    _ => self.setup.is(Mutant::ClientPlaintextIfBroken),
                };
                if !clear {
                    return temporary("4.7.5", text);
                }
                match self.connect(address, Demand::Plaintext).await {
                    Ok(attempt) | Err(Broken::Other(attempt)) => attempt,
                    Err(Broken::Tls(text) | Broken::Lost(text)) => temporary("4.7.5", text),
                }
            }
        }
    }

    /// Whether this fault sends the message once more in plaintext after a session ended like this.
    fn sends_again(&self, ended: &Result<Attempt, Broken>) -> bool {
        let lost = matches!(ended, Err(Broken::Lost(_)));
        let refused = matches!(ended, Ok(Attempt::Temporary(..) | Attempt::Permanent(..)));
        match (self.setup.mutant, self.inside) {
            (Some(Mutant::ClientPlaintextIfLostAtMail), Some(step)) => {
                lost && matches!(step, Step::Ehlo | Step::Mail | Step::Rcpt)
            }
            (Some(Mutant::ClientPlaintextIfLostAtData), Some(step)) => {
                lost && matches!(step, Step::Data | Step::Content)
            }
            (Some(Mutant::ClientPlaintextIfRefusedAtEhlo), Some(Step::Ehlo))
            | (Some(Mutant::ClientPlaintextIfRefusedAtMail), Some(Step::Mail))
            | (Some(Mutant::ClientPlaintextIfRefusedAtRcpt), Some(Step::Rcpt))
            | (Some(Mutant::ClientPlaintextIfRefusedAtData), Some(Step::Data)) => refused,
            _ => false,
        }
    }

    async fn connect(&mut self, address: IpAddr, demand: Demand) -> Result<Attempt, Broken> {
        let to = SocketAddr::new(address, self.setup.smtp_port);
        let stream = match within(PATIENCE, TcpStream::connect(to)).await {
            Ok(Ok(stream)) => stream,
            _ => return Ok(temporary("4.4.1", format!("could not connect to {}", self.host))),
        };
        let mut session = Session::new(stream);
        let greeting = session.reply().await?;
        if !starts(&greeting, "220") && self.setup.is(Mutant::ClientSkipsAfterOddGreeting) {
            return self.transfer(&mut session, &[]).await;
        }
        if !starts(&greeting, "220") {
            return Ok(self.refused(&mut session, &greeting).await);
        }
        self.banner = second_word(&greeting);
        let verb = if self.setup.is(Mutant::ClientSaysHelo) { "HELO" } else { "EHLO" };
        let hello = format!("{verb} {}", self.setup.hostname);
        if self.setup.varies(Variant::ClientGreetsTwice) {
            self.command(&mut session, &hello).await?;
        }
        let mut listed = self.command(&mut session, &hello).await?;
        if self.setup.varies(Variant::ClientBeginsSlowly) {
            self.command(&mut session, "NOOP").await?;
            self.command(&mut session, "RSET").await?;
        }
        self.ehlo = second_word(&listed);
        let mut demand = demand;
        if self.overlooks_rule(demand) {
            demand = Demand::Plaintext;
        }
        if starts(&listed, "5") {
            let answer = session.command(&format!("HELO {}", self.setup.hostname)).await?;
            if !starts(&answer, "250") {
                return Ok(self.refused(&mut session, &answer).await);
            }
            listed = answer.into_iter().take(1).collect();
            if self.setup.is(Mutant::ClientPlaintextAfterHelo) {
                demand = Demand::Plaintext;
            }
        } else if !starts(&listed, "250") {
            return Ok(self.refused(&mut session, &listed).await);
        }
        if demand != Demand::Plaintext && !self.setup.is(Mutant::ClientIgnoresStarttls) {
            let secured = self.secure(&mut session, demand, &listed).await?;
            self.inside = secured.then_some(Step::Ehlo);
            if secured && !self.setup.is(Mutant::ClientSkipsEhlo) {
                let helo = format!("HELO {}", self.setup.hostname);
                let again = self.setup.varies(Variant::ClientSaysHeloInTls);
                let inner = self.command(&mut session, if again { &helo } else { &hello }).await?;
                if !starts(&inner, "250") {
                    return Ok(self.refused(&mut session, &inner).await);
                }
                if self.setup.is(Mutant::ClientRepeatsStarttls) && lists(&inner, "STARTTLS") {
                    session.command("STARTTLS").await?;
                }
                if !self.setup.is(Mutant::ClientKeepsExtensions) {
                    listed = inner;
                }
            }
        } else if matches!(demand, Demand::Forced(_)) {
            // A mutant that ignores STARTTLS still keeps forced mail back.
            session.quit().await;
            return Ok(temporary("4.7.4", "TLS is required"));
        }
        self.transfer(&mut session, &listed).await
    }

    /// Whether this fault sends forced mail in plaintext for what it remembers of the host.
    fn overlooks_rule(&self, demand: Demand) -> bool {
        let remembers = [
            Mutant::ClientPlaintextIfBrokenBefore,
            Mutant::ClientPlaintextIfPlaintextBefore,
            Mutant::ClientForcesOnce,
        ];
        matches!(demand, Demand::Forced(_))
            && remembers.iter().any(|mutant| self.setup.is(*mutant))
            && self.setup.memory.knows(self.host)
    }

    async fn transfer(
        &mut self,
        session: &mut Session,
        listed: &[String],
    ) -> Result<Attempt, Broken> {
        let size = if lists(listed, "SIZE") {
            format!(" SIZE={}", self.message.content.len())
        } else {
            String::new()
        };
        for (step, command) in [
            (Step::Mail, format!("MAIL FROM:<{}>{size}", self.message.from)),
            (Step::Rcpt, format!("RCPT TO:<{}>", self.message.to)),
        ] {
            self.inside = self.inside.map(|_| step);
            let answer = self.command(session, &command).await?;
            if !starts(&answer, "2") {
                return Ok(self.refused(session, &answer).await);
            }
        }
        self.inside = self.inside.map(|_| Step::Data);
        let answer = self.command(session, "DATA").await?;
        if !starts(&answer, "354") {
            return Ok(self.refused(session, &answer).await);
        }
        let half = self.tries > 1 && self.setup.is(Mutant::ClientCutsMessage);
        let content = &self.message.content;
        let sent = if half { &content[..content.len() / 2] } else { &content[..] };
        session.send(sent).await?;
        if half {
            session.send(b"\r\n").await?;
        }
        self.inside = self.inside.map(|_| Step::Content);
        let answer = session.command(".").await?;
        if !starts(&answer, "2") {
            return Ok(self.refused(session, &answer).await);
        }
        let clear = self.inside.is_none();
        let remembers = match self.setup.mutant {
            Some(Mutant::ClientRemembersTrust) => true,
            Some(Mutant::ClientPlaintextIfPlaintextBefore) => clear,
            Some(Mutant::ClientForcesOnce) => !clear,
            _ => false,
        };
        if remembers {
            self.setup.memory.remember(self.host);
        }
        if self.setup.is(Mutant::ClientMindsMissingCloseNotify) {
            session.command("QUIT").await?;
        }
        if self.setup.is(Mutant::ClientQuitsBeneath) {
            session.quit_beneath().await;
        }
        session.quit().await;
        Ok(Attempt::Delivered)
    }

    /// Sends a command, written as this relay writes it, and gives its reply.
    async fn command(&self, session: &mut Session, line: &str) -> Result<Vec<String>, LineError> {
        session.command(&self.written(line)).await
    }

    fn written(&self, line: &str) -> String {
        match line.split_once([' ', ':']) {
            _ if !self.setup.varies(Variant::ClientWritesLowerCase) => line.to_owned(),
            Some((verb, _)) => verb.to_ascii_lowercase() + &line[verb.len()..],
            None => line.to_ascii_lowercase(),
        }
    }

    /// A refusal by the next hop: permanent if its code is.
    async fn refused(&self, session: &mut Session, answer: &[String]) -> Attempt {
        session.quit().await;
        let text = answer.join(" ");
        if starts(answer, "5") {
            Attempt::Permanent("5.0.0".into(), text)
        } else {
            temporary("4.0.0", text)
        }
    }
}

/// The name in a greeting or in a reply to EHLO.
fn second_word(reply: &[String]) -> String {
    let words = reply.first().map(|line| line.split([' ', '-']).filter(|word| !word.is_empty()));
    words.and_then(|mut words| words.nth(1)).unwrap_or_default().to_owned()
}

fn starts(reply: &[String], code: &str) -> bool {
    reply.last().is_some_and(|line| line.starts_with(code))
}

fn lists(reply: &[String], keyword: &str) -> bool {
    reply.iter().skip(1).any(|line| {
        line.get(4..)
            .and_then(|words| words.split(' ').next())
            .is_some_and(|word| word.eq_ignore_ascii_case(keyword))
    })
}

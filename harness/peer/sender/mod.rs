//! A sending host: plays its script to a receiving relay, and behaves correctly from its end on.

mod handshake;
mod plan;
mod written;

use tokio::net::TcpStream;
use waxseal_model::scenario::ClientFault;
use waxseal_model::script::Act;
use waxseal_model::trace::{Channel, Happening};

pub use plan::{SenderPlan, Then};
use written::Written;

use super::Recorder;
use super::conversation::{Conversation, Over};
use super::pieces::pieces;
use crate::wire::attention::within;
use waxseal_model::wording::fill;

/// Plays one connection to its end.
pub async fn send(plan: &SenderPlan, recorder: Recorder) {
    let connected = within(plan.patience.line, TcpStream::connect(plan.to)).await;
    let stream = match connected {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            return recorder
                .note(plan.place.clone(), Happening::NotConnected(error.to_string().into()));
        }
        Err(_) => {
            let text = "no answer to the connection";
            return recorder.note(plan.place.clone(), Happening::NotConnected(text.into()));
        }
    };
    let talk = Conversation::new(stream, plan.place.clone(), recorder, plan.patience);
    talk.note(Happening::Connected);
    let (state, written) = (State::default(), Written::default());
    let mut session = Session { plan, talk, state, written };
    // How it ended is in the trace.
    let _ = session.play().await;
}

/// How far the session has come, as a correct sender would know it.
#[derive(Default)]
struct State {
    greeted: bool,
    introduced: bool,
    negotiated: bool,
    /// A reply came since TLS began, or since the start.
    answered: bool,
    starttls_listed: bool,
    mail: bool,
    recipient: bool,
    data: bool,
    /// Our last command while its reply is due.
    due: Option<Vec<u8>>,
    refused: bool,
}

struct Session<'a> {
    plan: &'a SenderPlan,
    talk: Conversation,
    state: State,
    /// How the script wrote its last verb: what follows is written like that.
    written: Written,
}

impl Session<'_> {
    async fn play(&mut self) -> Result<(), Over> {
        let plan = self.plan;
        if plan.implicit {
            self.negotiate().await?;
        }
        let mut steps = plan.script.part(plan.connection).iter().peekable();
        // Lines of the last segment behind the first one: each has its own reply.
        let mut behind = Vec::new();
        while let Some(step) = steps.next() {
            match &step.act {
                Act::Hear(pattern) | Act::Condition(pattern) => {
                    let lines = self.reply().await?;
                    if !pattern.matches_reply(&lines) {
                        self.talk.note(Happening::Diverged { step: step.number });
                        return self.finish().await;
                    }
                    self.talk.note(Happening::Reached { step: step.number });
                }
                Act::Say { .. } | Act::Bytes { .. } => {
                    if plan.then == Then::Quits && self.state.data {
                        break;
                    }
                    let mut pieces = pieces(step, &mut steps, &self.talk);
                    self.state.due = pieces.first().cloned();
                    self.written = pieces.last().map_or(self.written, |line| Written::of(line));
                    self.talk.say_all(&pieces).await?;
                    if steps.peek().is_none() {
                        self.talk.note(Happening::Finished);
                        // What stands behind a bare ending may be no line of its own, and is not waited for.
                        let whole = pieces.iter().take_while(|piece| piece.ends_with(b"\r\n"));
                        let whole = whole.count();
                        pieces.truncate(whole + 1);
                        behind = pieces.split_off(1);
                    }
                }
                Act::NegotiateTls => {
                    self.talk.note(Happening::Reached { step: step.number });
                    self.negotiate().await?;
                }
                Act::Silent(time) => {
                    self.talk.note(Happening::Reached { step: step.number });
                    self.talk.keep_silent(*time).await?;
                }
                Act::Close => {
                    self.talk.note(Happening::Reached { step: step.number });
                    return Err(self.talk.close().await);
                }
                Act::Reset => {
                    self.talk.note(Happening::Reached { step: step.number });
                    return Err(self.talk.reset());
                }
                // No script of a sender has them.
                Act::CloseTls | Act::HearMessage => {}
            }
        }
        self.hear_what_is_due(behind).await?;
        self.finish().await
    }

    /// Hears the reply to the script's last line, and to those that went out behind it.
    async fn hear_what_is_due(&mut self, mut behind: Vec<Vec<u8>>) -> Result<(), Over> {
        let Some(due) = self.state.due.clone() else { return Ok(()) };
        let lines = self.reply().await?;
        if verb(&due) == b"AUTH" && lines.last().is_some_and(|line| line.starts_with(b"334")) {
            // It was only asked whether the relay would take a password (RFC 4954 section 4).
            self.talk.say("*").await?;
            self.talk.hear_reply().await?;
        }
        let go_ahead = lines.last().is_some_and(|line| line.starts_with(b"220"));
        // Who was told to go ahead has to begin TLS (RFC 3207 section 4).
        if go_ahead && verb(&due) == b"STARTTLS" && !self.talk.secured() {
            self.negotiate().await?;
            behind.clear();
        }
        for line in behind {
            self.state.due = Some(line);
            self.reply().await?;
        }
        Ok(())
    }

    /// Completes the transaction from wherever the script has left it, or leaves it, and says
    /// goodbye.
    async fn finish(&mut self) -> Result<(), Over> {
        if !self.state.greeted {
            self.reply().await?;
        }
        let quits = self.plan.then == Then::Quits;
        if quits && self.state.data {
            return Err(self.talk.close().await);
        }
        if !self.state.refused {
            self.introduce().await?;
        }
        // Who refused the envelope and says 354 all the same waits for content.
        if !quits && (!self.state.refused || self.state.data) {
            self.transact().await?;
        }
        self.talk.note_early();
        self.command("QUIT").await?;
        self.talk.await_end().await;
        Ok(())
    }

    /// Greets and begins TLS where that is still to be done.
    async fn introduce(&mut self) -> Result<(), Over> {
        let sender = fill("{sender}", &self.plan.names);
        if !self.state.mail && !self.state.introduced {
            self.command(&format!("EHLO {sender}")).await?;
        }
        let upgrade = self.plan.then != Then::DeliversAsItIs
            && !self.state.mail
            && !self.state.negotiated
            && self.state.starttls_listed;
        if upgrade && !self.state.refused && self.command("STARTTLS").await? {
            self.negotiate().await?;
            self.command(&format!("EHLO {sender}")).await?;
        }
        Ok(())
    }

    async fn transact(&mut self) -> Result<(), Over> {
        if !self.state.refused && !self.state.data && !self.state.mail && !self.log_in().await? {
            return Ok(());
        }
        let plan = self.plan;
        // A relay that said 354 waits for content, whatever it has of an envelope.
        if !self.state.data {
            if self.state.refused || !(self.state.mail || self.command(&plan.letter.mail()).await?)
            {
                return Ok(());
            }
            if !self.state.recipient {
                for recipient in &plan.letter.recipients {
                    if !self.command(&format!("RCPT TO:<{recipient}>")).await? {
                        return Ok(());
                    }
                }
            }
            if !self.command("DATA").await? {
                return Ok(());
            }
        }
        let message = plan.letter.content() + ".";
        let channel = self.talk.channel();
        match self.plan.fault.filter(|fault| *fault == ClientFault::CutInsideData) {
            Some(fault) if channel == Channel::Tls => {
                let half = message.len() / 2;
                self.talk.say_all(&[message.as_bytes()[..half].to_vec()]).await?;
                self.talk.note(Happening::Faulted(fault.name().into()));
                self.talk.end_our_half();
            }
            _ => self.talk.say(&message).await?,
        }
        let reply = self.talk.hear_reply().await?;
        self.talk.note(if accepts(&reply) {
            Happening::AcceptedByRelay { channel }
        } else {
            Happening::Refused { channel, reply: reply.join(&b"\r\n"[..]) }
        });
        Ok(())
    }

    /// Logs in where an account is given; a relay that refuses it has refused the mail. Outside TLS
    /// nobody's password is sent.
    async fn log_in(&mut self) -> Result<bool, Over> {
        let channel = self.talk.channel();
        let Some(account) = self.plan.account.as_ref().filter(|_| channel == Channel::Tls) else {
            return Ok(true);
        };
        let command = account.command();
        self.state.due = Some(command.as_bytes().to_vec());
        self.talk.say(&command).await?;
        let lines = self.reply().await?;
        if !accepts(&lines) {
            self.talk.note(Happening::Refused { channel, reply: lines.join(&b"\r\n"[..]) });
        }
        Ok(accepts(&lines))
    }

    /// Sends a command and reads its reply; whether it was taken.
    async fn command(&mut self, line: &str) -> Result<bool, Over> {
        let line = self.written.write(line);
        self.state.due = Some(line.as_bytes().to_vec());
        self.talk.say(&line).await?;
        self.reply().await.map(|lines| accepts(&lines))
    }

    /// Reads the greeting or the reply to the command that is due, and draws the conclusions a
    /// correct sender draws.
    async fn reply(&mut self) -> Result<Vec<Vec<u8>>, Over> {
        let channel = self.talk.channel();
        let mut lines = self.talk.hear_reply().await?;
        if self.greets_again(&lines) {
            // It answers nothing: the reply that is due comes behind it.
            lines = self.talk.hear_reply().await?;
        }
        self.state.answered = true;
        let ok = accepts(&lines);
        // Whatever it answers: a relay that says 354 waits for content.
        self.state.data |= lines.last().is_some_and(|line| line.starts_with(b"354"));
        let Some(command) = self.state.due.take() else {
            self.state.refused |= !ok && !self.state.greeted;
            self.state.greeted = true;
            if self.plan.implicit {
                self.play_inside().await?;
            }
            return Ok(lines);
        };
        let verb = verb(&command);
        let state = &mut self.state;
        match verb.as_slice() {
            b"EHLO" => {
                state.introduced = ok;
                state.starttls_listed = lines.iter().any(|line| lists(line, b"STARTTLS"));
                state.refused |= !ok;
            }
            b"HELO" => state.introduced |= ok,
            // A new transaction: what was refused before it is over.
            b"MAIL" => (state.mail, state.refused) = (ok, !ok),
            b"RCPT" => (state.recipient, state.refused) = (ok, state.refused | !ok),
            b"DATA" => (state.data, state.refused) = (ok, state.refused | !ok),
            b"RSET" if ok => (state.mail, state.recipient) = (false, false),
            // The end of a message that the script sent.
            b"" if command.starts_with(b".") => {
                (state.mail, state.recipient, state.data) = (false, false, false);
            }
            _ => {}
        }
        if self.state.refused && matches!(verb.as_slice(), b"MAIL" | b"RCPT" | b"DATA") {
            self.talk.note(Happening::Refused { channel, reply: lines.join(&b"\r\n"[..]) });
        }
        Ok(lines)
    }

    /// Whether a relay that has greeted in plaintext does so again, in its first word inside TLS.
    fn greets_again(&self, lines: &[Vec<u8>]) -> bool {
        let first = self.state.negotiated && !self.state.answered;
        first && !self.plan.implicit && lines.iter().all(|line| line.starts_with(b"220"))
    }
}

/// Whether a line of the reply to EHLO lists this keyword. What stands behind it, a blank or a
/// parameter, takes nothing away (RFC 5321 section 4.1.1.1).
fn lists(line: &[u8], keyword: &[u8]) -> bool {
    let words = line.get(4..).unwrap_or_default();
    let mut words = words.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.next().is_some_and(|word| word.eq_ignore_ascii_case(keyword))
}

/// The verb of a command, upper case.
fn verb(command: &[u8]) -> Vec<u8> {
    let end = command.iter().position(|b| !b.is_ascii_alphabetic()).unwrap_or(command.len());
    command[..end].to_ascii_uppercase()
}

fn accepts(lines: &[Vec<u8>]) -> bool {
    lines.last().and_then(|line| line.first()).is_some_and(|digit| matches!(digit, b'2' | b'3'))
}

//! A next hop: plays its script to a sending relay, and behaves correctly from its end on.

mod handshake;

use tokio::net::TcpStream;
use waxseal_model::judge::Names;
use waxseal_model::pattern::Pattern;
use waxseal_model::scenario::{ServerFault, Tampering};
use waxseal_model::script::{Act, Script};
use waxseal_model::trace::{Happening, Place};

use super::Recorder;
use super::conversation::{Conversation, Over, Patience};
use super::names::fill_script;
use super::pieces::pieces;
use super::report;
use super::scripted::Scripted;
use crate::tls::ServerSetup;

/// What a receiver does.
#[derive(Clone, Debug)]
pub struct ReceiverPlan {
    /// The peer's name in the scenario.
    pub name: String,
    /// Its host name.
    pub host: String,
    script: Script,
    /// Misbehaviour below SMTP.
    pub fault: Option<ServerFault>,
    /// What is tampered in its first handshake, its second, …; the last one goes on.
    pub tampers: Vec<Tampering>,
    /// How it negotiates TLS.
    pub tls: ServerSetup,
    /// How it does so on its second connection, its third, …; the last one goes on. Empty: as on the
    /// first.
    pub later_tls: Vec<ServerSetup>,
    /// What the content is that it takes.
    pub content: Content,
    /// TLS begins with the first octet, and not by STARTTLS.
    pub implicit: bool,
    /// The envelope sender of the message: what comes to it from nobody is a report, wherever.
    pub sender: Option<String>,
    /// The recipient of the message, which a report about it names.
    pub recipient: Option<String>,
    /// Whether reports about other messages may come here as well.
    pub shared: bool,
    /// It is the envelope sender's mailbox, not a peer of the scenario.
    pub mailbox: bool,
    /// How long it waits.
    pub patience: Patience,
}

impl ReceiverPlan {
    /// A receiver that plays `script` with `names` filled in.
    pub fn new(
        name: &str,
        script: &Script,
        names: &Names,
        tls: ServerSetup,
        patience: Patience,
    ) -> Self {
        Self {
            name: name.into(),
            host: names.get("mx").cloned().unwrap_or_default(),
            script: fill_script(script, names),
            fault: None,
            tampers: Vec::new(),
            tls,
            later_tls: Vec::new(),
            content: Content::Message,
            implicit: false,
            sender: names.get("from").map(|from| from.to_ascii_lowercase()),
            recipient: names.get("recipient").map(|to| to.to_ascii_lowercase()),
            shared: false,
            mailbox: false,
            patience,
        }
    }
}

/// What the content is that a receiver takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// The message of the case.
    Message,
    /// A delivery report about it.
    Report,
}

/// Serves one connection, the peer's `number`th, to its end.
pub async fn receive(plan: &ReceiverPlan, stream: TcpStream, number: u32, recorder: Recorder) {
    let place = if plan.mailbox {
        Place::Sender
    } else {
        Place::Peer { name: plan.name.clone(), connection: number }
    };
    let talk = Conversation::new(stream, place, recorder, plan.patience);
    talk.note(Happening::Connected);
    let mut session = Session {
        plan,
        number,
        talk,
        unanswered: None,
        expects_content: false,
        content: None,
        envelope: Envelope::default(),
        scripted: Scripted::default(),
    };
    // How it ended is in the trace.
    let _ = session.serve().await;
    session.talk.listen_beneath().await;
}

struct Session<'a> {
    plan: &'a ReceiverPlan,
    /// The connection's number, from 1.
    number: u32,
    talk: Conversation,
    /// The relay's last command, as long as we owe its reply.
    unanswered: Option<Vec<u8>>,
    expects_content: bool,
    /// Content that was received and not answered.
    content: Option<Vec<u8>>,
    /// Who the message is from, and for whom.
    envelope: Envelope,
    /// What the script has answered so far.
    scripted: Scripted,
}

/// The envelope of the last message, as far as it tells a report.
#[derive(Default)]
struct Envelope {
    from_nobody: bool,
    recipient: String,
}

impl Envelope {
    /// Follows the relay's commands.
    fn follow(&mut self, line: &[u8]) {
        let path = |prefix: &str| {
            let line = String::from_utf8_lossy(line).to_ascii_lowercase();
            let path = line.strip_prefix(prefix)?.trim_start().strip_prefix('<')?.split('>').next();
            path.map(str::to_owned)
        };
        if let Some(from) = path("mail from:") {
            self.from_nobody = from.is_empty();
        } else if let Some(recipient) = path("rcpt to:") {
            self.recipient = recipient;
        }
    }
}

impl Session<'_> {
    async fn serve(&mut self) -> Result<(), Over> {
        let plan = self.plan;
        if plan.implicit {
            self.negotiate().await?;
        }
        let part = plan.script.part(self.number);
        let mut said = false;
        let mut steps = part.iter().peekable();
        while let Some(step) = steps.next() {
            let reached = || Happening::Reached { step: step.number };
            match &step.act {
                // No script of a next hop has it.
                Act::Condition(_) => {}
                Act::Hear(pattern) => {
                    self.scripted.answered();
                    let line = if self.expects_content {
                        self.take_content().await?;
                        self.talk.note(reached());
                        continue;
                    } else {
                        self.hear(pattern).await?
                    };
                    if pattern.matches_command(&line) {
                        self.talk.note(reached());
                        self.unanswered = Some(line);
                    } else {
                        self.talk.note(Happening::Diverged { step: step.number });
                        return self.answer_all(Some(line)).await;
                    }
                }
                Act::Say { .. } | Act::Bytes { .. } => {
                    self.says(&pieces(step, &mut steps, &self.talk)).await?;
                    said = true;
                }
                Act::NegotiateTls => {
                    self.talk.note(reached());
                    self.unanswered = None;
                    self.scripted = Scripted::default();
                    self.negotiate().await?;
                }
                Act::Silent(time) => {
                    self.talk.note(reached());
                    self.talk.keep_silent(*time).await?;
                }
                Act::Close => {
                    self.talk.note(reached());
                    self.talk.note(Happening::Finished);
                    return Err(self.talk.close().await);
                }
                Act::Reset => {
                    self.talk.note(reached());
                    self.talk.note(Happening::Finished);
                    return Err(self.talk.reset());
                }
                Act::HearMessage => {
                    self.content = Some(self.talk.hear_content().await?);
                    self.expects_content = false;
                    self.unanswered = Some(b".".to_vec());
                    self.talk.note(reached());
                }
                Act::CloseTls => {
                    self.talk.note(reached());
                    self.talk.close_tls().await?;
                }
            }
        }
        if !part.is_empty() {
            self.talk.note(Happening::Finished);
        }
        if !said {
            self.talk.say(&format!("220 {} ESMTP", plan.host)).await?;
        }
        let waiting = self.unanswered.take();
        self.answer_all(waiting).await
    }

    /// Says what the script has here, and keeps in mind what it answers.
    async fn says(&mut self, pieces: &[Vec<u8>]) -> Result<(), Over> {
        if self.unanswered.as_deref().is_some_and(|line| is_verb(line, b"STARTTLS")) {
            self.talk.note_arrived().await;
        }
        if let Some(line) = &self.unanswered {
            self.scripted.begins(line);
        }
        self.scripted.said(pieces);
        let data = self.unanswered.as_deref().is_some_and(|l| is_verb(l, b"DATA"));
        self.expects_content |= data && pieces[0].starts_with(b"354");
        let taken = self.unanswered.as_deref() == Some(b".") && pieces[0].starts_with(b"250");
        if let (true, Some(content)) = (taken, self.content.take()) {
            self.took(&content);
        }
        self.talk.say_all(pieces).await?;
        self.unanswered = None;
        Ok(())
    }

    /// The next line that the script is about. What a client may say at any time, and as often as it
    /// likes, leaves the script where it is: EHLO or HELO again, NOOP, RSET.
    async fn hear(&mut self, pattern: &Pattern) -> Result<Vec<u8>, Over> {
        loop {
            let line = self.talk.hear().await?.bytes;
            self.envelope.follow(&line);
            let free = matches!(verb(&line).as_slice(), b"EHLO" | b"HELO" | b"NOOP" | b"RSET");
            if pattern.matches_command(&line) || !free || !self.scripted.greeted() {
                return Ok(line);
            }
            self.answer(&line).await?;
        }
    }

    /// Behaves correctly until the connection ends. Nothing that the script has hidden or refused is
    /// there now: the same command gets the same answer.
    async fn answer_all(&mut self, mut line: Option<Vec<u8>>) -> Result<(), Over> {
        if self.expects_content && line.is_none() {
            self.take_content().await?;
        }
        loop {
            let command = match line.take() {
                Some(line) => line,
                None => self.talk.hear().await?.bytes,
            };
            self.answer(&command).await?;
        }
    }

    async fn answer(&mut self, line: &[u8]) -> Result<(), Over> {
        self.envelope.follow(line);
        self.scripted.answered();
        let verb = verb(line);
        if let Some(reply) = self.scripted.again(&verb) {
            return self.talk.say_all(&reply).await;
        }
        match verb.as_slice() {
            b"EHLO" => self.talk.say_all(&self.capabilities()).await,
            b"HELO" => self.talk.say(&format!("250 {}", self.plan.host)).await,
            b"STARTTLS" if self.talk.secured() => self.talk.say("503 5.5.1 TLS is active").await,
            b"STARTTLS" if self.scripted.hides("STARTTLS") => {
                self.talk.say("502 5.5.1 Command not implemented").await
            }
            b"STARTTLS" => {
                self.talk.note_arrived().await;
                self.talk.say("220 2.0.0 Ready to start TLS").await?;
                self.scripted = Scripted::default();
                self.negotiate().await
            }
            b"." if self.content.is_some() => {
                let content = self.content.take().unwrap_or_default();
                self.took(&content);
                self.talk.say("250 2.0.0 Taken").await
            }
            b"MAIL" if has_parameter(line, b"SMTPUTF8") && !self.scripted.lists("SMTPUTF8") => {
                self.talk.say("555 5.5.4 SMTPUTF8 is not offered").await
            }
            b"MAIL" | b"RCPT" | b"RSET" | b"NOOP" => self.talk.say("250 2.0.0 OK").await,
            b"VRFY" => self.talk.say("252 2.0.0 Cannot verify").await,
            b"DATA" => {
                self.talk.say("354 Go ahead").await?;
                self.take_content().await
            }
            b"QUIT" => {
                self.talk.say("221 2.0.0 Bye").await?;
                self.talk.await_end().await;
                Err(Over)
            }
            _ => self.talk.say("502 5.5.1 Command not implemented").await,
        }
    }

    fn capabilities(&self) -> Vec<Vec<u8>> {
        let mut words = vec![self.plan.host.as_str(), "SIZE 1048576", "8BITMIME"];
        if !self.talk.secured() {
            words.push("STARTTLS");
        }
        words.push("ENHANCEDSTATUSCODES");
        let last = words.len() - 1;
        words
            .iter()
            .enumerate()
            .map(|(at, word)| {
                let mark = if at == last { ' ' } else { '-' };
                format!("250{mark}{word}\r\n").into_bytes()
            })
            .collect()
    }

    async fn take_content(&mut self) -> Result<(), Over> {
        let content = self.talk.hear_content().await?;
        self.expects_content = false;
        self.took(&content);
        self.talk.say("250 2.0.0 Taken").await?;
        if self.plan.fault == Some(ServerFault::NoCloseNotify) && self.talk.secured() {
            self.talk.note(Happening::Faulted(ServerFault::NoCloseNotify.name().into()));
            return Err(self.talk.leave());
        }
        Ok(())
    }

    /// Notes that what was heard is ours from now on.
    fn took(&self, content: &[u8]) {
        let channel = self.talk.channel();
        // Where all mail goes by one host, so does what comes back.
        let Envelope { from_nobody, recipient } = &self.envelope;
        let passes = *from_nobody && Some(recipient) == self.plan.sender.as_ref();
        let about_it = || {
            let text = String::from_utf8_lossy(content).to_ascii_lowercase();
            self.plan.recipient.as_ref().is_none_or(|recipient| text.contains(recipient))
        };
        match self.plan.content {
            Content::Message if !passes => self.talk.note(Happening::AcceptedByPeer { channel }),
            // A report about another message says nothing of this one.
            Content::Message if !about_it() => {}
            Content::Report if self.plan.shared && !about_it() => {}
            Content::Message | Content::Report => self.talk.note(report::read(content, channel)),
        }
    }
}

/// The verb of a command line, upper case.
pub(super) fn verb(line: &[u8]) -> Vec<u8> {
    let end = line.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(line.len());
    line[..end].to_ascii_uppercase()
}

/// Whether a word of the line behind the address is this parameter.
fn has_parameter(line: &[u8], name: &[u8]) -> bool {
    line.split(|byte| *byte == b' ').skip(1).any(|word| word.eq_ignore_ascii_case(name))
}

pub(super) fn is_verb(line: &[u8], verb: &[u8]) -> bool {
    line.len() >= verb.len() && line[..verb.len()].eq_ignore_ascii_case(verb)
}

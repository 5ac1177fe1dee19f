//! What a driver can do for a run besides listening: tell its queue, take a message, and say
//! when silence counts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use waxseal_model::foreign::Foreign;

use super::contract::{Command, Contract};
use super::driver::Prepared;
use super::error::RelayError;
use super::place::Place;
use super::words::{Discard, Words};
use crate::lab::Commands;
use crate::lab::log::Log;
use crate::peer::Account;

/// The ways to a running relay that its driver declares. The default has none: only what the
/// peers hear counts.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// This long without anything new after an attempt counts as deferred.
    pub settle: Option<Duration>,
    /// Prints the queue.
    pub queue: Option<Arc<Queue>>,
    /// What the log says of a message.
    pub words: Option<Arc<Words>>,
    /// Removes a message from the queue.
    pub discard: Option<Arc<Discard>>,
    /// Takes a message.
    pub submit: Option<Arc<Submit>>,
    /// As whom our senders log in.
    pub account: Option<Account>,
}

impl Evidence {
    /// What the contract declares, with commands that run where the relay was started.
    pub fn of(contract: &Contract, prepared: &Prepared, commands: &Commands, log: &Log) -> Self {
        let place = |command: &Command| Place::new(&contract.name, command, prepared, commands);
        Self {
            settle: Some(contract.settle.deferred),
            queue: contract.queue.as_ref().map(|call| {
                Arc::new(Queue(Teller::Command(Box::new(place(&call.command)), Mutex::default())))
            }),
            words: contract.log.as_ref().map(|table| Arc::new(Words::new(table, log.clone()))),
            discard: contract
                .discard
                .as_ref()
                .map(|call| Arc::new(Discard::new(place(&call.command)))),
            submit: contract.submit.as_ref().map(|command| Arc::new(Submit(place(command)))),
            account: contract.account.clone(),
        }
    }
}

/// One message for one recipient that waits in the relay's queue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queued {
    /// As the relay names it.
    pub id: String,
    /// The envelope recipient.
    pub recipient: String,
    /// The last error; empty while it was not tried, or is being tried.
    pub reason: Foreign,
}

/// The relay's queue.
#[derive(Debug)]
pub struct Queue(Teller);

/// Who tells it.
enum Teller {
    /// A command of the driver; with its last answer, and when it was asked for.
    Command(Box<Place>, Mutex<Option<(Instant, Arc<Vec<Queued>>)>>),
    /// A relay in this process.
    Within(Box<dyn Fn() -> Vec<Queued> + Send + Sync>),
}

impl Queue {
    /// The queue of a relay in this process.
    pub fn within(list: impl Fn() -> Vec<Queued> + Send + Sync + 'static) -> Self {
        Self(Teller::Within(Box::new(list)))
    }

    /// The queue as it is now. Those who ask at the same time get one and the same answer.
    ///
    /// # Errors
    /// [`RelayError::Command`]: the command failed, took too long, or printed something else.
    pub async fn look(&self) -> Result<Arc<Vec<Queued>>, RelayError> {
        let (place, last) = match &self.0 {
            Teller::Command(place, last) => (place, last),
            Teller::Within(list) => return Ok(Arc::new(list())),
        };
        let asked = Instant::now();
        let mut last = last.lock().await;
        if let Some((began, queue)) = last.as_ref()
            && *began >= asked
        {
            return Ok(Arc::clone(queue));
        }
        let began = Instant::now();
        let output = place.run(&[], b"").await?;
        if !output.status.success() {
            return Err(place.failed(&output));
        }
        let queue = Arc::new(parse(&output.stdout).map_err(|mistake| place.error(mistake))?);
        *last = Some((began, Arc::clone(&queue)));
        Ok(queue)
    }
}

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(place, _) => f.debug_tuple("Command").field(place).finish(),
            Self::Within(_) => f.write_str("Within"),
        }
    }
}

/// Lines of JSON, or of three fields with tabs between; empty ones are passed over.
fn parse(output: &[u8]) -> Result<Vec<Queued>, String> {
    let text = String::from_utf8_lossy(output);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            parse_line(line).map_err(|error| {
                let line = Foreign::from(line).short();
                format!("it printed `{line}`, which is no line of a queue: {error}")
            })
        })
        .collect()
}

fn parse_line(line: &str) -> Result<Queued, String> {
    if line.trim_start().starts_with('{') {
        return serde_json::from_str(line).map_err(|error| error.to_string());
    }
    // The reason comes last: it is the relay's word, and may have tabs in it.
    let mut fields = line.splitn(3, '\t');
    match (fields.next(), fields.next(), fields.next()) {
        (Some(id), Some(recipient), reason) if !id.is_empty() && !recipient.is_empty() => {
            Ok(Queued {
                id: id.to_owned(),
                recipient: recipient.to_owned(),
                reason: Foreign::from(reason.unwrap_or_default()),
            })
        }
        _ => Err("write the id, the recipient and the reason with tabs between, or JSON".into()),
    }
}

/// Hands messages to the relay by a command.
#[derive(Debug)]
pub struct Submit(Place);

/// What the relay said to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handed {
    /// It took it, and said this.
    Taken(Vec<u8>),
    /// It refused it, with this reply.
    Refused(Vec<u8>),
}

impl Submit {
    /// Hands one message over. `next_hop` is for relays that look up no MX.
    ///
    /// # Errors
    /// [`RelayError::Command`]: the command failed, or took too long.
    pub async fn hand(&self, envelope: &Envelope<'_>) -> Result<Handed, RelayError> {
        let port = envelope.next_hop.1.to_string();
        let variables = [
            ("WAXSEAL_FROM", envelope.from),
            ("WAXSEAL_RECIPIENT", envelope.to),
            ("WAXSEAL_NEXT_HOP", envelope.next_hop.0),
            ("WAXSEAL_NEXT_HOP_PORT", &port),
        ];
        let output = self.0.run(&variables, envelope.message).await?;
        self.0.note(&output.stdout);
        match output.status.code() {
            Some(0) => Ok(Handed::Taken(output.stdout)),
            Some(1) => Ok(Handed::Refused(output.stdout.trim_ascii_end().to_vec())),
            _ => Err(self.0.failed(&output)),
        }
    }
}

/// A message and where it goes.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// The envelope sender.
    pub from: &'a str,
    /// The envelope recipient.
    pub to: &'a str,
    /// The first host of the recipient's domain, and its port.
    pub next_hop: (&'a str, u16),
    /// The whole message.
    pub message: &'a [u8],
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Files, Isolation};

    fn place(script: &str) -> Place {
        let words = ["sh", "-c", script].map(str::to_owned).to_vec();
        let at = std::env::temp_dir();
        let nowhere = Prepared {
            directory: at.clone(),
            environment: Vec::new(),
            run: at,
            root: None,
            before: Vec::new(),
        };
        let commands = Commands::alone(Isolation::Descendants, Files::AsOurs);
        Place::new("x", &Command::new(words).unwrap(), &nowhere, &commands)
    }

    fn queue(script: &str) -> Queue {
        Queue(Teller::Command(Box::new(place(script)), Mutex::default()))
    }

    #[tokio::test]
    async fn a_queue_is_read_line_by_line() {
        let line = r#"{"id":"1","recipient":"a@b.test","reason":"no TLS"}"#;
        let told = queue(&format!("echo '{line}'; echo")).look().await.unwrap();
        assert_eq!(told[0].reason.raw(), "no TLS");
        assert_eq!(told.len(), 1);
        // The reason is the relay's word, whatever is in it.
        let lines = r#"printf '2\ta@b.test\tsaid "no"\tx\n3\tc@d.test\n'"#;
        let told = queue(lines).look().await.unwrap();
        assert_eq!(told[0].reason.raw(), "said \"no\"\tx");
        let (id, recipient) = (&*told[1].id, &*told[1].recipient);
        assert_eq!((id, recipient, told[1].reason.raw()), ("3", "c@d.test", ""));
    }

    #[tokio::test]
    async fn a_command_that_fails_or_prints_something_else_is_told() {
        for (script, words) in [
            ("echo sorry", "printed `sorry`, which is no line of a queue: write the id, the rec"),
            ("echo gone >&2; exit 3", "exit status: 3: gone"),
        ] {
            let error = queue(script).look().await.unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[tokio::test]
    async fn a_message_is_taken_refused_or_neither() {
        let next_hop = ("mx.d", 25);
        let envelope = Envelope { from: "a@b", to: "c@d", next_hop, message: b"text" };
        let hand = async |script: &str| Submit(place(script)).hand(&envelope).await;
        let script = r#"read -r line; test "$line$WAXSEAL_FROM$WAXSEAL_RECIPIENT" = texta@bc@d &&
            test "$WAXSEAL_NEXT_HOP:$WAXSEAL_NEXT_HOP_PORT" = mx.d:25"#;
        let taken = hand(&format!("{script} && echo queued as 7 && exit 0; exit 9")).await.unwrap();
        assert_eq!(taken, Handed::Taken(b"queued as 7\n".to_vec()));
        let refused = hand("echo '550 no'; exit 1").await.unwrap();
        assert_eq!(refused, Handed::Refused(b"550 no".to_vec()));
        assert!(hand("exit 7").await.is_err());
    }
}

//! A further instance of the relay, in a process and a private network of its own, as the run sees
//! it: it is given attempts and gives back what was played.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use super::handover::{Answer, Done, Task, line};
use crate::lab::process::die_with_us;

/// How long an instance may take to end its relay once nothing more comes.
const LEAVES: Duration = Duration::from_secs(15);

/// How further instances of the relay are started beside the one of this process, where a
/// configuration of the user's own makes the cases of a domain wait for each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instances {
    /// A program that does as `waxseal run` does with these arguments.
    pub program: PathBuf,
    /// Those of this run, and `--instance`.
    pub arguments: Vec<OsString>,
    /// As many instances in all, if the user says so.
    pub exactly: Option<usize>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Remote {
    input: tokio::sync::Mutex<Option<ChildStdin>>,
    asked: Mutex<Asked>,
    begun: watch::Sender<Begun>,
}

/// Whether it has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Begun {
    Starting,
    Ready,
    Failed(String),
}

#[derive(Debug, Default)]
struct Asked {
    /// Nothing more comes from it.
    over: bool,
    /// Who waits for which attempt.
    waiting: BTreeMap<usize, oneshot::Sender<Done>>,
    /// Its relay ended before the run did.
    gone: Option<String>,
}

/// The process of an instance. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) remote: Arc<Remote>,
    child: Child,
    hearing: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Starts one. It ends with this process, however that ends. Has to be called in a thread that
    /// lives as long as the run. `gone` is told when its relay ends by itself.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn start(
        instances: &Instances,
        gone: watch::Sender<Option<String>>,
    ) -> std::io::Result<Self> {
        let mut command = std::process::Command::new(&instances.program);
        command.args(&instances.arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // A signal from the keyboard goes to the whole group: this process hears it and ends the rest.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        die_with_us(&mut command);
        let mut child = Command::from(command).kill_on_drop(true).spawn()?;
        let output =
            child.stdout.take().ok_or_else(|| std::io::Error::other("it has no output"))?;
        let remote = Arc::new(Remote {
            input: tokio::sync::Mutex::new(child.stdin.take()),
            asked: Mutex::default(),
            begun: watch::Sender::new(Begun::Starting),
        });
        let hearing = tokio::spawn(hear(output, Arc::clone(&remote), gone));
        Ok(Self { remote, child, hearing })
    }

    /// Lets it end, with its relay. Gives how that had ended before, if it had.
    pub(super) async fn finish(mut self) -> Option<String> {
        drop(self.remote.input.lock().await.take());
        if timeout(LEAVES, self.child.wait()).await.is_err() {
            let _ = self.child.start_kill();
        }
        // All that it had still said.
        let _ = timeout(LEAVES, self.hearing).await;
        self.remote.asked().gone.clone()
    }
}

impl Remote {
    /// Waits until its relay listens.
    ///
    /// # Errors
    /// Why it never will, in words for people.
    pub(super) async fn ready(&self) -> Result<(), String> {
        let mut begun = self.begun.subscribe();
        let known = begun.wait_for(|begun| *begun != Begun::Starting).await;
        match known.as_deref() {
            Ok(Begun::Ready) => Ok(()),
            Ok(Begun::Failed(why)) => Err(why.clone()),
            _ => Err("it ended without a word".into()),
        }
    }

    /// Plays an attempt there. `None`: the instance has ended.
    pub(super) async fn play(&self, task: &Task) -> Option<Done> {
        let (tell, told) = oneshot::channel();
        {
            let mut asked = self.asked();
            if asked.over {
                return None;
            }
            asked.waiting.insert(task.number, tell);
        }
        let line = line(task).ok()?;
        let mut input = self.input.lock().await;
        let written = match input.as_mut() {
            Some(input) => input.write_all(&line).await.is_ok() && input.flush().await.is_ok(),
            None => false,
        };
        drop(input);
        if !written {
            return None;
        }
        told.await.ok()
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hears what an instance says, until it has ended.
async fn hear(output: ChildStdout, remote: Arc<Remote>, gone: watch::Sender<Option<String>>) {
    let mut lines = BufReader::new(output).lines();
    // What is no message is a defect of ours: the instance counts as lost.
    while let Ok(Some(line)) = lines.next_line().await
        && let Ok(answer) = serde_json::from_str(&line)
    {
        match answer {
            Answer::Ready => drop(remote.begun.send_replace(Begun::Ready)),
            Answer::Failed(why) => drop(remote.begun.send_replace(Begun::Failed(why))),
            Answer::Played(done) => {
                let waiting = remote.asked().waiting.remove(&done.number);
                if let Some(waiting) = waiting {
                    let _ = waiting.send(*done);
                }
            }
            Answer::Gone(how) => {
                remote.asked().gone = Some(how.clone());
                gone.send_replace(Some(how));
            }
        }
    }
    let mut asked = remote.asked();
    asked.over = true;
    asked.waiting.clear();
    drop(asked);
    remote.begun.send_if_modified(|begun| {
        let starting = *begun == Begun::Starting;
        if starting {
            *begun = Begun::Failed("it ended without a word".into());
        }
        starting
    });
}

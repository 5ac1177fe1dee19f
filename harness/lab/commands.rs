//! A driver's commands, each run to its end.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::time::timeout;
use waxseal_model::limits;

use super::descriptors;
use super::process::{Files, Isolation, Supervised, command};
use super::system;
use crate::wire::attention::within;

/// Where a driver's commands run.
///
/// Beside a relay they belong to its processes: what they leave behind, such as a process that
/// delivers a message, lives on, and ends with the relay. Alone nothing outlives the command.
#[derive(Clone, Debug)]
pub struct Commands {
    isolation: Isolation,
    relay: Option<u32>,
    files: Files,
    kept: Arc<Kept>,
}

/// A command and what it is given.
#[derive(Clone, Debug)]
pub struct Errand<'a> {
    /// Program and arguments. A program with a slash is taken from `directory`.
    pub command: Vec<OsString>,
    /// All of its environment but for PATH, HOME and LANG.
    pub environment: Vec<(String, String)>,
    /// Where it runs.
    pub directory: PathBuf,
    /// What it reads.
    pub input: &'a [u8],
    /// How long it may take, of the time in which this process ran.
    pub patience: Duration,
}

/// Why an errand has no end that says something.
#[derive(Debug)]
pub enum Unfinished {
    /// It could not be started, or read.
    Failed(io::Error),
    /// It printed more than [`limits::COMMAND`] octets, and was ended.
    TooMuch,
    /// It did not end in time, and was ended.
    TooLong,
}

/// How long what a command has written is waited for once it has ended: only those it left behind
/// can still write.
const DRAIN: Duration = Duration::from_millis(50);

impl Commands {
    /// Beside that relay, where it has not ended; then alone. They see the files that it sees.
    pub fn beside(relay: &Supervised) -> Self {
        Self::new(relay.isolation(), relay.id(), relay.may_write().clone())
    }

    /// Where there is no relay, with these files.
    pub fn alone(isolation: Isolation, files: Files) -> Self {
        Self::new(isolation, None, files)
    }

    fn new(isolation: Isolation, relay: Option<u32>, files: Files) -> Self {
        let kept = Arc::new(Kept { isolation, keepers: Mutex::default() });
        Self { isolation, relay, files, kept }
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// [`Unfinished`]. The exit status is none: it is in the output.
    pub async fn run(&self, errand: Errand<'_>) -> Result<Output, Unfinished> {
        let mut command = command(&errand.command, &errand.directory);
        command.envs(self.relay.map(|relay| ("WAXSEAL_RELAY_PID", relay.to_string())));
        command.envs(errand.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (isolation, directory) = (self.isolation, &errand.directory);
        let started =
            system::start_command(&mut command, isolation, self.relay, directory, &self.files);
        // The copies that the command holds are those that count.
        drop(command);
        let (mut child, ended) = started.map_err(Unfinished::Failed)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let running = Running { child: Some(child), kept: &self.kept };
        let talk = talk(pipes, ended, errand.input);
        match within(errand.patience, talk).await {
            Ok(Ok(output)) => {
                running.leave();
                Ok(output)
            }
            Ok(Err(unfinished)) => Err(unfinished),
            Err(_) => Err(Unfinished::TooLong),
        }
    }

    /// Ends what commands have left behind, and waits until it is gone.
    pub fn end(&self) {
        self.kept.end();
    }
}

/// Runs a command of our own making to its end, with what it inherits of us; nothing that it starts
/// outlives it or us.
///
/// # Errors
/// What the system says when it cannot be started.
pub fn run_kept(command: &mut std::process::Command) -> io::Result<Output> {
    descriptors::give_back(command);
    system::keep(command, Isolation::best());
    command.spawn()?.wait_with_output()
}

/// A command's keeper while the command runs: dropping it ends both.
struct Running<'a> {
    child: Option<Child>,
    kept: &'a Kept,
}

impl Running<'_> {
    /// What the command left behind lives on.
    fn leave(mut self) {
        if let Some(child) = self.child.take() {
            self.kept.take(child);
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            end(&mut child, self.kept.isolation);
        }
    }
}

/// Keepers whose commands have ended.
#[derive(Debug)]
struct Kept {
    isolation: Isolation,
    keepers: Mutex<Vec<Child>>,
}

impl Kept {
    fn take(&self, child: Child) {
        let mut keepers = self.keepers.lock().unwrap_or_else(PoisonError::into_inner);
        keepers.push(child);
        // An error says that it cannot be waited for: then there is nothing to be ended.
        keepers.retain_mut(|keeper| matches!(keeper.try_wait(), Ok(None)));
    }

    fn end(&self) {
        let mut keepers = self.keepers.lock().unwrap_or_else(PoisonError::into_inner);
        keepers.drain(..).for_each(|mut keeper| end(&mut keeper, self.isolation));
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.end();
    }
}

/// Ends a keeper, and so what it keeps.
fn end(keeper: &mut Child, isolation: Isolation) {
    if matches!(keeper.try_wait(), Ok(None)) {
        system::end(keeper.id(), isolation);
        // It waits for nothing but the processes that it kills.
        let _ = keeper.wait();
    }
}

type Pipes = (
    Option<std::process::ChildStdin>,
    Option<std::process::ChildStdout>,
    Option<std::process::ChildStderr>,
);

/// Writes what the command reads, and reads what it prints until it has ended.
async fn talk(
    (input, output, errors): Pipes,
    ended: io::PipeReader,
    text: &[u8],
) -> Result<Output, Unfinished> {
    let failed = Unfinished::Failed;
    let input = input.map(|pipe| pipe::Sender::from_owned_fd(pipe.into())).transpose();
    let input = input.map_err(failed)?;
    let output = receiver(output.map(OwnedFd::from)).map_err(failed)?;
    let errors = receiver(errors.map(OwnedFd::from)).map_err(failed)?;
    let ended = receiver(Some(ended.into())).map_err(failed)?;
    let (mut printed, mut complained) = (Vec::new(), Vec::new());
    let writes = async {
        if let Some(mut input) = input {
            // A command that does not read all of it says so by its exit code.
            let _ = input.write_all(text).await;
        }
        Ok::<(), Unfinished>(())
    };
    let mut speaks = Box::pin(async {
        tokio::try_join!(writes, read(output, &mut printed), read(errors, &mut complained))
    });
    let mut ends = Box::pin(status(ended));
    let mut silent = false;
    let status = loop {
        tokio::select! {
            status = &mut ends => break status?,
            spoken = &mut speaks, if !silent => {
                spoken?;
                silent = true;
            }
        }
    };
    // What it wrote itself is in the pipes by now. Those it left behind may hold them for ever.
    if !silent && let Ok(spoken) = timeout(DRAIN, &mut speaks).await {
        spoken?;
    }
    drop(speaks);
    Ok(Output { status, stdout: printed, stderr: complained })
}

fn receiver(pipe: Option<OwnedFd>) -> io::Result<Option<pipe::Receiver>> {
    pipe.map(pipe::Receiver::from_owned_fd).transpose()
}

async fn read(pipe: Option<pipe::Receiver>, into: &mut Vec<u8>) -> Result<(), Unfinished> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    while pipe.read_buf(into).await.map_err(Unfinished::Failed)? > 0 {
        if into.len() > limits::COMMAND {
            return Err(Unfinished::TooMuch);
        }
    }
    Ok(())
}

/// What its keeper tells of its end.
async fn status(pipe: Option<pipe::Receiver>) -> Result<ExitStatus, Unfinished> {
    let mut status = [0; 4];
    let gone = || Unfinished::Failed(io::Error::other("it was ended together with the relay"));
    let mut pipe = pipe.ok_or_else(gone)?;
    pipe.read_exact(&mut status).await.map_err(|_| gone())?;
    Ok(ExitStatus::from_raw(i32::from_ne_bytes(status)))
}

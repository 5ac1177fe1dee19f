//! A relay's process and all it starts, from start to end.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use waxseal_model::foreign::Foreign;
use waxseal_model::limits;

use super::descriptors;
use super::disk::{self, Disk};
use super::error::LabError;
use super::log::{Filling, Log};
use super::system;

/// What is started, and how.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Program and arguments. A program with a slash is taken from `directory`.
    pub command: Vec<OsString>,
    /// All of its environment but for PATH, HOME and LANG, which are ours.
    pub environment: Vec<(OsString, OsString)>,
    /// Where it runs.
    pub directory: PathBuf,
    /// Takes its output and its errors; made anew. The folder it is in is the relay's own, and bounded
    /// by [`limits::FILES`].
    pub log: PathBuf,
    /// How its descendants are kept together.
    pub isolation: Isolation,
    /// What it may write.
    pub files: Files,
}

/// Which files of this machine a process may write. Where it has no mounts of its own, which is
/// where its processes have no namespace, nothing but their modes holds it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Files {
    /// Those that we may.
    AsOurs,
    /// These files and directories, and what is below them. /run is empty for it, what it writes
    /// to /tmp is seen by it alone, and it has no capability but those that mail relays need.
    ReadOnlyBut(Vec<PathBuf>),
}

/// How a relay's processes are kept together, however they fork, change session or user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// By a namespace of processes, with mounts of its own. Root only, or inside the sandbox.
    ProcessNamespace,
    /// By taking in orphans. Processes that changed their user can be ended by root only.
    Descendants,
}

impl Isolation {
    /// The strongest this process is allowed.
    pub fn best() -> Self {
        system::best_isolation()
    }
}

/// A relay that runs. Dropping it ends it and everything it started; so does our own death,
/// whatever its kind.
#[derive(Debug)]
pub struct Supervised {
    keeper: Arc<Mutex<Option<u32>>>,
    ended: watch::Receiver<Option<Ended>>,
    thread: Option<JoinHandle<()>>,
    isolation: Isolation,
    files: Files,
    log: Log,
}

/// How a relay's first process ended; nothing it started lives on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// In words: `exit status: 1`. Ended by signal N is shown as exit status 128 + N.
    pub status: String,
    /// Its files took more than they may: then it was ended.
    pub filled: bool,
    /// The last lines of its log.
    pub tail: Foreign,
}

impl Ended {
    /// How it ended, as one sentence without its full stop.
    pub fn sentence(&self) -> String {
        match self.filled {
            true => format!("The relay wrote {} and was ended", limits::too_many_files()),
            false => format!("The relay ended by itself: {}", self.status),
        }
    }

    /// The same of one that was not ready yet.
    pub fn early(self) -> LabError {
        match self.filled {
            true => LabError::RelayFilled { tail: self.tail },
            false => LabError::RelayEnded { status: self.status, tail: self.tail },
        }
    }
}

/// Between two looks whether a port is open.
const AGAIN: Duration = Duration::from_millis(20);

impl Supervised {
    /// Starts it. Returns once the program runs, not once it is ready.
    ///
    /// # Errors
    /// [`LabError::Write`] for the log, [`LabError::Start`] when the program cannot be run.
    pub fn spawn(launch: Launch) -> Result<Self, LabError> {
        let Launch { isolation, directory, files, .. } = launch.clone();
        let name =
            launch.command.first().map_or_else(String::new, |word| word.display().to_string());
        let failed = |cause| LabError::Start { command: name.clone(), cause };
        let (command, log, filling) = prepare(&launch)?;
        let (keeper, for_thread) = shared();
        let (tell, ended) = watch::channel(None);
        let (started, starting) = mpsc::channel();
        let (tail_of, files_too) = (log.clone(), files.clone());
        let for_disk = Arc::clone(&keeper);
        let disk = Disk::of(&launch.log);
        let watching = disk.watch(move || end(&for_disk, isolation)).map_err(failed)?;
        let run = move || {
            let child = system::start(command, isolation, &directory, &files_too);
            let mut child = match child {
                Ok(child) => child,
                Err(cause) => {
                    filling.finish(&tail_of);
                    return drop(started.send(Err(cause)));
                }
            };
            // Whoever kills looks here first, so that a number given to another is never hit.
            *for_thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(child.id());
            drop(started.send(Ok(())));
            let status = wait(&mut child, &for_thread);
            let status = status.map_or_else(|cause| cause.to_string(), |status| status.to_string());
            let filled = watching.finish();
            filling.finish(&tail_of);
            tell.send_replace(Some(Ended { status, filled, tail: tail_of.tail() }));
        };
        // A thread of its own, as long as the relay lives: the signal of a parent's death is
        // that of the thread, and a thread that unshared processes can start no others.
        let thread = thread::Builder::new().name("relay".into()).spawn(run).map_err(failed)?;
        let gone = |_| Err(io::Error::other("the supervising thread ended"));
        starting.recv().unwrap_or_else(gone).map_err(failed)?;
        Ok(Self { keeper, ended, thread: Some(thread), isolation, files, log })
    }

    /// How it ended, if it did.
    pub fn poll(&self) -> Option<Ended> {
        self.ended.borrow().clone()
    }

    /// Waits for its end.
    pub async fn exited(&mut self) -> Ended {
        match self.ended.wait_for(Option::is_some).await.map(|ended| ended.clone()) {
            Ok(Some(ended)) => ended,
            // The thread is gone without a word: only if it panicked.
            _ => {
                let status = "an unknown status".into();
                Ended { status, filled: false, tail: self.log.tail() }
            }
        }
    }

    /// Ends it and everything it started, waits until all is gone, and gives the last lines of
    /// its log.
    pub async fn stop(mut self) -> Foreign {
        self.kill();
        self.exited().await.tail
    }

    /// The process under which all others run, as seen from outside.
    pub fn id(&self) -> Option<u32> {
        *self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last lines of its log until now.
    pub fn tail(&self) -> Foreign {
        self.log.tail()
    }

    /// How it is kept together.
    pub fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// What it logs.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// What it may write.
    pub fn may_write(&self) -> &Files {
        &self.files
    }

    fn kill(&self) {
        end(&self.keeper, self.isolation);
    }
}

/// Ends the relay of this keeper, if it runs.
fn end(keeper: &Mutex<Option<u32>>, isolation: Isolation) {
    let keeper = keeper.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(id) = *keeper {
        system::end(id, isolation);
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.kill();
        if let Some(thread) = self.thread.take() {
            // It waits for nothing but the processes just killed.
            let _ = thread.join();
        }
    }
}

/// Waits until something listens at `address`.
///
/// # Errors
/// - [`LabError::RelayEnded`], [`LabError::RelayFilled`]: it ended first.
/// - [`LabError::NotReady`]: nothing listened within `patience`.
pub async fn wait_for_port(
    address: SocketAddr,
    patience: Duration,
    relay: &mut Supervised,
) -> Result<(), LabError> {
    let deadline = Instant::now() + patience;
    let log = relay.log.clone();
    loop {
        let attempt = async {
            let tried = tokio::time::timeout_at(deadline, TcpStream::connect(address)).await;
            if !matches!(tried, Ok(Ok(_))) {
                sleep(AGAIN).await;
            }
            matches!(tried, Ok(Ok(_)))
        };
        tokio::select! {
            // Its end first: what listens there then is not it.
            biased;
            ended = relay.exited() => return Err(ended.early()),
            open = attempt => {
                if open {
                    return Ok(());
                }
                if Instant::now() >= deadline {
                    let seconds = patience.as_secs();
                    return Err(LabError::NotReady { address, seconds, tail: log.tail() });
                }
            }
        }
    }
}

fn prepare(launch: &Launch) -> Result<(Command, Log, Filling), LabError> {
    let written = |cause| LabError::Write { path: launch.log.clone(), cause };
    let (log, printed, filling) = Log::create(&launch.log).map_err(written)?;
    let mut command = command(&launch.command, &launch.directory);
    command
        .envs(launch.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(printed.try_clone().map_err(written)?)
        .stderr(printed);
    Ok((command, log, filling))
}

/// A command in its directory, with an environment of its own: nothing of ours but PATH, HOME and
/// LANG, because the rest may hold secrets. It has our caller's limit of open files, and each file that
/// it writes is bounded.
pub(super) fn command(words: &[OsString], directory: &Path) -> Command {
    let program = words.first().cloned().unwrap_or_default();
    // `./start.sh` is of the directory it runs in, not of ours.
    let program = if program.as_encoded_bytes().contains(&b'/') {
        directory.join(program)
    } else {
        program.into()
    };
    let mut command = Command::new(program);
    command.args(words.iter().skip(1)).current_dir(directory).env_clear();
    for name in OURS {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    let limited = || {
        descriptors::set_back();
        disk::bound_files()
    };
    // SAFETY: system calls on the child's own stack.
    unsafe { command.pre_exec(limited) };
    command
}

/// The variables of ours that relays get.
const OURS: [&str; 3] = ["PATH", "HOME", "LANG"];

/// Makes a command of our own, such as a run of this program, end when we do, whatever ends us. To
/// be started in a thread that lives as long as the command.
pub fn die_with_us(command: &mut Command) {
    descriptors::give_back(command);
    system::die_with_us(command);
}

type Keeper = Arc<Mutex<Option<u32>>>;

fn shared() -> (Keeper, Keeper) {
    let keeper = Keeper::default();
    (keeper.clone(), keeper)
}

/// Waits without taking the process away, forgets its number, then takes it away.
fn wait(child: &mut Child, keeper: &Keeper) -> io::Result<ExitStatus> {
    system::wait_until_dead(child.id());
    *keeper.lock().unwrap_or_else(PoisonError::into_inner) = None;
    child.wait()
}

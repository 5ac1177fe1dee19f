//! A private network, where the lab is the DNS and the whole Internet, and nothing can leave.
//!
//! Entered once, by `main`, before any thread starts; every later process inherits it.

use std::io;

use thiserror::Error;

/// The process is inside. There is no way out but its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sandbox {
    /// As whom relays run in it.
    pub users: Users,
    /// Whether programs that read the system's files ask the lab's resolver.
    pub resolver: SystemResolver,
    /// Whether it has addresses of IPv6 for peers.
    pub ipv6: bool,
    /// A directory in memory that nobody outside sees; it is gone with the last process inside.
    pub files: &'static str,
}

/// Which users there are inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Users {
    /// All: a relay started as root can change to its own user.
    All,
    /// Only root, which is the caller outside: a relay that changes its user cannot run.
    OnlyOurselves,
}

/// What /etc/resolv.conf says inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemResolver {
    /// 127.0.0.53, with `edns0 trust-ad`.
    Lab,
    /// There is no such file to put ours over: only relays that are told of a resolver work.
    Missing,
}

/// Why there is no private network. Fragments that fit "could not enter the private network: ...".
#[derive(Debug, Error)]
pub enum SandboxError {
    /// The kernel or its policy says no. The process is unchanged.
    #[error("{what} failed ({cause}); {advice}")]
    Forbidden {
        /// The step.
        what: &'static str,
        /// What the system says.
        cause: io::Error,
        /// What the reader can do.
        advice: &'static str,
    },
    /// Called too late: a bug of ours.
    #[error("{threads} threads run already, it must be entered before the first starts")]
    Threads {
        /// How many.
        threads: usize,
    },
    /// Not Linux.
    #[error("this system has no network namespaces; run on Linux for ports 25 and 53")]
    Unsupported,
}

/// Enters a network, mount and host-name namespace of our own, and a user namespace where the
/// caller is not root.
///
/// Inside: loopback is up and has 127.0.0.2 as a second address (for resolvers which ignore an
/// interface that has nothing but 127.0.0.1), every port may be bound by every user, and
/// resolv.conf, hosts and nsswitch.conf are ours, and there is a directory for private files.
///
/// It is tried in a child first, so that after an error the process is as it was and may go on
/// with high ports in the open network.
///
/// # Errors
/// - [`SandboxError::Forbidden`]: says what and what to do; does not mean that a relay is at fault.
/// - [`SandboxError::Threads`]: called too late.
/// - [`SandboxError::Unsupported`]: not Linux.
pub fn enter() -> Result<Sandbox, SandboxError> {
    #[cfg(target_os = "linux")]
    return super::namespaces::enter();
    #[cfg(not(target_os = "linux"))]
    Err(SandboxError::Unsupported)
}

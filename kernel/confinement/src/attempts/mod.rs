//! Attempts to reach what is outside: the proof of what is enforced, made on the machine that is to enforce it.
//!
//! A [`Stage`] is what the attempts are made against: a folder with secrets and start-up files, listening sockets, a process. A
//! child process confines itself and makes all [`attempts`]; each must fail. Without confinement they succeed, or an attempt
//! would prove nothing.

mod files;
mod machine;
mod network;
mod processes;
mod programs;
mod stage;

use std::fmt;
use std::io;

pub use stage::{Stage, Surroundings};

/// Something that a confined process must not be able to do.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// What it is about.
    pub group: Group,
    /// What is attempted, in words that finish "a cell cannot ..".
    pub what: &'static str,
    /// What it takes without confinement.
    pub needs: Needs,
    make: fn(&Surroundings) -> io::Result<()>,
}

/// What attempts are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Files outside of the notebook's own folders.
    Files,
    /// Starting programs.
    Programs,
    /// Sockets of every kind.
    Network,
    /// Other processes of the same user.
    Processes,
    /// The machine's settings, and doors into its kernel.
    Machine,
}

/// What an attempt takes where nothing is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Any user can do it, on any machine.
    Nothing,
    /// Only root can do it.
    Root,
    /// It depends on how the machine is set up.
    Setting(&'static str),
}

impl Attempt {
    /// Makes the attempt. An error is what confinement should lead to.
    ///
    /// # Errors
    /// If it does not succeed.
    pub fn make(&self, surroundings: &Surroundings) -> io::Result<()> {
        (self.make)(surroundings)
    }
}

impl Group {
    /// All groups, in the order in which they are told.
    pub const ALL: [Self; 5] = [Self::Files, Self::Programs, Self::Network, Self::Processes, Self::Machine];
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Files => "files",
            Self::Programs => "programs",
            Self::Network => "network",
            Self::Processes => "processes",
            Self::Machine => "machine",
        })
    }
}

/// All attempts. The order matters: the last of those that are about processes ends the process that they are about.
pub fn attempts() -> Vec<Attempt> {
    [files::ATTEMPTS, programs::ATTEMPTS, network::ATTEMPTS, processes::ATTEMPTS, machine::ATTEMPTS].concat()
}

/// An attempt that anybody can make where nothing is confined.
const fn attempt(group: Group, what: &'static str, make: fn(&Surroundings) -> io::Result<()>) -> Attempt {
    Attempt { group, what, needs: Needs::Nothing, make }
}

/// An attempt of which it depends whether it can be made where nothing is confined.
const fn attempt_if(
    needs: Needs,
    group: Group,
    what: &'static str,
    make: fn(&Surroundings) -> io::Result<()>,
) -> Attempt {
    Attempt { group, what, needs, make }
}

/// A system call that is told numbers only.
#[allow(unsafe_code, reason = "the calls that attempts are about are those that no library offers")]
fn call(number: libc::c_long, arguments: [i64; 5]) -> io::Result<i64> {
    let [a, b, c, d, e] = arguments;
    // SAFETY: this is private to the attempts, none of which calls what would take a number for an address.
    match unsafe { libc::syscall(number, a, b, c, d, e) } {
        -1 => Err(io::Error::last_os_error()),
        answer => Ok(answer),
    }
}

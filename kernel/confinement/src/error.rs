//! Why a process cannot be confined.

use std::io;
use std::path::PathBuf;

/// Why a process is not confined as it should be; each says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ConfinementError {
    /// This is not Linux.
    #[error("confinement needs Linux; on this system cells run with all rights of their user")]
    OtherSystem,
    /// There are system calls by other numbers than those that we know.
    #[error(
        "confinement knows the system calls of x86_64 and aarch64, and this machine has another processor"
    )]
    OtherProcessor,
    /// Only the calling thread would be confined, and the others could do everything for it.
    #[error("a process must confine itself while it has one thread, and this one has {0}")]
    SeveralThreads(usize),
    /// Nobody says how many threads there are.
    #[error("cannot count the threads of this process: {0}; is /proc mounted?")]
    ThreadsUnknown(io::Error),
    /// The kernel has no Landlock, or it is switched off.
    #[error("files cannot be protected: {0}")]
    NoLandlock(&'static str),
    /// Landlock is there and refuses.
    #[error("files cannot be protected: {0}")]
    Landlock(String),
    /// Something that should be reachable cannot be opened.
    #[error("cannot allow {path}: {source}; see that its folder may be entered")]
    Path {
        /// What.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The kernel takes no filter.
    #[error("system calls cannot be filtered: {0}; the kernel needs CONFIG_SECCOMP_FILTER")]
    SystemCalls(String),
    /// The kernel keeps the privileges.
    #[error("privileges cannot be given up: {0}")]
    Privileges(io::Error),
}

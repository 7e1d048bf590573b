//! What a process may reach: files by Landlock, system calls by seccomp, and no privileges to gain, set up by the process
//! itself, without root, for itself and all that it starts, and for good.
//!
//! ```text
//! let policy = Policy::for_cells(&places);
//! let enforced = policy.apply(Strictness::Required)?;      // in a process with one thread
//! ```
//!
//! Files are Landlock's part: all are out of reach but those of the [`Policy`]. What is no file is seccomp's part
//! (`system_calls.rs` has the list, with a reason for each group): sockets, other processes, programs, the system's settings.
//! A call that is denied returns an error to whoever made it; nothing is killed. [`attempts`] proves what is enforced, by
//! trying it.
//!
//! What this does not do: processor time, memory and disk space are the matter of resource limits; whether a path *exists*, its
//! size and owner can still be asked (`stat`), which Landlock does not cover; what is open before stays open.

#[cfg(target_os = "linux")]
pub mod attempts;
mod available;
pub mod environment;
mod error;
#[cfg(target_os = "linux")]
mod files;
mod policy;
#[cfg(target_os = "linux")]
mod privileges;
#[cfg(target_os = "linux")]
mod system_calls;

pub use available::{Available, Landlock, available};
pub use error::ConfinementError;
pub use policy::{Enforced, Places, Policy, Starts, Strictness};

/// Denies this process threads, copies, sleep, and changes of its own limits, for good: for code that has nothing to do but to answer.
/// Besides a [`Policy`], which must be in force before.
///
/// # Errors
/// If the system filters no system calls.
pub fn deny_company() -> Result<(), ConfinementError> {
    #[cfg(target_os = "linux")]
    return system_calls::deny_company();
    #[cfg(not(target_os = "linux"))]
    Err(ConfinementError::OtherSystem)
}

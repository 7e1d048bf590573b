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

//! The seam: what a protocol is, and everything that it may see and do.
//!
//! A protocol is a struct with handlers ([`Node`], [`Service`]); what it wants done goes through its [`Context`]. That is the one
//! idea on which everything else rests: because a handler touches nothing but its own fields and the context, the same code is
//! simulated from a seed, explored through every schedule, judged in another process and run over real sockets.
//!
//! This crate has no dependencies and no opinion on who runs a node. Runners lend a node a [`Step`] and carry out its
//! [`Effect`]s; checkers and pictures see only a [`History`] or a [`Trace`].
//!
//! | to learn | read |
//! |---|---|
//! | what a protocol implements | `node.rs` |
//! | what it may do | `context.rs`, `disk.rs`, `random.rs`, `distribution.rs`, `time.rs` |
//! | how nodes sign | `signature.rs` |
//! | what callers learn | `outcome.rs` |
//! | how effects become data | `step.rs`, `slab.rs` |
//! | what must hold of nodes at every moment | `invariant.rs` |
//! | how a user stops a long run, and sees how far it is | `interrupt.rs`, `progress.rs` |
//! | what places in cells are called | `place.rs` |
//! | what is judged and drawn | `history.rs`, `trace/`, `json.rs`, `inspection.rs`, `rich.rs` |

mod context;
mod disk;
mod distribution;
mod history;
mod inspection;
pub mod interrupt;
mod invariant;
pub mod json;
mod key_value;
mod node;
mod outcome;
pub mod place;
pub mod progress;
mod random;
pub mod rich;
mod signature;
mod slab;
mod step;
mod time;
pub mod trace;

pub use context::{Context, DiskAccess, Peers};
pub use disk::{Disk, DiskFaults, DiskOperation};
pub use distribution::Zipf;
pub use history::{Disturbance, History, Operation};
pub use inspection::Inspection;
pub use invariant::{Invariant, Member};
pub use key_value::{KeyValueRequest, KeyValueResponse, Value};
pub use node::{Address, CallId, Node, NodeId, Payload, Service};
pub use outcome::Outcome;
pub use random::{Branches, Chance, Random};
pub use signature::{Identity, Signature};
pub use slab::{Fifo, Slab, Slot, copy_of};
pub use step::{Belongings, CallEffect, Effect, ReplyEffect, Resume, Step};
pub use time::{Duration, Interval, Time, hours, mins, ms, ns, secs, us};
pub use trace::{Trace, TraceHash};

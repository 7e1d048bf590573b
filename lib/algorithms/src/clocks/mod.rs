//! Clocks: timestamps that follow causality instead of the time of day, or know how wrong the time of day may be.
//!
//! [`HappensBefore`] is what there is to be known about the order of a run's events. A clock tells some of it in little room:
//!
//! | clock | size | what comparing two timestamps tells |
//! |---|---|---|
//! | [`LamportClock`] | one number | if `a -> b` then `C(a) < C(b)`; nothing the other way round |
//! | [`VectorClock`] | one number per node | `a -> b` exactly if `V(a) < V(b)`; otherwise they are concurrent |
//!
//! What is built on them: [`LamportMutex`].
//!
//! The laws that every clock here must obey are tested over random executions in `tests/clock_laws.rs`.

pub mod happens_before;
pub mod lamport_clock;
pub mod lamport_mutex;
pub mod vector_clock;

pub use happens_before::HappensBefore;
pub use lamport_clock::{LamportClock, LamportTimestamp};
pub use lamport_mutex::LamportMutex;
pub use vector_clock::{Causality, VectorClock};

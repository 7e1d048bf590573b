//! Logical clocks: timestamps that follow causality instead of the time of day.
//!
//! | clock | size | what comparing two timestamps tells |
//! |---|---|---|
//! | [`LamportClock`] | one number | if `a -> b` then `C(a) < C(b)`; nothing the other way round |
//! | [`VectorClock`] | one number per node | `a -> b` exactly if `V(a) < V(b)`; otherwise they are concurrent |
//!
//! The laws that every clock here must obey are tested over random executions in `tests/clock_laws.rs`.

pub mod lamport_clock;
pub mod vector_clock;

pub use lamport_clock::{LamportClock, LamportTimestamp};
pub use vector_clock::{Causality, VectorClock};

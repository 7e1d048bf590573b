//! Logical, hybrid and bounded time in the laboratory: what each clock promises, its blind spot, and the protocols that rest on it.

mod causal_broadcast;
mod commit_wait;
#[path = "../faults/mod.rs"]
mod faults;
mod happens_before;
mod hybrid_logical_clock;
mod lamport_mutex;

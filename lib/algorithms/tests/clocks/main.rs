//! Logical, hybrid and bounded time in the laboratory: what each clock promises, its blind spot, and the protocols that rest on it.

#[path = "../faults/mod.rs"]
mod faults;

mod causal_broadcast;
mod chandy_lamport;
mod closed_timestamp;
mod commit_wait;
mod happens_before;
mod hybrid_logical_clock;
mod lamport_mutex;

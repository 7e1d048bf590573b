//! Consensus: several nodes agree on one value, or on one log of values, although some of them crash.

pub mod paxos;
pub mod raft;

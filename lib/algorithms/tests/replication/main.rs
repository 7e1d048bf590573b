//! Replication in the laboratory: who may write, for how long, and what a store does with those who do not know that their time is over.

#[path = "../faults/mod.rs"]
mod faults;

mod chain;
mod failover;
mod harvest;
mod lag;
mod lease;
mod partition_detector;
mod read_routing;
mod tunable_store;

//! Raft: what the papers say sentence by sentence, runs kept as text, and thousands of runs under faults.

mod by_hand;
mod elections;
mod fault_plans;
mod figure_8;
mod paper_election;
mod paper_replication;
mod scenario;
mod server;
mod subjects;
mod transcripts;

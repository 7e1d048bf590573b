//! Raft: what the papers say sentence by sentence, runs kept as text, and thousands of runs under faults.

mod by_hand;
mod clients;
mod elections;
mod fault_plans;
mod figure_8;
mod membership;
mod paper_election;
mod paper_replication;
mod scenario;
mod server;
mod storage;
mod subjects;
mod transcripts;

//! What the statement of `semi-sync` gives: what a member is asked, and what it answers.

use serde::{Deserialize, Serialize};

/// What a member is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ReplicaAsk {
    /// Store this value under this key. Only the primary is asked, the member with the lowest number.
    Put { key: String, value: u64 },
    /// What is in your log? Every member is asked.
    Log,
}

/// What a member answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ReplicaTold {
    /// To `Put`: it is on my disk, and on that of at least one backup.
    Stored,
    /// To `Log`: all puts that I have, in the order in which the primary took them.
    Log(Vec<(String, u64)>),
}

//! What the statement of `snapshot` gives: what a branch of a bank is asked, and the parts of a snapshot.

use std::collections::BTreeMap;

use netsplit::NodeId;
use serde::{Deserialize, Serialize};

/// What each branch has in the beginning, in cents.
pub const OPENING: u64 = 1_000;

/// What a branch is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BankAsk {
    /// Send this much to another branch. Refused if there is less than that.
    Send { to: NodeId, cents: u64 },
    /// Take a snapshot of all branches. Nobody asks for one before the one before it is taken.
    Snapshot,
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BankTold {
    /// The money has left.
    Sent,
    /// The snapshot: one part of each branch.
    Snapshot(Vec<Part>),
}

/// What one branch has recorded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    pub branch: u32,
    /// What it has.
    pub balance: u64,
    /// How many transfers it has sent to each other branch so far, and received from each: the branches' numbers. Those to or from whom
    /// there were none may be left out.
    pub sent: BTreeMap<u32, u64>,
    pub received: BTreeMap<u32, u64>,
    /// What was under way to it: the amounts, in the order in which they were sent, by who sent them. May be left out if there are none.
    pub under_way: BTreeMap<u32, Vec<u64>>,
}

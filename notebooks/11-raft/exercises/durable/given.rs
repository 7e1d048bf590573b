//! What the statement of `durable` gives: what servers are asked and told, entries, and messages that you may take.

use std::collections::BTreeMap;

use netsplit::NodeId;
use serde::{Deserialize, Serialize};

pub type Term = u64;

/// What clients ask of a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ask {
    /// Do you lead?
    Status,
    /// The value of `key` is `value` from now on.
    Put { key: u8, value: u64 },
    /// What is the value of `key`?
    Get { key: u8 },
    /// These are the members from now on.
    Members(Vec<NodeId>),
}

/// What they are told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Told {
    /// To `Status`: I lead this term.
    Leads(Term),
    /// To `Status`: I do not lead.
    Follows,
    /// To `Put`: it is stored.
    Stored,
    /// To `Get`: its value; nothing if it was never put.
    Value(Option<u64>),
    /// To `Members`: it is so.
    Changed,
}

/// What an entry of the log asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Command {
    /// Nothing: a new leader's first entry.
    Nothing,
    Put { key: u8, value: u64 },
    Get { key: u8 },
    Members(Vec<NodeId>),
}

/// An entry of the log. The first one has index 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    pub term: Term,
    pub command: Command,
}

/// What servers say to each other. You may add to it by taking another type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Rpc {
    /// A candidate asks for a vote; its log ends with an entry of this index and term.
    RequestVote { term: Term, last_index: u64, last_term: Term },
    Vote { term: Term, granted: bool },
    /// A leader's entries after the one at `prev_index`; without entries, a sign of life. `round` counts its messages.
    Append {
        term: Term,
        round: u64,
        prev_index: u64,
        prev_term: Term,
        entries: Vec<Entry>,
        commit: u64,
    },
    /// Up to `index` the logs are equal; or they are not, and `index` is where to try next.
    Appended { term: Term, round: u64, success: bool, index: u64 },
    /// What all entries up to `last_index` made.
    Snapshot {
        term: Term,
        round: u64,
        last_index: u64,
        last_term: Term,
        values: BTreeMap<u8, u64>,
        members: Vec<NodeId>,
    },
}

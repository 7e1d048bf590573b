//! What the statement of `classify` gives: the answer and the tests both see it.

use serde::{Deserialize, Serialize};

/// During a cut: available or consistent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Partitioned {
    /// A client that reaches one copy only, away from the leader, is answered.
    A,
    /// It is refused, or waits until the cut heals.
    C,
}

/// While nothing is cut: low latency or consistency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Otherwise {
    /// The copy that is asked answers without waiting for another one.
    L,
    /// It waits for the leader, for a majority, or for all.
    C,
}

/// The two letters of an operation: `Pacelc(Partitioned::A, Otherwise::L)` is PA/EL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pacelc(pub Partitioned, pub Otherwise);

/// What the tests ask about: the number of the system in the table, from 1 to 12, and the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Which {
    pub system: u32,
    pub operation: Operation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    Read,
    Write,
}

//! A distributed transaction is a set of writes at several nodes; what a node keeps for it are locked keys, until it is told to write or to
//! forget.
//!
//! - **Concept:** Distributed transaction, resource manager
//! - **Guarantees:** isolation (safety): of two transactions that write one key at a node, the second votes no until the first has ended.
//! - **Does not guarantee:** atomicity: that all nodes do the same is the commit protocol's part. Fairness: whoever finds a lock gives up
//!   and must come again; there is no queue, and therefore no deadlock.
//! - **Assumes:** the commit protocol ends each transaction that it has prepared, once.
//! - **Source:** Bernstein, Hadzilacos and Goodman, "Concurrency Control and Recovery in Database Systems", 1987, section 7.1; Gray and
//!   Lamport, "Consensus on Transaction Commit", TODS 31(1), 2006, section 2 (resource managers)
//! - **Differs:** transactions write and do not read; a conflict is a vote against, not a wait. A key lives at one node, which the
//!   transaction names.
//! - **Chapter:** 18
//!
//! ```text
//! t1  prepare x = 1   locks x, yes ───────────────▶ commit: writes x, unlocks it
//! t2        prepare x = 2, y = 2: x is locked, no ───▶ (aborted)   ...asks again... yes
//! ```
//!
//! ```
//! use netsplit_algorithms::commit::transaction::{Decision, Store, Transaction, TransactionId, Vote};
//! use netsplit_node::NodeId;
//!
//! let (shop, stock) = (NodeId(0), NodeId(1));
//! let order = Transaction::new().write(shop, "order 7", "paid").write(stock, "bicycles", 41);
//! let first = TransactionId { coordinator: shop, number: 1 };
//!
//! let mut store = Store::default();
//! assert_eq!(store.vote(&order.at(stock)), Vote::Yes);
//! store.prepare(first, order.at(stock));
//! assert_eq!(store.vote(&order.at(stock)), Vote::No);                 // of a second order: somebody is about to write the same key
//! store.end(first, Decision::Commit);
//! assert_eq!(store.read("bicycles"), Some(&41.into()));
//! assert_eq!(store.vote(&order.at(stock)), Vote::Yes);
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use netsplit_node::{NodeId, Value};

use crate::Storable;

/// A transaction's name, unique in its cluster.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId {
    /// The node that coordinates it.
    pub coordinator: NodeId,
    /// Its number among those that this node coordinates, crashes included.
    pub number: u64,
}

impl fmt::Debug for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}@{}", self.number, self.coordinator)
    }
}

/// What shall be written where: at all places or at none.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Transaction {
    writes: BTreeMap<NodeId, Writes>,
}

/// The writes of a transaction at one node.
pub type Writes = BTreeMap<String, Value>;

impl Transaction {
    /// A transaction that writes nothing yet.
    pub fn new() -> Transaction {
        Transaction::default()
    }

    /// Adds a write of `value` under `key` at the node `at`.
    pub fn write(mut self, at: NodeId, key: impl Into<String>, value: impl Into<Value>) -> Transaction {
        self.writes.entry(at).or_default().insert(key.into(), value.into());
        self
    }

    /// The nodes at which it writes.
    pub fn participants(&self) -> BTreeSet<NodeId> {
        self.writes.keys().copied().collect()
    }

    /// What it writes at `node`.
    pub fn at(&self, node: NodeId) -> Writes {
        self.writes.get(&node).cloned().unwrap_or_default()
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |(node, writes): (&NodeId, &Writes)| format!("{node}: {}", in_words(writes));
        write!(f, "transaction {}", self.writes.iter().map(at).collect::<Vec<_>>().join("; "))
    }
}

/// "x = 1, y = 2".
pub fn in_words(writes: &Writes) -> String {
    writes.iter().map(|(key, value)| format!("{key} = {value:?}")).collect::<Vec<_>>().join(", ")
}

/// "n1, n2".
pub fn in_names(nodes: &BTreeSet<NodeId>) -> String {
    nodes.iter().map(NodeId::to_string).collect::<Vec<_>>().join(", ")
}

/// These nodes without `me`.
pub fn others(nodes: &BTreeSet<NodeId>, me: NodeId) -> impl Iterator<Item = NodeId> {
    nodes.iter().copied().filter(move |&node| node != me)
}

/// What a participant says when it is asked whether it can commit.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Vote {
    /// It can, and will if it is told to, whatever happens to it meanwhile.
    Yes,
    /// It cannot.
    No,
}

impl fmt::Debug for Vote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Vote::Yes => "yes",
            Vote::No => "no",
        })
    }
}

/// How a transaction ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// All of its writes happen.
    Commit,
    /// None of them does.
    Abort,
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Decision::Commit => "commit",
            Decision::Abort => "abort",
        })
    }
}

/// A client's answer if its transaction has committed. An aborted one is refused: it definitely had no effect.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Committed;

impl fmt::Debug for Committed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "committed")
    }
}

/// A node's data, and who is about to write it: the resource manager.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Store {
    data: BTreeMap<String, Value>,
    /// The writes of prepared transactions. Invariant: no key is in two of them; it is locked by the one that has it.
    prepared: BTreeMap<TransactionId, Writes>,
}

impl Store {
    /// What was committed under `key`.
    pub fn read(&self, key: &str) -> Option<&Value> {
        self.data.get(key)
    }

    /// All that was committed.
    pub fn data(&self) -> &BTreeMap<String, Value> {
        &self.data
    }

    /// The transaction that has locked `key`.
    pub fn locked_by(&self, key: &str) -> Option<TransactionId> {
        self.prepared.iter().find(|(_, writes)| writes.contains_key(key)).map(|(id, _)| *id)
    }

    /// Whether a transaction with these writes could be prepared: no if another has locked some of what it writes.
    pub fn vote(&self, writes: &Writes) -> Vote {
        if writes.keys().any(|key| self.locked_by(key).is_some()) { Vote::No } else { Vote::Yes }
    }

    /// Locks what the transaction writes, until its [`end`](Store::end).
    ///
    /// # Panics
    /// If the vote on it is no.
    pub fn prepare(&mut self, id: TransactionId, writes: Writes) {
        assert!(
            self.vote(&writes) == Vote::Yes,
            "{id:?} is prepared, but another transaction has locked what it writes"
        );
        self.prepared.insert(id, writes);
    }

    /// Writes or forgets, and unlocks. Nothing happens if the transaction was not prepared here.
    pub fn end(&mut self, id: TransactionId, decision: Decision) {
        let writes = self.prepared.remove(&id).unwrap_or_default();
        if decision == Decision::Commit {
            self.data.extend(writes);
        }
    }
}

impl Storable for TransactionId {
    fn store(&self, bytes: &mut Vec<u8>) {
        self.coordinator.store(bytes);
        self.number.store(bytes);
    }
    fn load(bytes: &mut &[u8]) -> Option<TransactionId> {
        Some(TransactionId { coordinator: NodeId::load(bytes)?, number: u64::load(bytes)? })
    }
}

impl Storable for Decision {
    fn store(&self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(*self == Decision::Commit));
    }
    fn load(bytes: &mut &[u8]) -> Option<Decision> {
        match u8::load(bytes)? {
            0 => Some(Decision::Abort),
            1 => Some(Decision::Commit),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> TransactionId {
        TransactionId { coordinator: NodeId(0), number }
    }

    fn writes(keys: &[&str], value: i64) -> Writes {
        keys.iter().map(|&key| (key.to_owned(), value.into())).collect()
    }

    #[test]
    fn a_transaction_that_finds_one_lock_takes_none() {
        // y stays free although it was asked for together with x: a no leaves nothing behind.
        let mut store = Store::default();
        store.prepare(id(1), writes(&["x"], 1));
        assert_eq!(store.vote(&writes(&["x", "y"], 2)), Vote::No);
        assert_eq!((store.locked_by("x"), store.locked_by("y")), (Some(id(1)), None));
    }

    #[test]
    fn nothing_is_seen_before_the_commit_nor_after_an_abort() {
        // And both unlock.
        let mut store = Store::default();
        for (number, decision) in [(1, Decision::Abort), (2, Decision::Commit)] {
            store.prepare(id(number), writes(&["x"], number as i64));
            assert_eq!((store.read("x"), store.locked_by("x")), (None, Some(id(number))));
            store.end(id(number), decision);
            assert_eq!(store.locked_by("x"), None);
        }
        assert_eq!(store.read("x"), Some(&2.into()));
    }
}

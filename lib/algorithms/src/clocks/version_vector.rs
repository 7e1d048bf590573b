//! A version vector counts, for each replica, the updates of one datum that a copy has seen; comparing two tells which copy is newer, or that they conflict.
//!
//! - **Concept:** Version vector
//! - **Guarantees:** of copies that replicas update and merge: one has seen all updates of the other exactly if its vector is at least the other's in
//!   every entry; otherwise they conflict (safety). Merging is the least upper bound: commutative, associative, idempotent.
//! - **Does not guarantee:** which of two conflicting copies is right. For several clients that write through one replica: one entry cannot tell
//!   their concurrent writes apart, so either one is lost or [siblings](VersionedSiblings) are kept that were overwritten long ago.
//! - **Assumes:** only a replica itself advances its entry, and never gives a number twice, also after a restart. Nobody takes an entry out: a pruned
//!   vector looks older than it is, and copies conflict that do not.
//! - **Source:** Parker and others, "Detection of Mutual Inconsistency in Distributed Systems", IEEE TSE 9(3), 1983, section III; siblings under one
//!   vector, as stores kept them: DeCandia and others, "Dynamo: Amazon's Highly Available Key-value Store", SOSP 2007, section 4.4; what is wrong with
//!   them: Almeida, Baquero, Gonçalves, Preguiça and Fonte, "Scalable and Accurate Causality Tracking for Eventually Consistent Stores", DAIS 2014, section 3
//! - **Differs:** replicas without updates have no entry, so the set may grow. No pruning.
//! - **Chapter:** 04, 06
//!
//! It is a vector clock that counts other things: not all events of a node, but the updates of one datum. A receipt is no update.
//!
//! ```text
//! replica 0  ──put──[1,0]─────────────────▶ [1,0]   conflict: each has seen an update that the other has not
//!                        ╲ copy
//! replica 1  ─────────────▼[1,0]──put──────▶ [1,1]  newer than [1,0]: has seen it
//! replica 2  ──put──[0,0,1]────────────────▶ [0,0,1]
//! ```
//!
//! ```
//! use netsplit_algorithms::clocks::{Causality, VersionVector};
//! use netsplit_node::NodeId;
//!
//! let (one, two) = (NodeId(0), NodeId(1));
//! let mut first = VersionVector::default();
//! first.increment(one);
//! let mut second = first.clone();                         // a copy
//! second.increment(two);                                  // updated there
//! assert_eq!(first.compare(&second), Causality::Before);  // nothing is lost if the second replaces the first
//! first.increment(one);
//! assert_eq!(first.compare(&second), Causality::Concurrent);
//! ```

use std::fmt;

use netsplit_node::NodeId;

use crate::clocks::{Causality, VectorClock};

/// How many updates of each replica a copy has seen.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct VersionVector {
    /// The same vector, counting updates.
    updates: VectorClock,
}

impl VersionVector {
    /// How many updates of `replica` were seen.
    pub fn count(&self, replica: NodeId) -> u64 {
        self.updates.count(replica)
    }

    /// The replicas of which an update was seen, with their counts, in order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, u64)> + '_ {
        self.updates.iter()
    }

    /// An update at `replica`. Returns its number there, from 1.
    pub fn increment(&mut self, replica: NodeId) -> u64 {
        self.updates.tick(replica).count(replica)
    }

    /// Has seen from now on what `other` has seen.
    pub fn merge(&mut self, other: &VersionVector) {
        self.updates.merge(&other.updates);
    }

    /// Whether this copy is older or newer than `other`, equal to it, or in conflict with it (`Concurrent`).
    pub fn compare(&self, other: &VersionVector) -> Causality {
        self.updates.compare(&other.updates)
    }

    /// Whether everything that `other` has seen was seen here.
    pub fn descends(&self, other: &VersionVector) -> bool {
        matches!(self.compare(other), Causality::After | Causality::Equal)
    }
}

/// The vector with these counts; of several counts for one replica the largest stays.
impl FromIterator<(NodeId, u64)> for VersionVector {
    fn from_iter<I: IntoIterator<Item = (NodeId, u64)>>(counts: I) -> VersionVector {
        VersionVector { updates: counts.into_iter().collect() }
    }
}

/// "[n0: 2, n1: 1]": replicas in order, those without updates left out.
impl fmt::Display for VersionVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.updates.fmt(f)
    }
}

// The same as Display: it is read inside messages, on diagrams.
impl fmt::Debug for VersionVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The values of one key at one replica, under one version vector: several if writes were concurrent, or look as if they were.
///
/// A client reads the values with their [context](VersionedSiblings::context), and gives it back with its write: that overwrites what
/// it has read. The vector is of the whole set, so a write that has not seen all of it has to be kept beside all of it, what it overwrites included:
/// two clients that write in turns make one sibling more with every write (*sibling explosion*). What repairs it is in `dotted_version_vector.rs`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VersionedSiblings<V> {
    vector: VersionVector,
    values: Vec<V>,
}

impl<V> Default for VersionedSiblings<V> {
    fn default() -> VersionedSiblings<V> {
        VersionedSiblings { vector: VersionVector::default(), values: Vec::new() }
    }
}

impl<V: Clone + PartialEq> VersionedSiblings<V> {
    /// The values, in the order in which they came here.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.values.iter()
    }

    /// What a client that reads the values has seen.
    pub fn context(&self) -> VersionVector {
        self.vector.clone()
    }

    /// A write at `replica` by a client that has seen `context`.
    pub fn put(&mut self, replica: NodeId, context: &VersionVector, value: V) {
        if context.descends(&self.vector) {
            self.values.clear();
        }
        self.vector.merge(context);
        self.vector.increment(replica);
        self.values.push(value);
    }

    /// Takes over what another replica has of this key.
    pub fn merge(&mut self, other: &VersionedSiblings<V>) {
        match self.vector.compare(&other.vector) {
            Causality::After | Causality::Equal => return,
            Causality::Before => self.values.clear(),
            Causality::Concurrent => {}
        }
        self.vector.merge(&other.vector);
        for value in &other.values {
            if !self.values.contains(value) {
                self.values.push(value.clone());
            }
        }
    }
}

// That it tells conflicts as causal histories do is tested in tests/version_laws.rs.
#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId(0);
    const B: NodeId = NodeId(1);

    #[test]
    fn the_papers_example_of_a_partition() {
        // Parker and others, figure 2: copies at three sites, a partition, updates on both sides; after it, one conflict and one that is none.
        let mut left: VersionVector = [(A, 2)].into_iter().collect();
        let right = left.clone();
        left.increment(A);
        assert_eq!(left.compare(&right), Causality::After, "only one side has written: it wins");
        let mut right = right;
        right.increment(B);
        assert_eq!(left.compare(&right), Causality::Concurrent);
        assert_eq!((left.to_string(), right.to_string()), ("[n0: 3]".into(), "[n0: 2, n1: 1]".into()));
        left.merge(&right);
        left.increment(A);
        assert!(left.descends(&right), "who resolves a conflict has seen both");
    }

    #[test]
    fn a_pruned_vector_looks_older_than_it_is() {
        // The same copy without the entry of a replica that was taken out of service: a conflict where there is none.
        let copy: VersionVector = [(A, 2), (B, 1)].into_iter().collect();
        let older: VersionVector = [(A, 1), (B, 1)].into_iter().collect();
        let pruned: VersionVector = copy.iter().filter(|&(replica, _)| replica != B).collect();
        assert_eq!(copy.compare(&older), Causality::After);
        assert_eq!(pruned.compare(&older), Causality::Concurrent);
    }

    #[test]
    fn a_write_overwrites_what_its_client_has_read() {
        // With the context that was read, one value stays; without it, both.
        let mut cart = VersionedSiblings::default();
        cart.put(A, &VersionVector::default(), "tea");
        let context = cart.context();
        cart.put(A, &context, "tea, milk");
        assert_eq!(cart.values().collect::<Vec<_>>(), [&"tea, milk"]);
        cart.put(A, &context, "tea, sugar");
        assert_eq!(cart.values().collect::<Vec<_>>(), [&"tea, milk", &"tea, sugar"]);
    }
}

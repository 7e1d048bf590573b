//! A dotted version vector names one update by a dot, beside the vector of all that its writer had seen: concurrent writes through one replica stay apart.
//!
//! - **Concept:** Dotted version vector
//! - **Guarantees:** exact causality of updates (safety): one version replaces another exactly if its writer had seen it, and two are siblings exactly if
//!   neither writer had seen the other's, as causal histories would say. At most as many entries as there are replicas, however many clients write.
//! - **Does not guarantee:** which sibling is right; fewer siblings than there are concurrent writers.
//! - **Assumes:** a replica never gives a dot twice, also after a restart: what it has is on its disk. A client gives back the context that it read with the
//!   values, all of it; replicas exchange whole sets of siblings.
//! - **Source:** Preguiça, Baquero, Almeida, Fonte and Gonçalves, "Dotted Version Vectors: Logical Clocks for Optimistic Replication", 2010,
//!   arXiv:1011.5808, sections 4 and 5; Almeida, Baquero, Gonçalves, Preguiça and Fonte, "Scalable and Accurate Causality Tracking for Eventually
//!   Consistent Stores", DAIS 2014, sections 4 and 5 (`sync`, `update`)
//! - **Differs:** each sibling keeps its own vector, as in the first paper; the second paper's compact form of a whole set is left out. No deletion.
//! - **Chapter:** 06
//!
//! Two clients write in turns through one replica, each with the context of its own last answer:
//!
//! ```text
//!                  version vector of the set          dotted: dot after what its writer had seen
//! ann  put a1      [1]  a1                            (1)[ ]: a1
//! bob  put b1      [2]  a1 b1                         (1)[ ]: a1   (2)[ ]: b1     neither has seen the other
//! ann  put a2 [1]  [3]  a1 b1 a2                      (2)[ ]: b1   (3)[1]: a2     a2 has seen dot 1, not dot 2
//! bob  put b2 [2]  [4]  a1 b1 a2 b2                   (3)[1]: a2   (4)[2]: b2     b2 has seen dots 1 and 2
//! ```
//!
//! The dot is why it works: `[3]` would say "all three", `(3)[1]` says "the first and the third".
//!
//! ```
//! use netsplit_algorithms::clocks::{DottedSiblings, VersionVector};
//! use netsplit_node::NodeId;
//!
//! let replica = NodeId(0);
//! let mut cart = DottedSiblings::default();
//! let nothing = VersionVector::default();
//! cart.put(replica, &nothing, "tea");
//! let anns = cart.context();
//! cart.put(replica, &nothing, "jam");                     // bob has seen nothing
//! cart.put(replica, &anns, "tea, milk");                  // ann has seen "tea"
//! assert_eq!(cart.values().collect::<Vec<_>>(), [&"jam", &"tea, milk"]);
//! let both = cart.context();
//! cart.put(replica, &both, "tea, milk, jam");             // whoever has read both may replace both
//! assert_eq!(cart.values().count(), 1);
//! ```

use std::fmt;

use netsplit_node::NodeId;

use crate::Storable;
use crate::clocks::{Causality, VersionVector};

/// The name of one update: the replica that took it, and its number there, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dot {
    /// The replica.
    pub replica: NodeId,
    /// The update's number there.
    pub number: u64,
}

impl Dot {
    /// Whether who has seen `vector` has seen this update.
    pub fn is_in(&self, vector: &VersionVector) -> bool {
        self.number <= vector.count(self.replica)
    }
}

impl fmt::Debug for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({},{})", self.replica, self.number)
    }
}

/// One update, and what its writer had seen: the causal history `{dot}` and all that `past` counts.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DottedVersionVector {
    /// The update.
    pub dot: Dot,
    /// What its writer had seen. Invariant: the dot is not in it.
    pub past: VersionVector,
}

impl DottedVersionVector {
    /// How two updates are related. It takes one look at one entry each way.
    pub fn compare(&self, other: &DottedVersionVector) -> Causality {
        match (self.dot == other.dot, self.dot.is_in(&other.past), other.dot.is_in(&self.past)) {
            (true, _, _) => Causality::Equal,
            (_, true, _) => Causality::Before,
            (_, _, true) => Causality::After,
            _ => Causality::Concurrent,
        }
    }
}

impl fmt::Debug for DottedVersionVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}{}", self.dot, self.past)
    }
}

/// The values of one key at one replica, each under its own dotted version vector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DottedSiblings<V> {
    /// Invariant: no two are ordered, and they are in the order of their dots.
    versions: Vec<(DottedVersionVector, V)>,
}

impl<V> Default for DottedSiblings<V> {
    fn default() -> DottedSiblings<V> {
        DottedSiblings { versions: Vec::new() }
    }
}

impl<V: Clone> DottedSiblings<V> {
    /// The values, in the order of their dots.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.versions.iter().map(|(_, value)| value)
    }

    /// The values with their updates.
    pub fn versions(&self) -> impl Iterator<Item = (&DottedVersionVector, &V)> {
        self.versions.iter().map(|(version, value)| (version, value))
    }

    /// What a client that reads the values has seen: all dots and all pasts (the papers' ceiling).
    // The dots leave no gap: a replica that has a dot has, or has replaced, all that came before it at the dot's replica.
    pub fn context(&self) -> VersionVector {
        let mut context = VersionVector::default();
        for (version, _) in &self.versions {
            context.merge(&version.past);
            context.merge(&[(version.dot.replica, version.dot.number)].into_iter().collect());
        }
        context
    }

    /// A write at `replica` by a client that has seen `context` (`update`): takes the place of what is in the context, and of nothing else.
    pub fn put(&mut self, replica: NodeId, context: &VersionVector, value: V) {
        let mut seen_here = self.context();
        seen_here.merge(context);
        let dot = Dot { replica, number: seen_here.increment(replica) };
        self.versions.retain(|(version, _)| !version.dot.is_in(context));
        self.versions.push((DottedVersionVector { dot, past: context.clone() }, value));
        self.versions.sort_by_key(|(version, _)| version.dot);
    }

    /// Takes over what another replica has of this key (`sync`): what the other has seen and not kept goes, what it has and was not seen here comes.
    pub fn merge(&mut self, other: &DottedSiblings<V>) {
        let is_replaced = |version: &DottedVersionVector, by: &DottedSiblings<V>| {
            by.versions.iter().any(|(newer, _)| version.compare(newer) == Causality::Before)
        };
        let of_other = other.versions.iter().filter(|(version, _)| {
            !is_replaced(version, self) && self.versions.iter().all(|(mine, _)| mine.dot != version.dot)
        });
        let of_other: Vec<_> = of_other.cloned().collect();
        self.versions.retain(|(version, _)| !is_replaced(version, other));
        self.versions.extend(of_other);
        self.versions.sort_by_key(|(version, _)| version.dot);
    }
}

impl<V: Storable> Storable for DottedSiblings<V> {
    fn store(&self, bytes: &mut Vec<u8>) {
        (self.versions.len() as u64).store(bytes);
        for (version, value) in &self.versions {
            (version.dot.replica, version.dot.number).store(bytes);
            version.past.iter().collect::<Vec<(NodeId, u64)>>().store(bytes);
            value.store(bytes);
        }
    }
    fn load(bytes: &mut &[u8]) -> Option<DottedSiblings<V>> {
        let mut versions = Vec::new();
        for _ in 0..u64::load(bytes)? {
            let (replica, number) = Storable::load(bytes)?;
            let past = Vec::<(NodeId, u64)>::load(bytes)?.into_iter().collect();
            versions.push((DottedVersionVector { dot: Dot { replica, number }, past }, V::load(bytes)?));
        }
        Some(DottedSiblings { versions })
    }
}

// That it tells conflicts exactly as causal histories do is tested in tests/version_laws.rs.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::clocks::VersionedSiblings;

    const R: NodeId = NodeId(0);

    #[test]
    fn two_clients_in_turns_leave_two_siblings() {
        // The table of the essay, ten rounds of it: under one vector for the set, every write stays.
        let (mut dotted, mut versioned) = (DottedSiblings::default(), VersionedSiblings::default());
        let mut contexts = [VersionVector::default(), VersionVector::default()];
        let mut contexts_of_sets = contexts.clone();
        for round in 1..=10 {
            for client in [0, 1] {
                dotted.put(R, &contexts[client], (client, round));
                contexts[client] = dotted.context();
                versioned.put(R, &contexts_of_sets[client], (client, round));
                contexts_of_sets[client] = versioned.context();
            }
        }
        assert_eq!(dotted.values().collect::<Vec<_>>(), [&(0, 10), &(1, 10)]);
        assert_eq!(versioned.values().count(), 20);
    }

    #[test]
    fn the_table_of_the_essay() {
        // Version by version, as it is printed there.
        let mut siblings = DottedSiblings::default();
        let none = VersionVector::default();
        let seen = |number| [(R, number)].into_iter().collect::<VersionVector>();
        let show = |siblings: &DottedSiblings<&str>| {
            siblings.versions().map(|(version, value)| format!("{version:?} {value}")).collect::<Vec<_>>()
        };
        siblings.put(R, &none, "a1");
        siblings.put(R, &none, "b1");
        assert_eq!(show(&siblings), ["(n0,1)[] a1", "(n0,2)[] b1"]);
        siblings.put(R, &seen(1), "a2");
        assert_eq!(show(&siblings), ["(n0,2)[] b1", "(n0,3)[n0: 1] a2"]);
        siblings.put(R, &seen(2), "b2");
        assert_eq!(show(&siblings), ["(n0,3)[n0: 1] a2", "(n0,4)[n0: 2] b2"]);
    }

    #[test]
    fn replicas_that_exchange_their_sets_have_the_same() {
        // Concurrent writes at two replicas, each told to the other in another order.
        let (mut one, mut two) = (DottedSiblings::default(), DottedSiblings::default());
        one.put(NodeId(0), &VersionVector::default(), "x");
        two.put(NodeId(1), &VersionVector::default(), "y");
        let before = one.clone();
        one.merge(&two);
        two.merge(&before);
        assert_eq!(one, two);
        assert_eq!(one.values().collect::<Vec<_>>(), [&"x", &"y"]);
        let both = one.context();
        one.put(NodeId(0), &both, "z");
        two.merge(&one);
        assert_eq!(two.values().collect::<Vec<_>>(), [&"z"]);
    }
}

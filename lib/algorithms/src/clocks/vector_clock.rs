//! A vector clock counts, for each node, the events that could have influenced this one; comparing two clocks decides causality.
//!
//! - **Concept:** Vector clock
//! - **Guarantees:** Strong Clock Condition (safety): `a -> b` exactly if `V(a) < V(b)`; two events are concurrent exactly if neither
//!   vector is at most the other. Merging is the least upper bound: commutative, associative, idempotent.
//! - **Does not guarantee:** an order of concurrent events, or that what could have influenced an event did. Bounded size: one entry
//!   per node that ever acted, and no scheme that decides causality gets by with fewer (Charron-Bost 1991).
//! - **Assumes:** every message carries its vector, and nobody forges one; only a node itself advances its entry, and a restarted node
//!   goes on where it was or takes a new number. Messages may be lost, doubled and reordered.
//! - **Source:** Fidge, "Timestamps in Message-Passing Systems That Preserve the Partial Ordering", Australian Computer Science
//!   Conference, 1988; Mattern, "Virtual Time and Global States of Distributed Systems", 1989, section "Vector Time"
//! - **Differs:** the papers number a fixed set of processes; here a node without events has no entry, so the set may grow. A receipt
//!   is an event of its own. Not here: comparing by one entry (which needs to know where an event happened), sending differences only.
//! - **Chapter:** 06
//!
//! ```text
//! n0  ─[1,0,0]──[2,0,0]────────────────────────────▶
//!                      ╲
//! n1  ──────────────────[2,1,0]──[2,2,0]───────────▶     max of [0,0,0] and [2,0,0], then one more of its own
//!                                        ╲
//! n2  ─[0,0,1]────────────────────────────[2,2,2]──▶     knows all that n1 knew
//! ```
//!
//! `[2,1,0]` is after `[1,0,0]`: at least as much in every entry. `[2,2,0]` and `[0,0,1]` are concurrent: each knows an event that the
//! other does not.
//!
//! ```
//! use netsplit_algorithms::clocks::{Causality, VectorClock};
//! use netsplit_node::NodeId;
//!
//! let (ann, bob) = (NodeId(0), NodeId(1));
//! let (mut anns, mut bobs) = (VectorClock::default(), VectorClock::default());
//!
//! let question = anns.send(ann);              // goes along with the message
//! let aside = bobs.tick(bob);                 // before the question arrives
//! let heard = bobs.receive(bob, &question);
//! assert_eq!(question.compare(&heard), Causality::Before);
//! assert_eq!(question.compare(&aside), Causality::Concurrent);
//! assert_eq!(heard.to_string(), "[n0: 1, n1: 2]");
//! ```

use std::collections::BTreeMap;
use std::fmt;

use netsplit_node::NodeId;

/// How many events of each node are known: the clock of a node, and the timestamp of an event.
///
/// Neither `Ord` nor `PartialOrd` is implemented, on purpose. Causality is a partial order, so any sort would have to make up an order
/// of concurrent events, and with `<` it is easy to forget that `!(a < b)` does not mean `b <= a`. [`compare`](VectorClock::compare)
/// makes the caller say what is to be done with [`Causality::Concurrent`].
///
/// ```compile_fail,E0277
/// use netsplit_algorithms::clocks::VectorClock;
/// let mut stamps = vec![VectorClock::default(), VectorClock::default()];
/// stamps.sort();
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct VectorClock {
    /// Invariant: no entry is 0. An absent entry means 0, and derived equality would tell a written 0 from an absent one.
    entries: BTreeMap<NodeId, u64>,
}

/// How two events are related by happens-before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Causality {
    /// The first could have influenced the second: `a -> b`.
    Before,
    /// The second could have influenced the first: `b -> a`.
    After,
    /// They are the same event, or the same knowledge.
    Equal,
    /// Neither could have influenced the other: `a || b`.
    Concurrent,
}

impl VectorClock {
    /// How many events of `node` are known.
    pub fn count(&self, node: NodeId) -> u64 {
        self.entries.get(&node).copied().unwrap_or(0)
    }

    /// The nodes of which an event is known, with their counts, in order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, u64)> + '_ {
        self.entries.iter().map(|(&node, &count)| (node, count))
    }

    /// An event at the node `at`; the clock's new value is the event's timestamp.
    pub fn tick(&mut self, at: NodeId) -> VectorClock {
        *self.entries.entry(at).or_insert(0) += 1;
        self.clone()
    }

    /// The node `at` sends a message: an event like any other, whose timestamp goes along with the message.
    pub fn send(&mut self, at: NodeId) -> VectorClock {
        self.tick(at)
    }

    /// A message with the timestamp `sent` reaches the node `at`: what its sender knew is known here from now on.
    pub fn receive(&mut self, at: NodeId, sent: &VectorClock) -> VectorClock {
        self.merge(sent);
        self.tick(at)
    }

    /// Adds what `other` knows: the larger count of each node (`sup` in Mattern). No event; [`receive`](VectorClock::receive) is one.
    pub fn merge(&mut self, other: &VectorClock) {
        for (&node, &count) in &other.entries {
            let known = self.entries.entry(node).or_insert(0);
            *known = count.max(*known);
        }
    }

    /// How the event with this timestamp and the event with `other` are related.
    pub fn compare(&self, other: &VectorClock) -> Causality {
        match (self.at_most(other), other.at_most(self)) {
            (true, true) => Causality::Equal,
            (true, false) => Causality::Before,
            (false, true) => Causality::After,
            (false, false) => Causality::Concurrent,
        }
    }

    /// Whether `other` knows everything that this clock knows. Entries that are absent here are 0 and cannot be too large.
    fn at_most(&self, other: &VectorClock) -> bool {
        self.iter().all(|(node, count)| count <= other.count(node))
    }
}

/// The clock with these counts; of several counts for one node the largest stays.
impl FromIterator<(NodeId, u64)> for VectorClock {
    fn from_iter<I: IntoIterator<Item = (NodeId, u64)>>(counts: I) -> VectorClock {
        let mut clock = VectorClock::default();
        for (node, count) in counts.into_iter().filter(|&(_, count)| count > 0) {
            clock.merge(&VectorClock { entries: BTreeMap::from([(node, count)]) });
        }
        clock
    }
}

/// "[n0: 2, n1: 1]": nodes in order, those without events left out.
impl fmt::Display for VectorClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries: Vec<String> = self.iter().map(|(node, count)| format!("{node}: {count}")).collect();
        write!(f, "[{}]", entries.join(", "))
    }
}

// The same as Display: a timestamp is read inside messages, on diagrams.
impl fmt::Debug for VectorClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

// The laws over random executions are in tests/clock_laws.rs.
#[cfg(test)]
mod tests {
    use super::*;

    /// The clock that knows `counts[i]` events of node `i`.
    fn clock(counts: &[u64]) -> VectorClock {
        counts.iter().enumerate().map(|(node, &count)| (NodeId(node as u32), count)).collect()
    }

    #[test]
    fn comparison_asks_every_entry_both_ways() {
        // One row per relation, with entries absent on either side: an absent entry counts as 0.
        use Causality::{After, Before, Concurrent, Equal};
        let table: [(&[u64], &[u64], Causality); 8] = [
            (&[], &[], Equal),
            (&[2, 1], &[2, 1], Equal),
            (&[], &[1], Before),
            (&[2, 1], &[2, 2], Before),
            (&[2, 0], &[2, 1], Before),
            (&[2, 2, 1], &[2, 1, 1], After),
            (&[1, 0], &[0, 1], Concurrent),
            (&[2, 2, 0], &[0, 0, 1], Concurrent),
        ];
        for (a, b, expected) in table {
            assert_eq!(clock(a).compare(&clock(b)), expected, "{a:?} and {b:?}");
        }
    }

    #[test]
    fn the_diagram_of_the_essay_is_true() {
        // A message from n0 to n1, then one from n1 to n2, which had an event of its own.
        let [n0, n1, n2] = [NodeId(0), NodeId(1), NodeId(2)];
        let [mut v0, mut v1, mut v2] = [(); 3].map(|()| VectorClock::default());
        v0.tick(n0);
        let alone = v2.tick(n2);
        let first = v0.send(n0);
        let heard = v1.receive(n1, &first);
        let second = v1.send(n1);
        let last = v2.receive(n2, &second);
        assert_eq!(
            [&first, &heard, &second].map(|v| v.to_string()),
            ["[n0: 2]", "[n0: 2, n1: 1]", "[n0: 2, n1: 2]"]
        );
        assert_eq!(last, clock(&[2, 2, 2]));
        assert_eq!(second.compare(&alone), Causality::Concurrent);
    }

    #[test]
    fn a_count_of_zero_is_no_entry() {
        // Equality and hashes are derived from the entries: a stored 0 would make equal clocks differ.
        assert_eq!(clock(&[0, 3, 0]), VectorClock { entries: BTreeMap::from([(NodeId(1), 3)]) });
        let mut merged = clock(&[1]);
        merged.merge(&clock(&[0, 0]));
        assert_eq!(merged, clock(&[1]));
    }

    #[test]
    fn of_several_counts_for_a_node_the_largest_stays() {
        // Whatever the order in which they come.
        let twice: VectorClock = [(NodeId(0), 2), (NodeId(0), 5), (NodeId(0), 3)].into_iter().collect();
        assert_eq!(twice.count(NodeId(0)), 5);
    }
}

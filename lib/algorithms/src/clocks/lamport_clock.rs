//! A Lamport clock numbers events with one counter per node, so that every cause has a smaller number than its effects.
//!
//! - **Concept:** Lamport clock
//! - **Guarantees:** Clock Condition (safety): `a -> b` implies `C(a) < C(b)`. With the node's number as tie-break, a total order of
//!   all events that extends happens-before.
//! - **Does not guarantee:** the converse: `C(a) < C(b)` may hold for concurrent events, so a conflict between them goes unnoticed.
//!   Nothing about real time: a later event elsewhere may have a smaller number.
//! - **Assumes:** every message carries its timestamp, and nobody forges one (a huge timestamp drags every clock along for ever).
//!   Messages may be lost, doubled and reordered. A node that restarts must not start from 0 again.
//! - **Source:** Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", CACM 21(7), 1978, sections "Logical
//!   Clocks" (rules IR1, IR2) and "Ordering the Events Totally"
//! - **Differs:** receiving counts as an event of its own, with a timestamp; the paper sets the clock upon receipt and numbers the
//!   event that follows. The total order breaks ties by the node's number, the paper by any fixed order of the processes.
//! - **Chapter:** 06
//!
//! The clock is a number that grows by one with every event (IR1). A message carries the number of its sending (IR2 a), and
//! whoever receives it moves past that number (IR2 b):
//!
//! ```text
//! n0  ──1────2───────────────────────6──▶
//!             ╲                     ╱
//! n1  ──1──────3────────4──────────5────▶     max(1, 2) + 1 = 3:  the receiver was behind and jumps
//!                                             max(2, 5) + 1 = 6
//! n2  ──1────2────3────4────5────6────7─▶     heard of nobody: its 5 and n0's 2 are concurrent,
//!                                             and 2 < 5 does not tell
//! ```
//!
//! ```
//! use netsplit_algorithms::clocks::LamportClock;
//! use netsplit_node::NodeId;
//!
//! let (ann, bob) = (NodeId(0), NodeId(1));
//! let (mut anns, mut bobs) = (LamportClock::default(), LamportClock::default());
//!
//! let question = anns.send(ann);              // goes along with the message
//! let heard = bobs.receive(bob, question);
//! let answer = bobs.send(bob);
//! assert!(question < heard && heard < answer);
//!
//! let aside = anns.tick(ann);                 // concurrent with `heard`, and yet one of the two must be smaller
//! assert_eq!((aside.time, heard.time), (2, 2));
//! assert!(aside < heard);
//! ```

use std::fmt;

use netsplit_node::NodeId;

/// A node's counter of its own and heard-of events. It belongs to one node, which passes its own number to every call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LamportClock {
    /// The time of this node's latest event, 0 before the first. `C_i` in the paper.
    /// Invariant: it never decreases, and is greater than every time this node has received.
    time: u64,
}

/// When an event happened, in logical time. The order of timestamps is the paper's total order `=>`: by time, then by node.
///
/// Two timestamps are equal only if they are one event's: a node never gives the same time twice.
// The derived order compares fields from top to bottom: `time` must stand before `node`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LamportTimestamp {
    /// The number of the event. `C(a)` in the paper.
    pub time: u64,
    /// The node at which it happened.
    pub node: NodeId,
}

impl LamportClock {
    /// The time of the latest event, 0 before the first.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// An event at the node `at` that nobody else hears of (IR1).
    pub fn tick(&mut self, at: NodeId) -> LamportTimestamp {
        self.time += 1;
        LamportTimestamp { time: self.time, node: at }
    }

    /// The node `at` sends a message: an event like any other, whose timestamp goes along with the message (IR1, IR2 a).
    pub fn send(&mut self, at: NodeId) -> LamportTimestamp {
        self.tick(at)
    }

    /// A message with the timestamp `sent` reaches the node `at` (IR2 b).
    // The maximum alone is not enough: the receipt would share its time with the sending that caused it.
    pub fn receive(&mut self, at: NodeId, sent: LamportTimestamp) -> LamportTimestamp {
        self.time = self.time.max(sent.time);
        self.tick(at)
    }
}

/// "7@n2": the time, then the node.
impl fmt::Display for LamportTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.time, self.node)
    }
}

// The laws over random executions are in tests/clock_laws.rs; here are the paper's rules, one test each.
#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId(0);
    const B: NodeId = NodeId(1);

    #[test]
    fn ir1_successive_events_have_successive_numbers() {
        // "Each process increments its clock between any two successive events", a sending among them.
        let mut clock = LamportClock::default();
        assert_eq!(clock.time(), 0);
        let times = [clock.tick(A).time, clock.send(A).time, clock.tick(A).time];
        assert_eq!(times, [1, 2, 3]);
        assert_eq!(clock.time(), 3);
    }

    #[test]
    fn ir2_a_receipt_is_later_than_the_sending_and_than_the_receiver() {
        // Both branches of the maximum: a receiver that is behind jumps, one that is ahead is not set back.
        let mut ahead = LamportClock { time: 10 };
        let sent = LamportClock { time: 4 }.send(A);
        assert_eq!(ahead.receive(B, sent), LamportTimestamp { time: 11, node: B });
        let mut behind = LamportClock { time: 2 };
        assert_eq!(behind.receive(B, sent), LamportTimestamp { time: 6, node: B });
    }

    #[test]
    fn ties_go_to_the_lower_node_but_time_comes_first() {
        // The total order that lets all nodes agree, without a word, on who comes first.
        let at = |time, node| LamportTimestamp { time, node };
        let mut stamps = [at(2, A), at(1, B), at(2, B), at(1, A)];
        stamps.sort();
        assert_eq!(stamps.map(|stamp| stamp.to_string()), ["1@n0", "1@n1", "2@n0", "2@n1"]);
    }
}

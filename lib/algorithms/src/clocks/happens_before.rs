//! Happens-before is the order that the events of a run have by themselves: earlier at the same place, or sent before received.
//!
//! - **Concept:** Happens-before (causal order)
//! - **Guarantees:** a strict partial order (safety): no event happens before itself, and what happens before a cause happens before its
//!   effects. It is the judge of every clock here, since it is computed from who sent what to whom, without any clock.
//! - **Does not guarantee:** that `a -> b` means that `a` did influence `b`: it could have. What two people say to each other outside the
//!   system is not seen, so an effect that came that way looks concurrent with its cause.
//! - **Assumes:** the events of one participant are given in the order in which they happened there, and a receipt names its sending. Of
//!   a trace that begins late, only what is still in it is ordered.
//! - **Source:** Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", CACM 21(7), 1978, section "The Partial
//!   Ordering"; the name "causal order" and the picture of its past: Mattern, "Virtual Time and Global States of Distributed Systems", 1989
//! - **Differs:** a doubled message has two receipts, each after the one sending. What a node does after a restart comes after what it did
//!   before, as if it had its disk with it. Crashes, cuts and losses are the world's doing and no events of anybody.
//! - **Chapter:** 06
//!
//! ```text
//! ann  ──A───────B─────────────▶       A -> B    earlier at the same place
//!                 ╲                    B -> D    sent and received
//! bob  ──────C─────▼D──────────▶       A -> D    through B
//!                                      C -> D    earlier at the same place
//! eve  ──────────E─────────────▶       A || C, B || C, and E || all of them, whatever the time of day
//! ```
//!
//! ```
//! use netsplit_algorithms::clocks::{Causality, HappensBefore};
//! use netsplit_node::NodeId;
//!
//! let (ann, bob, eve) = (NodeId(0), NodeId(1), NodeId(2));
//! let mut run = HappensBefore::default();
//! let a = run.event(ann);
//! let b = run.event(ann);                     // a sending is an event like any other
//! let c = run.event(bob);
//! let d = run.receipt(bob, b);
//! let e = run.event(eve);
//! assert_eq!(run.compare(a, d), Causality::Before);
//! assert_eq!(run.compare(b, c), Causality::Concurrent);
//! assert_eq!(run.past(d), [a, b, c]);
//! assert!(run.past(e).is_empty());
//! ```
//!
//! Of a run in the laboratory: `HappensBefore::of(&lab.trace())`, whose events keep the numbers that they have in the trace.

use std::collections::BTreeMap;

use netsplit_node::trace::{EventId, EventKind};
use netsplit_node::{NodeId, Trace};

use super::Causality;

/// The order of a run's events. Made from a trace, or event by event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HappensBefore {
    /// Invariant: the causes of an event have smaller numbers than it, so that there is no circle.
    events: BTreeMap<EventId, Happened>,
    /// The latest event of each participant.
    latest: BTreeMap<NodeId, EventId>,
}

/// One event, with what came directly before it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Happened {
    at: NodeId,
    /// The event before it at the same place.
    earlier: Option<EventId>,
    /// The sending of what was received.
    sending: Option<EventId>,
}

impl HappensBefore {
    /// The order of the events in `trace` that happened at somebody: starts, sendings, receipts, timers, what clients begin and learn, remarks.
    pub fn of(trace: &Trace) -> HappensBefore {
        let mut order = HappensBefore::default();
        for event in &trace.events {
            if let Some((at, sending)) = place_of(&event.kind) {
                order.add(event.id, at, sending.filter(|sending| order.events.contains_key(sending)));
            }
        }
        order
    }

    /// One event more at `at`. Returns its number: one above the highest.
    pub fn event(&mut self, at: NodeId) -> EventId {
        let id = self.next();
        self.add(id, at, None);
        id
    }

    /// The receipt, at `at`, of what was sent by the event `sending`.
    ///
    /// # Panics
    /// If there is no such event yet: nothing is received before it was sent.
    pub fn receipt(&mut self, at: NodeId, sending: EventId) -> EventId {
        assert!(
            self.events.contains_key(&sending),
            "a receipt of what event {} sent: expected one of the {} events so far",
            sending.0,
            self.events.len()
        );
        let id = self.next();
        self.add(id, at, Some(sending));
        id
    }

    /// The events, in an order in which they could have happened.
    pub fn events(&self) -> impl Iterator<Item = EventId> + '_ {
        self.events.keys().copied()
    }

    /// Where an event happened; nothing if it is not in this run.
    pub fn place(&self, event: EventId) -> Option<NodeId> {
        self.events.get(&event).map(|happened| happened.at)
    }

    /// Whether `a -> b`: `a` could have influenced `b`.
    pub fn before(&self, a: EventId, b: EventId) -> bool {
        a < b && self.past(b).binary_search(&a).is_ok()
    }

    /// How two events are related.
    pub fn compare(&self, a: EventId, b: EventId) -> Causality {
        match (a == b, self.before(a, b), self.before(b, a)) {
            (true, _, _) => Causality::Equal,
            (_, true, _) => Causality::Before,
            (_, _, true) => Causality::After,
            _ => Causality::Concurrent,
        }
    }

    /// All that could have influenced `event`, in order: its past cone (Mattern, section "Causality").
    // Asked anew each time. Keeping every event's past would take the square of their number.
    pub fn past(&self, event: EventId) -> Vec<EventId> {
        let (mut past, mut to_look_at) = (Vec::new(), vec![event]);
        while let Some(event) = to_look_at.pop() {
            let Some(happened) = self.events.get(&event) else { continue };
            for cause in happened.earlier.into_iter().chain(happened.sending) {
                if let Err(place) = past.binary_search(&cause) {
                    past.insert(place, cause);
                    to_look_at.push(cause);
                }
            }
        }
        past
    }

    fn next(&self) -> EventId {
        self.events.last_key_value().map_or(EventId(0), |(last, _)| EventId(last.0 + 1))
    }

    fn add(&mut self, id: EventId, at: NodeId, sending: Option<EventId>) {
        let earlier = self.latest.insert(at, id);
        self.events.insert(id, Happened { at, earlier, sending });
    }
}

/// Where an event of a trace happened, and the sending of what it received; nothing for what the world does.
fn place_of(kind: &EventKind) -> Option<(NodeId, Option<EventId>)> {
    match kind {
        EventKind::Received { node, message, .. } => Some((*node, Some(*message))),
        EventKind::Sent { from: at, .. }
        | EventKind::Started { node: at, .. }
        | EventKind::TimerFired { node: at, .. }
        | EventKind::Invoked { client: at, .. }
        | EventKind::Returned { client: at, .. }
        | EventKind::Noted { node: at, .. } => Some((*at, None)),
        _ => None,
    }
}

// That it orders every run as the definition says is tested against a matrix in tests/clock_laws.rs, and of traces in tests/clocks/.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_events_of_the_diagram() {
        // Each of the ten pairs: A -> B -> D, C -> D, and all others concurrent.
        let [p, q, r] = [0, 1, 2].map(NodeId);
        let mut run = HappensBefore::default();
        let (a, b, c) = (run.event(p), run.event(p), run.event(q));
        let (d, e) = (run.receipt(q, b), run.event(r));
        let events = [a, b, c, d, e];
        let ordered: Vec<(usize, usize)> = (0..5)
            .flat_map(|i| (0..5).map(move |j| (i, j)))
            .filter(|&(i, j)| run.compare(events[i], events[j]) == Causality::Before)
            .collect();
        assert_eq!(ordered, [(0, 1), (0, 3), (1, 3), (2, 3)]);
        assert_eq!(run.compare(d, a), Causality::After);
        assert_eq!(run.compare(e, e), Causality::Equal);
        assert_eq!(run.place(d), Some(q));
    }

    #[test]
    fn a_doubled_message_has_two_receipts_of_one_sending() {
        // Each is after the sending; they are ordered only where they are received.
        let [p, q, r] = [0, 1, 2].map(NodeId);
        let mut run = HappensBefore::default();
        let sent = run.event(p);
        let (one, two) = (run.receipt(q, sent), run.receipt(r, sent));
        assert_eq!((run.past(one), run.past(two)), (vec![sent], vec![sent]));
        assert_eq!(run.compare(one, two), Causality::Concurrent);
    }

    #[test]
    #[should_panic(expected = "a receipt of what event 7 sent: expected one of the 1 events so far")]
    fn nothing_is_received_before_it_was_sent() {
        // It would make a circle.
        let mut run = HappensBefore::default();
        run.event(NodeId(0));
        run.receipt(NodeId(1), EventId(7));
    }
}

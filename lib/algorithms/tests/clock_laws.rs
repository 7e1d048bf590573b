//! The laws of logical clocks, tested over random executions.
//!
//! The judge is the execution itself: happens-before is computed from who sent what to whom, without any clock (Lamport 1978,
//! section "The Partial Ordering"). A clock joins the suite by an `impl Clock` and a call of the laws that it promises.

use netsplit_algorithms::clocks::{Causality, HappensBefore, LamportClock, LamportTimestamp, VectorClock};
use netsplit_node::{NodeId, Random};

/// What is common to all clocks: a node's events are stamped one after the other.
trait Clock: Default {
    type Timestamp: Clone;
    fn tick(&mut self, at: NodeId) -> Self::Timestamp;
    fn send(&mut self, at: NodeId) -> Self::Timestamp;
    fn receive(&mut self, at: NodeId, sent: &Self::Timestamp) -> Self::Timestamp;
}

impl Clock for LamportClock {
    type Timestamp = LamportTimestamp;
    fn tick(&mut self, at: NodeId) -> LamportTimestamp {
        self.tick(at)
    }
    fn send(&mut self, at: NodeId) -> LamportTimestamp {
        self.send(at)
    }
    fn receive(&mut self, at: NodeId, sent: &LamportTimestamp) -> LamportTimestamp {
        self.receive(at, *sent)
    }
}

impl Clock for VectorClock {
    type Timestamp = VectorClock;
    fn tick(&mut self, at: NodeId) -> VectorClock {
        self.tick(at)
    }
    fn send(&mut self, at: NodeId) -> VectorClock {
        self.send(at)
    }
    fn receive(&mut self, at: NodeId, sent: &VectorClock) -> VectorClock {
        self.receive(at, sent)
    }
}

/// What happened: events in an order in which they could have happened, each at its node.
struct Execution {
    seed: u64,
    nodes: usize,
    events: Vec<Event>,
}

struct Event {
    node: usize,
    kind: EventKind,
}

enum EventKind {
    Local,
    Send,
    /// The receipt of the message that the event with this index sent.
    Receive(usize),
}

impl Execution {
    /// One to five nodes, sixty events. Messages are lost (never received), doubled (received again) and reordered.
    fn random(seed: u64) -> Execution {
        let mut random = Random::new(seed);
        let nodes = 1 + random.below(5) as usize;
        let mut events: Vec<Event> = Vec::new();
        let mut sent: Vec<usize> = Vec::new();
        for index in 0..60 {
            let node = random.below(nodes as u64) as usize;
            let kind = match (random.below(3), random.pick(&sent)) {
                (1, _) => EventKind::Send,
                (2, Some(&message)) => EventKind::Receive(message),
                _ => EventKind::Local,
            };
            if matches!(kind, EventKind::Send) {
                sent.push(index);
            }
            events.push(Event { node, kind });
        }
        Execution { seed, nodes, events }
    }

    /// `before[a][b]` says whether `a -> b`: earlier at the same node, or sent and received, or by a chain of these.
    fn happens_before(&self) -> Vec<Vec<bool>> {
        let count = self.events.len();
        let mut before = vec![vec![false; count]; count];
        for b in 0..count {
            let at_same_node = (0..b).filter(|&a| self.events[a].node == self.events[b].node);
            let message = match self.events[b].kind {
                EventKind::Receive(sending) => Some(sending),
                EventKind::Local | EventKind::Send => None,
            };
            for cause in at_same_node.chain(message) {
                before[cause][b] = true;
                for row in &mut before {
                    row[b] |= row[cause];
                }
            }
        }
        before
    }

    /// Every event's timestamp by the clock `C`.
    fn stamp<C: Clock>(&self) -> Vec<C::Timestamp> {
        let mut clocks: Vec<C> = (0..self.nodes).map(|_| C::default()).collect();
        let mut stamps: Vec<C::Timestamp> = Vec::new();
        for event in &self.events {
            let (clock, at) = (&mut clocks[event.node], NodeId(event.node as u32));
            stamps.push(match event.kind {
                EventKind::Local => clock.tick(at),
                EventKind::Send => clock.send(at),
                EventKind::Receive(sending) => clock.receive(at, &stamps[sending]),
            });
        }
        stamps
    }
}

/// Two hundred executions; a failure names the seed of its own.
fn executions() -> impl Iterator<Item = Execution> {
    (0..200).map(Execution::random)
}

/// Calls `law` with every pair of events: their timestamps by `C`, whether `a -> b`, and where they are from.
fn for_all_pairs<C: Clock>(law: impl Fn(&C::Timestamp, &C::Timestamp, bool, &str)) {
    for execution in executions() {
        let (before, stamps) = (execution.happens_before(), execution.stamp::<C>());
        for (a, row) in before.iter().enumerate() {
            for (b, &a_before_b) in row.iter().enumerate().filter(|&(b, _)| b != a) {
                law(
                    &stamps[a],
                    &stamps[b],
                    a_before_b,
                    &format!("seed {}, events {a} and {b}", execution.seed),
                );
            }
        }
    }
}

/// The Clock Condition: if `a -> b` then `C(a) < C(b)`.
fn clock_condition<C: Clock>(less: impl Fn(&C::Timestamp, &C::Timestamp) -> bool) {
    for_all_pairs::<C>(|a, b, a_before_b, place| assert!(!a_before_b || less(a, b), "{place}"));
}

/// The Strong Clock Condition: `a -> b` exactly if `C(a) < C(b)`.
fn strong_clock_condition<C: Clock>(less: impl Fn(&C::Timestamp, &C::Timestamp) -> bool) {
    for_all_pairs::<C>(|a, b, a_before_b, place| assert_eq!(a_before_b, less(a, b), "{place}"));
}

/// Any two different events have different timestamps, and one of the two is the smaller.
fn total_order<C: Clock<Timestamp: Ord>>() {
    for_all_pairs::<C>(|a, b, _, place| assert!((a < b) != (b < a), "{place}"));
}

/// Merging is a join: commutative, associative, idempotent, and the least of all upper bounds.
fn join_laws<T: Clone + PartialEq + std::fmt::Debug>(
    values: impl Fn(&mut Random) -> T,
    merge: impl Fn(&T, &T) -> T,
    at_most: impl Fn(&T, &T) -> bool,
) {
    for seed in 0..2_000 {
        let random = &mut Random::new(seed);
        let (a, b, c) = (values(random), values(random), values(random));
        let joined = merge(&a, &b);
        assert_eq!(joined, merge(&b, &a), "commutative, seed {seed}");
        assert_eq!(merge(&joined, &c), merge(&a, &merge(&b, &c)), "associative, seed {seed}");
        assert_eq!(merge(&joined, &b), joined, "idempotent, seed {seed}");
        assert!(at_most(&a, &joined) && at_most(&b, &joined), "an upper bound, seed {seed}");
        if at_most(&a, &c) && at_most(&b, &c) {
            assert!(at_most(&joined, &c), "the least upper bound, seed {seed}");
        }
    }
}

#[test]
fn happens_before_is_the_relation_of_the_paper() {
    // Made event by event, it says of every pair what the matrix says, which was closed under (1) same place, (2) message and (3) chains.
    for execution in executions() {
        let mut order = HappensBefore::default();
        let mut events = Vec::new();
        for event in &execution.events {
            let at = NodeId(event.node as u32);
            events.push(match event.kind {
                EventKind::Receive(sending) => order.receipt(at, events[sending]),
                EventKind::Local | EventKind::Send => order.event(at),
            });
        }
        let before = execution.happens_before();
        for (b, &event) in events.iter().enumerate() {
            let past: Vec<_> = (0..b).filter(|&a| before[a][b]).map(|a| events[a]).collect();
            assert_eq!(order.past(event), past, "seed {}, event {b}", execution.seed);
        }
    }
}

#[test]
fn lamport_clocks_never_put_an_effect_before_its_cause() {
    // The promise for which the clock exists, by time alone and by the total order.
    clock_condition::<LamportClock>(|a, b| a.time < b.time);
    clock_condition::<LamportClock>(|a, b| a < b);
}

#[test]
fn lamport_timestamps_order_all_events() {
    // No two events tie, or two nodes could disagree on who comes first.
    total_order::<LamportClock>();
}

#[test]
fn lamport_clocks_do_not_tell_causality() {
    // The blind spot that vector clocks repair: somewhere a smaller time belongs to no cause.
    let misled = executions().any(|execution| {
        let (before, stamps) = (execution.happens_before(), execution.stamp::<LamportClock>());
        (0..stamps.len()).any(|a| (0..stamps.len()).any(|b| stamps[a].time < stamps[b].time && !before[a][b]))
    });
    assert!(misled);
}

#[test]
fn vector_clocks_tell_causality_both_ways() {
    // Before exactly if it happened before; concurrent exactly if neither did.
    strong_clock_condition::<VectorClock>(|a, b| a.compare(b) == Causality::Before);
    strong_clock_condition::<VectorClock>(|a, b| b.compare(a) == Causality::After);
    for_all_pairs::<VectorClock>(|a, b, _, place| assert_ne!(a.compare(b), Causality::Equal, "{place}"));
}

#[test]
fn merging_vector_clocks_is_a_join() {
    // Small counts of few nodes, so that equal, ordered and concurrent clocks all come up.
    let values =
        |random: &mut Random| -> VectorClock { (0..3).map(|node| (NodeId(node), random.below(3))).collect() };
    let merge = |a: &VectorClock, b: &VectorClock| {
        let mut merged = a.clone();
        merged.merge(b);
        merged
    };
    let at_most =
        |a: &VectorClock, b: &VectorClock| matches!(a.compare(b), Causality::Before | Causality::Equal);
    join_laws(values, merge, at_most);
}

#[test]
fn the_executions_are_worth_judging() {
    // The laws would hold of nothing: there must be many causes, many concurrent pairs, and messages received out of order.
    let (mut ordered, mut concurrent, mut overtaken) = (0, 0, 0);
    for execution in executions() {
        let before = execution.happens_before();
        let events = &execution.events;
        for (later, earlier) in
            (0..events.len()).flat_map(|later| (0..later).map(move |earlier| (later, earlier)))
        {
            assert!(!before[later][earlier], "the list is an order in which things could have happened");
            if before[earlier][later] {
                ordered += 1
            } else {
                concurrent += 1
            }
            if let (EventKind::Receive(first), EventKind::Receive(second)) =
                (&events[earlier].kind, &events[later].kind)
            {
                overtaken += usize::from(second < first);
            }
        }
    }
    assert!(
        ordered > 10_000 && concurrent > 10_000 && overtaken > 1_000,
        "{ordered} {concurrent} {overtaken}"
    );
}

//! `vector-clock`: a vector clock whose order is exactly happens-before, and whose join is a least upper bound.

use netsplit::NodeId;
use netsplit::clocks::{Causality, HappensBefore};
use netsplit::grade::{Case, Exercise, Rule};

use super::given::*;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("vector-clock", "A clock that knows what it does not know", 20.0, Rule::Proportional)
        .function("vector_clock", "Job", "Said")
        .without(["clocks"])
        .visible("two nodes and a message", 1, |case| {
            let run = [(0, None), (1, None), (1, Some(0)), (0, None)];
            judge(case, run.map(|(at, received)| Step { at, received }).to_vec(), vec![]);
        })
        .visible("a message that comes twice, and late", 2, |case| {
            let run = [(0, None), (0, None), (1, Some(1)), (1, Some(0)), (1, Some(1)), (2, Some(4))];
            judge(case, run.map(|(at, received)| Step { at, received }).to_vec(), vec![]);
        })
        .visible("stamps to compare and to join", 3, |case| random(case, 0, 3, 30))
        .visible("a longer run", 4, |case| random(case, 25, 4, 10))
}

/// A run of so many events at so many nodes, and so many pairs of stamps.
pub fn random(case: &mut Case, events: u64, nodes: u64, pairs: usize) {
    let random = case.random();
    let step = |event, random: &mut netsplit::Random| Step {
        at: random.below(nodes) as u32,
        received: (event > 0 && random.chance(0.5)).then(|| random.below(event) as usize),
    };
    let run = (0..events).map(|event| step(event, random)).collect();
    let pairs = (0..pairs).map(|_| (stamp(random, nodes), stamp(random, nodes))).collect();
    judge(case, run, pairs);
}

/// Small counts, so that many pairs are ordered; some are 0, and some are left out.
fn stamp(random: &mut netsplit::Random, nodes: u64) -> Stamp {
    let entries = (0..nodes as u32).filter_map(|node| random.chance(0.7).then(|| (node, random.below(3))));
    entries.collect()
}

/// Compares what the clock says with the definition of happens-before.
pub fn judge(case: &mut Case, run: Vec<Step>, pairs: Vec<(Stamp, Stamp)>) {
    let job = Job { run, pairs };
    let Some(said) = case.evaluate::<Job, Said>("vector_clock", &job) else { return };
    let mut order = HappensBefore::default();
    let mut events = Vec::new();
    for step in &job.run {
        let at = NodeId(step.at);
        events.push(match step.received {
            Some(sending) => order.receipt(at, events[sending]),
            None => order.event(at),
        });
    }
    let mut wrong = Vec::new();
    for (a, &one) in events.iter().enumerate() {
        for (b, &other) in events.iter().enumerate() {
            let right = order_of(order.compare(one, other));
            let got = said.table.get(a * events.len() + b).copied();
            if got != Some(right) {
                wrong.push(format!("event {a} against event {b}: it is {right:?}, and it says {got:?}"));
            }
        }
    }
    case.expect("the order of its stamps is happens-before", first(wrong));
    let mut wrong = Vec::new();
    for (index, &event) in events.iter().enumerate() {
        let known = order.past(event).into_iter().chain([event]);
        let mut right = Stamp::new();
        known.for_each(|it| *right.entry(order.place(it).unwrap_or(NodeId(0)).0).or_default() += 1);
        let got = said.stamps.get(index).map(without_zeros);
        if got.as_ref() != Some(&right) {
            wrong.push(format!("event {index}: {right:?} are known, and it says {got:?}"));
        }
    }
    case.expect("a stamp counts the events that are known", first(wrong));
    let mut wrong = Vec::new();
    for (index, (one, other)) in job.pairs.iter().enumerate() {
        let (right, got) = (compare(one, other), said.orders.get(index).copied());
        if got != Some(right) {
            wrong.push(format!("{one:?} against {other:?}: it is {right:?}, and it says {got:?}"));
        }
    }
    case.expect("any two stamps are compared rightly", first(wrong));
    let mut wrong = Vec::new();
    for (index, (one, other)) in job.pairs.iter().enumerate() {
        let mut right = one.clone();
        other.iter().for_each(|(&node, &count)| {
            let here = right.entry(node).or_default();
            *here = count.max(*here);
        });
        let got = said.joins.get(index).map(without_zeros);
        if got.as_ref() != Some(&without_zeros(&right)) {
            wrong.push(format!("{one:?} joined with {other:?} is {got:?}"));
        }
    }
    case.expect("a join is the least upper bound", first(wrong));
}

fn first(wrong: Vec<String>) -> Result<(), String> {
    wrong.into_iter().next().map_or(Ok(()), Err)
}

fn order_of(causality: Causality) -> Order {
    match causality {
        Causality::Before => Order::Before,
        Causality::After => Order::After,
        Causality::Equal => Order::Equal,
        Causality::Concurrent => Order::Concurrent,
    }
}

fn without_zeros(stamp: &Stamp) -> Stamp {
    stamp.iter().filter(|(_, count)| **count > 0).map(|(&node, &count)| (node, count)).collect()
}

fn compare(one: &Stamp, other: &Stamp) -> Order {
    let at_most = |a: &Stamp, b: &Stamp| {
        a.iter().all(|(node, count)| *count <= b.get(node).copied().unwrap_or_default())
    };
    match (at_most(one, other), at_most(other, one)) {
        (true, true) => Order::Equal,
        (true, false) => Order::Before,
        (false, true) => Order::After,
        (false, false) => Order::Concurrent,
    }
}

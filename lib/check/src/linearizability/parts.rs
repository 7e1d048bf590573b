//! From a history to what the search takes: its parts, and the order of calls and returns in each.
//!
//! # Intervals are closed
//! An operation that returns in the same instant in which another is called is concurrent with it: in that instant calls come before
//! returns. Were intervals open, the earlier one would have to come first, and a correct register would be
//! called wrong: ann's write of 1 returns at 5 ms; bob's read, called at 5 ms by a clock that ticks in milliseconds, finds nothing.
//! He may have asked at 5.1 ms and she may have been told at 5.9 ms, so nobody's promise was broken, and a checker that says otherwise
//! accuses an innocent. A clock cannot order what it shows as the same.
//!
//! One caller, though, knows its own order: who asks again in the very instant in which the answer came (a closed loop without
//! thinking time does nothing else) asked *after* it. So an operation follows the one that its caller waited for, provided that this
//! caller always waited: never had two operations under way at once.

use std::collections::{BTreeMap, BTreeSet};

use netsplit_node::Time;

use super::search::Item;
use super::subject::{Classes, Ending, Subject};

/// A part of a history that is judged by itself.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The part's name, if the history fell into parts.
    pub(super) key: Option<String>,
    /// Its operations by their numbers in the history, in the order of their calls; none that failed.
    pub(super) operations: Vec<usize>,
}

/// The parts of a history, ordered by name; one if the specification does not divide it.
pub(super) fn divide(subject: &dyn Subject, count: usize, whole: bool) -> Vec<Part> {
    // What failed never happened: no part of it concerns the state.
    let happened = (0..count).filter(|&operation| subject.facts(operation).ending != Ending::Fail);
    let mut operations: Vec<usize> = happened.collect();
    operations.sort_by_key(|&operation| (subject.facts(operation).invoked, operation));
    let mut parts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for &operation in operations.iter().filter(|_| !whole) {
        let Some(key) = subject.partition(operation) else {
            parts.clear();
            break;
        };
        parts.entry(key).or_default().push(operation);
    }
    if parts.is_empty() {
        return vec![Part { key: None, operations }];
    }
    parts.into_iter().map(|(key, operations)| Part { key: Some(key), operations }).collect()
}

/// The operations of a part as the search sees them: calls and returns numbered in one order.
pub(super) fn items(subject: &dyn Subject, part: &Part, classes: &[Classes], loops: &Loops) -> Vec<Item> {
    let mut events: Vec<(Time, bool, usize)> = Vec::new();
    for (index, &operation) in part.operations.iter().enumerate() {
        let facts = subject.facts(operation);
        events.push((facts.invoked, false, index));
        if facts.ending == Ending::Ok {
            // A recorded return before its own call would be no interval at all.
            let returned = facts.returned.unwrap_or(Time::MAX).max(facts.invoked);
            events.push((returned, true, index));
        }
    }
    events.sort();
    let members: BTreeSet<usize> = part.operations.iter().copied().collect();
    let mut items: Vec<Item> = part
        .operations
        .iter()
        .zip(classes)
        .map(|(&operation, classes)| {
            let class =
                if subject.facts(operation).ending == Ending::Ok { classes.told } else { classes.open };
            Item {
                operation: operation as u32,
                class: class.number,
                reads: class.reads,
                call: 0,
                returned: None,
                after: loops.before(operation).filter(|before| members.contains(before)).map(|it| it as u32),
            }
        })
        .collect();
    for (place, (_, is_return, index)) in (0..).zip(events) {
        if is_return { items[index].returned = Some(place) } else { items[index].call = place }
    }
    items
}

/// Which operation was asked for in the instant of the answer to which other, by callers that wait for their answers.
pub(super) struct Loops {
    before: BTreeMap<usize, usize>,
}

impl Loops {
    pub(super) fn of(subject: &dyn Subject, count: usize) -> Loops {
        let mut callers: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for operation in 0..count {
            callers.entry(subject.facts(operation).caller).or_default().push(operation);
        }
        let mut before = BTreeMap::new();
        for mut operations in callers.into_values() {
            operations.sort_by_key(|&operation| (subject.facts(operation).invoked, operation));
            let waited = |pair: &[usize]| {
                subject.facts(pair[0]).returned.is_some_and(|end| end <= subject.facts(pair[1]).invoked)
            };
            if operations.windows(2).all(waited) {
                let at_once = |pair: &&[usize]| {
                    let earlier = subject.facts(pair[0]);
                    earlier.ending == Ending::Ok && earlier.returned == Some(subject.facts(pair[1]).invoked)
                };
                before.extend(operations.windows(2).filter(at_once).map(|pair| (pair[1], pair[0])));
            }
        }
        Loops { before }
    }

    fn before(&self, operation: usize) -> Option<usize> {
        self.before.get(&operation).copied()
    }
}

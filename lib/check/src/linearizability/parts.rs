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
//! caller always waited: never had two operations under way at once. That counts within a part of the service only, since otherwise
//! a history could be wrong as a whole of which every part is right, and dividing it would change the verdict.

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
pub(super) fn divide(subject: &dyn Subject, happened: &[usize]) -> Vec<Part> {
    let mut parts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for &operation in happened {
        let Some(key) = subject.partition(operation) else { return vec![whole(happened)] };
        parts.entry(key).or_default().push(operation);
    }
    parts.into_iter().map(|(key, operations)| Part { key: Some(key), operations }).collect()
}

/// A part that is everything.
pub(super) fn whole(happened: &[usize]) -> Part {
    Part { key: None, operations: happened.to_vec() }
}

/// The operations that may have happened, in the order of their calls: what failed never did.
pub(crate) fn happened(subject: &dyn Subject, count: usize) -> Vec<usize> {
    let mut operations: Vec<usize> =
        (0..count).filter(|&operation| subject.facts(operation).ending != Ending::Fail).collect();
    operations.sort_by_key(|&operation| (subject.facts(operation).invoked, operation));
    operations
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
                after: loops.before(operation),
            }
        })
        .collect();
    for (place, (_, is_return, index)) in (0..).zip(events) {
        if is_return { items[index].returned = Some(place) } else { items[index].call = place }
    }
    items
}

/// Which operation was asked for in the instant of the answer to which other of the same part, by callers that wait for their answers.
pub(super) struct Loops {
    before: BTreeMap<usize, Vec<u32>>,
}

impl Loops {
    /// Of a history of so many operations that falls into these parts.
    pub(super) fn of(subject: &dyn Subject, count: usize, parts: &[Part]) -> Loops {
        let waiting = callers_that_wait(subject, count);
        let mut before = BTreeMap::new();
        for part in parts {
            // What each caller was told last, as far as it was told in one instant.
            let mut told: BTreeMap<u32, (Time, Vec<u32>)> = BTreeMap::new();
            for &operation in &part.operations {
                let facts = subject.facts(operation);
                let (instant, answers) = told.entry(facts.caller).or_default();
                if *instant == facts.invoked && !answers.is_empty() && waiting.contains(&facts.caller) {
                    before.insert(operation, answers.clone());
                }
                if let Some(returned) = facts.returned.filter(|_| facts.ending == Ending::Ok) {
                    if *instant != returned {
                        answers.clear();
                    }
                    *instant = returned;
                    answers.push(operation as u32);
                }
            }
        }
        Loops { before }
    }

    fn before(&self, operation: usize) -> Vec<u32> {
        self.before.get(&operation).cloned().unwrap_or_default()
    }
}

/// Callers that never have two operations under way.
fn callers_that_wait(subject: &dyn Subject, count: usize) -> BTreeSet<u32> {
    let mut callers: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for operation in 0..count {
        callers.entry(subject.facts(operation).caller).or_default().push(operation);
    }
    callers.retain(|_, operations| {
        operations.sort_by_key(|&operation| (subject.facts(operation).invoked, operation));
        operations.windows(2).all(|pair| {
            subject.facts(pair[0]).returned.is_some_and(|end| end <= subject.facts(pair[1]).invoked)
        })
    });
    callers.into_keys().collect()
}

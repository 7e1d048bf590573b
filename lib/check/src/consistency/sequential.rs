//! Sequential consistency: as if there were one copy, and every caller's operations took effect in that caller's order.
//!
//! - **What it is:** "the result of any execution is the same as if the operations of all the processors were executed in
//!   some sequential order, and the operations of each individual processor appear in this sequence in the order specified
//!   by its program" (Lamport, "How to make a multiprocessor computer that correctly executes multiprocess programs", IEEE
//!   Transactions on Computers C-28(9), 1979).
//! - **Against linearizability:** what one caller was told before another asked need not come first. So reads may be stale,
//!   as long as nobody can tell by means of the store itself. Clients that talk to each other besides it can.
//! - **Safety**, but not a local property: a store whose keys are each sequentially consistent need not be so as a whole (Herlihy and Wing,
//!   TOPLAS 1990, section 3.3), so histories are judged undivided.
//! - **Outcomes:** what failed never happened. What is pending or unknown comes after what its caller had been told before,
//!   at any time or never.
//! - **Cost:** NP-complete, also if it is known which write each read saw (Gibbons and Korach, "Testing shared memories", SIAM Journal on
//!   Computing 26(4), 1997, section 4). So there is a [`Budget`], and the search is that of linearizability
//!   (`linearizability/search.rs`) with the callers' orders in place of real time.

use std::collections::BTreeMap;

use netsplit_node::History;

use super::session::shortened;
use crate::linearizability::Budget;
use crate::linearizability::budget::{Meter, Watch};
use crate::linearizability::parts::happened;
use crate::linearizability::search::{Found, Item, Stuck, search};
use crate::linearizability::subject::{Classes, Ending, Subject, Typed};
use crate::linearizability::transitions::Transitions;
use crate::spec::Specification;
use crate::verdict::{Checker, Verdict};

/// Steps for one attempt to find fewer reasons, and for all: an explanation should not take longer than the verdict.
const STEPS_OF_ONE: u64 = 25_000;
const STEPS_OF_ALL: u64 = 750_000;
/// Operations named in the sentence.
const NAMED: usize = 8;

/// The checker made by [`sequential`].
#[derive(Clone, Debug)]
#[must_use = "a checker does nothing by itself: `history.check(sequential(..))`"]
pub struct Sequential<S> {
    specification: S,
    budget: Budget,
}

/// Judges whether a history is sequentially consistent with regard to `specification`.
///
/// ```
/// use netsplit_check::{Check, by_hand, consistency::sequential, linearizable, spec};
/// use netsplit_node::{KeyValueRequest, KeyValueResponse};
/// let put = |key: &str| KeyValueRequest::Put { key: key.into(), value: 1.into() };
/// let get = |key: &str| KeyValueRequest::Get { key: key.into() };
/// // Bob reads what is no longer there; but he may have been first.
/// let stale = by_hand("store")
///     .ok("ann", 0..5, put("x"), KeyValueResponse::Stored)
///     .ok("bob", 6..9, get("x"), KeyValueResponse::Value(None));
/// assert!(!stale.clone().history().check(linearizable(spec::KeyValue)).holds());
/// assert!(stale.clone().history().check(sequential(spec::KeyValue)).holds());
/// // Each of two misses what the other wrote before: one of them was not first.
/// let both = by_hand("store")
///     .ok("ann", 0..1, put("x"), KeyValueResponse::Stored)
///     .ok("ann", 2..3, get("y"), KeyValueResponse::Value(None))
///     .ok("bob", 0..1, put("y"), KeyValueResponse::Stored)
///     .ok("bob", 2..3, get("x"), KeyValueResponse::Value(None));
/// assert_eq!(
///     both.history().check(sequential(spec::KeyValue)).violations(),
///     ["ann's put x = 1, then get of y read nothing; bob's put y = 1, then get of x read nothing: \
///       no one order has room for all of these"]
/// );
/// ```
pub fn sequential<S: Specification>(specification: S) -> Sequential<S> {
    Sequential { specification, budget: Budget::STANDARD }
}

impl<S> Sequential<S> {
    /// With this budget instead of [`Budget::STANDARD`].
    pub fn within(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }
}

impl<S: Specification> Checker<S::Request, S::Response> for Sequential<S> {
    fn name(&self) -> &str {
        "Sequential consistency"
    }

    fn check(&self, history: &History<S::Request, S::Response>) -> Verdict {
        let subject = Typed { specification: &self.specification, history };
        judge(&subject, history.len(), self.budget, Verdict::of("Sequential consistency", history))
    }
}

fn judge(subject: &dyn Subject, count: usize, budget: Budget, mut verdict: Verdict) -> Verdict {
    let operations = happened(subject, count);
    let (classes, steps) = subject.classes(&operations);
    let programs = Programs::of(subject, count, operations, classes);
    let mut steps = Transitions::new(steps);
    let watch = Watch::new(budget, count);
    let mut meter = Meter::new(budget.memory, &watch, u64::MAX);
    let nothing_open = vec![false; programs.operations.len()];
    match search(&programs.items(&nothing_open), &mut steps, &mut meter) {
        Found::Linearization(_) => {}
        Found::Exhausted(exhausted, Stuck { order, .. }) => verdict.undecided(format!(
            "the {exhausted} was used up; {} of {} operations fit into an order",
            order.len(),
            programs.operations.len()
        )),
        Found::Nothing(_) => {
            let reasons = programs.reasons(&mut steps, (budget.memory, &watch));
            let (sentence, rows) = words(subject, &reasons);
            verdict.violated_by(sentence, rows);
        }
    }
    verdict
}

/// What each caller did, in that caller's order.
struct Programs<'s> {
    subject: &'s dyn Subject,
    /// Operations by their numbers in the history, in the order of their calls; none that failed.
    operations: Vec<usize>,
    classes: Vec<Classes>,
    /// Of each caller the places of its operations, and whether it always waited for its answers.
    callers: Vec<(Vec<usize>, bool)>,
}

impl Programs<'_> {
    fn of(
        subject: &dyn Subject,
        count: usize,
        operations: Vec<usize>,
        classes: Vec<Classes>,
    ) -> Programs<'_> {
        let waiting = callers_that_wait(subject, count);
        let mut callers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, &operation) in operations.iter().enumerate() {
            callers.entry(subject.facts(operation).caller_name).or_default().push(place);
        }
        let callers = callers.into_iter().map(|(caller, places)| (places, waiting[caller])).collect();
        Programs { subject, operations, classes, callers }
    }

    /// The operations for the search. Real time counts nothing: all are called before any returns. Those that are `opened`
    /// are taken as if nobody knew how they ended.
    fn items(&self, opened: &[bool]) -> Vec<Item> {
        let count = self.operations.len() as u32;
        let mut items: Vec<Item> = Vec::with_capacity(self.operations.len());
        for (place, (&operation, classes)) in self.operations.iter().zip(&self.classes).enumerate() {
            let has_ended = self.has_ended(place, opened);
            let class = if has_ended { classes.told } else { classes.open };
            items.push(Item {
                operation: operation as u32,
                class: class.number,
                reads: class.reads,
                call: place as u32,
                returned: has_ended.then_some(count + place as u32),
                after: Vec::new(),
            });
        }
        for (places, waits) in &self.callers {
            for (place, after) in self.follows(places, *waits, opened) {
                items[place].after = after;
            }
        }
        items
    }

    fn has_ended(&self, place: usize, opened: &[bool]) -> bool {
        self.subject.facts(self.operations[place]).ending == Ending::Ok && !opened[place]
    }

    /// For each operation of a caller, those immediately before it: what the caller had been told last when it asked.
    fn follows(&self, places: &[usize], waits: bool, opened: &[bool]) -> Vec<(usize, Vec<u32>)> {
        let facts = |place: usize| self.subject.facts(self.operations[place]);
        let mut ended: Vec<usize> =
            places.iter().copied().filter(|&place| self.has_ended(place, opened)).collect();
        if !waits {
            ended.sort_by_key(|&place| facts(place).returned);
        }
        let mut follows = Vec::with_capacity(places.len());
        for &place in places {
            let is_before = |&other: &usize| {
                if waits { other < place } else { facts(other).returned < Some(facts(place).invoked) }
            };
            let mut before = &ended[..ended.partition_point(is_before)];
            // Of those before, the ones that are before none of the others; one, if the caller waits.
            let mut last = Vec::new();
            while let Some((&other, rest)) = before.split_last() {
                if !last.is_empty()
                    && (waits || last.iter().any(|&it| facts(other).returned < Some(facts(it).invoked)))
                {
                    break;
                }
                last.push(other);
                before = rest;
            }
            follows.push((place, last.into_iter().map(|place| self.operations[place] as u32).collect()));
        }
        follows
    }

    /// The fewest operations that no order has room for, by their places: of all others nobody need know how they ended. If
    /// the steps do not suffice, some are too many.
    fn reasons(&self, steps: &mut Transitions<'_>, budget: (usize, &Watch)) -> Vec<usize> {
        let mut opened = vec![false; self.operations.len()];
        let mut left = STEPS_OF_ALL;
        // All at once, then halves, then halves of those halves that matter; the older ones first, so that the latest remain.
        let mut parts = vec![(0, self.operations.len())];
        while let Some((start, end)) = parts.pop() {
            let part = start..end;
            let before = opened[part.clone()].to_vec();
            opened[part.clone()].fill(true);
            if left > 0 && !part.is_empty() {
                let mut meter = Meter::new(budget.0, budget.1, STEPS_OF_ONE.min(left));
                let found = search(&self.items(&opened), steps, &mut meter);
                left = left.saturating_sub(meter.steps().max(1));
                if matches!(found, Found::Nothing(_)) {
                    continue;
                }
            }
            opened[part.clone()].copy_from_slice(&before);
            if part.len() > 1 {
                let middle = start + part.len() / 2;
                parts.extend([(middle, end), (start, middle)]);
            }
        }
        let says_something = |&place: &usize| self.has_ended(place, &opened);
        let places = (0..self.operations.len()).filter(says_something);
        places.map(|place| self.operations[place]).collect()
    }
}

/// Which callers, by their names, never had two operations under way, those that failed included.
fn callers_that_wait(subject: &dyn Subject, count: usize) -> BTreeMap<&str, bool> {
    let mut all: Vec<usize> = (0..count).collect();
    all.sort_by_key(|&operation| subject.facts(operation).invoked);
    let mut callers: BTreeMap<&str, (bool, usize)> = BTreeMap::new();
    for operation in all {
        let facts = subject.facts(operation);
        let (waits, before) = callers.entry(facts.caller_name).or_insert((true, operation));
        let ended = subject.facts(*before).returned.is_some_and(|ended| ended <= facts.invoked);
        *waits &= *before == operation || ended;
        *before = operation;
    }
    callers.into_iter().map(|(caller, (waits, _))| (caller, waits)).collect()
}

/// "ann's put x = 1, then get of y read nothing; bob's ..: no one order has room for all of these", and a row for each.
fn words(subject: &dyn Subject, reasons: &[usize]) -> (String, Vec<String>) {
    let mut callers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &operation in reasons {
        callers.entry(subject.facts(operation).caller_name).or_default().push(operation);
    }
    let mut left = NAMED;
    let mut parts = Vec::new();
    for operations in callers.values() {
        let named = &operations[..operations.len().min(left)];
        left -= named.len();
        if let Some(first) = named.first() {
            let all: Vec<String> = named.iter().map(|&operation| subject.words(operation)).collect();
            parts.push(format!("{}'s {}", subject.facts(*first).caller_name, all.join(", then ")));
        }
    }
    if reasons.len() > NAMED {
        parts.push(format!("{} more", reasons.len() - NAMED));
    }
    let rows = callers.values().flatten().map(|&operation| {
        let facts = subject.facts(operation);
        let when = format!("{} to {}", facts.invoked, facts.returned.unwrap_or(facts.invoked));
        format!("  {when:<22} {}'s {}", facts.caller_name, subject.words(operation))
    });
    let sentence = match &parts[..] {
        [] => "no order has room for what was asked".to_owned(),
        parts if reasons.len() == 1 => format!("{}, for which no order has room", parts[0]),
        parts => format!("{}: no one order has room for all of these", parts.join("; ")),
    };
    (sentence, shortened(rows.collect()))
}

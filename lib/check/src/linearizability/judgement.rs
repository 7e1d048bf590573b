//! What was found in each part of a history.

use super::budget::{Budget, Exhausted, Meter, Watch};
use super::parts::{Loops, Part, divide, happened, items, whole};
use super::reasons::reasons;
use super::search::{Found, Item, search};
use super::subject::Subject;
use super::transitions::Transitions;
use super::workers::{MOST_THREADS, on_threads};

/// What was found in a history, part by part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The parts, ordered by their keys.
    pub parts: Vec<Judged>,
}

/// What was found in one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The part's key; nothing if the history was judged as a whole.
    pub key: Option<String>,
    /// How many operations concern it, without those that failed.
    pub operations: usize,
    /// What was found.
    pub finding: Finding,
}

/// What was found; operations are told by their places in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// There is a linearization.
    Linearizable {
        /// One: all operations that have an answer, and those of unknown outcome that it needs.
        order: Vec<usize>,
    },
    /// There is none.
    Violated {
        /// The first operation to return that no order has room for.
        operation: usize,
        /// An order that ends before it, of the longest prefix that has one.
        order: Vec<usize>,
        /// The operations that leave no room for it, each of which is needed for that.
        because: Vec<usize>,
    },
    /// The budget was used up before an answer was found.
    Undecided {
        /// What was used up.
        exhausted: Exhausted,
        /// The operation before whose return it ended, on the best way that was tried.
        operation: usize,
        /// The order up to there.
        order: Vec<usize>,
    },
}

impl Judgement {
    /// Whether every part is linearizable.
    pub fn holds(&self) -> bool {
        self.parts.iter().all(|part| matches!(part.finding, Finding::Linearizable { .. }))
    }

    /// Whether some part certainly is not.
    pub fn is_violated(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.finding, Finding::Violated { .. }))
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) budget: Budget,
    pub(super) whole: bool,
    pub(super) threads: usize,
}

/// Judges every part.
///
/// Parts that are searched at the same time share the memory: each gets the same part of it, by the number of parts and not by that
/// of threads, so that the verdict is the same on every machine. One for which that was too little gets all of it
/// afterwards, alone.
pub(super) fn judge(subject: &dyn Subject, count: usize, settings: Settings) -> Judgement {
    let watch = Watch::new(settings.budget, count);
    let happened = happened(subject, count);
    let mut parts = divide(subject, &happened);
    let loops = Loops::of(subject, count, &parts);
    if settings.whole || parts.is_empty() {
        parts = vec![whole(&happened)];
    }
    let at_once = parts.len().min(MOST_THREADS);
    let share = settings.budget.memory / at_once;
    let mut findings = on_threads(settings.threads.min(MOST_THREADS), parts.len(), |number| {
        judge_part(subject, &parts[number], &loops, share, &watch)
    });
    for (part, finding) in parts.iter().zip(&mut findings).filter(|_| at_once > 1) {
        if matches!(finding, Finding::Undecided { exhausted: Exhausted::Memory, .. }) {
            *finding = judge_part(subject, part, &loops, settings.budget.memory, &watch);
        }
    }
    let judged = |(part, finding): (Part, Finding)| Judged {
        key: part.key,
        operations: part.operations.len(),
        finding,
    };
    Judgement { parts: parts.into_iter().zip(findings).map(judged).collect() }
}

fn judge_part(subject: &dyn Subject, part: &Part, loops: &Loops, memory: usize, watch: &Watch) -> Finding {
    let (classes, steps) = subject.classes(&part.operations);
    let items = items(subject, part, &classes, loops);
    let mut steps = Transitions::new(steps);
    let mut meter = Meter::new(memory, watch, u64::MAX);
    let numbers = |order: Vec<u32>| order.into_iter().map(|operation| operation as usize).collect();
    match search(&items, &mut steps, &mut meter) {
        Found::Linearization(order) => Finding::Linearizable { order: numbers(order) },
        Found::Nothing(stuck) => {
            let open: Vec<_> = classes.iter().map(|classes| classes.open).collect();
            let end = last_return_in_its_instant(subject, &items, stuck.operation);
            let because = reasons(&items, &open, (stuck.operation, end), &mut steps, (memory, watch));
            Finding::Violated {
                operation: stuck.operation as usize,
                order: numbers(stuck.order),
                because: numbers(because),
            }
        }
        Found::Exhausted(exhausted, stuck) => {
            Finding::Undecided { exhausted, operation: stuck.operation as usize, order: numbers(stuck.order) }
        }
    }
}

/// The place of the last return in the instant in which `operation` returned.
fn last_return_in_its_instant(subject: &dyn Subject, items: &[Item], operation: u32) -> u32 {
    let instant = |operation: u32| subject.facts(operation as usize).returned;
    let together = items.iter().filter(|item| instant(item.operation) == instant(operation));
    together.filter_map(|item| item.returned).max().unwrap_or(u32::MAX)
}

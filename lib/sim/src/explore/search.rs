//! The search: which states are expanded when, by whom, and when it ends.
//!
//! Breadth-first goes in rounds: all states of one depth are expanded, on all threads, before the first of the next. So a counterexample is a shortest
//! one, and the report is the same on any number of threads: of several states of one depth that violate a property, and of several ways to
//! one of them, those with the least fingerprints are told. Depth-first keeps fewer states that wait, on one thread. Random walks go deep where
//! neither would ever end, on one thread too: which action is the third depends on the numbers that states have, and these on who meets them first.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use netsplit_node::progress::Progress;
use netsplit_node::{Random, interrupt};

use super::report::Ended;
use super::seen::Seen;
use super::space::{Batch, Expanded, Space, Walked};
use super::tally::{Counts, Decided, Tally, merge};

/// How much an exploration may use; what it found until then is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes, for the table of what was seen and the states that wait.
    pub memory: usize,
    /// States.
    pub states: u64,
    /// Actions from an initial state.
    pub depth: u32,
}

impl Budget {
    /// What is used if nothing else is asked for: 2 GB, and no limit of states or depth.
    pub const STANDARD: Budget = Budget { memory: 2 << 30, states: u64::MAX, depth: u32::MAX };

    /// [`STANDARD`](Budget::STANDARD) with this many bytes.
    pub fn memory(bytes: usize) -> Budget {
        Budget { memory: bytes, ..Budget::STANDARD }
    }

    /// [`STANDARD`](Budget::STANDARD) with this many states.
    pub fn states(states: u64) -> Budget {
        Budget { states, ..Budget::STANDARD }
    }

    /// [`STANDARD`](Budget::STANDARD) with this many actions from an initial state.
    pub fn depth(depth: u32) -> Budget {
        Budget { depth, ..Budget::STANDARD }
    }
}

/// In which order states are expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    BreadthFirst,
    DepthFirst,
    Random { seed: u64, walks: u64, steps: u32 },
}

/// How a search goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) order: Order,
    pub(crate) budget: Budget,
    pub(crate) threads: usize,
}

/// What a search gave.
pub(crate) struct Found {
    pub(crate) states: u64,
    pub(crate) counts: Counts,
    pub(crate) depth: u32,
    pub(crate) bytes: usize,
    pub(crate) ended: Ended,
    /// For each property what decides it: the way to the state, and what is wrong there.
    pub(crate) decided: Vec<Option<(Vec<u64>, String)>>,
    /// For each property why it was not looked at.
    pub(crate) refused: Vec<Option<String>>,
    pub(crate) notes: Vec<String>,
}

/// Searches. `ends_it` says of each property whether deciding it ends the search.
pub(crate) fn search(space: &dyn Space, ends_it: &[bool], settings: Settings) -> Found {
    let mut search = Search {
        space,
        settings,
        ends_it,
        seen: Seen::new(),
        counts: Counts::default(),
        depth: 0,
        decided: ends_it.iter().map(|_| None).collect(),
        refused: vec![None; ends_it.len()],
        notes: Vec::new(),
        progress: Progress::begin(),
        most_bytes: 0,
    };
    let ended = match settings.order {
        Order::BreadthFirst => search.breadth_first(),
        Order::DepthFirst => search.depth_first(),
        Order::Random { seed, walks, steps } => search.random(seed, walks, steps),
    };
    let decided = search.decided.iter().map(|decided| {
        let (chain, sentence) = decided.clone()?;
        let whole =
            if matches!(settings.order, Order::Random { .. }) { chain } else { search.seen.chain(chain[0]) };
        Some((whole, sentence))
    });
    Found {
        decided: decided.collect(),
        states: search.seen.len() as u64,
        counts: search.counts,
        depth: search.depth,
        bytes: search.most_bytes.max(search.seen.bytes()),
        ended,
        refused: search.refused,
        notes: search.notes,
    }
}

struct Search<'a> {
    space: &'a dyn Space,
    settings: Settings,
    ends_it: &'a [bool],
    seen: Seen,
    counts: Counts,
    depth: u32,
    /// The state, or the way to it, that decides each property.
    decided: Vec<Option<(Vec<u64>, String)>>,
    refused: Vec<Option<String>>,
    notes: Vec<String>,
    progress: Progress,
    most_bytes: usize,
}

/// What the threads of one round share.
struct Round<'a> {
    space: &'a dyn Space,
    seen: &'a Seen,
    open: &'a [bool],
    depth: u32,
    waiting: Vec<Mutex<Option<Batch>>>,
    next: AtomicUsize,
    weight: AtomicUsize,
    memory: usize,
    states: u64,
    why_stopped: AtomicU8,
}

/// What one thread has of a round.
#[derive(Default)]
struct Part {
    new: Vec<Batch>,
    again: Vec<Batch>,
    counts: Counts,
    decided: Vec<Option<Decided>>,
    refused: Vec<Option<String>>,
    notes: Vec<String>,
}

impl Part {
    /// What a thread counted and found.
    fn of(tally: Tally<'_>) -> Part {
        let Tally { counts, decided, refused, notes, .. } = tally;
        Part { counts, decided, refused, notes, ..Part::default() }
    }
}

const GOES_ON: u8 = 0;
const CROWDED: u8 = 1;
const OVER_MEMORY: u8 = 2;
const OVER_STATES: u8 = 3;
const INTERRUPTED: u8 = 4;

impl Round<'_> {
    /// Takes batches until there are none, or something ends the round.
    fn work(&self, mut tell: impl FnMut(usize)) -> Part {
        let mut tally = Tally::new(self.seen, self.open, self.depth, true);
        let mut part = Part::default();
        while self.why_stopped.load(Ordering::Relaxed) == GOES_ON {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(batch) = self.waiting.get(number) else { break };
            let taken = batch.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some(batch) = taken else { continue };
            let Expanded { new, again, weight } = self.space.expand(batch, &mut tally);
            part.new.extend(new);
            let weight = self.weight.fetch_add(weight, Ordering::Relaxed) + weight;
            let why = if interrupt::is_asked() {
                INTERRUPTED
            } else if self.seen.bytes() + weight > self.memory {
                OVER_MEMORY
            } else if self.seen.len() as u64 > self.states {
                OVER_STATES
            } else if again.is_some() || self.seen.is_crowded() {
                CROWDED
            } else {
                GOES_ON
            };
            part.again.extend(again);
            if why != GOES_ON {
                self.why_stopped.fetch_max(why, Ordering::Relaxed);
            }
            tell(self.waiting.len() - number);
        }
        Part { new: part.new, again: part.again, ..Part::of(tally) }
    }
}

impl Search<'_> {
    fn breadth_first(&mut self) -> Ended {
        let mut open: Vec<bool> = self.ends_it.iter().map(|_| true).collect();
        let mut tally = Tally::new(&self.seen, &open, 0, true);
        let mut frontier = self.space.begin(&mut tally);
        let begun = Part::of(tally);
        self.take(&begun);
        let mut weight = 0;
        loop {
            open.iter_mut().zip(&self.decided).for_each(|(open, decided)| *open = decided.is_none());
            if self.is_decided() {
                return Ended::Violated;
            }
            if frontier.is_empty() {
                return Ended::Complete;
            }
            if self.depth >= self.settings.budget.depth {
                return Ended::OverDepth;
            }
            let (next, next_weight, why) = self.level(frontier, weight, &open);
            match why {
                OVER_MEMORY => return Ended::OverMemory,
                OVER_STATES => return Ended::OverStates,
                INTERRUPTED => return Ended::Interrupted,
                _ => {}
            }
            self.depth += u32::from(!next.is_empty());
            (frontier, weight) = (next, next_weight);
        }
    }

    /// Expands all states of one depth. `weight` is what they take; returns the next ones, what those take, and why it stopped early, if it did.
    fn level(&mut self, mut waiting: Vec<Batch>, weight: usize, open: &[bool]) -> (Vec<Batch>, usize, u8) {
        let (mut next, mut next_weight) = (Vec::new(), 0);
        loop {
            let budget = self.settings.budget;
            let round = Round {
                space: self.space,
                seen: &self.seen,
                open,
                depth: self.depth + 1,
                waiting: waiting.into_iter().map(|batch| Mutex::new(Some(batch))).collect(),
                next: AtomicUsize::new(0),
                weight: AtomicUsize::new(weight + next_weight),
                memory: budget.memory,
                states: budget.states,
                why_stopped: AtomicU8::new(GOES_ON),
            };
            let parts = run(&round, self.settings.threads, &mut self.progress);
            let why = round.why_stopped.load(Ordering::Relaxed);
            next_weight = round.weight.load(Ordering::Relaxed) - weight;
            let left = round.waiting.into_iter();
            waiting =
                left.filter_map(|batch| batch.into_inner().unwrap_or_else(PoisonError::into_inner)).collect();
            for mut part in parts {
                self.take(&part);
                next.append(&mut part.new);
                waiting.append(&mut part.again);
            }
            self.most_bytes = self.most_bytes.max(self.seen.bytes() + weight + next_weight);
            if why > CROWDED || waiting.is_empty() && !self.seen.is_crowded() {
                return (next, next_weight, why);
            }
            if self.seen.bytes_when_grown() + weight + next_weight > budget.memory {
                return (next, next_weight, OVER_MEMORY);
            }
            self.most_bytes = self.most_bytes.max(self.seen.bytes_when_grown() + weight + next_weight);
            self.seen.grow();
            if waiting.is_empty() {
                return (next, next_weight, GOES_ON);
            }
        }
    }

    fn depth_first(&mut self) -> Ended {
        let open: Vec<bool> = self.ends_it.iter().map(|_| true).collect();
        let mut tally = Tally::new(&self.seen, &open, 0, false);
        let mut stack: Vec<(u32, Batch, usize)> = Vec::new();
        stack.extend(self.space.begin(&mut tally).into_iter().map(|batch| (0, batch, 0)));
        let mut part = Part::of(tally);
        let (mut weight, mut expanded, mut was_deep) = (0, 0_u64, false);
        loop {
            self.take(&part);
            if self.is_decided() {
                return Ended::Violated;
            }
            let Some((depth, mut batch, bytes)) = stack.pop() else {
                return if was_deep { Ended::OverDepth } else { Ended::Complete };
            };
            let one = match self.space.split_last(&mut batch) {
                Some(one) => {
                    stack.push((depth, batch, bytes));
                    one
                }
                None => {
                    weight -= bytes;
                    batch
                }
            };
            self.depth = self.depth.max(depth);
            part = Part::default();
            if depth >= self.settings.budget.depth {
                was_deep = true;
                continue;
            }
            let open: Vec<bool> = self.decided.iter().map(Option::is_none).collect();
            let mut tally = Tally::new(&self.seen, &open, depth + 1, false);
            let Expanded { new, again, weight: gained } = self.space.expand(one, &mut tally);
            part = Part::of(tally);
            weight += gained;
            expanded += 1;
            stack.extend(again.map(|batch| (depth, batch, 0)));
            let share = gained / new.len().max(1);
            // What cannot be divided evenly is counted until the end.
            stack.extend(new.into_iter().map(|batch| (depth + 1, batch, share)));
            if let Some(ended) = self.is_over_budget(weight) {
                self.take(&part);
                return ended;
            }
            if expanded.is_multiple_of(256) {
                self.tell(stack.len(), weight);
            }
        }
    }

    /// Looks at the limits, and lets the table grow.
    fn is_over_budget(&mut self, weight: usize) -> Option<Ended> {
        let budget = self.settings.budget;
        self.most_bytes = self.most_bytes.max(self.seen.bytes() + weight);
        if interrupt::is_asked() {
            return Some(Ended::Interrupted);
        }
        if self.seen.len() as u64 > budget.states {
            return Some(Ended::OverStates);
        }
        let needed = if self.seen.is_crowded() { self.seen.bytes_when_grown() } else { self.seen.bytes() };
        if needed + weight > budget.memory {
            return Some(Ended::OverMemory);
        }
        if self.seen.is_crowded() {
            self.most_bytes = self.most_bytes.max(needed + weight);
            self.seen.grow();
        }
        None
    }

    fn random(&mut self, seed: u64, walks: u64, steps: u32) -> Ended {
        let mut done = 0;
        while done < walks {
            // A round is as many walks as surely find room in the table.
            let count = (walks - done).min(64);
            while (self.seen.len() + count as usize * (steps as usize + 1)) * 4 > self.seen.bytes() / 16 * 3 {
                if self.seen.bytes_when_grown() > self.settings.budget.memory {
                    return Ended::OverMemory;
                }
                self.seen.grow();
            }
            let open: Vec<bool> = self.decided.iter().map(Option::is_none).collect();
            let (counts, violated, shown) = walk(self.space, &self.seen, &open, (seed, done, count, steps));
            self.add(counts);
            for (number, chain) in shown {
                self.decided[number].get_or_insert((chain, String::new()));
            }
            if let Some(walked) = violated {
                if let Some((property, sentence)) = walked.violated {
                    self.depth = self.depth.max(walked.chain.len() as u32 - 1);
                    self.decided[property] = Some((walked.chain, sentence));
                }
                return Ended::Violated;
            }
            self.depth = steps;
            done += count;
            if interrupt::is_asked() {
                return Ended::Interrupted;
            }
            let (seen, walks) = (self.seen.len(), done);
            self.progress.tell(|| format!("exploring: {walks} random walks, {seen} states"));
        }
        Ended::WalksDone
    }

    fn take(&mut self, part: &Part) {
        self.add(part.counts);
        for (known, why) in self.refused.iter_mut().zip(&part.refused) {
            // Of several reasons the least is told, on any number of threads.
            if known.is_none() || why.is_some() && why < known {
                known.clone_from(why);
            }
        }
        for note in &part.notes {
            if !self.notes.contains(note) && self.notes.len() < MOST_NOTES {
                self.notes.push(note.clone());
            }
        }
        for (known, decided) in self.decided.iter_mut().zip(&part.decided) {
            let Some(decided) = decided else { continue };
            let mut kept = known.take().map(|(chain, sentence)| Decided { print: chain[0], sentence });
            merge(&mut kept, decided.clone());
            *known = kept.map(|kept| (vec![kept.print], kept.sentence));
        }
    }

    fn add(&mut self, counts: Counts) {
        self.counts.transitions += counts.transitions;
        self.counts.dead_ends += counts.dead_ends;
    }

    fn is_decided(&self) -> bool {
        self.decided.iter().zip(self.ends_it).any(|(decided, ends_it)| *ends_it && decided.is_some())
    }

    fn tell(&mut self, waiting: usize, weight: usize) {
        let (seen, depth, bytes) = (self.seen.len(), self.depth, self.seen.bytes() + weight);
        self.progress.tell(|| told(seen, depth, waiting, bytes));
    }
}

/// "exploring: 1,200,000 states, depth 12, 3,400 wait, 96 MB".
fn told(states: usize, depth: u32, waiting: usize, bytes: usize) -> String {
    let (states, waiting) = (super::report::grouped(states as u64), super::report::grouped(waiting as u64));
    format!("exploring: {states} states, depth {depth}, {waiting} wait, {} MB", bytes >> 20)
}

/// A reader who is told so many times that a model is wrong knows it.
const MOST_NOTES: usize = 5;

/// What a cell's own thread has.
const STACK: usize = 8 << 20;

/// Runs a round on so many threads, this one included, which have ended when it returns.
fn run(round: &Round<'_>, threads: usize, progress: &mut Progress) -> Vec<Part> {
    let tell = |left: usize| {
        progress.tell(|| {
            let bytes = round.seen.bytes() + round.weight.load(Ordering::Relaxed);
            told(round.seen.len(), round.depth, left * 256, bytes)
        });
    };
    on_threads(threads.min(round.waiting.len()), &|| round.work(|_| {}), || round.work(tell))
}

/// The results of `work` on so many threads, and of `here` on this one. A panic on any is a panic here.
fn on_threads<T: Send>(threads: usize, work: &(dyn Fn() -> T + Sync), here: impl FnOnce() -> T) -> Vec<T> {
    if threads < 2 {
        return vec![here()];
    }
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .map_while(|_| {
                let caught = move || catch_unwind(AssertUnwindSafe(work));
                thread::Builder::new().stack_size(STACK).spawn_scoped(scope, caught).ok()
            })
            .collect();
        let mut results = vec![here()];
        for other in others {
            match other.join() {
                Ok(Ok(result)) => results.push(result),
                Ok(Err(panic)) | Err(panic) => resume_unwind(panic),
            }
        }
        results
    })
}

/// What was counted, the first walk that has violated something, and what was shown, with the way to it.
type Walks = (Counts, Option<Walked>, Vec<(usize, Vec<u64>)>);

/// Goes `count` ways at random from number `first` on; each has random numbers of its own.
fn walk(
    space: &dyn Space,
    seen: &Seen,
    open: &[bool],
    (seed, first, count, steps): (u64, u64, u64, u32),
) -> Walks {
    let mut tally = Tally::new(seen, open, 0, false);
    let mut violated = None;
    for number in first..first + count {
        if violated.is_some() || interrupt::is_asked() {
            break;
        }
        violated = Some(space.walk(&mut Random::stream(seed, &[number]), steps, &mut tally))
            .filter(|walked| walked.violated.is_some());
    }
    let shown = tally.shown.into_iter().enumerate().filter_map(|(number, chain)| Some((number, chain?)));
    (tally.counts, violated, shown.collect())
}

//! The search for a linearization: one order of all operations that the specification allows and real time does not forbid.
//!
//! It is the algorithm of Wing and Gong ("Testing and verifying concurrent objects", 1993) with the memory of Lowe ("Testing for
//! linearizability", 2017, section 4): operations are placed one after the other; next may come any that was called before the first
//! return of one that is not placed yet (so operations are placed just in time, Lowe's section 6, and no earlier return is
//! ever left behind); who gets stuck goes back; and a configuration, which is the set of placed operations and the state they lead to,
//! is never searched twice. Calls and returns stand in a doubly linked list, from which a placed operation is taken and into
//! which it is put back (Lowe, section 3.1).
//!
//! Five observations keep the search small, and each is an exchange in a linearization that exists:
//! - **Reads at once.** An operation that leaves every state as it is and fits the present one is placed now, without an
//!   alternative: taken from its later place in any linearization and put here, it changes nothing for the others.
//! - **Twins in order.** Of two operations with the same request and response, of which one was both called and answered
//!   before the other, that one is placed first: in any linearization the two may change places.
//! - **Open operations only if they change something.** An operation of unknown outcome need not be placed at all, so it is placed
//!   only where it changes the state; of several with one request, the first that may come, since all of them stay open to the end.
//! - **No open operation whose effect nobody sees.** After an open operation comes none that leads to the same state without it: where
//!   clients write values of their own, the many writes that timed out would otherwise be tried in every combination.
//! - **Fewer open operations are better.** A configuration is also known if one with the same state, the same answered operations and
//!   *fewer* open ones is: whatever can follow the one can follow the other.
//!
//! The last two are what makes logs with many time-outs easy: each time-out would otherwise double the search.

use std::collections::BTreeMap;

use super::budget::{Exhausted, Meter};
use super::memory::{Configuration, Memory};
use super::transitions::Transitions;

/// An operation as the search sees it. Calls and returns are numbered in one order.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Its number outside of the search.
    pub(crate) operation: u32,
    /// Equal for operations with equal requests and responses.
    pub(crate) class: u32,
    /// It leaves every state as it is.
    pub(crate) reads: bool,
    /// The place of its call.
    pub(crate) call: u32,
    /// The place of its return; nothing if it stays open to the end, so that it may be placed anywhere after its call, or not at all.
    pub(crate) returned: Option<u32>,
    /// Operations that must be placed before it, besides those that returned before its call.
    pub(crate) after: Vec<u32>,
}

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// An order of all operations that are not open, and of those open ones that it needs.
    Linearization(Vec<u32>),
    /// There is none. The operation is the first to return that no order has room for; the order is one that ends before it.
    Nothing(Stuck),
    /// The search was given up; this is how far it came.
    Exhausted(Exhausted, Stuck),
}

/// The longest prefix of the history for which an order was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stuck {
    /// The operation that returned next.
    pub(crate) operation: u32,
    /// The order, of operations that returned before it and of some that did not.
    pub(crate) order: Vec<u32>,
}

/// Searches. `items` come in the order of their calls.
pub(crate) fn search(items: &[Item], steps: &mut Transitions<'_>, meter: &mut Meter<'_>) -> Found {
    let (open, answered): (Vec<&Item>, Vec<&Item>) = items.iter().partition(|item| item.returned.is_none());
    Search::new(&answered, &open, steps, meter).run()
}

const NONE: u32 = u32::MAX;

/// Open operations with one request: interchangeable, but for when they may come.
struct OpenClass {
    class: u32,
    /// Their numbers, in the order of their calls.
    members: std::ops::Range<usize>,
}

/// An open operation.
struct Open {
    operation: u32,
    call: u32,
    /// Its number among the classes of open operations.
    class: usize,
    /// The answered operations that must be placed before it.
    must_follow: Vec<u32>,
}

/// What was placed, and can be taken back.
#[derive(Clone, Copy)]
enum Placed {
    Answered(u32),
    Open(u32),
}

/// A choice that was made, with what was placed at once because of it.
struct Choice {
    /// The state before it.
    state: u32,
    /// So many operations were placed before it.
    placed: usize,
}

/// Where the search for the next operation goes on.
#[derive(Clone, Copy)]
enum From {
    Beginning,
    /// After this answered operation's call.
    Call(u32),
    Open(usize),
}

struct Search<'a, 's, 'w> {
    steps: &'a mut Transitions<'s>,
    meter: &'a mut Meter<'w>,
    memory: Memory,

    // The answered operations, by number in the order of their calls.
    operations: Vec<u32>,
    classes: Vec<u32>,
    reads: Vec<bool>,
    returns: Vec<u32>,
    called_before_return: Vec<u32>,
    must_follow: Vec<Vec<u32>>,
    open: Vec<Open>,
    open_classes: Vec<OpenClass>,

    // Entries of the list: call `2 * n`, return `2 * n + 1`, and one that stands before all.
    next: Vec<u32>,
    previous: Vec<u32>,

    // The configuration.
    state: u32,
    remaining: usize,
    bits: Vec<u64>,
    open_bits: Vec<u64>,
    hash: u64,

    placed: Vec<Placed>,
    choices: Vec<Choice>,
    furthest: u32,
    stuck: Stuck,
}

impl<'a, 's, 'w> Search<'a, 's, 'w> {
    fn new(
        answered: &[&Item],
        open: &[&Item],
        steps: &'a mut Transitions<'s>,
        meter: &'a mut Meter<'w>,
    ) -> Search<'a, 's, 'w> {
        let count = answered.len();
        let (next, previous) = linked_list(answered);
        let returns: Vec<u32> = answered.iter().filter_map(|item| item.returned).collect();
        let numbers = numbers(answered);
        let (open, open_classes) = open_operations(open, &numbers);
        let called_before =
            |place: u32| answered.partition_point(|item| item.call < place).try_into().unwrap_or(NONE);
        Search {
            steps,
            meter,
            memory: Memory::new(),
            operations: answered.iter().map(|item| item.operation).collect(),
            classes: answered.iter().map(|item| item.class).collect(),
            reads: answered.iter().map(|item| item.reads).collect(),
            called_before_return: returns.iter().map(|&place| called_before(place)).collect(),
            must_follow: must_follow(answered, &numbers),
            returns,
            open_bits: vec![0; open.len().div_ceil(64)],
            open,
            open_classes,
            next,
            previous,
            state: 0,
            remaining: count,
            bits: vec![0; count.div_ceil(64)],
            hash: 0,
            placed: Vec::new(),
            choices: Vec::new(),
            furthest: 0,
            stuck: Stuck { operation: NONE, order: Vec::new() },
        }
    }

    fn run(mut self) -> Found {
        match self.explore() {
            Ok(true) => Found::Linearization(self.order()),
            Ok(false) => Found::Nothing(self.stuck),
            Err(exhausted) => Found::Exhausted(exhausted, self.stuck),
        }
    }

    /// Whether there is a linearization; it is then what is placed.
    fn explore(&mut self) -> Result<bool, Exhausted> {
        self.place_reads();
        self.note_progress();
        let mut from = From::Beginning;
        while self.remaining > 0 {
            self.meter.step()?;
            let Some((chosen, state)) = self.next_candidate(from) else {
                let Some(again) = self.take_back() else { return Ok(false) };
                from = again;
                continue;
            };
            self.choices.push(Choice { state: self.state, placed: self.placed.len() });
            self.place(chosen);
            self.state = state;
            self.place_reads();
            if self.remaining == 0 {
                break;
            }
            self.note_progress();
            if self.is_known()? {
                from = self.take_back().expect("a choice was just made");
            } else {
                from = From::Beginning;
            }
        }
        Ok(true)
    }

    /// The next operation that may be placed, and the state after it.
    fn next_candidate(&mut self, from: From) -> Option<(Placed, u32)> {
        let mut entry = match from {
            From::Beginning => self.next[self.head()],
            From::Call(number) => self.next[2 * number as usize],
            From::Open(_) => 1,
        };
        while entry.is_multiple_of(2) {
            let number = entry / 2;
            // A read that fits has been placed; one that does not fit now cannot be placed now.
            if !self.reads[number as usize]
                && self.may_come_now(number)
                && let Some(state) = self.step_in_sight(self.classes[number as usize])
            {
                return Some((Placed::Answered(number), state));
            }
            entry = self.next[entry as usize];
        }
        let until = self.returns[self.first_return() as usize];
        let begin = if let From::Open(class) = from { class + 1 } else { 0 };
        for class in begin..self.open_classes.len() {
            let OpenClass { class, ref members } = self.open_classes[class];
            let called = members.clone().take_while(|&number| self.open[number].call < until);
            let mut left = called.filter(|&number| !contains(&self.open_bits, number));
            if let Some(number) = left.find(|&number| self.have_come(&self.open[number].must_follow)) {
                let after = self.step_in_sight(class);
                if let Some(state) = after.filter(|&state| state != self.state) {
                    return Some((Placed::Open(number as u32), state));
                }
            }
        }
        None
    }

    /// Places every read that fits the state, also those that are called only then.
    fn place_reads(&mut self) {
        let mut entry = self.next[self.head()];
        while self.remaining > 0 && entry.is_multiple_of(2) {
            let number = entry / 2;
            let read = self.reads[number as usize] && self.may_come_now(number);
            if let Some(state) = read.then(|| self.step(self.classes[number as usize])).flatten() {
                assert_eq!(
                    state, self.state,
                    "the specification says that an operation only reads, but it changed the state"
                );
                self.place(Placed::Answered(number));
                // What came before may have waited for this one.
                entry = self.next[self.head()];
            } else {
                entry = self.next[entry as usize];
            }
        }
    }

    fn may_come_now(&self, number: u32) -> bool {
        self.have_come(&self.must_follow[number as usize])
    }

    /// Whether these answered operations are placed.
    fn have_come(&self, numbers: &[u32]) -> bool {
        numbers.iter().all(|&number| contains(&self.bits, number as usize))
    }

    /// The state after an operation of this class, unless it would be the same without the open operation that was placed just before.
    fn step_in_sight(&mut self, class: u32) -> Option<u32> {
        self.meter.tried();
        let state = self.step(class)?;
        if let (Some(Placed::Open(_)), Some(choice)) = (self.placed.last(), self.choices.last())
            && self.steps.step(choice.state, class) == Some(state)
        {
            return None;
        }
        Some(state)
    }

    fn step(&mut self, class: u32) -> Option<u32> {
        self.steps.step(self.state, class)
    }

    fn place(&mut self, chosen: Placed) {
        match chosen {
            Placed::Answered(number) => {
                let (call, returned) = (2 * number, 2 * number + 1);
                self.unlink(call);
                self.unlink(returned);
                self.bits[number as usize / 64] |= 1 << (number % 64);
                self.hash ^= key_of(number);
                self.remaining -= 1;
            }
            Placed::Open(number) => self.open_bits[number as usize / 64] |= 1 << (number % 64),
        }
        self.placed.push(chosen);
    }

    /// Undoes the last choice; where to look for another.
    fn take_back(&mut self) -> Option<From> {
        let choice = self.choices.pop()?;
        self.state = choice.state;
        let mut again = From::Beginning;
        while self.placed.len() > choice.placed {
            again = match self.placed.pop().expect("it is longer than that") {
                Placed::Answered(number) => {
                    self.link(2 * number + 1);
                    self.link(2 * number);
                    self.bits[number as usize / 64] &= !(1 << (number % 64));
                    self.hash ^= key_of(number);
                    self.remaining += 1;
                    From::Call(number)
                }
                Placed::Open(number) => {
                    self.open_bits[number as usize / 64] &= !(1 << (number % 64));
                    From::Open(self.open[number as usize].class)
                }
            };
        }
        Some(again)
    }

    /// Whether the configuration was seen before; from now on it was.
    fn is_known(&mut self) -> Result<bool, Exhausted> {
        // All below the first word are placed, none beyond the last one is: only the words between tell sets apart.
        let first = self.next[self.head()] as usize / 2 / 64;
        let last = (self.called_before_return[self.first_return() as usize] as usize - 1) / 64;
        let configuration = Configuration {
            hash: self.hash,
            state: self.state,
            first: first as u32,
            answered: &self.bits[first..=last],
            open: &self.open_bits,
        };
        let limit = self.meter.memory().saturating_sub(self.steps.bytes());
        self.memory.insert(configuration, limit)
    }

    /// The answered operation that returns first of those that are not placed.
    fn first_return(&self) -> u32 {
        let mut entry = self.next[self.head()];
        while entry.is_multiple_of(2) {
            entry = self.next[entry as usize];
        }
        entry / 2
    }

    fn note_progress(&mut self) {
        if self.remaining == 0 {
            return;
        }
        let first = self.first_return();
        let place = self.returns[first as usize];
        if place > self.furthest || self.stuck.operation == NONE {
            self.furthest = place;
            self.stuck = Stuck { operation: self.operations[first as usize], order: self.order() };
        }
    }

    /// What is placed, in its order.
    fn order(&self) -> Vec<u32> {
        let operation = |placed: &Placed| match *placed {
            Placed::Answered(number) => self.operations[number as usize],
            Placed::Open(number) => self.open[number as usize].operation,
        };
        self.placed.iter().map(operation).collect()
    }

    fn head(&self) -> usize {
        self.next.len() - 1
    }

    fn unlink(&mut self, entry: u32) {
        let (before, after) = (self.previous[entry as usize], self.next[entry as usize]);
        self.next[before as usize] = after;
        self.previous[after as usize] = before;
    }

    /// Puts back what was taken out last: its neighbours are those that it had.
    fn link(&mut self, entry: u32) {
        let (before, after) = (self.previous[entry as usize], self.next[entry as usize]);
        self.next[before as usize] = entry;
        self.previous[after as usize] = entry;
    }
}

/// The list of calls and returns in their order; the last entry stands before the first and after the last.
fn linked_list(answered: &[&Item]) -> (Vec<u32>, Vec<u32>) {
    let mut entries: Vec<(u32, u32)> = Vec::with_capacity(2 * answered.len());
    for (number, item) in (0..).zip(answered) {
        entries.extend([(item.call, 2 * number), (item.returned.unwrap_or(NONE), 2 * number + 1)]);
    }
    entries.sort_unstable();
    let head = entries.len();
    let (mut next, mut previous) = (vec![0; head + 1], vec![0; head + 1]);
    let mut before = head;
    for &(_, entry) in &entries {
        next[before] = entry;
        previous[entry as usize] = before as u32;
        before = entry as usize;
    }
    next[before] = head as u32;
    previous[head] = before as u32;
    (next, previous)
}

/// For each operation, those that must be placed before it: those it names, and its earlier twin.
///
/// Who is named, or names another, has no twin: changing places could put it on the wrong side of that other.
fn must_follow(answered: &[&Item], numbers: &BTreeMap<u32, u32>) -> Vec<Vec<u32>> {
    let mut follows: Vec<Vec<u32>> = answered.iter().map(|item| named(item, numbers)).collect();
    let mut is_named = vec![false; answered.len()];
    follows.iter().flatten().for_each(|&number| is_named[number as usize] = true);
    let mut of_class: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (number, item) in answered.iter().enumerate().filter(|(_, item)| !item.reads) {
        let earlier = of_class.entry(item.class).or_default();
        if !is_named[number] {
            let is_twin = |&&before: &&u32| answered[before as usize].returned < item.returned;
            follows[number].extend(earlier.iter().rev().find(is_twin));
        }
        if named(item, numbers).is_empty() {
            earlier.push(number as u32);
        }
    }
    follows
}

/// The numbers of the answered operations that must be placed before this one.
fn named(item: &Item, numbers: &BTreeMap<u32, u32>) -> Vec<u32> {
    item.after.iter().filter_map(|operation| numbers.get(operation).copied()).collect()
}

/// Answered operations' numbers in the search.
fn numbers(answered: &[&Item]) -> BTreeMap<u32, u32> {
    answered.iter().map(|item| item.operation).zip(0..).collect()
}

/// Open operations, sorted by their classes; one that only reads is never worth placing.
fn open_operations(open: &[&Item], numbers: &BTreeMap<u32, u32>) -> (Vec<Open>, Vec<OpenClass>) {
    let mut sorted: Vec<&Item> = open.iter().copied().filter(|item| !item.reads).collect();
    sorted.sort_by_key(|item| (item.class, item.call));
    let (mut all, mut classes) = (Vec::new(), Vec::<OpenClass>::new());
    for item in sorted {
        let number = all.len();
        match classes.last_mut().filter(|last| last.class == item.class) {
            Some(last) => last.members.end = number + 1,
            None => classes.push(OpenClass { class: item.class, members: number..number + 1 }),
        }
        all.push(Open {
            operation: item.operation,
            call: item.call,
            class: classes.len() - 1,
            must_follow: named(item, numbers),
        });
    }
    (all, classes)
}

fn contains(bits: &[u64], number: usize) -> bool {
    bits[number / 64] >> (number % 64) & 1 == 1
}

/// A random-looking number for each operation; a set's hash is their exclusive or (Zobrist 1970), so placing one costs one.
fn key_of(number: u32) -> u64 {
    let mut bits = (u64::from(number) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

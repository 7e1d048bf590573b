//! A state of a whole cluster, as numbers: who is in which state, what is under way, what clients were told.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::fingerprint::scatter;

/// A state of explored [`Nodes`](super::Nodes), which say what is in it: numbers stand for the nodes' states and for what is under way.
#[derive(Clone, PartialEq, Eq)]
pub struct World {
    /// The nodes' states; the memories of invariants; what was used of each limit; the history; then what is under way, to the end.
    pub(crate) words: Box<[u32]>,
    /// The sum of what stands for each part: a change of one part changes it without looking at the others.
    pub(crate) print: u64,
}

/// By its fingerprint, which is made of contents: numbers are given in the order in which threads meet things.
impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.print);
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "world {:016x}", self.print)
    }
}

/// Where in the words what stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) nodes: usize,
    pub(crate) invariants: usize,
    pub(crate) clients: usize,
    pub(crate) operations: usize,
}

/// How much of a limit was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    Crashes = 0,
    Stops = 1,
    Losses = 2,
    Doubles = 3,
    Timers = 4,
}

/// A limit takes a byte, two words have room for eight.
const LIMIT_WORDS: usize = 2;
/// The most that a limit can be.
pub(crate) const MOST: u32 = 255;

impl Layout {
    pub(crate) fn memory(&self, invariant: usize) -> usize {
        self.nodes + invariant
    }

    fn limits(&self) -> usize {
        self.nodes + self.invariants
    }

    /// What the operation came to: 0 while it has no answer, then the answer's number plus one.
    pub(crate) fn outcome(&self, operation: usize) -> usize {
        self.limits() + LIMIT_WORDS + operation * self.words_of_operation()
    }

    /// One word, and a byte for each client: how many of its operations had ended when this one began.
    fn words_of_operation(&self) -> usize {
        1 + self.clients.div_ceil(4)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.outcome(self.operations)
    }

    pub(crate) fn used(&self, words: &[u32], limit: Limit) -> u32 {
        let byte = limit as usize;
        words[self.limits() + byte / 4] >> (byte % 4 * 8) & 0xFF
    }

    /// How many operations of `client` had ended when `operation` began.
    pub(crate) fn ended_before(&self, words: &[u32], operation: usize, client: usize) -> u32 {
        words[self.outcome(operation) + 1 + client / 4] >> (client % 4 * 8) & 0xFF
    }
}

/// A world that is being changed.
#[derive(Clone)]
pub(crate) struct Change {
    pub(crate) layout: Layout,
    pub(crate) words: Vec<u32>,
    pub(crate) print: u64,
}

impl Change {
    /// All words 0, nothing under way.
    pub(crate) fn blank(layout: Layout) -> Change {
        Change { layout, words: vec![0; layout.in_flight()], print: 0 }
    }

    pub(crate) fn of(layout: Layout, world: &World) -> Change {
        let mut words = Vec::with_capacity(world.words.len() + 8);
        words.extend_from_slice(&world.words);
        Change { layout, words, print: world.print }
    }

    pub(crate) fn done(self) -> World {
        World { words: self.words.into_boxed_slice(), print: self.print }
    }

    /// Puts a number into a word. `old` and `new` are the fingerprints of what the numbers stand for; 0 for nothing.
    pub(crate) fn set(&mut self, at: usize, number: u32, old: u64, new: u64) {
        self.words[at] = number;
        self.print = self.print.wrapping_sub(part(at, old)).wrapping_add(part(at, new));
    }

    /// One more of a limit was used.
    pub(crate) fn spend(&mut self, limit: Limit) {
        let byte = limit as usize;
        self.add(self.layout.limits() + byte / 4, 1 << (byte % 4 * 8));
    }

    /// The operation begins: how many of each client's have ended?
    pub(crate) fn begins(&mut self, operation: usize, client: usize, ended: u32) {
        self.add(self.layout.outcome(operation) + 1 + client / 4, ended << (client % 4 * 8));
    }

    /// Adds to a word that stands for itself.
    fn add(&mut self, at: usize, more: u32) {
        let old = self.words[at];
        self.set(at, old + more, old.into(), (old + more).into());
    }
}

/// What a word adds to the fingerprint. An empty one adds nothing.
#[inline]
fn part(at: usize, content: u64) -> u64 {
    if content == 0 {
        0
    } else {
        scatter(content.wrapping_add((at as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }
}

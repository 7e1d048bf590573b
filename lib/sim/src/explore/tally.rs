//! What one thread counts and finds while it explores.

use super::seen::{Entry, Seen};

/// What decides a property: a state, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decided {
    pub(crate) print: u64,
    pub(crate) sentence: String,
}

/// The counts of one thread, and what it found, for one round.
pub(crate) struct Tally<'a> {
    seen: &'a Seen,
    /// Which properties nothing before this round has decided.
    open: &'a [bool],
    /// The depth of what is reached now.
    pub(crate) depth: u32,
    is_shortest: bool,
    pub(crate) counts: Counts,
    /// What decides each property: of several states, the one with the least fingerprint, whichever thread found it.
    pub(crate) decided: Vec<Option<Decided>>,
    /// Why a property is not looked at.
    pub(crate) refused: Vec<Option<String>>,
    /// What a reader must know.
    pub(crate) notes: Vec<String>,
    sampled: u32,
    checked: u64,
    /// The way of a walk to where a property came true.
    pub(crate) shown: Vec<Option<Vec<u64>>>,
}

/// Numbers that are added up over threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) transitions: u64,
    pub(crate) dead_ends: u64,
}

impl<'a> Tally<'a> {
    /// A tally of a round in which what is reached has this depth; `is_shortest` where no later round can reach it in fewer steps.
    pub(crate) fn new(seen: &'a Seen, open: &'a [bool], depth: u32, is_shortest: bool) -> Tally<'a> {
        let none = || open.iter().map(|_| None);
        Tally {
            seen,
            open,
            depth,
            is_shortest,
            counts: Counts::default(),
            decided: none().collect(),
            refused: open.iter().map(|_| None).collect(),
            notes: Vec::new(),
            sampled: 0,
            checked: 0,
            shown: open.iter().map(|_| None).collect(),
        }
    }

    /// A state was reached from another.
    pub(crate) fn reached(&mut self, print: u64, parent: u64) -> Entry {
        self.seen.insert(print, parent, self.depth, self.is_shortest)
    }

    /// These will be asked for next.
    pub(crate) fn warm(&self, prints: &[u64]) {
        self.seen.warm(prints);
    }

    /// All that can follow a state was reached, by so many actions.
    pub(crate) fn expanded(&mut self, moves: usize) {
        self.counts.transitions += moves as u64;
        self.counts.dead_ends += u64::from(moves == 0);
    }

    /// A walk went on by one action.
    pub(crate) fn moved(&mut self) {
        self.counts.transitions += 1;
    }

    /// Whether a state may have been expanded already: it was met in an earlier round, or, where there are none, at all.
    pub(crate) fn was_met_before(&self, print: u64) -> bool {
        self.seen.depth(print).is_some_and(|depth| !self.is_shortest || depth < u64::from(self.depth))
    }

    /// Whether one more of so many samples is left.
    pub(crate) fn samples(&mut self, most: u32) -> bool {
        self.sampled += 1;
        self.sampled <= most
    }

    /// Whether the next step is one to be looked at closely: the first ones, and one of many later.
    pub(crate) fn wants_check(&mut self) -> bool {
        self.checked += 1;
        self.checked <= 16 || self.checked.is_multiple_of(4096)
    }

    /// A property cannot be asked for in this exploration. Of several reasons the least is kept, on any number of threads.
    pub(crate) fn refuse(&mut self, property: usize, why: impl FnOnce() -> String) {
        let why = why();
        let known = &mut self.refused[property];
        if known.as_ref().is_none_or(|known| why < *known) {
            *known = Some(why);
        }
    }

    /// No property can.
    pub(crate) fn refuse_all(&mut self, why: impl FnOnce() -> String) {
        let why = why();
        (0..self.refused.len()).for_each(|property| self.refuse(property, || why.clone()));
    }

    /// Whether the property is worth asking for.
    pub(crate) fn is_open(&self, property: usize) -> bool {
        self.open[property]
    }

    /// This state decides the property.
    pub(crate) fn decided(&mut self, property: usize, print: u64, sentence: String) {
        merge(&mut self.decided[property], Decided { print, sentence });
    }

    /// A walk has come to where a property is true.
    pub(crate) fn shown(&mut self, property: usize, chain: &[u64]) {
        self.shown[property].get_or_insert_with(|| chain.to_vec());
    }
}

/// Keeps the one with the lesser fingerprint.
pub(crate) fn merge(kept: &mut Option<Decided>, other: Decided) {
    if kept.as_ref().is_none_or(|kept| other.print < kept.print) {
        *kept = Some(other);
    }
}

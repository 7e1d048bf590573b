//! Views: the order in which a session sees the writes, and which of them each of its reads must have seen.
//!
//! Every model here that is about reads and writes says two things: in which orders a session may see the writes, and which
//! writes are among those that a read has seen. A read is right if what it found is the last of these in that order (Viotti
//! and Vukolić 2016, section 2.2, with a visibility and an arbitration; one order for each session is the view of Steinke
//! and Nutt, "A unified theory of shared memory consistency", JACM 51(5), 2004, section 2). So a read of `x = 1` puts each
//! other write of `x` that it must have seen before `x = 1`, and there is an order exactly if all that is so put makes no
//! circle. A read that found nothing must have seen no write of its key.

use std::collections::BTreeMap;

use super::observed::{Action, Observed, Session};
use super::order::Order;

/// Writes that whatever comes after an operation in its session must have seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Revealed {
    /// The operation.
    pub(super) by: usize,
    /// What it adds to what is known already.
    pub(super) writes: Vec<usize>,
}

/// A read that no order explains.
#[derive(Clone, Debug)]
pub(super) struct Broken {
    pub(super) read: usize,
    /// The write that the read must have seen, and that is not older than what it found.
    pub(super) missed: usize,
    /// The operation of the session because of which it must have seen it.
    pub(super) through: usize,
    /// Why what it found is older than what it missed: from the one to the other, each before the next, with the reads that say so.
    /// Empty if it found nothing.
    pub(super) older: Vec<usize>,
}

/// An order that grows by what reads say.
pub(super) struct Views<'o> {
    observed: &'o Observed,
    order: &'o mut Order,
    /// Whose read put what before what.
    said: Vec<(u32, usize, usize)>,
}

/// Writes of one key that must have been seen by now.
#[derive(Default)]
struct Past {
    writes: Vec<usize>,
    revealed_by: Vec<usize>,
    places: BTreeMap<usize, usize>,
    /// For each of them, a node after it and all before it.
    line: Vec<u32>,
    /// For each write that was read, how many of them have been put before it.
    put_before: BTreeMap<usize, usize>,
}

impl Views<'_> {
    pub(super) fn new<'o>(observed: &'o Observed, order: &'o mut Order) -> Views<'o> {
        Views { observed, order, said: Vec::new() }
    }

    /// Puts into the order what the session's reads say. With `careful`, a read that would make a circle is broken, and says nothing;
    /// otherwise only those that found nothing are tried.
    pub(super) fn add(&mut self, session: &Session, revealed: &[Revealed], careful: bool) -> Vec<Broken> {
        let mut pasts: BTreeMap<usize, Past> = BTreeMap::new();
        let mut broken = Vec::new();
        let mut coming = revealed.iter().peekable();
        for &read in &session.operations {
            if self.observed.is_write(read) {
                continue;
            }
            while let Some(next) = coming.next_if(|next| self.observed.is_before(next.by, read)) {
                for &write in &next.writes {
                    let past = pasts.entry(self.observed.operations[write].key).or_default();
                    past.add(write, next.by, self.order);
                }
            }
            let Some(past) = pasts.get_mut(&self.observed.operations[read].key) else { continue };
            broken.extend(match self.observed.operations[read].action {
                Action::ReadOf(found) => self.put_past_before(past, found, read, careful),
                Action::Write | Action::ReadNothing => Some(Broken {
                    read,
                    missed: past.writes[0],
                    through: past.revealed_by[0],
                    older: Vec::new(),
                }),
            });
        }
        broken
    }

    /// Puts every write of the past before the one that the read found.
    fn put_past_before(
        &mut self,
        past: &mut Past,
        found: usize,
        read: usize,
        careful: bool,
    ) -> Option<Broken> {
        let (all, others) = past.not_yet_before(found);
        let firsts: Vec<u32> = all.into_iter().chain(others).collect();
        if careful {
            let circle = firsts.iter().find_map(|&first| self.order.path(found as u32, first));
            if let Some(path) = circle {
                let is_operation = |&&node: &&u32| (node as usize) < self.observed.operations.len();
                let missed = *path.iter().rev().find(is_operation).unwrap_or(&(found as u32)) as usize;
                let through = past.revealed_by[past.places[&missed]];
                return Some(Broken { read, missed, through, older: self.with_reads(&path) });
            }
        }
        past.put_before.insert(found, past.writes.len());
        for first in firsts {
            self.order.put(first, found);
            if careful {
                self.said.push((first, found, read));
            }
        }
        None
    }

    /// The operations of a path, each read that put an edge of it before what that edge leads to.
    fn with_reads(&self, path: &[u32]) -> Vec<usize> {
        let mut operations = Vec::new();
        for (index, &node) in path.iter().enumerate() {
            let node = node as usize;
            if node >= self.observed.operations.len() {
                continue;
            }
            let edge = |&&(first, then, _): &&(u32, usize, usize)| {
                then == node && Some(&first) == path.get(index.wrapping_sub(1))
            };
            operations.extend(self.said.iter().find(edge).map(|&(_, _, read)| read));
            operations.push(node);
        }
        operations
    }
}

impl Past {
    fn add(&mut self, write: usize, revealed_by: usize, order: &mut Order) {
        if self.places.contains_key(&write) {
            return;
        }
        self.places.insert(write, self.writes.len());
        self.writes.push(write);
        self.revealed_by.push(revealed_by);
        self.line.push(order.node_after(write as u32, self.line.last().copied()));
    }

    /// What is still to be put before this write: the node after many others at once, and others one by one.
    fn not_yet_before(&self, found: usize) -> (Option<u32>, Vec<u32>) {
        let place = self.places.get(&found).copied();
        let (all, rest) = match (self.put_before.get(&found), place) {
            (Some(&count), _) => (None, count),
            (None, Some(place)) => (place.checked_sub(1), place),
            (None, None) => (self.line.len().checked_sub(1), self.line.len()),
        };
        let others = self.writes[rest..].iter().filter(|&&write| write != found);
        (all.map(|last| self.line[last]), others.map(|&write| write as u32).collect())
    }
}

/// All that is before some nodes, found once.
pub(super) struct Reach<'o> {
    observed: &'o Observed,
    order: &'o Order,
    known: Vec<bool>,
}

impl<'o> Reach<'o> {
    pub(super) fn new(observed: &'o Observed, order: &'o Order) -> Reach<'o> {
        Reach { observed, order, known: vec![false; order.nodes()] }
    }

    /// The writes before `node` that were not found yet.
    pub(super) fn writes_before(&mut self, node: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut left = vec![node as u32];
        while let Some(node) = left.pop() {
            for &before in self.order.before(node) {
                if !std::mem::replace(&mut self.known[before as usize], true) {
                    left.push(before);
                    let before = before as usize;
                    if before < self.observed.operations.len() && self.observed.is_write(before) {
                        found.push(before);
                    }
                }
            }
        }
        found
    }
}

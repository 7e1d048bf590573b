//! The table of what was seen: a fingerprint for each state, and where it was first reached from.
//!
//! Several threads put fingerprints in at once, without locks: a place is taken by one compare-and-exchange and never given up. It grows only
//! between rounds, when nobody else looks. States themselves are not kept: a path is found again by going through its fingerprints.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The table. A place is found by the first bits of the fingerprint, so that growing goes through memory in order.
pub(crate) struct Seen {
    places: Box<[Place]>,
    /// 64 less the number of bits that choose a place.
    shift: u32,
    used: AtomicUsize,
}

#[derive(Default)]
struct Place {
    /// 0 where there is none.
    print: AtomicU64,
    /// All bits inverted, so that empty memory is the greatest: the depth in the first 16 bits, the first 48 bits of the predecessor's fingerprint in
    /// the others. Of several predecessors the least counts, whichever thread comes first.
    origin: AtomicU64,
}

/// What became of a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It was not there.
    New,
    /// It was.
    Known,
    /// The table must grow first.
    Full,
}

/// Depths beyond this are not told apart.
const DEEPEST: u64 = 0xFFFE;
const FEWEST_BITS: u32 = 12;

impl Seen {
    pub(crate) fn new() -> Seen {
        Seen { places: empty(FEWEST_BITS), shift: 64 - FEWEST_BITS, used: AtomicUsize::new(0) }
    }

    pub(crate) fn len(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.places.len() * size_of::<Place>()
    }

    /// What it will take once it has grown.
    pub(crate) fn bytes_when_grown(&self) -> usize {
        self.bytes() * 3
    }

    /// Whether it should grow before the next batch.
    pub(crate) fn is_crowded(&self) -> bool {
        self.len() > self.places.len() / 4 * 3
    }

    /// Looks at the places of several fingerprints at once, so that the memory is asked for all of them before any is waited for.
    pub(crate) fn warm(&self, prints: &[u64]) {
        let words = prints.iter().map(|print| self.places[self.home(*print)].print.load(Ordering::Relaxed));
        std::hint::black_box(words.fold(0, |all, word| all ^ word));
    }

    /// Puts a fingerprint in, reached at `depth` from `parent`. `shortest` keeps the least of several predecessors, which is right if depths only
    /// grow.
    pub(crate) fn insert(&self, print: u64, parent: u64, depth: u32, shortest: bool) -> Entry {
        if self.len() > self.places.len() / 16 * 15 {
            return if self.find(print).is_some() { Entry::Known } else { Entry::Full };
        }
        let depth = u64::from(depth).min(DEEPEST);
        let origin = !(depth << 48 | parent >> 16);
        let mut at = self.home(print);
        loop {
            let place = &self.places[at];
            let mut there = place.print.load(Ordering::Relaxed);
            if there == 0 {
                match place.print.compare_exchange(0, print, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => {
                        self.used.fetch_add(1, Ordering::Relaxed);
                        place.origin.fetch_max(origin, Ordering::Relaxed);
                        return Entry::New;
                    }
                    Err(other) => there = other,
                }
            }
            if there == print {
                if shortest && depth < DEEPEST && place.origin.load(Ordering::Relaxed) < origin {
                    place.origin.fetch_max(origin, Ordering::Relaxed);
                }
                return Entry::Known;
            }
            at = (at + 1) & (self.places.len() - 1);
        }
    }

    /// Twice the places. Nobody else holds it.
    pub(crate) fn grow(&mut self) {
        let bits = 64 - self.shift + 1;
        let old = std::mem::replace(&mut self.places, empty(bits));
        self.shift = 64 - bits;
        for place in old {
            let print = place.print.into_inner();
            if print != 0 {
                let at = self.probe(print).find(|&at| self.places[at].print.load(Ordering::Relaxed) == 0);
                let new = &mut self.places[at.expect("there are twice as many places")];
                *new = Place { print: AtomicU64::new(print), origin: place.origin };
            }
        }
    }

    /// The fingerprints from an initial state to this one, which is the last. What is missing of the chain is missing from its front.
    pub(crate) fn chain(&self, print: u64) -> Vec<u64> {
        let mut chain = vec![print];
        let mut at = self.find(print);
        while let Some((depth, parent)) = at.map(|at| self.origin(at)).filter(|(depth, _)| *depth > 0) {
            let parent = self.probe(parent << 16).take_while(|&at| self.print(at) != 0).find(|&at| {
                let deep = depth == DEEPEST;
                self.print(at) >> 16 == parent && (deep || self.origin(at).0 == depth - 1)
            });
            // Beyond the depths that are told apart a chain may lead in a circle.
            let Some(parent) = parent.filter(|&parent| !chain.contains(&self.print(parent))) else { break };
            chain.push(self.print(parent));
            at = Some(parent);
        }
        chain.reverse();
        chain
    }

    /// The depth at which a state was first reached, if it was.
    pub(crate) fn depth(&self, print: u64) -> Option<u64> {
        self.find(print).map(|at| self.origin(at).0)
    }

    fn home(&self, print: u64) -> usize {
        (print >> self.shift) as usize
    }

    fn probe(&self, print: u64) -> impl Iterator<Item = usize> + use<> {
        let (home, mask) = (self.home(print), self.places.len() - 1);
        (0..=mask).map(move |step| (home + step) & mask)
    }

    fn find(&self, print: u64) -> Option<usize> {
        self.probe(print).take_while(|&at| self.print(at) != 0).find(|&at| self.print(at) == print)
    }

    fn print(&self, at: usize) -> u64 {
        self.places[at].print.load(Ordering::Relaxed)
    }

    /// The depth, and the first bits of the predecessor's fingerprint.
    fn origin(&self, at: usize) -> (u64, u64) {
        let origin = !self.places[at].origin.load(Ordering::Relaxed);
        (origin >> 48, origin & 0xFFFF_FFFF_FFFF)
    }
}

fn empty(bits: u32) -> Box<[Place]> {
    (0..1_usize << bits).map(|_| Place::default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::fingerprint::mix;

    #[test]
    fn a_set_that_many_threads_fill_and_that_grows() {
        // Four threads put in the same numbers in different orders: each is new once, and all are there after every growth.
        let prints: Vec<u64> = (0..40_000).map(|number| mix([number])).collect();
        let mut seen = Seen::new();
        let mut news = 0;
        for part in prints.chunks(3_000) {
            while seen.places.len() < part.len() * 2 + seen.len() * 2 {
                seen.grow();
            }
            let count = |turn: usize| {
                let turned = part.iter().cycle().skip(turn * 700).take(part.len());
                turned.filter(|&&print| seen.insert(print, 1, 3, true) == Entry::New).count()
            };
            news += std::thread::scope(|scope| {
                let threads: Vec<_> = (0..4).map(|turn| scope.spawn(move || count(turn))).collect();
                threads.into_iter().map(|thread| thread.join().expect("it ends")).sum::<usize>()
            });
        }
        assert_eq!((news, seen.len()), (prints.len(), prints.len()));
        assert!(prints.iter().all(|&print| seen.insert(print, 1, 9, true) == Entry::Known));
        assert_eq!(seen.insert(mix([40_001]), 1, 9, true), Entry::New);
    }

    #[test]
    fn a_chain_leads_back_by_the_least_predecessor() {
        // Of two predecessors of one depth the lesser counts, in whatever order they come; a deeper one does not count.
        let (a, b) = (mix([1]), mix([2]));
        for order in [[a, b], [b, a]] {
            let seen = Seen::new();
            let end = mix([3]);
            for parent in order {
                seen.insert(parent, 0, 0, true);
            }
            for parent in order {
                seen.insert(end, parent, 1, true);
            }
            seen.insert(end, mix([0]), 2, true);
            assert_eq!(seen.chain(end), [a.min(b), end]);
        }
    }

    #[test]
    fn a_full_table_says_so_and_still_knows_what_it_has() {
        // Nothing is lost, and nobody looks for a free place for ever.
        let seen = Seen::new();
        let results: Vec<Entry> = (0..5000).map(|number| seen.insert(mix([number]), 0, 0, true)).collect();
        assert_eq!(results.iter().filter(|entry| **entry == Entry::New).count(), seen.len());
        assert_eq!(results.last(), Some(&Entry::Full));
        assert_eq!(seen.insert(mix([0]), 0, 0, true), Entry::Known);
    }
}

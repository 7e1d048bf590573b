//! What was wrong with the world, and from when to when: cuts, rules, nodes that are down or paused, faults of one moment.
//!
//! The trace has it too, but the trace is a ring that forgets, and it may be switched off; a history is kept whole, and its picture
//! is to show the partition under which a call timed out, however long ago. So this is kept apart: it is little, is no part of the
//! hash, and decides nothing.

use std::collections::{BTreeMap, VecDeque};

use netsplit_node::{Disturbance, NodeId, Time};

/// What can last, by its number; one of each at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Cut(u32),
    Rule(u32),
    /// A node that takes no step.
    Node(NodeId),
}

/// More that are over than this are not kept, the oldest being forgotten first.
const MOST_OVER: usize = 10_000;

#[derive(Clone, Default)]
pub(crate) struct Disturbances {
    over: VecDeque<Disturbance>,
    /// Those that have not been ended. A pause knows its end in advance.
    open: BTreeMap<Source, Disturbance>,
}

impl Disturbances {
    /// Something begins that lasts until it is ended. What the same source did before is over.
    pub(crate) fn begin(&mut self, source: Source, from: Time, text: String) {
        self.end(source, from);
        self.open.insert(source, Disturbance { from, to: None, text });
    }

    /// A node takes no step until a time that is known, or later if it was paused already.
    pub(crate) fn pause(&mut self, node: NodeId, from: Time, until: Time, text: String) {
        let source = Source::Node(node);
        match self.open.get_mut(&source).and_then(|open| open.to.as_mut()).filter(|end| **end >= from) {
            Some(end) => *end = until.max(*end),
            None => {
                self.begin(source, from, text);
                self.open.entry(source).and_modify(|open| open.to = Some(until));
            }
        }
    }

    /// What this source does is over, if it does anything.
    pub(crate) fn end(&mut self, source: Source, now: Time) {
        if let Some(open) = self.open.remove(&source) {
            let to = Some(open.to.unwrap_or(now).min(now));
            self.keep(Disturbance { to, ..open });
        }
    }

    /// Something happens at one moment.
    pub(crate) fn happens(&mut self, now: Time, text: String) {
        self.keep(Disturbance { from: now, to: Some(now), text });
    }

    /// All that are known, in the order in which they began.
    pub(crate) fn all(&self) -> Vec<Disturbance> {
        let mut all: Vec<Disturbance> = self.over.iter().chain(self.open.values()).cloned().collect();
        all.sort_by_key(|disturbance| disturbance.from);
        all
    }

    fn keep(&mut self, disturbance: Disturbance) {
        if self.over.len() == MOST_OVER {
            self.over.pop_front();
        }
        self.over.push_back(disturbance);
    }
}

#[cfg(test)]
mod tests {
    use netsplit_algorithms::replication::EagerStore;
    use netsplit_node::{ms, secs};

    use super::*;
    use crate::{Cluster, Fault, Lab};

    fn told(store: &Cluster<EagerStore>) -> Vec<String> {
        let told = store.history().disturbances.into_iter().map(|it| {
            let to = it.to.map_or("..".to_owned(), |to| to.to_string());
            format!("{} to {to}: {}", it.from, it.text)
        });
        told.collect()
    }

    #[test]
    fn a_history_knows_what_was_wrong_and_when() {
        // Each kind with its beginning and its end, in their order, although no trace is kept.
        let lab = Lab::new(1);
        lab.keep_events(0);
        let store = lab.cluster("store", 3, |_id| EagerStore::default());
        lab.run_for(ms(10));
        let cut = lab.partition([store.nodes([0]), store.nodes([1, 2])]);
        lab.run_for(ms(10));
        lab.inject(Fault::ClockJump { nodes: store.nodes([2]), by: secs(1) });
        lab.heal(cut);
        store.crash(1);
        lab.run_for(ms(10));
        store.restart(1);
        store.pause(0, ms(50));
        lab.run_for(ms(10));
        store.crash(0);
        assert_eq!(
            told(&store),
            [
                "10ms to 20ms: partition: store 0 | store 1, store 2",
                "20ms to 20ms: store 2: clock-jump by=1s",
                "20ms to 30ms: store 1 crashes",
                "30ms to 40ms: store 0 is paused",
                "40ms to ..: store 0 crashes",
            ]
        );
    }

    #[test]
    fn a_longer_pause_is_one_pause() {
        // A second pause that ends earlier does not shorten the first.
        let lab = Lab::new(1);
        let store = lab.cluster("store", 1, |_id| EagerStore::default());
        store.pause(0, ms(50));
        lab.run_for(ms(10));
        store.pause(0, ms(5));
        assert_eq!(told(&store), ["0s to 50ms: store 0 is paused"]);
    }

    #[test]
    fn the_oldest_are_forgotten_first() {
        // A nemesis of a billion events does not fill the memory.
        let mut disturbances = Disturbances::default();
        (0..MOST_OVER as u64 + 5).for_each(|at| disturbances.happens(Time::from_nanos(at), String::new()));
        let all = disturbances.all();
        assert_eq!((all.len(), all[0].from), (MOST_OVER, Time::from_nanos(5)));
    }
}

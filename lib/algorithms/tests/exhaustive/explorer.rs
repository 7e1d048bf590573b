//! An explorer of small instances: all states that a few nodes can reach, whatever becomes of their messages.
//!
//! A message that was sent stays: it can arrive at any time, again and again, or never (so loss, delay, doubling and reordering are in). A pending
//! timer can fire at any time. A step is atomic, its writes synced; a crash falls between two steps.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use netsplit_node::{Context, Disk, Effect, Node, NodeId, Slab, Step};

/// Some nodes, what they have sent, and what will wake them.
#[derive(Clone, Debug)]
pub struct World<N: Node> {
    pub nodes: Vec<N>,
    disks: Vec<Disk>,
    /// By their fingerprints, so that equal worlds are equal however they came about.
    messages: BTreeMap<u64, (NodeId, usize, N::Message)>,
    timers: BTreeMap<u64, (usize, N::Timer)>,
    crashes: u32,
    fresh: Vec<N>,
}

impl<N: Node + Hash> World<N>
where
    N::Message: Hash,
    N::Timer: Hash,
{
    /// Nodes 0 to `size` - 1, each made by `node`, after their first step.
    pub fn new(size: usize, node: impl Fn() -> N) -> World<N> {
        let nodes: Vec<N> = (0..size).map(|_| node()).collect();
        let disks = vec![Disk::default(); size];
        let fresh = nodes.clone();
        let mut world =
            World { nodes, disks, messages: BTreeMap::new(), timers: BTreeMap::new(), crashes: 0, fresh };
        (0..size).for_each(|index| world.step(index, |node, ctx| node.on_start(ctx)));
        world
    }

    /// All that was ever sent, with its sender.
    pub fn sent(&self) -> impl Iterator<Item = (NodeId, &N::Message)> {
        self.messages.values().map(|(from, _, message)| (*from, message))
    }

    /// Runs one handler of one node, and carries out what it asks for.
    pub fn step(&mut self, at: usize, handler: impl FnOnce(&mut N, &mut Context<N>)) {
        let members: Arc<[NodeId]> = (0..self.nodes.len() as u32).map(NodeId).collect();
        let (mut step, mut messages, mut timers) = (Step::new(), Slab::new(), Slab::new());
        step.node = members[at];
        step.belongings.disk = std::mem::take(&mut self.disks[at]);
        handler(&mut self.nodes[at], &mut Context::new(&mut step, &members, &mut messages, &mut timers));
        let effects: Vec<Effect> = step.effects().drain(..).collect();
        for effect in effects {
            match effect {
                Effect::Send { to, message } => {
                    let sent = (members[at], to.0 as usize, messages.take(message));
                    self.messages.insert(fingerprint(&sent), sent);
                }
                Effect::SetTimer { timer, .. } => {
                    let set = (at, timers.take(timer));
                    self.timers.insert(fingerprint(&set), set);
                }
                Effect::CancelTimer { timer } => {
                    self.timers.remove(&fingerprint(&(at, timers.take(timer))));
                }
                Effect::Call(_)
                | Effect::Reply(_)
                | Effect::Note(_)
                | Effect::Write { .. }
                | Effect::Sync { .. } => {}
            }
        }
        let mut disk = std::mem::take(&mut step.belongings.disk);
        disk.complete_sync(disk.writes());
        self.disks[at] = disk;
    }

    /// The node loses its memory and its timers, and begins again with its disk.
    fn crash(&mut self, at: usize) {
        self.crashes += 1;
        self.timers.retain(|_, (node, _)| *node != at);
        self.nodes[at] = self.fresh[at].clone();
        self.step(at, |node, ctx| node.on_start(ctx));
    }

    fn fingerprint(&self) -> u64 {
        let disk =
            |disk: &Disk| disk.files().into_iter().map(|file| (disk.read(&file), file)).collect::<Vec<_>>();
        let disks: Vec<_> = self.disks.iter().map(disk).collect();
        let messages: Vec<u64> = self.messages.keys().copied().collect();
        let timers: Vec<u64> = self.timers.keys().copied().collect();
        fingerprint(&(&self.nodes, disks, messages, timers, self.crashes))
    }

    /// All that can happen next.
    fn nexts(&self, explorer: &Explorer<N>) -> Vec<World<N>> {
        let Explorer { delivers, fires, crashes, .. } = explorer;
        let mut nexts = Vec::new();
        for (from, to, message) in self.messages.values().filter(|(_, _, message)| delivers(message)) {
            let mut next = self.clone();
            next.step(*to, |node, ctx| node.on_message(*from, message.clone(), ctx));
            nexts.push(next);
        }
        for (key, (at, timer)) in self.timers.iter().filter(|(_, (_, timer))| fires(timer)) {
            let mut next = self.clone();
            next.timers.remove(key);
            next.step(*at, |node, ctx| node.on_timer(timer.clone(), ctx));
            nexts.push(next);
        }
        for at in (0..self.nodes.len()).filter(|_| self.crashes < *crashes) {
            let mut next = self.clone();
            next.crash(at);
            nexts.push(next);
        }
        nexts
    }
}

/// What is explored, and what must hold.
pub struct Explorer<N: Node> {
    /// The property of all states.
    pub holds: fn(&World<N>) -> bool,
    /// Which messages arrive; the others may be looked at all the same.
    pub delivers: fn(&N::Message) -> bool,
    /// Which timers fire.
    pub fires: fn(&N::Timer) -> bool,
    /// How many crashes there are at most.
    pub crashes: u32,
}

impl<N: Node + Hash> Explorer<N>
where
    N::Message: Hash,
    N::Timer: Hash,
{
    /// The number of states that can be reached from `world`, or the first in which the property does not hold.
    pub fn explore(&self, world: World<N>) -> Result<usize, Box<World<N>>> {
        let mut seen = BTreeSet::from([world.fingerprint()]);
        let mut open = vec![world];
        while let Some(world) = open.pop() {
            if !(self.holds)(&world) {
                return Err(Box::new(world));
            }
            let nexts = world.nexts(self).into_iter();
            open.extend(nexts.filter(|next| seen.insert(next.fingerprint())));
        }
        Ok(seen.len())
    }
}

/// The same in every run: the hasher has no random key.
fn fingerprint(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

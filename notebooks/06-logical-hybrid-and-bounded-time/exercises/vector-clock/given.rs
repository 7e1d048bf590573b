//! What the statement of `vector-clock` gives: what a clock has to do, and how it is driven.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A timestamp: of each node, by its number, how many events are known. A node that is left out counts as 0.
pub type Stamp = BTreeMap<u32, u64>;

/// How the events of two timestamps are related; `Equal` if the stamps say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    Before,
    After,
    Equal,
    Concurrent,
}

/// A vector clock: a value of this type is the clock of one node, and begins as its `Default`.
pub trait Vector: Default {
    /// An event at this node, which is node `at`: a message is sent, or something happens here. Returns the event's timestamp.
    fn event(&mut self, at: u32) -> Stamp;
    /// A message with the timestamp `sent` arrives at this node, which is node `at`: an event as well. Returns its timestamp.
    fn receive(&mut self, at: u32, sent: &Stamp) -> Stamp;
    /// How the event of `one` is related to that of `other`.
    fn compare(one: &Stamp, other: &Stamp) -> Order;
    /// The least stamp that knows all that either knows.
    fn join(one: &Stamp, other: &Stamp) -> Stamp;
}

/// An event of a run: at which node, and which earlier event of the list sent what it receives. A message may arrive late, often,
/// or never.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub at: u32,
    pub received: Option<usize>,
}

/// What is asked of a clock: to go through a run, to compare stamps, to join stamps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub run: Vec<Step>,
    pub pairs: Vec<(Stamp, Stamp)>,
}

/// What the clock says: a stamp for each event, an order for each two events (row by row), an order and a join for each pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    pub stamps: Vec<Stamp>,
    pub table: Vec<Order>,
    pub orders: Vec<Order>,
    pub joins: Vec<Stamp>,
}

/// Has a clock do a job.
pub fn work<V: Vector>(job: Job) -> Said {
    let mut clocks: BTreeMap<u32, V> = BTreeMap::new();
    let mut stamps: Vec<Stamp> = Vec::new();
    for step in &job.run {
        let clock = clocks.entry(step.at).or_default();
        let stamp = match step.received {
            Some(sending) => clock.receive(step.at, &stamps[sending].clone()),
            None => clock.event(step.at),
        };
        stamps.push(stamp);
    }
    let table = stamps.iter().flat_map(|a| stamps.iter().map(|b| V::compare(a, b))).collect();
    let orders = job.pairs.iter().map(|(a, b)| V::compare(a, b)).collect();
    let joins = job.pairs.iter().map(|(a, b)| V::join(a, b)).collect();
    Said { stamps, table, orders, joins }
}

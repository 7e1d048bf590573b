//! What the statement of `hybrid-clock` gives: timestamps, what a clock has to do, and how it is driven.

use std::collections::BTreeMap;

use netsplit::{Duration, Time, ms};
use serde::{Deserialize, Serialize};

/// What comes from further ahead of a node's physical clock than this is refused.
pub const MOST_AHEAD: Duration = ms(500);

/// A timestamp. The order is that of the fields: by time, then by the logical part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HybridStamp {
    pub time: Time,
    pub logical: u32,
}

/// A hybrid logical clock: a value of this type is the clock of one node, and begins as its `Default`.
pub trait Hybrid: Default {
    /// An event at a node whose physical clock shows `now`: a message is sent, or something happens here.
    fn event(&mut self, now: Time) -> HybridStamp;
    /// A message with the timestamp `sent` arrives at a node whose physical clock shows `now`: an event as well. `None` if the
    /// message is refused; then nothing has happened.
    fn receive(&mut self, now: Time, sent: HybridStamp) -> Option<HybridStamp>;
}

/// What a message brings: the timestamp of an earlier step of the list, or one that a stranger made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Arrival {
    Of(usize),
    Stranger(HybridStamp),
}

/// One step of a run: at which node, what its physical clock shows, and what arrives, if anything does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HybridStep {
    pub at: u32,
    pub now: Time,
    pub message: Option<Arrival>,
}

/// Has clocks go through a run: a timestamp for each step, nothing where a message was refused.
pub fn drive<H: Hybrid>(run: Vec<HybridStep>) -> Vec<Option<HybridStamp>> {
    let mut clocks: BTreeMap<u32, H> = BTreeMap::new();
    let mut stamps: Vec<Option<HybridStamp>> = Vec::new();
    for step in run {
        let clock = clocks.entry(step.at).or_default();
        let sent = match step.message {
            Some(Arrival::Of(sending)) => stamps[sending],
            Some(Arrival::Stranger(stamp)) => Some(stamp),
            None => None,
        };
        stamps.push(match sent {
            Some(sent) => clock.receive(step.now, sent),
            None => Some(clock.event(step.now)),
        });
    }
    stamps
}

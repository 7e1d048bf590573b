//! The record of a run: a hash over every event, and the last events themselves in a bounded ring.
//!
//! The hash covers what happened to whom and when, not the texts: it is kept while no trace is. Texts are made only when a trace
//! is looked at, so the ring keeps a copy of each message by its slot; whoever evicts a record gives the slot back.

use std::collections::VecDeque;

use netsplit_node::trace::{Cargo, EventId, EventKind, TraceHash};
use netsplit_node::{NodeId, Payload, Slot, Time};

/// The number that stands for "no event caused this".
pub(crate) const FROM_OUTSIDE: u64 = u64::MAX;

/// One event of the ring.
#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) number: u64,
    pub(crate) time: Time,
    pub(crate) cause: u64,
    pub(crate) what: What,
}

/// What happened; the frequent kinds as numbers, the rest as the trace shows them.
#[derive(Clone)]
pub(crate) enum What {
    Sent { from: NodeId, to: NodeId, cargo: Cargo, body: Body },
    Received { node: NodeId, from: NodeId, message: u64 },
    Other(Box<EventKind>),
}

/// What a message says, to be put into words when somebody looks.
#[derive(Clone)]
pub(crate) enum Body {
    /// A copy, in the slab of the sender's cluster.
    Message(Slot),
    /// A copy of a request.
    Payload(Box<dyn Payload>),
    /// An answer, in words already.
    Text(Box<str>),
}

/// Keeps the record.
#[derive(Clone)]
pub(crate) struct Recorder {
    hash: u64,
    next: u64,
    keep: usize,
    ring: VecDeque<Record>,
}

/// The hash's multiplier: odd, and its bits look random (the 64-bit golden ratio).
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
/// Another such number, for what is mixed beside it.
const MIXER: u64 = 0xD6E8_FEB8_6659_FD93;

impl Recorder {
    pub(crate) fn new(seed: u64, keep: usize) -> Recorder {
        Recorder { hash: seed.wrapping_add(1).wrapping_mul(MULTIPLIER), next: 0, keep, ring: VecDeque::new() }
    }

    /// Whether events are kept, so that it is worth making a record.
    #[inline]
    pub(crate) fn keeps(&self) -> bool {
        self.keep > 0
    }

    /// How many events are kept.
    pub(crate) fn kept(&self) -> usize {
        self.keep
    }

    pub(crate) fn set_keep(&mut self, keep: usize) {
        self.keep = keep;
    }

    /// Counts an event: its kind, whom it concerns, and its number.
    #[inline(always)]
    pub(crate) fn count(&mut self, time: Time, kind: u8, node: NodeId, other: NodeId) -> u64 {
        let number = self.next;
        self.next += 1;
        // The event's own words are mixed first, beside the chain of multiplications that runs through all events.
        let who = u64::from(node.0) | u64::from(other.0) << 32;
        let event = time.as_nanos().wrapping_mul(MIXER) ^ who.rotate_left(u32::from(kind));
        self.hash = (self.hash ^ event).wrapping_mul(MULTIPLIER).rotate_left(31);
        number
    }

    /// Keeps a counted event. Returns the record that had to go, if one had to.
    pub(crate) fn keep(&mut self, record: Record) -> Option<Record> {
        self.ring.push_back(record);
        self.evict()
    }

    /// The oldest record, if there are more than may be kept.
    pub(crate) fn evict(&mut self) -> Option<Record> {
        if self.ring.len() <= self.keep {
            return None;
        }
        self.ring.pop_front()
    }

    pub(crate) fn records(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.ring.iter()
    }

    /// Events that happened but are not in the ring.
    pub(crate) fn omitted(&self) -> u64 {
        self.next - self.ring.len() as u64
    }

    pub(crate) fn hash(&self) -> TraceHash {
        TraceHash(self.hash)
    }

    pub(crate) fn events(&self) -> u64 {
        self.next
    }
}

/// The number of an event as a trace gives it.
pub(crate) fn cause_id(cause: u64) -> Option<EventId> {
    (cause != FROM_OUTSIDE).then_some(EventId(cause))
}

//! The record of a run: a hash over every event, and the last events themselves in a bounded ring.
//!
//! The hash covers what happened to whom and when, not the texts: it is kept while no trace is. Texts are made only when a trace
//! is looked at, so the ring keeps a copy of each message by its slot; whoever evicts a record gives the slot back.

use netsplit_node::trace::{Cargo, EventId, EventKind, TraceHash};
use netsplit_node::{NodeId, Payload, Slot, Time};

/// The number that stands for "no event caused this".
pub(crate) const FROM_OUTSIDE: u64 = u64::MAX;

/// One event of the ring. Flat, so that it is written field by field into its place: an enum would be built first and copied there,
/// which was a fifth of a traced run.
#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) number: u64,
    pub(crate) time: Time,
    pub(crate) cause: u64,
    pub(crate) kind: RecordKind,
    /// The sender of a message, or who received one.
    pub(crate) node: NodeId,
    /// The receiver of a message, or from whom it came.
    pub(crate) other: NodeId,
    /// Of a message that was sent: a copy of it, by its slot. Of one that was received: the number of its sending.
    pub(crate) message: u64,
    /// What all other kinds of events are.
    pub(crate) rest: Option<Box<Rest>>,
}

/// The frequent kinds of events, and the others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordKind {
    SentMessage,
    Received,
    Rest,
}

/// What happened, where it is not frequent.
#[derive(Clone)]
pub(crate) enum Rest {
    /// As the trace shows it.
    Event(EventKind),
    /// A request or an answer was sent.
    Sent { from: NodeId, to: NodeId, cargo: Cargo, body: Body },
}

/// What a request or an answer says, to be put into words when somebody looks.
#[derive(Clone)]
pub(crate) enum Body {
    /// A copy of a request.
    Payload(Box<dyn Payload>),
    /// An answer, in words already.
    Text(Box<str>),
}

/// The sender of a message whose sending the ring holds no longer: its cluster's oldest copy can go.
pub(crate) type Evicted = NodeId;

/// Keeps the record.
#[derive(Clone)]
pub(crate) struct Recorder {
    hash: u64,
    next: u64,
    keep: usize,
    /// Full from `head` on around to `head`, oldest first; while it grows, `head` is 0.
    ring: Vec<Record>,
    head: usize,
}

/// The hash's multiplier: odd, and its bits look random (the 64-bit golden ratio).
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
/// Another such number, for what is mixed beside it.
const MIXER: u64 = 0xD6E8_FEB8_6659_FD93;

impl Recorder {
    pub(crate) fn new(seed: u64, keep: usize) -> Recorder {
        let hash = seed.wrapping_add(1).wrapping_mul(MULTIPLIER);
        Recorder { hash, next: 0, keep, ring: Vec::new(), head: 0 }
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

    /// How many events to keep from now on. Returns what is held no longer.
    pub(crate) fn set_keep(&mut self, keep: usize) -> Vec<Evicted> {
        self.keep = keep;
        self.ring.rotate_left(self.head);
        self.head = 0;
        let surplus = self.ring.len().saturating_sub(keep);
        self.ring.drain(..surplus).filter_map(|record| record.held()).collect()
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

    /// Counts an event that is no part of the hash. Returns its number.
    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// A message was sent, of which `copy` is a copy. Returns what the ring holds no longer.
    #[inline(always)]
    pub(crate) fn keep_sent(
        &mut self,
        number: u64,
        time: Time,
        cause: u64,
        (from, to): (NodeId, NodeId),
        copy: Slot,
    ) -> Option<Evicted> {
        let (place, evicted) = self.next_place();
        (place.number, place.time, place.cause) = (number, time, cause);
        (place.kind, place.node, place.other) = (RecordKind::SentMessage, from, to);
        place.message = u64::from(copy.0);
        evicted
    }

    /// What was sent at event `sent` reached its receiver. Returns what the ring holds no longer.
    #[inline(always)]
    pub(crate) fn keep_received(
        &mut self,
        number: u64,
        time: Time,
        (node, from): (NodeId, NodeId),
        sent: u64,
    ) -> Option<Evicted> {
        let (place, evicted) = self.next_place();
        (place.number, place.time, place.cause) = (number, time, sent);
        (place.kind, place.node, place.other) = (RecordKind::Received, node, from);
        place.message = sent;
        evicted
    }

    /// Any other event. Returns what the ring holds no longer.
    pub(crate) fn keep(&mut self, number: u64, time: Time, cause: u64, rest: Rest) -> Option<Evicted> {
        let (place, evicted) = self.next_place();
        (place.number, place.time, place.cause) = (number, time, cause);
        place.kind = RecordKind::Rest;
        place.rest = Some(Box::new(rest));
        evicted
    }

    /// The place of the next record, emptied.
    #[inline(always)]
    fn next_place(&mut self) -> (&mut Record, Option<Evicted>) {
        if self.ring.len() < self.keep {
            return (self.grow(), None);
        }
        let place = &mut self.ring[self.head];
        self.head = if self.head + 1 == self.keep { 0 } else { self.head + 1 };
        let evicted = place.held();
        if place.kind == RecordKind::Rest {
            place.rest = None;
        }
        (place, evicted)
    }

    #[cold]
    fn grow(&mut self) -> &mut Record {
        self.ring.push(Record {
            number: 0,
            time: Time::ZERO,
            cause: FROM_OUTSIDE,
            kind: RecordKind::Rest,
            node: NodeId(0),
            other: NodeId(0),
            message: 0,
            rest: None,
        });
        let last = self.ring.len() - 1;
        &mut self.ring[last]
    }

    /// The records, oldest first.
    pub(crate) fn records(&self) -> impl DoubleEndedIterator<Item = &Record> {
        let (newer, older) = self.ring.split_at(self.head);
        older.iter().chain(newer)
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

impl Record {
    /// The copy of a message that it holds, if it does.
    #[inline(always)]
    fn held(&self) -> Option<Evicted> {
        (self.kind == RecordKind::SentMessage).then_some(self.node)
    }
}

/// The number of an event as a trace gives it.
pub(crate) fn cause_id(cause: u64) -> Option<EventId> {
    (cause != FROM_OUTSIDE).then_some(EventId(cause))
}

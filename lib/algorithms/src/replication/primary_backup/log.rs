//! The log of a primary and its copies: its entries, places in it, and what an entry is answered.

use std::fmt;

use netsplit_node::{KeyValueRequest, KeyValueResponse, Value};

use crate::Storable;

/// The time of a primary: the fencing token. Of n members, the primary of epoch e is number e modulo n.
pub type Epoch = u64;

/// One request in the log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The epoch of the primary that took it.
    pub epoch: Epoch,
    /// What a client asked.
    pub request: KeyValueRequest,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.request)
    }
}

/// A log, and the epoch of the primary that it was copied from: of two logs, the one of the later epoch is newer, and of one epoch
/// the longer.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Log {
    /// The epoch of the primary whose log this is, or is the beginning of.
    pub epoch: Epoch,
    /// The requests, in the order in which they take effect.
    pub entries: Vec<Entry>,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of epoch {}", self.entries.len(), self.epoch)
    }
}

/// A place in the log (log sequence number): the entry that ends there, by its epoch, and how many entries the log has up to it. Of one log, the later
/// place is the greater; two logs that have entries of the same epoch at a position agree up to it. So it tells an entry from another that has taken its
/// position after a fail-over.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn {
    /// The epoch in which the entry was taken.
    pub epoch: Epoch,
    /// How many entries there are up to it; 0 is the beginning.
    pub position: u64,
}

impl fmt::Debug for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{}:{}", self.epoch, self.position)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Log {
    /// The place after so many entries; the end, if there are not so many.
    pub fn place(&self, position: usize) -> Lsn {
        let entries = &self.entries[..position.min(self.entries.len())];
        Lsn { epoch: entries.last().map_or(0, |entry| entry.epoch), position: entries.len() as u64 }
    }

    /// The last value put under `key` by the first `position` entries.
    pub fn value_at(&self, key: &str, position: usize) -> Option<Value> {
        self.entries[..position].iter().rev().find_map(|entry| match &entry.request {
            KeyValueRequest::Put { key: written, value } if written == key => Some(value.clone()),
            _ => None,
        })
    }
}

/// What the entry that ends at `position` is answered: for a get, the last put before it.
pub fn answer_at(log: &Log, position: usize) -> KeyValueResponse {
    match &log.entries[position - 1].request {
        KeyValueRequest::Put { .. } => KeyValueResponse::Stored,
        KeyValueRequest::Get { key } => KeyValueResponse::Value(log.value_at(key, position)),
    }
}

impl Storable for Entry {
    fn store(&self, bytes: &mut Vec<u8>) {
        self.epoch.store(bytes);
        self.request.store(bytes);
    }
    fn load(bytes: &mut &[u8]) -> Option<Entry> {
        Some(Entry { epoch: Epoch::load(bytes)?, request: KeyValueRequest::load(bytes)? })
    }
}

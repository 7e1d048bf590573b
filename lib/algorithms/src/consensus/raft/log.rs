//! The replicated log (section 5.3), with the snapshot that stands for its beginning (section 7).

use std::fmt;

use super::membership::Configuration;
use super::snapshots::Snapshot;
use crate::Storable;

/// A term: the time of at most one leader, numbered with consecutive integers (section 5.1).
pub type Term = u64;

/// A place in the log. The first entry has index 1; 0 is before it.
pub type Index = u64;

/// One entry of the log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Entry<C> {
    /// The term in which a leader received it.
    pub term: Term,
    /// What it is.
    pub payload: Payload<C>,
}

/// What an entry is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Payload<C> {
    /// A client's command for the state machine.
    Command(C),
    /// Nothing: a new leader begins its term with it, and learns what is committed when it is (section 8).
    NoOp,
    /// The cluster's membership from here on (section 6).
    Configuration(Configuration),
}

impl<C: fmt::Debug> fmt::Debug for Entry<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.term)?;
        match &self.payload {
            Payload::Command(command) => write!(f, "{command:?}"),
            Payload::NoOp => write!(f, "no-op"),
            Payload::Configuration(configuration) => write!(f, "{configuration}"),
        }
    }
}

impl<C: Storable> Storable for Entry<C> {
    fn store(&self, bytes: &mut Vec<u8>) {
        self.term.store(bytes);
        match &self.payload {
            Payload::Command(command) => {
                bytes.push(0);
                command.store(bytes);
            }
            Payload::NoOp => bytes.push(1),
            Payload::Configuration(configuration) => {
                bytes.push(2);
                configuration.store(bytes);
            }
        }
    }

    fn load(bytes: &mut &[u8]) -> Option<Self> {
        let term = Term::load(bytes)?;
        let payload = match u8::load(bytes)? {
            0 => Payload::Command(C::load(bytes)?),
            1 => Payload::NoOp,
            2 => Payload::Configuration(Configuration::load(bytes)?),
            _ => return None,
        };
        Some(Entry { term, payload })
    }
}

/// A server's log: a snapshot of everything up to an index, and the entries after it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Log<C> {
    snapshot: Snapshot,
    /// Invariant: the entry at place `i` has index `snapshot.last_included_index + 1 + i`.
    entries: Vec<Entry<C>>,
    /// Everything before this index was written to the disk.
    unsaved_from: Index,
}

impl<C> Log<C> {
    /// The log that begins after `snapshot` with `entries`, all of them on the disk.
    pub(super) fn new(snapshot: Snapshot, entries: Vec<Entry<C>>) -> Log<C> {
        let unsaved_from = snapshot.last_included_index + entries.len() as u64 + 1;
        Log { snapshot, entries, unsaved_from }
    }

    /// The index of the last entry; that of the snapshot if there is none after it.
    pub fn last_index(&self) -> Index {
        self.snapshot.last_included_index + self.entries.len() as u64
    }

    /// The term of the last entry.
    pub fn last_term(&self) -> Term {
        self.entries.last().map_or(self.snapshot.last_included_term, |entry| entry.term)
    }

    /// What stands for the entries that were compacted.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The entry at `index`; nothing if it was compacted or is not there.
    pub fn entry(&self, index: Index) -> Option<&Entry<C>> {
        self.entries.get(usize::try_from(index.checked_sub(self.snapshot.last_included_index + 1)?).ok()?)
    }

    /// The term of the entry at `index`, which may be the last of the snapshot.
    pub fn term_at(&self, index: Index) -> Option<Term> {
        if index == self.snapshot.last_included_index {
            return Some(self.snapshot.last_included_term);
        }
        self.entry(index).map(|entry| entry.term)
    }

    /// The entries that were not compacted, with their indices.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = (Index, &Entry<C>)> + ExactSizeIterator {
        let first = self.snapshot.last_included_index + 1;
        self.entries.iter().enumerate().map(move |(place, entry)| (first + place as u64, entry))
    }

    /// Adds an entry at the end. Returns its index.
    pub(super) fn append(&mut self, entry: Entry<C>) -> Index {
        self.entries.push(entry);
        self.last_index()
    }

    /// Deletes the entry at `index` and all that follow it.
    pub(super) fn truncate_from(&mut self, index: Index) {
        let kept = index.saturating_sub(self.snapshot.last_included_index + 1);
        self.entries.truncate(kept as usize);
        self.unsaved_from = self.unsaved_from.min(index);
    }

    /// Replaces the beginning of the log by `snapshot`. Entries after it are kept if they go on from it (section 7).
    pub(super) fn compact(&mut self, snapshot: Snapshot) {
        let goes_on = self.term_at(snapshot.last_included_index) == Some(snapshot.last_included_term);
        let covered = snapshot.last_included_index - self.snapshot.last_included_index;
        if goes_on {
            self.entries.drain(..covered as usize);
        } else {
            self.entries.clear();
        }
        self.snapshot = snapshot;
        self.unsaved_from = self.last_index() + 1;
    }

    /// The newest configuration in the log up to `index`, with the index of its entry, or the snapshot's.
    pub(super) fn configuration_at(&self, index: Index) -> (Index, &Configuration) {
        let configurations = self.entries().filter_map(|(at, entry)| match &entry.payload {
            Payload::Configuration(configuration) => Some((at, configuration)),
            Payload::Command(_) | Payload::NoOp => None,
        });
        let newest = configurations.take_while(|(at, _)| *at <= index).last();
        newest.unwrap_or((self.snapshot.last_included_index, &self.snapshot.configuration))
    }

    /// The first entry that is not on the disk yet.
    pub(super) fn unsaved_from(&self) -> Index {
        self.unsaved_from
    }

    /// Everything was written to the disk.
    pub(super) fn mark_saved(&mut self) {
        self.unsaved_from = self.last_index() + 1;
    }
}

impl<C: Clone> Log<C> {
    /// Copies of at most `most` entries from `index` on.
    pub(super) fn entries_from(&self, index: Index, most: usize) -> Vec<Entry<C>> {
        let first = index.saturating_sub(self.snapshot.last_included_index + 1) as usize;
        self.entries.iter().skip(first).take(most).cloned().collect()
    }
}

/// The entries with their terms, as the paper's figures have them; a snapshot as the range that it stands for.
impl<C: fmt::Debug> fmt::Debug for Log<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        if self.snapshot.last_included_index > 0 {
            list.entry(&format_args!("1..={} in snapshot", self.snapshot.last_included_index));
        }
        list.entries(&self.entries).finish()
    }
}

//! What must survive a crash (Figure 2, persistent state), on the node's disk before anybody is told of it.
//!
//! The disk holds one *segment*: a file that begins with a whole state, and goes on with every change since. Each record carries a checksum
//! that also covers the record before it, so what a crash tears, reorders or leaves out ends the file at the last sync or after it, and
//! never in its middle. A snapshot begins a new segment; the old one is removed only after the new one is durable.
//!
//! ```text
//! raft-00000002   │ head: term, vote, snapshot, entries │ entry 41 │ vote │ entry 41 (in place of the first) │ entry 42 │ torn
//! ```

use netsplit_node::{Context, DiskAccess, NodeId};

use super::log::{Entry, Index, Log, Term};
use super::membership::Configuration;
use super::snapshots::Snapshot;
use super::state_machine::StateMachine;
use super::{FirstMembers, Raft};
use crate::Storable;

/// Where a server writes, and what it has written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Storage {
    /// The number of the segment.
    segment: u64,
    /// The checksum of its last record.
    checksum: u64,
    /// The term and the vote that it holds.
    saved: (Term, Option<NodeId>),
    /// Whether the segment before this one is still there.
    has_old: bool,
}

/// One change of the state; the head is one too, from nothing.
enum Record<C> {
    Head {
        term: Term,
        voted_for: Option<NodeId>,
        snapshot: Snapshot,
        entries: Vec<Entry<C>>,
    },
    Vote {
        term: Term,
        voted_for: Option<NodeId>,
    },
    /// The log ends with this entry from now on; what was there at its index or after it is gone.
    Entry {
        index: Index,
        entry: Entry<C>,
    },
}

impl<C: Storable> Storable for Record<C> {
    fn store(&self, bytes: &mut Vec<u8>) {
        match self {
            Record::Head { term, voted_for, snapshot, entries } => {
                bytes.push(0);
                term.store(bytes);
                voted_for.store(bytes);
                snapshot.store(bytes);
                entries.store(bytes);
            }
            Record::Vote { term, voted_for } => {
                bytes.push(1);
                term.store(bytes);
                voted_for.store(bytes);
            }
            Record::Entry { index, entry } => {
                bytes.push(2);
                index.store(bytes);
                entry.store(bytes);
            }
        }
    }

    fn load(bytes: &mut &[u8]) -> Option<Self> {
        match u8::load(bytes)? {
            0 => {
                let (term, voted_for) = Storable::load(bytes)?;
                let (snapshot, entries) = Storable::load(bytes)?;
                Some(Record::Head { term, voted_for, snapshot, entries })
            }
            1 => {
                let (term, voted_for) = Storable::load(bytes)?;
                Some(Record::Vote { term, voted_for })
            }
            2 => {
                let (index, entry) = Storable::load(bytes)?;
                Some(Record::Entry { index, entry })
            }
            _ => None,
        }
    }
}

/// What was found on the disk.
struct Recovered<C> {
    term: Term,
    voted_for: Option<NodeId>,
    log: Log<C>,
}

impl<M: StateMachine> Raft<M> {
    /// Begins: with what the disk kept, or as a new server.
    pub(super) fn recover(&mut self, ctx: &mut Context<Self>) {
        self.me = ctx.id();
        if let Some(Recovered { term, voted_for, log }) = self.storage.read(&mut ctx.disk()) {
            (self.current_term, self.voted_for, self.log) = (term, voted_for, log);
            let snapshot = self.log.snapshot();
            (self.commit_index, self.last_applied) =
                (snapshot.last_included_index, snapshot.last_included_index);
            if snapshot.last_included_index > 0 {
                self.machine = M::restore(&snapshot.data).unwrap_or_else(|| {
                    panic!(
                        "the snapshot up to {} is none of this state machine",
                        snapshot.last_included_index
                    )
                });
            }
        } else {
            let members = match &self.config.first_members {
                FirstMembers::Cluster => ctx.peers().chain([self.me]).collect(),
                FirstMembers::These(members) => members.clone(),
            };
            let nothing = Snapshot::before_everything(Configuration::Simple(members));
            self.log = Log::new(nothing, Vec::new());
            self.persist_anew(ctx);
        }
        self.adopt_configuration(ctx);
        self.heard_from_leader = ctx.monotonic();
        self.reset_election_timer(ctx);
    }

    /// "Updated on stable storage before responding to RPCs" (Figure 2): writes what has changed. What this step sends from here on
    /// waits until it is durable.
    pub(super) fn persist(&mut self, ctx: &mut Context<Self>) {
        let disk = &mut ctx.disk();
        let mut has_written = false;
        if self.storage.saved != (self.current_term, self.voted_for) {
            let (term, voted_for) = (self.current_term, self.voted_for);
            self.storage.append(&Record::<M::Command>::Vote { term, voted_for }, disk);
            self.storage.saved = (term, voted_for);
            has_written = true;
        }
        for index in self.log.unsaved_from()..=self.log.last_index() {
            let Some(entry) = self.log.entry(index).cloned() else { continue };
            self.storage.append(&Record::Entry { index, entry }, disk);
            has_written = true;
        }
        self.log.mark_saved();
        if has_written {
            disk.sync();
        }
    }

    /// Writes the whole state into a new segment, which begins with the log's snapshot.
    pub(super) fn persist_anew(&mut self, ctx: &mut Context<Self>) {
        let record = Record::Head {
            term: self.current_term,
            voted_for: self.voted_for,
            snapshot: self.log.snapshot().clone(),
            entries: self.log.entries_from(0, usize::MAX),
        };
        self.storage.begin_segment(&record, &mut ctx.disk());
        self.storage.saved = (self.current_term, self.voted_for);
        self.log.mark_saved();
        ctx.disk().sync();
    }
}

impl Storage {
    fn file(segment: u64) -> String {
        format!("raft-{segment:08}")
    }

    /// Adds a record at the end of the segment.
    fn append<C: Storable>(&mut self, record: &Record<C>, disk: &mut DiskAccess<'_>) {
        // A later step than the one that began this segment: it is durable, and the one before it is needed no more.
        if std::mem::take(&mut self.has_old) {
            disk.remove(&Storage::file(self.segment - 1));
        }
        let bytes = self.seal(record);
        disk.append(&Storage::file(self.segment), bytes);
    }

    fn begin_segment<C: Storable>(&mut self, head: &Record<C>, disk: &mut DiskAccess<'_>) {
        if std::mem::take(&mut self.has_old) {
            disk.remove(&Storage::file(self.segment - 1));
        }
        self.has_old = self.segment > 0;
        self.segment += 1;
        self.checksum = 0;
        let bytes = self.seal(head);
        disk.write(&Storage::file(self.segment), bytes);
    }

    /// The bytes of a record with their length and checksum.
    fn seal<C: Storable>(&mut self, record: &Record<C>) -> Vec<u8> {
        let record = record.to_bytes();
        self.checksum = checksum(self.checksum, &record);
        let mut bytes = Vec::with_capacity(record.len() + 16);
        (record.len() as u64).store(&mut bytes);
        self.checksum.store(&mut bytes);
        bytes.extend(record);
        bytes
    }

    /// Reads the newest segment that has a whole head, and removes all others.
    fn read<C: Storable>(&mut self, disk: &mut DiskAccess<'_>) -> Option<Recovered<C>> {
        let mut found = None;
        for file in disk.files().into_iter().rev() {
            let Some(segment) = file.strip_prefix("raft-").and_then(|number| number.parse().ok()) else {
                continue;
            };
            if found.is_none() {
                self.segment = segment;
                found = self.read_segment(&file, disk);
            }
            if found.is_none() || segment != self.segment {
                disk.remove(&file);
            }
        }
        found
    }

    /// The state that the records of `file` make, up to the first that does not fit.
    fn read_segment<C: Storable>(&mut self, file: &str, disk: &mut DiskAccess<'_>) -> Option<Recovered<C>> {
        let bytes = disk.read(file)?;
        let mut rest = &bytes[..];
        self.checksum = 0;
        let Record::Head { term, voted_for, snapshot, entries } = self.open(&mut rest)? else { return None };
        let mut recovered = Recovered { term, voted_for, log: Log::new(snapshot, entries) };
        let mut whole = rest;
        while let Some(record) = self.open(&mut rest) {
            match record {
                Record::Head { .. } => break,
                Record::Vote { term, voted_for } => (recovered.term, recovered.voted_for) = (term, voted_for),
                Record::Entry { index, entry } => {
                    recovered.log.truncate_from(index);
                    recovered.log.append(entry);
                }
            }
            whole = rest;
        }
        if !whole.is_empty() {
            // Nothing may be appended behind what cannot be read. Torn, this writing leaves the file as it was.
            disk.write(file, &bytes[..bytes.len() - whole.len()]);
        }
        recovered.log.mark_saved();
        self.saved = (recovered.term, recovered.voted_for);
        Some(recovered)
    }

    /// Takes the next record, if it is whole and follows the one before it.
    fn open<C: Storable>(&mut self, bytes: &mut &[u8]) -> Option<Record<C>> {
        let mut rest = *bytes;
        let (length, expected) = <(u64, u64)>::load(&mut rest)?;
        let (record, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        if checksum(self.checksum, record) != expected {
            return None;
        }
        let record = Record::from_bytes(record)?;
        self.checksum = expected;
        *bytes = rest;
        Some(record)
    }
}

/// FNV-1a over the checksum before and these bytes (Fowler, Noll and Vo).
fn checksum(before: u64, bytes: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325;
    before
        .to_le_bytes()
        .iter()
        .chain(bytes)
        .fold(start, |hash: u64, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

//! The distributed transaction log is what a node of a commit protocol keeps on its disk: its votes and decisions, record by record.
//!
//! - **Concept:** Distributed transaction log (DT log), write-ahead logging
//! - **Guarantees:** durability (safety): what a node has said after a record was appended, it still knows after a crash. Recovery by
//!   redo: records, data and locks are what they were, since they are made from the log, when a record is written and when it is read again.
//! - **Does not guarantee:** anything for what was said before the record was on the disk. That is the protocol's part, and the usual mistake.
//! - **Assumes:** a disk whose syncs do not lie, and that tears no write.
//! - **Source:** Bernstein, Hadzilacos and Goodman, "Concurrency Control and Recovery in Database Systems", 1987, sections 6.3 (redo) and 7.4
//!   (DT log); Gray and Reuter, "Transaction Processing", 1993, section 10.3
//! - **Differs:** every record is forced (synced) at once, where an abort's could wait. The log is never cut short: there are no checkpoints, and no
//!   record that says that a transaction may be forgotten.
//! - **Chapter:** 18
//!
//! ```text
//! disk      start t1 │ yes t1: x = 5 │ ─ ─ ─ crash ─ ─ ─ │ commit t1 │
//! memory                 x locked        (nothing)   x locked   x is 5     ← made from the records before
//! ```
//!
//! ```
//! use netsplit_algorithms::Storable;
//! use netsplit_algorithms::commit::transaction::{Decision, TransactionId, Writes};
//! use netsplit_algorithms::commit::transaction_log::{LogRecord, TransactionLog};
//! use netsplit_node::NodeId;
//!
//! let id = TransactionId { coordinator: NodeId(0), number: 1 };
//! let yes = LogRecord::Yes(id, [NodeId(1)].into(), Writes::from([("x".into(), 5.into())]));
//! let disk = [yes.to_bytes(), LogRecord::Decided(id, Decision::Commit).to_bytes()];
//!
//! let uncertain = TransactionLog::read(&disk[0]);
//! assert_eq!((uncertain.decision(id), uncertain.store().locked_by("x")), (None, Some(id)));
//! let committed = TransactionLog::read(&disk.concat());
//! assert_eq!((committed.decision(id), committed.store().read("x")), (Some(Decision::Commit), Some(&5.into())));
//! ```

use std::collections::{BTreeMap, BTreeSet};

use netsplit_node::{Context, Node, NodeId};

use crate::Storable;
use crate::commit::atomic_commitment::Record;
use crate::commit::transaction::{Decision, Store, TransactionId, Writes};

/// A record of the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LogRecord {
    /// This node has begun to ask these for votes, as coordinator.
    Start(TransactionId, BTreeSet<NodeId>),
    /// This node votes yes; with what it needs to ask the others and to commit later.
    Yes(TransactionId, BTreeSet<NodeId>, Writes),
    /// This node knows the decision.
    Decided(TransactionId, Decision),
}

/// The log, and what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TransactionLog {
    /// How many transactions this node has begun to coordinate.
    started: u64,
    records: BTreeMap<TransactionId, Record>,
    store: Store,
}

/// The log's file.
const FILE: &str = "log";

impl TransactionLog {
    /// The log on this node's disk.
    pub fn recover<N: Node>(ctx: &mut Context<N>) -> TransactionLog {
        TransactionLog::read(&ctx.disk().read(FILE).unwrap_or_default())
    }

    /// The log of these bytes.
    ///
    /// # Panics
    /// If they are no log, which crashes the node: it does not run on a damaged disk.
    pub fn read(mut bytes: &[u8]) -> TransactionLog {
        let mut log = TransactionLog::default();
        while !bytes.is_empty() {
            log.apply(
                LogRecord::load(&mut bytes).expect("the disk is whole: a node does not run on a damaged one"),
            );
        }
        log
    }

    /// Adds a record, and makes it durable before anything that this step asks for afterwards.
    pub fn append<N: Node>(&mut self, record: LogRecord, ctx: &mut Context<N>) {
        ctx.disk().append(FILE, record.to_bytes());
        ctx.disk().sync();
        self.apply(record);
    }

    /// What a record means.
    pub fn apply(&mut self, record: LogRecord) {
        match record {
            LogRecord::Start(id, participants) => {
                self.started = id.number;
                self.records.entry(id).or_default().participants = participants;
            }
            LogRecord::Yes(id, participants, writes) => {
                self.store.prepare(id, writes);
                let record = self.records.entry(id).or_default();
                (record.participants, record.voted_yes) = (participants, true);
            }
            LogRecord::Decided(id, decision) => {
                self.store.end(id, decision);
                self.records.entry(id).or_default().decision = Some(decision);
            }
        }
    }

    /// A name for the next transaction that this node coordinates, never used before.
    pub fn next_id(&self, coordinator: NodeId) -> TransactionId {
        TransactionId { coordinator, number: self.started + 1 }
    }

    /// What is known of each transaction.
    pub fn records(&self) -> &BTreeMap<TransactionId, Record> {
        &self.records
    }

    /// The data and the locks.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// How a transaction ends, if this node knows.
    pub fn decision(&self, id: TransactionId) -> Option<Decision> {
        self.records.get(&id).and_then(|record| record.decision)
    }

    /// The transactions of which this node does not know the decision.
    pub fn open(&self) -> BTreeSet<TransactionId> {
        self.records.iter().filter(|(_, record)| record.decision.is_none()).map(|(id, _)| *id).collect()
    }

    /// Those of them in which this node has voted yes.
    pub fn uncertain(&self) -> BTreeSet<TransactionId> {
        self.records.iter().filter(|(_, record)| record.is_uncertain()).map(|(id, _)| *id).collect()
    }
}

impl Storable for LogRecord {
    fn store(&self, bytes: &mut Vec<u8>) {
        match self {
            LogRecord::Start(id, participants) => {
                bytes.push(0);
                id.store(bytes);
                participants.store(bytes);
            }
            LogRecord::Yes(id, participants, writes) => {
                bytes.push(1);
                id.store(bytes);
                participants.store(bytes);
                writes.store(bytes);
            }
            LogRecord::Decided(id, decision) => {
                bytes.push(2);
                id.store(bytes);
                decision.store(bytes);
            }
        }
    }

    fn load(bytes: &mut &[u8]) -> Option<LogRecord> {
        let kind = u8::load(bytes)?;
        let id = TransactionId::load(bytes)?;
        match kind {
            0 => Some(LogRecord::Start(id, BTreeSet::load(bytes)?)),
            1 => Some(LogRecord::Yes(id, BTreeSet::load(bytes)?, Writes::load(bytes)?)),
            2 => Some(LogRecord::Decided(id, Decision::load(bytes)?)),
            _ => None,
        }
    }
}

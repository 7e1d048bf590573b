//! Primary-backup replication has one node, the primary, take all requests and ship them to its backups, and another take over when it fails.
//!
//! - **Concept:** Primary-backup (passive) replication, with epochs and fencing
//! - **Guarantees:** at most one primary per epoch (safety), whatever happens. With semi-synchronous or synchronous acknowledgement and
//!   promotion with consent: linearizability, and no acknowledged write is ever lost, although there may be several nodes that take themselves for the
//!   primary. Liveness: a request that reaches the primary ends once enough backups are up and connected to it.
//! - **Does not guarantee:** with asynchronous acknowledgement, that an acknowledged write survives a fail-over. With promotion alone, that
//!   there is one primary at a time: two may acknowledge different writes until they hear of each other, and one of them loses its own.
//! - **Assumes:** nobody forges a message. Messages may be lost, doubled, delayed and reordered; nodes crash and restart with the disk
//!   that they had, whose syncs do not lie. The members are the same for ever. A client's request arrives at most once.
//! - **Source:** Alsberg and Day, "A Principle for Resilient Sharing of Distributed Resources", ICSE 1976; Budhiraja, Marzullo,
//!   Schneider and Toueg, "The Primary-Backup Approach", in Mullender (ed.), "Distributed Systems", 1993, chapter 8; promotion with
//!   consent after Oki and Liskov, "Viewstamped Replication", PODC 1988, section 4; fencing tokens: Burrows, "The Chubby Lock Service", OSDI 2006,
//!   section 2.4 (sequencers)
//! - **Differs:** the primary of an epoch is the member whose turn it is, so nobody has to be elected. A new primary sends its whole log.
//!   Reads go through the log as writes do, since a primary cannot know by itself that it still is one; reads from backups are in
//!   `read_routing.rs`. Left out: leases, truncation of the log, members that join.
//! - **Chapter:** 09
//!
//! ```text
//!               put x = 1                 put x = 2
//! ann            │   ▲ stored              │     (no answer: one backup must have it)
//! n0 primary ────▼───┴─────── ▓ cut off ───▼─────────────────── healed ──▶ fenced: epoch 1 > 0, becomes a backup, drops x = 2
//!      epoch 0   ╲  ╱ ack     ▓                                   ▲
//! n1 backup ──────▼┴──────────── silence ─┬───▲── primary, epoch 1 ┴─────▶ x = 1
//!                                 consent?│   │ consent: epoch 1, and my log
//! n2 backup ──────▼───────────────────────▼───┴──────────────────────────▶ x = 1
//! ```
//!
//! A client is told "stored" when this many nodes have its write on their disks, of n:
//!
//! | acknowledgement | nodes | a new primary must hear from | costs |
//! |---|---|---|---|
//! | asynchronous | 1 | (nobody can help) | acknowledged writes, at a fail-over |
//! | semi-synchronous, k backups | k + 1 | n - k, and a majority | a round trip to the k fastest |
//! | synchronous | n | a majority | availability: one member that is down stops all requests, and a fail-over does not help |
//!
//! Whoever consents to an epoch refuses the primaries of lower ones from then on: its epoch is the fencing token. Since k + 1 and n - k nodes
//! have one in common, an old primary finds no k backups any more, and the new one has heard of all that the old one acknowledged.
//!
//! ```
//! use netsplit_algorithms::replication::primary_backup::{Acknowledgement, Config, PrimaryBackup, Promotion};
//! use netsplit_node::{ms, secs};
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let config = Config {
//!     acknowledgement: Acknowledgement::SemiSynchronous { backups: 1 },
//!     promotion: Promotion::WithConsent,
//!     heartbeat_every: ms(20),
//!     fail_over_after: ms(100),
//! };
//! let store = lab.cluster("store", 3, move |_id| PrimaryBackup::new(config));
//! store.client_of(0).put("x", 1);
//! lab.run_for(ms(50));
//! store.crash(0);
//! lab.run_for(secs(1));
//! let get = store.client_of(1).get("x");
//! lab.run_for(ms(50));
//! assert_eq!(format!("{get:?}"), "Ok(1)");
//! ```

use std::collections::BTreeMap;

use netsplit_node::{
    CallId, Context, Duration, Inspection, KeyValueRequest, KeyValueResponse, Node, NodeId, Service, Value,
};

use crate::Storable;

mod invariants;
mod log;
mod message;

pub use invariants::{EpochsOnlyGrow, NoAcknowledgedWriteLost, OnePrimaryPerEpoch};
use log::answer_at;
pub use log::{Entry, Epoch, Log, Lsn};
pub use message::Message;

/// What a cluster is told. All members must be told the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// When a client is answered.
    pub acknowledgement: Acknowledgement,
    /// What a backup needs to become the primary.
    pub promotion: Promotion,
    /// A primary sends something to each backup this often.
    pub heartbeat_every: Duration,
    /// A backup that has not heard from a primary for this time wants to take over, if it is the next in turn; twice as long if it is the
    /// one after, and so on.
    pub fail_over_after: Duration,
}

/// When a client is told that its request is done: once it is on the primary's disk and on that of ...
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Acknowledgement {
    /// ... nobody else. What the backups do not have yet is lost with the primary.
    Asynchronous,
    /// ... so many backups.
    SemiSynchronous {
        /// At least 1; more than there are counts as all of them.
        backups: usize,
    },
    /// ... every backup.
    Synchronous,
}

/// What a backup needs to become the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Promotion {
    /// Silence. It cannot tell a primary that has crashed from one that it does not hear.
    Alone,
    /// The consent of so many members that one of them has every acknowledged request, itself included; at least a majority.
    WithConsent,
}

/// What wakes a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Primary: the backups should hear something.
    Heartbeat,
    /// Backup: no primary was heard for too long. Candidate: not enough consents have come.
    Silence,
}

/// A member: primary, backup, or on the way from one to the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PrimaryBackup {
    config: Config,
    /// Persistent: the highest epoch that this node has consented to, or whose primary it has heard.
    ///
    /// Invariant: never decreases, and is on the disk before anybody is answered in it.
    epoch: Epoch,
    /// Persistent. Invariant: `log.epoch <= epoch`; equal, at its primary, exactly if that was promoted.
    log: Log,
    /// Volatile.
    role: Role,
    /// Volatile: how much of the log is known to be acknowledged, by this primary or by an earlier one.
    acknowledged: usize,
}

/// Whether an entry is among the acknowledged ones of a member's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Known {
    /// It is.
    Yes,
    /// Not yet, as far as this member knows.
    NotYet,
    /// It never will be: a primary has gone on without it. Only where an acknowledged write may be lost at all.
    Lost,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Role {
    Backup,
    /// Waiting for consents; its own is among them.
    Candidate {
        consents: BTreeMap<NodeId, Log>,
    },
    Primary {
        /// How much of the log each backup has.
        lengths: BTreeMap<NodeId, usize>,
        /// Who waits for the entry that ends at this position.
        clients: BTreeMap<usize, CallId>,
        /// How much of the log is acknowledged.
        acknowledged: usize,
    },
}

impl Node for PrimaryBackup {
    type Message = Message;
    type Timer = Timer;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recover(ctx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Replicate { epoch, start, entries, acknowledged } => {
                self.copy(from, epoch, start, entries, ctx);
                self.learn_acknowledged(epoch, acknowledged);
            }
            Message::Ack { epoch, length } => self.collect_ack(from, epoch, length, ctx),
            Message::Fenced { epoch } => self.retire(epoch, ctx),
            Message::ConsentRequest { epoch } => self.answer_consent_request(from, epoch, ctx),
            Message::Consent { epoch, log } => self.collect_consent(from, epoch, log, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::Heartbeat => self.replicate(ctx),
            Timer::Silence => self.take_over(ctx),
        }
    }

    /// The role, the epoch, how long the log is, and what is in it.
    fn inspect(&self) -> Inspection {
        let role = match &self.role {
            Role::Backup => "backup",
            Role::Candidate { .. } => "candidate",
            Role::Primary { .. } => "primary",
        };
        let mut shown =
            Inspection::new().role(role).field("epoch", self.epoch).field("log", self.log.entries.len());
        if let Role::Primary { acknowledged, .. } = &self.role {
            shown = shown.field("acknowledged", acknowledged);
        }
        self.data().into_iter().fold(shown, |shown, (key, value)| shown.field(key, value))
    }
}

impl Service for PrimaryBackup {
    type Request = KeyValueRequest;
    type Response = KeyValueResponse;

    fn on_request(&mut self, call: CallId, request: KeyValueRequest, ctx: &mut Context<Self>) {
        match &mut self.role {
            Role::Primary { clients, .. } => {
                clients.insert(self.log.entries.len() + 1, call);
                self.append(request, ctx);
            }
            Role::Backup | Role::Candidate { .. } => {
                ctx.refuse(
                    call,
                    format!(
                        "not the primary; of epoch {} that is {}",
                        self.epoch,
                        primary_of(self.epoch, ctx)
                    ),
                );
            }
        }
    }
}

impl PrimaryBackup {
    /// A member of a cluster that was told `config`. The first member begins as the primary.
    pub fn new(config: Config) -> PrimaryBackup {
        PrimaryBackup { config, epoch: 0, log: Log::default(), role: Role::Backup, acknowledged: 0 }
    }

    /// Whether this node takes itself for the primary.
    pub fn is_primary(&self) -> bool {
        matches!(self.role, Role::Primary { .. })
    }

    /// The highest epoch that this node knows.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// This node's log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// What the whole log has written, acknowledged or not.
    pub fn data(&self) -> BTreeMap<&str, &Value> {
        let puts = self.log.entries.iter().filter_map(|entry| match &entry.request {
            KeyValueRequest::Put { key, value } => Some((key.as_str(), value)),
            KeyValueRequest::Get { .. } => None,
        });
        puts.collect()
    }

    // For those who own a member and ask it without a call (`replication/read_routing.rs`).

    /// Takes a request if this node takes itself for the primary, and tells its place; whether it is acknowledged shows later.
    pub fn propose(&mut self, request: KeyValueRequest, ctx: &mut Context<Self>) -> Option<Lsn> {
        if !self.is_primary() {
            return None;
        }
        let position = self.log.entries.len() + 1;
        self.append(request, ctx);
        Some(self.log.place(position))
    }

    /// Up to where this node knows its log to be acknowledged.
    pub fn acknowledged(&self) -> Lsn {
        self.log.place(self.acknowledged)
    }

    /// Whether the entry that ends at `place` is acknowledged, as far as this node knows.
    pub fn knows(&self, place: Lsn) -> Known {
        if place > self.acknowledged() {
            return Known::NotYet;
        }
        // Of a later place than this entry's, every copy has the entry, or another in its place.
        let position = place.position as usize;
        let is_there = position <= self.acknowledged && self.log.place(position) == place;
        if is_there { Known::Yes } else { Known::Lost }
    }

    /// The primary of this node's epoch.
    pub fn primary(&self, ctx: &Context<Self>) -> NodeId {
        primary_of(self.epoch, ctx)
    }

    // Primary.

    /// Takes a request: into the own log first, then to the backups.
    fn append(&mut self, request: KeyValueRequest, ctx: &mut Context<Self>) {
        let entry = Entry { epoch: self.epoch, request };
        ctx.disk().append("log", entry.to_bytes());
        ctx.disk().sync();
        self.log.entries.push(entry);
        self.replicate(ctx);
        self.acknowledge(ctx);
    }

    /// Sends each backup what it lacks, or a heartbeat.
    fn replicate(&mut self, ctx: &mut Context<Self>) {
        let needed = self.backups_needed(ctx);
        let Role::Primary { lengths, acknowledged, .. } = &self.role else { return };
        // Where no backup is waited for, what is sent is as good as acknowledged.
        let acknowledged = if needed == 0 { self.log.entries.len() } else { *acknowledged };
        for backup in ctx.peers() {
            let start = lengths.get(&backup).copied().unwrap_or(0);
            let entries = self.log.entries[start..].to_vec();
            ctx.send(backup, Message::Replicate { epoch: self.epoch, start, entries, acknowledged });
        }
        ctx.set_timer(self.config.heartbeat_every, Timer::Heartbeat);
    }

    fn collect_ack(&mut self, from: NodeId, epoch: Epoch, length: usize, ctx: &mut Context<Self>) {
        let Role::Primary { lengths, .. } = &mut self.role else { return };
        if epoch == self.epoch {
            let known = lengths.entry(from).or_default();
            *known = length.max(*known);
            self.acknowledge(ctx);
        }
    }

    /// Answers the clients of all that enough backups have.
    fn acknowledge(&mut self, ctx: &mut Context<Self>) {
        let backups = self.backups_needed(ctx);
        let Role::Primary { lengths, clients, acknowledged } = &mut self.role else { return };
        let mut longest_first: Vec<usize> = lengths.values().copied().collect();
        longest_first.sort_unstable_by(|a, b| b.cmp(a));
        // As much as the last of the `backups` fastest has.
        let enough = match backups {
            0 => self.log.entries.len(),
            _ => longest_first.get(backups - 1).copied().unwrap_or(0),
        };
        *acknowledged = enough.max(*acknowledged);
        self.acknowledged = self.acknowledged.max(*acknowledged);
        let waiting = clients.split_off(&(*acknowledged + 1));
        for (position, call) in std::mem::replace(clients, waiting) {
            ctx.reply(call, answer_at(&self.log, position));
        }
    }

    /// There is a newer epoch: whatever this node was, it is a backup of the newer primary now. Its clients will not be answered, since what
    /// becomes of their requests is for others to say.
    fn retire(&mut self, epoch: Epoch, ctx: &mut Context<Self>) {
        if epoch > self.epoch {
            self.epoch = epoch;
            self.persist_epoch(ctx);
            self.role = Role::Backup;
            ctx.cancel_timer(&Timer::Heartbeat);
            self.await_primary(ctx);
        }
    }

    // Backup.

    /// Copies what the primary sends, unless it is a primary of the past: that one is fenced off.
    fn copy(
        &mut self,
        from: NodeId,
        epoch: Epoch,
        start: usize,
        entries: Vec<Entry>,
        ctx: &mut Context<Self>,
    ) {
        if epoch < self.epoch {
            return ctx.send(from, Message::Fenced { epoch: self.epoch });
        }
        self.retire(epoch, ctx);
        self.await_primary(ctx);
        if self.log.epoch != epoch && start == 0 {
            // The first of a new epoch: its log replaces this one, what was never acknowledged included.
            self.replace_log(Log { epoch, entries }, ctx);
        } else if self.log.epoch == epoch && start <= self.log.entries.len() {
            // Within an epoch the primary's log only grows, so what both have is equal.
            let known = self.log.entries.len() - start;
            let new: Vec<Entry> = entries.into_iter().skip(known).collect();
            if !new.is_empty() {
                ctx.disk().append("log", new.iter().flat_map(Entry::to_bytes).collect::<Vec<u8>>());
                ctx.disk().sync();
                self.log.entries.extend(new);
            }
        }
        if self.log.epoch == epoch {
            ctx.send(from, Message::Ack { epoch, length: self.log.entries.len() });
        }
    }

    /// The primary has told how much of its log is acknowledged. What an earlier one has acknowledged still is: this one's log has it too.
    fn learn_acknowledged(&mut self, epoch: Epoch, acknowledged: usize) {
        if epoch == self.log.epoch {
            self.acknowledged = self.acknowledged.max(acknowledged).min(self.log.entries.len());
        }
    }

    /// Waits for a primary; the next in turn waits shortest, so that backups do not get into each other's way.
    fn await_primary(&mut self, ctx: &mut Context<Self>) {
        let turns = (self.next_own_epoch(ctx) - self.epoch) as i64;
        ctx.set_timer(self.config.fail_over_after * turns, Timer::Silence);
    }

    /// Consents to a newer epoch, once it is on the disk; in an epoch that it knows, only says again what it has said.
    fn answer_consent_request(&mut self, from: NodeId, epoch: Epoch, ctx: &mut Context<Self>) {
        if epoch < self.epoch {
            return ctx.send(from, Message::Fenced { epoch: self.epoch });
        }
        self.retire(epoch, ctx);
        ctx.send(from, Message::Consent { epoch, log: self.log.clone() });
    }

    // From backup to primary.

    /// No primary is heard: begins the next epoch that is this node's turn, or asks for it again.
    fn take_over(&mut self, ctx: &mut Context<Self>) {
        if self.is_primary() {
            return;
        }
        if self.role == Role::Backup {
            self.epoch = self.next_own_epoch(ctx);
            self.persist_epoch(ctx);
            self.role = Role::Candidate { consents: BTreeMap::new() };
        }
        match self.config.promotion {
            Promotion::Alone => self.promote(self.log.clone(), ctx),
            Promotion::WithConsent => {
                ctx.broadcast(Message::ConsentRequest { epoch: self.epoch });
                ctx.set_timer(self.config.fail_over_after, Timer::Silence);
                self.collect_consent(ctx.id(), self.epoch, self.log.clone(), ctx);
            }
        }
    }

    /// One more consent; with enough of them, the newest log among them has all that was acknowledged.
    fn collect_consent(&mut self, from: NodeId, epoch: Epoch, log: Log, ctx: &mut Context<Self>) {
        let needed = self.consents_needed(ctx);
        let Role::Candidate { consents } = &mut self.role else { return };
        if epoch != self.epoch {
            return;
        }
        consents.insert(from, log);
        if consents.len() >= needed {
            let newest = consents.values().max_by_key(|log| (log.epoch, log.entries.len())).cloned();
            self.promote(newest.expect("at least its own"), ctx);
        }
    }

    /// Becomes the primary of its epoch, with this log.
    fn promote(&mut self, log: Log, ctx: &mut Context<Self>) {
        self.replace_log(Log { epoch: self.epoch, ..log }, ctx);
        self.serve(ctx);
    }

    fn serve(&mut self, ctx: &mut Context<Self>) {
        self.role = Role::Primary { lengths: BTreeMap::new(), clients: BTreeMap::new(), acknowledged: 0 };
        ctx.cancel_timer(&Timer::Silence);
        self.replicate(ctx);
    }

    /// How many backups must have an entry before its client is answered: the k of the essay.
    fn backups_needed(&self, ctx: &Context<Self>) -> usize {
        match self.config.acknowledgement {
            Acknowledgement::Asynchronous => 0,
            Acknowledgement::SemiSynchronous { backups } => backups.clamp(1, ctx.peers().len()),
            Acknowledgement::Synchronous => ctx.peers().len(),
        }
    }

    /// How many members must consent: n - k, and a majority, so that two candidates do not both find enough.
    fn consents_needed(&self, ctx: &Context<Self>) -> usize {
        let members = ctx.peers().len() + 1;
        (members - self.backups_needed(ctx)).max(members / 2 + 1)
    }

    /// The lowest epoch above the present one whose primary this node is.
    fn next_own_epoch(&self, ctx: &Context<Self>) -> Epoch {
        let mut epoch = self.epoch + 1;
        while primary_of(epoch, ctx) != ctx.id() {
            epoch += 1;
        }
        epoch
    }

    // The disk.

    fn persist_epoch(&self, ctx: &mut Context<Self>) {
        ctx.disk().write("epochs", (self.epoch, self.log.epoch).to_bytes());
        ctx.disk().sync();
    }

    fn replace_log(&mut self, log: Log, ctx: &mut Context<Self>) {
        ctx.disk().write("log", log.entries.iter().flat_map(Entry::to_bytes).collect::<Vec<u8>>());
        self.acknowledged = self.acknowledged.min(log.entries.len());
        self.log = log;
        self.persist_epoch(ctx);
    }

    /// After a crash, and at the beginning. A primary goes on if nobody has taken over meanwhile that it knows of: it has on its disk all that it
    /// has sent. A candidate does not: its log is of an earlier epoch.
    fn recover(&mut self, ctx: &mut Context<Self>) {
        const WHOLE: &str = "the disk is whole: a node does not run on a damaged one";
        if let Some(epochs) = ctx.disk().read("epochs") {
            (self.epoch, self.log.epoch) = Storable::from_bytes(&epochs).expect(WHOLE);
        }
        let log = ctx.disk().read("log").unwrap_or_default();
        let mut rest = &log[..];
        while !rest.is_empty() {
            self.log.entries.push(Entry::load(&mut rest).expect(WHOLE));
        }
        if primary_of(self.epoch, ctx) == ctx.id() && self.log.epoch == self.epoch {
            self.serve(ctx);
        } else {
            self.await_primary(ctx);
        }
    }
}

/// Whose turn `epoch` is.
fn primary_of(epoch: Epoch, ctx: &Context<PrimaryBackup>) -> NodeId {
    let mut members: Vec<NodeId> = ctx.peers().chain([ctx.id()]).collect();
    members.sort_unstable();
    members[(epoch % members.len() as u64) as usize]
}

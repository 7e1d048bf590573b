//! Raft keeps a log equal on several servers: one elected leader orders all commands, and an entry that a majority has is never lost.
//!
//! - **Concept:** Raft
//! - **Guarantees:** Election Safety, Leader Append-Only, Log Matching, Leader Completeness and State Machine Safety (Figure 3), whatever
//!   messages and clocks do. Linearizability of commands and of reads; exactly one effect per command with client sessions. Progress
//!   (liveness) while a majority is up, talks, and has timing with broadcast time << election timeout << time between failures.
//! - **Does not guarantee:** progress in an asynchronous network, which nothing can (Fischer, Lynch and Paterson, 1985), nor on the smaller
//!   side of a partition. Without sessions, a request that is sent twice may take effect twice. Lease reads need clocks that drift less than they say.
//! - **Assumes:** crash-recovery: servers stop and restart, none lies; messages may be lost, delayed, doubled and reordered, not forged. A sync
//!   that ended is kept; of what was not synced, a crash may tear and reorder whatever it likes. Bits that rot in what was synced are noticed as
//!   the log's end, which is not safe.
//! - **Source:** Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX ATC 2014, extended version (sections and
//!   figures are its own); Ongaro, "Consensus: Bridging Theory and Practice", dissertation, 2014, chapters 4, 6 and 9
//! - **Differs:** servers that are asked pass requests on to the leader instead of rejecting them (`clients.rs` says why). `AppendEntriesReply`
//!   tells where the logs part (end of section 5.3), and the leader sends on without waiting for replies. Left out: leadership transfer
//!   (dissertation 3.10), several commands per sync, sending before the leader's own sync has ended (10.2).
//! - **Chapter:** 11
//!
//! ```text
//! ann        put x = 1 ─┐                                   ┌─▶ stored
//! server 0 ─────────────▼─log, sync─┬──────────▲────────────┴─commit, apply────┬──────▶  leader of term 1
//!                                    ╲ append  ╱ have it                        ╲ nothing new, committed up to 2
//! server 1 ───────────────────────────▼─sync─┴───────────────────────────────────▼─apply─▶
//! server 2 ──────────────────────────── (down) ─────────────────────────────────────────▶  gets it when it is back
//! ```
//!
//! | section | what it tells | file |
//! |---|---|---|
//! | 2 | what is replicated | `state_machine.rs` |
//! | 5.1, 5.2, 5.4.1, dissertation 9.6, 6.2 | terms, votes, who may lead; pre-vote; leaders that notice that they are alone | `election.rs` |
//! | 5.3 | entries on their way, and how logs are made equal | `log.rs`, `replication.rs` |
//! | 5.4.2 | when an entry is committed, and why counting old ones is not enough | `commitment.rs` |
//! | 5.1, Figure 2 | what must be on the disk, and when | `persistence.rs` |
//! | 6, dissertation 4 | other members, one by one or by joint consensus | `membership.rs` |
//! | 7 | snapshots | `snapshots.rs` |
//! | 8, dissertation 6.2 | how clients are served | `clients.rs` |
//! | dissertation 6.3 | exactly once | `sessions.rs` |
//! | dissertation 6.4 | reads without the log | `reads.rs` |
//! | Figure 3 | what must hold at every moment | `invariants.rs` |
//!
//! ```
//! use netsplit_algorithms::consensus::raft::{Config, KeyValueStore, Raft};
//! use netsplit_node::{KeyValueResponse, Outcome, secs};
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let raft = lab.cluster("raft", 3, |_id| Raft::<KeyValueStore>::new(Config::paper()));
//! let ann = raft.client_of(0);
//! let put = ann.put("x", 1);                                            // before there is a leader: it is kept until there is one
//! lab.run_for(secs(1));
//! assert_eq!(put.outcome(), Some(Outcome::Ok(KeyValueResponse::Stored)));
//!
//! let leader = (0..3).find(|&index| raft.node(index).is_leader()).expect("a second is enough");
//! raft.crash(leader);
//! lab.run_for(secs(1));
//! let get = raft.client_of((leader + 1) % 3).get("x");
//! lab.run_for(secs(1));
//! assert_eq!(get.outcome(), Some(Outcome::Ok(KeyValueResponse::Value(Some(1.into())))));
//! ```

mod clients;
mod commitment;
mod election;
mod invariants;
mod log;
mod membership;
mod message;
mod persistence;
mod reads;
mod replication;
mod sessions;
mod snapshots;
mod state_machine;

use std::collections::{BTreeMap, BTreeSet};

use netsplit_node::{CallId, Context, Duration, Inspection, Node, NodeId, Service, Time, ms};

pub use clients::Origin;
pub use invariants::{ElectionSafety, LeaderAppendOnly, LeaderCompleteness, LogMatching, StateMachineSafety};
pub use log::{Entry, Index, Log, Payload, Term};
pub use membership::{Change, Configuration, Refusal};
pub use message::{
    AppendEntries, AppendEntriesReply, Appended, Ballot, InstallSnapshot, InstallSnapshotReply, Message,
    RequestVote, RequestVoteReply,
};
pub use replication::{Leadership, Progress};
pub use sessions::{ClientId, MOST_SESSIONS, SessionRequest, SessionResponse, Sessions};
pub use snapshots::Snapshot;
pub use state_machine::{CommandKind, KeyValueStore, StateMachine};

use persistence::Storage;
use snapshots::Incoming;

/// What a cluster's operator chooses. All servers of a cluster should have the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Who the servers are before any change: what a server takes for the membership when it starts with an empty disk.
    pub first_members: FirstMembers,
    /// How long a follower waits for its leader before it stands for election, drawn anew each time (section 5.2).
    pub election_timeout: Between,
    /// How often a leader lets hear from itself. Must be well below the shortest election timeout.
    pub heartbeat_interval: Duration,
    /// Whether a server asks first if it could win, before it disturbs the others with a new term (dissertation 9.6).
    pub pre_vote: PreVote,
    /// Whether a leader that hears from no majority steps down, and servers that hear from a leader ignore candidates.
    pub check_quorum: CheckQuorum,
    /// How reads are served.
    pub reads: Reads,
    /// When the log is compacted (section 7).
    pub compaction: Compaction,
    /// The most entries in one message; at least 1.
    pub entries_per_message: usize,
    /// The most bytes of a snapshot in one message; at least 1.
    pub snapshot_bytes_per_message: usize,
}

/// Who the servers are when a server starts for the first time. Later it is what the log says (section 6).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FirstMembers {
    /// All nodes that the cluster has at that moment.
    Cluster,
    /// These. Needed where nodes join later: a newcomer must not take itself for a member.
    These(BTreeSet<NodeId>),
}

/// A range of durations, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Between {
    /// The shortest.
    pub least: Duration,
    /// The longest. Equal to the shortest, all servers stand for election at the same moment, again and again.
    pub most: Duration,
}

/// Whether a server asks before it starts an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PreVote {
    /// An election begins at once: a server that comes back after a partition deposes a good leader by its higher term.
    Off,
    /// A new term begins only if a majority would vote for this server.
    On,
}

/// Whether leaders and followers watch that the leader has a majority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckQuorum {
    /// A leader that is cut off leads on, alone, until it hears of a higher term.
    Off,
    /// It steps down after an election timeout without a majority (dissertation 6.2), and no server votes within the shortest election
    /// timeout of hearing from a leader (section 6, last problem; dissertation 4.2.3).
    On,
}

/// How reads are served. All three are linearizable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reads {
    /// Like writes: a round of messages, and an entry in the log.
    ThroughLog,
    /// The leader asks a majority whether it still leads, and answers from its state machine: a round of messages (dissertation 6.4).
    ReadIndex,
    /// The leader answers at once while a majority has promised not to vote for another: no message, but clocks must be good
    /// (dissertation 6.4.1). Needs [`CheckQuorum::On`], which is the promise.
    Lease {
        /// No clock gains or loses more than this, in millionths.
        drift_ppm: u32,
    },
}

/// When a server replaces the beginning of its log by a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compaction {
    /// Never: the log grows for ever.
    Never,
    /// When so many entries were applied since the last one.
    Every(u64),
}

impl Config {
    /// As the paper's evaluation has it (section 9.3): 150 to 300 ms, and none of the dissertation's extensions.
    pub fn paper() -> Config {
        Config {
            first_members: FirstMembers::Cluster,
            election_timeout: Between { least: ms(150), most: ms(300) },
            heartbeat_interval: ms(50),
            pre_vote: PreVote::Off,
            check_quorum: CheckQuorum::Off,
            reads: Reads::ReadIndex,
            compaction: Compaction::Every(1_000),
            entries_per_message: 64,
            snapshot_bytes_per_message: 64 * 1024,
        }
    }

    /// As etcd has it by default: a heartbeat every 100 ms, elections after 1 to 2 s, with pre-vote and check-quorum.
    pub fn etcd() -> Config {
        Config {
            election_timeout: Between { least: ms(1_000), most: ms(2_000) },
            heartbeat_interval: ms(100),
            pre_vote: PreVote::On,
            check_quorum: CheckQuorum::On,
            compaction: Compaction::Every(10_000),
            ..Config::paper()
        }
    }

    fn validate(&self) {
        let Between { least, most } = self.election_timeout;
        assert!(
            Duration::ZERO < self.heartbeat_interval && self.heartbeat_interval < least && least <= most,
            "heartbeats every {} and elections after {least} to {most}: expected 0 < heartbeat < shortest <= longest",
            self.heartbeat_interval
        );
        assert!(
            self.entries_per_message > 0 && self.snapshot_bytes_per_message > 0,
            "messages of {} entries and {} bytes of snapshot: expected room for at least one",
            self.entries_per_message,
            self.snapshot_bytes_per_message
        );
        assert!(
            !matches!(self.reads, Reads::Lease { .. }) || self.check_quorum == CheckQuorum::On,
            "a lease is a promise of the followers not to vote: lease reads need CheckQuorum::On"
        );
    }
}

/// What a server wakes itself with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// No leader was heard of for an election timeout.
    Election,
    /// A leader lets hear from itself.
    Heartbeat,
    /// A leader looks whether it heard from a majority.
    CheckQuorum,
    /// What the last step wrote is on the disk. Only for a server that is a majority by itself: others learn it from replies.
    Written,
}

/// What a server is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Answers to leaders and candidates.
    Follower,
    /// Asks whether it could win an election (dissertation 9.6).
    PreCandidate {
        /// Who would vote for it, itself included.
        votes: BTreeSet<NodeId>,
    },
    /// Stands for election.
    Candidate {
        /// Who voted for it, itself included.
        votes: BTreeSet<NodeId>,
    },
    /// Handles all requests of clients.
    Leader(Leadership),
}

/// A server of a replicated state machine `M`. The three groups of fields are Figure 2's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Raft<M: StateMachine> {
    config: Config,
    me: NodeId,

    // Persistent state: on the disk before anybody is told of it.
    /// The latest term that this server has seen. `currentTerm`
    /// Invariant: never decreases, over restarts too.
    current_term: Term,
    /// Who got this server's vote in the current term. `votedFor`
    /// Invariant: within a term it changes once, from nobody to somebody, over restarts too.
    voted_for: Option<NodeId>,
    /// The entries, with the snapshot that stands for the first of them. `log[]`
    log: Log<M::Command>,
    storage: Storage,

    // Volatile state on all servers.
    /// The highest entry known to be committed. `commitIndex`
    /// Invariant: never decreases while the server is up.
    commit_index: Index,
    /// The highest entry applied to the state machine. `lastApplied`
    /// Invariant: at most `commit_index`.
    last_applied: Index,
    machine: M,
    /// The newest configuration in the log, committed or not, and its index (section 6).
    configuration: (Index, Configuration),
    role: Role,
    /// Who leads the current term, as far as this server knows.
    leader: Option<NodeId>,
    /// When this server last heard from a leader of its term, or started, by its oscillator.
    heard_from_leader: Time,
    /// A snapshot that is arriving.
    incoming: Option<Incoming>,
    /// Calls of clients of this server that wait until a leader is known.
    waiting: Vec<(CallId, M::Command)>,
    /// Who is to be told when the entry at an index, if it is of this term, is applied.
    promised: BTreeMap<Index, (Term, Origin)>,
    /// Reads that this leader has not answered yet.
    reads: Vec<reads::PendingRead<M::Command>>,
}

impl<M: StateMachine> Raft<M> {
    /// A server that has not started.
    ///
    /// # Panics
    /// If the configuration cannot work; the sentence says what of it.
    #[track_caller]
    pub fn new(config: Config) -> Raft<M> {
        config.validate();
        let nobody = Configuration::Simple(BTreeSet::new());
        Raft {
            config,
            me: NodeId(0),
            current_term: 0,
            voted_for: None,
            log: Log::new(Snapshot::before_everything(nobody.clone()), Vec::new()),
            storage: Storage::default(),
            commit_index: 0,
            last_applied: 0,
            machine: M::default(),
            configuration: (0, nobody),
            role: Role::Follower,
            leader: None,
            heard_from_leader: Time::ZERO,
            incoming: None,
            waiting: Vec::new(),
            promised: BTreeMap::new(),
            reads: Vec::new(),
        }
    }

    /// What it is at this moment.
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// Whether it takes itself for the leader.
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// Who leads its term, as far as it knows.
    pub fn leader(&self) -> Option<NodeId> {
        self.leader
    }

    /// The latest term that it has seen.
    pub fn current_term(&self) -> Term {
        self.current_term
    }

    /// Who got its vote in this term.
    pub fn voted_for(&self) -> Option<NodeId> {
        self.voted_for
    }

    /// Its log.
    pub fn log(&self) -> &Log<M::Command> {
        &self.log
    }

    /// The highest entry that it knows to be committed.
    pub fn commit_index(&self) -> Index {
        self.commit_index
    }

    /// The highest entry that it has applied.
    pub fn last_applied(&self) -> Index {
        self.last_applied
    }

    /// Its copy of the state machine.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The membership that it goes by: the newest in its log, committed or not.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration.1
    }
}

impl<M: StateMachine> Node for Raft<M> {
    type Message = Message<M>;
    type Timer = Timer;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recover(ctx);
    }

    fn on_message(&mut self, from: NodeId, message: Message<M>, ctx: &mut Context<Self>) {
        if self.is_disruptive(&message, ctx) {
            return;
        }
        // "If one server's current term is smaller than the other's, then it updates its current term to the larger value" (5.1).
        if message.term().is_some_and(|term| term > self.current_term) {
            self.become_follower(message.term().unwrap_or_default(), ctx);
        }
        match message {
            Message::RequestVote(request) => self.handle_request_vote(from, request, ctx),
            Message::RequestVoteReply(reply) => self.handle_request_vote_reply(from, reply, ctx),
            Message::AppendEntries(request) => self.handle_append_entries(from, request, ctx),
            Message::AppendEntriesReply(reply) => self.handle_append_entries_reply(from, reply, ctx),
            Message::InstallSnapshot(request) => self.handle_install_snapshot(from, request, ctx),
            Message::InstallSnapshotReply(reply) => self.handle_install_snapshot_reply(from, reply, ctx),
            Message::Forward { call, command } => self.handle_forward(from, call, command, ctx),
            Message::Answer { call, response } => ctx.reply(call, response),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::Election => self.election_timeout_elapses(ctx),
            Timer::Heartbeat => self.send_heartbeats(ctx),
            Timer::CheckQuorum => self.check_quorum(ctx),
            Timer::Written => self.count_own_writing(ctx),
        }
    }

    /// Role, the names of Figure 2, the membership, and the log with the term of each entry.
    fn inspect(&self) -> Inspection {
        let role = match &self.role {
            Role::Follower => "follower",
            Role::PreCandidate { .. } => "pre-candidate",
            Role::Candidate { .. } => "candidate",
            Role::Leader(_) => "leader",
        };
        let voted_for = self.voted_for.map_or("nobody".to_owned(), |id| id.to_string());
        Inspection::new()
            .role(role)
            .field("term", self.current_term)
            .field("votedFor", format_args!("{voted_for}"))
            .field("commitIndex", self.commit_index)
            .field("lastApplied", self.last_applied)
            .field("members", format_args!("{}", self.configuration.1))
            .field("log", &self.log)
    }

    fn message_size(message: &Message<M>) -> usize {
        message.size()
    }
}

impl<M: StateMachine> Service for Raft<M> {
    type Request = M::Command;
    type Response = M::Response;

    fn on_request(&mut self, call: CallId, command: M::Command, ctx: &mut Context<Self>) {
        self.handle_client_request(call, command, ctx);
    }
}

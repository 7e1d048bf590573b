//! Two-phase commit has a coordinator ask all participants of a transaction whether they can commit, and tell all of them to if all can.
//!
//! - **Concept:** Two-phase commit (2PC)
//! - **Guarantees:** AC1 to AC3 (safety): all nodes decide the same, for good, and commit only if every participant voted yes, whatever the
//!   network does and whoever crashes. AC4: without failures, a transaction that all vote for commits. AC5 (liveness): once all nodes are up
//!   and connected, every transaction ends.
//! - **Does not guarantee:** that it does not block: a participant that has voted yes and does not hear from the coordinator must wait, and
//!   keeps its locks, for as long as the coordinator is down. No protocol can do better where messages may be lost. That other clients see
//!   all writes of a transaction at once: that takes reads that respect the locks.
//! - **Assumes:** nobody forges a message. Messages may be lost, doubled, delayed and reordered; nodes crash and restart with the log
//!   that they had, whose syncs do not lie. A client's request arrives at most once.
//! - **Source:** Bernstein, Hadzilacos and Goodman, "Concurrency Control and Recovery in Database Systems", 1987, section 7.4 (protocol,
//!   cooperative termination, recovery by the distributed transaction log); Gray, "Notes on Data Base Operating Systems", 1978
//! - **Differs:** any node coordinates the transactions of its own clients, and may be a participant as well. Participants ask again and again, since
//!   messages are lost. Left out: forgetting of old log records (which needs acknowledgements), and the variants that save
//!   records and messages (presumed abort and presumed commit: Mohan, Lindsay and Obermarck, 1986).
//! - **Chapter:** 18
//!
//! ```text
//!                  phase 1: can you?                phase 2: do it
//! coordinator ─┬─────────────▲───────▲──── log: commit ─┬───────────────────▶ client: committed
//!  log: start  │ vote request│ yes   │ yes              │ commit
//! n1 ──────────▼── log: yes ─┴───────│──────────────────▼── log: commit ─────
//! n2 ──────────▼── log: yes ─────────┴──────────────────▼── log: commit ─────
//!                  └─── uncertain: may neither commit nor abort alone ───┘
//! ```
//!
//! What is in the log decides what a node does after a crash:
//!
//! | the last record of a transaction | the node |
//! |---|---|
//! | start | is its coordinator and told nobody to commit: decides abort |
//! | yes | is uncertain: locks the keys again, and asks until it hears the decision |
//! | commit or abort | knows; tells whoever asks |
//! | none | never voted yes: may abort, if it is asked |
//!
//! ```
//! use netsplit_algorithms::commit::transaction::Transaction;
//! use netsplit_algorithms::commit::two_phase_commit::{Config, Termination, TwoPhaseCommit};
//! use netsplit_node::{ms, secs};
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let config = Config { vote_timeout: ms(100), inquire_every: ms(200), termination: Termination::Cooperative };
//! let banks = lab.cluster("bank", 3, move |_id| TwoPhaseCommit::new(config));
//! let transfer = Transaction::new().write(banks.id(1), "ann", 50).write(banks.id(2), "bob", 150);
//! let call = banks.client_of(0).call(transfer);
//! lab.run_for(secs(1));
//! assert_eq!(format!("{call:?}"), "Ok(committed)");
//! assert_eq!(banks.node(2).store().read("bob"), Some(&150.into()));
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use netsplit_node::{CallId, Context, Duration, Inspection, Node, NodeId, Service};

use crate::commit::atomic_commitment::{Committer, Record};
use crate::commit::transaction::{
    Committed, Decision, Store, Transaction, TransactionId, Vote, Writes, in_names, in_words, others,
};
use crate::commit::transaction_log::{LogRecord, TransactionLog};

/// What a node is told. Members may be told different things: only progress depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// A coordinator that has not heard all votes after this time decides abort.
    pub vote_timeout: Duration,
    /// A participant that is uncertain asks for the decision after this time, and again.
    pub inquire_every: Duration,
    /// Whom it asks.
    pub termination: Termination,
}

/// Whom an uncertain participant asks for the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Termination {
    /// The coordinator alone.
    AskCoordinator,
    /// The other participants as well: one that knows the decision tells it, and one that has not voted yet can decide abort. If all are
    /// uncertain, they still have to wait for the coordinator.
    Cooperative,
}

/// What nodes send each other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// Coordinator to participant: can you commit this?
    VoteRequest {
        /// The transaction.
        id: TransactionId,
        /// All who are asked, so that they can ask each other.
        participants: BTreeSet<NodeId>,
        /// What the receiver is to write.
        writes: Writes,
    },
    /// Participant to coordinator: yes or no.
    Vote {
        /// The transaction.
        id: TransactionId,
        /// The vote.
        vote: Vote,
    },
    /// Whoever knows it: this is the decision.
    Decided {
        /// The transaction.
        id: TransactionId,
        /// How it ends.
        decision: Decision,
    },
    /// An uncertain participant: what was decided?
    DecisionRequest {
        /// The transaction.
        id: TransactionId,
    },
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::VoteRequest { id, writes, .. } => write!(f, "vote request {id:?}: {}", in_words(writes)),
            Message::Vote { id, vote } => write!(f, "{vote:?} {id:?}"),
            Message::Decided { id, decision } => write!(f, "{decision:?} {id:?}"),
            Message::DecisionRequest { id } => write!(f, "decision? {id:?}"),
        }
    }
}

/// What wakes a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Coordinator: not all votes have come in time.
    VotesMissing(TransactionId),
    /// Participant: still uncertain.
    Inquire(TransactionId),
}

/// A node: coordinator of its own clients' transactions, participant of any.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TwoPhaseCommit {
    config: Config,
    /// Persistent: votes and decisions, and with them the data and the locks.
    log: TransactionLog,
    /// Volatile: the votes that this node, as coordinator, waits for.
    polls: BTreeMap<TransactionId, Poll>,
}

/// Phase 1 of a transaction, at its coordinator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Poll {
    /// Who has not voted yet.
    missing: BTreeSet<NodeId>,
    client: CallId,
}

impl Node for TwoPhaseCommit {
    type Message = Message;
    type Timer = Timer;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recover(ctx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::VoteRequest { id, participants, writes } => {
                self.answer_vote_request(from, id, participants, writes, ctx);
            }
            Message::Vote { id, vote } => self.collect_vote(from, id, vote, ctx),
            Message::Decided { id, decision } => self.adopt(id, decision, ctx),
            Message::DecisionRequest { id } => self.answer_decision_request(from, id, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::VotesMissing(id) => self.give_up_waiting(id, ctx),
            Timer::Inquire(id) => self.inquire(id, ctx),
        }
    }

    /// Whether it waits, the transactions that have not ended, and the data.
    fn inspect(&self) -> Inspection {
        let uncertain = self.log.uncertain();
        let role = match (self.polls.is_empty(), uncertain.is_empty()) {
            (false, _) => "coordinating",
            (true, false) => "uncertain",
            (true, true) => "idle",
        };
        let mut shown = Inspection::new().role(role);
        shown = uncertain.into_iter().fold(shown, |shown, id| shown.field("uncertain", id));
        self.log.store().data().iter().fold(shown, |shown, (key, value)| shown.field(key, value))
    }
}

impl Service for TwoPhaseCommit {
    type Request = Transaction;
    type Response = Committed;

    fn on_request(&mut self, call: CallId, transaction: Transaction, ctx: &mut Context<Self>) {
        let members: BTreeSet<NodeId> = ctx.peers().chain([ctx.id()]).collect();
        match transaction.participants().difference(&members).next() {
            Some(stranger) => {
                ctx.refuse(call, format!("{stranger} is no member: expected some of {}", in_names(&members)))
            }
            None => self.request_votes(call, transaction, ctx),
        }
    }
}

impl Committer for TwoPhaseCommit {
    fn records(&self) -> &BTreeMap<TransactionId, Record> {
        self.log.records()
    }
}

impl TwoPhaseCommit {
    /// A node that was told `config`.
    pub fn new(config: Config) -> TwoPhaseCommit {
        TwoPhaseCommit { config, log: TransactionLog::default(), polls: BTreeMap::new() }
    }

    /// This node's data and locks.
    pub fn store(&self) -> &Store {
        self.log.store()
    }

    /// Whether a transaction that this node has heard of has not ended here.
    pub fn waits(&self) -> bool {
        !self.polls.is_empty() || !self.log.uncertain().is_empty()
    }

    // Coordinator.

    /// Phase 1: asks every participant for its vote.
    fn request_votes(&mut self, client: CallId, transaction: Transaction, ctx: &mut Context<Self>) {
        let id = self.log.next_id(ctx.id());
        let participants = transaction.participants();
        self.log.append(LogRecord::Start(id, participants.clone()), ctx);
        self.polls.insert(id, Poll { missing: participants.clone(), client });
        ctx.set_timer(self.config.vote_timeout, Timer::VotesMissing(id));
        for participant in others(&participants, ctx.id()) {
            let writes = transaction.at(participant);
            ctx.send(participant, Message::VoteRequest { id, participants: participants.clone(), writes });
        }
        if participants.contains(&ctx.id()) {
            let vote = self.vote(id, participants, transaction.at(ctx.id()), ctx);
            self.collect_vote(ctx.id(), id, vote, ctx);
        } else if participants.is_empty() {
            self.decide(id, Decision::Commit, "", ctx);
        }
    }

    /// Phase 2 begins with the last yes, or with the first no.
    fn collect_vote(&mut self, from: NodeId, id: TransactionId, vote: Vote, ctx: &mut Context<Self>) {
        let Some(poll) = self.polls.get_mut(&id) else { return };
        poll.missing.remove(&from);
        match vote {
            Vote::No => self.decide(id, Decision::Abort, &format!("{from} votes no"), ctx),
            Vote::Yes if poll.missing.is_empty() => self.decide(id, Decision::Commit, "", ctx),
            Vote::Yes => {}
        }
    }

    /// Nobody has been told to commit yet, so the coordinator may still decide abort.
    fn give_up_waiting(&mut self, id: TransactionId, ctx: &mut Context<Self>) {
        let Some(poll) = self.polls.get(&id) else { return };
        let reason = format!("no vote in time from {}", in_names(&poll.missing));
        self.decide(id, Decision::Abort, &reason, ctx);
    }

    /// Phase 2: the decision is made when it is in the log; then everybody is told.
    fn decide(&mut self, id: TransactionId, decision: Decision, reason: &str, ctx: &mut Context<Self>) {
        let poll =
            self.polls.remove(&id).expect("a coordinator decides once, when it stops waiting for votes");
        ctx.cancel_timer(&Timer::VotesMissing(id));
        self.adopt(id, decision, ctx);
        self.announce(id, decision, ctx);
        match decision {
            Decision::Commit => ctx.reply(poll.client, Committed),
            Decision::Abort => ctx.refuse(poll.client, format!("aborted: {reason}")),
        }
    }

    fn announce(&self, id: TransactionId, decision: Decision, ctx: &mut Context<Self>) {
        for participant in others(&self.log.records()[&id].participants, ctx.id()) {
            ctx.send(participant, Message::Decided { id, decision });
        }
    }

    // Participant.

    /// Votes once; a doubled request is answered again if the vote was yes.
    fn answer_vote_request(
        &mut self,
        from: NodeId,
        id: TransactionId,
        participants: BTreeSet<NodeId>,
        writes: Writes,
        ctx: &mut Context<Self>,
    ) {
        let vote = match self.log.records().get(&id) {
            Some(Record { decision: Some(_), .. }) => return,
            Some(Record { voted_yes: true, .. }) => Vote::Yes,
            _ => self.vote(id, participants, writes, ctx),
        };
        ctx.send(from, Message::Vote { id, vote });
    }

    /// A yes is a promise, and must be in the log before it is given. A no decides.
    fn vote(
        &mut self,
        id: TransactionId,
        participants: BTreeSet<NodeId>,
        writes: Writes,
        ctx: &mut Context<Self>,
    ) -> Vote {
        let vote = self.log.store().vote(&writes);
        match vote {
            Vote::Yes => {
                self.log.append(LogRecord::Yes(id, participants, writes), ctx);
                ctx.set_timer(self.config.inquire_every, Timer::Inquire(id));
            }
            Vote::No => self.adopt(id, Decision::Abort, ctx),
        }
        vote
    }

    /// A decision, made here or heard of. The first is the last.
    fn adopt(&mut self, id: TransactionId, decision: Decision, ctx: &mut Context<Self>) {
        if self.log.decision(id).is_none() {
            self.log.append(LogRecord::Decided(id, decision), ctx);
            ctx.cancel_timer(&Timer::Inquire(id));
        }
    }

    /// The termination protocol: asks those who may know.
    fn inquire(&mut self, id: TransactionId, ctx: &mut Context<Self>) {
        let Some(record) = self.log.records().get(&id).filter(|record| record.is_uncertain()) else { return };
        let mut asked = BTreeSet::from([id.coordinator]);
        if self.config.termination == Termination::Cooperative {
            asked.extend(&record.participants);
        }
        for node in others(&asked, ctx.id()) {
            ctx.send(node, Message::DecisionRequest { id });
        }
        ctx.set_timer(self.config.inquire_every, Timer::Inquire(id));
    }

    /// Somebody is uncertain. Who knows says so; who has not voted decides abort, for all; who is uncertain as well cannot help.
    fn answer_decision_request(&mut self, from: NodeId, id: TransactionId, ctx: &mut Context<Self>) {
        let knows_nothing = !self.log.records().contains_key(&id);
        if knows_nothing {
            self.adopt(id, Decision::Abort, ctx);
        }
        if let Some(decision) = self.log.decision(id) {
            ctx.send(from, Message::Decided { id, decision });
        }
    }

    /// After a crash: see the table above.
    fn recover(&mut self, ctx: &mut Context<Self>) {
        self.log = TransactionLog::recover(ctx);
        for id in self.log.open() {
            if id.coordinator == ctx.id() {
                self.adopt(id, Decision::Abort, ctx);
                self.announce(id, Decision::Abort, ctx);
            } else {
                self.inquire(id, ctx);
            }
        }
    }
}

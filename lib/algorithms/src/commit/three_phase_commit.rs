//! Three-phase commit tells all participants that all have voted yes before anybody commits, so that the survivors of crashes can decide.
//!
//! - **Concept:** Three-phase commit (3PC)
//! - **Guarantees:** as long as only nodes fail, messages arrive, and nothing takes longer than the timeout: AC1 to AC3 (safety), AC4, and that it
//!   does not block (liveness): nodes that are up decide within a bounded time, whoever else has crashed, the coordinator included. After a total failure
//!   they decide once all are back.
//! - **Does not guarantee:** safety under a partition, or where a message outlasts the timeout: both sides take each other for
//!   crashed, and one may commit while the other aborts. That is why nobody uses it: a network that is cut makes it worse than blocking.
//! - **Assumes:** a synchronous network without loss, crashes that timeouts detect without mistakes (a perfect failure detector), disks whose
//!   syncs do not lie. A client's request arrives at most once.
//! - **Source:** Skeen, "Nonblocking Commit Protocols", SIGMOD 1981; Bernstein, Hadzilacos and Goodman, "Concurrency Control and Recovery in Database
//!   Systems", 1987, section 7.5 (protocol, termination rules TR1 to TR4, recovery)
//! - **Differs:** there is no election protocol: the participants' patience differs by their numbers, so that the lowest that is up takes over
//!   first. After a total failure all must come back, not only the last that had failed. A coordinator does not take part itself.
//! - **Chapter:** 18
//!
//! ```text
//!                phase 1: can you?      phase 2: all can            phase 3: do it
//! coordinator ─┬────────────▲──────▲──┬───────────▲──────▲───────┬──────────────▶ client: committed
//!              │vote request│ yes  │  │ pre-commit│ ack  │       │ commit
//! n1 ──────────▼────────────┴──────│──▼───────────┴──────│───────▼──────────────
//! n2 ──────────▼───────────────────┴──▼──────────────────┴───────▼──────────────
//!                  uncertain ─────────┘    committable ──────────┘    committed
//! ```
//!
//! No node is ever uncertain while another has committed: in between everybody has been committable. So whoever takes over asks the others for their
//! states, and can decide by these rules, whoever is missing:
//!
//! | rule | among those that answer | then |
//! |---|---|---|
//! | TR1 | one has aborted | abort |
//! | TR2 | one has committed | commit |
//! | TR3 | all are uncertain | abort: nobody can have committed |
//! | TR4 | one is committable | pre-commit the others, then commit |
//!
//! "Whoever is missing" is the weak point: they must have crashed, and not only be out of reach.
//!
//! ```
//! use netsplit_algorithms::commit::three_phase_commit::{Config, ThreePhaseCommit};
//! use netsplit_algorithms::commit::transaction::Transaction;
//! use netsplit_node::{ms, secs};
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let banks = lab.cluster("bank", 3, move |_id| ThreePhaseCommit::new(Config { timeout: ms(100) }));
//! banks.client_of(0).call(Transaction::new().write(banks.id(1), "ann", 50).write(banks.id(2), "bob", 150));
//! lab.run_until(|| banks.node(1).waits() && banks.node(2).waits(), secs(1));
//! banks.crash(0);                                       // two-phase commit would wait for it
//! lab.run_for(secs(2));
//! assert!(!banks.node(1).waits() && !banks.node(2).waits());
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use netsplit_node::{CallId, Context, Duration, Inspection, Node, NodeId, Service};

use crate::commit::atomic_commitment::{Committer, Record};
use crate::commit::transaction::{
    Committed, Decision, Store, Transaction, TransactionId, Vote, Writes, in_names, in_words, others,
};
use crate::commit::transaction_log::{LogRecord, TransactionLog};

/// What a cluster is told. All members must be told the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// A node that has not answered after this time is taken for crashed. It must exceed two messages, a sync, and what waits in front of them:
    /// safety depends on it.
    pub timeout: Duration,
}

/// What a node says of a transaction to whoever takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It has decided abort, or has not voted and does so now.
    Aborted,
    /// It has voted yes and knows no more.
    Uncertain,
    /// It knows that all have voted yes.
    Committable,
    /// It has decided commit.
    Committed,
}

/// What nodes send each other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// Coordinator to participant: can you commit this?
    VoteRequest {
        /// The transaction.
        id: TransactionId,
        /// All who are asked.
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
    /// Coordinator to participants: all have voted yes.
    PreCommit {
        /// The transaction.
        id: TransactionId,
    },
    /// The answer: now I know.
    PreCommitAck {
        /// The transaction.
        id: TransactionId,
    },
    /// Whoever knows it: this is the decision.
    Decided {
        /// The transaction.
        id: TransactionId,
        /// How it ends.
        decision: Decision,
    },
    /// Whoever takes over, or comes back after a crash: where are you?
    StateRequest {
        /// The transaction.
        id: TransactionId,
        /// Whether the sender has crashed meanwhile: then it only asks, and does not lead.
        recovering: bool,
    },
    /// The answer.
    StateReport {
        /// The transaction.
        id: TransactionId,
        /// Where the sender is.
        state: State,
        /// Whether the sender has crashed meanwhile, and may have forgotten that it was committable.
        recovering: bool,
    },
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::VoteRequest { id, writes, .. } => write!(f, "vote request {id:?}: {}", in_words(writes)),
            Message::Vote { id, vote } => write!(f, "{vote:?} {id:?}"),
            Message::PreCommit { id } => write!(f, "pre-commit {id:?}"),
            Message::PreCommitAck { id } => write!(f, "ack {id:?}"),
            Message::Decided { id, decision } => write!(f, "{decision:?} {id:?}"),
            Message::StateRequest { id, .. } => write!(f, "state? {id:?}"),
            Message::StateReport { id, state, .. } => write!(f, "{state:?} {id:?}"),
        }
    }
}

/// What wakes a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Who leads a transaction: those who have not answered by now are taken for crashed.
    Missing(TransactionId),
    /// Who does not lead it: nothing was heard from who does.
    Silence(TransactionId),
}

/// A node: coordinator of its own clients' transactions, participant of any, and leader of those whose coordinator has crashed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ThreePhaseCommit {
    config: Config,
    /// Persistent: votes and decisions, and with them the data and the locks.
    log: TransactionLog,
    /// Volatile: the transactions that this node leads, and what it waits for.
    leading: BTreeMap<TransactionId, Phase>,
    /// Volatile: whom this node follows, where that is not the coordinator any more.
    leaders: BTreeMap<TransactionId, NodeId>,
    /// Volatile: what all have voted yes to, as far as this node was told.
    committable: BTreeSet<TransactionId>,
    /// Volatile: what was open when this node came back after a crash. It must not decide on these, unless all have crashed.
    recovering: BTreeSet<TransactionId>,
    /// Volatile.
    clients: BTreeMap<TransactionId, CallId>,
}

/// What a leader waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// Phase 1: the votes of these.
    Votes { missing: BTreeSet<NodeId> },
    /// Phase 2: that these know.
    PreCommit { missing: BTreeSet<NodeId> },
    /// Termination: the states of the others.
    States { reports: BTreeMap<NodeId, (State, bool)> },
}

impl Node for ThreePhaseCommit {
    type Message = Message;
    type Timer = Timer;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recover(ctx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::VoteRequest { id, participants, writes } => {
                self.vote(from, id, participants, writes, ctx)
            }
            Message::Vote { id, vote } => self.collect_vote(from, id, vote, ctx),
            Message::PreCommit { id } => self.become_committable(from, id, ctx),
            Message::PreCommitAck { id } => self.collect_ack(from, id, ctx),
            Message::Decided { id, decision } => self.adopt(id, decision, ctx),
            Message::StateRequest { id, recovering } => self.report_state(from, id, recovering, ctx),
            Message::StateReport { id, state, recovering } => {
                self.collect_state(from, id, state, recovering, ctx)
            }
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::Missing(id) => self.go_on_without(id, ctx),
            Timer::Silence(id) => self.request_states(id, ctx),
        }
    }

    /// Whether it waits, the transactions that have not ended, and the data.
    fn inspect(&self) -> Inspection {
        let uncertain = self.log.uncertain();
        let role = match (self.leading.is_empty(), uncertain.is_empty()) {
            (false, _) => "leading",
            (true, false) if !self.committable.is_disjoint(&uncertain) => "committable",
            (true, false) => "uncertain",
            (true, true) => "idle",
        };
        let mut shown = Inspection::new().role(role);
        for id in uncertain {
            shown = shown.field(if self.committable.contains(&id) { "committable" } else { "uncertain" }, id);
        }
        self.log.store().data().iter().fold(shown, |shown, (key, value)| shown.field(key, value))
    }
}

impl Service for ThreePhaseCommit {
    type Request = Transaction;
    type Response = Committed;

    fn on_request(&mut self, call: CallId, transaction: Transaction, ctx: &mut Context<Self>) {
        let (participants, peers) = (transaction.participants(), ctx.peers().collect::<BTreeSet<NodeId>>());
        match participants.difference(&peers).next() {
            Some(me) if *me == ctx.id() => {
                ctx.refuse(call, format!("{me} coordinates and takes no part: ask another node"))
            }
            Some(stranger) => {
                ctx.refuse(call, format!("{stranger} is no member: expected some of {}", in_names(&peers)))
            }
            None => self.request_votes(call, transaction, ctx),
        }
    }
}

impl Committer for ThreePhaseCommit {
    fn records(&self) -> &BTreeMap<TransactionId, Record> {
        self.log.records()
    }
}

impl ThreePhaseCommit {
    /// A node that was told `config`.
    pub fn new(config: Config) -> ThreePhaseCommit {
        ThreePhaseCommit {
            config,
            log: TransactionLog::default(),
            leading: BTreeMap::new(),
            leaders: BTreeMap::new(),
            committable: BTreeSet::new(),
            recovering: BTreeSet::new(),
            clients: BTreeMap::new(),
        }
    }

    /// This node's data and locks.
    pub fn store(&self) -> &Store {
        self.log.store()
    }

    /// Whether a transaction that this node has heard of has not ended here.
    pub fn waits(&self) -> bool {
        !self.log.open().is_empty()
    }

    /// Where this node is with a transaction; nothing if it never heard of it.
    pub fn state(&self, id: TransactionId) -> Option<State> {
        Some(match self.log.records().get(&id)?.decision {
            Some(Decision::Commit) => State::Committed,
            Some(Decision::Abort) => State::Aborted,
            None if self.committable.contains(&id) => State::Committable,
            None => State::Uncertain,
        })
    }

    // The leader: the coordinator, or who has taken over.

    /// Phase 1: asks every participant for its vote.
    fn request_votes(&mut self, client: CallId, transaction: Transaction, ctx: &mut Context<Self>) {
        let id = self.log.next_id(ctx.id());
        let participants = transaction.participants();
        self.log.append(LogRecord::Start(id, participants.clone()), ctx);
        self.clients.insert(id, client);
        for &participant in &participants {
            let writes = transaction.at(participant);
            ctx.send(participant, Message::VoteRequest { id, participants: participants.clone(), writes });
        }
        match participants.is_empty() {
            true => self.decide(id, Decision::Commit, ctx),
            false => self.wait_for(id, Phase::Votes { missing: participants }, ctx),
        }
    }

    fn wait_for(&mut self, id: TransactionId, phase: Phase, ctx: &mut Context<Self>) {
        self.leading.insert(id, phase);
        ctx.cancel_timer(&Timer::Silence(id));
        ctx.set_timer(self.config.timeout, Timer::Missing(id));
    }

    fn collect_vote(&mut self, from: NodeId, id: TransactionId, vote: Vote, ctx: &mut Context<Self>) {
        let Some(Phase::Votes { missing }) = self.leading.get_mut(&id) else { return };
        missing.remove(&from);
        match vote {
            Vote::No => self.decide(id, Decision::Abort, ctx),
            Vote::Yes if missing.is_empty() => self.pre_commit(id, ctx),
            Vote::Yes => {}
        }
    }

    /// Phase 2: lets everybody know that all can commit. Nobody commits before all that are up know.
    fn pre_commit(&mut self, id: TransactionId, ctx: &mut Context<Self>) {
        self.committable.insert(id);
        let missing: BTreeSet<NodeId> = others(&self.log.records()[&id].participants, ctx.id()).collect();
        for &participant in &missing {
            ctx.send(participant, Message::PreCommit { id });
        }
        self.wait_for(id, Phase::PreCommit { missing }, ctx);
        self.collect_ack(ctx.id(), id, ctx);
    }

    fn collect_ack(&mut self, from: NodeId, id: TransactionId, ctx: &mut Context<Self>) {
        let Some(Phase::PreCommit { missing }) = self.leading.get_mut(&id) else { return };
        missing.remove(&from);
        if missing.is_empty() {
            self.decide(id, Decision::Commit, ctx);
        }
    }

    /// Who has not answered has crashed: that is what the timeout is taken to say.
    fn go_on_without(&mut self, id: TransactionId, ctx: &mut Context<Self>) {
        match self.leading.get(&id) {
            None => {}
            Some(Phase::Votes { .. }) => self.decide(id, Decision::Abort, ctx),
            Some(Phase::PreCommit { .. }) => self.decide(id, Decision::Commit, ctx),
            Some(Phase::States { reports }) => {
                let reports = reports.clone();
                self.terminate(id, &reports, ctx);
            }
        }
    }

    /// Phase 3: the decision is made when it is in the log; then everybody is told.
    fn decide(&mut self, id: TransactionId, decision: Decision, ctx: &mut Context<Self>) {
        self.adopt(id, decision, ctx);
        for node in others(&self.involved(id), ctx.id()) {
            ctx.send(node, Message::Decided { id, decision });
        }
    }

    // The participant.

    fn vote(
        &mut self,
        from: NodeId,
        id: TransactionId,
        participants: BTreeSet<NodeId>,
        writes: Writes,
        ctx: &mut Context<Self>,
    ) {
        if self.log.records().contains_key(&id) {
            return;
        }
        let vote = self.log.store().vote(&writes);
        match vote {
            Vote::Yes => {
                self.log.append(LogRecord::Yes(id, participants, writes), ctx);
                self.follow(id, from, ctx);
            }
            Vote::No => self.adopt(id, Decision::Abort, ctx),
        }
        ctx.send(from, Message::Vote { id, vote });
    }

    /// From now on this node obeys `leader`, and takes over if it falls silent: the lowest number first, and each only after those before
    /// it have had the time to end it.
    fn follow(&mut self, id: TransactionId, leader: NodeId, ctx: &mut Context<Self>) {
        self.leaders.insert(id, leader);
        self.leading.remove(&id);
        ctx.cancel_timer(&Timer::Missing(id));
        let before =
            self.log.records()[&id].participants.iter().filter(|&&node| node < ctx.id()).count() as i64;
        ctx.set_timer(self.config.timeout * (3 + 3 * before), Timer::Silence(id));
    }

    /// Only the present leader's word counts: an earlier one's may come late, after the others were asked for their states.
    fn become_committable(&mut self, from: NodeId, id: TransactionId, ctx: &mut Context<Self>) {
        let uncertain = self.log.records().get(&id).is_some_and(Record::is_uncertain);
        if uncertain && self.leaders.get(&id) == Some(&from) && !self.recovering.contains(&id) {
            self.committable.insert(id);
            self.follow(id, from, ctx);
            ctx.send(from, Message::PreCommitAck { id });
        }
    }

    /// A decision, made here or heard of. The first is the last.
    fn adopt(&mut self, id: TransactionId, decision: Decision, ctx: &mut Context<Self>) {
        if self.log.records().get(&id).is_some_and(|record| record.decision.is_some()) {
            return;
        }
        self.log.append(LogRecord::Decided(id, decision), ctx);
        self.leading.remove(&id);
        self.recovering.remove(&id);
        ctx.cancel_timer(&Timer::Missing(id));
        ctx.cancel_timer(&Timer::Silence(id));
        match (self.clients.remove(&id), decision) {
            (Some(client), Decision::Commit) => ctx.reply(client, Committed),
            (Some(client), Decision::Abort) => {
                ctx.refuse(client, "aborted: somebody votes no, or did not in time")
            }
            (None, _) => {}
        }
    }

    // Termination: without the coordinator, or after a crash.

    /// Takes over, or asks after a crash.
    fn request_states(&mut self, id: TransactionId, ctx: &mut Context<Self>) {
        let recovering = self.recovering.contains(&id);
        let Some(state) = self.state(id).filter(|_| self.log.records()[&id].decision.is_none()) else {
            return;
        };
        let reports = BTreeMap::from([(ctx.id(), (state, recovering))]);
        for node in others(&self.involved(id), ctx.id()) {
            ctx.send(node, Message::StateRequest { id, recovering });
        }
        self.wait_for(id, Phase::States { reports }, ctx);
    }

    /// Says where this node is, and follows whoever leads now. Who has not voted does not any more.
    fn report_state(
        &mut self,
        from: NodeId,
        id: TransactionId,
        from_recovering: bool,
        ctx: &mut Context<Self>,
    ) {
        if !self.log.records().contains_key(&id) {
            self.adopt(id, Decision::Abort, ctx);
        }
        let state = self.state(id).expect("it is known by now");
        let recovering = self.recovering.contains(&id);
        let open = matches!(state, State::Uncertain | State::Committable);
        if open && !from_recovering && !recovering {
            self.follow(id, from, ctx);
        }
        ctx.send(from, Message::StateReport { id, state, recovering });
    }

    fn collect_state(
        &mut self,
        from: NodeId,
        id: TransactionId,
        state: State,
        recovering: bool,
        ctx: &mut Context<Self>,
    ) {
        let involved = self.involved(id).len();
        let Some(Phase::States { reports }) = self.leading.get_mut(&id) else { return };
        reports.insert(from, (state, recovering));
        let decided = matches!(state, State::Aborted | State::Committed);
        if decided || reports.len() == involved {
            let reports = reports.clone();
            self.terminate(id, &reports, ctx);
        }
    }

    /// The termination rules. Who has crashed meanwhile may have forgotten that it was committable: it neither counts nor leads, unless that
    /// goes for all.
    fn terminate(
        &mut self,
        id: TransactionId,
        reports: &BTreeMap<NodeId, (State, bool)>,
        ctx: &mut Context<Self>,
    ) {
        let is_any = |state| reports.values().any(|&(reported, _)| reported == state);
        let total_failure =
            reports.len() == self.involved(id).len() && reports.values().all(|&(_, recovering)| recovering);
        let may_lead = !self.recovering.contains(&id) || total_failure;
        if is_any(State::Aborted) {
            self.decide(id, Decision::Abort, ctx); // TR1
        } else if is_any(State::Committed) {
            self.decide(id, Decision::Commit, ctx); // TR2
        } else if !may_lead {
            self.leading.remove(&id);
            ctx.set_timer(self.config.timeout, Timer::Silence(id));
        } else if !is_any(State::Committable) {
            self.decide(id, Decision::Abort, ctx); // TR3
        } else {
            self.pre_commit(id, ctx); // TR4
        }
    }

    /// The participants and the coordinator.
    fn involved(&self, id: TransactionId) -> BTreeSet<NodeId> {
        let participants = self.log.records().get(&id).map(|record| record.participants.clone());
        participants.unwrap_or_default().into_iter().chain([id.coordinator]).collect()
    }

    /// After a crash: what is open, the others may have ended meanwhile. Asks them, and does not decide alone, not even as the coordinator.
    fn recover(&mut self, ctx: &mut Context<Self>) {
        self.log = TransactionLog::recover(ctx);
        self.recovering = self.log.open();
        for id in self.recovering.clone() {
            self.request_states(id, ctx);
        }
    }
}

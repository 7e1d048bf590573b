//! Paxos has nodes agree on one value among those proposed, although any of them may crash and messages are lost: a value is chosen once a
//! majority of acceptors has accepted it under one ballot.
//!
//! - **Concept:** Paxos, single-decree (the Synod)
//! - **Guarantees:** agreement (safety): no two nodes learn different values, ever. Validity: a value that is learned was proposed. Integrity:
//!   a node that has learned a value does not learn another. Termination (liveness) only with luck: once a majority is up and connected, and
//!   one proposer is left alone for two round trips.
//! - **Does not guarantee:** termination in an asynchronous network: duelling proposers can outbid each other for ever, and no protocol can
//!   exclude that (Fischer, Lynch and Paterson, 1985). That every node learns the value: one that missed it has to ask.
//! - **Assumes:** nobody forges a message. Messages may be lost, doubled, delayed and reordered; nodes crash and restart with the disk
//!   that they had, whose syncs do not lie. The members are the same for ever.
//! - **Source:** Lamport, "Paxos Made Simple", ACM SIGACT News 32(4), 2001, sections 2.2 (phases), 2.3 (learning) and 2.4 (progress); the
//!   names of the four messages, 1a to 2b, from Lamport, "Fast Paxos", 2005, section 2
//! - **Differs:** every node is proposer, acceptor and learner at once. A proposer asks everyone, not only a majority. An acceptor that will
//!   not answer says so, which section 2.2 recommends. Instead of electing a distinguished proposer (2.4), proposers wait for a random time
//!   after they were outbid. Left out: state transfer to learners that missed the value; they find it by proposing (2.3).
//! - **Chapter:** 10
//!
//! ```text
//!                     phase 1: who may propose, and what?     phase 2: propose it
//!                   ┌──────────────────────────────────┐ ┌────────────────────────┐
//! n0 proposer ──┬───────────────▲──────▲──────────────────┬──────────▲──────▲────────▶ chosen: tea
//!            1a │ prepare (2,n0)│      │ 1b promise    2a │ accept   │ 2b   │ accepted
//! n1 acceptor ──▼───────────────┴──────│──────────────────▼──────────┴──────│────────
//! n2 acceptor ──▼──────────────────────┴──────────────────▼─────────────────┴────────
//!               "nothing below (2,n0) from now on;        "(2,n0): tea", to every learner,
//!                and I have accepted (1,n2): tea"          unless it has promised more meanwhile
//! ```
//!
//! The proposer may propose what it likes only if nobody in its majority has accepted anything; otherwise it must propose what was accepted
//! under the highest ballot. That is all there is to it: a chosen value was accepted by a majority, any two majorities share a member, so
//! whoever comes later hears of it, and can only say it again.
//!
//! ```
//! use netsplit_algorithms::consensus::paxos::{BackOff, Chosen, Config, Paxos, Propose};
//! use netsplit_node::{Outcome, ms, secs};
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let config = Config { patience: ms(50), back_off: BackOff::Random { most: ms(100) } };
//! let council = lab.cluster("council", 3, move |_id| Paxos::new(config));
//! let (ann, bob) = (council.client_of(0), council.client_of(2));
//! let calls = [ann.call(Propose("tea".into())), bob.call(Propose("milk".into()))];
//! lab.run_for(secs(1));
//! let [one, other] = calls.map(|call| call.outcome());
//! assert!(matches!(&one, Some(Outcome::Ok(Chosen(_)))) && one == other, "{one:?} and {other:?}");
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use netsplit_node::{CallId, Context, Duration, Inspection, Node, NodeId, Service, Value};

use crate::Storable;

mod invariants;

pub use invariants::{Agreement, ChosenStays, Integrity, PromisesKept, Validity};

/// What a node is told. Members may be told different things: only progress depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// A proposer that has not succeeded with a ballot after this time gives it up and tries a higher one: messages are lost.
    pub patience: Duration,
    /// How long a proposer that was outbid waits before it tries again.
    pub back_off: BackOff,
}

/// How long a proposer that was outbid waits. This decides whether duels end, and never what is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BackOff {
    /// Always the same time. Two proposers that wait the same time may outbid each other for ever.
    Fixed(Duration),
    /// A random time up to this one, drawn anew each time; several round trips are good. A duel ends with probability 1.
    Random {
        /// The longest.
        most: Duration,
    },
}

/// The number of a proposal: "different proposals have different numbers" (section 2.2), since no two proposers share one and none uses one
/// twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ballot {
    /// Higher than all that the proposer had heard of.
    pub round: u64,
    /// Whose it is: decides between ballots of the same round.
    pub proposer: NodeId,
}

impl fmt::Debug for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({},{})", self.round, self.proposer)
    }
}

/// A value under a ballot.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proposal {
    /// The paper's n.
    pub ballot: Ballot,
    /// The paper's v.
    pub value: Value,
}

impl fmt::Debug for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.ballot, self.value)
    }
}

/// What a client asks: please agree on this value, or tell me what else was chosen.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Propose(pub Value);

impl fmt::Debug for Propose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "propose {:?}", self.0)
    }
}

/// What a client is answered: this value was chosen, whoever proposed it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Chosen(pub Value);

impl fmt::Debug for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chosen: {:?}", self.0)
    }
}

/// What nodes send each other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// 1a, proposer to acceptors: may I propose under this ballot?
    Prepare {
        /// The ballot.
        ballot: Ballot,
    },
    /// 1b, acceptor to proposer: I promise to accept nothing under a lower ballot.
    Promise {
        /// The ballot of the 1a.
        ballot: Ballot,
        /// What the acceptor has accepted under its highest ballot so far.
        accepted: Option<Proposal>,
    },
    /// 2a, proposer to acceptors: please accept.
    Accept {
        /// What.
        proposal: Proposal,
    },
    /// 2b, acceptor to all learners: accepted.
    Accepted {
        /// What.
        proposal: Proposal,
    },
    /// Acceptor to proposer: no, I have promised a higher ballot. An optimization: silence would do.
    Reject {
        /// The ballot of the 1a or 2a.
        ballot: Ballot,
        /// The one that was promised.
        promised: Ballot,
    },
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Prepare { ballot } => write!(f, "1a prepare {ballot:?}"),
            Message::Promise { ballot, accepted: None } => write!(f, "1b promise {ballot:?}"),
            Message::Promise { ballot, accepted: Some(accepted) } => {
                write!(f, "1b promise {ballot:?}, accepted {accepted:?}")
            }
            Message::Accept { proposal } => write!(f, "2a accept {proposal:?}"),
            Message::Accepted { proposal } => write!(f, "2b accepted {proposal:?}"),
            Message::Reject { ballot, promised } => write!(f, "reject {ballot:?}, promised {promised:?}"),
        }
    }
}

/// What wakes a node.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The ballot has come to nothing, or the time to back off is over: try a higher one.
    TryAgain,
    /// What this node has accepted is on its disk by now, so that its own learner may count it as well.
    OnDisk(Proposal),
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Timer::TryAgain => write!(f, "try again"),
            Timer::OnDisk(proposal) => write!(f, "{proposal:?} is on the disk"),
        }
    }
}

/// A node: proposer, acceptor and learner of one value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Paxos {
    config: Config,
    /// Persistent.
    acceptor: Acceptor,
    /// Volatile: the clients that wait for the value.
    clients: Vec<CallId>,
    /// Volatile: what this node would propose if it may, the value of the first of its clients.
    wanted: Option<Value>,
    /// Volatile: the ballot that this node tries to get through.
    attempt: Option<Attempt>,
    /// Volatile: the highest round that this node has heard of, so that its next ballot is not outbid already.
    highest_round: u64,
    /// Volatile: who has accepted what, as far as this node was told.
    accepted_by: BTreeMap<Ballot, BTreeSet<NodeId>>,
    /// Volatile: the value, once this node knows that a majority has accepted it.
    ///
    /// Invariant: never changes but from nothing; a restart forgets it.
    learned: Option<Proposal>,
}

/// What an acceptor "must remember ... even if it fails and then restarts" (section 2.2).
///
/// Invariant: equal to the disk's file whenever a message leaves. `promised` never decreases, and is at least `accepted`'s ballot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Acceptor {
    /// The highest ballot of a 1a that it has answered, or of a 2a that it has accepted.
    promised: Option<Ballot>,
    /// What it has accepted under the highest ballot.
    accepted: Option<Proposal>,
}

/// A ballot under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Attempt {
    ballot: Ballot,
    /// What the acceptors that have promised had accepted before, this node included.
    promises: BTreeMap<NodeId, Option<Proposal>>,
    /// What was proposed; nothing in phase 1.
    proposed: Option<Value>,
}

impl Node for Paxos {
    type Message = Message;
    type Timer = Timer;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recover(ctx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Prepare { ballot } => self.answer_prepare(from, ballot, ctx),
            Message::Promise { ballot, accepted } => self.collect_promise(from, ballot, accepted, ctx),
            Message::Accept { proposal } => self.answer_accept(from, proposal, ctx),
            Message::Accepted { proposal } => self.learn(from, proposal, ctx),
            Message::Reject { ballot, promised } => self.abandon(ballot, promised, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::TryAgain => self.prepare(ctx),
            Timer::OnDisk(proposal) => self.learn(ctx.id(), proposal, ctx),
        }
    }

    /// How far it is, its ballot, and what its acceptor must not forget.
    fn inspect(&self) -> Inspection {
        let role = match (&self.learned, &self.attempt) {
            (Some(_), _) => "decided",
            (None, Some(Attempt { proposed: Some(_), .. })) => "proposing",
            (None, Some(_)) => "preparing",
            (None, None) => "acceptor",
        };
        let mut shown = Inspection::new().role(role);
        let Acceptor { promised, accepted } = &self.acceptor;
        shown = self.attempt.iter().fold(shown, |shown, attempt| shown.field("ballot", attempt.ballot));
        shown = promised.iter().fold(shown, |shown, promised| shown.field("promised", promised));
        shown = accepted.iter().fold(shown, |shown, accepted| shown.field("accepted", accepted));
        self.learned.iter().fold(shown, |shown, learned| shown.field("chosen", &learned.value))
    }
}

impl Service for Paxos {
    type Request = Propose;
    type Response = Chosen;

    fn on_request(&mut self, call: CallId, Propose(value): Propose, ctx: &mut Context<Self>) {
        match &self.learned {
            Some(learned) => ctx.reply(call, Chosen(learned.value.clone())),
            None => self.propose(call, value, ctx),
        }
    }
}

impl Paxos {
    /// A node that was told `config`.
    pub fn new(config: Config) -> Paxos {
        Paxos {
            config,
            acceptor: Acceptor::default(),
            clients: Vec::new(),
            wanted: None,
            attempt: None,
            highest_round: 0,
            accepted_by: BTreeMap::new(),
            learned: None,
        }
    }

    /// The value that was chosen, if this node knows it.
    pub fn learned(&self) -> Option<&Value> {
        self.learned.as_ref().map(|proposal| &proposal.value)
    }

    /// What this node's acceptor has promised.
    pub fn promised(&self) -> Option<Ballot> {
        self.acceptor.promised
    }

    /// What this node's acceptor has accepted under its highest ballot.
    pub fn accepted(&self) -> Option<&Proposal> {
        self.acceptor.accepted.as_ref()
    }

    /// After a crash: the acceptor is on the disk, all else is forgotten.
    fn recover(&mut self, ctx: &mut Context<Self>) {
        if let Some(bytes) = ctx.disk().read("acceptor") {
            self.acceptor = Acceptor::from_bytes(&bytes)
                .expect("the disk is whole: a node does not run on a damaged one");
        }
    }

    /// A client wants a value. The first client's value is what this node proposes; all wait for what is chosen.
    fn propose(&mut self, call: CallId, value: Value, ctx: &mut Context<Self>) {
        self.clients.push(call);
        self.wanted.get_or_insert(value);
        if self.attempt.is_none() {
            self.prepare(ctx);
        }
    }

    /// Phase 1a: chooses a ballot above all that this node has heard of, and asks the acceptors for their promises.
    fn prepare(&mut self, ctx: &mut Context<Self>) {
        if self.learned.is_some() {
            return;
        }
        let promised_round = self.acceptor.promised.map_or(0, |promised| promised.round);
        self.highest_round = self.highest_round.max(promised_round) + 1;
        let ballot = Ballot { round: self.highest_round, proposer: ctx.id() };
        self.attempt = Some(Attempt { ballot, promises: BTreeMap::new(), proposed: None });
        // The first promise is its own. It is on the disk before anybody hears of the ballot, so that no restart makes it use it again.
        if let Ok(accepted) = self.acceptor.promise(ballot, ctx) {
            ctx.broadcast(Message::Prepare { ballot });
            ctx.set_timer(self.config.patience, Timer::TryAgain);
            self.collect_promise(ctx.id(), ballot, accepted, ctx);
        }
    }

    /// Phase 1b: promises, or says why not.
    fn answer_prepare(&mut self, from: NodeId, ballot: Ballot, ctx: &mut Context<Self>) {
        match self.acceptor.promise(ballot, ctx) {
            Ok(accepted) => {
                ctx.send(from, Message::Promise { ballot, accepted });
                // Whoever promises a higher ballot than its own knows that it is outbid.
                if let Some(own) = self.attempt.as_ref().map(|attempt| attempt.ballot) {
                    self.abandon(own, ballot, ctx);
                }
            }
            Err(promised) => ctx.send(from, Message::Reject { ballot, promised }),
        }
    }

    /// Phase 2a: once a majority has promised, proposes the value that was accepted under the highest ballot, or any if there is none.
    fn collect_promise(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        accepted: Option<Proposal>,
        ctx: &mut Context<Self>,
    ) {
        let wanted = self.wanted.clone();
        let Some(attempt) = self.attempt.as_mut().filter(|attempt| attempt.ballot == ballot) else { return };
        if attempt.proposed.is_some() {
            return;
        }
        attempt.promises.insert(from, accepted);
        if attempt.promises.len() < majority(ctx) {
            return;
        }
        let heard = attempt.promises.values().flatten().max_by_key(|proposal| proposal.ballot);
        let Some(value) = heard.map(|proposal| proposal.value.clone()).or(wanted) else { return };
        attempt.proposed = Some(value.clone());
        let proposal = Proposal { ballot, value };
        ctx.broadcast(Message::Accept { proposal: proposal.clone() });
        self.answer_accept(ctx.id(), proposal, ctx);
    }

    /// Phase 2b: accepts and tells all learners, or says why not.
    fn answer_accept(&mut self, from: NodeId, proposal: Proposal, ctx: &mut Context<Self>) {
        let ballot = proposal.ballot;
        match self.acceptor.accept(proposal.clone(), ctx) {
            Ok(()) => {
                ctx.broadcast(Message::Accepted { proposal: proposal.clone() });
                // Its own learner hears of it when the others do: once it is on the disk. Before that a crash would take it back.
                ctx.set_timer(Duration::ZERO, Timer::OnDisk(proposal));
            }
            Err(promised) if from == ctx.id() => self.abandon(ballot, promised, ctx),
            Err(promised) => ctx.send(from, Message::Reject { ballot, promised }),
        }
    }

    /// Section 2.3: a value is chosen when a majority has accepted it under one ballot.
    fn learn(&mut self, from: NodeId, proposal: Proposal, ctx: &mut Context<Self>) {
        self.highest_round = self.highest_round.max(proposal.ballot.round);
        let accepted_by = self.accepted_by.entry(proposal.ballot).or_default();
        accepted_by.insert(from);
        if accepted_by.len() < majority(ctx) || self.learned.is_some() {
            return;
        }
        for call in std::mem::take(&mut self.clients) {
            ctx.reply(call, Chosen(proposal.value.clone()));
        }
        self.learned = Some(proposal);
        self.attempt = None;
        ctx.cancel_timer(&Timer::TryAgain);
    }

    /// Somebody has outbid this node: it backs off, to let them finish (section 2.2, the last paragraph).
    fn abandon(&mut self, ballot: Ballot, promised: Ballot, ctx: &mut Context<Self>) {
        self.highest_round = self.highest_round.max(promised.round);
        if self.attempt.as_ref().is_none_or(|attempt| attempt.ballot != ballot) {
            return;
        }
        self.attempt = None;
        let pause = match self.config.back_off {
            BackOff::Fixed(pause) => pause,
            BackOff::Random { most } => ctx.random().between(Duration::ZERO, most),
        };
        ctx.set_timer(pause, Timer::TryAgain);
    }
}

impl Acceptor {
    /// Phase 1b: promises, unless it has promised a higher ballot: then it says which. The promise is on the disk before anything that is sent
    /// after it.
    fn promise(&mut self, ballot: Ballot, ctx: &mut Context<Paxos>) -> Result<Option<Proposal>, Ballot> {
        match self.promised {
            Some(promised) if promised > ballot => Err(promised),
            // A doubled 1a is answered again.
            Some(promised) if promised == ballot => Ok(self.accepted.clone()),
            _ => {
                self.promised = Some(ballot);
                self.persist(ctx);
                Ok(self.accepted.clone())
            }
        }
    }

    /// Phase 2b: accepts, unless it has promised a higher ballot: then it says which.
    fn accept(&mut self, proposal: Proposal, ctx: &mut Context<Paxos>) -> Result<(), Ballot> {
        match self.promised {
            Some(promised) if promised > proposal.ballot => Err(promised),
            _ => {
                self.promised = Some(proposal.ballot);
                self.accepted = Some(proposal);
                self.persist(ctx);
                Ok(())
            }
        }
    }

    fn persist(&self, ctx: &mut Context<Paxos>) {
        ctx.disk().write("acceptor", self.to_bytes());
        ctx.disk().sync();
    }
}

fn majority(ctx: &Context<Paxos>) -> usize {
    let members = ctx.peers().len() + 1;
    members / 2 + 1
}

impl Storable for Acceptor {
    fn store(&self, bytes: &mut Vec<u8>) {
        self.promised.store(bytes);
        self.accepted.store(bytes);
    }
    fn load(bytes: &mut &[u8]) -> Option<Acceptor> {
        Some(Acceptor { promised: Option::load(bytes)?, accepted: Option::load(bytes)? })
    }
}

impl Storable for Ballot {
    fn store(&self, bytes: &mut Vec<u8>) {
        self.round.store(bytes);
        self.proposer.store(bytes);
    }
    fn load(bytes: &mut &[u8]) -> Option<Ballot> {
        Some(Ballot { round: u64::load(bytes)?, proposer: NodeId::load(bytes)? })
    }
}

impl Storable for Proposal {
    fn store(&self, bytes: &mut Vec<u8>) {
        self.ballot.store(bytes);
        self.value.store(bytes);
    }
    fn load(bytes: &mut &[u8]) -> Option<Proposal> {
        Some(Proposal { ballot: Ballot::load(bytes)?, value: Value::load(bytes)? })
    }
}

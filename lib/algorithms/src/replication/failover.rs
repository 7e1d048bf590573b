//! A failover manager watches a primary from several places, and appoints another when a majority of its observers no longer hears it: one primary for each epoch.
//!
//! - **Concept:** Failover manager with a quorum of its own
//! - **Guarantees:** at most one primary is appointed in an epoch (safety), whatever happens; epochs only grow, also over crashes. Nobody is appointed by a side without a majority of
//!   observers, or while a majority hears the primary. Liveness: once a majority of observers is up and connected, the primary is silent, and an eligible candidate is heard, one is appointed.
//! - **Does not guarantee:** that the old primary knows. Until it asks, it goes on in its epoch: what it writes must be kept out by the epoch as a fencing token, or by its own lease. That the
//!   appointed one has all that was acknowledged: that depends on how the databases replicate (`primary_backup/mod.rs`).
//! - **Assumes:** nobody forges a message; the observers' disks do not lie. Messages may be lost, doubled and late. Silence is no proof: a primary that is slow, or cut off, is replaced too.
//! - **Source:** GitHub, "October 21 post-incident analysis", 2018 (a manager of this kind, and what it did); the votes: Lamport, "Paxos Made Simple", 2001, section 2.2, of which one vote
//!   for each epoch is the simplest use; Noach, "MySQL High Availability at GitHub", 2018 (Orchestrator with Raft, anti-flapping)
//! - **Differs:** an epoch whose votes are split appoints nobody, and the next is tried, as in Raft. What a failover loses is not computed here: candidates report how far they are, and the
//!   policy may ask for the one that is furthest.
//! - **Chapter:** 09
//!
//! ```text
//! primary (east)  ──heartbeat──▶ all observers    ▓ cut off ▓
//! observer e      ─────────────── silent? no ────────────────────────── its vote is no
//! observer c      ─────────────── silent since 10 s ─ epoch 2: west? ─┬─────▲── appointed: epoch 2, west
//! observer w      ─────────────── silent since 10 s ──────────────────▼─yes─┘
//! west            ──heartbeat──▶ .................................  ◀── you are the primary of epoch 2
//! ```
//!
//! ```
//! use netsplit_algorithms::replication::failover::{Config, FailoverManager, Heartbeat, Candidates};
//! use netsplit_node::{NodeId, ms, secs};
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let (east, west) = (NodeId(100), NodeId(101));                 // the databases, wherever they are
//! let config = Config { first: east, candidates: Candidates::First, suspect_after: secs(1), rest: secs(5) };
//! let observers = lab.cluster("observer", 3, move |_id| FailoverManager::new(config));
//! for _ in 0..40 {                                               // only west is heard
//!     (0..3).for_each(|index| drop(observers.client_of(index).call(Heartbeat { from: west, position: 7 })));
//!     lab.run_for(ms(100));
//! }
//! assert!((0..3).all(|index| observers.node(index).appointed().primary == west));
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use netsplit_node::{CallId, Context, Duration, Inspection, Invariant, Member, Node, NodeId, Service, Time};

use crate::Storable;

/// What all observers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// The primary of epoch 1.
    pub first: NodeId,
    /// Who takes over.
    pub candidates: Candidates,
    /// An observer that has not heard the primary for so long takes it for gone. Short: false alarms. Long: nobody writes meanwhile.
    pub suspect_after: Duration,
    /// No failover sooner than this after the one before: a system that fails over all the time does nothing else (anti-flapping).
    pub rest: Duration,
}

/// Who takes over, of those that are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Candidates {
    /// The one with the lowest number.
    First,
    /// The one that has most of the log: least is lost.
    Furthest,
    /// Only this one: no failover to another region, say.
    Only(NodeId),
}

/// What a database tells an observer, again and again.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Heartbeat {
    /// Who.
    pub from: NodeId,
    /// How far its log goes.
    pub position: u64,
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is here, at {}", self.from, self.position)
    }
}

/// Who the primary is: what an observer answers to a heartbeat, as far as it knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Appointed {
    /// The fencing token.
    pub epoch: u64,
    /// Who.
    pub primary: NodeId,
}

impl fmt::Debug for Appointed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in epoch {}", self.primary, self.epoch)
    }
}

/// What observers tell each other.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Message {
    /// Shall this one be the primary of this epoch?
    Propose(Appointed),
    /// Yes, and nobody else in this epoch.
    Vote {
        /// The epoch.
        epoch: u64,
    },
    /// A majority has said yes.
    Decided(Appointed),
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Propose(appointed) => write!(f, "{appointed:?}?"),
            Message::Vote { epoch } => write!(f, "yes to epoch {epoch}"),
            Message::Decided(appointed) => write!(f, "decided: {appointed:?}"),
        }
    }
}

/// What wakes an observer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Time to see who is silent.
    Look,
}

/// An observer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FailoverManager {
    config: Config,
    /// Persistent: the highest epoch in which it has voted, or of which it knows the primary.
    ///
    /// Invariant: never decreases, and is on the disk before a vote leaves.
    voted: u64,
    /// Persistent: the latest primary that it knows was appointed.
    appointed: Appointed,
    /// Volatile: when each database was heard last, by its oscillator, and how far it was.
    heard: BTreeMap<NodeId, (Time, u64)>,
    /// Volatile: since when the primary is the one that it is.
    since: Time,
    /// Volatile: what it proposes, and who has said yes.
    proposal: Option<(Appointed, BTreeSet<NodeId>)>,
}

impl Node for FailoverManager {
    type Message = Message;
    type Timer = Timer;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recover(ctx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Propose(proposed) => self.vote(from, proposed, ctx),
            Message::Vote { epoch } => self.count(from, epoch, ctx),
            Message::Decided(appointed) => self.adopt(appointed, ctx),
        }
    }

    fn on_timer(&mut self, Timer::Look: Timer, ctx: &mut Context<Self>) {
        self.look(ctx);
    }

    /// Who is the primary, as far as it knows, and whether it wants another.
    fn inspect(&self) -> Inspection {
        let role = if self.proposal.is_some() { "proposing" } else { "watching" };
        Inspection::new().role(role).field("appointed", self.appointed).field("voted", self.voted)
    }
}

impl Service for FailoverManager {
    type Request = Heartbeat;
    type Response = Appointed;

    fn on_request(&mut self, call: CallId, Heartbeat { from, position }: Heartbeat, ctx: &mut Context<Self>) {
        self.heard.insert(from, (ctx.monotonic(), position));
        ctx.reply(call, self.appointed);
    }
}

impl FailoverManager {
    /// An observer of a cluster that was told `config`.
    pub fn new(config: Config) -> FailoverManager {
        let appointed = Appointed { epoch: 1, primary: config.first };
        FailoverManager {
            config,
            voted: 1,
            appointed,
            heard: BTreeMap::new(),
            since: Time::ZERO,
            proposal: None,
        }
    }

    /// The latest primary that it knows was appointed.
    pub fn appointed(&self) -> Appointed {
        self.appointed
    }

    /// Whether this database was silent for too long; since the start at most, if it was never heard.
    fn is_silent(&self, database: NodeId, now: Time) -> bool {
        let last = self.heard.get(&database).map_or(self.since, |&(at, _)| at);
        now - last > self.config.suspect_after
    }

    /// Whether it wants another primary: it hears nothing of this one, and the last failover is long enough ago.
    fn wants_failover(&self, now: Time) -> bool {
        let rested = self.appointed.epoch == 1 || now - self.since > self.config.rest;
        rested && self.is_silent(self.appointed.primary, now)
    }

    /// Who should take over, of those that are heard.
    fn candidate(&self, now: Time) -> Option<NodeId> {
        let heard = self.heard.iter().filter(|&(&database, _)| !self.is_silent(database, now));
        match self.config.candidates {
            Candidates::First => heard.map(|(&database, _)| database).next(),
            Candidates::Furthest => {
                heard.max_by_key(|&(_, &(_, position))| position).map(|(&database, _)| database)
            }
            Candidates::Only(one) => heard.map(|(&database, _)| database).find(|&database| database == one),
        }
    }

    /// From time to time: proposes a new epoch if one is needed, under a number that nobody has voted in as far as it knows.
    fn look(&mut self, ctx: &mut Context<Self>) {
        let now = ctx.monotonic();
        self.proposal = None;
        if self.wants_failover(now)
            && let Some(primary) = self.candidate(now)
        {
            let proposed = Appointed { epoch: self.voted + 1, primary };
            self.voted = proposed.epoch;
            self.persist(ctx);
            self.proposal = Some((proposed, BTreeSet::new()));
            ctx.broadcast(Message::Propose(proposed));
            self.count(ctx.id(), proposed.epoch, ctx);
        }
        if self.appointed.epoch > 1 {
            // To those that were cut off when it was decided.
            ctx.broadcast(Message::Decided(self.appointed));
        }
        // At random, so that two observers do not split the votes again and again.
        let (least, most) = (self.config.suspect_after / 4, self.config.suspect_after / 2);
        let wait = ctx.random().between(least, most);
        ctx.set_timer(wait, Timer::Look);
    }

    /// One vote for each epoch, and only if it misses the primary too.
    fn vote(&mut self, from: NodeId, proposed: Appointed, ctx: &mut Context<Self>) {
        if proposed.epoch <= self.appointed.epoch {
            return ctx.send(from, Message::Decided(self.appointed));
        }
        if proposed.epoch > self.voted && self.wants_failover(ctx.monotonic()) {
            self.voted = proposed.epoch;
            self.persist(ctx);
            ctx.send(from, Message::Vote { epoch: proposed.epoch });
        }
    }

    /// One more vote; a majority appoints.
    fn count(&mut self, from: NodeId, epoch: u64, ctx: &mut Context<Self>) {
        let observers = ctx.peers().len() + 1;
        let majority = observers / 2 + 1;
        let Some((proposed, votes)) = &mut self.proposal else { return };
        if proposed.epoch == epoch {
            votes.insert(from);
            if votes.len() >= majority {
                let proposed = *proposed;
                ctx.broadcast(Message::Decided(proposed));
                self.adopt(proposed, ctx);
            }
        }
    }

    /// A newer primary was appointed.
    fn adopt(&mut self, appointed: Appointed, ctx: &mut Context<Self>) {
        if appointed.epoch > self.appointed.epoch {
            ctx.note(format!("{appointed:?}"));
            (self.appointed, self.since, self.proposal) = (appointed, ctx.monotonic(), None);
            self.voted = self.voted.max(appointed.epoch);
            self.persist(ctx);
        }
    }

    fn persist(&self, ctx: &mut Context<Self>) {
        let appointed = (self.appointed.epoch, self.appointed.primary);
        ctx.disk().write("observer", (self.voted, appointed).to_bytes());
        ctx.disk().sync();
    }

    /// At the beginning and after a crash. Who was heard is forgotten: it waits as long as if the primary had just been heard.
    fn recover(&mut self, ctx: &mut Context<Self>) {
        if let Some(bytes) = ctx.disk().read("observer") {
            let (voted, (epoch, primary)) = <(u64, (u64, NodeId))>::from_bytes(&bytes)
                .expect("the disk is whole: a node does not run on a damaged one");
            (self.voted, self.appointed) = (voted, Appointed { epoch, primary });
        }
        self.since = ctx.monotonic();
        ctx.set_timer(self.config.suspect_after, Timer::Look);
    }
}

/// No epoch ever has two primaries.
#[derive(Clone, Debug, Default, Hash)]
pub struct OneAppointmentPerEpoch {
    appointed: BTreeMap<u64, NodeId>,
}

impl Invariant<FailoverManager> for OneAppointmentPerEpoch {
    fn name(&self) -> &str {
        "OneAppointmentPerEpoch"
    }

    fn check(&mut self, members: &[Member<'_, FailoverManager>]) -> Result<(), String> {
        for Appointed { epoch, primary } in members.iter().map(|member| member.state.appointed) {
            let first = *self.appointed.entry(epoch).or_insert(primary);
            if first != primary {
                return Err(format!("epoch {epoch} has two primaries: {first} and {primary}"));
            }
        }
        Ok(())
    }
}

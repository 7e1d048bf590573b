//! A store whose clients choose for each operation how many replicas must answer, and whose operator chooses what a side without a majority does.
//!
//! - **Concept:** Tunable consistency and partition policies (CP, AP)
//! - **Guarantees:** no acknowledged write is lost (safety): it is there, or was overwritten by somebody who had read it; concurrent writes are siblings. At [`Level::Quorum`]:
//!   a read that begins after a write was acknowledged has it (safety). Under [`Policy::Refuse`] a side without a majority answers nothing that the other could contradict. Under
//!   [`Policy::Serve`] every replica that is up answers at [`Level::One`] at once (liveness). Convergence (liveness): replicas that exchange what they have become equal.
//! - **Does not guarantee:** linearizability at any level, since concurrent writes make siblings instead of an order; for that see `register/abd.rs`. Under [`Policy::Serve`] no
//!   invariant over several values or clients: two sides may both give out the last unit.
//! - **Assumes:** nobody forges a message. Messages may be lost, doubled, delayed and reordered; nodes crash and restart with their disks, whose syncs do not lie. The members are fixed.
//! - **Source:** Gilbert and Lynch, "Brewer's Conjecture and the Feasibility of Consistent, Available, Partition-Tolerant Web Services", SIGACT News 33(2), 2002; Abadi, "Consistency
//!   Tradeoffs in Modern Distributed Database System Design", IEEE Computer 45(2), 2012 (PACELC); DeCandia and others, "Dynamo", SOSP 2007, sections 4.4 and 4.5; siblings by dots:
//!   Almeida and others, DAIS 2014
//! - **Differs:** every node has every key, and coordinates for its own clients. Replicas exchange all that they have, without Merkle trees. No hinted handoff, no deletion.
//! - **Chapter:** 04
//!
//! ```text
//!                 Refuse (CP)                                  Serve (AP)
//! n0 | n1 n2      n0: "no majority"    n1, n2 go on            n0: stores x = 1    n1, n2: store x = 2
//! healed          n0 learns what it missed                     all: x = 1 and x = 2, siblings, until somebody who has read both writes
//! ```
//!
//! | policy | a side without a majority | costs |
//! |---|---|---|
//! | [`Policy::Refuse`] | refuses reads and writes | availability there; a round trip to a majority always (PC/EC) |
//! | [`Policy::ReadOnly`] | reads its own copy, refuses writes | reads may be stale |
//! | [`Policy::Serve`] | reads and writes its own copy | siblings, and invariants over several values (PA/EL at level One) |
//!
//! ```
//! use netsplit_algorithms::clocks::VersionVector;
//! use netsplit_algorithms::replication::Level;
//! use netsplit_algorithms::replication::tunable_store::{Config, Policy, TunableStore, get, put};
//! use netsplit_node::{ms, secs};
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let config = Config { policy: Policy::Serve, patience: ms(200), ask_again_every: ms(50), exchange_every: ms(100) };
//! let store = lab.cluster("store", 3, move |_id| TunableStore::new(config));
//! let cut = lab.partition([store.nodes([0]), store.nodes([1, 2])]);
//! for (index, value) in [(0, "ann's"), (2, "bob's")] {
//!     store.client_of(index).call(put("x", value, VersionVector::default(), Level::One));
//! }
//! lab.run_for(secs(1));
//! lab.heal(cut);
//! lab.run_for(secs(1));
//! let both = store.client_of(1).call(get("x", Level::One));
//! lab.run_for(ms(50));
//! assert_eq!(format!("{both:?}"), r#"Ok("ann's" and "bob's")"#);
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use netsplit_node::{CallId, Context, Duration, Inspection, Node, NodeId, Service, Value};

use crate::Storable;
use crate::clocks::{Dot, DottedSiblings, VersionVector};
use crate::replication::Level;

/// What all members are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// What a side without a majority does, until somebody [switches](Request::Switch).
    pub policy: Policy,
    /// How long an operation waits for replicas before it is refused, or given up.
    pub patience: Duration,
    /// A node that waits for replicas asks those that have not answered again after this time.
    pub ask_again_every: Duration,
    /// How often each replica exchanges what it has with another one, chosen at random.
    pub exchange_every: Duration,
}

/// What a side without a majority does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// Refuse: every operation needs a majority at least.
    Refuse,
    /// Read what there is, refuse writes.
    ReadOnly,
    /// Go on, at the level that was asked for.
    Serve,
}

/// What clients ask.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Request {
    /// What is under `key`?
    Get {
        /// The key.
        key: String,
        /// How many replicas must answer.
        level: Level,
    },
    /// Put `value` in the place of what the client has read.
    Put {
        /// The key.
        key: String,
        /// The value.
        value: Value,
        /// What the client has read: the context that a get has given it, or none.
        context: VersionVector,
        /// How many replicas must have it.
        level: Level,
    },
    /// To one member, by its operator: another policy from now on, until it restarts.
    Switch(Policy),
}

/// The request for what is under `key`.
pub fn get(key: &str, level: Level) -> Request {
    Request::Get { key: key.to_owned(), level }
}

/// The request to put `value` in the place of what was read with `context`.
pub fn put(key: &str, value: impl Into<Value>, context: VersionVector, level: Level) -> Request {
    Request::Put { key: key.to_owned(), value: value.into(), context, level }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Request::Get { key, level } => write!(f, "get {key} ({level:?})"),
            Request::Put { key, value, level, .. } => write!(f, "put {key} = {value:?} ({level:?})"),
            Request::Switch(policy) => write!(f, "{policy:?} from now on"),
        }
    }
}

/// What clients are answered.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Response {
    /// To a get.
    Values {
        /// None, one, or siblings.
        values: Vec<Value>,
        /// To be given back with a put that takes their place.
        context: VersionVector,
    },
    /// To a put.
    Stored {
        /// Its name.
        dot: Dot,
    },
    /// To a switch.
    Switched,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Response::Values { values, .. } if values.is_empty() => write!(f, "nothing"),
            Response::Values { values, .. } => {
                let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
                f.write_str(&values.join(" and "))
            }
            Response::Stored { dot } => write!(f, "stored as {dot:?}"),
            Response::Switched => write!(f, "switched"),
        }
    }
}

/// What nodes send each other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// What do you have under `key`?
    Query {
        /// The operation.
        operation: CallId,
        /// The key.
        key: String,
    },
    /// This.
    Found {
        /// The operation.
        operation: CallId,
        /// What the sender has.
        siblings: DottedSiblings<Value>,
    },
    /// Add this to what you have.
    Keep {
        /// The operation.
        operation: CallId,
        /// The key.
        key: String,
        /// What to add.
        siblings: DottedSiblings<Value>,
    },
    /// It is on my disk.
    Kept {
        /// The operation.
        operation: CallId,
    },
    /// All that I have; send me yours if it differs (anti-entropy).
    Exchange {
        /// By key.
        data: BTreeMap<String, DottedSiblings<Value>>,
    },
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |siblings: &DottedSiblings<Value>| {
            let values: Vec<String> = siblings.values().map(|value| format!("{value:?}")).collect();
            values.join(" and ")
        };
        match self {
            Message::Query { key, .. } => write!(f, "query {key}"),
            Message::Found { siblings, .. } => write!(f, "found {}", show(siblings)),
            Message::Keep { key, siblings, .. } => write!(f, "keep {key} = {}", show(siblings)),
            Message::Kept { .. } => write!(f, "kept"),
            Message::Exchange { data } => write!(f, "exchange {} keys", data.len()),
        }
    }
}

/// What wakes a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Ask those again that have not answered.
    AskAgain(CallId),
    /// The operation has waited long enough.
    GiveUp(CallId),
    /// Time to exchange.
    Exchange,
}

/// A replica.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TunableStore {
    config: Config,
    /// Volatile: a restart brings the configured one back.
    policy: Policy,
    /// Persistent. Invariant: on the disk before anybody hears of it, so that no dot is given twice.
    data: BTreeMap<String, DottedSiblings<Value>>,
    /// Volatile: the operations of this node's clients.
    operations: BTreeMap<CallId, Operation>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Operation {
    request: Request,
    key: String,
    /// How many replicas must answer in each phase.
    needed: usize,
    /// First phase: what others have. Second: what this operation has come to, at enough of them.
    phase: Phase,
    /// Who has answered in this phase, this node included.
    answered: BTreeSet<NodeId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Query,
    /// With the name of the write, if it is one.
    Keep(Option<Dot>),
}

impl Node for TunableStore {
    type Message = Message;
    type Timer = Timer;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recover(ctx);
        ctx.set_timer(self.config.exchange_every, Timer::Exchange);
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Query { operation, key } => {
                ctx.send(from, Message::Found { operation, siblings: self.siblings(&key) });
            }
            Message::Found { operation, siblings } => self.collect(from, operation, siblings, ctx),
            Message::Keep { operation, key, siblings } => {
                self.add(&key, &siblings, ctx);
                ctx.send(from, Message::Kept { operation });
            }
            Message::Kept { operation } => self.confirm(from, operation, ctx),
            Message::Exchange { data } => self.exchange(from, &data, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::AskAgain(operation) => self.ask(operation, ctx),
            Timer::GiveUp(operation) => self.give_up(operation, ctx),
            Timer::Exchange => self.begin_exchange(ctx),
        }
    }

    /// The policy, and the values of each key.
    fn inspect(&self) -> Inspection {
        let shown = Inspection::new().role(format!("{:?}", self.policy).to_lowercase());
        self.data
            .iter()
            .fold(shown, |shown, (key, siblings)| shown.field(key, siblings.values().collect::<Vec<_>>()))
    }
}

impl Service for TunableStore {
    type Request = Request;
    type Response = Response;

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        let (key, level) = match &request {
            Request::Switch(policy) => {
                self.policy = *policy;
                return ctx.reply(call, Response::Switched);
            }
            Request::Get { key, level } | Request::Put { key, level, .. } => (key.clone(), *level),
        };
        let level = self.level_under_policy(&request, level);
        let needed = level.of(ctx.peers().len() + 1);
        ctx.set_timer(self.config.patience, Timer::GiveUp(call));
        let operation = Operation { request, key, needed, phase: Phase::Query, answered: [ctx.id()].into() };
        self.operations.insert(call, operation);
        self.ask(call, ctx);
        self.go_on(call, ctx);
    }
}

impl TunableStore {
    /// A replica of a store that was told `config`.
    pub fn new(config: Config) -> TunableStore {
        TunableStore { config, policy: config.policy, data: BTreeMap::new(), operations: BTreeMap::new() }
    }

    /// What this replica has under `key`.
    pub fn siblings(&self, key: &str) -> DottedSiblings<Value> {
        self.data.get(key).cloned().unwrap_or_default()
    }

    /// What this replica has.
    pub fn data(&self) -> &BTreeMap<String, DottedSiblings<Value>> {
        &self.data
    }

    /// The policy that holds here now.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// The policy raises what was asked for: without a majority an operation then finds too few.
    fn level_under_policy(&self, request: &Request, level: Level) -> Level {
        match (self.policy, request) {
            (Policy::Serve, _) | (Policy::ReadOnly, Request::Get { .. }) => level,
            (Policy::Refuse | Policy::ReadOnly, _) => level.max(Level::Quorum),
        }
    }

    /// Asks everyone who has not answered in this phase. At level One too, though nobody waits: the more have it, the better.
    fn ask(&mut self, call: CallId, ctx: &mut Context<Self>) {
        let Some(operation) = self.operations.get(&call) else { return };
        let message = match operation.phase {
            Phase::Query => Message::Query { operation: call, key: operation.key.clone() },
            Phase::Keep(_) => self.keep(call, &operation.key),
        };
        for peer in ctx.peers().filter(|peer| !operation.answered.contains(peer)) {
            ctx.send(peer, message.clone());
        }
        ctx.set_timer(self.config.ask_again_every, Timer::AskAgain(call));
    }

    fn keep(&self, operation: CallId, key: &str) -> Message {
        Message::Keep { operation, key: key.to_owned(), siblings: self.siblings(key) }
    }

    /// First phase: one more replica's siblings.
    fn collect(
        &mut self,
        from: NodeId,
        call: CallId,
        siblings: DottedSiblings<Value>,
        ctx: &mut Context<Self>,
    ) {
        let Some(operation) = self.operations.get_mut(&call) else { return };
        if operation.phase == Phase::Query {
            operation.answered.insert(from);
            let key = operation.key.clone();
            self.add(&key, &siblings, ctx);
            self.go_on(call, ctx);
        }
    }

    /// Second phase: one more replica has it.
    fn confirm(&mut self, from: NodeId, call: CallId, ctx: &mut Context<Self>) {
        let Some(operation) = self.operations.get_mut(&call) else { return };
        if operation.phase != Phase::Query {
            operation.answered.insert(from);
            self.go_on(call, ctx);
        }
    }

    /// Ends the phase if enough have answered.
    fn go_on(&mut self, call: CallId, ctx: &mut Context<Self>) {
        let Some(operation) = self.operations.get(&call) else { return };
        if operation.answered.len() < operation.needed {
            return;
        }
        match operation.phase {
            Phase::Query => self.begin_keep(call, ctx),
            Phase::Keep(dot) => self.end(call, dot, ctx),
        }
    }

    /// Between the phases a put takes effect, here first: only now, when enough replicas are known to be there. A get brings what it has found to those that lack it.
    fn begin_keep(&mut self, call: CallId, ctx: &mut Context<Self>) {
        let Some(operation) = self.operations.get(&call) else { return };
        let key = operation.key.clone();
        let mut dot = None;
        if let Request::Put { value, context, .. } = operation.request.clone() {
            let mut siblings = self.siblings(&key);
            let before: BTreeSet<Dot> = siblings.versions().map(|(version, _)| version.dot).collect();
            siblings.put(ctx.id(), &context, value);
            dot = siblings.versions().map(|(version, _)| version.dot).find(|dot| !before.contains(dot));
            self.store(&key, siblings, ctx);
        }
        if let Some(operation) = self.operations.get_mut(&call) {
            (operation.phase, operation.answered) = (Phase::Keep(dot), [ctx.id()].into());
        }
        self.ask(call, ctx);
        self.go_on(call, ctx);
    }

    fn end(&mut self, call: CallId, dot: Option<Dot>, ctx: &mut Context<Self>) {
        let Some(operation) = self.operations.remove(&call) else { return };
        cancel_timers(call, ctx);
        let siblings = self.siblings(&operation.key);
        ctx.reply(
            call,
            match dot {
                Some(dot) => Response::Stored { dot },
                None => Response::Values {
                    values: siblings.values().cloned().collect(),
                    context: siblings.context(),
                },
            },
        );
    }

    /// Too few have answered. In the first phase nothing has happened, and that can be said; a put that has begun may yet be everywhere.
    fn give_up(&mut self, call: CallId, ctx: &mut Context<Self>) {
        let Some(operation) = self.operations.remove(&call) else { return };
        cancel_timers(call, ctx);
        if !matches!(operation.phase, Phase::Keep(Some(_))) {
            let (answered, needed) = (operation.answered.len(), operation.needed);
            ctx.refuse(call, format!("{answered} of {needed} replicas that this needs"));
        }
    }

    // Anti-entropy.

    fn begin_exchange(&mut self, ctx: &mut Context<Self>) {
        let peers: Vec<NodeId> = ctx.peers().collect();
        if let Some(&peer) = ctx.random().pick(&peers) {
            ctx.send(peer, Message::Exchange { data: self.data.clone() });
        }
        ctx.set_timer(self.config.exchange_every, Timer::Exchange);
    }

    /// Adds what the other has, and sends back what it lacks.
    fn exchange(
        &mut self,
        from: NodeId,
        data: &BTreeMap<String, DottedSiblings<Value>>,
        ctx: &mut Context<Self>,
    ) {
        for (key, siblings) in data {
            self.add(key, siblings, ctx);
        }
        if self.data != *data {
            ctx.send(from, Message::Exchange { data: self.data.clone() });
        }
    }

    // The disk.

    fn add(&mut self, key: &str, siblings: &DottedSiblings<Value>, ctx: &mut Context<Self>) {
        let mut merged = self.siblings(key);
        merged.merge(siblings);
        if merged != self.siblings(key) {
            self.store(key, merged, ctx);
        }
    }

    fn store(&mut self, key: &str, siblings: DottedSiblings<Value>, ctx: &mut Context<Self>) {
        ctx.disk().write(key, siblings.to_bytes());
        ctx.disk().sync();
        self.data.insert(key.to_owned(), siblings);
    }

    fn recover(&mut self, ctx: &mut Context<Self>) {
        for key in ctx.disk().files() {
            let bytes = ctx.disk().read(&key).expect("the disk has just listed this file");
            let siblings = DottedSiblings::from_bytes(&bytes);
            self.data.insert(key, siblings.expect("the disk is whole: a node does not run on a damaged one"));
        }
    }
}

fn cancel_timers(call: CallId, ctx: &mut Context<TunableStore>) {
    ctx.cancel_timer(&Timer::AskAgain(call));
    ctx.cancel_timer(&Timer::GiveUp(call));
}

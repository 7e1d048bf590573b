//! ABD emulates a register that all nodes share by messages alone: every read and every write asks a majority.
//!
//! - **Concept:** ABD register (atomic register over messages)
//! - **Guarantees:** linearizability (safety) of every register, whatever the network does and whoever crashes. Termination (liveness): an
//!   operation ends once a majority is up and connected for long enough, its own node included; no operation waits for another.
//! - **Does not guarantee:** any read-modify-write: two nodes that both add 1 to what they read may add 1 together, and no register can
//!   prevent it (Herlihy, 1991: a register's consensus number is 1). Progress on the side of a partition that has no majority.
//! - **Assumes:** nobody forges a message. Messages may be lost, doubled, delayed and reordered; nodes crash and restart with the disk
//!   that they had, whose syncs do not lie. The members are the same for ever. A client's request arrives at most once: a doubled put may
//!   take effect twice, the second time after somebody else's.
//! - **Source:** Attiya, Bar-Noy and Dolev, "Sharing Memory Robustly in Message-Passing Systems", JACM 42(1), 1995, "The Unbounded
//!   Emulation" (one writer); Lynch and Shvartsman, "Robust Emulation of Shared Memory Using Dynamic Quorum-Acknowledged Broadcasts",
//!   FTCS 1997, query and propagation phase (many writers)
//! - **Differs:** nodes of the paper crash for good; ours come back, so tags are on the disk before anybody hears of them. Quorums are
//!   majorities and never change (the second paper's reconfiguration is left out). There is a register for every key, since registers
//!   compose. Left out: tags of bounded size, and the read that skips its second phase if all of its majority agree.
//! - **Chapter:** 15
//!
//! ```text
//!                  query phase: which is the newest value?   propagation phase: a majority shall have it
//!                ┌───────────────────────────────────────┐ ┌────────────────────────────────────────────┐
//! n0 (asked)  ───┬──────────▲─────────────▲───────────────┬───────────▲───────────────────────────▶ done
//!          query │          │ (4,n1): tea │     propagate │           │ ack
//! n1          ───▼──────────┴─────────────│───────────────▼───────────┴───────────────────────────
//! n2          ───▼────────────────────────┴ (3,n0): milk  ▼ ...                  (a minority is not waited for)
//!
//! put: propagates its value under a tag above all that the query found      get: propagates what the query found, then returns it
//! ```
//!
//! Why a read writes: when a put has reached one node only, a get that meets this node returns the new value, and a get after it that does
//! not would return the old one. The second phase of the first get makes sure that no later get can miss what it returned.
//!
//! ```
//! use netsplit_algorithms::register::abd::{Abd, Config, Writers};
//! use netsplit_node::{ms, secs};
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let registers = lab.cluster("register", 3, |_id| Abd::new(Config { writers: Writers::Many, ask_again_every: ms(50) }));
//! let (ann, bob) = (registers.client_of(0), registers.client_of(2));
//! registers.crash(1);                                       // a minority
//! let put = ann.put("drink", "tea");
//! lab.run_until(|| !put.is_pending(), secs(1));
//! let get = bob.get("drink");
//! lab.run_until(|| !get.is_pending(), secs(1));
//! assert_eq!(format!("{get:?}"), "Ok(\"tea\")");
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use netsplit_node::{
    CallId, Context, Duration, Inspection, Invariant, KeyValueRequest, KeyValueResponse, Member, Node,
    NodeId, Service, Value,
};

use crate::Storable;

/// What a cluster of registers is told. All members must be told the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Who may write.
    pub writers: Writers,
    /// A node that waits for a majority asks those that have not answered again after this time, and again: messages are lost.
    pub ask_again_every: Duration,
}

/// Who may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Writers {
    /// This node alone. It knows the newest tag, so its puts skip the query phase: one round trip instead of two.
    One(NodeId),
    /// Every node; a put must first learn the newest tag.
    Many,
}

/// The time of a write, as all nodes count it: writes are linearized in the order of their tags.
// The writer's number is not decoration: without it two writers that learned of the same newest tag would make equal ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// One more than the writer had heard of. 0 before the first write.
    pub number: u64,
    /// Who wrote: decides between writes of the same number.
    pub writer: NodeId,
}

impl Tag {
    /// The tag of a register that was never written.
    pub const INITIAL: Tag = Tag { number: 0, writer: NodeId(0) };
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({},{})", self.number, self.writer)
    }
}

/// A value with the time when it was written.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tagged {
    /// When.
    pub tag: Tag,
    /// What; nothing before the first write.
    pub value: Option<Value>,
}

impl Tagged {
    /// A register that was never written.
    pub const INITIAL: Tagged = Tagged { tag: Tag::INITIAL, value: None };
}

impl fmt::Debug for Tagged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{:?} {value:?}", self.tag),
            None => write!(f, "{:?}", self.tag),
        }
    }
}

/// What nodes send each other. Every message names the operation that it belongs to, so that late answers are told from those that are
/// waited for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// Query phase: what do you have under `key`?
    Query {
        /// The operation.
        operation: CallId,
        /// The register.
        key: String,
    },
    /// The answer: this.
    QueryAck {
        /// The operation.
        operation: CallId,
        /// What the sender has.
        found: Tagged,
    },
    /// Propagation phase: keep this under `key`, unless you have something newer.
    Propagate {
        /// The operation.
        operation: CallId,
        /// The register.
        key: String,
        /// What to keep.
        newest: Tagged,
    },
    /// The answer: this or something newer is on the sender's disk.
    PropagateAck {
        /// The operation.
        operation: CallId,
    },
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Query { key, .. } => write!(f, "query {key}"),
            Message::QueryAck { found, .. } => write!(f, "query ack {found:?}"),
            Message::Propagate { key, newest, .. } => write!(f, "propagate {key} = {newest:?}"),
            Message::PropagateAck { .. } => write!(f, "propagate ack"),
        }
    }
}

/// What wakes a node.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Ask those again that have not answered in this operation's phase.
    AskAgain(CallId),
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ask again")
    }
}

/// A node that keeps a copy of every register, and carries out the operations of its clients.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Abd {
    config: Config,
    /// Persistent: the newest value of each register that this node has heard of.
    ///
    /// Invariant: equal to the disk's files whenever a message leaves, and its tags never decrease.
    registers: BTreeMap<String, Tagged>,
    /// Volatile: the operations of this node's clients. A crash forgets them; their clients learn `Unknown`.
    operations: BTreeMap<CallId, Operation>,
}

/// An operation under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Operation {
    key: String,
    kind: Kind,
    phase: Phase,
    /// Who has answered in this phase, this node included. Invariant: the phase ends when they are a majority.
    answered: BTreeSet<NodeId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Get,
    Put(Value),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// Waiting for a majority's tags; `newest` is the greatest so far.
    Query { newest: Tagged },
    /// Waiting for a majority to have `newest`.
    Propagate { newest: Tagged },
}

impl Node for Abd {
    type Message = Message;
    type Timer = Timer;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recover(ctx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Query { operation, key } => self.answer_query(from, operation, &key, ctx),
            Message::QueryAck { operation, found } => self.collect_tag(from, operation, found, ctx),
            Message::Propagate { operation, key, newest } => {
                self.answer_propagate(from, operation, key, newest, ctx);
            }
            Message::PropagateAck { operation } => self.collect_ack(from, operation, ctx),
        }
    }

    fn on_timer(&mut self, Timer::AskAgain(operation): Timer, ctx: &mut Context<Self>) {
        self.ask(operation, ctx);
    }

    /// What it does for its clients, and each register with its tag.
    fn inspect(&self) -> Inspection {
        let propagating = self.operations.values().any(|op| matches!(op.phase, Phase::Propagate { .. }));
        let role = match (self.operations.is_empty(), propagating) {
            (true, _) => "idle",
            (false, true) => "propagating",
            (false, false) => "querying",
        };
        self.registers
            .iter()
            .fold(Inspection::new().role(role), |shown, (key, tagged)| shown.field(key, tagged))
    }
}

impl Service for Abd {
    type Request = KeyValueRequest;
    type Response = KeyValueResponse;

    fn on_request(&mut self, call: CallId, request: KeyValueRequest, ctx: &mut Context<Self>) {
        match request {
            KeyValueRequest::Get { key } => self.begin_query(call, key, Kind::Get, ctx),
            KeyValueRequest::Put { key, value } => match self.config.writers {
                Writers::Many => self.begin_query(call, key, Kind::Put(value), ctx),
                Writers::One(writer) if writer == ctx.id() => self.begin_write(call, key, value, ctx),
                Writers::One(writer) => ctx.refuse(call, format!("only {writer} writes")),
            },
        }
    }
}

impl Abd {
    /// A node of a cluster that was told `config`.
    pub fn new(config: Config) -> Abd {
        Abd { config, registers: BTreeMap::new(), operations: BTreeMap::new() }
    }

    /// What this node has under `key`.
    pub fn register(&self, key: &str) -> Tagged {
        self.registers.get(key).cloned().unwrap_or(Tagged::INITIAL)
    }

    /// After a crash: the registers are on the disk, the operations are forgotten.
    fn recover(&mut self, ctx: &mut Context<Self>) {
        for key in ctx.disk().files() {
            let bytes = ctx.disk().read(&key).expect("the disk has just listed this file");
            let register =
                Tagged::from_bytes(&bytes).expect("the disk is whole: a node does not run on a damaged one");
            self.registers.insert(key, register);
        }
    }

    /// Query phase: asks everyone for the newest tag.
    fn begin_query(&mut self, call: CallId, key: String, kind: Kind, ctx: &mut Context<Self>) {
        let newest = self.register(&key);
        self.begin_phase(
            call,
            Operation { key, kind, phase: Phase::Query { newest }, answered: [].into() },
            ctx,
        );
    }

    /// The only writer knows the newest tag: it is its own.
    fn begin_write(&mut self, call: CallId, key: String, value: Value, ctx: &mut Context<Self>) {
        let newest = self.next_write(&key, Tag::INITIAL, value.clone(), ctx.id());
        self.begin_propagation(call, key, Kind::Put(value), newest, ctx);
    }

    /// Propagation phase: brings `newest` to everyone.
    fn begin_propagation(
        &mut self,
        call: CallId,
        key: String,
        kind: Kind,
        newest: Tagged,
        ctx: &mut Context<Self>,
    ) {
        // Here first, and on the disk: the tag is used up before anybody can hear of it. If it were not, this node could crash, forget it,
        // and give the same tag to another value.
        self.keep_newer(&key, newest.clone(), ctx);
        self.begin_phase(
            call,
            Operation { key, kind, phase: Phase::Propagate { newest }, answered: [].into() },
            ctx,
        );
    }

    fn begin_phase(&mut self, call: CallId, operation: Operation, ctx: &mut Context<Self>) {
        self.operations.insert(call, operation);
        self.ask(call, ctx);
        self.count_answer(call, ctx.id(), ctx);
    }

    /// Asks everyone who has not answered in this phase yet.
    fn ask(&mut self, call: CallId, ctx: &mut Context<Self>) {
        let Some(operation) = self.operations.get(&call) else { return };
        let key = operation.key.clone();
        let message = match &operation.phase {
            Phase::Query { .. } => Message::Query { operation: call, key },
            Phase::Propagate { newest } => {
                Message::Propagate { operation: call, key, newest: newest.clone() }
            }
        };
        for peer in ctx.peers().filter(|peer| !operation.answered.contains(peer)) {
            ctx.send(peer, message.clone());
        }
        ctx.set_timer(self.config.ask_again_every, Timer::AskAgain(call));
    }

    /// A replica answers with what it has.
    fn answer_query(&mut self, from: NodeId, operation: CallId, key: &str, ctx: &mut Context<Self>) {
        ctx.send(from, Message::QueryAck { operation, found: self.register(key) });
    }

    /// A replica keeps what is newer than its own, and answers once that is on its disk.
    fn answer_propagate(
        &mut self,
        from: NodeId,
        operation: CallId,
        key: String,
        newest: Tagged,
        ctx: &mut Context<Self>,
    ) {
        self.keep_newer(&key, newest, ctx);
        ctx.send(from, Message::PropagateAck { operation });
    }

    /// What is sent after this waits for the disk.
    fn keep_newer(&mut self, key: &str, newest: Tagged, ctx: &mut Context<Self>) {
        if newest.tag > self.register(key).tag {
            ctx.disk().write(key, newest.to_bytes());
            ctx.disk().sync();
            self.registers.insert(key.to_owned(), newest);
        }
    }

    /// Query phase: one more tag.
    fn collect_tag(&mut self, from: NodeId, call: CallId, found: Tagged, ctx: &mut Context<Self>) {
        let Some(operation) = self.operations.get_mut(&call) else { return };
        let Phase::Query { newest } = &mut operation.phase else { return };
        if found.tag > newest.tag {
            *newest = found;
        }
        self.count_answer(call, from, ctx);
    }

    /// Propagation phase: one more replica has it.
    fn collect_ack(&mut self, from: NodeId, call: CallId, ctx: &mut Context<Self>) {
        let propagating = |operation: &Operation| matches!(operation.phase, Phase::Propagate { .. });
        if self.operations.get(&call).is_some_and(propagating) {
            self.count_answer(call, from, ctx);
        }
    }

    /// Ends the phase if a majority has answered: of any two majorities one member is in both, and it knows.
    fn count_answer(&mut self, call: CallId, from: NodeId, ctx: &mut Context<Self>) {
        let Some(operation) = self.operations.get_mut(&call) else { return };
        operation.answered.insert(from);
        if operation.answered.len() < majority(ctx) {
            return;
        }
        let Operation { key, kind, phase, .. } = self.operations.remove(&call).expect("it was just there");
        match (phase, kind) {
            (Phase::Query { newest }, Kind::Get) => self.begin_propagation(call, key, Kind::Get, newest, ctx),
            (Phase::Query { newest }, Kind::Put(value)) => {
                let newest = self.next_write(&key, newest.tag, value.clone(), ctx.id());
                self.begin_propagation(call, key, Kind::Put(value), newest, ctx);
            }
            (Phase::Propagate { newest }, kind) => self.end(call, kind, newest, ctx),
        }
    }

    /// `value` under a tag above `found`, which is what the query found, and above what this node has given out itself since then, for
    /// another client.
    fn next_write(&self, key: &str, found: Tag, value: Value, me: NodeId) -> Tagged {
        let newest = found.max(self.register(key).tag);
        Tagged { tag: Tag { number: newest.number + 1, writer: me }, value: Some(value) }
    }

    fn end(&mut self, call: CallId, kind: Kind, newest: Tagged, ctx: &mut Context<Self>) {
        ctx.cancel_timer(&Timer::AskAgain(call));
        match kind {
            Kind::Get => ctx.reply(call, KeyValueResponse::Value(newest.value)),
            Kind::Put(_) => ctx.reply(call, KeyValueResponse::Stored),
        }
    }
}

fn majority(ctx: &Context<Abd>) -> usize {
    let members = ctx.peers().len() + 1;
    members / 2 + 1
}

impl Storable for Tagged {
    fn store(&self, bytes: &mut Vec<u8>) {
        self.tag.number.store(bytes);
        self.tag.writer.store(bytes);
        self.value.store(bytes);
    }
    fn load(bytes: &mut &[u8]) -> Option<Tagged> {
        let tag = Tag { number: u64::load(bytes)?, writer: NodeId::load(bytes)? };
        Some(Tagged { tag, value: Option::load(bytes)? })
    }
}

/// A replica that has acknowledged a tag never has an older one again, whatever happens to it (the papers' monotone tags).
#[derive(Clone, Debug, Default, Hash)]
pub struct TagsMonotone {
    /// The greatest tag that each replica has acknowledged, by replica and key.
    acknowledged: BTreeMap<(NodeId, String), Tag>,
}

impl Invariant<Abd> for TagsMonotone {
    fn name(&self) -> &str {
        "TagsMonotone"
    }

    fn check(&mut self, members: &[Member<'_, Abd>]) -> Result<(), String> {
        for member in members {
            for operation in member.state.operations.values() {
                let Phase::Propagate { newest } = &operation.phase else { continue };
                // What a node has acknowledged to itself, nobody has heard of: a crash may forget it together with the operation.
                for &replica in operation.answered.iter().filter(|&&replica| replica != member.id) {
                    let known =
                        self.acknowledged.entry((replica, operation.key.clone())).or_insert(Tag::INITIAL);
                    *known = newest.tag.max(*known);
                }
            }
        }
        for ((replica, key), tag) in &self.acknowledged {
            let now = members
                .iter()
                .find(|member| member.id == *replica)
                .map(|member| member.state.register(key).tag);
            if let Some(now) = now.filter(|now| now < tag) {
                return Err(format!(
                    "{replica} has acknowledged {key} with the tag {tag:?}, and now has {now:?}"
                ));
            }
        }
        Ok(())
    }
}

/// Equal tags, equal values: a tag is given to one write only, so that the order of tags is an order of writes.
#[derive(Clone, Debug, Default, Hash)]
pub struct TagsUnique {
    values: BTreeMap<(String, Tag), Option<Value>>,
}

impl Invariant<Abd> for TagsUnique {
    fn name(&self) -> &str {
        "TagsUnique"
    }

    fn check(&mut self, members: &[Member<'_, Abd>]) -> Result<(), String> {
        for member in members {
            for (key, Tagged { tag, value }) in &member.state.registers {
                // What only its writer has may not be on its disk yet: a crash takes it back.
                if tag.writer == member.id {
                    continue;
                }
                let known = self.values.entry((key.clone(), *tag)).or_insert_with(|| value.clone());
                if known != value {
                    return Err(format!("{key} is both {known:?} and {value:?} under the tag {tag:?}"));
                }
            }
        }
        Ok(())
    }
}

//! Causal broadcast shows nobody an answer before its question: a message waits until all that its sender had seen was delivered here too.
//!
//! - **Concept:** Causal broadcast
//! - **Guarantees:** causal delivery (safety): if a message could have influenced another, every node delivers it first. No creation, no duplication
//!   (safety). Reliable delivery (liveness): if nodes do not crash and what is sent again and again arrives at some time, every node delivers every message.
//! - **Does not guarantee:** an order of concurrent messages: nodes may show them differently (that takes atomic broadcast, which is consensus). What
//!   influenced a person outside the system is not seen.
//! - **Assumes:** no crashes; nobody forges a message. Messages may be lost, doubled and reordered. The set of nodes is fixed.
//! - **Source:** Birman, Schiper and Stephenson, "Lightweight Causal and Atomic Group Multicast", TOCS 9(3), 1991, section 5.1 (the CBCAST protocol: the
//!   delay rule); Cachin, Guerraoui and Rodrigues, "Introduction to Reliable and Secure Distributed Programming", 2011, section 3.9.5
//!   (waiting causal broadcast)
//! - **Differs:** messages are sent again until each receiver has said which it has delivered; the paper has reliable links and handles members that
//!   come and go. A buffer may be bounded: what does not fit is dropped, and comes again.
//! - **Chapter:** 06
//!
//! ```text
//! ann  ── "lunch?" ─────────────────────────────▶
//!          ╲      ╲
//! bob  ─────▼──────╲── "yes, at noon" ──────────▶     bob has seen ann's first message: [ann: 1, bob: 1]
//!                   ╲      │
//! eve  ─────────────╲──────▼╌╌╌╌▼───────────────▶     eve has not: bob's waits for ann's
//!                    ╲          │ "yes, at noon" is delivered here, right after "lunch?"
//!                     ╲─────────▼
//! ```
//!
//! The rule alone, as a value: [`CausalBuffer`].
//!
//! ```
//! use netsplit_algorithms::clocks::causal_broadcast::{CausalBuffer, Room};
//! use netsplit_node::NodeId;
//!
//! let (ann, bob) = (NodeId(0), NodeId(1));
//! let (mut at_ann, mut at_bob, mut at_eve) = (CausalBuffer::new(Room::Unbounded), CausalBuffer::new(Room::Unbounded), CausalBuffer::new(Room::Unbounded));
//! let question = at_ann.broadcast(ann, "lunch?");
//! at_bob.receive(question.clone());
//! let answer = at_bob.broadcast(bob, "yes, at noon");
//!
//! assert!(at_eve.receive(answer).is_empty());                 // she would not know to what
//! let shown: Vec<&str> = at_eve.receive(question).into_iter().map(|message| message.content).collect();
//! assert_eq!(shown, ["lunch?", "yes, at noon"]);
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use netsplit_node::{CallId, Context, Duration, Inspection, Invariant, Member, Node, NodeId, Service};

use crate::clocks::{Causality, VectorClock};

/// What all nodes are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// What somebody has not delivered is sent again after this time, and again.
    pub send_again_every: Duration,
    /// How much may wait.
    pub room: Room,
}

/// How many messages a buffer may keep that wait for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Room {
    /// As many as come.
    Unbounded,
    /// So many. One more is dropped, as if the network had lost it.
    Messages(usize),
}

/// A message with its time: how many messages of each node its sender had delivered, its own and this one included (`VT` in the paper).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Stamped<M> {
    /// Who sent it.
    pub sender: NodeId,
    /// When.
    pub time: VectorClock,
    /// What it says.
    pub content: M,
}

impl<M> Stamped<M> {
    /// Its number among its sender's messages, from 1.
    pub fn number(&self) -> u64 {
        self.time.count(self.sender)
    }
}

impl<M: fmt::Debug> fmt::Debug for Stamped<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.content, self.time)
    }
}

/// The delay rule, at one node: what came, and what may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CausalBuffer<M> {
    room: Room,
    /// How many messages of each node were delivered here.
    delivered: VectorClock,
    /// What waits, by sender and number. Invariant: nothing of it can be delivered, and nothing was.
    waiting: BTreeMap<(NodeId, u64), Stamped<M>>,
}

impl<M: Clone> CausalBuffer<M> {
    /// A buffer to which nothing has come.
    pub fn new(room: Room) -> CausalBuffer<M> {
        CausalBuffer { room, delivered: VectorClock::default(), waiting: BTreeMap::new() }
    }

    /// The node `at` says `content` to all: the message to be sent, which counts as delivered here.
    pub fn broadcast(&mut self, at: NodeId, content: M) -> Stamped<M> {
        Stamped { sender: at, time: self.delivered.tick(at), content }
    }

    /// A message has come. Returns what is delivered now, in its order: nothing, this one, or this one and those that have waited for it.
    pub fn receive(&mut self, message: Stamped<M>) -> Vec<Stamped<M>> {
        if message.number() > self.delivered.count(message.sender) {
            self.waiting.insert((message.sender, message.number()), message);
        }
        let mut shown = Vec::new();
        while let Some(key) = self.waiting.iter().find(|(_, it)| self.is_deliverable(it)).map(|(&key, _)| key)
        {
            let message = self.waiting.remove(&key).expect("it was just found");
            self.delivered.merge(&message.time);
            shown.push(message);
        }
        if let Room::Messages(most) = self.room {
            // The newest go: what others wait for is older.
            while self.waiting.len() > most {
                let newest = self
                    .waiting
                    .iter()
                    .max_by_key(|(_, it)| it.time.iter().map(|(_, count)| count).sum::<u64>());
                let key = *newest.expect("more than none").0;
                self.waiting.remove(&key);
            }
        }
        shown
    }

    /// How many messages of each node were delivered here.
    pub fn delivered(&self) -> &VectorClock {
        &self.delivered
    }

    /// How many messages wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The rule of section 5.1: the next of its sender, and nothing that its sender had seen of others is missing here.
    fn is_deliverable(&self, message: &Stamped<M>) -> bool {
        message.time.iter().all(|(node, count)| {
            let here = self.delivered.count(node);
            if node == message.sender { count == here + 1 } else { count <= here }
        })
    }
}

/// What a client says to all.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Say(pub String);

impl fmt::Debug for Say {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "say {:?}", self.0)
    }
}

/// What a client is answered: its node has said it, and shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Said;

/// What nodes send each other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// Something that somebody said.
    Broadcast(Stamped<String>),
    /// I have delivered so many messages of each node.
    Delivered(VectorClock),
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Broadcast(message) => write!(f, "{message:?}"),
            Message::Delivered(delivered) => write!(f, "has {delivered}"),
        }
    }
}

/// What wakes a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// What was not delivered everywhere goes out again.
    SendAgain,
}

/// A node of a chat. All of it is volatile: the algorithm knows no crashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CausalBroadcast {
    config: Config,
    buffer: CausalBuffer<String>,
    /// What was delivered here, in this order.
    shown: Vec<Stamped<String>>,
    /// Its own messages that somebody may not have.
    unconfirmed: Vec<Stamped<String>>,
    /// What each peer is known to have delivered.
    delivered_at: BTreeMap<NodeId, VectorClock>,
}

impl Node for CausalBroadcast {
    type Message = Message;
    type Timer = Timer;

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Broadcast(message) => self.deliver(from, message, ctx),
            Message::Delivered(delivered) => self.confirm(from, delivered, ctx),
        }
    }

    fn on_timer(&mut self, Timer::SendAgain: Timer, ctx: &mut Context<Self>) {
        self.send_again(ctx);
    }

    /// What was said, as it is shown here, and how much waits.
    fn inspect(&self) -> Inspection {
        let shown: Vec<&str> = self.shown.iter().map(|message| message.content.as_str()).collect();
        let role = if self.buffer.waiting() > 0 { "waiting" } else { "up to date" };
        Inspection::new().role(role).field("shown", shown).field("waiting", self.buffer.waiting())
    }
}

impl Service for CausalBroadcast {
    type Request = Say;
    type Response = Said;

    fn on_request(&mut self, call: CallId, Say(content): Say, ctx: &mut Context<Self>) {
        self.broadcast(content, ctx);
        ctx.reply(call, Said);
    }
}

impl CausalBroadcast {
    /// A node of a cluster that was told `config`.
    pub fn new(config: Config) -> CausalBroadcast {
        CausalBroadcast {
            config,
            buffer: CausalBuffer::new(config.room),
            shown: Vec::new(),
            unconfirmed: Vec::new(),
            delivered_at: BTreeMap::new(),
        }
    }

    /// What was delivered here, in this order.
    pub fn shown(&self) -> &[Stamped<String>] {
        &self.shown
    }

    /// How many messages wait here for others.
    pub fn waiting(&self) -> usize {
        self.buffer.waiting()
    }

    /// Whether every node is known to have delivered all that this one has said.
    pub fn is_confirmed(&self) -> bool {
        self.unconfirmed.is_empty()
    }

    fn broadcast(&mut self, content: String, ctx: &mut Context<Self>) {
        let message = self.buffer.broadcast(ctx.id(), content);
        self.shown.push(message.clone());
        if ctx.peers().len() > 0 {
            self.unconfirmed.push(message.clone());
            ctx.broadcast(Message::Broadcast(message));
            ctx.set_timer(self.config.send_again_every, Timer::SendAgain);
        }
    }

    /// Shows what may be shown, and tells the sender how far that is, also if it is nothing new: what was told before may be lost.
    fn deliver(&mut self, from: NodeId, message: Stamped<String>, ctx: &mut Context<Self>) {
        let delivered = self.buffer.receive(message);
        let senders: BTreeSet<NodeId> = delivered.iter().map(|it| it.sender).chain([from]).collect();
        self.shown.extend(delivered);
        for sender in senders {
            ctx.send(sender, Message::Delivered(self.buffer.delivered().clone()));
        }
    }

    fn confirm(&mut self, from: NodeId, delivered: VectorClock, ctx: &mut Context<Self>) {
        self.delivered_at.entry(from).or_default().merge(&delivered);
        let everywhere =
            |message: &Stamped<String>| ctx.peers().all(|peer| self.has_delivered(peer, message));
        let unconfirmed = self.unconfirmed.iter().filter(|message| !everywhere(message)).cloned().collect();
        self.unconfirmed = unconfirmed;
        if self.unconfirmed.is_empty() {
            ctx.cancel_timer(&Timer::SendAgain);
        }
    }

    fn send_again(&mut self, ctx: &mut Context<Self>) {
        for message in &self.unconfirmed {
            for peer in ctx.peers().filter(|&peer| !self.has_delivered(peer, message)) {
                ctx.send(peer, Message::Broadcast(message.clone()));
            }
        }
        ctx.set_timer(self.config.send_again_every, Timer::SendAgain);
    }

    fn has_delivered(&self, peer: NodeId, message: &Stamped<String>) -> bool {
        self.delivered_at.get(&peer).is_some_and(|known| known.count(message.sender) >= message.number())
    }
}

/// Whatever a node shows, it has shown all its causes before: of any two messages in its order, the later one never happened before the earlier one,
/// and nothing that could have influenced what is shown is missing.
#[derive(Clone, Debug, Default, Hash)]
pub struct CausalDelivery;

impl Invariant<CausalBroadcast> for CausalDelivery {
    fn name(&self) -> &str {
        "CausalDelivery"
    }

    fn check(&mut self, members: &[Member<'_, CausalBroadcast>]) -> Result<(), String> {
        for member in members {
            let mut seen = VectorClock::default();
            for message in &member.state.shown {
                let in_time = seen.tick(message.sender).count(message.sender) == message.number();
                if !in_time || !matches!(message.time.compare(&seen), Causality::Before | Causality::Equal) {
                    return Err(format!("{} shows {message:?}, having shown only {seen}", member.id));
                }
            }
        }
        Ok(())
    }
}

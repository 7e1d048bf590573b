//! Chain replication has servers in a row: the head takes the updates, each hands them on to the next, and the tail, which has only what all have, answers the queries.
//!
//! - **Concept:** Chain replication
//! - **Guarantees:** linearizability, and no acknowledged write is lost (safety), as long as one server of the chain that is whole keeps its disk; the Update Propagation Invariant: the history of each server
//!   is the beginning of its predecessor's. Liveness: updates end once the servers of the chain are connected in their order, queries once the tail hears the master.
//! - **Does not guarantee:** that updates go on while a server of the chain is silent and not yet taken out: all must have an update before it is acknowledged. Queries, while the tail does not
//!   hear the master. That the client of a head that was taken out learns what became of its update.
//! - **Assumes:** one master, whose disk does not lie, and which may crash and come back (the paper replicates it by Paxos). Clocks run at the same rate but for what is between a lease and the
//!   master's patience. Messages may be lost, doubled, late and in another order; servers crash and restart with their disks. A client's request arrives at most once.
//! - **Source:** van Renesse and Schneider, "Chain Replication for Supporting High Throughput and Availability", OSDI 2004, sections 2 (objects, queries and updates), 3 (protocol), 3.1 (the
//!   master; failure of the head, of the tail, of a middle server; extending a chain)
//! - **Differs:** the paper's servers are fail-stop, and their master is never wrong. Here a server that is slow or cut off may be taken out while it runs: epochs keep it out of the chain, and a
//!   lease ends its right to answer queries before there is another tail. The tail's reply to an update goes back along the chain, as its acknowledgement, and the head tells the client. The
//!   history is kept whole, instead of the state that it leads to.
//! - **Chapter:** 09
//!
//! ```text
//!               put x = 1            ┌▶ stored                get x ──▶ at the tail only
//! n0 head    ───▼────┐       ack     │                        (n1 dies: the master makes n0 > n2, and n0 sends n2 what it lacks)
//! n1         ────────▼────┐   ▲──────┘
//! n2 tail    ─────────────▼───┘ all have it now
//! ```
//!
//! | fails | what the others do (section 3.1) |
//! |---|---|
//! | the head | the next is the head; what only the old one had is lost, and was not acknowledged |
//! | the tail | the one before it is the tail: it has all that the old one had |
//! | one between | the one before it sends the one after it what that lacks (`Sent`) |
//!
//! ```
//! use netsplit_algorithms::replication::chain::{ChainMaster, ChainServer, Config};
//! use netsplit_node::ms;
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let config = Config { servers: 3, heartbeat_every: ms(20), lease: ms(100), suspect_after: ms(150) };
//! let masters = lab.cluster("master", 1, move |_id| ChainMaster::new(config));
//! let master = masters.address(0);
//! let servers = lab.cluster("server", 3, move |_id| ChainServer::new(config, master));
//! lab.run_for(ms(100));
//! let put = servers.client_of(0).put("x", 1);
//! lab.run_until(|| !put.is_pending(), ms(100));
//! servers.crash(1);                                        // the middle
//! lab.run_for(ms(500));
//! let get = servers.client_of(2).get("x");
//! lab.run_for(ms(50));
//! assert_eq!(format!("{put:?} {get:?}"), "Ok(stored) Ok(1)");
//! assert_eq!(format!("{:?}", masters.node(0).chain()), "e2 n1 > n3");
//! ```

use std::collections::BTreeMap;
use std::fmt;

use netsplit_node::{
    Address, CallId, Context, Duration, Inspection, KeyValueRequest, KeyValueResponse, Node, NodeId, Service,
    Time, Value,
};

use crate::Storable;

mod invariants;
mod master;

pub use invariants::{NoAcknowledgedWriteLost, UpdatePropagation};
pub use master::{Chain, ChainMaster, Heartbeat, Look};

/// What the master and all servers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How many servers the first chain has.
    pub servers: usize,
    /// A server tells the master this often that it is there, and sends again what its successor may lack.
    pub heartbeat_every: Duration,
    /// For so long after a heartbeat that was answered a tail answers queries.
    pub lease: Duration,
    /// The master takes a server out that it has not heard for so long. Longer than the lease, by more than clocks differ in that time.
    pub suspect_after: Duration,
}

/// What servers send each other, and hear of the master.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// To the next: my history from `start` to its end.
    Update {
        /// The chain in which it is sent.
        epoch: u64,
        /// How many updates come before these.
        start: usize,
        /// What follows.
        updates: Vec<KeyValueRequest>,
    },
    /// To the one before.
    Ack {
        /// The chain in which it is sent.
        epoch: u64,
        /// How many updates the sender has.
        length: usize,
        /// How many the tail has, and so everybody.
        stable: usize,
    },
    /// The master's answer to a heartbeat.
    Told {
        /// When the heartbeat was sent, by this server's oscillator.
        sent: Time,
        /// The chain; nothing, if there was no answer.
        chain: Option<Chain>,
    },
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Update { epoch, start, updates } if updates.is_empty() => {
                write!(f, "e{epoch} have {start}?")
            }
            Message::Update { epoch, start, updates } => {
                write!(f, "e{epoch} update {updates:?} after {start}")
            }
            Message::Ack { epoch, length, stable } => write!(f, "e{epoch} ack {length}, all have {stable}"),
            Message::Told { chain: Some(chain), .. } => write!(f, "chain {chain:?}"),
            Message::Told { chain: None, .. } => write!(f, "no answer of the master"),
        }
    }
}

/// What wakes a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The master and the successor should hear something.
    Beat,
}

/// A server of a chain.
#[derive(Clone, Debug)]
pub struct ChainServer {
    config: Config,
    master: Address<ChainMaster>,
    /// Persistent: all updates, in their order (`Hist`).
    ///
    /// Invariant: on the disk before the successor or the predecessor hears of it.
    history: Vec<KeyValueRequest>,
    /// Volatile: the chain of which the master has told.
    chain: Chain,
    /// Volatile: until when it may answer queries, if it is the tail.
    leased_until: Time,
    /// Volatile: the chain in which it has had all that its predecessor had, which had all that its own had, and so on.
    whole_in: u64,
    /// Volatile: how many updates the tail has; what follows is `Sent`, of the paper.
    stable: usize,
    /// Volatile: how many the successor is known to have, in this chain.
    successor_has: Option<usize>,
    /// Volatile, the head's: who waits for the update that ends at this place.
    clients: BTreeMap<usize, CallId>,
}

impl Node for ChainServer {
    type Message = Message;
    type Timer = Timer;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recover(ctx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Update { epoch, start, updates } => self.take(from, epoch, start, updates, ctx),
            Message::Ack { epoch, length, stable } => self.collect_ack(from, epoch, length, stable, ctx),
            Message::Told { sent, chain: Some(chain) } => self.hear_master(sent, chain, ctx),
            Message::Told { chain: None, .. } => {}
        }
    }

    fn on_timer(&mut self, Timer::Beat: Timer, ctx: &mut Context<Self>) {
        self.beat(ctx);
    }

    /// Where in the chain it is, how long its history is, how much of it all have, and what is in it.
    fn inspect(&self) -> Inspection {
        let shown = Inspection::new().field("chain", &self.chain);
        let shown = shown.field("history", self.history.len()).field("stable", self.stable);
        let data: BTreeMap<&str, &Value> = self.history.iter().filter_map(written).collect();
        data.into_iter().fold(shown, |shown, (key, value)| shown.field(key, value))
    }
}

impl Service for ChainServer {
    type Request = KeyValueRequest;
    type Response = KeyValueResponse;

    fn on_request(&mut self, call: CallId, request: KeyValueRequest, ctx: &mut Context<Self>) {
        match request {
            KeyValueRequest::Put { .. } => self.update(call, request, ctx),
            KeyValueRequest::Get { key } => self.query(call, &key, ctx),
        }
    }
}

impl ChainServer {
    /// A server that was told `config`, and where its master is.
    pub fn new(config: Config, master: Address<ChainMaster>) -> ChainServer {
        ChainServer {
            config,
            master,
            history: Vec::new(),
            chain: Chain::default(),
            leased_until: Time::ZERO,
            whole_in: 0,
            stable: 0,
            successor_has: None,
            clients: BTreeMap::new(),
        }
    }

    /// The chain that it knows.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// All updates that it has.
    pub fn history(&self) -> &[KeyValueRequest] {
        &self.history
    }

    /// How many updates all have, as far as it knows.
    pub fn stable(&self) -> usize {
        self.stable
    }

    /// Whether it has had, in this chain, all that its predecessor had.
    pub fn is_whole(&self) -> bool {
        self.chain.epoch > 0 && self.whole_in == self.chain.epoch
    }

    // Requests.

    /// The head takes an update.
    fn update(&mut self, call: CallId, update: KeyValueRequest, ctx: &mut Context<Self>) {
        if self.chain.head() != Some(ctx.id()) {
            return ctx.refuse(call, not_this("head", self.chain.head()));
        }
        self.clients.insert(self.history.len() + 1, call);
        self.append(vec![update], ctx);
        self.acknowledge(ctx);
    }

    /// The tail answers a query. It must be sure that no other tail has acknowledged something since: nobody has, before its lease ends; and that it has all that an
    /// earlier tail has acknowledged.
    fn query(&mut self, call: CallId, key: &str, ctx: &mut Context<Self>) {
        if self.chain.tail() != Some(ctx.id()) {
            return ctx.refuse(call, not_this("tail", self.chain.tail()));
        }
        if ctx.monotonic() >= self.leased_until || !self.is_whole() {
            return ctx.refuse(call, "the tail, but not sure that it still is, or is already");
        }
        let value = self.history.iter().rev().filter_map(written).find(|(written, _)| *written == key);
        ctx.reply(call, KeyValueResponse::Value(value.map(|(_, value)| value.clone())));
    }

    // Updates on their way to the tail, and acknowledgements on theirs to the head.

    /// Adds updates to the history, and hands them on.
    fn append(&mut self, updates: Vec<KeyValueRequest>, ctx: &mut Context<Self>) {
        ctx.disk().append("history", updates.iter().flat_map(Storable::to_bytes).collect::<Vec<u8>>());
        ctx.disk().sync();
        let start = self.history.len();
        self.history.extend(updates.iter().cloned());
        if let Some(next) = self.chain.after(ctx.id()).filter(|_| self.is_whole()) {
            ctx.send(next, Message::Update { epoch: self.chain.epoch, start, updates });
        }
    }

    /// Takes updates of the predecessor, in the same chain only: one that was taken out does not know, and has another history perhaps.
    fn take(
        &mut self,
        from: NodeId,
        epoch: u64,
        start: usize,
        updates: Vec<KeyValueRequest>,
        ctx: &mut Context<Self>,
    ) {
        if epoch != self.chain.epoch || self.chain.before(ctx.id()) != Some(from) {
            return;
        }
        let end = start + updates.len();
        let known = self.history.len().checked_sub(start);
        let new: Vec<KeyValueRequest> =
            known.map_or(Vec::new(), |known| updates.into_iter().skip(known).collect());
        let nothing_new = new.is_empty();
        if !nothing_new {
            self.append(new, ctx);
        }
        if self.history.len() >= end && !self.is_whole() {
            self.whole_in = epoch;
            self.send_missing(ctx);
        }
        self.acknowledge(ctx);
        // Between head and tail, the acknowledgement comes back from the tail; unless the predecessor is only asking.
        let is_end = self.chain.tail() == Some(ctx.id()) || self.chain.after(ctx.id()).is_none();
        if is_end || nothing_new {
            self.send_ack(ctx);
        }
    }

    /// Whatever the tail has, all have; the head tells the clients.
    fn acknowledge(&mut self, ctx: &mut Context<Self>) {
        if self.chain.tail() == Some(ctx.id()) {
            self.stable = self.history.len();
        }
        if self.chain.head() == Some(ctx.id()) {
            let waiting = self.clients.split_off(&(self.stable + 1));
            for call in std::mem::replace(&mut self.clients, waiting).into_values() {
                ctx.reply(call, KeyValueResponse::Stored);
            }
        }
    }

    fn send_ack(&self, ctx: &mut Context<Self>) {
        if let Some(before) = self.chain.before(ctx.id()) {
            let (epoch, length, stable) = (self.chain.epoch, self.history.len(), self.stable);
            ctx.send(before, Message::Ack { epoch, length, stable });
        }
    }

    fn collect_ack(
        &mut self,
        from: NodeId,
        epoch: u64,
        length: usize,
        stable: usize,
        ctx: &mut Context<Self>,
    ) {
        if epoch != self.chain.epoch || self.chain.after(ctx.id()) != Some(from) {
            return;
        }
        let is_first = self.successor_has.is_none();
        self.successor_has = Some(length.max(self.successor_has.unwrap_or(0)));
        if is_first {
            self.send_missing(ctx);
        }
        // What who is joining says of the tail does not count: the tail is this server.
        if self.chain.tail() != Some(ctx.id()) && stable > self.stable {
            self.stable = stable;
            self.acknowledge(ctx);
            self.send_ack(ctx);
        }
    }

    /// Sends the successor what it may lack, or asks it how much it has. Not before it has itself all that its predecessor had: who hears of a server in a new chain
    /// has all that was acknowledged before.
    fn send_missing(&self, ctx: &mut Context<Self>) {
        let Some(next) = self.chain.after(ctx.id()).filter(|_| self.is_whole()) else { return };
        let end = self.history.len();
        if self.successor_has != Some(end) || self.stable < end {
            let start = self.successor_has.unwrap_or(end).min(end);
            let updates = self.history[start..].to_vec();
            ctx.send(next, Message::Update { epoch: self.chain.epoch, start, updates });
        }
    }

    // The master.

    fn beat(&mut self, ctx: &mut Context<Self>) {
        let heartbeat = Heartbeat { from: ctx.id(), epoch: self.chain.epoch, is_whole: self.is_whole() };
        let sent = ctx.monotonic();
        ctx.call(self.master, heartbeat, self.config.heartbeat_every, move |outcome| Message::Told {
            sent,
            chain: outcome.ok(),
        });
        self.send_missing(ctx);
        ctx.set_timer(self.config.heartbeat_every, Timer::Beat);
    }

    /// The master has heard this server, at some time after it sent its heartbeat: the lease counts from the sending.
    fn hear_master(&mut self, sent: Time, chain: Chain, ctx: &mut Context<Self>) {
        if chain.epoch < self.chain.epoch {
            return;
        }
        self.leased_until = self.leased_until.max(sent + self.config.lease);
        if chain.epoch > self.chain.epoch {
            self.adopt(chain, ctx);
        }
    }

    /// There is a new chain.
    fn adopt(&mut self, chain: Chain, ctx: &mut Context<Self>) {
        self.chain = chain;
        self.successor_has = None;
        if self.chain.head() == Some(ctx.id()) {
            self.whole_in = self.chain.epoch;
        } else {
            self.clients.clear();
        }
        if self.chain.joining == Some(ctx.id()) {
            // It was away: the others have gone on without what only it has.
            ctx.disk().write("history", []);
            ctx.disk().sync();
            self.history.clear();
            self.stable = 0;
        }
        self.send_missing(ctx);
        self.acknowledge(ctx);
    }

    /// At the beginning and after a crash: the history is on the disk; in which chain it is, the master will tell.
    fn recover(&mut self, ctx: &mut Context<Self>) {
        let bytes = ctx.disk().read("history").unwrap_or_default();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let update = KeyValueRequest::load(&mut rest);
            self.history.push(update.expect("the disk is whole: a node does not run on a damaged one"));
        }
        self.beat(ctx);
    }
}

/// What an update writes.
fn written(update: &KeyValueRequest) -> Option<(&str, &Value)> {
    match update {
        KeyValueRequest::Put { key, value } => Some((key, value)),
        KeyValueRequest::Get { .. } => None,
    }
}

fn not_this(role: &str, who: Option<NodeId>) -> String {
    match who {
        Some(who) => format!("not the {role}: that is {who}"),
        None => "no chain is known yet".to_owned(),
    }
}

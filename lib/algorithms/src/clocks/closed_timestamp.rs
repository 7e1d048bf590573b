//! A closed timestamp is a promise of a leader: no write at or below it will ever be taken; whoever has all writes up to it may answer reads there, without asking.
//!
//! - **Concept:** Closed timestamps and follower reads
//! - **Guarantees:** snapshot reads (safety): what any replica answers of a timestamp is what every replica will always answer of it, whatever clocks do. Liveness: a read of a timestamp that has
//!   passed is answered by a follower once it is closed and the follower has heard of it, `close_after` and a message after that time; by the leader at once.
//! - **Does not guarantee:** that a read sees what was written last: a follower is behind by `close_after` at least. Nor external consistency: timestamps are as good as the leader's clock
//!   (`commit_wait.rs`).
//! - **Assumes:** one leader for ever, whose disk does not lie. Messages may be lost, doubled and late; all crash and restart with their disks. A put whose request is doubled takes effect twice.
//! - **Source:** Taft and others, "CockroachDB: The Resilient Geo-Distributed SQL Database", SIGMOD 2020, section 2.5.2 (follower reads); Cockroach Labs, RFC "Follower Reads", 2018 (closed
//!   timestamps, `MinPropTracker`); `t_safe`, the same in another system: Corbett and others, "Spanner", OSDI 2012, section 4.1.3
//! - **Differs:** the paper's leaders hold leases and are replaced, and a closed timestamp travels with their Raft log; here the log of one leader is all. A write gets its timestamp when it is put
//!   into the log, so none is under way when a timestamp is closed.
//! - **Chapter:** 06
//!
//! ```text
//! leader    put x = 1 at 10 ── put x = 2 at 14 ── closes 12 ──┬── put x = 3: its clock says 11, it gets 15
//!                                                             │ writes up to here, closed 12
//! follower  read x at 12: waits ──────────────────────────────▼── x was 1 at 12, and always will have been
//! ```
//!
//! ```
//! use netsplit_algorithms::clocks::closed_timestamp::{ClosedTimestampStore, Config, put, read_at};
//! use netsplit_node::{Time, ms, secs};
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let config = Config { close_after: ms(100), publish_every: ms(20) };
//! let stores = lab.cluster("store", 3, move |_id| ClosedTimestampStore::new(config));
//! stores.client_of(0).call(put("x", 1));
//! lab.run_for(secs(1));
//! let read = stores.client_of(2).call(read_at("x", Time::ZERO + ms(500)));
//! lab.run_for(ms(20));
//! assert_eq!(format!("{read:?}"), "Ok(1 at 500ms)");
//! ```

use std::collections::BTreeMap;
use std::fmt;

use netsplit_node::{
    CallId, Context, Duration, History, Inspection, Invariant, Member, Node, NodeId, Service, Time, Value, ns,
};

use crate::Storable;

/// What all replicas are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// So far behind its clock the leader closes timestamps (CockroachDB: 3 s). Short: fresh reads at followers, and writes of slow transactions pushed out of the past.
    pub close_after: Duration,
    /// How often it does, and tells (CockroachDB: 200 ms).
    pub publish_every: Duration,
}

/// What is asked of a replica.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Request {
    /// Write `value` under `key`; only the leader, the first member, does.
    Put {
        /// The key.
        key: String,
        /// The value.
        value: Value,
    },
    /// What was under `key` at the time `at`?
    ReadAt {
        /// The key.
        key: String,
        /// The timestamp; one that is not closed yet is waited for.
        at: Time,
    },
    /// The same at the latest time that this replica can answer at once.
    ReadClosed {
        /// The key.
        key: String,
    },
}

/// The request to write `value` under `key`.
pub fn put(key: &str, value: impl Into<Value>) -> Request {
    Request::Put { key: key.to_owned(), value: value.into() }
}

/// The request to read what was under `key` at a timestamp.
pub fn read_at(key: &str, at: Time) -> Request {
    Request::ReadAt { key: key.to_owned(), at }
}

/// The request to read `key` at the latest time that the replica can answer at once.
pub fn read_closed(key: &str) -> Request {
    Request::ReadClosed { key: key.to_owned() }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Request::Put { key, value } => write!(f, "put {key} = {value:?}"),
            Request::ReadAt { key, at } => write!(f, "read {key} at {at}"),
            Request::ReadClosed { key } => write!(f, "read {key} where it is closed"),
        }
    }
}

/// What a replica answers.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Response {
    /// To a put.
    Committed {
        /// Its timestamp.
        at: Time,
    },
    /// To a read: the newest value of a timestamp up to `at`.
    Value {
        /// What was found.
        value: Option<Value>,
        /// When.
        at: Time,
    },
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Response::Committed { at } => write!(f, "committed at {at}"),
            Response::Value { value: Some(value), at } => write!(f, "{value:?} at {at}"),
            Response::Value { value: None, at } => write!(f, "nothing at {at}"),
        }
    }
}

/// What replicas send each other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// Leader to follower: my log from `start` to its end, and up to when no more will come than what is in it.
    Publish {
        /// How many writes come before these.
        start: usize,
        /// What follows.
        writes: Vec<Write>,
        /// The closed timestamp.
        closed: Time,
    },
    /// Follower to leader.
    Ack {
        /// How many writes it has.
        length: usize,
    },
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Publish { writes, closed, .. } if writes.is_empty() => write!(f, "closed {closed}"),
            Message::Publish { writes, closed, .. } => write!(f, "{writes:?}, closed {closed}"),
            Message::Ack { length } => write!(f, "ack {length}"),
        }
    }
}

/// A write in the log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Write {
    /// Its timestamp. Of two writes in the log, the later has the greater one.
    pub at: Time,
    /// The key.
    pub key: String,
    /// The value.
    pub value: Value,
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:?} at {}", self.key, self.value, self.at)
    }
}

/// What wakes the leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Time to close a timestamp.
    Publish,
}

/// A replica: the leader, which is the first member, or a follower.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClosedTimestampStore {
    config: Config,
    /// Persistent: all writes. Invariant: on the disk before a client or another replica hears of it.
    log: Vec<Write>,
    /// The closed timestamp: all writes up to it are in `log`. The leader's is persistent. Invariant: never decreases at the leader once somebody was told.
    closed: Time,
    /// Volatile, the leader's: how much each follower has.
    lengths: BTreeMap<NodeId, usize>,
    /// Volatile: who waits for which timestamp to be closed, to read what.
    waiting: BTreeMap<CallId, (Time, String)>,
}

impl Node for ClosedTimestampStore {
    type Message = Message;
    type Timer = Timer;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recover(ctx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Publish { start, writes, closed } => self.follow(from, start, writes, closed, ctx),
            Message::Ack { length } => self.note_length(from, length),
        }
    }

    fn on_timer(&mut self, Timer::Publish: Timer, ctx: &mut Context<Self>) {
        self.publish(ctx);
    }

    /// How far it is closed, how many writes it has, and who waits.
    fn inspect(&self) -> Inspection {
        let shown = Inspection::new().field("closed", self.closed).field("writes", self.log.len());
        if self.waiting.is_empty() { shown } else { shown.field("waiting", self.waiting.len()) }
    }
}

impl Service for ClosedTimestampStore {
    type Request = Request;
    type Response = Response;

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        match request {
            Request::Put { key, value } if leader(ctx) == ctx.id() => self.write(call, key, value, ctx),
            Request::Put { .. } => ctx.refuse(call, format!("not the leader: that is {}", leader(ctx))),
            Request::ReadAt { key, at } => {
                self.waiting.insert(call, (at, key));
                self.answer_closed(ctx);
            }
            Request::ReadClosed { key } => ctx.reply(call, self.value_at(&key, self.closed)),
        }
    }
}

impl ClosedTimestampStore {
    /// A replica of a store that was told `config`.
    pub fn new(config: Config) -> ClosedTimestampStore {
        ClosedTimestampStore {
            config,
            log: Vec::new(),
            closed: Time::ZERO,
            lengths: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// Up to when this replica can answer reads.
    pub fn closed(&self) -> Time {
        self.closed
    }

    /// All writes that it has.
    pub fn log(&self) -> &[Write] {
        &self.log
    }

    /// What a read at `at` finds here.
    pub fn value_at(&self, key: &str, at: Time) -> Response {
        let found = self.log.iter().rev().find(|write| write.at <= at && write.key == key);
        Response::Value { value: found.map(|write| write.value.clone()), at }
    }

    // The leader.

    /// A write gets the time of the leader's clock, unless that is closed already, or taken.
    fn write(&mut self, call: CallId, key: String, value: Value, ctx: &mut Context<Self>) {
        let last = self.log.last().map_or(Time::ZERO, |write| write.at);
        let at = ctx.now().max(self.closed + ns(1)).max(last + ns(1));
        self.append(vec![Write { at, key, value }], ctx);
        ctx.reply(call, Response::Committed { at });
    }

    /// From time to time: closes what is long enough ago by its clock, and tells.
    fn publish(&mut self, ctx: &mut Context<Self>) {
        let long_ago = ctx.now() - Time::ZERO - self.config.close_after;
        self.close(Time::ZERO + long_ago.max(Duration::ZERO), ctx);
        self.answer_closed(ctx);
        for follower in ctx.peers() {
            let start = self.lengths.get(&follower).copied().unwrap_or(0).min(self.log.len());
            let writes = self.log[start..].to_vec();
            ctx.send(follower, Message::Publish { start, writes, closed: self.closed });
        }
        ctx.set_timer(self.config.publish_every, Timer::Publish);
    }

    /// The promise: on the disk before anybody relies on it.
    fn close(&mut self, at: Time, ctx: &mut Context<Self>) {
        if at > self.closed {
            self.closed = at;
            ctx.disk().write("closed", at.as_nanos().to_bytes());
            ctx.disk().sync();
        }
    }

    fn note_length(&mut self, from: NodeId, length: usize) {
        let known = self.lengths.entry(from).or_default();
        *known = length.max(*known);
    }

    // Followers.

    /// Takes the writes that are new, and the closed timestamp if none is missing before it.
    fn follow(
        &mut self,
        from: NodeId,
        start: usize,
        writes: Vec<Write>,
        closed: Time,
        ctx: &mut Context<Self>,
    ) {
        let end = start + writes.len();
        if let Some(known) = self.log.len().checked_sub(start) {
            let new: Vec<Write> = writes.into_iter().skip(known).collect();
            if !new.is_empty() {
                self.append(new, ctx);
            }
        }
        if self.log.len() >= end {
            self.closed = self.closed.max(closed);
        }
        ctx.send(from, Message::Ack { length: self.log.len() });
        self.answer_closed(ctx);
    }

    // All.

    /// Answers the reads whose time is closed. The leader closes it for them, once it has come: from then on it takes no write there.
    fn answer_closed(&mut self, ctx: &mut Context<Self>) {
        if leader(ctx) == ctx.id() {
            let now = ctx.now();
            let come = self.waiting.values().map(|&(at, _)| at).filter(|&at| at <= now).max();
            self.close(come.unwrap_or(Time::ZERO), ctx);
        }
        for (call, (at, key)) in std::mem::take(&mut self.waiting) {
            if at <= self.closed {
                ctx.reply(call, self.value_at(&key, at));
            } else {
                self.waiting.insert(call, (at, key));
            }
        }
    }

    fn append(&mut self, writes: Vec<Write>, ctx: &mut Context<Self>) {
        ctx.disk().append("log", writes.iter().flat_map(Storable::to_bytes).collect::<Vec<u8>>());
        ctx.disk().sync();
        self.log.extend(writes);
    }

    /// At the beginning and after a crash. A follower hears again how far it is closed.
    fn recover(&mut self, ctx: &mut Context<Self>) {
        const WHOLE: &str = "the disk is whole: a node does not run on a damaged one";
        let bytes = ctx.disk().read("log").unwrap_or_default();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            self.log.push(Write::load(&mut rest).expect(WHOLE));
        }
        if leader(ctx) == ctx.id() {
            let closed = ctx.disk().read("closed").map(|bytes| u64::from_bytes(&bytes).expect(WHOLE));
            self.closed = Time::from_nanos(closed.unwrap_or(0));
            self.publish(ctx);
        }
    }
}

fn leader(ctx: &Context<ClosedTimestampStore>) -> NodeId {
    ctx.peers().next().map_or(ctx.id(), |first| first.min(ctx.id()))
}

impl Storable for Write {
    fn store(&self, bytes: &mut Vec<u8>) {
        self.at.as_nanos().store(bytes);
        (self.key.clone(), self.value.clone()).store(bytes);
    }
    fn load(bytes: &mut &[u8]) -> Option<Write> {
        let (at, (key, value)) = <(u64, (String, Value))>::load(bytes)?;
        Some(Write { at: Time::from_nanos(at), key, value })
    }
}

/// Up to the time that a follower was told is closed, it has what everybody has, and nothing is added there any more.
#[derive(Clone, Debug, Default, Hash)]
pub struct ClosedStaysClosed {
    leader: Option<NodeId>,
    closed: Time,
    /// The writes up to that time.
    writes: Vec<Write>,
}

impl Invariant<ClosedTimestampStore> for ClosedStaysClosed {
    fn name(&self) -> &str {
        "ClosedStaysClosed"
    }

    fn check(&mut self, members: &[Member<'_, ClosedTimestampStore>]) -> Result<(), String> {
        self.leader = self.leader.into_iter().chain(members.iter().map(|member| member.id)).min();
        // What the leader has closed may be on its way to the disk: nobody was told.
        for Member { id, state, .. } in members.iter().filter(|member| Some(member.id) != self.leader) {
            if state.closed > self.closed {
                self.closed = state.closed;
                self.writes = up_to(&state.log, state.closed).to_vec();
            }
            let (is, was) = (up_to(&state.log, state.closed), up_to(&self.writes, state.closed));
            if is != was {
                return Err(format!("up to {}, {id} has {is:?}, and another has {was:?}", state.closed));
            }
        }
        for Member { id, state, .. } in members.iter().filter(|member| Some(member.id) == self.leader) {
            let is = up_to(&state.log, self.closed);
            if is != self.writes {
                return Err(format!(
                    "{} was closed with {:?}, and {id} has {is:?}",
                    self.closed, self.writes
                ));
            }
        }
        Ok(())
    }
}

fn up_to(log: &[Write], at: Time) -> &[Write] {
    &log[..log.partition_point(|write| write.at <= at)]
}

/// Snapshot reads: what clients were told of a timestamp is what the leader says of it in the end. The error names a read that is not.
pub fn snapshot_reads(
    history: &History<Request, Response>,
    leader: &ClosedTimestampStore,
) -> Result<(), String> {
    for operation in history {
        let answer = operation.outcome.clone().and_then(|outcome| outcome.ok());
        if let (
            Request::ReadAt { key, .. } | Request::ReadClosed { key },
            Some(Response::Value { value, at }),
        ) = (&operation.request, answer)
        {
            let (was, is) = (Response::Value { value, at }, leader.value_at(key, at));
            if was != is {
                return Err(format!(
                    "SnapshotReads is violated: {} was told that {key} is {was:?}; it is {is:?}",
                    operation.caller_name
                ));
            }
        }
    }
    Ok(())
}

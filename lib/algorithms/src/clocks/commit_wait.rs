//! A store of shards that give their writes timestamps and wait until these have passed, so that the order of timestamps is the order of real time.
//!
//! - **Concept:** External consistency by commit wait
//! - **Guarantees:** external consistency (safety): if one write was answered before another was asked for, at whatever shards, its timestamp is
//!   smaller. So a read of all shards at one timestamp never sees the second without the first. Snapshot reads (safety): what was read at a timestamp is
//!   what will always be read at it. Liveness: a shard that is up answers, after 2 ε for a write.
//! - **Does not guarantee:** transactions over several shards (that takes two-phase commit on top), or that a shard survives its disk: Spanner's are
//!   replicated by Paxos. External consistency once some clock is outside the interval that it shows.
//! - **Assumes:** every clock's interval contains the true time. Requests and answers may be lost; shards crash and restart with their disks. A put
//!   whose request is doubled takes effect twice.
//! - **Source:** Corbett and others, "Spanner: Google's Globally-Distributed Database", OSDI 2012, sections 4.1.2 (start rule, commit wait, proof) and
//!   4.1.3 (reads at a timestamp, `t_safe`)
//! - **Differs:** one write is a whole transaction, at one shard. A read waits until its timestamp has passed, instead of for a replica's `t_safe`.
//! - **Chapter:** 06
//!
//! ```text
//! ann  put x ──┐                              ┌─▶ committed at 12      bob learns of it, and
//! shard 0  ────▼─ s = latest = 12 ── waits ───┴───────────────────     asks shard 1, whose clock is behind:
//! clock 5..12  ├───────── 2 ε ────────────────┤
//! bob                                              put y ──┐
//! shard 1  ────────────────────────────────────────────────▼ s = 13 > 12, since the true time is above 12 already
//! ```
//!
//! ```
//! use netsplit_algorithms::clocks::commit_wait::{Config, Response, TimestampedShard, Waiting};
//! use netsplit_node::{Outcome, ms, secs};
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let shards = lab.cluster("shard", 2, |_id| TimestampedShard::new(Config { waiting: Waiting::UntilPassed }));
//! lab.discipline_clocks(shards.all(), secs(30), ms(4));
//! let put = |shard: usize| {
//!     let call = shards.client_of(shard).call(netsplit_algorithms::clocks::commit_wait::put("x", 1));
//!     lab.run_until(|| !call.is_pending(), secs(1));
//!     match call.outcome() {
//!         Some(Outcome::Ok(Response::Committed { at })) => at,
//!         other => panic!("{other:?}"),
//!     }
//! };
//! assert!(put(0) < put(1));                                // one after the other, whatever their clocks show
//! ```

use std::collections::BTreeMap;
use std::fmt;

use netsplit_node::{CallId, Context, Duration, History, Inspection, Node, Service, Time, Value, ns, us};

use crate::Storable;
use crate::clocks::true_time::commit_wait;

/// What all shards are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// What a write waits for.
    pub waiting: Waiting,
}

/// When a write is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Waiting {
    /// Once its timestamp has definitely passed: commit wait.
    UntilPassed,
    /// At once: what it costs to believe a clock.
    Never,
}

/// What clients ask a shard.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Request {
    /// Write `value` under `key`, with a timestamp.
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
        /// The timestamp; one that has not come yet is waited for.
        at: Time,
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

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Request::Put { key, value } => write!(f, "put {key} = {value:?}"),
            Request::ReadAt { key, at } => write!(f, "read {key} at {at}"),
        }
    }
}

/// What a shard answers.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Response {
    /// To a put.
    Committed {
        /// Its timestamp.
        at: Time,
    },
    /// To a read: the newest value of a timestamp up to the one asked for.
    Value(Option<Value>),
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Response::Committed { at } => write!(f, "committed at {at}"),
            Response::Value(Some(value)) => write!(f, "{value:?}"),
            Response::Value(None) => write!(f, "nothing"),
        }
    }
}

/// What wakes a shard.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The timestamp that this call waits for should have passed.
    Passed(CallId),
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "passed?")
    }
}

/// A shard: it alone has its keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TimestampedShard {
    config: Config,
    /// Persistent: every write, by timestamp.
    ///
    /// Invariant: on the disk before its client is answered.
    versions: BTreeMap<Time, (String, Value)>,
    /// Volatile: who waits for which timestamp to pass, and what for.
    waiting: BTreeMap<CallId, (Time, Request)>,
}

impl Node for TimestampedShard {
    type Message = ();
    type Timer = Timer;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recover(ctx);
    }

    fn on_timer(&mut self, Timer::Passed(call): Timer, ctx: &mut Context<Self>) {
        self.end_if_passed(call, ctx);
    }

    /// How many writes it has, and who waits.
    fn inspect(&self) -> Inspection {
        let role = if self.waiting.is_empty() { "idle" } else { "waiting" };
        let latest: BTreeMap<&String, (&Value, &Time)> =
            self.versions.iter().map(|(at, (key, value))| (key, (value, at))).collect();
        latest.iter().fold(Inspection::new().role(role), |shown, (key, (value, at))| {
            shown.field(key, format_args!("{value:?} at {at}"))
        })
    }
}

impl Service for TimestampedShard {
    type Request = Request;
    type Response = Response;

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        let at = match &request {
            Request::Put { key, value } => self.commit(key, value, ctx),
            Request::ReadAt { at, .. } => *at,
        };
        self.waiting.insert(call, (at, request));
        self.end_if_passed(call, ctx);
    }
}

impl TimestampedShard {
    /// A shard of a store that was told `config`.
    pub fn new(config: Config) -> TimestampedShard {
        TimestampedShard { config, versions: BTreeMap::new(), waiting: BTreeMap::new() }
    }

    /// The writes of this shard, by timestamp.
    pub fn versions(&self) -> &BTreeMap<Time, (String, Value)> {
        &self.versions
    }

    /// Start: a timestamp not before the latest that the true time may be (`TT.now().latest`), and above all that this shard has given.
    fn commit(&mut self, key: &str, value: &Value, ctx: &mut Context<Self>) -> Time {
        let latest = ctx.now_interval().latest;
        let after_the_last = self.versions.last_key_value().map_or(Time::ZERO, |(&last, _)| last + ns(1));
        let at = latest.max(after_the_last);
        self.versions.insert(at, (key.to_owned(), value.clone()));
        ctx.disk().append("versions", (at.as_nanos(), (key.to_owned(), value.clone())).to_bytes());
        ctx.disk().sync();
        at
    }

    /// Commit wait: answers once the timestamp has passed (`TT.after`). A timer that was too short, since ε has grown meanwhile, is set once more.
    // For a microsecond at least: what is left may be less than an oscillator counts.
    fn end_if_passed(&mut self, call: CallId, ctx: &mut Context<Self>) {
        let Some((at, request)) = self.waiting.get(&call) else { return };
        let wait = match (self.config.waiting, request) {
            (Waiting::Never, Request::Put { .. }) => Duration::ZERO,
            _ => commit_wait(*at, ctx.now_interval()),
        };
        if wait > Duration::ZERO {
            return ctx.set_timer(wait.max(us(1)), Timer::Passed(call));
        }
        let response = match request {
            Request::Put { .. } => Response::Committed { at: *at },
            Request::ReadAt { key, at } => Response::Value(self.value_at(key, *at)),
        };
        self.waiting.remove(&call);
        ctx.reply(call, response);
    }

    /// The newest value of `key` up to the timestamp `at`. Nothing is added there any more: what is written after `at` has passed gets a greater one.
    fn value_at(&self, key: &str, at: Time) -> Option<Value> {
        let newest = self.versions.range(..=at).rev().find(|(_, (written, _))| written == key);
        newest.map(|(_, (_, value))| value.clone())
    }

    /// After a crash: the writes are on the disk; who waited learns nothing.
    fn recover(&mut self, ctx: &mut Context<Self>) {
        let bytes = ctx.disk().read("versions").unwrap_or_default();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (at, version) = <(u64, (String, Value))>::load(&mut rest)
                .expect("the disk is whole: a node does not run on a damaged one");
            self.versions.insert(Time::from_nanos(at), version);
        }
    }
}

/// External consistency of what clients saw: of two writes of which one was answered before the other was asked for, the first has the smaller
/// timestamp. The error names two that have not.
pub fn external_consistency(history: &History<Request, Response>) -> Result<(), String> {
    let mut commits = Vec::new();
    for operation in history {
        let answer = operation.outcome.clone().and_then(|outcome| outcome.ok());
        if let (Some(Response::Committed { at }), Some(returned)) = (answer, operation.returned) {
            commits.push((returned, operation.invoked, at, operation));
        }
    }
    commits.sort_by_key(|&(returned, ..)| returned);
    for (index, &(_, invoked, at, later)) in commits.iter().enumerate() {
        // Of all that had ended before this one began, the greatest timestamp.
        let ended = commits[..index].iter().filter(|(returned, ..)| *returned < invoked);
        if let Some(&(returned, _, earlier_at, earlier)) = ended.max_by_key(|(_, _, at, _)| *at)
            && earlier_at >= at
        {
            return Err(format!(
                "ExternalConsistency is violated: {}'s {:?} was committed at {earlier_at} and answered at {returned}; {}'s {:?}, asked for at \
                 {invoked}, was committed at {at}",
                earlier.caller_name, earlier.request, later.caller_name, later.request
            ));
        }
    }
    Ok(())
}

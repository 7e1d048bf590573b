//! Read routing lets a session read from backups without going back in time: it carries the place of the log that it has seen, and a copy answers once it is that far.
//!
//! - **Concept:** Read routing by position tokens (read-your-writes from replicas)
//! - **Guarantees:** with [`ReadRouting::MinLsn`], read-your-writes and monotonic reads (safety), at whatever copies a session reads and whoever crashes; where a fail-over has lost what a
//!   session has seen, it is told so, and never shown something older as if it were new. An old primary takes no write of a session that has seen a newer epoch. With [`ReadRouting::Primary`], linearizability, where `primary_backup/mod.rs` promises it. Liveness: a
//!   read ends once its copy has heard of what the session has seen, or, with [`WhenBehind::AskPrimary`], once the primary answers.
//! - **Does not guarantee:** that a read sees what others have written meanwhile: a copy may be behind by any amount, and only what this session has seen is sure to be there. With
//!   [`ReadRouting::Sticky`], one's own writes; monotonic reads only as long as that copy does not restart.
//! - **Assumes:** what `primary_backup/mod.rs` assumes. A session asks one thing after the other, and keeps its token.
//! - **Source:** Terry, Demers, Petersen, Spreitzer, Theimer and Welch, "Session Guarantees for Weakly Consistent Replicated Data", PDIS 1994, sections 3 (read your writes, monotonic reads)
//!   and 4 (a session's read-set and write-set, which here are one place of the log); in practice: MySQL, `WAIT_FOR_EXECUTED_GTID_SET`; MongoDB, `afterClusterTime`
//! - **Differs:** the store's writes are in one order, so a place of the log says all that a version vector would. Only what is acknowledged is read, so that no fail-over with consent
//!   takes it back. A backup hears how much that is with the next message of the primary: it is behind by a heartbeat at most, where nothing else is sent.
//! - **Chapter:** 09
//!
//! | routing | asks | read-your-writes | monotonic reads | load of the primary |
//! |---|---|---|---|---|
//! | primary | the primary, through the log | yes | yes | all reads |
//! | sticky | always the same copy, as it is | no | yes, while it does not restart | none |
//! | minimal LSN | any copy, with a token | yes | yes | reads at copies that are behind, or none if these wait |
//!
//! ```text
//! ann        put x = 1 ─┐   ┌▶ stored at e0:1 ── read x, at least e0:1 ─┐                        ┌──▶ 1 at e0:1
//! primary    ───────────▼───┴─┬─────────────────────────────────────────┼────────────────────────┼───────────
//! backup     ─────────────────┴─────── is behind by some ms ────────────▼─ has e0:0: waits ── e0:1 ┘
//! ```
//!
//! ```
//! use netsplit_algorithms::replication::primary_backup::{self, Acknowledgement, Promotion};
//! use netsplit_algorithms::replication::read_routing::{Config, ReadRouting, RoutedStore, Session, WhenBehind, put};
//! use netsplit_node::{Outcome, ms};
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let store = primary_backup::Config {
//!     acknowledgement: Acknowledgement::Asynchronous,
//!     promotion: Promotion::Alone,
//!     heartbeat_every: ms(20),
//!     fail_over_after: ms(100),
//! };
//! let stores = lab.cluster("store", 3, move |_id| RoutedStore::new(Config { store, behind: WhenBehind::Wait }));
//! let mut ann = Session::new(ReadRouting::MinLsn, 2);
//! let stored = stores.client_of(0).call(put("x", 1));
//! lab.run_until(|| !stored.is_pending(), ms(50));
//! if let Some(Outcome::Ok(response)) = stored.outcome() {
//!     ann.hear(&response);
//! }
//! let read = stores.client_of(ann.copy(0, 2)).call(ann.read("x"));
//! lab.run_for(ms(50));
//! assert_eq!(format!("{read:?}"), "Ok(1 at e0:1 of n2)");
//! ```

use std::collections::BTreeMap;
use std::fmt;

use netsplit_node::{CallId, Context, Inspection, KeyValueRequest, Node, NodeId, Service, Value};

use crate::replication::primary_backup::{self, Known, Lsn, PrimaryBackup};

/// What all members are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// The store below.
    pub store: primary_backup::Config,
    /// What a copy does with a read for which it is not far enough.
    pub behind: WhenBehind,
}

/// What a copy does with a read for which it is not far enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhenBehind {
    /// Keeps it until it is: the read takes as long as the lag.
    Wait,
    /// Asks the primary for it too: a round trip, and load where there is only one.
    AskPrimary,
}

/// What is asked of a member.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Request {
    /// Write; only the primary does.
    Put {
        /// The key.
        key: String,
        /// The value that replaces what was there.
        value: Value,
        /// What the primary must have: an old one that has missed it does not write any more.
        after: Lsn,
    },
    /// Read from the copy of whoever is asked.
    Read {
        /// The key.
        key: String,
        /// What the copy must have; the beginning, if it may be as it is.
        at_least: Lsn,
    },
    /// Read what is true now: through the log; only the primary does.
    ReadLatest {
        /// The key.
        key: String,
        /// What the primary must have.
        after: Lsn,
    },
}

/// The request to write `value` under `key`, of somebody without a session.
pub fn put(key: &str, value: impl Into<Value>) -> Request {
    Request::Put { key: key.to_owned(), value: value.into(), after: Lsn::default() }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Request::Put { key, value, .. } => write!(f, "put {key} = {value:?}"),
            Request::Read { key, at_least } if at_least.position == 0 => write!(f, "read {key}"),
            Request::Read { key, at_least } => write!(f, "read {key}, at least {at_least}"),
            Request::ReadLatest { key, .. } => write!(f, "read the latest {key}"),
        }
    }
}

/// What a member answers.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Response {
    /// To a put: it is acknowledged.
    Stored {
        /// Its place.
        at: Lsn,
    },
    /// To a read.
    Value {
        /// What was found.
        value: Option<Value>,
        /// How far the copy was.
        at: Lsn,
        /// Whose copy it was.
        of: NodeId,
    },
}

impl Response {
    /// The place of the log that it tells of.
    pub fn place(&self) -> Lsn {
        match self {
            Response::Stored { at } | Response::Value { at, .. } => *at,
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Response::Stored { at } => write!(f, "stored at {at}"),
            Response::Value { value: Some(value), at, of } => write!(f, "{value:?} at {at} of {of}"),
            Response::Value { value: None, at, of } => write!(f, "nothing at {at} of {of}"),
        }
    }
}

/// Where a session reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadRouting {
    /// At the primary.
    Primary,
    /// Always at the same copy.
    Sticky,
    /// At any copy that has what the session has seen.
    MinLsn,
}

/// One client's reads and writes, one after the other: what it has seen goes with what it asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    routing: ReadRouting,
    home: usize,
    /// The latest place of the log that it was told of: the token.
    ///
    /// Invariant: never decreases, but for [`Session::begin_anew`].
    seen: Lsn,
}

impl Session {
    /// A session that has seen nothing yet; `home` is the copy that it sticks to, if it does.
    pub fn new(routing: ReadRouting, home: usize) -> Session {
        Session { routing, home, seen: Lsn::default() }
    }

    /// The token: the latest place of the log that it was told of.
    pub fn seen(&self) -> Lsn {
        self.seen
    }

    /// Which copy to ask next, where `primary` is the primary's index and `any` that of whichever is near, idle, or in turn.
    pub fn copy(&self, primary: usize, any: usize) -> usize {
        match self.routing {
            ReadRouting::Primary => primary,
            ReadRouting::Sticky => self.home,
            ReadRouting::MinLsn => any,
        }
    }

    /// The request to write `value` under `key`: for the primary, whatever the routing.
    pub fn write(&self, key: &str, value: impl Into<Value>) -> Request {
        Request::Put { key: key.to_owned(), value: value.into(), after: self.seen }
    }

    /// The request to read `key`.
    pub fn read(&self, key: &str) -> Request {
        let key = key.to_owned();
        match self.routing {
            ReadRouting::Primary => Request::ReadLatest { key, after: self.seen },
            ReadRouting::Sticky => Request::Read { key, at_least: Lsn::default() },
            ReadRouting::MinLsn => Request::Read { key, at_least: self.seen },
        }
    }

    /// Notes what it was told, of a write or of a read.
    pub fn hear(&mut self, response: &Response) {
        self.seen = self.seen.max(response.place());
    }

    /// What it has seen is lost, and it knows: it goes on as if it had seen nothing.
    pub fn begin_anew(&mut self) {
        self.seen = Lsn::default();
    }
}

/// What members send each other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// Of the store below.
    Store(primary_backup::Message),
    /// To the primary: what do you read?
    Ask {
        /// For whom.
        call: CallId,
        /// The key.
        key: String,
        /// What must be there.
        at_least: Lsn,
    },
    /// The primary's answer.
    Answer {
        /// For whom.
        call: CallId,
        /// What is read there.
        response: Response,
    },
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Store(message) => write!(f, "{message:?}"),
            Message::Ask { key, at_least, .. } => write!(f, "read {key} for me, at least {at_least}"),
            Message::Answer { response, .. } => write!(f, "{response:?}"),
        }
    }
}

/// A member of a primary-backup cluster that also answers reads from its own copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoutedStore {
    behind: WhenBehind,
    /// The store below: log, epochs, disk.
    store: PrimaryBackup,
    /// Volatile: who waits, and what for.
    waiting: BTreeMap<CallId, Waiting>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Waiting {
    /// Until the put at this place is acknowledged.
    Stored(Lsn),
    /// Until the read at this place of the log is.
    Latest(Lsn, String),
    /// Until this copy has this place.
    Reach(Lsn, String),
}

impl Node for RoutedStore {
    type Message = Message;
    type Timer = primary_backup::Timer;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.below(ctx, |store, ctx| store.on_start(ctx));
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Store(message) => self.below(ctx, |store, ctx| store.on_message(from, message, ctx)),
            Message::Ask { call, key, at_least } => self.answer_copy(from, call, &key, at_least, ctx),
            Message::Answer { call, response } => self.pass_on(call, response, ctx),
        }
        self.answer_waiting(ctx);
    }

    fn on_timer(&mut self, timer: primary_backup::Timer, ctx: &mut Context<Self>) {
        self.below(ctx, |store, ctx| store.on_timer(timer, ctx));
        self.answer_waiting(ctx);
    }

    /// What the store shows, how far this copy may be read, and who waits.
    fn inspect(&self) -> Inspection {
        let shown = self.store.inspect().field("readable", self.store.acknowledged());
        if self.waiting.is_empty() { shown } else { shown.field("waiting", self.waiting.len()) }
    }
}

impl Service for RoutedStore {
    type Request = Request;
    type Response = Response;

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        match request {
            Request::Put { key, value, after } => {
                self.take(call, after, KeyValueRequest::Put { key, value }, Waiting::Stored, ctx);
            }
            Request::ReadLatest { key, after } => {
                let waiting = |place| Waiting::Latest(place, key.clone());
                self.take(call, after, KeyValueRequest::Get { key: key.clone() }, waiting, ctx);
            }
            Request::Read { key, at_least } => self.read(call, key, at_least, ctx),
        }
        self.answer_waiting(ctx);
    }
}

impl RoutedStore {
    /// A member of a cluster that was told `config`. The first member begins as the primary.
    pub fn new(config: Config) -> RoutedStore {
        RoutedStore {
            behind: config.behind,
            store: PrimaryBackup::new(config.store),
            waiting: BTreeMap::new(),
        }
    }

    /// The store below.
    pub fn store(&self) -> &PrimaryBackup {
        &self.store
    }

    /// Lets the store below do something.
    fn below<R>(
        &mut self,
        ctx: &mut Context<Self>,
        step: impl FnOnce(&mut PrimaryBackup, &mut Context<PrimaryBackup>) -> R,
    ) -> R {
        let store = &mut self.store;
        ctx.nest(Message::Store, |timer| timer, |ctx| step(store, ctx))
    }

    // The primary.

    /// Puts a request into the log, if what its client has seen is there; the client is answered when it is acknowledged.
    fn take(
        &mut self,
        call: CallId,
        after: Lsn,
        request: KeyValueRequest,
        waiting: impl FnOnce(Lsn) -> Waiting,
        ctx: &mut Context<Self>,
    ) {
        if self.store.is_primary() && self.store.log().place(after.position as usize) != after {
            return ctx.refuse(call, self.missing(after));
        }
        match self.below(ctx, |store, ctx| store.propose(request, ctx)) {
            Some(place) => drop(self.waiting.insert(call, waiting(place))),
            None => {
                let primary = self.below(ctx, |store, ctx| store.primary(ctx));
                let epoch = self.store.epoch();
                ctx.refuse(call, format!("not the primary; of epoch {epoch} that is {primary}"));
            }
        }
    }

    /// Why this primary does not have what a client has seen: a client that has seen the next epoch tells an old primary that it is one.
    fn missing(&self, after: Lsn) -> String {
        if after.epoch > self.store.epoch() {
            format!("not the primary any more: this is epoch {}, and {after} was seen", self.store.epoch())
        } else {
            lost(after)
        }
    }

    /// A copy that is behind asks for a client. What this node does not have either is not answered: the copy goes on waiting.
    fn answer_copy(&mut self, copy: NodeId, call: CallId, key: &str, at_least: Lsn, ctx: &mut Context<Self>) {
        if self.store.knows(at_least) == Known::Yes {
            let response = self.value(key, self.store.acknowledged(), ctx);
            ctx.send(copy, Message::Answer { call, response });
        }
    }

    // Any member.

    /// A read of this copy waits for its place, and is answered at once if that is there already.
    fn read(&mut self, call: CallId, key: String, at_least: Lsn, ctx: &mut Context<Self>) {
        if self.store.knows(at_least) == Known::NotYet && self.behind == WhenBehind::AskPrimary {
            let primary = self.below(ctx, |store, ctx| store.primary(ctx));
            if primary != ctx.id() {
                ctx.send(primary, Message::Ask { call, key: key.clone(), at_least });
            }
        }
        self.waiting.insert(call, Waiting::Reach(at_least, key));
    }

    /// The primary has answered for this copy; if the copy has caught up meanwhile, nobody waits any more.
    fn pass_on(&mut self, call: CallId, response: Response, ctx: &mut Context<Self>) {
        if self.waiting.remove(&call).is_some() {
            ctx.reply(call, response);
        }
    }

    /// Answers all whose place is known to be acknowledged here. Of a write that is lost nothing is said, as in `primary_backup/mod.rs`; a session that
    /// has seen what is lost is told.
    fn answer_waiting(&mut self, ctx: &mut Context<Self>) {
        for (call, waiting) in std::mem::take(&mut self.waiting) {
            let (Waiting::Stored(place) | Waiting::Latest(place, _) | Waiting::Reach(place, _)) = &waiting;
            match (self.store.knows(*place), waiting) {
                (Known::NotYet, waiting) => drop(self.waiting.insert(call, waiting)),
                (Known::Yes, Waiting::Stored(at)) => ctx.reply(call, Response::Stored { at }),
                (Known::Yes, Waiting::Latest(at, key)) => {
                    let response = self.value(&key, at, ctx);
                    ctx.reply(call, response);
                }
                (Known::Yes, Waiting::Reach(_, key)) => {
                    let response = self.value(&key, self.store.acknowledged(), ctx);
                    ctx.reply(call, response);
                }
                (Known::Lost, Waiting::Reach(place, _)) => {
                    ctx.refuse(call, lost(place));
                }
                (Known::Lost, Waiting::Stored(_) | Waiting::Latest(..)) => {}
            }
        }
    }

    /// What `key` is at a place of this copy.
    fn value(&self, key: &str, at: Lsn, ctx: &Context<Self>) -> Response {
        let value = self.store.log().value_at(key, at.position as usize);
        Response::Value { value, at, of: ctx.id() }
    }
}

fn lost(place: Lsn) -> String {
    format!("what was at {place} is lost: a primary has gone on without it")
}

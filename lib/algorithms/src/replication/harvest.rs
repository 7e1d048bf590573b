//! Harvest and yield: a search over many shards answers by its deadline with what it has heard, and says how much of the data that is, instead of not answering at all.
//!
//! - **Concept:** Harvest and yield
//! - **Guarantees:** honest answers (safety): every hit is of a document that a shard has, and the harvest is the share of the shards whose hits are all in it; an answer with less than the floor is
//!   refused, not given. Liveness: whoever is up answers or refuses by the deadline, whatever the shards do.
//! - **Does not guarantee:** a whole answer: what is missing is told as a number, not by name. That two answers are of one moment.
//! - **Assumes:** documents are spread over the shards without regard to what is searched, so that a share of the shards is a share of the answer. Messages may be lost and late.
//! - **Source:** Fox and Brewer, "Harvest, Yield, and Scalable Tolerant Systems", HotOS 1999, sections 2 (harvest, yield), 3 (trading harvest for yield: probabilistic availability), 5 (search
//!   engines); Brewer, "Lessons from Giant-Scale Services", IEEE Internet Computing 5(4), 2001 (the DQ value)
//! - **Differs:** the paper measures harvest and yield of a service over time; here every answer carries its own harvest, and [`Measured`] is both, over a history. No replicas of shards.
//! - **Chapter:** 04
//!
//! | a shard is away | harvest | yield |
//! |---|---|---|
//! | floor 1.0: all or nothing | 1.0 | 0: nobody is answered |
//! | floor 0.8, five shards | 0.8 | 1.0 |
//!
//! ```text
//! ann        search tea ─┐                              ┌──▶ 7 hits, harvest 4/5
//! shard 0    ────────────▼──┬──┬──┬──┬───▲──▲──▲────────┴ deadline: three have answered, and its own
//! shards 1-3 ───────────────▼──▼──▼──┼───┴──┴──┘
//! shard 4    ▓ cut off ▓             x
//! ```
//!
//! ```
//! use netsplit_algorithms::replication::harvest::{Config, Harvest, SearchShard, add, search};
//! use netsplit_node::ms;
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let config = Config { deadline: ms(50), floor: Harvest { heard: 4, of: 5 } };
//! let shards = lab.cluster("shard", 5, move |_id| SearchShard::new(config));
//! (0..5).for_each(|index| drop(shards.client_of(index).call(add(&format!("tea {index}")))));
//! lab.run_for(ms(100));
//! shards.crash(4);
//! let found = shards.client_of(0).call(search("tea"));
//! lab.run_for(ms(100));
//! assert_eq!(format!("{found:?}"), "Ok(4 hits, harvest 4/5)");
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use netsplit_node::{CallId, Context, Duration, History, Inspection, Node, NodeId, Outcome, Service};

use crate::Storable;

/// What all shards are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How long after it was asked a search is answered at the latest.
    pub deadline: Duration,
    /// With less than this an answer is refused.
    pub floor: Harvest,
}

/// How much of the data an answer is of: so many shards of so many.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Harvest {
    /// Shards whose hits are in it.
    pub heard: u32,
    /// All shards.
    pub of: u32,
}

impl Harvest {
    /// As a number from 0 to 1.
    pub fn share(&self) -> f64 {
        f64::from(self.heard) / f64::from(self.of)
    }

    /// Whether it is at least as much as `floor`, exactly.
    pub fn reaches(&self, floor: Harvest) -> bool {
        u64::from(self.heard) * u64::from(floor.of) >= u64::from(floor.heard) * u64::from(self.of)
    }
}

impl fmt::Debug for Harvest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.heard, self.of)
    }
}

/// What a shard is asked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Request {
    /// Keep this document, here.
    Add {
        /// Its text.
        document: String,
    },
    /// Which documents have this word, anywhere?
    Search {
        /// The word.
        word: String,
    },
}

/// The request to keep a document.
pub fn add(document: &str) -> Request {
    Request::Add { document: document.to_owned() }
}

/// The request to search all shards for a word.
pub fn search(word: &str) -> Request {
    Request::Search { word: word.to_owned() }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Request::Add { document } => write!(f, "add {document:?}"),
            Request::Search { word } => write!(f, "search {word}"),
        }
    }
}

/// What a shard answers.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Response {
    /// To an add.
    Added,
    /// To a search.
    Found {
        /// The documents.
        hits: BTreeSet<String>,
        /// Of how many shards.
        harvest: Harvest,
    },
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Response::Added => write!(f, "added"),
            Response::Found { hits, harvest } => write!(f, "{} hits, harvest {harvest:?}", hits.len()),
        }
    }
}

/// What shards send each other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// Which of your documents have this word?
    Ask {
        /// For which search.
        call: CallId,
        /// The word.
        word: String,
    },
    /// These, all of them.
    Hits {
        /// For which search.
        call: CallId,
        /// The documents.
        hits: BTreeSet<String>,
    },
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Ask { word, .. } => write!(f, "{word}?"),
            Message::Hits { hits, .. } => write!(f, "{} hits", hits.len()),
        }
    }
}

/// What wakes a shard.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Timer {
    /// This search must be answered now.
    Deadline(CallId),
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deadline")
    }
}

/// A shard, which answers searches over all of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SearchShard {
    config: Config,
    /// Persistent: its part of the documents. Invariant: on the disk before its client is answered.
    documents: BTreeSet<String>,
    /// Volatile: the searches under way: who has answered, and with what.
    searches: BTreeMap<CallId, BTreeMap<NodeId, BTreeSet<String>>>,
}

impl Node for SearchShard {
    type Message = Message;
    type Timer = Timer;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recover(ctx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Ask { call, word } => ctx.send(from, Message::Hits { call, hits: self.hits(&word) }),
            Message::Hits { call, hits } => self.collect(call, from, hits, ctx),
        }
    }

    fn on_timer(&mut self, Timer::Deadline(call): Timer, ctx: &mut Context<Self>) {
        self.answer(call, ctx);
    }

    /// How many documents it has, and how many searches are under way.
    fn inspect(&self) -> Inspection {
        Inspection::new().field("documents", self.documents.len()).field("searches", self.searches.len())
    }
}

impl Service for SearchShard {
    type Request = Request;
    type Response = Response;

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        match request {
            Request::Add { document } => self.add(call, document, ctx),
            Request::Search { word } => self.ask_all(call, &word, ctx),
        }
    }
}

impl SearchShard {
    /// A shard of a service that was told `config`.
    pub fn new(config: Config) -> SearchShard {
        assert!(config.floor.of > 0, "a floor of shards out of none: expected a share such as 4 of 5");
        SearchShard { config, documents: BTreeSet::new(), searches: BTreeMap::new() }
    }

    /// Its documents.
    pub fn documents(&self) -> &BTreeSet<String> {
        &self.documents
    }

    fn hits(&self, word: &str) -> BTreeSet<String> {
        let has_it = |document: &&String| document.split_whitespace().any(|it| it == word);
        self.documents.iter().filter(has_it).cloned().collect()
    }

    fn add(&mut self, call: CallId, document: String, ctx: &mut Context<Self>) {
        ctx.disk().append("documents", document.to_bytes());
        ctx.disk().sync();
        self.documents.insert(document);
        ctx.reply(call, Response::Added);
    }

    /// Fan-out: everybody is asked at once, itself included.
    fn ask_all(&mut self, call: CallId, word: &str, ctx: &mut Context<Self>) {
        self.searches.insert(call, BTreeMap::new());
        ctx.broadcast(Message::Ask { call, word: word.to_owned() });
        ctx.set_timer(self.config.deadline, Timer::Deadline(call));
        self.collect(call, ctx.id(), self.hits(word), ctx);
    }

    /// One more shard has answered; with all of them there is nothing to wait for.
    fn collect(&mut self, call: CallId, from: NodeId, hits: BTreeSet<String>, ctx: &mut Context<Self>) {
        let Some(heard) = self.searches.get_mut(&call) else { return };
        heard.insert(from, hits);
        if heard.len() == ctx.peers().len() + 1 {
            ctx.cancel_timer(&Timer::Deadline(call));
            self.answer(call, ctx);
        }
    }

    /// Answers with what was heard, if it is enough.
    fn answer(&mut self, call: CallId, ctx: &mut Context<Self>) {
        let Some(heard) = self.searches.remove(&call) else { return };
        let harvest = Harvest { heard: heard.len() as u32, of: ctx.peers().len() as u32 + 1 };
        if harvest.reaches(self.config.floor) {
            ctx.reply(call, Response::Found { hits: heard.into_values().flatten().collect(), harvest });
        } else {
            ctx.refuse(call, format!("harvest {harvest:?}, and {:?} is the least", self.config.floor));
        }
    }

    /// After a crash: the documents are on the disk; who searched learns nothing.
    fn recover(&mut self, ctx: &mut Context<Self>) {
        let bytes = ctx.disk().read("documents").unwrap_or_default();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let document = String::load(&mut rest);
            self.documents.insert(document.expect("the disk is whole: a node does not run on a damaged one"));
        }
    }
}

/// What a history of searches comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Searches that ended, or wait no longer.
    pub asked: u32,
    /// Those that were answered.
    pub answered: u32,
    /// The mean harvest of those that were answered; 0 if none was.
    pub harvest: f64,
}

impl Measured {
    /// Both, of all searches in `history`. One that is pending does not count yet.
    pub fn of(history: &History<Request, Response>) -> Measured {
        let (mut measured, mut sum) = (Measured::default(), 0.0);
        for operation in history.iter().filter(|it| matches!(it.request, Request::Search { .. })) {
            let Some(outcome) = &operation.outcome else { continue };
            measured.asked += 1;
            if let Outcome::Ok(Response::Found { harvest, .. }) = outcome {
                measured.answered += 1;
                sum += harvest.share();
            }
        }
        measured.harvest = sum / f64::from(measured.answered.max(1));
        measured
    }

    /// The share of the searches that were answered; 0 if nobody asked.
    pub fn yields(&self) -> f64 {
        f64::from(self.answered) / f64::from(self.asked.max(1))
    }
}

//! A fencing token is a number that grows with every holder of a lock; a store that refuses lower ones keeps out whoever does not know that its time is over.
//!
//! - **Concept:** Fencing token
//! - **Guarantees:** order of holders (safety): once a store has accepted a write with a token, it accepts none with a lower one, whatever its sender believes, also after a crash of the store.
//! - **Does not guarantee:** that a store has heard of the newest token: until the new holder's first write, the old one's still pass. That there is one holder at a time.
//! - **Assumes:** tokens are given out in increasing order (`lease.rs`, a primary's epoch); every write carries one; the store's disk does not lie.
//! - **Source:** Burrows, "The Chubby Lock Service for Loosely-Coupled Distributed Systems", OSDI 2006, section 2.4 (sequencers); the name: Kleppmann, "Designing Data-Intensive
//!   Applications", 2017, chapter 8, "Fencing tokens"
//! - **Differs:** one token for the whole store, not one for each lock. Reads are not fenced.
//! - **Chapter:** 09
//!
//! ```text
//! old holder, token 42  ──write──▶ ok   ▓▓▓▓ pause: its lease ends ▓▓▓▓   ──write, 42──▶ refused: 43 was here
//! new holder, token 43                  ──write, 43──▶ ok
//! store                 ───────── 42 ────────────────── 43 ───────────────────────────────────────────────────
//! ```
//!
//! ```
//! use netsplit_algorithms::replication::fencing_token::{FencedStore, Fencing, FencingToken, write};
//! use netsplit_node::secs;
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let store = lab.cluster("store", 1, |_id| FencedStore::new(Fencing::Checked));
//! let client = store.client_of(0);
//! for token in [42, 43, 42] {
//!     client.call(write(FencingToken(token), "x", token as i64));
//!     lab.run_for(secs(1));
//! }
//! assert_eq!(store.history().iter().filter(|it| it.outcome.clone().is_some_and(|it| it.ok().is_some())).count(), 2);
//! ```

use std::collections::BTreeMap;
use std::fmt;

use netsplit_node::{
    CallId, Context, Inspection, Invariant, KeyValueRequest, KeyValueResponse, Member, Node, Service, Value,
};

use crate::Storable;

/// A number that is greater for every later holder.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FencingToken(pub u64);

impl fmt::Debug for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token {}", self.0)
    }
}

/// Whether a store looks at tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fencing {
    /// It refuses a token that is lower than one it has accepted.
    Checked,
    /// It takes every write: what most stores do.
    Ignored,
}

/// What a store is asked: to read or write, by the holder of this token.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Request {
    /// The sender's token.
    pub token: FencingToken,
    /// What it asks.
    pub request: KeyValueRequest,
}

/// The request to write `value` under `key` by the holder of `token`.
pub fn write(token: FencingToken, key: &str, value: impl Into<Value>) -> Request {
    Request { token, request: KeyValueRequest::Put { key: key.to_owned(), value: value.into() } }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {:?}", self.request, self.token)
    }
}

/// A store that several nodes write to, of which one at a time should.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FencedStore {
    fencing: Fencing,
    /// Persistent: every write that was accepted, in this order.
    ///
    /// Invariant: on the disk before its sender is answered, or a crash would let the past in again.
    accepted: Vec<(FencingToken, String, Value)>,
}

impl Node for FencedStore {
    type Message = ();
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recover(ctx);
    }

    /// The highest token, and the data.
    fn inspect(&self) -> Inspection {
        let data: BTreeMap<&String, &Value> =
            self.accepted.iter().map(|(_, key, value)| (key, value)).collect();
        data.iter().fold(Inspection::new().field("token", self.highest().0), |shown, (key, value)| {
            shown.field(key, value)
        })
    }
}

impl Service for FencedStore {
    type Request = Request;
    type Response = KeyValueResponse;

    fn on_request(&mut self, call: CallId, Request { token, request }: Request, ctx: &mut Context<Self>) {
        match request {
            KeyValueRequest::Get { key } => {
                let newest = self.accepted.iter().rev().find(|(_, written, _)| *written == key);
                ctx.reply(call, KeyValueResponse::Value(newest.map(|(_, _, value)| value.clone())));
            }
            KeyValueRequest::Put { key, value } => self.put(call, token, key, value, ctx),
        }
    }
}

impl FencedStore {
    /// An empty store.
    pub fn new(fencing: Fencing) -> FencedStore {
        FencedStore { fencing, accepted: Vec::new() }
    }

    /// The writes that were accepted, in their order.
    pub fn accepted(&self) -> &[(FencingToken, String, Value)] {
        &self.accepted
    }

    /// The highest token that was accepted.
    pub fn highest(&self) -> FencingToken {
        self.accepted.iter().map(|&(token, ..)| token).max().unwrap_or_default()
    }

    fn put(&mut self, call: CallId, token: FencingToken, key: String, value: Value, ctx: &mut Context<Self>) {
        if self.fencing == Fencing::Checked && token < self.highest() {
            return ctx.refuse(call, format!("{token:?} is over: {:?} was here", self.highest()));
        }
        self.accepted.push((token, key.clone(), value.clone()));
        ctx.disk().append("accepted", (token.0, (key, value)).to_bytes());
        ctx.disk().sync();
        ctx.reply(call, KeyValueResponse::Stored);
    }

    fn recover(&mut self, ctx: &mut Context<Self>) {
        let bytes = ctx.disk().read("accepted").unwrap_or_default();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (token, (key, value)) = <(u64, (String, Value))>::load(&mut rest)
                .expect("the disk is whole: a node does not run on a damaged one");
            self.accepted.push((FencingToken(token), key, value));
        }
    }
}

/// One writer after the other: no write of an earlier holder is accepted after one of a later holder.
#[derive(Clone, Debug, Default, Hash)]
pub struct SingleWriter;

impl Invariant<FencedStore> for SingleWriter {
    fn name(&self) -> &str {
        "SingleWriter"
    }

    fn check(&mut self, members: &[Member<'_, FencedStore>]) -> Result<(), String> {
        for member in members {
            for pair in member.state.accepted.windows(2) {
                if pair[1].0 < pair[0].0 {
                    return Err(format!(
                        "{} took a write of {:?} after one of {:?}",
                        member.id, pair[1].0, pair[0].0
                    ));
                }
            }
        }
        Ok(())
    }
}

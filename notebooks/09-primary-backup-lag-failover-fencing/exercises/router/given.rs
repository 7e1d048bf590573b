//! What the statement of `router` gives: what users ask the router, what the router asks the databases, and a database.

use netsplit::{CallId, Context, Node, NodeId, Service};
use serde::{Deserialize, Serialize};

/// How far a log goes: the number of its last write; 0 is the empty log.
pub type Lsn = usize;

/// What a user asks the router.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Wish {
    /// Store this value under this key.
    Write { key: String, value: u64 },
    /// What is under this key? `seen` is the greatest position that this user was ever told.
    Read { key: String, seen: Lsn },
}

/// What the router tells a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RouterAnswer {
    /// The write is in the primary's log, at this position.
    Stored { lsn: Lsn },
    /// This is what a log that goes as far as `lsn` says.
    Found { value: Option<u64>, lsn: Lsn },
}

/// What the router asks a database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DbAsk {
    /// Only the primary takes writes; another database refuses.
    Write { key: String, value: u64 },
    /// Every database answers from its own log.
    Read { key: String },
}

/// A database: the first of them is the primary, and ships its log; the others follow, some time later.
#[derive(Clone, Debug, Default)]
pub struct LaggingDb {
    pub log: Vec<(String, u64)>,
    /// How many reads it has answered.
    pub reads: usize,
}

impl Node for LaggingDb {
    type Message = (usize, String, u64);
    type Timer = ();

    fn on_message(&mut self, _from: NodeId, shipped: Self::Message, _ctx: &mut Context<Self>) {
        let (place, key, value) = shipped;
        if place == self.log.len() {
            self.log.push((key, value));
        }
    }
}

impl Service for LaggingDb {
    type Request = DbAsk;
    type Response = RouterAnswer;

    fn on_request(&mut self, call: CallId, ask: DbAsk, ctx: &mut Context<Self>) {
        match ask {
            DbAsk::Write { .. } if ctx.peers().any(|peer| peer < ctx.id()) => {
                ctx.refuse(call, "not the primary")
            }
            DbAsk::Write { key, value } => {
                ctx.broadcast((self.log.len(), key.clone(), value));
                self.log.push((key, value));
                ctx.reply(call, RouterAnswer::Stored { lsn: self.log.len() });
            }
            DbAsk::Read { key } => {
                self.reads += 1;
                let newest = self.log.iter().rev().find(|(written, _)| *written == key);
                ctx.reply(
                    call,
                    RouterAnswer::Found { value: newest.map(|(_, value)| *value), lsn: self.log.len() },
                );
            }
        }
    }
}

//! Not an answer: the library's own Raft.
// answer: durable
use std::collections::BTreeMap;

use netsplit::consensus::raft::{Config, KeyValueStore, Raft};

#[derive(Clone, Debug)]
struct Server {
    raft: Raft<KeyValueStore>,
}

impl Server {
    fn new(_members: Vec<NodeId>) -> Server {
        Server { raft: Raft::new(Config::paper()) }
    }
}

impl Node for Server {
    type Message = Rpc;
    type Timer = ();
}

impl Service for Server {
    type Request = Ask;
    type Response = Told;

    fn on_request(&mut self, call: CallId, _ask: Ask, ctx: &mut Context<Self>) {
        let told = if self.raft.is_leader() { Told::Leads(self.raft.current_term()) } else { Told::Follows };
        ctx.reply(call, told);
    }
}

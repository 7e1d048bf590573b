//! The answer to `carts` as it should be.
// answer: carts
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Note {
    Ask(CallId),
    Have(CallId, BTreeSet<u32>),
    Store(CallId, BTreeSet<u32>),
    Stored(CallId),
    Gossip(BTreeSet<u32>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Alarm {
    GiveUp(CallId),
    Gossip,
}

/// An operation under CP: first it asks a majority what it has, then it stores at a majority what it has come to.
#[derive(Clone, Debug)]
struct Open {
    add: Option<u32>,
    is_storing: bool,
    answered: BTreeSet<NodeId>,
}

#[derive(Clone, Debug, Default)]
struct CartStore {
    is_ap: bool,
    items: BTreeSet<u32>,
    open: BTreeMap<CallId, Open>,
}

impl CartStore {
    fn go_on(&mut self, call: CallId, from: NodeId, ctx: &mut Context<Self>) {
        let majority = (ctx.peers().len() + 1) / 2 + 1;
        let Some(open) = self.open.get_mut(&call) else { return };
        open.answered.insert(from);
        if open.answered.len() < majority {
            return;
        }
        if !open.is_storing {
            // Nothing has happened so far. From here on it can no longer be refused.
            open.is_storing = true;
            open.answered = [ctx.id()].into();
            self.items.extend(open.add);
            ctx.broadcast(Note::Store(call, self.items.clone()));
            return;
        }
        let add = open.add;
        self.open.remove(&call);
        ctx.cancel_timer(&Alarm::GiveUp(call));
        let items = self.items.iter().copied().collect();
        ctx.reply(call, if add.is_some() { CartResponse::Added } else { CartResponse::Items(items) });
    }
}

impl Node for CartStore {
    type Message = Note;
    type Timer = Alarm;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.set_timer(ms(400), Alarm::Gossip);
    }

    fn on_message(&mut self, from: NodeId, note: Note, ctx: &mut Context<Self>) {
        match note {
            Note::Ask(call) => ctx.send(from, Note::Have(call, self.items.clone())),
            Note::Have(call, items) => {
                self.items.extend(items);
                if self.open.get(&call).is_some_and(|open| !open.is_storing) {
                    self.go_on(call, from, ctx);
                }
            }
            Note::Store(call, items) => {
                self.items.extend(items);
                ctx.send(from, Note::Stored(call));
            }
            Note::Stored(call) => self.go_on(call, from, ctx),
            Note::Gossip(items) => self.items.extend(items),
        }
    }

    fn on_timer(&mut self, alarm: Alarm, ctx: &mut Context<Self>) {
        match alarm {
            Alarm::Gossip => {
                ctx.broadcast(Note::Gossip(self.items.clone()));
                ctx.set_timer(ms(400), Alarm::Gossip);
            }
            Alarm::GiveUp(call) => {
                let Some(open) = self.open.remove(&call) else { return };
                if !open.is_storing || open.add.is_none() {
                    ctx.refuse(call, "no majority");
                }
            }
        }
    }
}

impl Service for CartStore {
    type Request = CartRequest;
    type Response = CartResponse;

    fn on_request(&mut self, call: CallId, request: CartRequest, ctx: &mut Context<Self>) {
        let add = match request {
            CartRequest::Switch(way) => {
                self.is_ap = way == Way::Ap;
                return ctx.reply(call, CartResponse::Switched);
            }
            CartRequest::Add(item) => Some(item),
            CartRequest::Items => None,
        };
        if self.is_ap {
            self.items.extend(add);
            let items = self.items.iter().copied().collect();
            return ctx
                .reply(call, if add.is_some() { CartResponse::Added } else { CartResponse::Items(items) });
        }
        self.open.insert(call, Open { add, is_storing: false, answered: [ctx.id()].into() });
        ctx.broadcast(Note::Ask(call));
        ctx.set_timer(ms(300), Alarm::GiveUp(call));
    }
}

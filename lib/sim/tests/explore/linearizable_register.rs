//! A register on all servers: Attiya, Bar-Noy and Dolev, "Sharing memory robustly in message-passing systems", 1995, one operation at a time for each
//! server. As Stateright's published example has it, so that the numbers of states can be compared; the library's own is `register::abd`.

use std::collections::{BTreeMap, BTreeSet};

use netsplit_check::spec::{RegisterRequest, RegisterResponse};
use netsplit_node::{CallId, Context, Node, NodeId, Service, Value};

/// The clock of a write, and who wrote.
type Sequencer = (u64, NodeId);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    Query(CallId),
    AckQuery(CallId, Sequencer, Option<Value>),
    Record(CallId, Sequencer, Option<Value>),
    AckRecord(CallId),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Abd {
    sequencer: Sequencer,
    value: Option<Value>,
    phase: Option<Phase>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Query { call: CallId, write: Option<Value>, responses: BTreeMap<NodeId, (Sequencer, Option<Value>)> },
    Record { call: CallId, read: Option<Option<Value>>, acks: BTreeSet<NodeId> },
}

impl Abd {
    pub fn new(id: NodeId) -> Abd {
        Abd { sequencer: (0, id), value: None, phase: None }
    }

    fn collect(
        &mut self,
        from: NodeId,
        call: CallId,
        found: (Sequencer, Option<Value>),
        ctx: &mut Context<Self>,
    ) {
        let Some(Phase::Query { call: current, write, responses }) = &mut self.phase else { return };
        if *current != call {
            return;
        }
        responses.insert(from, found);
        if responses.len() != majority(ctx) {
            return;
        }
        let (mut sequencer, mut value) = responses
            .values()
            .max_by_key(|(sequencer, _)| *sequencer)
            .cloned()
            .expect("a majority has answered");
        let mut read = None;
        match write.take() {
            Some(write) => (sequencer, value) = ((sequencer.0 + 1, ctx.id()), Some(write)),
            None => read = Some(value.clone()),
        }
        ctx.broadcast(Message::Record(call, sequencer, value.clone()));
        self.keep(sequencer, value);
        self.phase = Some(Phase::Record { call, read, acks: [ctx.id()].into() });
    }

    fn acknowledge(&mut self, from: NodeId, call: CallId, ctx: &mut Context<Self>) {
        let Some(Phase::Record { call: current, read, acks }) = &mut self.phase else { return };
        if *current != call || !acks.insert(from) || acks.len() != majority(ctx) {
            return;
        }
        let response = read.take().map_or(RegisterResponse::Written, RegisterResponse::Value);
        ctx.reply(call, response);
        self.phase = None;
    }

    fn keep(&mut self, sequencer: Sequencer, value: Option<Value>) {
        if sequencer > self.sequencer {
            (self.sequencer, self.value) = (sequencer, value);
        }
    }
}

fn majority(ctx: &Context<Abd>) -> usize {
    ctx.peers().len().div_ceil(2) + 1
}

impl Node for Abd {
    type Message = Message;
    type Timer = ();

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Query(call) => {
                ctx.send(from, Message::AckQuery(call, self.sequencer, self.value.clone()))
            }
            Message::AckQuery(call, sequencer, value) => self.collect(from, call, (sequencer, value), ctx),
            Message::Record(call, sequencer, value) => {
                ctx.send(from, Message::AckRecord(call));
                self.keep(sequencer, value);
            }
            Message::AckRecord(call) => self.acknowledge(from, call, ctx),
        }
    }
}

impl Service for Abd {
    type Request = RegisterRequest;
    type Response = RegisterResponse;

    fn on_request(&mut self, call: CallId, request: RegisterRequest, ctx: &mut Context<Self>) {
        if self.phase.is_some() {
            return;
        }
        let write = match request {
            RegisterRequest::Write(value) => Some(value),
            RegisterRequest::Read => None,
        };
        ctx.broadcast(Message::Query(call));
        let responses = [(ctx.id(), (self.sequencer, self.value.clone()))].into();
        self.phase = Some(Phase::Query { call, write, responses });
    }
}

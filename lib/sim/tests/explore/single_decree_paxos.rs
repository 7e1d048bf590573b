//! Single-decree Paxos behind a register: what is decided is what is read. As Stateright's published example has it, so that the numbers of states can be
//! compared; the library's own is `consensus::paxos`.

use std::collections::{BTreeMap, BTreeSet};

use netsplit_check::spec::{RegisterRequest, RegisterResponse};
use netsplit_node::{CallId, Context, Node, NodeId, Service, Value};

type Ballot = (u32, NodeId);
type Proposal = (CallId, Value);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    Prepare { ballot: Ballot },
    Prepared { ballot: Ballot, last_accepted: Option<(Ballot, Proposal)> },
    Accept { ballot: Ballot, proposal: Proposal },
    Accepted { ballot: Ballot },
    Decided { ballot: Ballot, proposal: Proposal },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Paxos {
    ballot: Ballot,
    proposal: Option<Proposal>,
    prepares: BTreeMap<NodeId, Option<(Ballot, Proposal)>>,
    accepts: BTreeSet<NodeId>,
    accepted: Option<(Ballot, Proposal)>,
    is_decided: bool,
}

impl Paxos {
    pub fn new(_id: NodeId) -> Paxos {
        Paxos {
            ballot: (0, NodeId(0)),
            proposal: None,
            prepares: BTreeMap::new(),
            accepts: BTreeSet::new(),
            accepted: None,
            is_decided: false,
        }
    }

    fn prepared(&mut self, from: NodeId, last_accepted: Option<(Ballot, Proposal)>, ctx: &mut Context<Self>) {
        self.prepares.insert(from, last_accepted);
        if self.prepares.len() != majority(ctx) {
            return;
        }
        let newest = self.prepares.values().max().and_then(|newest| newest.clone());
        let proposal =
            newest.map(|(_, proposal)| proposal).or(self.proposal.take()).expect("it was asked to put");
        let ballot = self.ballot;
        self.proposal = Some(proposal.clone());
        self.accepted = Some((ballot, proposal.clone()));
        self.accepts.insert(ctx.id());
        ctx.broadcast(Message::Accept { ballot, proposal });
    }

    fn accepted(&mut self, from: NodeId, ctx: &mut Context<Self>) {
        self.accepts.insert(from);
        if self.accepts.len() == majority(ctx) {
            self.is_decided = true;
            let proposal = self.proposal.clone().expect("it was asked to put");
            let call = proposal.0;
            ctx.broadcast(Message::Decided { ballot: self.ballot, proposal });
            ctx.reply(call, RegisterResponse::Written);
        }
    }
}

fn majority(ctx: &Context<Paxos>) -> usize {
    ctx.peers().len().div_ceil(2) + 1
}

impl Node for Paxos {
    type Message = Message;
    type Timer = ();

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        if self.is_decided {
            return;
        }
        match message {
            Message::Prepare { ballot } if self.ballot < ballot => {
                self.ballot = ballot;
                ctx.send(from, Message::Prepared { ballot, last_accepted: self.accepted.clone() });
            }
            Message::Prepared { ballot, last_accepted } if ballot == self.ballot => {
                self.prepared(from, last_accepted, ctx);
            }
            Message::Accept { ballot, proposal } if self.ballot <= ballot => {
                self.ballot = ballot;
                self.accepted = Some((ballot, proposal));
                ctx.send(from, Message::Accepted { ballot });
            }
            Message::Accepted { ballot } if ballot == self.ballot => self.accepted(from, ctx),
            Message::Decided { ballot, proposal } => {
                self.ballot = ballot;
                self.accepted = Some((ballot, proposal));
                self.is_decided = true;
            }
            _ => {}
        }
    }
}

impl Service for Paxos {
    type Request = RegisterRequest;
    type Response = RegisterResponse;

    fn on_request(&mut self, call: CallId, request: RegisterRequest, ctx: &mut Context<Self>) {
        match request {
            // What another server may have decided is not known here, so there is no answer before this one knows.
            RegisterRequest::Read if self.is_decided => {
                let (_, (_, value)) = self.accepted.clone().expect("what is decided was accepted");
                ctx.reply(call, RegisterResponse::Value(Some(value)));
            }
            RegisterRequest::Write(value) if !self.is_decided && self.proposal.is_none() => {
                self.proposal = Some((call, value));
                (self.prepares, self.accepts) = (BTreeMap::new(), BTreeSet::new());
                self.ballot = (self.ballot.0 + 1, ctx.id());
                self.prepares.insert(ctx.id(), self.accepted.clone());
                ctx.broadcast(Message::Prepare { ballot: self.ballot });
            }
            RegisterRequest::Read | RegisterRequest::Write(_) => {}
        }
    }
}

//! What the core knows of each participant, and of the calls between them.

use std::collections::{BTreeMap, VecDeque};

use netsplit_node::{
    Belongings, CallId, Disk, Duration, Effect, NodeId, Outcome, Payload, Random, Resume, Slot, Time,
};

use crate::population::Population;
use crate::queue::Coming;

/// A node or a client, as the core keeps it.
pub(crate) struct Participant {
    pub(crate) role: Role,
    pub(crate) up: bool,
    /// Counts restarts: what was meant for an earlier life does not reach this one.
    pub(crate) life: u32,
    /// Crash after so many more effects of a step.
    pub(crate) crash_after: Option<u32>,
    pub(crate) belongings: Box<Belongings>,
    /// Pending timers with their place in the queue's order, which names them.
    pub(crate) timers: Vec<(Slot, u64)>,
    /// Why it takes no step at the moment, if so.
    pub(crate) blocked: Option<Box<Blocked>>,
    /// Requests that its code has seen and not answered.
    pub(crate) unanswered: BTreeMap<CallId, Caller>,
}

impl Participant {
    pub(crate) fn new(role: Role, random: Random) -> Participant {
        Participant {
            role,
            up: true,
            life: 0,
            crash_after: None,
            belongings: Box::new(Belongings { random, disk: Disk::default() }),
            timers: Vec::new(),
            blocked: None,
            unanswered: BTreeMap::new(),
        }
    }
}

/// What a participant is.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    /// A member of a cluster.
    Member { cluster: u32, member: u32 },
    /// A client, by its number among the clients.
    Client(u32),
}

/// A node that waits for its disk, or is paused: the rest of its step, and what arrived meanwhile.
pub(crate) struct Blocked {
    pub(crate) until: Time,
    /// How many disk operations will be durable then, if a sync is what it waits for.
    pub(crate) syncing: Option<u64>,
    /// What the interrupted step still asks for.
    pub(crate) rest: VecDeque<Effect>,
    pub(crate) cause: u64,
    pub(crate) inbox: VecDeque<Coming>,
}

/// Nodes of one type, under one name.
pub(crate) struct ClusterState {
    pub(crate) name: String,
    pub(crate) first: NodeId,
    pub(crate) size: usize,
    pub(crate) population: Box<dyn Population>,
    /// Everything that was ever asked of it.
    pub(crate) operations: Vec<OperationState>,
}

/// A client's side of the world.
pub(crate) struct ClientState {
    pub(crate) name: String,
    pub(crate) service: NodeId,
    /// How long it waits for an answer; for ever if nothing is said.
    pub(crate) deadline: Option<Duration>,
    /// How often it asks again after a deadline has passed.
    pub(crate) retries: u32,
}

/// Where an operation is kept: the cluster that was asked, and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OperationId {
    pub(crate) cluster: u32,
    pub(crate) index: u32,
}

/// One operation, as the history will tell it.
pub(crate) struct OperationState {
    pub(crate) call: CallId,
    pub(crate) caller: NodeId,
    pub(crate) service: NodeId,
    pub(crate) request: Box<dyn Payload>,
    pub(crate) invoked: Time,
    pub(crate) invoked_event: u64,
    pub(crate) outcome: Option<Outcome<Box<dyn Payload>>>,
    pub(crate) returned: Option<Time>,
    pub(crate) served: Vec<Time>,
    pub(crate) attempts: u32,
}

/// Who waits for an answer, and for which operation.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) id: NodeId,
    pub(crate) operation: OperationId,
}

/// A call whose caller still waits.
pub(crate) struct OpenCall {
    pub(crate) operation: OperationId,
    pub(crate) caller: NodeId,
    /// How a calling node is told; nothing for clients.
    pub(crate) resume: Option<Box<dyn Resume>>,
}

/// A request or a response under way.
pub(crate) enum Parcel {
    Request { call: CallId, caller: Caller, request: Box<dyn Payload> },
    Response { call: CallId, outcome: Outcome<Box<dyn Payload>> },
}

impl Parcel {
    pub(crate) fn copy(&self) -> Parcel {
        match self {
            Parcel::Request { call, caller, request } => {
                Parcel::Request { call: *call, caller: *caller, request: request.copy() }
            }
            Parcel::Response { call, outcome } => {
                Parcel::Response { call: *call, outcome: copy_outcome(outcome) }
            }
        }
    }
}

pub(crate) fn copy_outcome(outcome: &Outcome<Box<dyn Payload>>) -> Outcome<Box<dyn Payload>> {
    match outcome {
        Outcome::Ok(response) => Outcome::Ok((**response).copy()),
        Outcome::Fail(reason) => Outcome::Fail(reason.clone()),
        Outcome::Unknown => Outcome::Unknown,
    }
}

/// "Ok(..)", "Fail(..)" or "Unknown".
pub(crate) fn describe_outcome(outcome: &Outcome<Box<dyn Payload>>) -> String {
    match outcome {
        Outcome::Ok(response) => format!("Ok({})", (**response).describe()),
        Outcome::Fail(reason) => format!("Fail({reason})"),
        Outcome::Unknown => "Unknown".to_owned(),
    }
}

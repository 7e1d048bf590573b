//! What the core knows of each participant, and of the calls between them.

use std::collections::{BTreeMap, VecDeque};

use netsplit_node::{
    Belongings, CallId, Disk, Duration, Effect, Identity, NodeId, Outcome, Payload, Random, Resume, Slot,
    Time,
};

use crate::byzantine::Liar;
use crate::clock::Clock;
use crate::network::Latency;
use crate::population::Population;
use crate::queue::Coming;

/// A node or a client, as the core keeps it.
#[derive(Clone)]
pub(crate) struct Participant {
    pub(crate) role: Role,
    pub(crate) up: bool,
    /// Counts restarts: what was meant for an earlier life does not reach this one.
    pub(crate) life: u32,
    pub(crate) belongings: Box<Belongings>,
    /// Pending timers with their place in the queue's order, which names them.
    pub(crate) timers: Vec<(Slot, u64)>,
    /// Why it takes no step at the moment, if so.
    pub(crate) blocked: Option<Box<Blocked>>,
    /// Requests that its code has seen and not answered.
    pub(crate) unanswered: BTreeMap<CallId, Caller>,
    /// When it last went down.
    pub(crate) went_down: Time,
    /// Whether it has left its cluster for good.
    pub(crate) left: bool,
    /// What is out of the ordinary about it. Most participants have nothing of it, and pay one pointer.
    pub(crate) special: Option<Box<Special>>,
}

/// What may be out of the ordinary about a node.
#[derive(Clone)]
pub(crate) struct Special {
    /// Nothing if its clock is the world's.
    pub(crate) clock: Option<Clock>,
    /// How long each step takes; nothing for no time.
    pub(crate) service_time: Option<Latency>,
    /// Whether the service time is there only because the node is slow.
    pub(crate) only_slow: bool,
    /// How many times as long everything takes.
    pub(crate) slowness: u32,
    /// How many arrivals may wait.
    pub(crate) queue_limit: u32,
    /// How many requests may be unanswered at a time.
    pub(crate) connection_limit: u32,
    /// How much longer syncs take.
    pub(crate) disk_delay: Duration,
    pub(crate) liar: Liar,
    /// Crash after so many more effects of a step.
    pub(crate) crash_after: Option<u32>,
    /// Whose identity it has, if it is somebody's twin.
    pub(crate) stands_for: Option<NodeId>,
}

impl Default for Special {
    fn default() -> Special {
        Special {
            clock: None,
            service_time: None,
            only_slow: false,
            slowness: 1,
            queue_limit: u32::MAX,
            connection_limit: u32::MAX,
            disk_delay: Duration::ZERO,
            liar: Liar::default(),
            crash_after: None,
            stands_for: None,
        }
    }
}

impl Participant {
    pub(crate) fn new(role: Role, random: Random, identity: Identity) -> Participant {
        Participant {
            role,
            up: true,
            life: 0,
            belongings: Box::new(Belongings { random, disk: Disk::default(), identity }),
            timers: Vec::new(),
            blocked: None,
            unanswered: BTreeMap::new(),
            went_down: Time::ZERO,
            left: false,
            special: None,
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
#[derive(Clone)]
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
#[derive(Clone)]
pub(crate) struct ClusterState {
    pub(crate) name: String,
    /// By their index; those that have left keep theirs.
    pub(crate) members: Vec<NodeId>,
    pub(crate) population: Box<dyn Population>,
    /// Everything that was ever asked of it.
    pub(crate) operations: Vec<OperationState>,
}

/// A client's side of the world.
#[derive(Clone)]
pub(crate) struct ClientState {
    /// Its number among all participants.
    pub(crate) id: NodeId,
    pub(crate) name: String,
    pub(crate) service: NodeId,
    /// How long it waits for an answer; for ever if nothing is said.
    pub(crate) deadline: Option<Duration>,
    /// How often it asks again after a deadline has passed.
    pub(crate) retries: u32,
    /// The workload that it belongs to, if to one.
    pub(crate) load: Option<u32>,
}

/// Where an operation is kept: the cluster that was asked, and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OperationId {
    pub(crate) cluster: u32,
    pub(crate) index: u32,
}

/// One operation, as the history will tell it.
#[derive(Clone)]
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
    /// How many of them left: one that finds no name server does not.
    pub(crate) sent: u32,
    /// Whom the last attempt asked, where the service is a name.
    pub(crate) target: Option<NodeId>,
}

/// Who waits for an answer, and for which operation.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) id: NodeId,
    pub(crate) operation: OperationId,
}

/// A call whose caller still waits.
#[derive(Clone)]
pub(crate) struct OpenCall {
    pub(crate) operation: OperationId,
    pub(crate) caller: NodeId,
    /// How a calling node is told; nothing for clients.
    pub(crate) resume: Option<Box<dyn Resume>>,
}

/// A request or a response under way.
#[derive(Clone)]
pub(crate) enum Parcel {
    Request { call: CallId, caller: Caller, request: Box<dyn Payload> },
    Response { call: CallId, outcome: Outcome<Box<dyn Payload>> },
}

impl Parcel {
    /// Its size on the wire in bytes, about.
    pub(crate) fn size(&self) -> usize {
        match self {
            Parcel::Request { request, .. } => (**request).size(),
            Parcel::Response { outcome: Outcome::Ok(response), .. } => (**response).size(),
            Parcel::Response { outcome: Outcome::Fail(reason), .. } => reason.len(),
            Parcel::Response { outcome: Outcome::Unknown, .. } => 0,
        }
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

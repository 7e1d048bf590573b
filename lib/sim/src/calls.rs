//! Calls: operations, attempts, deadlines, answers; from clients and from nodes.

use netsplit_node::trace::{Cargo, EventId, EventKind, OutcomeKind};
use netsplit_node::{CallId, Duration, NodeId, Outcome, Payload, Resume, Slot};

use crate::participants::{Caller, OpenCall, OperationId, OperationState, Parcel, Role, describe_outcome};
use crate::queue::Coming;
use crate::recorder::{Body, FROM_OUTSIDE};
use crate::world::{World, kind};

impl World {
    /// A client asks its service. Returns the operation, whose outcome comes later.
    pub(crate) fn invoke(&mut self, client: NodeId, request: Box<dyn Payload>) -> OperationId {
        let Role::Client(number) = self.participants[client.0 as usize].role else {
            unreachable!("only clients are handed out as clients")
        };
        let (service, deadline) =
            (self.clients[number as usize].service, self.clients[number as usize].deadline);
        let operation = self.begin_operation(client, service, request, FROM_OUTSIDE);
        let cause = self.operation(operation).invoked_event;
        self.attempt(operation, None, deadline, cause);
        operation
    }

    pub(crate) fn operation(&mut self, id: OperationId) -> &mut OperationState {
        &mut self.clusters[id.cluster as usize].operations[id.index as usize]
    }

    /// Notes that `caller` wants something of the service at `service`.
    pub(crate) fn begin_operation(
        &mut self,
        caller: NodeId,
        service: NodeId,
        request: Box<dyn Payload>,
        cause: u64,
    ) -> OperationId {
        let cluster = self.cluster_behind(service);
        let mut invoked_event = cause;
        if matches!(self.participants[caller.0 as usize].role, Role::Client(_)) {
            invoked_event = self.record(kind::INVOKED, (caller, Some(service)), cause, |_| {
                EventKind::Invoked { client: caller, text: (*request).describe() }
            });
        }
        let operations = &mut self.clusters[cluster as usize].operations;
        let index = operations.len() as u32;
        operations.push(OperationState {
            call: CallId(self.next_call),
            caller,
            service,
            request,
            invoked: self.now,
            invoked_event,
            outcome: None,
            returned: None,
            served: Vec::new(),
            attempts: 0,
            sent: 0,
            target: None,
        });
        OperationId { cluster, index }
    }

    /// The cluster that a node belongs to, or that a name was made for.
    fn cluster_behind(&self, service: NodeId) -> u32 {
        if let Some(record) = service.as_name().and_then(|name| self.dns.record(name)) {
            return record.cluster;
        }
        match self.participants[service.0 as usize].role {
            Role::Member { cluster, .. } => cluster,
            Role::Client(_) => unreachable!("addresses are made from a cluster's members"),
        }
    }

    /// Sends the operation's request, for the first time or again.
    pub(crate) fn attempt(
        &mut self,
        id: OperationId,
        resume: Option<Box<dyn Resume>>,
        deadline: Option<Duration>,
        cause: u64,
    ) {
        let call = CallId(self.next_call);
        self.next_call += 1;
        let operation = self.operation(id);
        operation.attempts += 1;
        let (caller, service, attempts) = (operation.caller, operation.service, operation.attempts);
        let request = (*operation.request).copy();
        self.open_calls.insert(call, OpenCall { operation: id, caller, resume });
        if let Some(deadline) = deadline {
            self.queue.push(self.now + deadline.max(Duration::ZERO), Coming::Deadline { caller, call });
        }
        let Some(service) = self.resolve(caller, service, attempts, cause) else {
            return self.fail_lookup_later(call);
        };
        let operation = self.operation(id);
        operation.sent += 1;
        operation.target = Some(service);
        let parcel = Parcel::Request { call, caller: Caller { id: caller, operation: id }, request };
        self.send_parcel(caller, service, Cargo::Request, parcel, cause, |parcel| match parcel {
            Parcel::Request { request, .. } => Body::Payload((**request).copy()),
            Parcel::Response { .. } => Body::Text("".into()),
        });
    }

    /// A request or an answer has arrived at `to`.
    pub(crate) fn open_parcel(&mut self, to: NodeId, from: NodeId, parcel: Slot, cause: u64) {
        match self.parcels.take(parcel) {
            Parcel::Request { call, caller, request } => {
                if self.has_no_connection_left(to) {
                    return self.refuse_connection(to, call, caller, cause);
                }
                let now = self.now;
                self.operation(caller.operation).served.push(now);
                self.participants[to.0 as usize].unanswered.insert(call, caller);
                self.run_step(to, cause, |population, member, step| {
                    population.request(member, call, request, step)
                });
            }
            Parcel::Response { call, outcome } => match self.open_calls.remove(&call) {
                Some(open) => {
                    // A refusal speaks of the last attempt only: what became of an earlier one, nobody has said.
                    let refused_again =
                        self.operation(open.operation).sent > 1 && matches!(outcome, Outcome::Fail(_));
                    let outcome = if refused_again { Outcome::Unknown } else { outcome };
                    self.conclude(open, from, outcome, cause);
                }
                None => {
                    let text = format!("too late: {}", describe_outcome(&outcome));
                    self.record(kind::NOTED, (to, None), cause, |_| EventKind::Noted { node: to, text });
                }
            },
        }
    }

    /// Whether a node has as many unanswered requests as it may have.
    fn has_no_connection_left(&self, node: NodeId) -> bool {
        let participant = &self.participants[node.0 as usize];
        let limit = participant.special.as_ref().map_or(u32::MAX, |special| special.connection_limit);
        participant.unanswered.len() >= limit as usize
    }

    /// The node's system refuses a connection: its code sees nothing of the request.
    fn refuse_connection(&mut self, node: NodeId, call: CallId, caller: Caller, cause: u64) {
        let reason = "connection refused: too many are open";
        let parcel = Parcel::Response { call, outcome: Outcome::Fail(reason.to_owned()) };
        self.send_parcel(node, caller.id, Cargo::Response, parcel, cause, |_| Body::Text(reason.into()));
    }

    /// A caller's patience has ended. A client may ask again; otherwise the outcome is unknown.
    pub(crate) fn deadline_passes(&mut self, call: CallId) {
        let Some(open) = self.open_calls.remove(&call) else { return };
        let operation = self.operation(open.operation);
        let (service, attempts) = (operation.target.unwrap_or(operation.service), operation.attempts);
        if let Role::Client(client) = self.participants[open.caller.0 as usize].role {
            let client = &self.clients[client as usize];
            let (retries, deadline) = (client.retries, client.deadline);
            let text = if attempts <= retries {
                "no answer in time: asks again"
            } else {
                "no answer in time: gives up"
            };
            let (node, cause) = (open.caller, self.operation(open.operation).invoked_event);
            let event = self.record(kind::TIMER_FIRED, (node, None), cause, |_| EventKind::TimerFired {
                node,
                text: text.into(),
            });
            if attempts <= retries {
                return self.attempt(open.operation, None, deadline, event);
            }
            let outcome = self.outcome_without_answer(&open);
            return self.conclude(open, service, outcome, event);
        }
        let node = open.caller;
        let event = self.record(kind::TIMER_FIRED, (node, None), FROM_OUTSIDE, |world| {
            EventKind::TimerFired { node, text: format!("no answer from {} in time", world.name_of(service)) }
        });
        let outcome = self.outcome_without_answer(&open);
        self.conclude(open, service, outcome, event);
    }

    /// Tells a caller how its call ended.
    pub(crate) fn conclude(
        &mut self,
        open: OpenCall,
        service: NodeId,
        outcome: Outcome<Box<dyn Payload>>,
        cause: u64,
    ) {
        let now = self.now;
        let operation = self.operation(open.operation);
        operation.returned = Some(now);
        operation.outcome = Some(outcome.clone());
        let invoked = operation.invoked_event;
        match open.resume {
            Some(resume) => {
                let message = resume.resume(outcome);
                let message = self.population_of(open.caller).admit(message);
                self.run_step(open.caller, cause, |population, member, step| {
                    population.deliver(member, service, message, step);
                });
            }
            None => {
                let client = open.caller;
                self.record(kind::RETURNED, (client, Some(service)), cause, |_| EventKind::Returned {
                    client,
                    operation: EventId(invoked),
                    outcome: kind_of(&outcome),
                    text: describe_outcome(&outcome),
                });
                if let Role::Client(number) = self.participants[client.0 as usize].role
                    && let Some(load) = self.clients[number as usize].load
                {
                    self.goes_on(load, number);
                }
            }
        }
    }
}

fn kind_of<R>(outcome: &Outcome<R>) -> OutcomeKind {
    match outcome {
        Outcome::Ok(_) => OutcomeKind::Ok,
        Outcome::Fail(_) => OutcomeKind::Fail,
        Outcome::Unknown => OutcomeKind::Unknown,
    }
}

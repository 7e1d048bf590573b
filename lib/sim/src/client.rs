//! Clients and their calls: a call returns at once, and its outcome comes as time passes.

use std::fmt;
use std::marker::PhantomData;

use netsplit_node::{Duration, KeyValueRequest, KeyValueResponse, NodeId, Outcome, Service, Time, Value};

use crate::action::{Action, Made};
use crate::cluster::copy_outcome_as;
use crate::error::{LabError, expect, forwards};
use crate::group::Group;
use crate::lab::{Handle, Lab};
use crate::participants::{ClientState, OperationId, OperationState, describe_outcome};

/// Someone who asks one node of a service. Clients are participants of the world: the network between a client and its service
/// delays and loses as any other.
pub struct Client<S> {
    lab: Lab,
    number: u32,
    service: PhantomData<fn() -> S>,
}

impl<S> Clone for Client<S> {
    fn clone(&self) -> Self {
        Client { lab: self.lab.clone(), number: self.number, service: PhantomData }
    }
}

impl<S> Handle for Client<S> {
    fn in_lab(&self, lab: &Lab) -> Self {
        let number = lab.renumbered(&self.lab, self.number, |renumbered| &renumbered.clients);
        Client { lab: lab.clone(), number, service: PhantomData }
    }
}

impl<S> From<&Client<S>> for Group {
    #[track_caller]
    fn from(client: &Client<S>) -> Group {
        client.state().id.into()
    }
}

impl<S> Client<S> {
    /// What of the methods below is the same for all protocols, so that cells need not compile it.
    #[track_caller]
    fn state(&self) -> ClientState {
        let state = self.lab.world().clients.get(self.number as usize).cloned();
        expect(state.ok_or_else(|| LabError::NotHere { what: format!("client {}", self.number + 1) }))
    }

    #[track_caller]
    fn set_patience(&self, deadline: Option<Duration>, retries: u32) {
        self.lab.act(Action::Patience { client: self.number, deadline, retries });
    }
}

impl<S: Service> Client<S> {
    pub(crate) fn new(lab: Lab, number: u32) -> Client<S> {
        Client { lab, number, service: PhantomData }
    }

    /// Gives the client a name, for diagrams and histories.
    #[track_caller]
    pub fn named(self, name: &str) -> Client<S> {
        self.state();
        self.lab.act(Action::Name { client: self.number, name: name.to_owned() });
        self
    }

    /// From now on the client waits so long for an answer and no longer; then the outcome is `Unknown`.
    #[track_caller]
    pub fn with_deadline(self, deadline: Duration) -> Client<S> {
        let deadline = expect(forwards("a deadline", deadline));
        self.set_patience(Some(deadline), self.state().retries);
        self
    }

    /// From now on the client asks so many times again when a deadline has passed. Needs a deadline to have an effect.
    #[track_caller]
    pub fn with_retries(self, retries: u32) -> Client<S> {
        self.set_patience(self.state().deadline, retries);
        self
    }

    /// The client's number in the world.
    #[track_caller]
    pub fn id(&self) -> NodeId {
        self.state().id
    }

    /// Asks. Returns at once; the outcome comes as time passes.
    #[track_caller]
    pub fn call(&self, request: S::Request) -> Call<S> {
        let client = self.id();
        let Made::Call(operation) = self.lab.act(Action::Call { client, request: Box::new(request) }) else {
            unreachable!("a call makes a call")
        };
        Call { lab: self.lab.clone(), operation, service: PhantomData }
    }
}

impl<S: Service<Request = KeyValueRequest, Response = KeyValueResponse>> Client<S> {
    /// Asks a key-value store to store `value` under `key`.
    pub fn put(&self, key: &str, value: impl Into<Value>) -> Call<S> {
        self.call(KeyValueRequest::Put { key: key.to_owned(), value: value.into() })
    }

    /// Asks a key-value store for the value of `key`.
    pub fn get(&self, key: &str) -> Call<S> {
        self.call(KeyValueRequest::Get { key: key.to_owned() })
    }
}

impl<S> fmt::Debug for Client<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client = self.state();
        write!(f, "{}, client of {}", client.name, self.lab.world().name_of(client.service))?;
        match client.deadline {
            Some(deadline) => write!(f, ", waits {deadline}, retries {}", client.retries),
            None => write!(f, ", waits for ever"),
        }
    }
}

/// A call that was made: it shows what its caller knows of it at this moment.
pub struct Call<S> {
    lab: Lab,
    operation: OperationId,
    service: PhantomData<fn() -> S>,
}

impl<S> Clone for Call<S> {
    fn clone(&self) -> Self {
        Call { lab: self.lab.clone(), operation: self.operation, service: PhantomData }
    }
}

impl<S> Handle for Call<S> {
    fn in_lab(&self, lab: &Lab) -> Self {
        let operation = lab.renumbered_operation(&self.lab, self.operation);
        Call { lab: lab.clone(), operation, service: PhantomData }
    }
}

impl<S> Call<S> {
    /// What of the methods below is the same for all protocols, so that cells need not compile it.
    #[track_caller]
    fn state<R>(&self, look: impl FnOnce(&OperationState) -> R) -> R {
        let OperationId { cluster, index } = self.operation;
        let world = self.lab.world();
        let cluster = world.clusters.get(cluster as usize);
        let state = cluster.and_then(|cluster| cluster.operations.get(index as usize)).map(look);
        drop(world);
        expect(state.ok_or_else(|| LabError::NotHere { what: "the call".to_owned() }))
    }
}

impl<S: Service> Call<S> {
    /// How the call ended; nothing while it is pending.
    #[track_caller]
    pub fn outcome(&self) -> Option<Outcome<S::Response>> {
        self.state(|state| state.outcome.as_ref().map(copy_outcome_as))
    }

    /// Whether the caller still waits.
    #[track_caller]
    pub fn is_pending(&self) -> bool {
        self.state(|state| state.outcome.is_none())
    }

    /// When the caller learned the outcome.
    #[track_caller]
    pub fn returned(&self) -> Option<Time> {
        self.state(|state| state.returned)
    }
}

/// `Pending`, or the outcome.
impl<S> fmt::Debug for Call<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = self.state(|state| state.outcome.as_ref().map(describe_outcome));
        f.write_str(outcome.as_deref().unwrap_or("Pending"))
    }
}

//! Clients and their calls: a call returns at once, and its outcome comes as time passes.

use std::fmt;
use std::marker::PhantomData;

use netsplit_node::{Duration, KeyValueRequest, KeyValueResponse, NodeId, Outcome, Service, Time, Value};

use crate::cluster::copy_outcome_as;
use crate::error::{expect, forwards};
use crate::group::Group;
use crate::lab::Lab;
use crate::participants::{OperationId, describe_outcome};

/// Someone who asks one node of a service. Clients are participants of the world: the network between a client and its service
/// delays and loses as any other.
pub struct Client<S> {
    lab: Lab,
    id: NodeId,
    number: u32,
    service: PhantomData<fn() -> S>,
}

impl<S> Clone for Client<S> {
    fn clone(&self) -> Self {
        Client { lab: self.lab.clone(), id: self.id, number: self.number, service: PhantomData }
    }
}

impl<S> From<&Client<S>> for Group {
    fn from(client: &Client<S>) -> Group {
        client.id.into()
    }
}

impl<S: Service> Client<S> {
    pub(crate) fn new(lab: Lab, id: NodeId, number: u32) -> Client<S> {
        Client { lab, id, number, service: PhantomData }
    }

    /// Gives the client a name, for diagrams and histories.
    pub fn named(self, name: &str) -> Client<S> {
        self.lab.world().clients[self.number as usize].name = name.to_owned();
        self
    }

    /// From now on the client waits so long for an answer and no longer; then the outcome is `Unknown`.
    #[track_caller]
    pub fn with_deadline(self, deadline: Duration) -> Client<S> {
        let deadline = expect(forwards("a deadline", deadline));
        self.lab.world().clients[self.number as usize].deadline = Some(deadline);
        self
    }

    /// From now on the client asks so many times again when a deadline has passed. Needs a deadline to have an effect.
    pub fn with_retries(self, retries: u32) -> Client<S> {
        self.lab.world().clients[self.number as usize].retries = retries;
        self
    }

    /// The client's number in the world.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Asks. Returns at once; the outcome comes as time passes.
    pub fn call(&self, request: S::Request) -> Call<S> {
        let operation = self.lab.world().invoke(self.id, Box::new(request));
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
        let world = self.lab.world();
        let client = &world.clients[self.number as usize];
        write!(f, "{}, client of {}", client.name, world.name_of(client.service))?;
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

impl<S: Service> Call<S> {
    /// How the call ended; nothing while it is pending.
    pub fn outcome(&self) -> Option<Outcome<S::Response>> {
        self.lab.world().operation(self.operation).outcome.as_ref().map(copy_outcome_as)
    }

    /// Whether the caller still waits.
    pub fn is_pending(&self) -> bool {
        self.outcome().is_none()
    }

    /// When the caller learned the outcome.
    pub fn returned(&self) -> Option<Time> {
        self.lab.world().operation(self.operation).returned
    }
}

/// `Pending`, or the outcome.
impl<S> fmt::Debug for Call<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.lab.world().operation(self.operation).outcome {
            None => f.write_str("Pending"),
            Some(outcome) => f.write_str(&describe_outcome(outcome)),
        }
    }
}

//! A cluster as a notebook holds it: nodes of one type, in one laboratory.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use netsplit_node::{
    Address, Duration, History, Inspection, Node, NodeId, Operation, Outcome, Payload, Service,
};

use crate::client::Client;
use crate::error::{LabError, expect, forwards};
use crate::group::Group;
use crate::lab::Lab;
use crate::participants::{ClientState, Participant, Role};
use crate::population::Typed;

/// A handle to some nodes of type `N`; members are numbered from 0 within it.
pub struct Cluster<N> {
    lab: Lab,
    number: u32,
    name: String,
    members: Arc<[NodeId]>,
    node: PhantomData<fn() -> N>,
}

impl<N> Clone for Cluster<N> {
    fn clone(&self) -> Self {
        Cluster {
            lab: self.lab.clone(),
            number: self.number,
            name: self.name.clone(),
            members: Arc::clone(&self.members),
            node: PhantomData,
        }
    }
}

impl<N: Node> Cluster<N> {
    pub(crate) fn new(lab: Lab, number: u32, name: String, members: Arc<[NodeId]>) -> Cluster<N> {
        Cluster { lab, number, name, members, node: PhantomData }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many members it has.
    pub fn size(&self) -> usize {
        self.members.len()
    }

    /// The number that member `index` has in the world.
    #[track_caller]
    pub fn id(&self, index: usize) -> NodeId {
        expect(self.member(index))
    }

    /// Some members, as a group for partitions and rules.
    #[track_caller]
    pub fn nodes(&self, indices: impl IntoIterator<Item = usize>) -> Group {
        Group::new(indices.into_iter().map(|index| self.id(index)))
    }

    /// All members.
    pub fn all(&self) -> Group {
        Group::new(self.members.iter().copied())
    }

    /// A copy of the state of member `index`; of a crashed one, the last that it had.
    #[track_caller]
    pub fn node(&self, index: usize) -> N {
        self.id(index);
        let mut world = self.lab.world();
        self.typed(&mut world)
            .node(index)
            .expect("every member was started when its cluster was made")
            .clone()
    }

    /// What pictures show of member `index`.
    #[track_caller]
    pub fn inspect(&self, index: usize) -> Inspection {
        self.node(index).inspect()
    }

    /// Whether member `index` is up.
    #[track_caller]
    pub fn is_up(&self, index: usize) -> bool {
        let id = self.id(index);
        self.lab.world().participants[id.0 as usize].up
    }

    /// Crashes member `index`: its memory, its timers and what its disk had not synced are gone.
    #[track_caller]
    pub fn crash(&self, index: usize) {
        let id = self.id(index);
        let crashed = self.lab.world().crash_from_outside(id);
        expect(crashed);
    }

    /// Crashes member `index` in the middle of what it does next: after `effects` more effects (messages, timers, writes, syncs,
    /// calls, answers, notes), before the one that would follow.
    #[track_caller]
    pub fn crash_after_effects(&self, index: usize, effects: u32) {
        let id = self.id(index);
        let armed = self.lab.world().crash_after_effects(id, effects);
        expect(armed);
    }

    /// Restarts member `index`: made anew by the factory, with the disk that survived.
    #[track_caller]
    pub fn restart(&self, index: usize) {
        let id = self.id(index);
        let restarted = self.lab.world().restart(id);
        expect(restarted);
    }

    /// Pauses member `index`: for `time` it takes no step, then it goes on as if nothing had been, with all that arrived
    /// meanwhile (a garbage collection, a suspended virtual machine, a very slow server).
    #[track_caller]
    pub fn pause(&self, index: usize, time: Duration) {
        let id = self.id(index);
        let time = expect(forwards("a pause", time));
        let mut world = self.lab.world();
        let until = world.now + time;
        let paused = world.pause(id, until);
        drop(world);
        expect(paused);
    }

    /// The content of `file` on the disk of member `index`; nothing if there is no such file.
    #[track_caller]
    pub fn read_disk(&self, index: usize, file: &str) -> Option<Vec<u8>> {
        let id = self.id(index);
        self.lab.world().participants[id.0 as usize].belongings.disk.read(file)
    }

    fn member(&self, index: usize) -> Result<NodeId, LabError> {
        let missing =
            || LabError::NoSuchMember { cluster: self.name.clone(), index, size: self.members.len() };
        self.members.get(index).copied().ok_or_else(missing)
    }

    fn typed<'w>(&self, world: &'w mut crate::world::World) -> &'w mut Typed<N> {
        let population = world.clusters[self.number as usize].population.as_any_mut();
        population.downcast_mut().unwrap_or_else(|| {
            panic!(
                "cluster {:?} was made with an earlier definition of its node; run the cell that makes the cluster again",
                self.name
            )
        })
    }
}

impl<S: Service> Cluster<S> {
    /// The address of member `index`, for nodes of other types that call it ([`Context::call`](netsplit_node::Context::call)).
    #[track_caller]
    pub fn address(&self, index: usize) -> Address<S> {
        let id = self.id(index);
        self.typed(&mut self.lab.world()).become_service();
        Address::new(id)
    }

    /// A new client that asks member `index`. It waits for ever and asks once, until you say otherwise.
    #[track_caller]
    pub fn client_of(&self, index: usize) -> Client<S> {
        let service = self.id(index);
        let mut world = self.lab.world();
        self.typed(&mut world).become_service();
        let number = world.clients.len() as u32;
        let id = NodeId(world.participants.len() as u32);
        let random = world.stream_of(id.0, 0);
        let name = format!("client {}", number + 1);
        world.participants.push(Participant::new(Role::Client(number), random));
        world.clients.push(ClientState { name, service, deadline: None, retries: 0 });
        Client::new(self.lab.clone(), id, number)
    }

    /// Everything that was ever asked of this cluster, by clients and by other nodes.
    pub fn history(&self) -> History<S::Request, S::Response> {
        let world = self.lab.world();
        let operations = world.clusters[self.number as usize].operations.iter();
        let operations = operations
            .map(|operation| Operation {
                call: operation.call,
                caller: operation.caller,
                caller_name: world.name_of(operation.caller),
                request: copy_as(&*operation.request),
                invoked: operation.invoked,
                outcome: operation.outcome.as_ref().map(copy_outcome_as),
                returned: operation.returned,
                served: operation.served.clone(),
            })
            .collect();
        History { service: self.name.clone(), seed: Some(world.seed), operations }
    }
}

impl<N: Node> fmt::Debug for Cluster<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cluster {:?} of {} nodes", self.name, self.size())?;
        for index in 0..self.size() {
            let state = if self.is_up(index) { self.inspect(index).to_string() } else { "down".to_owned() };
            write!(f, "\n  {} {index}: {state}", self.name)?;
        }
        Ok(())
    }
}

/// The numbers of a cluster's members.
pub(crate) fn members(first: NodeId, size: usize) -> Arc<[NodeId]> {
    let numbers: Range<u32> = first.0..first.0 + size as u32;
    numbers.map(NodeId).collect()
}

/// A payload as the type that it is known to have.
pub(crate) fn copy_as<T: Clone + 'static>(payload: &dyn Payload) -> T {
    payload.as_any().downcast_ref::<T>().expect("a service's payloads have its own types").clone()
}

pub(crate) fn copy_outcome_as<T: Clone + 'static>(outcome: &Outcome<Box<dyn Payload>>) -> Outcome<T> {
    match outcome {
        Outcome::Ok(response) => Outcome::Ok(copy_as(&**response)),
        Outcome::Fail(reason) => Outcome::Fail(reason.clone()),
        Outcome::Unknown => Outcome::Unknown,
    }
}

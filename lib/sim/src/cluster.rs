//! A cluster as a notebook holds it: nodes of one type, in one laboratory.

use std::fmt;
use std::marker::PhantomData;

use netsplit_node::{
    Address, Duration, History, Inspection, Node, NodeId, Operation, Outcome, Payload, Random, Service,
};
use netsplit_view::ClusterView;

use crate::action::{Action, Made};
use crate::client::Client;
use crate::dns::NameChange;
use crate::error::{LabError, expect, forwards};
use crate::fault::Fault;
use crate::group::Group;
use crate::lab::{Handle, Lab};
use crate::name::Name;
use crate::network::Latency;
use crate::participants::{ClusterState, Role};
use crate::population::{Factory, Mutator, Population, Roster, Typed, of_payloads};
use crate::shared::{Change, Shared};
use crate::workload::{RunningWorkload, Workload, boxed};

/// A handle to some nodes of type `N`; members are numbered from 0 within it, and keep their number when others leave.
pub struct Cluster<N> {
    lab: Lab,
    number: u32,
    name: String,
    node: PhantomData<fn() -> N>,
}

impl<N> Clone for Cluster<N> {
    fn clone(&self) -> Self {
        let (number, name) = (self.number, self.name.clone());
        Cluster { lab: self.lab.clone(), number, name, node: PhantomData }
    }
}

impl<N> Handle for Cluster<N> {
    fn in_lab(&self, lab: &Lab) -> Self {
        let (number, name) = (self.number, self.name.clone());
        Cluster { lab: lab.clone(), number, name, node: PhantomData }
    }
}

impl<N> Cluster<N> {
    /// What of the methods below is the same for all protocols, so that cells need not compile it.
    #[track_caller]
    pub(crate) fn state<R>(&self, look: impl FnOnce(&mut ClusterState) -> R) -> R {
        let mut world = self.lab.world();
        let found = world.clusters.get_mut(self.number as usize).map(look);
        drop(world);
        expect(found.ok_or_else(|| LabError::NotHere { what: format!("cluster {:?}", self.name) }))
    }

    #[track_caller]
    fn roster(&self) -> Vec<NodeId> {
        self.state(|state| state.members.clone())
    }

    /// "down", and its panic if that was what happened last.
    fn why_down(&self, index: usize) -> String {
        let id = self.id_of(index);
        let world = self.lab.world();
        let panic = world.panics.iter().rev().find(|panic| panic.node == id);
        match panic.filter(|panic| world.participants[id.0 as usize].went_down == panic.time) {
            Some(panic) => format!("down, it panicked: {}", panic.text),
            None => "down".to_owned(),
        }
    }

    #[track_caller]
    fn id_of(&self, index: usize) -> NodeId {
        let roster = self.roster();
        let missing = || LabError::NoSuchMember { cluster: self.name.clone(), index, size: roster.len() };
        expect(roster.get(index).copied().ok_or_else(missing))
    }
}

impl<N: Node> Cluster<N> {
    pub(crate) fn new(lab: Lab, number: u32, name: String) -> Cluster<N> {
        Cluster { lab, number, name, node: PhantomData }
    }

    /// Its number in its laboratory.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    pub(crate) fn lab(&self) -> &Lab {
        &self.lab
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many members it has had, those that have left included: indices go up to here.
    #[track_caller]
    pub fn size(&self) -> usize {
        self.roster().len()
    }

    /// The number that member `index` has in the world.
    #[track_caller]
    pub fn id(&self, index: usize) -> NodeId {
        self.id_of(index)
    }

    /// Some members, as a group for partitions and rules.
    #[track_caller]
    pub fn nodes(&self, indices: impl IntoIterator<Item = usize>) -> Group {
        Group::new(indices.into_iter().map(|index| self.id(index)))
    }

    /// All members that have not left.
    #[track_caller]
    pub fn all(&self) -> Group {
        let roster = self.roster();
        let world = self.lab.world();
        Group::new(roster.into_iter().filter(|id| !world.participants[id.0 as usize].left))
    }

    /// A copy of the state of member `index`; of a crashed one, the last that it had.
    #[track_caller]
    pub fn node(&self, index: usize) -> N {
        let id = self.id(index);
        let mut world = self.lab.world();
        let Role::Member { member, .. } = world.participants[id.0 as usize].role else {
            unreachable!("a cluster's members are nodes")
        };
        self.typed(&mut world)
            .node(member as usize)
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
        self.inject(self.up(index), |nodes| Fault::Crash { nodes });
    }

    /// Crashes member `index` in the middle of what it does next: after `effects` more effects (messages, timers, writes, syncs,
    /// calls, answers, notes), before the one that would follow.
    #[track_caller]
    pub fn crash_after_effects(&self, index: usize, effects: u32) {
        let node = self.up(index);
        self.inject(node, |_| Fault::CrashAfterEffects { node, effects });
    }

    /// Cuts the power of member `index` while its disk writes: of what it had not synced, the first `bytes` bytes are there.
    #[track_caller]
    pub fn crash_at_byte(&self, index: usize, bytes: u64) {
        let node = self.up(index);
        self.inject(node, |_| Fault::CrashAtByte { node, bytes });
    }

    /// Restarts member `index`: made anew by the factory, with the disk that survived.
    #[track_caller]
    pub fn restart(&self, index: usize) {
        let id = self.id(index);
        let (up, left, name) = {
            let world = self.lab.world();
            let participant = &world.participants[id.0 as usize];
            (participant.up, participant.left, world.name_of(id))
        };
        if left {
            expect::<()>(Err(LabError::HasLeft { name }));
        } else if up {
            expect::<()>(Err(LabError::NotCrashed { name }));
        } else {
            self.inject(id, |nodes| Fault::Restart { nodes });
        }
    }

    /// Pauses member `index`: for `time` it takes no step, then it goes on as if nothing had been, with all that arrived
    /// meanwhile (a garbage collection, a suspended virtual machine, a very slow server).
    #[track_caller]
    pub fn pause(&self, index: usize, time: Duration) {
        self.inject(self.up(index), |nodes| Fault::Pause { nodes, time });
    }

    /// From now on everything takes member `index` so many times as long ([`Fault::Slow`]); 1 is as before.
    #[track_caller]
    pub fn slow(&self, index: usize, factor: u32) {
        self.inject(self.id(index), |nodes| Fault::Slow { nodes, factor });
    }

    /// From now on each step takes member `index` this long: what it asks for happens afterwards, and what arrives meanwhile waits.
    #[track_caller]
    pub fn set_service_time(&self, index: usize, time: Latency) {
        self.inject(self.id(index), |nodes| Fault::ServiceTime { nodes, time });
    }

    #[track_caller]
    fn inject(&self, node: NodeId, fault: impl FnOnce(Group) -> Fault) {
        self.lab.act(Action::Inject(fault(node.into())));
    }

    /// The number of member `index`, which is up.
    #[track_caller]
    fn up(&self, index: usize) -> NodeId {
        let id = self.id(index);
        let is_up = self.lab.world().check_up(id);
        expect(is_up);
        id
    }

    /// Adds a member, made by the cluster's factory, and starts it now. All see it as a peer at once; a protocol that wants its members
    /// to agree on who they are tells them by messages. Returns its index.
    #[track_caller]
    pub fn join(&self) -> usize {
        self.size();
        self.lab.act(Action::Join { cluster: self.number });
        self.size() - 1
    }

    /// Member `index` goes for good. It keeps its index, and the others no longer see it as a peer.
    #[track_caller]
    pub fn leave(&self, index: usize) {
        self.lab.act(Action::Leave { node: self.id(index) });
    }

    /// Stops member `index` and starts it with another version of its code, which it keeps when it restarts; its disk stays.
    ///
    /// Versions of one protocol are values of one type (a field that says which, or an enum), since they understand each other's messages.
    #[track_caller]
    pub fn upgrade(&self, index: usize, factory: impl Fn(NodeId) -> N + Send + 'static) {
        let node = self.id(index);
        let version = self.add_version(factory);
        self.lab.act(Action::Upgrade { node, version });
    }

    /// Upgrades one member after the other, the first now and the next every `every`.
    ///
    /// # Panics
    /// If `every` is negative.
    #[track_caller]
    pub fn rolling_upgrade(&self, every: Duration, factory: impl Fn(NodeId) -> N + Send + 'static) {
        let every = expect(forwards("the time between two upgrades", every));
        let version = self.add_version(factory);
        self.lab.act(Action::RollingUpgrade { cluster: self.number, version, every });
    }

    /// Adds a version of the members' code that nobody runs yet, and returns its number; what the cluster was made with is version 0.
    /// [`Fault::VersionSkew`] lets members run it: another protocol version, or the same with another configuration.
    #[track_caller]
    pub fn add_version(&self, factory: impl Fn(NodeId) -> N + Send + 'static) -> u32 {
        let factory: Factory<N> = Box::new(factory);
        let factory = Shared::new(Box::new(factory));
        self.change("a new version of its code", move |population| {
            if let Some(typed) = population.as_any_mut().downcast_mut::<Typed<N>>() {
                typed.roster.add_version(factory.clone());
            }
        });
        self.typed(&mut self.lab.world()).roster.versions() - 1
    }

    /// How messages of this cluster are changed when they are corrupted on the way ([`Lab::corrupt`]) or forged by a byzantine
    /// member ([`Behaviour::Forging`](crate::Behaviour::Forging)). Requests and answers have mutators of their own.
    #[track_caller]
    pub fn set_mutator(&self, mutator: impl FnMut(&mut N::Message, &mut Random) + Send + 'static) {
        let mutator: Mutator<N> = Box::new(mutator);
        let mutator = Shared::new(Box::new(mutator));
        self.change("a mutator", move |population| {
            if let Some(typed) = population.as_any_mut().downcast_mut::<Typed<N>>() {
                typed.roster.set_mutator(mutator.clone());
            }
        });
    }

    #[track_caller]
    fn change(&self, what: &str, change: impl FnMut(&mut dyn Population) + Send + 'static) {
        self.size();
        self.lab.act(Action::Change { cluster: self.number, change: Change::new(what, change) });
    }

    /// The content of `file` on the disk of member `index`; nothing if there is no such file.
    #[track_caller]
    pub fn read_disk(&self, index: usize, file: &str) -> Option<Vec<u8>> {
        let id = self.id(index);
        self.lab.world().participants[id.0 as usize].belongings.disk.read(file)
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
        self.become_service();
        Address::new(id)
    }

    /// From now on requests reach the members' code.
    #[track_caller]
    pub(crate) fn become_service(&self) {
        if !self.typed(&mut self.lab.world()).is_service() {
            self.size();
            let change = Change::new("a service from now on", |population| {
                if let Some(typed) = population.as_any_mut().downcast_mut::<Typed<S>>() {
                    typed.become_service();
                }
            });
            self.lab.act(Action::Change { cluster: self.number, change: change.relied_on() });
        }
    }

    /// How requests to this service are changed when they are corrupted on the way ([`Lab::corrupt`]) or forged by a byzantine node
    /// that asks.
    #[track_caller]
    pub fn set_request_mutator(&self, mutator: impl FnMut(&mut S::Request, &mut Random) + Send + 'static) {
        self.set_call_mutator("a mutator of requests", of_payloads(mutator), |roster| {
            &mut roster.request_mutator
        });
    }

    /// How answers of this service are changed when they are corrupted on the way or forged by a byzantine member that answers.
    #[track_caller]
    pub fn set_response_mutator(&self, mutator: impl FnMut(&mut S::Response, &mut Random) + Send + 'static) {
        self.set_call_mutator("a mutator of answers", of_payloads(mutator), |roster| {
            &mut roster.response_mutator
        });
    }

    #[track_caller]
    fn set_call_mutator(&self, what: &str, mutator: Shared, place: fn(&mut Roster) -> &mut Option<Shared>) {
        self.change(what, move |population| {
            if let Some(typed) = population.as_any_mut().downcast_mut::<Typed<S>>() {
                *place(&mut typed.roster) = Some(mutator.clone());
            }
        });
    }

    /// A name for these members, which may change: who calls by it looks it up, and believes the answer for `time_to_live`. See [`Name`].
    ///
    /// # Panics
    /// If there are no members, if the name is taken, or if it has blanks.
    #[track_caller]
    pub fn dns(
        &self,
        name: &str,
        indices: impl IntoIterator<Item = usize>,
        time_to_live: Duration,
    ) -> Name<S> {
        let nodes = self.nodes(indices);
        self.become_service();
        let made = NameChange::Made { name: name.to_owned(), cluster: self.number, nodes, time_to_live };
        let Made::Name(number) = self.lab.act(Action::Dns(made)) else { unreachable!("a name makes a name") };
        Name::new(self.lab.clone(), number)
    }

    /// A new client that asks member `index`. It waits for ever and asks once, until you say otherwise.
    #[track_caller]
    pub fn client_of(&self, index: usize) -> Client<S> {
        let service = self.id(index);
        self.become_service();
        let Made::Client(number) = self.lab.act(Action::Client { service }) else {
            unreachable!("a client makes a client")
        };
        Client::new(self.lab.clone(), number)
    }

    /// Lets clients ask the members in turn, as `workload` says; `requests` makes each request, from random numbers and from how many
    /// there were before it.
    #[track_caller]
    pub fn load(
        &self,
        workload: Workload,
        requests: impl FnMut(&mut Random, u64) -> S::Request + Send + 'static,
    ) -> RunningWorkload {
        self.become_service();
        let services = self.all().ids().to_vec();
        RunningWorkload::begin(&self.lab, workload, services, boxed(requests))
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
        History {
            service: self.name.clone(),
            seed: Some(world.seed),
            operations,
            disturbances: world.disturbances.all(),
        }
    }
}

impl<N: Node> Cluster<N> {
    /// The cluster's nodes at this moment: the network among them and what is under way, their states side by side, their disks and clocks.
    pub fn view(&self) -> ClusterView {
        let view = self.lab.cluster_view();
        view.only(self.roster())
    }
}

impl<N: Node> fmt::Debug for Cluster<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.size();
        write!(f, "cluster {:?} of {size} {}", self.name, if size == 1 { "node" } else { "nodes" })?;
        for index in 0..size {
            let state =
                if self.is_up(index) { self.inspect(index).to_string() } else { self.why_down(index) };
            write!(f, "\n  {} {index}: {state}", self.name)?;
        }
        Ok(())
    }
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

//! A cluster's nodes as the core sees them.
//!
//! The core of the simulator is not generic over the protocol: a generic one would be compiled again in every notebook cell,
//! slowly and without optimisation. It sees a cluster through [`Population`], where messages and timers are numbers and node
//! code is behind one virtual call; [`Typed`] is the thin generic shell on the other side.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use netsplit_node::{
    CallId, Context, Fifo, Inspection, Node, NodeId, Payload, Random, Service, Slab, Slot, Step,
};

use crate::shared::Shared;

/// The nodes of one cluster. `member` is a node's index in it.
pub trait Population: Send {
    /// Makes the member anew from the factory and starts it.
    fn start(&mut self, member: usize, step: &mut Step);
    /// Hands a message to the member; its slot is free afterwards.
    fn deliver(&mut self, member: usize, from: NodeId, message: Slot, step: &mut Step);
    /// Wakes the member with a timer; its slot is free afterwards.
    fn fire(&mut self, member: usize, timer: Slot, step: &mut Step);
    /// Hands a request to the member.
    fn request(&mut self, member: usize, call: CallId, request: Box<dyn Payload>, step: &mut Step);
    /// Keeps a message that was made elsewhere: a box of the protocol's message type.
    fn admit(&mut self, message: Box<dyn Any + Send>) -> Slot;
    /// Keeps another copy of a message.
    fn copy(&mut self, message: Slot) -> Slot;
    /// Forgets a message that nobody will receive.
    fn release(&mut self, message: Slot);
    /// Keeps a copy of a message for the trace, apart from those that are under way: copies come and go in one order, and so lie one
    /// after the other in memory.
    fn keep_copy(&mut self, message: Slot) -> Slot;
    /// Forgets the oldest copy that was kept for the trace.
    fn forget_copy(&mut self);
    /// A message's size on the wire in bytes.
    fn size(&self, message: Slot) -> usize;
    /// The Debug form of a message of which a copy was kept for the trace.
    fn describe_copy(&self, copy: Slot) -> String;
    /// Forgets a timer.
    fn release_timer(&mut self, timer: Slot);
    /// A timer's Debug form.
    fn describe_timer(&self, timer: Slot) -> String;
    /// Whether two timers are equal.
    fn same_timer(&self, one: Slot, other: Slot) -> bool;
    /// The name of the nodes' type.
    fn node_type(&self) -> &'static str;
    /// What pictures show of the member.
    fn inspect(&self, member: usize) -> Inspection;
    /// A copy of all of it: nodes, messages and timers, with the same code.
    fn snapshot(&self) -> Box<dyn Population>;
    /// The same nodes for these members, none of them started.
    fn for_members(&self, members: Arc<[NodeId]>) -> Box<dyn Population>;
    /// Makes room for one more member, which is not started yet. Returns its place.
    fn join(&mut self, node: NodeId) -> usize;
    /// Changes a message, by the mutator that the cluster was given, if it was.
    fn mutate(&mut self, message: Slot, random: &mut Random) -> bool;
    /// Changes a request, by the mutator of requests that the service was given, if it was.
    fn mutate_request(&mut self, request: &mut Box<dyn Payload>, random: &mut Random) -> bool;
    /// Changes an answer, by the mutator of answers that the service was given, if it was.
    fn mutate_response(&mut self, response: &mut Box<dyn Payload>, random: &mut Random) -> bool;
    /// Who sees whom as a peer from now on.
    fn set_peers(&mut self, members: Arc<[NodeId]>);
    /// From its next start on, the member runs this version of the code; 0 is what the cluster was made with.
    fn set_version(&mut self, member: usize, version: u32);
    /// How many versions of the code there are.
    fn versions(&self) -> u32;
    /// The version that the member runs, or will run when it next starts.
    fn version_of(&self, member: usize) -> u32;
    /// This population with its type, for the typed handle that made it.
    fn as_any(&self) -> &dyn Any;
    /// The same, to change it.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

/// How a service is handed a request: known only where the node is known to be a service.
type Serve<N> = fn(&mut N, CallId, Box<dyn Payload>, &mut Context<N>);

impl Clone for Box<dyn Population> {
    fn clone(&self) -> Self {
        (**self).snapshot()
    }
}

/// How a member is made, by its number.
pub(crate) type Factory<N> = Box<dyn Fn(NodeId) -> N + Send>;

/// How a message is changed by corruption or a forger.
pub(crate) type Mutator<N> = Box<dyn FnMut(&mut <N as Node>::Message, &mut Random) + Send>;

/// How a request or an answer is changed; it knows the type behind the box.
pub(crate) type CallMutator = Box<dyn FnMut(&mut Box<dyn Payload>, &mut Random) + Send>;

/// A mutator of values as one of the boxes in which they travel.
pub(crate) fn of_payloads<T: Clone + Debug + Send + 'static>(
    mut mutator: impl FnMut(&mut T, &mut Random) + Send + 'static,
) -> Shared {
    let mutator: CallMutator = Box::new(move |payload, random| {
        let taken = std::mem::replace(payload, Box::new(()));
        let mut value: Box<T> = taken.into_any().downcast().expect("a service's payloads have its own types");
        mutator(&mut value, random);
        *payload = value;
    });
    Shared::new(Box::new(mutator))
}

/// What of a population does not depend on its type, so that cells need not compile it.
#[derive(Clone)]
pub(crate) struct Roster {
    /// The versions of the code, each a [`Factory`].
    versions: Vec<Shared>,
    /// The version that each member runs.
    version_of: Vec<u32>,
    /// The number of each member, those that have left included.
    ids: Vec<NodeId>,
    /// Those that are there: what each sees as itself and its peers.
    members: Arc<[NodeId]>,
    /// A [`Mutator`], if the cluster was given one.
    mutator: Option<Shared>,
    /// A [`CallMutator`] of requests, and one of answers.
    pub(crate) request_mutator: Option<Shared>,
    pub(crate) response_mutator: Option<Shared>,
}

impl Roster {
    fn new(members: Arc<[NodeId]>, factory: Shared) -> Roster {
        let (ids, version_of) = (members.to_vec(), vec![0; members.len()]);
        Roster {
            versions: vec![factory],
            version_of,
            ids,
            members,
            mutator: None,
            request_mutator: None,
            response_mutator: None,
        }
    }

    fn join(&mut self, node: NodeId) {
        self.ids.push(node);
        self.version_of.push(0);
    }

    /// The code that a member runs, and the member's number.
    fn code_of(&self, member: usize) -> (&Shared, NodeId) {
        (&self.versions[self.version_of[member] as usize], self.ids[member])
    }

    fn set_version(&mut self, member: usize, version: u32) {
        self.version_of[member] = version;
    }

    pub(crate) fn set_mutator(&mut self, mutator: Shared) {
        self.mutator = Some(mutator);
    }

    /// Changes a payload by a [`CallMutator`]. Returns whether there is one.
    fn change(mutator: &Option<Shared>, payload: &mut Box<dyn Payload>, random: &mut Random) -> bool {
        let Some(mutator) = mutator else { return false };
        mutator.with(&mut |mutator| {
            if let Some(mutator) = mutator.downcast_mut::<CallMutator>() {
                mutator(payload, random);
            }
        });
        true
    }

    /// Adds a version of the code, for [`Population::set_version`].
    pub(crate) fn add_version(&mut self, version: Shared) {
        self.versions.push(version);
    }

    /// How many versions of the code there are.
    pub(crate) fn versions(&self) -> u32 {
        self.versions.len() as u32
    }
}

/// Nodes of one type.
pub(crate) struct Typed<N: Node> {
    pub(crate) roster: Roster,
    /// One per member that was ever started. A crashed node's last state stays to be looked at.
    nodes: Vec<Option<N>>,
    messages: Slab<N::Message>,
    /// Copies for the trace.
    copies: Fifo<N::Message>,
    timers: Slab<N::Timer>,
    serve: Option<Serve<N>>,
}

impl<N: Node> Typed<N> {
    pub(crate) fn new(members: Arc<[NodeId]>, factory: Factory<N>) -> Typed<N> {
        let mut nodes = Vec::new();
        nodes.resize_with(members.len(), || None);
        let roster = Roster::new(members, Shared::new(Box::new(factory)));
        Typed { roster, nodes, messages: Slab::new(), copies: Fifo::new(), timers: Slab::new(), serve: None }
    }

    pub(crate) fn is_service(&self) -> bool {
        self.serve.is_some()
    }

    /// A look at a member's state; nothing before it was first started.
    pub(crate) fn node(&self, member: usize) -> Option<&N> {
        self.nodes[member].as_ref()
    }

    /// The member and what its context is made of.
    fn parts<'a>(&'a mut self, member: usize, step: &'a mut Step) -> (&'a mut N, Context<'a, N>) {
        let node = self.nodes[member].as_mut().expect("a node is started before anything reaches it");
        (node, Context::new(step, &self.roster.members, &mut self.messages, &mut self.timers))
    }
}

impl<N: Service> Typed<N> {
    /// From now on these nodes can be called.
    pub(crate) fn become_service(&mut self) {
        self.serve = Some(|node, call, request, ctx| {
            let request = request.into_any().downcast().expect("callers know the service's request type");
            node.on_request(call, *request, ctx);
        });
    }
}

impl<N: Node> Population for Typed<N> {
    fn start(&mut self, member: usize, step: &mut Step) {
        let (code, id) = self.roster.code_of(member);
        let made = &mut self.nodes[member];
        code.with(&mut |code| *made = code.downcast_ref::<Factory<N>>().map(|factory| factory(id)));
        let (node, mut ctx) = self.parts(member, step);
        node.on_start(&mut ctx);
    }

    fn deliver(&mut self, member: usize, from: NodeId, message: Slot, step: &mut Step) {
        let message = self.messages.take(message);
        let (node, mut ctx) = self.parts(member, step);
        node.on_message(from, message, &mut ctx);
    }

    fn fire(&mut self, member: usize, timer: Slot, step: &mut Step) {
        let timer = self.timers.take(timer);
        let (node, mut ctx) = self.parts(member, step);
        node.on_timer(timer, &mut ctx);
    }

    fn request(&mut self, member: usize, call: CallId, request: Box<dyn Payload>, step: &mut Step) {
        let serve = self.serve.expect("a cluster becomes a service before it is called");
        let (node, mut ctx) = self.parts(member, step);
        serve(node, call, request, &mut ctx);
    }

    fn admit(&mut self, message: Box<dyn Any + Send>) -> Slot {
        let message = message.downcast().expect("a call comes back as a message of the node that made it");
        self.messages.insert(*message)
    }

    fn copy(&mut self, message: Slot) -> Slot {
        let copy = self.messages.get(message).clone();
        self.messages.insert(copy)
    }

    fn release(&mut self, message: Slot) {
        self.messages.remove(message);
    }

    fn size(&self, message: Slot) -> usize {
        N::message_size(self.messages.get(message))
    }

    fn keep_copy(&mut self, message: Slot) -> Slot {
        self.copies.push(self.messages.get(message).clone())
    }

    fn forget_copy(&mut self) {
        self.copies.forget_oldest();
    }

    fn describe_copy(&self, copy: Slot) -> String {
        format!("{:?}", self.copies.get(copy))
    }

    fn release_timer(&mut self, timer: Slot) {
        self.timers.remove(timer);
    }

    fn describe_timer(&self, timer: Slot) -> String {
        format!("{:?}", self.timers.get(timer))
    }

    fn same_timer(&self, one: Slot, other: Slot) -> bool {
        self.timers.get(one) == self.timers.get(other)
    }

    fn node_type(&self) -> &'static str {
        std::any::type_name::<N>()
    }

    fn inspect(&self, member: usize) -> Inspection {
        self.nodes[member].as_ref().map(Node::inspect).unwrap_or_default()
    }

    fn snapshot(&self) -> Box<dyn Population> {
        Box::new(Typed {
            roster: self.roster.clone(),
            nodes: netsplit_node::copy_of(&self.nodes),
            messages: self.messages.clone(),
            copies: self.copies.clone(),
            timers: self.timers.clone(),
            serve: self.serve,
        })
    }

    fn for_members(&self, members: Arc<[NodeId]>) -> Box<dyn Population> {
        let mut nodes = Vec::new();
        nodes.resize_with(members.len(), || None);
        let (ids, version_of) = (members.to_vec(), vec![0; members.len()]);
        let roster = Roster { ids, version_of, members, ..self.roster.clone() };
        let (copies, serve) = (Fifo::new(), self.serve);
        Box::new(Typed { roster, nodes, messages: Slab::new(), copies, timers: Slab::new(), serve })
    }

    fn join(&mut self, node: NodeId) -> usize {
        self.roster.join(node);
        self.nodes.push(None);
        self.nodes.len() - 1
    }

    fn mutate(&mut self, message: Slot, random: &mut Random) -> bool {
        let Some(mutator) = &self.roster.mutator else { return false };
        let changed = self.messages.get_mut(message);
        mutator.with(&mut |mutator| {
            if let Some(mutator) = mutator.downcast_mut::<Mutator<N>>() {
                mutator(changed, random);
            }
        });
        true
    }

    fn mutate_request(&mut self, request: &mut Box<dyn Payload>, random: &mut Random) -> bool {
        Roster::change(&self.roster.request_mutator, request, random)
    }

    fn mutate_response(&mut self, response: &mut Box<dyn Payload>, random: &mut Random) -> bool {
        Roster::change(&self.roster.response_mutator, response, random)
    }

    fn set_peers(&mut self, members: Arc<[NodeId]>) {
        self.roster.members = members;
    }

    fn set_version(&mut self, member: usize, version: u32) {
        self.roster.set_version(member, version);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn versions(&self) -> u32 {
        self.roster.versions()
    }

    fn version_of(&self, member: usize) -> u32 {
        self.roster.version_of[member]
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

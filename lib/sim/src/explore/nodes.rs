//! A small cluster of nodes as a model: the same code that a laboratory runs.

use std::any::Any;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use netsplit_check::spec::Specification;
use netsplit_node::{
    CallId, Context, History, Invariant, Member, Node, NodeId, Operation, Outcome, Service, Time,
};

use super::arena::{Arena, Interned, Memo};
use super::fingerprint::{fingerprint, mix};
use super::history;
use super::network::Network;
use super::participant::{Asked, Calls, Cast, Content, Effects, Envelope};
use super::world::{Layout, Limit, MOST, World};
use crate::cluster::Cluster;

/// A few nodes of one type, their clients, and what may go wrong between them.
///
/// A step is a message, request or answer that arrives, a timer that fires, or a fault; each handler runs in one go. Timers fire in any order at any time, as
/// long as they are set; unless clocks move, every clock shows zero. A node that draws random numbers goes every way that they allow. Writes that
/// were synced outlive a crash, after which a node begins again at once.
///
/// ```
/// use netsplit_node::{Context, Node, NodeId};
/// use netsplit_sim::explore::{Nodes, explore};
///
/// #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
/// struct Greeter { heard: u32 }
/// impl Node for Greeter {
///     type Message = ();
///     type Timer = ();
///     fn on_start(&mut self, ctx: &mut Context<Self>) { ctx.broadcast(()) }
///     fn on_message(&mut self, _from: NodeId, (): (), _ctx: &mut Context<Self>) { self.heard += 1 }
/// }
/// let found = explore(Nodes::new(3, |_id| Greeter::default()))
///     .sometimes("all have heard all", |nodes, world| nodes.members(world).iter().all(|member| member.state.heard == 2))
///     .run();
/// assert!(found.holds());
/// assert_eq!(found.states, 1 << (3 * 2)); // each of six messages has arrived or not
/// ```
pub struct Nodes<N: Node> {
    pub(super) cast: Cast<N>,
    pub(super) network: Network,
    pub(super) limits: [u32; 5],
    pub(super) layout: Layout,
    /// The operations of each client, in their order.
    pub(super) scripts: Vec<Vec<u32>>,
    pub(super) invariants: Vec<Box<dyn Remembers<N>>>,
    pub(super) memories: Interned<Memory<N>>,
    pub(super) steps: Memo,
    pub(super) cuts: Memo,
    pub(super) remembered: Memo,
    pub(super) verdicts: Memo,
    /// What steps come to, by number, with the numbers of their alternatives.
    pub(super) effects: Arena<Effects>,
    pub(super) outcomes: Arena<Vec<u32>>,
    pub(super) delivers: Choice<N::Message>,
    pub(super) fires: Choice<N::Timer>,
}

/// Which of several may happen.
type Choice<T> = Box<dyn Fn(&T) -> bool + Send + Sync>;

/// Something that happens to explored nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happening {
    pub(super) what: What,
    /// Which of the ways that it can go, as a number of effects.
    pub(super) effects: u32,
}

/// A happening without what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// What is under way at this place arrives.
    Arrives {
        envelope: u32,
    },
    Lost {
        envelope: u32,
    },
    Doubled {
        envelope: u32,
    },
    Fires {
        node: u32,
        timer: u32,
        place: u32,
    },
    Crashes {
        node: u32,
    },
    /// The power is cut while the node handles this.
    CutDuring {
        node: u32,
        event: u32,
    },
    Stops {
        node: u32,
    },
}

/// To fairness it is the same happening whatever comes of it in the state in which it happens.
impl Hash for Happening {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Happening { what, effects: _ } = self;
        match what {
            // The place among the timers differs from state to state.
            What::Fires { node, timer, place: _ } => (3_u8, node, timer).hash(state),
            what => what.hash(state),
        }
    }
}

/// What an invariant remembers of the states before: part of the state.
pub(super) struct Memory<N> {
    pub(super) invariant: Box<dyn Remembers<N>>,
    pub(super) wrong: Option<String>,
}

/// An invariant whose memory has a fingerprint.
pub(super) trait Remembers<N>: Send + Sync {
    fn look(&self, members: &[Member<'_, N>]) -> Memory<N>;
    fn print(&self) -> u64;
    fn copy(&self) -> Box<dyn Remembers<N>>;
    /// Requires it of a cluster in a laboratory.
    fn require(&self, cluster: &Cluster<N>);
}

impl<N: Node, I: Invariant<N> + Hash + Sync> Remembers<N> for I {
    fn require(&self, cluster: &Cluster<N>) {
        cluster.require(self.clone());
    }
    fn look(&self, members: &[Member<'_, N>]) -> Memory<N> {
        let mut next = self.clone();
        let wrong = next.check(members).err();
        Memory { invariant: Box::new(next), wrong }
    }
    fn print(&self) -> u64 {
        fingerprint(self)
    }
    fn copy(&self) -> Box<dyn Remembers<N>> {
        Box::new(self.clone())
    }
}

impl<N> Nodes<N>
where
    N: Node + Sync + Eq + Hash,
    N::Message: Sync + Eq + Hash,
    N::Timer: Sync + Eq + Hash,
{
    /// So many nodes, numbered from 0, each made by `factory`: at the beginning, and again after a crash.
    pub fn new(size: usize, factory: impl Fn(NodeId) -> N + Send + Sync + 'static) -> Nodes<N> {
        Nodes {
            cast: Cast::new(size, Arc::new(factory)),
            network: Network::Unordered,
            limits: [0, 0, 0, 0, MOST + 1],
            layout: Layout { nodes: size, ..Layout::default() },
            scripts: Vec::new(),
            invariants: Vec::new(),
            memories: Interned::new(),
            steps: Memo::new(),
            cuts: Memo::new(),
            remembered: Memo::new(),
            verdicts: Memo::new(),
            effects: Arena::new(),
            outcomes: Arena::new(),
            delivers: Box::new(|_| true),
            fires: Box::new(|_| true),
        }
    }

    /// What the network does with messages, instead of [`Network::Unordered`].
    pub fn network(mut self, network: Network) -> Nodes<N> {
        self.network = network;
        self
    }

    /// The network may lose so many messages, at most 255.
    pub fn losses(self, most: u32) -> Nodes<N> {
        self.limit(Limit::Losses, most)
    }

    /// The network may deliver so many messages twice.
    pub fn doubles(self, most: u32) -> Nodes<N> {
        self.limit(Limit::Doubles, most)
    }

    /// So many crashes, between two steps or in the midst of one, between two of its effects. The node begins again at once, with what it had synced.
    pub fn crashes(self, most: u32) -> Nodes<N> {
        self.limit(Limit::Crashes, most)
    }

    /// So many nodes may stop for good.
    pub fn stops(self, most: u32) -> Nodes<N> {
        self.limit(Limit::Stops, most)
    }

    /// At most so many timers fire in a run, instead of any number: what sets itself again under a higher number would never end.
    pub fn timers(self, most: u32) -> Nodes<N> {
        self.limit(Limit::Timers, most)
    }

    /// A node's clock shows when the latest of its timers was due that has fired, instead of nothing: more states, for nodes that look at it.
    pub fn clocks_move(mut self) -> Nodes<N> {
        self.cast.clocks_move = true;
        self
    }

    /// Only these messages arrive; others stay under way, where properties see them.
    pub fn delivers(mut self, which: impl Fn(&N::Message) -> bool + Send + Sync + 'static) -> Nodes<N> {
        self.delivers = Box::new(which);
        self
    }

    /// Only these timers fire.
    pub fn fires(mut self, which: impl Fn(&N::Timer) -> bool + Send + Sync + 'static) -> Nodes<N> {
        self.fires = Box::new(which);
        self
    }

    /// The nodes' states in `world`, in the order of their numbers.
    pub fn members<'a>(&'a self, world: &World) -> Vec<Member<'a, N>> {
        self.members_of(&world.words)
    }

    pub(super) fn members_of(&self, words: &[u32]) -> Vec<Member<'_, N>> {
        let member = |index: usize| {
            let participant = self.cast.participants.get(words[index]);
            Member { index, id: NodeId(index as u32), up: !participant.is_down, state: &participant.node }
        };
        (0..self.layout.nodes).map(member).collect()
    }

    /// The state of one node in `world`.
    pub fn node(&self, world: &World, index: usize) -> &N {
        &self.cast.participants.get(world.words[index]).node
    }

    /// The messages that are under way in `world`, each with its sender and its receiver.
    pub fn messages<'a>(
        &'a self,
        world: &'a World,
    ) -> impl Iterator<Item = (NodeId, NodeId, &'a N::Message)> {
        self.envelopes(world).filter_map(|envelope| match &envelope.content {
            Content::Message(message) => Some((NodeId(envelope.from), NodeId(envelope.to), message)),
            Content::Request(_) | Content::Answer { .. } => None,
        })
    }

    pub(super) fn envelopes<'a>(&'a self, world: &'a World) -> impl Iterator<Item = &'a Envelope<N>> {
        world.words[self.layout.in_flight()..].iter().map(|&envelope| self.cast.envelopes.get(envelope))
    }

    /// The client of an operation, and its place among the client's.
    pub(super) fn place_in_script(&self, operation: usize) -> (usize, u32) {
        let client = self.cast.asked[operation].client as usize;
        let place = self.scripts[client].iter().position(|&other| other == operation as u32);
        (client, place.expect("an operation is its client's") as u32)
    }

    /// Whether a client has come so far that it asks this.
    pub(super) fn has_begun(&self, world: &World, operation: usize) -> bool {
        let (client, place) = self.place_in_script(operation);
        place == 0 || {
            let before = self.scripts[client][place as usize - 1];
            world.words[self.layout.outcome(before as usize)] > 0
        }
    }

    fn limit(mut self, limit: Limit, most: u32) -> Nodes<N> {
        assert!(most <= MOST, "at most {MOST} were expected, not {most}: an exploration is for few");
        self.limits[limit as usize] = most;
        self
    }

    pub(super) fn require<I: Invariant<N> + Hash + Sync>(&mut self, invariant: I) -> usize {
        self.invariants.push(Box::new(invariant));
        self.layout.invariants = self.invariants.len();
        self.invariants.len() - 1
    }

    /// What is wrong by an invariant.
    pub(super) fn wrong(&self, world: &World, invariant: usize) -> Result<(), String> {
        match &self.memories.get(world.words[self.layout.memory(invariant)]).wrong {
            Some(wrong) => Err(wrong.clone()),
            None => Ok(()),
        }
    }

    /// What the explorer could not go on from.
    pub(super) fn trouble(&self, world: &World) -> Result<(), String> {
        match world.words.last() {
            Some(&last) if last >= TROUBLE => {
                Err(self.effects.get(last - TROUBLE).trouble.clone().unwrap_or_default())
            }
            _ => Ok(()),
        }
    }
}

/// In a world in which there was trouble, all that is under way is the number of the effects that tell of it, and this.
pub(super) const TROUBLE: u32 = 1 << 31;

impl<N> Nodes<N>
where
    N: Service + Sync + Eq + Hash,
    N::Message: Sync + Eq + Hash,
    N::Timer: Sync + Eq + Hash,
    N::Request: Sync,
    N::Response: Sync + Hash,
{
    /// One client more, which asks the nodes of these indices these requests, each after the answer to the one before. A client whose request gets no answer
    /// waits for ever.
    pub fn client(mut self, asks: impl IntoIterator<Item = (usize, N::Request)>) -> Nodes<N> {
        let serve = |node: &mut N, call, request: &dyn Any, ctx: &mut Context<N>| {
            let request: &N::Request = request.downcast_ref().expect("a request of this service");
            node.on_request(call, request.clone(), ctx);
        };
        self.cast.calls = Some(Calls {
            serve,
            answer: |answer| {
                let answer: N::Response =
                    *answer.into_any().downcast().expect("a service answers with its own type");
                (fingerprint(&(0_u8, &answer)), Arc::new(answer))
            },
            serve_in_lab: |cluster| cluster.become_service(),
        });
        let client = self.scripts.len() as u32;
        let mut script = Vec::new();
        for (server, request) in asks {
            assert!(
                server < self.layout.nodes,
                "a client asks node {server}, and there are {}",
                self.layout.nodes
            );
            script.push(self.cast.asked.len() as u32);
            self.cast.asked.push(Asked { client, server: server as u32, request: Arc::new(request) });
        }
        self.scripts.push(script);
        self.layout.clients = self.scripts.len();
        self.layout.operations = self.cast.asked.len();
        assert!(
            self.layout.operations <= 64,
            "more than 64 operations were asked for: an exploration is for few"
        );
        self
    }

    /// The answers that are under way in `world`.
    pub fn answers<'a>(&'a self, world: &'a World) -> impl Iterator<Item = &'a N::Response> {
        self.envelopes(world).filter_map(|envelope| match &envelope.content {
            Content::Answer { answer, .. } => self.response(*answer).ok(),
            Content::Message(_) | Content::Request(_) => None,
        })
    }

    /// What clients have asked and were told in `world`. Times are those of an order in which it may have happened.
    pub fn history(&self, world: &World) -> History<N::Request, N::Response> {
        let begun: Vec<usize> = (0..self.layout.operations).filter(|&it| self.has_begun(world, it)).collect();
        // What had ended when an operation began is a prefix of what ended, and its length says which.
        let ended_before = |operation: usize| -> u64 {
            (0..self.layout.clients)
                .map(|it| u64::from(self.layout.ended_before(&world.words, operation, it)))
                .sum()
        };
        let operations = begun.iter().map(|&operation| {
            let (client, place) = self.place_in_script(operation);
            let word = world.words[self.layout.outcome(operation)];
            let outcome = (word > 0).then(|| match self.response(word - 1) {
                Ok(response) => Outcome::Ok(response.clone()),
                Err(reason) => Outcome::Fail(reason.to_owned()),
            });
            let ended = |other: &usize| self.layout.ended_before(&world.words, *other, client) > place;
            let end = begun.iter().filter(|other| ended(other)).map(|&other| ended_before(other)).min();
            let end = end.unwrap_or(self.layout.operations as u64 + 1);
            let time = |count: u64| Time::from_nanos(count * 1_000_000);
            Operation {
                call: CallId(operation as u64),
                caller: NodeId((self.layout.nodes + client) as u32),
                caller_name: format!("client {client}"),
                request: self.request(operation).clone(),
                invoked: time(ended_before(operation) * 2 + 1),
                returned: outcome.as_ref().map(|_| time(end * 2)),
                outcome,
                served: Vec::new(),
            }
        });
        History {
            service: "explored nodes".to_owned(),
            seed: None,
            operations: operations.collect(),
            disturbances: vec![],
        }
    }

    pub(super) fn is_linearizable<S>(&self, world: &World, specification: &S) -> bool
    where
        S: Specification<Request = N::Request, Response = N::Response>,
    {
        let words = &world.words[self.layout.outcome(0)..self.layout.in_flight()];
        let per_operation = words.len() / self.layout.operations.max(1);
        let key = mix(words.chunks(per_operation.max(1)).flat_map(|words| {
            let answer = if words[0] == 0 { 0 } else { self.cast.answers.print(words[0] - 1) };
            std::iter::once(answer).chain(words[1..].iter().map(|&word| word.into()))
        }));
        let judge = || {
            let all: Vec<usize> =
                (0..self.layout.operations).filter(|&it| self.has_begun(world, it)).collect();
            let of = |operation: &usize| {
                let word = world.words[self.layout.outcome(*operation)];
                if word == 0 { Ok(None) } else { self.response(word - 1).map(Some) }
            };
            // What was refused has not happened.
            let kept: Vec<usize> = all.into_iter().filter(|operation| of(operation).is_ok()).collect();
            let operations: Vec<_> = kept
                .iter()
                .map(|operation| {
                    let before = kept.iter().enumerate().filter(|(_, other)| {
                        let (client, place) = self.place_in_script(**other);
                        self.layout.ended_before(&world.words, *operation, client) > place
                    });
                    history::Operation {
                        request: self.request(*operation),
                        response: of(operation).ok().flatten(),
                        before: before.fold(0, |bits, (number, _)| bits | 1 << number),
                    }
                })
                .collect();
            u32::from(history::is_linearizable(specification, &operations))
        };
        self.verdicts.get(key, judge) == 1
    }

    fn request(&self, operation: usize) -> &N::Request {
        let request = &self.cast.asked[operation].request;
        (**request).as_any().downcast_ref().expect("requests are the service's")
    }

    fn response(&self, answer: u32) -> Result<&N::Response, &str> {
        match self.cast.answers.get(answer) {
            Ok(answer) => Ok((**answer).as_any().downcast_ref().expect("answers are the service's")),
            Err(reason) => Err(reason),
        }
    }
}

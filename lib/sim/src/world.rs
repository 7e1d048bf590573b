//! The core: one simulated world and the loop that runs it.
//!
//! An event is taken from the queue, handed to the one participant whom it concerns, and what that participant asks for is
//! carried out (`effects.rs`): messages get a fate from the network, timers and deadlines go back into the queue. Nothing here is
//! generic over a protocol, so it is compiled once; nothing here reads a clock or a hash map's order, so a seed decides all.

use std::collections::BTreeMap;

use netsplit_node::trace::EventKind;
use netsplit_node::{Duration, Identity, Inspection, NodeId, Random, Slab, Slot, Step, Time, ms};

use crate::action::Logged;
use crate::byzantine::Twin;
use crate::disturbances::Disturbances;
use crate::dns::Names;
use crate::follow::Following;
use crate::handler_panic;
use crate::network::{Cut, Latency, Network};
use crate::participants::{ClientState, ClusterState, OpenCall, Parcel, Participant, Role};
use crate::plan::Playing;
use crate::population::Population;
use crate::property::Property;
use crate::queue::{Coming, Freight, Queue};
use crate::recorder::{Evicted, FROM_OUTSIDE, Recorder, Rest};
use crate::run::Budget;
use crate::schedule::{Flap, Job};
use crate::shrink::Renumbered;
use crate::states::States;
use crate::workload::RunningLoad;

/// Of how many steps after each action pictures know the states, unless it is said otherwise.
const STATES_EACH_RUN: u32 = 256;

/// Streams of random numbers, by who draws from them.
const NETWORK_STREAM: u64 = 0;
const NODE_STREAM: u64 = 1;
const FAULT_STREAM: u64 = 2;
pub(crate) const WORKLOAD_STREAM: u64 = 3;
const SECRET_STREAM: u64 = 4;

/// Receiver of an event that concerns nobody in particular.
const NOBODY: NodeId = NodeId(u32::MAX);

/// The kinds of events, as the hash tells them apart. Changing a number changes every pinned hash.
pub(crate) mod kind {
    pub(crate) const STARTED: u8 = 1;
    pub(crate) const SENT: u8 = 2;
    pub(crate) const RECEIVED: u8 = 3;
    pub(crate) const LOST: u8 = 4;
    pub(crate) const DUPLICATED: u8 = 5;
    pub(crate) const TIMER_FIRED: u8 = 6;
    pub(crate) const INVOKED: u8 = 7;
    pub(crate) const RETURNED: u8 = 8;
    pub(crate) const NOTED: u8 = 9;
    pub(crate) const WROTE: u8 = 10;
    pub(crate) const SYNCED: u8 = 11;
    pub(crate) const CRASHED: u8 = 12;
    pub(crate) const PAUSED: u8 = 13;
    pub(crate) const CUT: u8 = 14;
    pub(crate) const HEALED: u8 = 15;
    pub(crate) const FAULT: u8 = 16;
    pub(crate) const CORRUPTED: u8 = 17;
}

/// Messages by what became of them. Every message that was sent or doubled is in exactly one of the other counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrafficCounts {
    /// Messages, requests and answers that were sent.
    pub sent: u64,
    /// Second copies that the network made.
    pub duplicated: u64,
    /// Those that reached the receiver's code.
    pub received: u64,
    /// Those that were lost, for whatever reason.
    pub lost: u64,
    /// Those that are still under way or wait for a blocked receiver.
    pub in_flight: u64,
}

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) now: Time,
    pub(crate) queue: Queue,
    pub(crate) network: Network,
    pub(crate) recorder: Recorder,
    pub(crate) states: States,
    pub(crate) disturbances: Disturbances,
    pub(crate) participants: Vec<Participant>,
    pub(crate) clusters: Vec<ClusterState>,
    pub(crate) clients: Vec<ClientState>,
    pub(crate) parcels: Slab<Parcel>,
    pub(crate) open_calls: BTreeMap<netsplit_node::CallId, OpenCall>,
    pub(crate) next_call: u64,
    pub(crate) dns: Names,
    pub(crate) sync_time: Duration,
    pub(crate) counts: TrafficCounts,
    /// Lent to one node after the other.
    pub(crate) step: Step,
    /// Draws for faults, so that they do not shift the network's.
    pub(crate) fault_random: Random,
    /// Everything that was done from outside.
    pub(crate) log: Vec<Logged>,
    pub(crate) jobs: Slab<Job>,
    pub(crate) flaps: BTreeMap<Cut, Flap>,
    pub(crate) twins: BTreeMap<NodeId, Twin>,
    pub(crate) plans: Vec<Playing>,
    /// Whether some plan waits for a condition.
    pub(crate) watching: bool,
    pub(crate) loads: Vec<RunningLoad>,
    /// Whether there are twins, plans that wait for a condition, rules that ask for the sizes of messages, or a schedule: one question in
    /// the place of four for every event.
    pub(crate) extras: bool,
    /// The panics of nodes, with their times.
    pub(crate) panics: Vec<NodePanic>,
    /// Whether a panic of a node ends the run.
    pub(crate) ends_on_panic: bool,
    /// What signatures are made with.
    secret: [u64; 2],
    /// What must hold.
    pub(crate) properties: Vec<Property>,
    /// Whether a node has panicked, where that ends the run, and no run has told it yet.
    pub(crate) panicked: bool,
    /// Whether a property has been found violated that no run has told yet.
    pub(crate) violated: bool,
    /// How much one run may take.
    pub(crate) budget: Budget,
    /// How many events there were at this instant.
    pub(crate) instant_events: u64,
    /// The schedule that decides what chance would decide, if there is one.
    pub(crate) following: Option<Box<Following>>,
    /// What the numbers of another world became here, where this one was made of it.
    pub(crate) renumbered: Option<Box<Renumbered>>,
    /// Events handled so far.
    pub(crate) handled: u64,
    /// Runs begun so far.
    pub(crate) runs: u64,
    /// Whether something is to be looked at after each event: plans that wait, properties, panics that end the run.
    pub(crate) looks: bool,
}

impl World {
    pub(crate) fn new(seed: u64, keep: usize) -> World {
        World {
            seed,
            now: Time::ZERO,
            queue: Queue::default(),
            network: Network::new(Latency::Uniform(ms(1), ms(2)), Random::stream(seed, &[NETWORK_STREAM])),
            recorder: Recorder::new(seed, keep),
            states: States::new(STATES_EACH_RUN),
            disturbances: Disturbances::default(),
            participants: Vec::new(),
            clusters: Vec::new(),
            clients: Vec::new(),
            parcels: Slab::new(),
            open_calls: BTreeMap::new(),
            next_call: 0,
            dns: Names::default(),
            sync_time: ms(1),
            counts: TrafficCounts::default(),
            step: Step::new(),
            fault_random: Random::stream(seed, &[FAULT_STREAM]),
            log: Vec::new(),
            jobs: Slab::new(),
            flaps: BTreeMap::new(),
            twins: BTreeMap::new(),
            plans: Vec::new(),
            watching: false,
            loads: Vec::new(),
            extras: false,
            panics: Vec::new(),
            ends_on_panic: false,
            secret: [0, 1].map(|half| Random::stream(seed, &[SECRET_STREAM, half]).next_u64()),
            properties: Vec::new(),
            panicked: false,
            violated: false,
            budget: Budget::default(),
            instant_events: 0,
            following: None,
            renumbered: None,
            handled: 0,
            runs: 0,
            looks: false,
        }
    }

    /// The stream of random numbers of a participant's `life`.
    pub(crate) fn stream_of(&self, id: u32, life: u32) -> Random {
        Random::stream(self.seed, &[NODE_STREAM, u64::from(id), u64::from(life)])
    }

    pub(crate) fn refresh_extras(&mut self) {
        self.extras =
            !self.twins.is_empty() || self.watching || self.network.needs_sizes() || self.following.is_some();
        self.looks = self.watching || self.ends_on_panic || !self.properties.is_empty();
    }

    /// The identity with which a node signs.
    pub(crate) fn identity_of(&self, id: NodeId) -> Identity {
        Identity::new(id, self.secret)
    }

    /// Hands an event to whom it concerns, or keeps it for later if that node is blocked.
    #[inline(always)]
    pub(crate) fn dispatch(&mut self, coming: Coming) {
        let concerned = match coming {
            Coming::Arrival { to, .. } => to,
            Coming::Timer { node, .. } => node,
            Coming::Deadline { caller, .. } => caller,
            Coming::Unblock { node, life } => return self.unblock(node, life),
            Coming::Job { job } => return self.do_job(job),
        };
        if self.participants[concerned.0 as usize].blocked.is_some() {
            return self.keep_waiting(concerned, coming);
        }
        match coming {
            Coming::Arrival { to, from, cargo, sent } => self.arrive(to, from, cargo, sent),
            Coming::Timer { node, order } => self.timer_runs_out(node, order),
            Coming::Deadline { call, .. } => self.deadline_passes(call),
            Coming::Unblock { .. } | Coming::Job { .. } => {}
        }
    }

    /// What comes to a blocked node waits for it, if there is room.
    fn keep_waiting(&mut self, node: NodeId, coming: Coming) {
        let participant = &mut self.participants[node.0 as usize];
        let Some(blocked) = &mut participant.blocked else { return };
        let limit = participant.special.as_ref().map_or(u32::MAX, |special| special.queue_limit);
        match coming {
            Coming::Arrival { to, from, cargo, sent } if blocked.inbox.len() >= limit as usize => {
                self.lose(from, to, cargo, sent, "the receiver's queue is full");
            }
            _ => blocked.inbox.push_back(coming),
        }
    }

    #[inline(always)]
    fn arrive(&mut self, to: NodeId, from: NodeId, freight: Freight, sent: u64) {
        if self.extras {
            return self.arrive_extra(to, from, freight, sent);
        }
        self.arrive_as((to, to), (from, from), freight, sent);
    }

    /// The same where a sender or receiver may stand for another.
    #[cold]
    fn arrive_extra(&mut self, to: NodeId, from: NodeId, freight: Freight, sent: u64) {
        self.arrive_as((to, self.apparent(to)), (from, self.apparent(from)), freight, sent);
    }

    /// Each with the one whom others take it for.
    #[inline(always)]
    fn arrive_as(
        &mut self,
        (to, seen_to): (NodeId, NodeId),
        (from, seen_from): (NodeId, NodeId),
        freight: Freight,
        sent: u64,
    ) {
        let receiver = &self.participants[to.0 as usize];
        if !receiver.up {
            return self.lose(from, to, freight, sent, "the receiver is down");
        }
        if self.network.is_cut(seen_from, seen_to) {
            return self.lose(from, to, freight, sent, "the link was cut on the way");
        }
        self.counts.received += 1;
        let number = self.recorder.count(self.now, kind::RECEIVED, to, from);
        if self.recorder.keeps() {
            let evicted = self.recorder.keep_received(number, self.now, (to, from), sent);
            self.release_evicted(evicted);
        }
        match freight {
            Freight::Message(message) => {
                self.run_step(to, number, |population, member, step| {
                    population.deliver(member, seen_from, message, step)
                });
            }
            Freight::Parcel(parcel) => self.open_parcel(to, seen_from, parcel, number),
        }
    }

    fn timer_runs_out(&mut self, node: NodeId, order: u64) {
        let timers = &mut self.participants[node.0 as usize].timers;
        let Some(index) = timers.iter().position(|(_, pending)| *pending == order) else {
            return; // It was cancelled or replaced, or its node crashed.
        };
        let (timer, _) = timers.swap_remove(index);
        if self.extras {
            self.keep_firing(node, timer);
        }
        let number = self.recorder.count(self.now, kind::TIMER_FIRED, node, NOBODY);
        if self.recorder.keeps() {
            let text = self.population_of(node).describe_timer(timer);
            self.keep(number, FROM_OUTSIDE, Rest::Event(EventKind::TimerFired { node, text }));
        }
        self.run_step(node, number, |population, member, step| population.fire(member, timer, step));
    }

    /// Lets a node's code run, with everything that it is lent, and carries out what it asks for. A panic crashes the node.
    #[inline(always)]
    pub(crate) fn run_step(
        &mut self,
        id: NodeId,
        cause: u64,
        handler: impl FnOnce(&mut dyn Population, usize, &mut Step),
    ) {
        if self.extras {
            self.choose_as_scheduled(id);
        }
        let participant = &mut self.participants[id.0 as usize];
        let Role::Member { cluster, member } = participant.role else { return };
        let step = &mut self.step;
        std::mem::swap(&mut step.belongings, &mut participant.belongings);
        step.node = id;
        step.now = self.now;
        step.monotonic = self.now;
        if let Some(special) = &participant.special {
            special.prepare(step, self.now);
        }
        if self.extras && self.following.as_ref().is_some_and(|following| following.schedule.clocks_stand) {
            (step.now, step.monotonic) = (Time::ZERO, Time::ZERO);
        }
        let population = &mut *self.clusters[cluster as usize].population;
        let result = handler_panic::catch(|| handler(population, member as usize, step));
        std::mem::swap(&mut step.belongings, &mut participant.belongings);
        self.carry_out_step(id, cause);
        if self.states.left > 0 {
            self.keep_state(id, cause);
        }
        if let Err(panic) = result {
            self.panics.push(NodePanic { time: self.now, node: id, text: panic.clone() });
            self.panicked |= self.ends_on_panic;
            self.crash(id, &format!("panics: {panic}"), cause);
        }
    }

    /// What pictures show of a node; nothing of clients.
    pub(crate) fn inspect(&self, id: NodeId) -> Option<Inspection> {
        match self.participants.get(id.0 as usize)?.role {
            Role::Member { cluster, member } => {
                Some(self.clusters[cluster as usize].population.inspect(member as usize))
            }
            Role::Client(_) => None,
        }
    }

    /// The population to which a node belongs.
    pub(crate) fn population_of(&mut self, id: NodeId) -> &mut dyn Population {
        match self.participants[id.0 as usize].role {
            Role::Member { cluster, .. } => &mut *self.clusters[cluster as usize].population,
            Role::Client(_) => {
                unreachable!("clients have no population; only nodes send messages and set timers")
            }
        }
    }

    /// Keeps a counted event in the ring.
    pub(crate) fn keep(&mut self, number: u64, cause: u64, rest: Rest) {
        let evicted = self.recorder.keep(number, self.now, cause, rest);
        self.release_evicted(evicted);
    }

    /// Keeps the sending of a message, with a copy of it.
    #[inline(always)]
    pub(crate) fn keep_sent(&mut self, number: u64, cause: u64, from: NodeId, to: NodeId, message: Slot) {
        let copy = self.population_of(from).keep_copy(message);
        let evicted = self.recorder.keep_sent(number, self.now, cause, (from, to), copy);
        self.release_evicted(evicted);
    }

    /// Gives back the copy of a message that the ring holds no longer.
    #[inline(always)]
    fn release_evicted(&mut self, evicted: Option<Evicted>) {
        if let Some(from) = evicted {
            self.population_of(from).forget_copy();
        }
    }

    /// Counts an event and, if events are kept, keeps it as the trace will show it.
    pub(crate) fn record(
        &mut self,
        tag: u8,
        (node, other): (NodeId, Option<NodeId>),
        cause: u64,
        event: impl FnOnce(&World) -> EventKind,
    ) -> u64 {
        let number = self.recorder.count(self.now, tag, node, other.unwrap_or(NOBODY));
        if self.recorder.keeps() {
            let event = event(self);
            self.keep(number, cause, Rest::Event(event));
        }
        number
    }

    /// How many events to keep from now on; none is no trace at all, and faster.
    pub(crate) fn set_keep(&mut self, keep: usize) {
        for evicted in self.recorder.set_keep(keep) {
            self.release_evicted(Some(evicted));
        }
    }

    pub(crate) fn handled(&self) -> u64 {
        self.handled
    }

    /// A participant's name: "store 0", "ann".
    pub(crate) fn name_of(&self, id: NodeId) -> String {
        match self.participants.get(id.0 as usize).map(|participant| participant.role) {
            Some(Role::Member { cluster, .. }) => {
                let special = self.participants[id.0 as usize].special.as_ref();
                let real = special.and_then(|special| special.stands_for);
                let state = &self.clusters[cluster as usize];
                let index =
                    state.members.iter().position(|&member| member == real.unwrap_or(id)).unwrap_or(0);
                format!("{} {index}{}", state.name, if real.is_some() { " (twin)" } else { "" })
            }
            Some(Role::Client(client)) => self.clients[client as usize].name.clone(),
            None => {
                let name = id.as_name().and_then(|number| self.dns.record(number));
                name.map_or_else(|| id.to_string(), |record| record.name.clone())
            }
        }
    }
}

/// A panic of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePanic {
    /// When.
    pub time: Time,
    /// Which node.
    pub node: NodeId,
    /// What it said, and where.
    pub text: String,
}

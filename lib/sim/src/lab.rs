//! The laboratory as a notebook holds it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netsplit_node::trace::{EventKind, Trace, TraceHash};
use netsplit_node::{Chance, Duration, Node, NodeId, Time};
use netsplit_view::Diagram;

use crate::cluster::{Cluster, members};
use crate::error::{LabError, expect, forwards};
use crate::group::Group;
use crate::handler_panic;
use crate::network::{Action, Cut, Latency, Rule, Traffic};
use crate::population::{Population, Typed};
use crate::recorder::FROM_OUTSIDE;
use crate::world::{TrafficCounts, World, kind};

/// How many events a laboratory keeps unless it is told otherwise.
const KEPT_EVENTS: usize = 100_000;

/// One simulated world: one seed, one virtual clock, one network, one trace.
///
/// It holds any number of clusters, also of different node types. Every method takes `&self`, and handles are numbers: a notebook
/// cell keeps them as long as it likes. A message takes 1 to 2 ms and none is lost until you say otherwise; a disk's sync takes
/// 1 ms. What cannot be done stops the cell with a sentence, and nothing has changed.
///
/// ```
/// use netsplit_node::{Context, Node, NodeId, secs};
/// use netsplit_sim::Lab;
///
/// #[derive(Clone, Debug, Default)]
/// struct Greeter { heard: u32 }
/// impl Node for Greeter {
///     type Message = &'static str;
///     type Timer = ();
///     fn on_start(&mut self, ctx: &mut Context<Self>) {
///         if ctx.id() == NodeId(0) { ctx.broadcast("hello"); }
///     }
///     fn on_message(&mut self, from: NodeId, message: &'static str, ctx: &mut Context<Self>) {
///         self.heard += 1;
///         if message == "hello" { ctx.send(from, "hello yourself"); }
///     }
/// }
///
/// let lab = Lab::new(42);
/// let greeters = lab.cluster("greeter", 3, |_id| Greeter::default());
/// lab.run_for(secs(1));
/// assert_eq!(greeters.node(0).heard, 2);
/// ```
#[derive(Clone)]
pub struct Lab {
    world: Arc<Mutex<World>>,
}

impl Lab {
    /// A world whose every random choice follows from `seed`.
    pub fn new(seed: u64) -> Lab {
        handler_panic::install_hook();
        Lab { world: Arc::new(Mutex::new(World::new(seed, KEPT_EVENTS))) }
    }

    /// The world, for one action. A node's code must not come back in here: it would wait for itself for ever.
    #[track_caller]
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        assert!(
            !handler_panic::nodes_run(),
            "a node or a cluster's factory used its laboratory; a node reaches the world through its context only. \
             Take addresses before the factory: `let bank = banks.address(0);`"
        );
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds `size` nodes under one name, made by `factory`, which gets each node's number, and starts them at this moment. The
    /// factory is used again when a node restarts.
    ///
    /// # Panics
    /// If `size` is 0.
    #[track_caller]
    pub fn cluster<N: Node>(
        &self,
        name: &str,
        size: usize,
        factory: impl Fn(NodeId) -> N + Send + 'static,
    ) -> Cluster<N> {
        let mut factory: Option<Box<dyn Fn(NodeId) -> N + Send>> = Some(Box::new(factory));
        let (number, name, members) = self.add_cluster(name, size, &mut |members| {
            Box::new(Typed::new(members, factory.take().expect("a cluster is populated once")))
        });
        Cluster::new(self.clone(), number, name, members)
    }

    /// What of [`Lab::cluster`] is the same for all protocols, so that cells need not compile it.
    #[track_caller]
    fn add_cluster(
        &self,
        name: &str,
        size: usize,
        populate: &mut dyn FnMut(Arc<[NodeId]>) -> Box<dyn Population>,
    ) -> (u32, String, Arc<[NodeId]>) {
        let mut world = self.world();
        let number = expect(world.add_cluster(name, size, populate));
        let cluster = &world.clusters[number as usize];
        (number, cluster.name.clone(), members(cluster.first, cluster.size))
    }

    /// Lets `time` pass.
    ///
    /// # Panics
    /// If `time` is negative, or if events go on and on at one instant.
    #[track_caller]
    pub fn run_for(&self, time: Duration) {
        let mut world = self.world();
        let until = world.now + expect(forwards("a run", time));
        let result = world.run_to(until);
        drop(world);
        if let Err(stop) = result {
            stop.tell();
        }
    }

    /// Runs until `condition` holds, looking between any two events, but no longer than `limit`. Returns whether it holds.
    ///
    /// # Panics
    /// If `limit` is negative, or if events go on and on at one instant.
    #[track_caller]
    pub fn run_until(&self, mut condition: impl FnMut() -> bool, limit: Duration) -> bool {
        let until = self.now() + expect(forwards("a limit", limit));
        loop {
            if condition() {
                return true;
            }
            let stepped = self.world().step_once(until);
            match stepped {
                Ok(true) => {}
                Ok(false) => {
                    self.run_for((until - self.now()).max(Duration::ZERO));
                    return false;
                }
                Err(stop) => stop.tell(),
            }
        }
    }

    /// Runs the next event. Returns whether there was one.
    #[track_caller]
    pub fn step(&self) -> bool {
        let stepped = self.world().step_once(Time::MAX);
        match stepped {
            Ok(stepped) => stepped,
            Err(stop) => stop.tell(),
        }
    }

    /// What the world's clock shows.
    pub fn now(&self) -> Time {
        self.world().now
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.world().seed
    }

    /// Cuts every link between different `groups`, in both directions; who is in none reaches everyone.
    ///
    /// # Panics
    /// If there are fewer than two groups, if two overlap, or if a member is not of this laboratory.
    #[track_caller]
    pub fn partition<G: Into<Group>>(&self, groups: impl IntoIterator<Item = G>) -> Cut {
        let groups: Vec<Group> = groups.into_iter().map(Into::into).collect();
        let mut world = self.world();
        expect(check_groups(&world, &groups));
        let cut = world.network.partition(&groups);
        let text = groups.iter().map(|group| names(&world, group)).collect::<Vec<_>>().join(" | ");
        record_cut(&mut world, cut, text, &groups);
        cut
    }

    /// Cuts `group` off from everyone else, clients included.
    #[track_caller]
    pub fn isolate(&self, group: impl Into<Group>) -> Cut {
        let group = group.into();
        let mut world = self.world();
        expect(check_members(&world, &group));
        let cut = world.network.isolate(&group);
        let text = format!("{} | everyone else", names(&world, &group));
        record_cut(&mut world, cut, text, &[group]);
        cut
    }

    /// Cuts what `from` sends to `to`; the other direction works on.
    #[track_caller]
    pub fn cut_one_way(&self, from: impl Into<Group>, to: impl Into<Group>) -> Cut {
        let groups = [from.into(), to.into()];
        let mut world = self.world();
        expect(check_groups(&world, &groups));
        let cut = world.network.cut_one_way(&groups[0], &groups[1]);
        let text = format!("{} -x-> {}", names(&world, &groups[0]), names(&world, &groups[1]));
        record_cut(&mut world, cut, text, &groups);
        cut
    }

    /// Heals `cut`. A cut that is healed already stays healed.
    ///
    /// # Panics
    /// If the cut was not made here.
    #[track_caller]
    pub fn heal(&self, cut: Cut) {
        let mut world = self.world();
        if expect(world.network.heal(cut)) {
            record_heal(&mut world, cut);
        }
    }

    /// Heals every cut that is open.
    pub fn heal_all(&self) {
        let mut world = self.world();
        for cut in world.network.open_cuts() {
            if world.network.heal(cut).is_ok() {
                record_heal(&mut world, cut);
            }
        }
    }

    /// From now on every message takes this long, on every link.
    #[track_caller]
    pub fn set_latency(&self, latency: Latency) {
        let latency = expect(latency.validated());
        self.world().network.set_latency(latency);
    }

    /// From now on what `from` sends to `to` takes this long; the other direction is a link of its own.
    #[track_caller]
    pub fn set_link_latency(&self, from: impl Into<Group>, to: impl Into<Group>, latency: Latency) {
        let (from, to, latency) = (from.into(), to.into(), expect(latency.validated()));
        let mut world = self.world();
        expect(check_members(&world, &from).and_then(|()| check_members(&world, &to)));
        for &sender in from.ids() {
            for &receiver in to.ids() {
                world.network.set_link(sender, receiver, latency);
            }
        }
    }

    /// From now on a sync of a disk takes this long.
    #[track_caller]
    pub fn set_sync_time(&self, time: Duration) {
        self.world().sync_time = expect(forwards("a sync", time));
    }

    /// Loses each matching message with this probability.
    #[track_caller]
    pub fn lose(&self, probability: f64, traffic: Traffic) -> Rule {
        let chance = expect(chance(probability));
        self.world().network.add_rule(traffic, Action::Lose(chance), None)
    }

    /// Loses the next `count` matching messages.
    pub fn lose_next(&self, count: u32, traffic: Traffic) -> Rule {
        self.world().network.add_rule(traffic, Action::Lose(Chance::new(1.0)), Some(count))
    }

    /// Delivers matching messages this much later.
    #[track_caller]
    pub fn delay(&self, by: Duration, traffic: Traffic) -> Rule {
        let by = expect(forwards("a delay", by));
        self.world().network.add_rule(traffic, Action::Delay(by), None)
    }

    /// Delivers each matching message twice with this probability.
    #[track_caller]
    pub fn duplicate(&self, probability: f64, traffic: Traffic) -> Rule {
        let chance = expect(chance(probability));
        self.world().network.add_rule(traffic, Action::Duplicate(chance), None)
    }

    /// Ends a rule of [`lose`](Lab::lose), [`delay`](Lab::delay) or [`duplicate`](Lab::duplicate).
    pub fn remove_rule(&self, rule: Rule) {
        self.world().network.remove_rule(rule);
    }

    /// Keeps the last `events` events for the trace, 100,000 unless said; with 0 there is no trace, and the world is faster.
    pub fn keep_events(&self, events: usize) {
        self.world().set_keep(events);
    }

    /// What happened, as far as it was kept.
    pub fn trace(&self) -> Trace {
        self.world().trace()
    }

    /// The fingerprint of everything that happened: the same seed and the same actions give the same one, everywhere.
    pub fn trace_hash(&self) -> TraceHash {
        self.world().recorder.hash()
    }

    /// What happened as a space-time diagram.
    pub fn diagram(&self) -> Diagram {
        Diagram::of(&self.trace())
    }

    /// How many messages there were, by what became of them.
    pub fn traffic(&self) -> TrafficCounts {
        let world = self.world();
        let blocked = world.participants.iter().filter_map(|participant| participant.blocked.as_ref());
        let waiting = blocked.flat_map(|blocked| &blocked.inbox);
        let waiting = waiting.filter(|coming| matches!(coming, crate::queue::Coming::Arrival { .. })).count();
        TrafficCounts { in_flight: (world.queue.arrivals() + waiting) as u64, ..world.counts }
    }

    /// How many events the world has handled: arrivals, timers, deadlines, ends of pauses and syncs.
    pub fn events_handled(&self) -> u64 {
        self.world().handled()
    }
}

impl fmt::Debug for Lab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let world = self.world();
        let clusters: Vec<String> =
            world.clusters.iter().map(|cluster| format!("{} ({})", cluster.name, cluster.size)).collect();
        write!(
            f,
            "lab with seed {} at {}: {}, {} events, trace {}",
            world.seed,
            world.now,
            if clusters.is_empty() { "no cluster yet".to_owned() } else { clusters.join(", ") },
            world.recorder.events(),
            world.recorder.hash()
        )
    }
}

fn chance(probability: f64) -> Result<Chance, LabError> {
    if (0.0..=1.0).contains(&probability) {
        Ok(Chance::new(probability))
    } else {
        Err(LabError::NotAProbability { given: probability })
    }
}

fn check_members(world: &World, group: &Group) -> Result<(), LabError> {
    match group.ids().iter().find(|id| id.0 as usize >= world.participants.len()) {
        Some(&id) => Err(LabError::NoSuchParticipant { id }),
        None => Ok(()),
    }
}

fn check_groups(world: &World, groups: &[Group]) -> Result<(), LabError> {
    if groups.len() < 2 {
        return Err(LabError::TooFewGroups { groups: groups.len() });
    }
    for (index, group) in groups.iter().enumerate() {
        check_members(world, group)?;
        let others = &groups[index + 1..];
        if let Some(&id) = group.ids().iter().find(|id| others.iter().any(|other| other.contains(**id))) {
            return Err(LabError::OverlappingGroups { name: world.name_of(id) });
        }
    }
    Ok(())
}

fn names(world: &World, group: &Group) -> String {
    group.ids().iter().map(|&id| world.name_of(id)).collect::<Vec<_>>().join(", ")
}

fn record_cut(world: &mut World, cut: Cut, text: String, groups: &[Group]) {
    let groups = groups.iter().map(|group| group.ids().to_vec()).collect();
    world.record(kind::CUT, (NodeId(cut.0), None), FROM_OUTSIDE, |_| EventKind::Cut {
        cut: cut.0,
        text,
        groups,
    });
}

fn record_heal(world: &mut World, cut: Cut) {
    world.record(kind::HEALED, (NodeId(cut.0), None), FROM_OUTSIDE, |_| EventKind::Healed { cut: cut.0 });
}

//! The laboratory as a notebook holds it.

mod faults;
mod network;
mod properties;
mod running;
mod seeing;
mod shrinking;
mod time_travel;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netsplit_node::{Node, NodeId, Time};

use crate::action::{Action, Made};
use crate::cluster::Cluster;
use crate::error::expect;
use crate::handler_panic;
use crate::population::{Population, Typed};
use crate::world::World;
pub use faults::Injected;
pub use time_travel::{Handle, Snapshot};

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
    world: HeldWorld,
}

/// A world in its lock, behind a trait: a cell that forgets a laboratory calls the code that takes a world apart, instead of compiling
/// it, which was half of what a cell with a laboratory had to compile.
#[derive(Clone)]
pub(crate) struct HeldWorld(Arc<dyn Held + Send + Sync>);

trait Held {
    fn lock(&self) -> MutexGuard<'_, World>;
}

impl Held for Mutex<World> {
    fn lock(&self) -> MutexGuard<'_, World> {
        // A panic in the laboratory's own code leaves a world between two events, or nothing that goes on with it.
        Mutex::lock(self).unwrap_or_else(PoisonError::into_inner)
    }
}

impl HeldWorld {
    #[inline(never)]
    pub(crate) fn new(world: World) -> HeldWorld {
        HeldWorld(Arc::new(Mutex::new(world)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock()
    }
}

impl Lab {
    /// A world whose every random choice follows from `seed`.
    pub fn new(seed: u64) -> Lab {
        handler_panic::install_hook();
        Lab { world: HeldWorld::new(World::new(seed, KEPT_EVENTS)) }
    }

    /// The world, for one action. A node's code must not come back in here: it would wait for itself for ever.
    #[track_caller]
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        assert!(
            !handler_panic::nodes_run(),
            "a node or a cluster's factory used its laboratory; a node reaches the world through its context only. \
             Take addresses before the factory: `let bank = banks.address(0);`"
        );
        self.world.lock()
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
        let members = self.world().next_members(size);
        let (number, name) = self.add_cluster(name, size, Box::new(Typed::new(members, Box::new(factory))));
        Cluster::new(self.clone(), number, name)
    }

    /// What of [`Lab::cluster`] is the same for all protocols, so that cells need not compile it.
    #[track_caller]
    fn add_cluster(&self, name: &str, size: usize, population: Box<dyn Population>) -> (u32, String) {
        let mut world = self.world();
        let made = expect(world.act(Action::Cluster { name: name.to_owned(), size, population }));
        let Made::Cluster(number) = made else { unreachable!("a cluster makes a cluster, not {made:?}") };
        (number, world.clusters[number as usize].name.clone())
    }

    /// Does something, and remembers it for replays. What cannot be done stops the cell with a sentence.
    #[track_caller]
    pub(crate) fn act(&self, action: Action) -> Made {
        let made = self.world().act(action);
        expect(made)
    }

    /// What the world's clock shows.
    pub fn now(&self) -> Time {
        self.world().now
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.world().seed
    }
}

impl fmt::Debug for Lab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let world = self.world();
        let clusters: Vec<String> = world
            .clusters
            .iter()
            .map(|cluster| format!("{} ({})", cluster.name, cluster.members.len()))
            .collect();
        write!(
            f,
            "lab with seed {} at {}: {}, {} events, {}trace {}",
            world.seed,
            world.now,
            if clusters.is_empty() { "no cluster yet".to_owned() } else { clusters.join(", ") },
            world.recorder.events(),
            match world.panics.len() {
                0 => String::new(),
                1 => "1 panic of a node, ".to_owned(),
                n => format!("{n} panics of nodes, "),
            },
            world.recorder.hash()
        )
    }
}

//! Exploration: every schedule of a small system, instead of the one that a seed gives.
//!
//! A simulation shows what happens in some runs; an exploration, what can happen at all. [`explore`] walks through all states that a [`Model`]
//! can reach, and says of each property whether it holds, with the shortest way to where it does not.
//!
//! | to learn | read |
//! |---|---|
//! | what can be explored | `model.rs` |
//! | a cluster of nodes | `nodes.rs`, `stepping.rs`, `participant.rs`, `network.rs`, `world.rs`, `arena.rs` |
//! | what is asked of nodes and their clients | `of_nodes.rs`, `history.rs` |
//! | what can be asked | `property.rs` |
//! | what must happen at some time | `liveness.rs`, `graph.rs` |
//! | how fewer states are looked at, and what that is right for | `reduction.rs` |
//! | whether a model can be explored at all | `checks.rs` |
//! | what can still be decided, and who prevents it | `valency.rs` |
//! | how the states are gone through | `search.rs`, `space.rs`, `tally.rs` |
//! | how what was seen is remembered | `fingerprint.rs`, `seen.rs` |
//! | what is shown | `report.rs`, `difference.rs` |
//! | what of a counterexample is needed, and how a laboratory shows it | `shorter.rs`, `timed.rs` |

use std::thread;

mod arena;
mod checks;
mod difference;
mod fingerprint;
mod graph;
mod history;
mod liveness;
mod model;
mod network;
mod nodes;
mod of_nodes;
mod participant;
mod property;
mod reduction;
mod report;
mod search;
mod seen;
mod shorter;
mod space;
mod stepping;
mod tally;
mod timed;
mod valency;
mod world;

pub use model::Model;
pub use network::Network;
pub use nodes::{Happening, Nodes};
pub use property::Kind;
pub use report::{Ended, Exploration, Finding, Path, Standing, Step};
pub use search::Budget;
pub use valency::{Adversary, Fair, Run, Scheduler, Valency, schedule, valency};
pub use world::World;

pub(crate) use report::grouped;

use property::Property;
use reduction::Reduction;
use search::{Order, Settings};
use space::{Space, Typed};

/// An exploration of `model`: breadth-first, on all cores, unless it is told otherwise.
///
/// ```
/// use netsplit_sim::explore::{Model, explore};
///
/// /// A number that goes up to 5 by ones and twos.
/// struct Stairs;
/// impl Model for Stairs {
///     type State = u32;
///     type Action = u32;
///     fn initial(&self) -> Vec<u32> { vec![0] }
///     fn actions(&self, _: &u32, actions: &mut Vec<u32>) { actions.extend([1, 2]) }
///     fn next(&self, step: &u32, up: &u32) -> Option<u32> { (step + up <= 5).then_some(step + up) }
/// }
/// let found = explore(Stairs).always("not too high", |_, step| *step <= 5).sometimes("the top", |_, step| *step == 5).run();
/// assert!(found.holds());
/// assert_eq!(found.states, 6);
/// ```
pub fn explore<M: Model>(model: M) -> Explore<M> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let settings = Settings { order: Order::BreadthFirst, budget: Budget::STANDARD, threads };
    let trouble = Property::new(NO_TROUBLE, Kind::Always, |model: &M, state| model.trouble(state));
    Explore { model, properties: vec![trouble], reduction: Reduction::none(), settings, is_fair: true }
}

/// Why a reduction and `eventually` do not go together.
const REDUCED: &str =
    "whether it happens at some time depends on runs that a reduction leaves out: explore without one";

/// What is asked of every model, and told only if it does not hold.
const NO_TROUBLE: &str = "no step fails";

/// An exploration to be run, made by [`explore`].
#[must_use = "an exploration is made by `.run()`"]
pub struct Explore<M: Model> {
    model: M,
    properties: Vec<Property<M>>,
    reduction: Reduction<M>,
    settings: Settings,
    is_fair: bool,
}

impl<M: Model> Explore<M> {
    /// Something that must hold in every state.
    pub fn always(
        self,
        name: &str,
        holds: impl Fn(&M, &M::State) -> bool + Send + Sync + 'static,
    ) -> Explore<M> {
        self.with(Property::plain(name, Kind::Always, holds))
    }

    /// The same, where the error says what is wrong.
    pub fn always_so(
        self,
        name: &str,
        judge: impl Fn(&M, &M::State) -> Result<(), String> + Send + Sync + 'static,
    ) -> Explore<M> {
        self.with(Property::new(name, Kind::Always, judge))
    }

    /// Something that must hold in some state: a protocol that does nothing violates nothing.
    pub fn sometimes(
        self,
        name: &str,
        holds: impl Fn(&M, &M::State) -> bool + Send + Sync + 'static,
    ) -> Explore<M> {
        self.with(Property::plain(name, Kind::Sometimes, holds))
    }

    /// Something that must hold at some time in every run: not at its end, but once. A run owes it to every action that stays possible to take it at some
    /// time (weak fairness), unless the model says that it [need not happen](Model::is_fair).
    pub fn eventually(
        self,
        name: &str,
        holds: impl Fn(&M, &M::State) -> bool + Send + Sync + 'static,
    ) -> Explore<M> {
        self.with(Property::plain(name, Kind::Eventually, holds))
    }

    /// Takes all states that have one representative for one: `representative` gives it, such as the state with its interchangeable processes sorted. A property that tells
    /// a state from its representative is refused.
    pub fn symmetry(
        mut self,
        representative: impl Fn(&M::State) -> M::State + Send + Sync + 'static,
    ) -> Explore<M> {
        self.reduction.symmetry = Some(Box::new(representative));
        self
    }

    /// Takes an action that is local before all others, and alone: one order of many. An action is local if whatever else happens neither prevents it nor depends on
    /// it. A property that it changes is refused, and so are all if it turns out not to be local.
    pub fn local(mut self, is_local: impl Fn(&M::Action) -> bool + Send + Sync + 'static) -> Explore<M> {
        self.reduction.local = Some(Box::new(is_local));
        self
    }

    /// Every run counts for [`eventually`](Explore::eventually), also one that never lets something happen that stays possible for ever.
    pub fn unfair(mut self) -> Explore<M> {
        self.is_fair = false;
        self
    }

    /// Within this budget instead of [`Budget::STANDARD`].
    pub fn within(mut self, budget: Budget) -> Explore<M> {
        self.settings.budget = budget;
        self
    }

    /// All states of one depth before the first of the next, as it is unless something else is asked for: counterexamples are shortest.
    pub fn breadth_first(self) -> Explore<M> {
        self.in_order(Order::BreadthFirst)
    }

    /// The newest state first, on one thread: fewer states wait, and counterexamples are long.
    pub fn depth_first(self) -> Explore<M> {
        self.in_order(Order::DepthFirst)
    }

    /// So many random ways of at most so many actions, on one thread. Nothing holds for certain then, but what is violated is.
    pub fn random(self, seed: u64, walks: u64, steps: u32) -> Explore<M> {
        self.in_order(Order::Random { seed, walks, steps })
    }

    /// On so many threads, at least one, instead of one for each core. The report is the same.
    pub fn on_threads(mut self, threads: usize) -> Explore<M> {
        self.settings.threads = threads.max(1);
        self
    }

    /// Explores.
    pub fn run(&self) -> Exploration {
        let ends_it: Vec<bool> =
            self.properties.iter().map(|property| property.kind == Kind::Always).collect();
        let space = Typed { model: &self.model, properties: &self.properties, reduction: &self.reduction };
        let found = search::search(&space, &ends_it, self.settings);
        let mut decided = found.decided.into_iter();
        let mut refused = found.refused.into_iter();
        let findings = self.properties.iter().map(|property| {
            let (decided, refused) = (decided.next().flatten(), refused.next().flatten());
            let standing = match (property.kind, decided) {
                _ if refused.is_some() => Standing::Refused(refused.unwrap_or_default()),
                (Kind::Eventually, _) if !self.reduction.is_none() => Standing::Refused(REDUCED.to_owned()),
                (Kind::Eventually, _) if found.ended == Ended::Complete => self.liveness(property, &space),
                (Kind::Eventually, _) => Standing::Open,
                (Kind::Always, Some((chain, sentence))) => {
                    Standing::Violated { sentence, path: Some(space.path(&chain)) }
                }
                (_, Some((chain, _))) => Standing::Shown(space.path(&chain)),
                (Kind::Always, None) if found.ended == Ended::Complete => Standing::Holds,
                (_, None) if found.ended == Ended::Complete => {
                    Standing::Violated { sentence: String::new(), path: None }
                }
                (_, None) => Standing::Open,
            };
            Finding { name: property.name.clone(), kind: property.kind, standing }
        });
        let is_told = |finding: &Finding| {
            finding.name != NO_TROUBLE || matches!(finding.standing, Standing::Violated { .. })
        };
        Exploration {
            findings: findings.filter(is_told).collect(),
            states: found.states,
            transitions: found.counts.transitions,
            depth: found.depth,
            dead_ends: found.counts.dead_ends,
            memory: found.bytes,
            ended: found.ended,
            notes: self.model.notes().into_iter().chain(found.notes).collect(),
        }
    }

    /// Whether something happens at some time in every run, once all states were seen.
    fn liveness(&self, property: &Property<M>, space: &Typed<'_, M>) -> Standing {
        let waits = |state: &M::State| property.judge(&self.model, state).is_err();
        let Some(graph) = graph::build(&self.model, self.settings.budget.memory, waits) else {
            return Standing::Open;
        };
        let Some(lasso) = liveness::lasso(&graph, self.is_fair) else { return Standing::Holds };
        let states = lasso.stem.iter().chain(&lasso.circle);
        let chain: Vec<u64> = states.map(|&state| graph.prints[state as usize]).collect();
        let path = Path { repeats_from: Some(lasso.stem.len() - 1), ..space.path(&chain) };
        Standing::Violated { sentence: String::new(), path: Some(path) }
    }

    fn with(mut self, property: Property<M>) -> Explore<M> {
        self.properties.push(property);
        self
    }

    fn in_order(mut self, order: Order) -> Explore<M> {
        self.settings.order = order;
        self
    }
}

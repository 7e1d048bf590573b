//! Properties over a laboratory: what must always hold, never, at some time, or after something else; looked at after every event.
//!
//! A history shows what clients were told. A property looks into the nodes, so it sees a mistake when it is made, often long before a
//! client meets it; the first violation stops the run at that moment.
//!
//! | property | is violated when |
//! |---|---|
//! | always | the condition does not hold after some event |
//! | never | it does |
//! | eventually, within t | it has not held once until t has passed |
//! | leads to, within t | after some event the cause held, and the consequence has not held since, for t |
//!
//! The last two are bounded, since a run is finite: "at some time" alone cannot be violated by any run (Alpern and Schneider, "Defining
//! Liveness", 1985: every finite prefix of a run can be continued to satisfy a liveness property).

use std::fmt;

use netsplit_node::{Duration, Member, Node, Time};

use crate::cluster::Cluster;
use crate::handler_panic::{self, NodesRun};
use crate::participants::Role;
use crate::population::Typed;
use crate::queue::Coming;
use crate::schedule::Job;
use crate::world::World;

/// The world between two events, as a property sees it.
pub struct Look<'w> {
    world: &'w World,
}

impl<'w> Look<'w> {
    /// What the world's clock shows.
    pub fn now(&self) -> Time {
        self.world.now
    }

    /// The members of `cluster` that have been started and have not left, in the order of their indices.
    pub fn members<N: Node>(&self, cluster: &Cluster<N>) -> Vec<Member<'w, N>> {
        self.members_of(cluster.number())
    }

    pub(crate) fn members_of<N: Node>(&self, cluster: u32) -> Vec<Member<'w, N>> {
        let world = self.world;
        let Some(state) = world.clusters.get(cluster as usize) else { return Vec::new() };
        // A cluster whose node was defined again since is another one's: its own handles say so.
        let Some(typed) = state.population.as_any().downcast_ref::<Typed<N>>() else { return Vec::new() };
        let mut members = Vec::with_capacity(state.members.len());
        for (index, &id) in state.members.iter().enumerate() {
            let participant = &world.participants[id.0 as usize];
            let Role::Member { member, .. } = participant.role else { continue };
            if let (false, Some(state)) = (participant.left, typed.node(member as usize)) {
                members.push(Member { index, id, up: participant.up, state });
            }
        }
        members
    }
}

/// Judges one state of the world; the error says what is wrong, or nothing where a condition just does not hold.
pub(crate) trait Judge: Send {
    fn judge(&mut self, look: &Look<'_>) -> Result<(), String>;
    fn copy(&self) -> Box<dyn Judge>;
}

impl<F> Judge for F
where
    F: FnMut(&Look<'_>) -> Result<(), String> + Clone + Send + 'static,
{
    fn judge(&mut self, look: &Look<'_>) -> Result<(), String> {
        self(look)
    }
    fn copy(&self) -> Box<dyn Judge> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Judge> {
    fn clone(&self) -> Self {
        (**self).copy()
    }
}

/// What a property asks for.
#[derive(Clone)]
pub(crate) enum Kind {
    Always(Box<dyn Judge>),
    Eventually { goal: Box<dyn Judge>, within: Duration },
    LeadsTo { cause: Box<dyn Judge>, goal: Box<dyn Judge>, within: Duration },
}

/// A property and how it stands.
#[derive(Clone)]
pub(crate) struct Property {
    name: String,
    /// The one cluster on which it depends, if it is one.
    cluster: Option<u32>,
    /// The type of the invariant that it is, if it is one.
    invariant: Option<&'static str>,
    kind: Kind,
    standing: Standing,
    /// From when on time counts: when it was asked for, or when the cause last held without a consequence.
    since: Option<Time>,
    /// How many states it was judged in.
    looks: u64,
}

/// How a property stands.
#[derive(Clone, Debug, PartialEq)]
enum Standing {
    Open,
    CameTrue(Time),
    Violated(Violation),
}

/// A property that does not hold in this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The property's name.
    pub property: String,
    /// When, by the world's clock.
    pub time: Time,
    /// The seed of the world.
    pub seed: u64,
    /// After how many events.
    pub events: u64,
    /// What is wrong, with names and values.
    pub sentence: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { property, time, seed, sentence, .. } = self;
        write!(f, "{property} is violated at {time} (seed {seed}): {sentence}")
    }
}

impl Property {
    pub(crate) fn new(name: &str, cluster: Option<u32>, kind: Kind) -> Property {
        let standing = Standing::Open;
        Property { name: name.to_owned(), cluster, invariant: None, kind, standing, since: None, looks: 0 }
    }

    /// The same, as the invariant of this type.
    pub(crate) fn of_invariant(self, invariant: &'static str) -> Property {
        Property { invariant: Some(invariant), ..self }
    }

    pub(crate) fn invariant(&self) -> Option<&'static str> {
        self.invariant
    }

    pub(crate) fn cluster(&self) -> Option<u32> {
        self.cluster
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Looks at the world. Returns what is wrong with it, and until when something must have come true that has just begun to be due.
    fn look(&mut self, look: &Look<'_>) -> (Option<String>, Option<Time>) {
        self.looks += 1;
        let now = look.now();
        match &mut self.kind {
            Kind::Always(judge) => (judge.judge(look).err(), None),
            Kind::Eventually { goal, within } => {
                let since = *self.since.get_or_insert(now);
                if goal.judge(look).is_ok() {
                    self.standing = Standing::CameTrue(now);
                } else if now - since >= *within {
                    return (Some(format!("it has not come true within {within}")), None);
                }
                (None, (self.looks == 1).then_some(since + *within))
            }
            Kind::LeadsTo { cause, goal, within } => {
                // A consequence that holds already follows at once.
                if goal.judge(look).is_ok() {
                    self.since = None;
                    return (None, None);
                }
                let began = self.since.is_none() && cause.judge(look).is_ok();
                if began {
                    self.since = Some(now);
                }
                match self.since {
                    Some(since) if now - since >= *within => (
                        Some(format!("the cause held at {since}, and nothing followed within {within}")),
                        None,
                    ),
                    since => (None, since.filter(|_| began).map(|since| since + *within)),
                }
            }
        }
    }
}

/// "ElectionSafety: holds so far (120 states)".
impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Property { name, looks, .. } = self;
        let states = if *looks == 1 { "state" } else { "states" };
        match (&self.standing, &self.kind) {
            (Standing::Violated(violation), _) => write!(f, "{violation}"),
            (Standing::CameTrue(time), _) => write!(f, "{name}: came true at {time}"),
            (Standing::Open, Kind::Eventually { .. }) => write!(f, "{name}: has not come true yet"),
            (Standing::Open, _) => write!(f, "{name}: holds so far ({looks} {states})"),
        }
    }
}

/// Whom an event may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touched {
    Cluster(u32),
    Nobody,
    Everybody,
}

impl World {
    /// From now on a property is looked at after every event that may concern it, and at the end of a run.
    pub(crate) fn require(&mut self, property: Property) {
        self.properties.push(property);
        self.refresh_extras();
    }

    /// Whom an event that is about to happen may change.
    pub(crate) fn touched_by(&self, coming: &Coming) -> Touched {
        let concerned = match coming {
            Coming::Arrival { to, .. } => *to,
            Coming::Timer { node, .. } | Coming::Unblock { node, .. } => *node,
            Coming::Deadline { caller, .. } => *caller,
            Coming::Job { .. } => return Touched::Everybody,
        };
        match self.participants[concerned.0 as usize].role {
            Role::Member { cluster, .. } => Touched::Cluster(cluster),
            Role::Client(_) => Touched::Nobody,
        }
    }

    /// Judges what may have changed. Returns whether all is well, or was not before.
    pub(crate) fn look_at_properties(&mut self, touched: Touched) -> bool {
        if touched == Touched::Nobody && self.properties.iter().all(|property| property.cluster.is_some()) {
            return true;
        }
        // What a condition does is watched over as a node's code is.
        let _nodes_run = NodesRun::begin();
        let mut properties = std::mem::take(&mut self.properties);
        let mut is_well = true;
        for property in &mut properties {
            let concerned = match (touched, property.cluster) {
                (Touched::Cluster(touched), Some(cluster)) => touched == cluster,
                (Touched::Nobody, Some(_)) => false,
                (Touched::Everybody, _) | (_, None) => true,
            };
            if !concerned || property.standing != Standing::Open {
                continue;
            }
            let mut found = (None, None);
            let looked = handler_panic::catch(|| found = property.look(&Look { world: self }));
            let (wrong, due) = match looked {
                Ok(()) => found,
                Err(panic) => (Some(format!("its condition panicked: {panic}")), None),
            };
            if let Some(due) = due {
                self.schedule(due, Job::Due);
            }
            if let Some(sentence) = wrong {
                is_well = false;
                let sentence = if sentence.is_empty() { self.state_of(property.cluster) } else { sentence };
                self.announce_violation(&property.name, &sentence);
                let violation = Violation {
                    property: property.name.clone(),
                    time: self.now,
                    seed: self.seed,
                    events: self.handled(),
                    sentence,
                };
                property.standing = Standing::Violated(violation);
            }
        }
        self.properties = properties;
        self.violated |= !is_well;
        is_well
    }

    /// The states of a cluster's members, for a condition that says no more than that it does not hold.
    fn state_of(&self, cluster: Option<u32>) -> String {
        /// A state is shown as far as a line has room for.
        const LETTERS: usize = 160;
        let Some(cluster) = cluster else { return "its condition does not hold".to_owned() };
        let members = self.clusters[cluster as usize].members.iter();
        let states = members.filter_map(|&id| {
            let participant = &self.participants[id.0 as usize];
            let shown = match participant.up {
                true => self.inspect(id)?.to_string(),
                false => "down".to_owned(),
            };
            let cut: String = shown.chars().take(LETTERS).collect();
            let dots = if cut.len() < shown.len() { ".." } else { "" };
            (!participant.left).then(|| format!("\n  {}: {cut}{dots}", self.name_of(id)))
        });
        format!("its condition does not hold of{}", states.collect::<String>())
    }

    /// The violations so far, in the order of the properties.
    pub(crate) fn violations(&self) -> Vec<Violation> {
        let violations = self.properties.iter().filter_map(|property| match &property.standing {
            Standing::Violated(violation) => Some(violation.clone()),
            Standing::Open | Standing::CameTrue(_) => None,
        });
        violations.collect()
    }

    /// The violation that has just been found.
    pub(crate) fn newest_violation(&self) -> Option<Violation> {
        self.violations().into_iter().max_by_key(|violation| violation.events)
    }
}

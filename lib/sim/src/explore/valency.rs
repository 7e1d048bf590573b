//! Valency: which decisions are still possible, and an adversary who keeps more than one of them so.
//!
//! A configuration is bivalent if different decisions can still come of it, univalent if only one can (Fischer, Lynch and Paterson, "Impossibility of distributed consensus
//! with one faulty process", 1985, section 3). Their proof is an adversary that goes from one bivalent configuration to the next and still lets everything happen
//! at some time; [`Adversary`] is that one, for models that are small enough to know the valency of each configuration.

use std::fmt::{self, Debug};

use netsplit_figure::markup::escape;
use netsplit_node::rich;

use super::fingerprint::fingerprint;
use super::graph::{self, Graph, OUT};
use super::model::Model;
use super::report::{Path, Step, grouped};
use super::search::Budget;

/// The decisions that can still come of each configuration of a model, made by [`valency`].
pub struct Valency<D> {
    graph: Graph,
    decisions: Vec<D>,
    /// The decisions of each configuration, as bits.
    possible: Vec<u64>,
    initial: Vec<u32>,
}

/// What can still be decided in every configuration of `model`. `decided` says what has been decided in one: by each process, or nothing. Nothing comes back if
/// there are more configurations than the standard budget has room for, or more than 64 decisions.
///
/// ```
/// use netsplit_sim::explore::{Model, valency};
/// /// Whoever comes first decides.
/// struct First;
/// impl Model for First {
///     type State = Option<u8>;
///     type Action = u8;
///     fn initial(&self) -> Vec<Option<u8>> { vec![None] }
///     fn actions(&self, state: &Option<u8>, actions: &mut Vec<u8>) { if state.is_none() { actions.extend([0, 1]) } }
///     fn next(&self, _: &Option<u8>, who: &u8) -> Option<Option<u8>> { Some(Some(*who)) }
/// }
/// let valency = valency(&First, |state| state.iter().copied().collect()).expect("it is small");
/// assert_eq!(valency.of(&None::<u8>), [0, 1]);
/// assert_eq!(valency.of(&Some(1)), [1]);
/// assert_eq!((valency.bivalent(), valency.critical()), (1, 1));
/// ```
pub fn valency<M: Model, D: Clone + Debug + Ord>(
    model: &M,
    decided: impl Fn(&M::State) -> Vec<D>,
) -> Option<Valency<D>> {
    let mut decisions: Vec<D> = Vec::new();
    let mut masks = super::arena::Index::new();
    let mut own: Vec<u64> = Vec::new();
    let mut see = |state: &M::State| {
        let mask = decided(state).into_iter().fold(0_u64, |mask, decision| {
            let known = decisions.iter().position(|it| *it == decision).unwrap_or_else(|| {
                decisions.push(decision);
                decisions.len() - 1
            });
            mask | 1_u64.checked_shl(known as u32).unwrap_or(0)
        });
        let print = fingerprint(state);
        if masks.get(print).is_none() {
            masks.insert(print, own.len() as u32);
            own.push(mask);
        }
        true
    };
    let graph = graph::build(model, Budget::STANDARD.memory, &mut see)?;
    if decisions.len() > 64 {
        return None;
    }
    let own_of = |print: &u64| masks.get(*print).map_or(0, |number| own[number as usize]);
    let mut possible: Vec<u64> = graph.prints.iter().map(own_of).collect();
    // What is possible later is possible now. States are numbered by depth, so from the last to the first nearly all is known at once.
    loop {
        let mut is_done = true;
        for state in (0..graph.len() as u32).rev() {
            let later = graph.steps(state).iter().filter(|step| step.to != OUT);
            let all = later.fold(possible[state as usize], |all, step| all | possible[step.to as usize]);
            is_done &= possible[state as usize] == all;
            possible[state as usize] = all;
        }
        if is_done {
            break;
        }
    }
    let initial = (0..graph.len() as u32).take_while(|&state| graph.way_to(state).len() == 1).collect();
    Some(Valency { graph, decisions, possible, initial })
}

impl<D: Clone + Debug + Ord> Valency<D> {
    /// How many configurations there are.
    pub fn configurations(&self) -> usize {
        self.graph.len()
    }

    /// What can still be decided in `state`, in order. Nothing for a state that cannot be reached.
    pub fn of(&self, state: &impl std::hash::Hash) -> Vec<D> {
        self.graph
            .number(fingerprint(state))
            .map_or(Vec::new(), |number| self.named(self.possible[number as usize]))
    }

    /// Whether more than one decision can still come of `state`.
    pub fn is_bivalent(&self, state: &impl std::hash::Hash) -> bool {
        self.of(state).len() > 1
    }

    /// How many configurations are bivalent.
    pub fn bivalent(&self) -> usize {
        self.possible.iter().filter(|mask| mask.count_ones() > 1).count()
    }

    /// How many configurations have only one decision left.
    pub fn univalent(&self) -> usize {
        self.possible.iter().filter(|mask| mask.count_ones() == 1).count()
    }

    /// How many bivalent configurations are critical: whatever happens next, it is decided what will be decided.
    pub fn critical(&self) -> usize {
        let is_critical = |&state: &u32| {
            let steps = self.graph.steps(state);
            self.possible[state as usize].count_ones() > 1
                && steps.iter().all(|step| step.to == OUT || self.possible[step.to as usize].count_ones() < 2)
        };
        (0..self.graph.len() as u32).filter(is_critical).count()
    }

    /// What can be decided from each initial configuration, in the order of [`Model::initial`], equal ones once.
    pub fn initial(&self) -> Vec<Vec<D>> {
        self.initial.iter().map(|&state| self.named(self.possible[state as usize])).collect()
    }

    fn named(&self, mask: u64) -> Vec<D> {
        let named = self.decisions.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1);
        let mut named: Vec<D> = named.map(|(_, decision)| decision.clone()).collect();
        named.sort();
        named
    }

    /// Shows how many configurations there are of each kind, in a notebook.
    pub fn evcxr_display(&self) {
        rich::show("text/html", &format!("<div>{}</div>", escape(&self.to_string())));
        rich::show("text/plain", &self.to_string());
    }
}

/// "1,024 configurations: 300 bivalent (4 critical), 700 univalent, 24 without a decision".
impl<D: Clone + Debug + Ord> fmt::Display for Valency<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (all, bivalent, univalent) = (self.configurations(), self.bivalent(), self.univalent());
        let [all, bivalent, univalent, none] =
            [all, bivalent, univalent, all - bivalent - univalent].map(|count| grouped(count as u64));
        let critical = grouped(self.critical() as u64);
        write!(
            f,
            "{all} configurations: {bivalent} bivalent ({critical} critical), {univalent} univalent, {none} without a decision"
        )
    }
}

impl<D: Clone + Debug + Ord> Debug for Valency<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Who decides what happens next.
pub trait Scheduler<M: Model> {
    /// The place of the action that happens next, of those that can; nothing ends the run.
    fn choose(&mut self, model: &M, state: &M::State, actions: &[M::Action]) -> Option<usize>;
}

/// A run under a scheduler.
#[derive(Clone, Debug)]
pub struct Run<S> {
    /// What happened.
    pub path: Path,
    /// The state after it.
    pub state: S,
}

/// Runs `model` from its first initial state, at most so many steps; nothing if it has no initial state.
pub fn schedule<M: Model>(
    model: &M,
    scheduler: &mut impl Scheduler<M>,
    steps: usize,
) -> Option<Run<M::State>> {
    let mut state = model.initial().into_iter().next()?;
    let mut path = Path { begins: format!("{state:?}"), is_whole: true, ..Path::default() };
    for _ in 0..steps {
        let mut actions = Vec::new();
        model.actions(&state, &mut actions);
        actions.retain(|action| model.next(&state, action).is_some());
        let Some(action) = scheduler.choose(model, &state, &actions).and_then(|at| actions.get(at)) else {
            break;
        };
        let Some(next) = model.next(&state, action) else { break };
        path.steps.push(Step { action: model.words(action), changes: model.changes(&state, &next) });
        state = next;
    }
    path.ends = format!("{state:?}");
    Some(Run { path, state })
}

/// What has been possible for longest happens next: nobody waits for ever.
#[derive(Clone, Debug, Default)]
pub struct Fair {
    /// The actions that are possible, by their fingerprints, the one that has been so for longest first.
    waiting: Vec<u64>,
}

impl Fair {
    /// The places of `actions`, the one that has been possible for longest first.
    fn by_age<A: std::hash::Hash>(&mut self, actions: &[A]) -> Vec<usize> {
        let prints: Vec<u64> = actions.iter().map(fingerprint).collect();
        self.waiting.retain(|waiting| prints.contains(waiting));
        for print in &prints {
            if !self.waiting.contains(print) {
                self.waiting.push(*print);
            }
        }
        let places =
            self.waiting.iter().filter_map(|waiting| prints.iter().position(|print| print == waiting));
        places.collect()
    }

    /// It has happened: it waits behind all others.
    fn happened(&mut self, action: &impl std::hash::Hash) {
        let print = fingerprint(action);
        self.waiting.retain(|waiting| *waiting != print);
    }
}

impl<M: Model> Scheduler<M> for Fair {
    fn choose(&mut self, _model: &M, _state: &M::State, actions: &[M::Action]) -> Option<usize> {
        let first = self.by_age(actions).first().copied()?;
        self.happened(&actions[first]);
        Some(first)
    }
}

/// Keeps more than one decision possible for as long as that can be done, and lets what waits happen as soon as it can without deciding: the oldest first, after others if
/// need be (Lemma 3 of the proof). The run ends where every step decides.
pub struct Adversary<'v, D> {
    valency: &'v Valency<D>,
    fair: Fair,
}

impl<'v, D: Clone + Debug + Ord> Adversary<'v, D> {
    /// One that knows what can still be decided.
    pub fn keep_bivalent(valency: &'v Valency<D>) -> Adversary<'v, D> {
        Adversary { valency, fair: Fair::default() }
    }

    /// The first action of a shortest way from `state` through bivalent configurations to one in which `wanted` happens and leaves it bivalent.
    fn first_towards<M: Model>(&self, model: &M, state: &M::State, wanted: &M::Action) -> Option<M::Action> {
        /// Ways longer than through so many configurations are not looked for: the next oldest may have a shorter one.
        const MOST: usize = 10_000;
        let target = fingerprint(wanted);
        let mut met: Vec<(M::State, Option<M::Action>)> = vec![(state.clone(), None)];
        let mut prints = vec![fingerprint(state)];
        let mut at = 0;
        while at < met.len().min(MOST) {
            let (here, first) = met[at].clone();
            let mut actions = Vec::new();
            model.actions(&here, &mut actions);
            for action in actions {
                let Some(next) = model.next(&here, &action) else { continue };
                if !self.valency.is_bivalent(&next) {
                    continue;
                }
                let begins = first.clone().unwrap_or_else(|| action.clone());
                if fingerprint(&action) == target {
                    return Some(begins);
                }
                if !prints.contains(&fingerprint(&next)) {
                    prints.push(fingerprint(&next));
                    met.push((next, Some(begins)));
                }
            }
            at += 1;
        }
        None
    }
}

impl<M: Model, D: Clone + Debug + Ord> Scheduler<M> for Adversary<'_, D> {
    fn choose(&mut self, model: &M, state: &M::State, actions: &[M::Action]) -> Option<usize> {
        let by_age = self.fair.by_age(actions);
        let first = by_age.into_iter().find_map(|place| self.first_towards(model, state, &actions[place]))?;
        self.fair.happened(&first);
        actions.iter().position(|action| fingerprint(action) == fingerprint(&first))
    }
}

//! States as a graph: which leads to which, by what. For questions about runs, which states alone do not answer.

use std::collections::VecDeque;

use netsplit_node::interrupt;
use netsplit_node::progress::Progress;

use super::arena::Index;
use super::fingerprint::fingerprint;
use super::model::Model;
use super::report::grouped;

/// Some states, numbered in the order in which a breadth-first search meets them, and the steps between them.
pub(crate) struct Graph {
    pub(crate) prints: Vec<u64>,
    /// The state from which each was first met; itself for an initial state.
    parents: Vec<u32>,
    /// Where the steps of each state begin.
    starts: Vec<u32>,
    steps: Vec<Step>,
    numbers: Index,
    classes: Index,
    pub(crate) count_of_classes: u32,
}

/// A step of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The state to which it leads, or [`OUT`].
    pub(crate) to: u32,
    /// What fairness asks of it: equal actions are of one class. [`UNFAIR`] if nothing.
    pub(crate) class: u32,
}

/// A state that is not in the graph.
pub(crate) const OUT: u32 = u32::MAX;
/// An action that need not happen.
pub(crate) const UNFAIR: u32 = u32::MAX;

impl Graph {
    fn new() -> Graph {
        Graph {
            prints: Vec::new(),
            parents: Vec::new(),
            starts: Vec::new(),
            steps: Vec::new(),
            numbers: Index::new(),
            classes: Index::new(),
            count_of_classes: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.prints.len()
    }

    /// The steps out of a state.
    pub(crate) fn steps(&self, state: u32) -> &[Step] {
        let start = self.starts[state as usize] as usize;
        let end = self.starts.get(state as usize + 1).map_or(self.steps.len(), |&end| end as usize);
        &self.steps[start..end]
    }

    /// The state of this fingerprint.
    pub(crate) fn number(&self, print: u64) -> Option<u32> {
        self.numbers.get(print)
    }

    /// The states on a shortest way to this one from an initial one.
    pub(crate) fn way_to(&self, state: u32) -> Vec<u32> {
        let mut way = vec![state];
        while let Some(&last) = way.last()
            && self.parents[last as usize] != last
        {
            way.push(self.parents[last as usize]);
        }
        way.reverse();
        way
    }

    fn meet(&mut self, print: u64, parent: Option<u32>) -> u32 {
        let number = self.prints.len() as u32;
        self.prints.push(print);
        self.parents.push(parent.unwrap_or(number));
        self.numbers.insert(print, number);
        number
    }

    fn class(&mut self, print: u64) -> u32 {
        self.classes.get(print).unwrap_or_else(|| {
            self.classes.insert(print, self.count_of_classes);
            self.count_of_classes += 1;
            self.count_of_classes - 1
        })
    }

    fn bytes(&self) -> usize {
        self.prints.len() * 16
            + self.steps.len() * size_of::<Step>()
            + self.numbers.bytes()
            + self.classes.bytes()
    }
}

/// The graph of the states that `holds` lets in and that can be reached through such states alone; nothing if it does not fit into `memory` or the user
/// stops it.
pub(crate) fn build<M: Model>(
    model: &M,
    memory: usize,
    mut holds: impl FnMut(&M::State) -> bool,
) -> Option<Graph> {
    let mut graph = Graph::new();
    let mut progress = Progress::begin();
    let (mut waiting, mut weight) = (VecDeque::new(), 0);
    for state in model.initial() {
        let print = fingerprint(&state);
        if holds(&state) && graph.number(print).is_none() {
            graph.meet(print, None);
            weight += model.weight(&state);
            waiting.push_back(state);
        }
    }
    let mut actions = Vec::new();
    let mut outside = Index::new();
    for number in 0_u32.. {
        let Some(state) = waiting.pop_front() else { break };
        weight -= model.weight(&state);
        graph.starts.push(graph.steps.len() as u32);
        actions.clear();
        model.actions(&state, &mut actions);
        for action in &actions {
            let Some(next) = model.next(&state, action) else { continue };
            let print = fingerprint(&next);
            let to = match graph.number(print) {
                Some(known) => known,
                None if outside.get(print).is_some() => OUT,
                None if holds(&next) => {
                    weight += model.weight(&next);
                    waiting.push_back(next);
                    graph.meet(print, Some(number))
                }
                None => {
                    outside.insert(print, 0);
                    OUT
                }
            };
            let class = if model.is_fair(action) { graph.class(fingerprint(action)) } else { UNFAIR };
            let step = Step { to, class };
            // Steps of one state that are alike to fairness and lead to the same are one.
            let start = graph.starts[number as usize] as usize;
            if !graph.steps[start..].contains(&step) {
                graph.steps.push(step);
            }
        }
        if number % 256 == 0 {
            if interrupt::is_asked() || graph.bytes() + outside.bytes() + weight > memory {
                return None;
            }
            let states = graph.len() as u64;
            progress.tell(|| format!("looking at runs: a graph of {} states", grouped(states)));
        }
    }
    Some(graph)
}

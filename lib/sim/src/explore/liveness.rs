//! Whether something must happen at some time: is there a fair run in which it never does?
//!
//! Such a run stays for ever among the states in which it has not happened. It either ends in one, where nothing that must happen can, or goes round in a
//! circle of them. All of these states and the steps between them are a graph, so two ways that join are both seen, and a way that comes back to itself
//! is a circle and not forgotten. What goes round for ever goes round in one strongly connected component (Tarjan, 1972), and it can do so fairly
//! exactly if of every action that is possible in all of the component's states some step stays within (weak fairness: Lamport, "Fairness and hyperfairness",
//! 2000): the run may go through all its states and all its steps again and again, and whoever is never possible for long is owed nothing.

use super::graph::{Graph, OUT, UNFAIR};

/// A fair run in which it never happens, by the numbers of its states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lasso {
    /// From an initial state to where it begins to repeat itself.
    pub(crate) stem: Vec<u32>,
    /// On from there and back to it. Empty if it stays where it is, since nothing that must happen can.
    pub(crate) circle: Vec<u32>,
}

/// A fair run that stays in the graph for ever, if there is one: of several the one that begins to repeat itself first. Without `fair`, any run.
pub(crate) fn lasso(graph: &Graph, fair: bool) -> Option<Lasso> {
    let components = components(graph);
    let mut members = vec![Vec::new(); components.iter().max().map_or(0, |&last| last as usize + 1)];
    for (state, &component) in components.iter().enumerate() {
        members[component as usize].push(state as u32);
    }
    (0..graph.len() as u32).find_map(|state| {
        if is_over(graph, state, fair) {
            return Some(Lasso { stem: graph.way_to(state), circle: Vec::new() });
        }
        let component = components[state as usize];
        let all = &members[component as usize];
        // Each component is looked at where it is first met.
        let stays = all[0] == state && is_circular(graph, &components, all);
        (stays && (!fair || is_fair(graph, &components, all)))
            .then(|| Lasso { stem: graph.way_to(state), circle: circle(graph, &components, all, fair) })
    })
}

/// Whether a run may end here: nothing can happen that must.
fn is_over(graph: &Graph, state: u32, fair: bool) -> bool {
    graph.steps(state).iter().all(|step| fair && step.class == UNFAIR)
}

/// Whether some step stays within the component.
fn is_circular(graph: &Graph, components: &[u32], all: &[u32]) -> bool {
    all.iter().any(|&state| graph.steps(state).iter().any(|step| stays(components, state, step.to)))
}

fn stays(components: &[u32], from: u32, to: u32) -> bool {
    to != OUT && components[to as usize] == components[from as usize]
}

/// For each class: in how many of the states it is possible, and whether one of its steps stays within.
fn classes(graph: &Graph, components: &[u32], all: &[u32]) -> Vec<(u32, usize, bool)> {
    let mut seen: Vec<(u32, u32, bool)> = Vec::new();
    for &state in all {
        let fair = graph.steps(state).iter().filter(|step| step.class != UNFAIR);
        seen.extend(fair.map(|step| (step.class, state, stays(components, state, step.to))));
    }
    seen.sort_unstable();
    let of_class = seen.chunk_by(|one, other| one.0 == other.0);
    of_class
        .map(|steps| {
            let states = steps.chunk_by(|one, other| one.1 == other.1).count();
            (steps[0].0, states, steps.iter().any(|step| step.2))
        })
        .collect()
}

/// Whether a run can stay in the component for ever and be fair.
fn is_fair(graph: &Graph, components: &[u32], all: &[u32]) -> bool {
    classes(graph, components, all).iter().all(|&(_, states, within)| within || states < all.len())
}

/// A way through the component and back to its first state that owes nothing to any class: it takes a step of it, or passes a state in which it is not
/// possible.
fn circle(graph: &Graph, components: &[u32], all: &[u32], fair: bool) -> Vec<u32> {
    let first = all[0];
    let mut way = vec![first];
    let mut owed: Vec<(u32, bool)> = Vec::new();
    if fair {
        owed =
            classes(graph, components, all).into_iter().map(|(class, _, within)| (class, within)).collect();
    }
    let pays = |from: u32, to: u32, class: u32| {
        let possible = |state: u32| graph.steps(state).iter().any(|step| step.class == class);
        !possible(to) || graph.steps(from).iter().any(|step| step.to == to && step.class == class)
    };
    while let Some(&(class, _)) = owed.first() {
        let here = *way.last().unwrap_or(&first);
        let leg = shortest(graph, components, here, |from, to| pays(from, to, class));
        way.extend(leg);
        owed.retain(|&(class, _)| !way.windows(2).any(|step| pays(step[0], step[1], class)));
    }
    let here = *way.last().unwrap_or(&first);
    if here != first || way.len() == 1 {
        way.extend(shortest(graph, components, here, |_, to| to == first));
    }
    way.remove(0);
    way
}

/// The states of a shortest way within the component whose last step is one that is `wanted`, without the first.
fn shortest(graph: &Graph, components: &[u32], from: u32, wanted: impl Fn(u32, u32) -> bool) -> Vec<u32> {
    let mut met: Vec<(u32, usize)> = vec![(from, 0)];
    let mut is_met = vec![false; graph.len()];
    is_met[from as usize] = true;
    let mut next = 0;
    while next < met.len() {
        let state = met[next].0;
        for step in graph.steps(state).iter().filter(|step| stays(components, state, step.to)) {
            if wanted(state, step.to) {
                let mut way = vec![step.to];
                let mut at = next;
                while at > 0 {
                    way.push(met[at].0);
                    at = met[at].1;
                }
                way.reverse();
                return way;
            }
            if !std::mem::replace(&mut is_met[step.to as usize], true) {
                met.push((step.to, next));
            }
        }
        next += 1;
    }
    Vec::new()
}

/// The number of each state's strongly connected component (Tarjan, "Depth-first search and linear graph algorithms", 1972), without recursion, since
/// graphs are deep.
fn components(graph: &Graph) -> Vec<u32> {
    const NONE: u32 = u32::MAX;
    let count = graph.len();
    let (mut index, mut low) = (vec![NONE; count], vec![0; count]);
    let (mut component, mut components) = (vec![NONE; count], 0);
    let (mut stack, mut next_index) = (Vec::new(), 0);
    for root in 0..count as u32 {
        if index[root as usize] != NONE {
            continue;
        }
        let mut calls: Vec<(u32, usize)> = vec![(root, 0)];
        while let Some((state, at)) = calls.pop() {
            let here = state as usize;
            if at == 0 {
                (index[here], low[here]) = (next_index, next_index);
                next_index += 1;
                stack.push(state);
            }
            let mut inner = graph.steps(state).iter().enumerate().skip(at).filter(|(_, step)| step.to != OUT);
            let unmet = inner.find_map(|(number, step)| {
                let to = step.to as usize;
                if index[to] == NONE {
                    return Some((number, step.to));
                }
                if component[to] == NONE {
                    low[here] = low[here].min(index[to]);
                }
                None
            });
            if let Some((number, to)) = unmet {
                calls.push((state, number + 1));
                calls.push((to, 0));
                continue;
            }
            if low[here] == index[here] {
                while let Some(member) = stack.pop() {
                    component[member as usize] = components;
                    if member == state {
                        break;
                    }
                }
                components += 1;
            }
            if let Some(&(parent, _)) = calls.last() {
                low[parent as usize] = low[parent as usize].min(low[here]);
            }
        }
    }
    component
}

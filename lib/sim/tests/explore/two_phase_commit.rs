//! Two-phase commit as a model written by hand: a subset of the specification in Gray and Lamport, "Consensus on Transaction Commit", 2006, as
//! Stateright's published example has it, so that the numbers of states can be compared.

use std::collections::BTreeSet;

use netsplit_sim::explore::{Explore, Model, explore};

/// One transaction manager and so many resource managers.
#[derive(Clone, Debug)]
pub struct TwoPhaseCommit {
    pub resource_managers: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub managers: Vec<Manager>,
    pub coordinator: Coordinator,
    pub prepared: Vec<bool>,
    pub messages: BTreeSet<Message>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Manager {
    Working,
    Prepared,
    Committed,
    Aborted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coordinator {
    Init,
    Committed,
    Aborted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    Prepared(usize),
    Commit,
    Abort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    CoordinatorHears(usize),
    CoordinatorCommits,
    CoordinatorAborts,
    Prepares(usize),
    ChoosesToAbort(usize),
    HearsCommit(usize),
    HearsAbort(usize),
}

impl Model for TwoPhaseCommit {
    type State = State;
    type Action = Action;

    fn initial(&self) -> Vec<State> {
        let count = self.resource_managers;
        vec![State {
            managers: vec![Manager::Working; count],
            coordinator: Coordinator::Init,
            prepared: vec![false; count],
            messages: BTreeSet::new(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let is_open = state.coordinator == Coordinator::Init;
        if is_open && state.prepared.iter().all(|prepared| *prepared) {
            actions.push(Action::CoordinatorCommits);
        }
        if is_open {
            actions.push(Action::CoordinatorAborts);
        }
        for manager in 0..self.resource_managers {
            if is_open && state.messages.contains(&Message::Prepared(manager)) {
                actions.push(Action::CoordinatorHears(manager));
            }
            if state.managers[manager] == Manager::Working {
                actions.extend([Action::Prepares(manager), Action::ChoosesToAbort(manager)]);
            }
            if state.messages.contains(&Message::Commit) {
                actions.push(Action::HearsCommit(manager));
            }
            if state.messages.contains(&Message::Abort) {
                actions.push(Action::HearsAbort(manager));
            }
        }
    }

    fn next(&self, state: &State, action: &Action) -> Option<State> {
        let mut next = state.clone();
        match *action {
            Action::CoordinatorHears(manager) => next.prepared[manager] = true,
            Action::CoordinatorCommits => {
                next.coordinator = Coordinator::Committed;
                next.messages.insert(Message::Commit);
            }
            Action::CoordinatorAborts => {
                next.coordinator = Coordinator::Aborted;
                next.messages.insert(Message::Abort);
            }
            Action::Prepares(manager) => {
                next.managers[manager] = Manager::Prepared;
                next.messages.insert(Message::Prepared(manager));
            }
            Action::ChoosesToAbort(manager) | Action::HearsAbort(manager) => {
                next.managers[manager] = Manager::Aborted;
            }
            Action::HearsCommit(manager) => next.managers[manager] = Manager::Committed,
        }
        Some(next)
    }

    /// The two vectors and the nodes of the set lie behind pointers.
    fn weight(&self, state: &State) -> usize {
        size_of_val(state) + 2 * state.managers.len() + state.messages.len().div_ceil(11) * 200
    }
}

/// Both decisions are possible, and nobody ever commits what another has aborted.
pub fn two_phase_commit(resource_managers: usize) -> Explore<TwoPhaseCommit> {
    let all = |state: &State, wanted| state.managers.iter().all(|manager| *manager == wanted);
    let any = |state: &State, wanted| state.managers.contains(&wanted);
    explore(TwoPhaseCommit { resource_managers })
        .sometimes("abort agreement", move |_, state| all(state, Manager::Aborted))
        .sometimes("commit agreement", move |_, state| all(state, Manager::Committed))
        .always("consistent", move |_, state| {
            !(any(state, Manager::Aborted) && any(state, Manager::Committed))
        })
}

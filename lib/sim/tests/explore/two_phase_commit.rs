//! Two-phase commit as a model written by hand: a subset of the specification in Gray and Lamport, "Consensus on Transaction Commit", 2006, as
//! Stateright's published example has it, so that the numbers of states can be compared.

use netsplit_sim::explore::{Explore, Model, explore};

/// One transaction manager and `N` resource managers.
#[derive(Clone, Debug)]
pub struct TwoPhaseCommit<const N: usize>;

/// Messages are never taken away, so what was sent is a set: who has said that it is prepared, and what the coordinator has said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State<const N: usize> {
    pub managers: [Manager; N],
    pub coordinator: Coordinator,
    pub prepared: [bool; N],
    pub said_prepared: [bool; N],
    pub said_commit: bool,
    pub said_abort: bool,
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

impl<const N: usize> Model for TwoPhaseCommit<N> {
    type State = State<N>;
    type Action = Action;

    fn initial(&self) -> Vec<State<N>> {
        vec![State {
            managers: [Manager::Working; N],
            coordinator: Coordinator::Init,
            prepared: [false; N],
            said_prepared: [false; N],
            said_commit: false,
            said_abort: false,
        }]
    }

    fn actions(&self, state: &State<N>, actions: &mut Vec<Action>) {
        let is_open = state.coordinator == Coordinator::Init;
        if is_open && state.prepared.iter().all(|prepared| *prepared) {
            actions.push(Action::CoordinatorCommits);
        }
        if is_open {
            actions.push(Action::CoordinatorAborts);
        }
        for manager in 0..N {
            if is_open && state.said_prepared[manager] {
                actions.push(Action::CoordinatorHears(manager));
            }
            if state.managers[manager] == Manager::Working {
                actions.extend([Action::Prepares(manager), Action::ChoosesToAbort(manager)]);
            }
            if state.said_commit {
                actions.push(Action::HearsCommit(manager));
            }
            if state.said_abort {
                actions.push(Action::HearsAbort(manager));
            }
        }
    }

    fn next(&self, state: &State<N>, action: &Action) -> Option<State<N>> {
        let mut next = state.clone();
        match *action {
            Action::CoordinatorHears(manager) => next.prepared[manager] = true,
            Action::CoordinatorCommits => {
                next.coordinator = Coordinator::Committed;
                next.said_commit = true;
            }
            Action::CoordinatorAborts => {
                next.coordinator = Coordinator::Aborted;
                next.said_abort = true;
            }
            Action::Prepares(manager) => {
                next.managers[manager] = Manager::Prepared;
                next.said_prepared[manager] = true;
            }
            Action::ChoosesToAbort(manager) | Action::HearsAbort(manager) => {
                next.managers[manager] = Manager::Aborted;
            }
            Action::HearsCommit(manager) => next.managers[manager] = Manager::Committed,
        }
        Some(next)
    }
}

/// Both decisions are possible, and nobody ever commits what another has aborted.
pub fn two_phase_commit<const N: usize>() -> Explore<TwoPhaseCommit<N>> {
    let all = |state: &State<N>, wanted| state.managers.iter().all(|manager| *manager == wanted);
    let any = |state: &State<N>, wanted| state.managers.contains(&wanted);
    explore(TwoPhaseCommit)
        .sometimes("abort agreement", move |_, state| all(state, Manager::Aborted))
        .sometimes("commit agreement", move |_, state| all(state, Manager::Committed))
        .always("consistent", move |_, state| {
            !(any(state, Manager::Aborted) && any(state, Manager::Committed))
        })
}

//! Reductions: fewer states and the same answers where they are right, a refusal with a sentence where they are not.

use netsplit_sim::explore::{Model, Standing, explore};

use crate::two_phase_commit::{Action, Manager, State, TwoPhaseCommit};

/// The participants, sorted.
fn sorted<const N: usize>(state: &State<N>) -> State<N> {
    let mut all: Vec<_> =
        (0..N).map(|it| (state.managers[it], state.prepared[it], state.said_prepared[it])).collect();
    all.sort();
    let mut next = state.clone();
    for (it, (manager, prepared, said)) in all.into_iter().enumerate() {
        (next.managers[it], next.prepared[it], next.said_prepared[it]) = (manager, prepared, said);
    }
    next
}

fn consistent<const N: usize>(state: &State<N>) -> bool {
    !(state.managers.contains(&Manager::Aborted) && state.managers.contains(&Manager::Committed))
}

#[test]
fn participants_who_are_alike_are_taken_for_each_other() {
    // All states of five participants stand for few; what is violated is found with as short a way; the report does not depend on the threads.
    let whole = explore(TwoPhaseCommit::<5>).always("consistent", |_, state| consistent(state)).run();
    let less =
        || explore(TwoPhaseCommit::<5>).symmetry(sorted).always("consistent", |_, state| consistent(state));
    let found = less().run();
    assert!(found.holds() && found.states < whole.states / 20, "{found}");
    assert_eq!(found.to_string(), less().on_threads(1).run().to_string());
    let all = |state: &State<5>| state.managers == [Manager::Committed; 5];
    let to = |explore: netsplit_sim::explore::Explore<TwoPhaseCommit<5>>| {
        let found = explore.always("not all", move |_, state| !all(state)).run();
        let path = found.counterexample().expect("all can commit").clone();
        assert!(path.is_whole, "{path}");
        path.steps.len()
    };
    assert_eq!(to(less()), to(explore(TwoPhaseCommit::<5>)));
}

#[test]
fn a_property_that_tells_alike_states_apart_is_refused() {
    // Who the first is is exactly what symmetry forgets; the other property is answered.
    let found = explore(TwoPhaseCommit::<3>)
        .symmetry(sorted)
        .always("consistent", |_, state| consistent(state))
        .sometimes("the first is prepared and not the second", |_, state| {
            state.managers[0] == Manager::Prepared && state.managers[1] == Manager::Working
        })
        .eventually("somebody decides", |_, state| state.managers.iter().all(|it| *it != Manager::Working))
        .run();
    assert!(found.findings[0].holds(), "{found}");
    assert!(
        matches!(&found.findings[1].standing, Standing::Refused(why) if why.contains("which stands for it")),
        "{found}"
    );
    assert!(
        matches!(&found.findings[2].standing, Standing::Refused(why) if why.contains("runs that a reduction leaves out")),
        "{found}"
    );
}

/// Processes that each count to 3 by themselves, and then add 1 to a number of all.
struct Counters {
    processes: usize,
}

impl Model for Counters {
    type State = (Vec<u8>, u8);
    type Action = usize;
    fn initial(&self) -> Vec<(Vec<u8>, u8)> {
        vec![(vec![0; self.processes], 0)]
    }
    fn actions(&self, (own, _): &(Vec<u8>, u8), actions: &mut Vec<usize>) {
        // What is local is another action than what is not.
        actions.extend(
            (0..self.processes).filter(|&it| own[it] < 4).map(|it| if own[it] < 3 { it } else { it + 100 }),
        );
    }
    fn next(&self, (own, all): &(Vec<u8>, u8), action: &usize) -> Option<(Vec<u8>, u8)> {
        let (mut own, mut all) = (own.clone(), *all);
        own[action % 100] += 1;
        if *action >= 100 {
            all = all * 2 + (action % 2) as u8;
        }
        Some((own, all))
    }
}

#[test]
fn steps_that_matter_to_nobody_are_taken_in_one_order() {
    // Only the last steps are taken in every order: far fewer states, and the same ends.
    let whole = explore(Counters { processes: 3 })
        .sometimes("all are done", |_, (own, _)| own.iter().all(|it| *it == 4))
        .run();
    let less = explore(Counters { processes: 3 })
        .local(|action| *action < 100)
        .sometimes("all are done", |_, (own, _)| own.iter().all(|it| *it == 4))
        .run();
    assert!(whole.holds() && less.holds() && less.states * 2 < whole.states, "{whole} {less}");
}

#[test]
fn what_is_not_local_is_refused() {
    // A property that a local action changes; and an action that another makes impossible.
    let found = explore(Counters { processes: 2 })
        .local(|action| *action < 100)
        .always("nobody counts", |_, (own, _)| own[0] == 0)
        .always("always", |_, _| true)
        .run();
    assert!(
        matches!(&found.findings[0].standing, Standing::Refused(why) if why.contains("is not local to it")),
        "{found}"
    );
    let abort = explore(TwoPhaseCommit::<3>).local(|action| matches!(action, Action::CoordinatorHears(_)));
    let found = abort.always("consistent", |_, state| consistent(state)).run();
    assert!(
        matches!(found.findings[0].standing, Standing::Refused(_)),
        "to abort makes it impossible to hear: {found}"
    );
}

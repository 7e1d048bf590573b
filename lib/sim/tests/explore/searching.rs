//! What a search promises, whatever it searches: shortest ways, the same report on any number of threads, partial answers within a budget.

use std::collections::BTreeSet;

use netsplit_sim::explore::{Budget, Ended, Model, Standing, explore};

use crate::two_phase_commit::{Coordinator, Manager, TwoPhaseCommit, two_phase_commit};

/// A walk on a square: one step right or up.
struct Square {
    side: u32,
}

impl Model for Square {
    type State = (u32, u32);
    type Action = &'static str;
    fn initial(&self) -> Vec<(u32, u32)> {
        vec![(0, 0)]
    }
    fn actions(&self, _: &(u32, u32), actions: &mut Vec<&'static str>) {
        actions.extend(["right", "up", "stay"]);
    }
    fn next(&self, &(x, y): &(u32, u32), action: &&'static str) -> Option<(u32, u32)> {
        let next = match *action {
            "right" => (x + 1, y),
            "up" => (x, y + 1),
            _ => (x, y),
        };
        (next.0 < self.side && next.1 < self.side).then_some(next)
    }
}

#[test]
fn counts_are_those_of_arithmetic() {
    // States, transitions and depth of a square, in every order.
    let side = 300;
    for explore in [
        explore(Square { side }).on_threads(1),
        explore(Square { side }).on_threads(4),
        explore(Square { side }).depth_first(),
    ] {
        let found = explore.run();
        let side = u64::from(side);
        assert_eq!((found.states, found.transitions), (side * side, 2 * side * (side - 1) + side * side));
        assert!(found.is_complete());
    }
    assert_eq!(explore(Square { side }).run().depth, 2 * (side - 1));
}

#[test]
fn a_counterexample_is_shortest_and_the_same_on_any_number_of_threads() {
    // Many states of one depth violate it, and many ways lead to each: the report does not depend on who comes first.
    let reports: BTreeSet<String> = [1, 2, 3, 4, 2, 2, 2]
        .into_iter()
        .map(|threads| {
            let never_far =
                explore(Square { side: 500 }).always("near", |_, (x, y)| x + y < 137 || x * y % 7 != 3);
            let found = never_far.on_threads(threads).run();
            assert_eq!(found.counterexample().expect("it is violated").steps.len(), 137, "{found}");
            found.to_string()
        })
        .collect();
    assert_eq!(reports.len(), 1, "{reports:#?}");
}

#[test]
fn a_path_tells_what_each_action_changes() {
    // Two participants; "nobody commits" is violated in as few actions as it takes to commit.
    let model = TwoPhaseCommit::<2>;
    let found = explore(model)
        .always("nobody commits", |_, state| !state.managers.contains(&Manager::Committed))
        .run();
    let path = found.counterexample().expect("somebody does");
    assert_eq!(path.steps.len(), 6, "{path}");
    assert_eq!(path.steps[4].action, "CoordinatorCommits");
    assert_eq!(path.steps[4].changes, ["coordinator: Init -> Committed", "said_commit: false -> true"]);
    let deep = explore(TwoPhaseCommit::<2>)
        .always("undecided", |_, state| state.coordinator != Coordinator::Committed)
        .depth_first()
        .run();
    assert!(
        deep.counterexample().expect("it is found").steps.len() >= 5
            && deep.counterexample().unwrap().is_whole
    );
}

#[test]
fn what_can_never_happen_is_told() {
    // A property of the kind "sometimes" fails if all states were seen, and is open if they were not.
    let never =
        |budget| explore(Square { side: 40 }).sometimes("outside", |_, (x, _)| *x > 50).within(budget).run();
    let found = never(Budget::STANDARD);
    assert!(!found.holds() && found.to_string().contains("sometimes outside: never happens"), "{found}");
    assert_eq!(never(Budget::states(100)).findings[0].standing, Standing::Open);
}

#[test]
fn a_budget_ends_it_with_what_was_found_so_far() {
    // Memory, states, depth: each ends it, says so, and holds nothing for certain that was not seen.
    let square = || explore(Square { side: 3000 }).always("inside", |_, (x, _)| *x < 3000).on_threads(2);
    for order in [square(), square().depth_first()] {
        let found = order.within(Budget::memory(4 << 20)).run();
        assert_eq!(found.ended, Ended::OverMemory, "{found}");
        assert!(found.states > 20_000 && found.memory <= 4 << 20 && !found.holds(), "{found}");
    }
    let found = square().within(Budget::states(10_000)).run();
    assert!(found.ended == Ended::OverStates && found.states >= 10_000, "{found}");
    let found = square().within(Budget::depth(9)).run();
    assert!(found.ended == Ended::OverDepth && found.states == 55 && found.depth == 9, "{found}");
    let found = square().depth_first().within(Budget::depth(9)).run();
    assert!(found.ended == Ended::OverDepth && found.depth == 9, "{found}");
}

#[test]
fn random_walks_find_what_is_deep_and_are_the_same_on_any_number_of_threads() {
    // The state space is out of reach of the other orders; the walk that is told is the first by its number.
    let walks = |threads| {
        let deep = explore(Square { side: u32::MAX }).always("never far right", |_, (x, _)| *x < 360);
        deep.random(7, 200, 1000).on_threads(threads).run()
    };
    let found = walks(1);
    let path =
        found.counterexample().expect("a walk of 1000 steps goes 333 to the right on average, some 360");
    assert_eq!(path.actions().iter().filter(|action| **action == "\"right\"").count(), 360);
    assert_eq!(found.to_string(), walks(3).to_string());
}

#[test]
fn a_panic_in_a_model_is_the_callers() {
    // On whichever thread it happens.
    let panicked = std::panic::catch_unwind(|| {
        explore(Square { side: 400 })
            .always("bad", |_, (x, y)| if x + y == 600 { panic!("as wanted") } else { true })
            .run()
    });
    let panic = panicked.expect_err("it panics");
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"as wanted"));
}

#[test]
fn all_orders_agree_about_two_phase_commit() {
    // And a report is the same on any number of threads, to the letter.
    let reports: BTreeSet<String> =
        (1..4).map(|threads| two_phase_commit::<5>().on_threads(threads).run().to_string()).collect();
    assert_eq!(reports.len(), 1, "{reports:?}");
}

//! Numbers of states, as Stateright's published examples have them.

use crate::two_phase_commit::two_phase_commit;

#[test]
fn two_phase_commit_has_as_many_states_as_are_known() {
    // With 3, 5 and 7 participants, in every order of search, on one thread and on several; all properties hold.
    for (managers, states) in [(3, 288), (5, 8_832), (7, 296_448)] {
        for threads in [1, 3] {
            let found = two_phase_commit(managers).on_threads(threads).run();
            assert_eq!((found.states, found.holds()), (states, true), "{found}");
        }
    }
    let found = two_phase_commit(5).depth_first().run();
    assert_eq!((found.states, found.holds()), (8_832, true), "{found}");
}

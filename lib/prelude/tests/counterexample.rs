//! What a counterexample prints as a test compiles against what a cell sees, and fails there as the run did.

mod printed {
    include!("../../sim/tests/shrink/printed/stale.txt");
}

mod printed_with_all_that_can_be_done {
    include!("../../sim/tests/shrink/printed/rich.txt");
}

#[test]
#[should_panic(expected = "assertion failed: store.history().check(linearizable(spec::KeyValue)).holds()")]
fn a_judged_run_fails_by_its_assertion() {
    // The text is what the simulator's own tests hold a counterexample to print.
    printed::counterexample();
}

#[test]
#[should_panic(expected = "all are up is violated at 12ms (seed 7)")]
fn a_violated_property_fails_by_itself() {
    // With plans, cuts, rules, links and members that come and go before it.
    printed_with_all_that_can_be_done::counterexample();
}

//! A store that answers from its own copy is judged: the second cell of the first chapter's kind.

use netsplit_algorithms::replication::EagerStore;
use netsplit_check::{Check, linearizable, spec};
use netsplit_node::secs;
use netsplit_sim::Lab;

/// Ann's put has ended when bob asks, on the other side of a cut: no store with one copy answers so.
#[test]
fn a_stale_read_is_named_with_the_put_that_it_missed() {
    let lab = Lab::new(42);
    let store = lab.cluster("store", 3, |_id| EagerStore::default());
    let (ann, bob) = (store.client_of(0).named("ann"), store.client_of(2).named("bob"));
    let cut = lab.partition([store.nodes([0]), store.nodes([1, 2])]);
    ann.put("x", 1);
    lab.run_for(secs(1));
    bob.get("x");
    lab.run_for(secs(1));
    lab.heal(cut);
    let verdict = store.history().check(linearizable(spec::KeyValue));
    assert!(
        verdict.to_string().starts_with(
            "Linearizability: violated (2 operations, seed 42)\n\
             - bob's get of x read nothing, after ann's put x = 1 had ended"
        ),
        "{verdict}"
    );
}

/// Without a fault the same two are far enough apart for the write to arrive.
#[test]
fn without_a_cut_the_same_run_holds() {
    let lab = Lab::new(42);
    let store = lab.cluster("store", 3, |_id| EagerStore::default());
    store.client_of(0).put("x", 1);
    lab.run_for(secs(1));
    store.client_of(2).get("x");
    lab.run_for(secs(1));
    let verdict = store.history().check(linearizable(spec::KeyValue));
    assert_eq!(verdict.to_string(), "Linearizability: holds (2 operations)");
}

//! A counterexample as a unit test: what is printed is what is compiled and run here, and it fails as the run did.

use netsplit_algorithms::replication::EagerStore;
use netsplit_node::{ms, secs};
use netsplit_sim::{Counterexample, Keys, Lab, Latency, Shrink, Traffic, Workload};

use crate::runs::linearizability;

/// Where a test's crate depends on `netsplit`, this is what stands there; a test of the prelude compiles one against that.
#[allow(unused_imports, reason = "each printed test uses its part of this")]
mod netsplit {
    pub use netsplit_algorithms::replication::EagerStore;
    pub use netsplit_check::{Check, linearizable, spec};
    pub use netsplit_node::{NodeId, ms, ns, secs, us};
    pub use netsplit_sim::{Group, Lab, Traffic};
}

/// The run that is printed: a store of three, a client that writes and one that reads, and a lossy network.
pub fn stale() -> Counterexample {
    let lab = Lab::new(42);
    let store = lab.cluster("store", 3, |_id| EagerStore::default());
    lab.lose(0.05, Traffic::all().messages());
    store.load(Workload::closed(3).thinking(ms(3)), Keys::uniform(2).reads_and_writes(0.5));
    lab.run_for(ms(500));
    let small = lab.shrink(|lab| linearizability(&lab.of(&store)));
    small.with_assertion("store.history().check(linearizable(spec::KeyValue)).holds()")
}

/// The same with all that can be said in a test: plans, cuts, rules, patience, names, links.
pub fn rich() -> Counterexample {
    let lab = Lab::new(7);
    let store = lab.cluster("the store", 4, |_id| EagerStore::default());
    store.always("all are up", |members| members.iter().all(|member| member.up));
    let ann = store.client_of(0).named("ann").with_deadline(ms(20)).with_retries(1);
    let cut = lab.isolate(store.nodes([1]));
    lab.set_latency(Latency::Uniform(ms(1), ms(2)));
    lab.set_link_latency(store.nodes([0]), store.nodes([2]), Latency::Constant(ms(5)));
    lab.lose_next(1, Traffic::all().from(store.nodes([0])).to(&ann).replies());
    let rule = lab.delay(ms(3), Traffic::all().messages().larger_than(1));
    ann.put("x", "two words");
    lab.run_for(ms(3));
    lab.remove_rule(rule);
    lab.heal(cut);
    lab.play("at 5ms for 2ms: pause nodes={n2} time=1ms\nat 9ms: crash nodes={n3}".parse().unwrap());
    store.join();
    store.leave(1);
    lab.discipline_clocks(store.nodes([0]), secs(1), ms(1));
    lab.heal_all();
    let _ = lab.try_run_for(ms(40));
    // Nothing is left out by a budget of the one run that finds that it fails: what is printed is all of it.
    Shrink::of(&lab).runs(1).violation("all are up").unwrap().with_code(
        "all are up",
        "the_store.always(\"all are up\", |members| members.iter().all(|member| member.up));",
    )
}

/// What `stale` prints. If it is no longer that, a test below says what stands there now.
mod stale_printed {
    use super::netsplit;
    include!("printed/stale.txt");
}

mod rich_printed {
    use super::netsplit;
    include!("printed/rich.txt");
}

#[test]
fn what_is_compiled_here_is_what_is_printed() {
    // Otherwise the tests below would prove nothing.
    for (small, printed) in
        [(stale(), include_str!("printed/stale.txt")), (rich(), include_str!("printed/rich.txt"))]
    {
        let test = small.rust_test().replace("#[test]\nfn", "pub fn");
        assert!(test == printed, "now it prints:\n{test}");
    }
}

#[test]
fn a_printed_test_fails_as_the_run_did() {
    // By its assertion where a judge was asked, by the property where one was; the right store would pass, and here there is none.
    let fails = |test: fn()| {
        let panic = std::panic::catch_unwind(test).expect_err("it fails");
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    };
    assert!(fails(stale_printed::counterexample).contains("assertion failed: store.history().check"));
    let violated = fails(rich_printed::counterexample);
    assert_eq!(violated.lines().next(), rich().failure.lines().next(), "the same, at the same time");
}

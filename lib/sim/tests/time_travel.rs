//! Snapshots, forks and going back: every moment of a run is a place to go on from.

use netsplit_algorithms::replication::EagerStore;
use netsplit_node::{Time, ms, secs};
use netsplit_sim::{Fault, Keys, Lab, Traffic, Workload};

/// A laboratory in which much happens: a workload, loss, a crash, clocks and disks that are not what they should be.
fn busy(seed: u64) -> (Lab, netsplit_sim::Cluster<EagerStore>) {
    let lab = Lab::new(seed);
    let store = lab.cluster("store", 3, |_| EagerStore::default());
    store.load(
        Workload::closed(4).thinking(ms(5)).with_deadline(ms(50)),
        Keys::uniform(5).reads_and_writes(0.5),
    );
    lab.run_for(ms(300));
    lab.lose(0.05, Traffic::all());
    lab.inject(Fault::ClockDrift { nodes: store.nodes([1]), ppb: 5_000_000 });
    lab.inject(Fault::Slow { nodes: store.nodes([2]), factor: 5 });
    lab.run_for(ms(300));
    store.crash(0);
    lab.run_for(ms(300));
    store.restart(0);
    store.join();
    lab.run_for(ms(300));
    (lab, store)
}

#[test]
fn a_restored_world_goes_on_as_it_would_have() {
    // The same moment twice, and the same future; what was done in between is undone.
    let (lab, store) = busy(1);
    let snapshot = lab.snapshot();
    lab.run_for(secs(1));
    let future = (lab.trace_hash(), lab.traffic(), format!("{store:?}"));
    lab.restore(&snapshot);
    store.crash(1);
    lab.run_for(secs(3));
    assert_ne!(lab.trace_hash(), future.0);
    lab.restore(&snapshot);
    lab.run_for(secs(1));
    assert_eq!((lab.trace_hash(), lab.traffic(), format!("{store:?}")), future);
}

#[test]
fn a_fork_does_not_touch_its_origin() {
    // Two futures of one moment, each on its own; handles find their counterparts.
    let (lab, store) = busy(2);
    let ann = store.client_of(1).named("ann");
    let call = ann.put("x", 1);
    let what_if = lab.fork();
    let (twin, twin_call) = (what_if.of(&store), what_if.of(&call));
    what_if.isolate(twin.all());
    what_if.run_for(secs(1));
    assert!(call.is_pending() && twin_call.is_pending());
    lab.run_for(secs(1));
    assert!(!call.is_pending() && twin_call.is_pending(), "only the twin was cut off");
    assert_eq!(format!("{:?}", what_if.of(&ann)), format!("{ann:?}"));
}

#[test]
fn going_back_is_the_run_as_it_was_then() {
    // To any time: the hash is that of a run that stopped there, and going on gives the same future.
    let (lab, _) = busy(3);
    let end = (lab.now(), lab.trace_hash());
    let mut hashes = Vec::new();
    for at in [1000, 950, 900, 601, 600, 300, 299, 0] {
        lab.rewind_to(Time::ZERO + ms(at));
        assert_eq!(lab.now(), Time::ZERO + ms(at));
        hashes.push((at, lab.trace_hash()));
    }
    for (at, hash) in hashes {
        let (again, _) = busy(3);
        again.rewind_to(Time::ZERO + ms(at));
        assert_eq!(again.trace_hash(), hash, "at {at}ms");
    }
    let (lab, _) = busy(3);
    lab.rewind_by(ms(100));
    lab.run_for(ms(100));
    assert_eq!(
        (lab.now(), lab.trace_hash()),
        end,
        "no action fell into the last 100 ms, so the future is the same"
    );
}

#[test]
fn going_back_before_a_condition_finds_the_last_moment_without_it() {
    // The next event makes it true; a condition that never held changes nothing.
    let lab = Lab::new(4);
    let store = lab.cluster("store", 3, |_| EagerStore::default());
    let ann = store.client_of(0);
    let put = ann.put("x", 1);
    lab.run_for(ms(100));
    lab.lose(0.5, Traffic::all());
    lab.run_for(ms(100));
    let hash = lab.trace_hash();
    assert!(!lab.rewind_before(|| !store.is_up(0)));
    assert_eq!(lab.trace_hash(), hash);
    assert!(lab.rewind_before(|| !put.is_pending()));
    assert!(put.is_pending() && lab.now() < Time::ZERO + ms(100));
    assert!(lab.step());
    assert!(!put.is_pending());
}

#[test]
fn what_is_gone_says_so() {
    // A handle made after the moment that was gone back to, and a moment that has not come.
    let lab = Lab::new(5);
    lab.run_for(secs(1));
    let store = lab.cluster("store", 1, |_| EagerStore::default());
    let call = store.client_of(0).get("x");
    lab.rewind_to(Time::ZERO);
    let sentences: [(&str, &dyn Fn()); 3] = [
        ("cluster \"store\" is not in this laboratory", &|| _ = store.size()),
        ("the call is not in this laboratory", &|| _ = call.is_pending()),
        ("10s has not come yet", &|| lab.rewind_to(Time::ZERO + secs(10))),
    ];
    for (sentence, action) in sentences {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(action)).expect_err(sentence);
        let message = panic.downcast_ref::<String>().expect("a sentence");
        assert!(message.contains(sentence), "{message}");
    }
}

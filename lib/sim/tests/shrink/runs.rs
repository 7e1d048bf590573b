//! Runs of a store that answers from its own copy: what is left of them.

use netsplit_algorithms::replication::EagerStore;
use netsplit_check::{Check, Verdict, linearizable, spec};
use netsplit_node::{ms, secs};
use netsplit_sim::{Cluster, FaultKind, Keys, Lab, Nemesis, Others, Schedule, Shrink, Traffic, Workload};

/// Five nodes, readers and writers, and a nemesis, for two seconds.
pub fn busy(seed: u64) -> (Lab, Cluster<EagerStore>) {
    let lab = Lab::new(seed);
    let store = lab.cluster("store", 5, |_id| EagerStore::default());
    let kinds =
        [FaultKind::Crash, FaultKind::Partition, FaultKind::Loss, FaultKind::Duplicate, FaultKind::Pause];
    lab.play(Nemesis::of(store.all(), kinds).every(ms(100)).plan(seed, secs(2)));
    let keys = Keys::uniform(4).reads_and_writes(0.5);
    store.load(Workload::closed(6).thinking(ms(8)).with_deadline(ms(50)), keys);
    lab.run_for(secs(2));
    (lab, store)
}

pub fn linearizability(store: &Cluster<EagerStore>) -> Verdict {
    store.history().check(linearizable(spec::KeyValue))
}

#[test]
fn a_busy_run_becomes_a_few_calls() {
    // Whatever else went on: a write or two, a read or two that do not fit, and nobody who has no part in it.
    for seed in 0..4 {
        let (lab, store) = busy(seed);
        let small = lab.shrink(|lab| linearizability(&lab.of(&store)));
        assert!(small.before.operations > 300 && small.before.faults > 10, "{}", small.before);
        assert!(small.is_minimal && small.after.operations <= 4 && small.after.faults <= 1, "{small}");
        assert!(small.after.nodes <= 3 && small.after.messages <= 10, "{small}");
        assert!(!linearizability(&small.lab().find("store")).holds(), "{small}");
    }
}

#[test]
fn a_result_is_the_same_each_time_and_replays() {
    // Nothing of it depends on anything but the run: the same trace, the same schedule, the same number of runs.
    let shrunk = || {
        let (lab, store) = busy(3);
        lab.shrink(|lab| linearizability(&lab.of(&store)))
    };
    let (one, other) = (shrunk(), shrunk());
    assert_eq!((one.runs, one.schedule(), one.actions()), (other.runs, other.schedule(), other.actions()));
    assert_eq!(one.trace().hash, other.trace().hash);
    let replay = one.lab().verify_replay();
    assert!(replay.holds(), "{replay}");
}

#[test]
fn times_are_round_and_begin_at_once() {
    // A write at 1.204317s that is read at 1.318s happened at 0s and a few milliseconds later, as far as anybody cares.
    let (lab, store) = busy(5);
    let small = lab.shrink(|lab| linearizability(&lab.of(&store)));
    let digits = |nanos: i64| nanos.to_string().trim_end_matches('0').len();
    for (time, action) in small.actions() {
        assert!(digits(time.as_nanos() as i64) <= 1, "{time}: {action}");
    }
    let schedule = small.schedule();
    assert!(schedule.messages.values().flat_map(|it| &it.after).all(|time| digits(time.as_nanos()) == 1));
    assert!(small.after.time <= ms(20), "{small}");
}

#[test]
fn in_a_calm_network_the_fault_that_is_needed_stays() {
    // Where messages arrive unless something else is needed, the partition that hid the write is what is left.
    let lab = Lab::new(3);
    let store = lab.cluster("store", 3, |_id| EagerStore::default());
    let (ann, bob) = (store.client_of(0).named("ann"), store.client_of(2).named("bob"));
    lab.lose(0.01, Traffic::all());
    let cut = lab.partition([store.nodes([0, 1]), store.nodes([2])]);
    for number in 0..20 {
        ann.put("x", number);
        lab.run_for(ms(7));
        bob.get("x");
        lab.run_for(ms(7));
    }
    lab.heal(cut);
    lab.run_for(ms(10));
    let judge = |lab: &Lab| linearizability(&lab.of(&store));
    let calm = Shrink::of(&lab).calm().judged(judge).unwrap();
    assert_eq!((calm.after.operations, calm.after.faults, calm.after.nodes), (2, 1, 2), "{calm}");
    assert!(calm.actions().iter().any(|(_, action)| action.contains("partition")), "{calm}");
    assert!(
        matches!(calm.schedule().others, Others::After(_)) && calm.schedule().messages.is_empty(),
        "{calm}"
    );
    let fewest = lab.shrink(judge);
    assert_eq!((fewest.after.operations, fewest.after.faults, fewest.after.messages), (2, 0, 4), "{fewest}");
}

#[test]
fn what_follows_a_schedule_can_be_cut_down_again() {
    // What comes out goes in: nothing more can go, and it takes few runs.
    let (lab, store) = busy(2);
    let small = lab.shrink(|lab| linearizability(&lab.of(&store)));
    let again = small.lab().shrink(|lab| linearizability(&lab.find("store")));
    assert_eq!((again.after, again.schedule()), (small.after, small.schedule()), "{small}\n{again}");
    assert!(again.runs < small.runs / 2, "{} and {}", small.runs, again.runs);
}

#[test]
fn an_action_amid_the_events_of_a_moment_stays_there() {
    // All arrive at once, and the crash comes after the first of them: between two events of one moment.
    let lab = Lab::new(1);
    let store = lab.cluster("store", 3, |_id| EagerStore::default());
    lab.follow(Schedule::new().others(Others::After(ms(1))));
    let (ann, bob) = (store.client_of(0), store.client_of(1));
    let (first, second) = (ann.put("x", 1), bob.put("x", 2));
    lab.run_until(|| !first.is_pending(), secs(1));
    assert!(second.is_pending());
    lab.isolate(&bob);
    lab.run_for(ms(10));
    let is_well = |lab: &Lab| !lab.of(&second).is_pending() || lab.of(&first).is_pending();
    let small = lab.shrink(is_well);
    assert!(!is_well(&small.lab()), "{small}");
}

//! What stores of the library break, and what they keep, in the laboratory.

use netsplit_algorithms::replication::EagerStore;
use netsplit_algorithms::replication::primary_backup::{Acknowledgement, Config, PrimaryBackup, Promotion};
use netsplit_check::consistency::{
    causal, convergence_within, monotonic_reads, monotonic_writes, read_your_writes, sequential,
    staleness_within, writes_follow_reads,
};
use netsplit_check::spec::KeyValue;
use netsplit_check::{Check, linearizable};
use netsplit_node::{ms, secs};
use netsplit_sim::{Client, Cluster, Lab, Latency};

use crate::drawn::Store;

/// Three replicas, 10 ms apart; the first is cut off from the others if `cut`.
fn stores(cut: bool) -> (Lab, Cluster<EagerStore>) {
    let lab = Lab::new(42);
    let stores = lab.cluster("store", 3, |_id| EagerStore::default());
    lab.set_latency(Latency::Constant(ms(10)));
    if cut {
        lab.partition([stores.nodes([0]), stores.nodes([1, 2])]);
    }
    (lab, stores)
}

/// Whoever goes by this name asks this replica now: one person may have a client at each.
fn at(stores: &Cluster<EagerStore>, replica: usize, name: &str) -> Client<EagerStore> {
    stores.client_of(replica).named(name)
}

/// Whether the guarantees hold: read your writes, monotonic reads, monotonic writes, writes follow reads.
fn kept(history: &Store) -> [bool; 4] {
    [
        history.check(read_your_writes()).holds(),
        history.check(monotonic_reads()).holds(),
        history.check(monotonic_writes()).holds(),
        history.check(writes_follow_reads()).holds(),
    ]
}

/// Ann writes at one replica and reads at another, which the write has not reached.
#[test]
fn who_changes_replicas_misses_their_own_write() {
    let (lab, stores) = stores(true);
    at(&stores, 0, "ann").put("x", 1);
    lab.run_for(secs(1));
    at(&stores, 2, "ann").get("x");
    lab.run_for(secs(1));
    let history = stores.history();
    assert_eq!(kept(&history), [false, true, true, true]);
    assert_eq!(
        history.check(read_your_writes()).violations(),
        ["ann wrote x = 1 at 20ms and found nothing at x at 1.02s: ann's own write is missing"]
    );
    assert!(!history.check(causal()).holds());
}

/// At one replica, the same ann sees what she wrote, cut or not.
#[test]
fn who_stays_at_a_replica_reads_their_own_writes() {
    let (lab, stores) = stores(true);
    let ann = at(&stores, 0, "ann");
    for value in 0..5 {
        ann.put("x", value);
        lab.run_for(secs(1));
        ann.get("x");
        lab.run_for(secs(1));
    }
    assert_eq!(kept(&stores.history()), [true; 4]);
    assert!(stores.history().check(linearizable(KeyValue)).holds());
}

/// Bob reads 42 at one replica, and then 38 at another, which has not heard of 42.
#[test]
fn who_changes_replicas_reads_backwards() {
    let (lab, stores) = stores(false);
    let ann = at(&stores, 0, "ann");
    ann.put("x", 38);
    lab.run_for(secs(1));
    lab.partition([stores.nodes([0]), stores.nodes([1, 2])]);
    ann.put("x", 42);
    lab.run_for(secs(1));
    at(&stores, 0, "bob").get("x");
    lab.run_for(secs(1));
    at(&stores, 2, "bob").get("x");
    lab.run_for(secs(1));
    let history = stores.history();
    assert_eq!(kept(&history), [true, false, true, true]);
    assert_eq!(
        history.check(monotonic_reads()).violations(),
        ["bob read x = 42 at 2.02s and read x = 38 at 3.02s: bob's reads go back"]
    );
    assert!(!history.check(staleness_within(secs(1))).holds());
    assert!(history.check(staleness_within(secs(2))).holds());
}

/// The first of ann's two writes is lost on its way to bob's replica, the second is not.
#[test]
fn a_lost_write_makes_writes_seem_out_of_order() {
    let (lab, stores) = stores(true);
    let ann = at(&stores, 0, "ann");
    ann.put("x", 1);
    lab.run_for(secs(1));
    lab.heal_all();
    ann.put("y", 2);
    lab.run_for(secs(1));
    let bob = at(&stores, 1, "bob");
    bob.get("y");
    lab.run_for(secs(1));
    bob.get("x");
    lab.run_for(secs(1));
    let history = stores.history();
    assert_eq!(kept(&history), [true, true, false, true]);
    assert!(!history.check(causal()).holds());
    assert!(!history.check(convergence_within(ms(100))).holds());
}

/// Bob answers ann's question; cyd's replica hears of the answer alone.
#[test]
fn an_answer_arrives_without_its_question() {
    let (lab, stores) = stores(false);
    let cut = lab.partition([stores.nodes([0, 1]), stores.nodes([2])]);
    at(&stores, 0, "ann").put("question", "tea?");
    lab.run_for(secs(1));
    lab.heal(cut);
    let bob = at(&stores, 1, "bob");
    bob.get("question");
    lab.run_for(secs(1));
    bob.put("answer", "yes");
    lab.run_for(secs(1));
    let cyd = at(&stores, 2, "cyd");
    cyd.get("answer");
    lab.run_for(secs(1));
    cyd.get("question");
    lab.run_for(secs(1));
    let history = stores.history();
    assert_eq!(kept(&history), [true, true, true, false]);
    assert!(!history.check(causal()).holds());
}

/// Two clients put at the same time at two replicas: no fault, and each ends with the other's value. Causal consistency
/// allows it, convergence does not.
#[test]
fn concurrent_puts_cross_and_stay_crossed() {
    let (lab, stores) = stores(false);
    let (ann, bob) = (at(&stores, 0, "ann"), at(&stores, 1, "bob"));
    ann.put("x", 1);
    bob.put("x", 2);
    lab.run_for(secs(1));
    ann.get("x");
    bob.get("x");
    lab.run_for(secs(1));
    let history = stores.history();
    assert_eq!(kept(&history), [true; 4]);
    assert!(history.check(causal()).holds());
    assert!(!history.check(causal().convergent()).holds());
    assert!(!history.check(sequential(KeyValue)).holds());
    assert_eq!(
        history.check(convergence_within(ms(100))).violations(),
        ["ann read x = 2 at 1.02s, and bob read x = 1 at 1.02s, although nobody had written x since 20ms"]
    );
}

/// A stale read across a cut, which no client can tell from within.
#[test]
fn a_stale_read_alone_is_sequentially_consistent() {
    let (lab, stores) = stores(true);
    at(&stores, 0, "ann").put("x", 1);
    lab.run_for(secs(1));
    at(&stores, 2, "bob").get("x");
    lab.run_for(secs(1));
    let history = stores.history();
    assert!(!history.check(linearizable(KeyValue)).holds());
    assert!(history.check(sequential(KeyValue)).holds());
    assert!(!history.check(staleness_within(ms(100))).holds());
    assert_eq!(history.len(), 2);
}

/// Asynchronous primary-backup answers ann before any backup has her write, and loses it at a fail-over; semi-synchronous
/// does not answer her.
#[test]
fn a_write_that_was_lost_at_a_fail_over_is_missed() {
    let asynchronous = Config {
        acknowledgement: Acknowledgement::Asynchronous,
        promotion: Promotion::Alone,
        heartbeat_every: ms(20),
        fail_over_after: ms(100),
    };
    let semi_synchronous = Config {
        acknowledgement: Acknowledgement::SemiSynchronous { backups: 1 },
        promotion: Promotion::WithConsent,
        ..asynchronous
    };
    for (config, holds) in [(asynchronous, false), (semi_synchronous, true)] {
        let lab = Lab::new(42);
        let stores = lab.cluster("store", 3, move |_id| PrimaryBackup::new(config));
        lab.run_for(ms(50));
        lab.partition([stores.nodes([0]), stores.nodes([1, 2])]);
        stores.client_of(0).named("ann").with_deadline(ms(50)).put("x", 1);
        lab.run_for(ms(60));
        stores.crash(0);
        lab.run_for(secs(1));
        stores.client_of(1).named("ann").get("x");
        lab.run_for(secs(1));
        let verdict = stores.history().check(read_your_writes());
        assert_eq!(verdict.holds(), holds, "{verdict}");
        // There was an answer to judge.
        assert!(verdict.to_string().contains("1 read,"), "{verdict}");
    }
}

//! The hierarchy of the models as laws: what the stronger one allows, the weaker one allows; and a history for each that
//! shows the difference.

use netsplit_check::consistency::{
    causal, convergence_within, monotonic_reads, monotonic_writes, read_your_writes, sequential,
    staleness_within, staleness_within_versions, writes_follow_reads,
};
use netsplit_check::spec::KeyValue;
use netsplit_check::{Check, Checker, by_hand, linearizable};
use netsplit_node::{KeyValueRequest, KeyValueResponse, Random, ms, ns};

use crate::drawn::{Shape, count_and_seed, history, in_turn};

type Model = Box<dyn Checker<KeyValueRequest, KeyValueResponse>>;

/// The models by name, the strongest first.
fn models() -> Vec<(&'static str, Model)> {
    vec![
        ("linearizable", Box::new(linearizable(KeyValue).on_threads(1))),
        ("sequential", Box::new(sequential(KeyValue))),
        ("causal", Box::new(causal())),
        ("convergent", Box::new(causal().convergent())),
        ("ryw", Box::new(read_your_writes())),
        ("mr", Box::new(monotonic_reads())),
        ("mw", Box::new(monotonic_writes())),
        ("wfr", Box::new(writes_follow_reads())),
        ("ryw, real time", Box::new(read_your_writes().writes_in_real_time())),
        ("mr, real time", Box::new(monotonic_reads().writes_in_real_time())),
        ("mw, real time", Box::new(monotonic_writes().writes_in_real_time())),
        ("wfr, real time", Box::new(writes_follow_reads().writes_in_real_time())),
        ("fresh", Box::new(staleness_within(ns(0)))),
        ("staleness", Box::new(staleness_within(ns(20)))),
        ("newest", Box::new(staleness_within_versions(0))),
        ("versions", Box::new(staleness_within_versions(1))),
        ("convergence", Box::new(convergence_within(ns(0)))),
    ]
}

/// What implies what, one step each.
const LAWS: [(&str, &str); 29] = [
    ("linearizable", "sequential"),
    ("linearizable", "fresh"),
    ("linearizable", "newest"),
    ("linearizable", "convergence"),
    ("linearizable", "ryw, real time"),
    ("linearizable", "mr, real time"),
    ("linearizable", "mw, real time"),
    ("linearizable", "wfr, real time"),
    ("sequential", "causal"),
    ("sequential", "convergent"),
    ("causal", "ryw"),
    ("causal", "mr"),
    ("causal", "mw"),
    ("causal", "wfr"),
    ("convergent", "ryw"),
    ("convergent", "mr"),
    ("convergent", "mw"),
    ("convergent", "wfr"),
    ("ryw, real time", "ryw"),
    ("mr, real time", "mr"),
    ("mw, real time", "mw"),
    ("wfr, real time", "wfr"),
    ("fresh", "newest"),
    ("newest", "fresh"),
    ("fresh", "staleness"),
    ("newest", "versions"),
    ("linearizable", "staleness"),
    ("linearizable", "versions"),
    ("linearizable", "causal"),
];

#[test]
fn what_the_stronger_model_allows_the_weaker_one_allows() {
    // On histories longer than brute force can judge; each law is tried on many that satisfy its premise, and on many that break its conclusion.
    let (count, seed) = count_and_seed(1_000);
    let models = models();
    let (mut premises, mut broken) = (vec![0; LAWS.len()], vec![0; LAWS.len()]);
    for number in 0..count {
        let mut random = Random::stream(seed, &[number]);
        let shape = Shape {
            operations: 5 + random.below(25),
            callers: 1 + random.below(3),
            keys: 2,
            replicas: 1 + random.below(2),
            open: random.below(3),
            failed: 0,
            nonsense: [0.0, 0.0, 0.05][random.below(3) as usize],
            overlaps: random.chance(0.1),
            // In one instant linearizability orders less than sessions do: see `ties_are_another_matter`.
            ties: false,
        };
        let history = history(shape, &mut random);
        let verdicts: Vec<_> = models.iter().map(|(name, model)| (*name, model.check(&history))).collect();
        let verdict =
            |name: &str| &verdicts.iter().find(|(known, _)| *known == name).expect("a model of this name").1;
        for (law, (strong, weak)) in LAWS.iter().enumerate() {
            let (strong, weak) = (verdict(strong), verdict(weak));
            assert!(
                !strong.holds() || weak.holds(),
                "seed {seed}, history {number}\n{history}\n{strong}\n{weak}"
            );
            premises[law] += u64::from(strong.holds());
            broken[law] += u64::from(!weak.holds());
        }
    }
    for (law, (premises, broken)) in LAWS.iter().zip(premises.into_iter().zip(broken)) {
        assert!(
            premises > count / 20 && broken > count / 100,
            "{law:?}: {premises} premises, {broken} broken"
        );
    }
}

fn put(key: &str, value: i32) -> KeyValueRequest {
    KeyValueRequest::Put { key: key.to_owned(), value: value.into() }
}

fn get(key: &str) -> KeyValueRequest {
    KeyValueRequest::Get { key: key.to_owned() }
}

/// Histories, and which of the first twelve models they violate.
pub const WITNESSES: [(&str, &[&str]); 14] = [
    // Right in every way.
    ("ann wx1, bob rx1, bob wx2, ann rx2", &[]),
    // A stale read that nobody can tell from within.
    ("ann wx1, bob rx, bob rx1", &["linearizable"]),
    // Each of two misses what the other wrote before.
    ("ann wx1, bob wy2, ann ry, bob rx", &["linearizable", "sequential"]),
    // Concurrent writes seen in two orders.
    (
        "ann wx1, bob wx2, cyd rx1, cyd rx2, dan rx2, dan rx1",
        &["linearizable", "sequential", "convergent", "mr, real time"],
    ),
    // One order for all; but bob's own write is before what he reads first, and is overwritten by what he reads next.
    (
        "ann wz1, ann wx1, ann wy1, bob wx2, bob rz, bob ry1, bob rx2",
        &["linearizable", "sequential", "causal"],
    ),
    // One guarantee each.
    (
        "ann wx1, ann wx2, ann rx1",
        &["linearizable", "sequential", "causal", "convergent", "ryw", "ryw, real time"],
    ),
    (
        "ann wx38, ann wx42, bob rx42, bob rx38",
        &["linearizable", "sequential", "causal", "convergent", "mr", "mr, real time"],
    ),
    (
        "ann wx1, ann wy2, bob ry2, bob rx",
        &["linearizable", "sequential", "causal", "convergent", "mw", "mw, real time"],
    ),
    (
        "ann wx1, bob rx1, bob wy2, cyd ry2, cyd rx",
        &["linearizable", "sequential", "causal", "convergent", "wfr", "wfr, real time"],
    ),
    // Each of the four by itself, and still an effect without its cause.
    (
        "ann wx1, ann wy2, bob ry2, bob wz3, cyd rz3, cyd rx",
        &["linearizable", "sequential", "causal", "convergent"],
    ),
    // Bob's write may be the newer one; not in real time.
    ("bob wx1, ann wx2, ann rx1", &["linearizable", "ryw, real time"]),
    ("bob wx1, ann wx2, cyd rx2, cyd rx1", &["linearizable", "mr, real time"]),
    ("bob wx1, ann wx2, ann wy3, cyd ry3, cyd rx1", &["linearizable", "mw, real time"]),
    ("bob wx1, ann wx2, dan rx2, dan wy3, cyd ry3, cyd rx1", &["linearizable", "wfr, real time"]),
];

#[test]
fn every_step_is_a_real_one() {
    // Each history violates exactly the models that it is said to; and for each law one of them tells its two models apart.
    for (text, violated) in WITNESSES {
        let history = in_turn(text);
        for (name, model) in &models()[..12] {
            let verdict = model.check(&history);
            assert_eq!(verdict.holds(), !violated.contains(name), "{text}: {name}\n{verdict}");
        }
    }
    let differs = |strong: &str, weak: &str| {
        WITNESSES.iter().any(|(_, violated)| violated.contains(&strong) && !violated.contains(&weak))
    };
    for (strong, weak) in LAWS.iter().filter(|(_, weak)| models()[..12].iter().any(|(name, _)| name == weak))
    {
        assert!(differs(strong, weak), "nothing between {strong} and {weak}");
    }
    assert!(differs("causal", "convergent") && differs("convergent", "causal"));
}

#[test]
fn what_converges_or_is_nearly_fresh_need_not_be_linearizable() {
    // Bob finds nothing 1 ms after ann's write; later all is well. Fresh is stricter than nearly fresh, by time and by versions.
    let history = in_turn("ann wx1, bob rx, bob rx1");
    assert!(!history.check(linearizable(KeyValue)).holds());
    assert!(
        !history.check(staleness_within(ms(0))).holds() && history.check(staleness_within(ms(1))).holds()
    );
    assert!(!history.check(staleness_within_versions(0)).holds());
    assert!(history.check(staleness_within_versions(1)).holds());
    assert!(
        !history.check(convergence_within(ms(0))).holds() && history.check(convergence_within(ms(1))).holds()
    );
}

#[test]
fn bounds_are_steps_too() {
    // A read that is 3 ms and two versions behind is within these bounds, and within none that are closer.
    let history = in_turn("ann wx1, ann wx2, ann wx3, bob rx1");
    for (age, holds) in [(0, false), (2, false), (3, true), (100, true)] {
        assert_eq!(history.check(staleness_within(ms(age))).holds(), holds, "{age} ms");
    }
    for (versions, holds) in [(0, false), (1, false), (2, true)] {
        assert_eq!(history.check(staleness_within_versions(versions)).holds(), holds, "{versions} versions");
    }
}

#[test]
fn what_is_sequential_may_be_stale_for_ever() {
    // Sequential consistency bounds nothing and converges never: bob asks a hundred times what ann wrote long ago.
    let text = (0..100).map(|_| "bob rx").fold("ann wx1".to_owned(), |text, read| format!("{text}, {read}"));
    let history = in_turn(&text);
    assert!(history.check(sequential(KeyValue)).holds());
    assert!(!history.check(staleness_within(ms(100))).holds());
    assert!(!history.check(convergence_within(ms(100))).holds());
}

#[test]
fn ties_are_another_matter() {
    // What one caller does in the instant of an answer comes after it, for linearizability within a key only: so where several
    // callers' operations touch in one instant, each key can be right, and no one order be.
    let history = by_hand("store")
        .ok("ann", 0..5, put("x", 1), KeyValueResponse::Stored)
        .ok("ann", 5..6, get("y"), KeyValueResponse::Value(None))
        .ok("bob", 0..5, put("y", 1), KeyValueResponse::Stored)
        .ok("bob", 5..6, get("x"), KeyValueResponse::Value(None))
        .history();
    assert!(history.check(linearizable(KeyValue)).holds());
    assert!(!history.check(sequential(KeyValue)).holds());
}

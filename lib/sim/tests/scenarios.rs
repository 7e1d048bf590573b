//! Random runs over all faults: the same again, in this process and in another, and no message goes missing.

mod common;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use common::{one_of_each, scenario};
use netsplit_node::{Context, Node, NodeId, ms, secs};
use netsplit_sim::{Cause, Fault, FaultPlan, Lab};
use proptest::prelude::*;

/// How many scenarios there are.
const SCENARIOS: u64 = 200;

#[test]
fn scenarios_are_the_same_again() {
    // Each runs a second time from its log, and once more in a process of its own: equal hashes, event by event.
    let mut all = 0u64;
    let mut faults = one_of_each();
    for seed in 0..SCENARIOS {
        let (lab, _, plan) = scenario(seed);
        let of_one_kind =
            |one: &Fault, other: &Fault| std::mem::discriminant(one) == std::mem::discriminant(other);
        faults.retain(|fault| !plan.entries.iter().any(|entry| of_one_kind(&entry.fault, fault)));
        let replay = lab.verify_replay();
        assert!(replay.holds(), "seed {seed}: {replay}");
        all = all.rotate_left(1) ^ lab.trace_hash().0;
    }
    assert!(faults.is_empty(), "never in any plan: {faults:?}");
    if std::env::var_os("HASH_OF_SCENARIOS").is_some() {
        println!("hash of all: {all:016x}");
        return;
    }
    let other = std::process::Command::new(std::env::current_exe().expect("the test's own program"))
        .args(["scenarios_are_the_same_again", "--exact", "--nocapture"])
        .env("HASH_OF_SCENARIOS", "1")
        .output()
        .expect("it runs");
    let output = String::from_utf8_lossy(&other.stdout).into_owned();
    assert!(output.contains(&format!("hash of all: {all:016x}")), "here {all:016x}, there {output}");
    assert_eq!(
        format!("{all:016x}"),
        "fccce46eafbb9386",
        "the meaning of a seed has changed: see ARCHITECTURE.md"
    );
}

#[test]
fn no_message_goes_missing() {
    // Each is received, lost by a named rule, or in flight, whatever the plan; and every kind of loss has its name in the trace.
    for seed in 0..100 {
        let (lab, ..) = scenario(1000 + seed);
        let counts = lab.traffic();
        assert_eq!(
            counts.sent + counts.duplicated,
            counts.received + counts.lost + counts.in_flight,
            "seed {seed}: {counts:?}"
        );
    }
}

#[test]
fn looking_and_copying_change_nothing() {
    // A run with no trace, one that was snapshotted in the middle, and a fork of it end alike.
    let (lab, ..) = scenario(7);
    lab.run_for(ms(100));
    let (other, ..) = scenario(7);
    other.keep_events(0);
    let snapshot = other.snapshot();
    let fork = other.fork();
    other.run_for(ms(50));
    other.restore(&snapshot);
    other.run_for(ms(100));
    fork.run_for(ms(100));
    assert_eq!((other.trace_hash(), fork.trace_hash()), (lab.trace_hash(), lab.trace_hash()));
}

proptest! {
    #[test]
    fn plans_of_the_nemesis_read_back(seed in any::<u64>()) {
        // Whatever the swarm draws, its text and its JSON are the plan.
        let (_, cluster) = common::witnesses(1);
        let swarm = || netsplit_sim::Nemesis::swarm(cluster.all()).over(&common::networks(&cluster));
        let plan = swarm().plan(seed, secs(60));
        prop_assert_eq!(&plan.to_string().parse::<FaultPlan>().unwrap(), &plan);
        prop_assert_eq!(&FaultPlan::from_json(&plan.to_json()).unwrap(), &plan);
        prop_assert_eq!(&swarm().plan(seed, secs(60)), &plan);
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in "(at|every|when) [0-9a-z ]{0,8}(for 1s)?: [a-z-]{1,12} [a-z=0-9{},|:.]{0,30}") {
        // Errors are sentences.
        let _ = text.parse::<FaultPlan>();
        let _ = FaultPlan::from_json(&text);
    }
}

/// Does what it should not.
#[derive(Clone, Debug)]
struct Leaky {
    how: fn() -> String,
}

impl Node for Leaky {
    type Message = String;
    type Timer = ();
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.set_timer(ms(10), ());
    }
    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        let leak = (self.how)();
        ctx.broadcast(leak.clone());
        if leak.len().is_multiple_of(2) {
            ctx.send(NodeId(0), "even".to_owned());
        }
        ctx.set_timer(ms(10), ());
    }
}

#[test]
fn a_leak_of_determinism_is_found_and_named() {
    // An order that differs, the time of day, numbers of their own: the first event that differs, and the likely cause. The leaks are made
    // of a counter that no replay resets, so that they leak every time.
    static NEXT: AtomicU64 = AtomicU64::new(0);
    fn order() -> String {
        let mut items: Vec<u64> = (0..20).collect();
        items.rotate_left((NEXT.fetch_add(7, Relaxed) % 20) as usize);
        format!("{items:?}")
    }
    fn clock() -> String {
        (1_800_000_000_000_000_000 + NEXT.fetch_add(1, Relaxed) * 1_234_567).to_string()
    }
    fn own_randomness() -> String {
        format!("{:x}", NEXT.fetch_add(1, Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }
    let leaks: [(fn() -> String, Cause); 3] =
        [(order, Cause::HashOrder), (clock, Cause::RealClock), (own_randomness, Cause::OwnRandomness)];
    for (how, cause) in leaks {
        for keep in [100_000, 4] {
            let lab = Lab::new(1);
            lab.keep_events(keep);
            lab.cluster("leaky", 2, move |_| Leaky { how });
            lab.run_for(ms(95));
            let replay = lab.verify_replay();
            let difference =
                replay.difference.clone().unwrap_or_else(|| panic!("not found: {cause:?}, {keep} events"));
            if keep > 4 {
                assert_eq!((difference.event.0, difference.cause), (3, cause), "{replay}");
                assert!(replay.to_string().contains("seed 1"), "{replay}");
            }
        }
    }
}

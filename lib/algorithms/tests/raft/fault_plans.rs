//! Thousands of runs under faults that their seeds draw: every invariant holds in every state, and a healed majority goes on.
//!
//! 2,000 in every test run; `NETSPLIT_LONG=100000 cargo test -p netsplit-algorithms --test raft fault_plans` runs so many, from a
//! first seed that `NETSPLIT_SEED` names.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use netsplit_algorithms::consensus::raft::{KeyValueStore, Raft, Sessions};
use netsplit_sim::FaultKind;

use crate::drawn_config;
use crate::scenario::{self, Scenario};

/// A number from the environment, or what it is without.
fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

/// Three of four runs meet all faults, the fourth those that make leaders change, on a slow network.
fn scenario_of(seed: u64, servers: usize) -> Scenario {
    use FaultKind::{Crash, CrashMidStep, Flap, Isolate, OneWay, Partition};
    if seed % 8 < 6 {
        Scenario::swarm(servers)
    } else {
        Scenario::churn(servers, [Crash, CrashMidStep, Flap, Isolate, OneWay, Partition])
    }
}

#[test]
fn every_promise_holds_under_fault_plans() {
    // Half of the runs with three servers, half with five; every failure names its seed.
    let (runs, first) = (from_environment("NETSPLIT_LONG", 2_000), from_environment("NETSPLIT_SEED", 0));
    let (next, answered, unknown) = (AtomicU64::new(first), AtomicUsize::new(0), AtomicUsize::new(0));
    let failures: Vec<String> = std::thread::scope(|scope| {
        let worker = || {
            let mut failures = Vec::new();
            loop {
                let seed = next.fetch_add(1, Relaxed);
                if seed >= first + runs || failures.len() >= 5 {
                    return failures;
                }
                let servers = if seed % 2 == 0 { 3 } else { 5 };
                let config = drawn_config!(netsplit_algorithms::consensus::raft, seed);
                let factory = move |_id| Raft::<Sessions<KeyValueStore>>::new(config.clone());
                match scenario::run(&scenario_of(seed, servers), seed, factory) {
                    Ok(report) => {
                        answered.fetch_add(report.answered, Relaxed);
                        unknown.fetch_add(report.unknown, Relaxed);
                    }
                    Err(failure) => {
                        failures.push(format!("seed {seed}: {}: {}", failure.property, failure.text))
                    }
                }
            }
        };
        let workers = [scope.spawn(worker), scope.spawn(worker)];
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker ends")).collect()
    });
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    println!("{answered:?} answered, {unknown:?} unknown");
    let (answered, unknown) = (answered.into_inner(), unknown.into_inner());
    assert!(
        answered > 20 * runs as usize && unknown > runs as usize,
        "{answered} answered, {unknown} unknown"
    );
}

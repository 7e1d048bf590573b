//! What the tests of all protocols share: many seeded fault plans, invariants after every event, golden transcripts.
//!
//! `NETSPLIT_LONG=100000 cargo test -p netsplit-algorithms --release --test abd` runs the long mode; `NETSPLIT_SEED` is its first seed.
#![allow(dead_code, reason = "each test binary uses its part of this")]

pub mod chains;
pub mod scenarios;
pub mod sessions;

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use netsplit_check::spec::Specification;
use netsplit_check::{Check, linearizable};
use netsplit_node::{Duration, Node, Service, ms};
use netsplit_sim::{Cluster, Fault, FaultKind, FaultPlan, Group, Lab, Nemesis};

/// Runs `plans` seeded plans on all cores, and panics with the first seed that fails and what it shows.
pub fn survives(plans: u64, run: impl Fn(u64) -> Result<(), String> + Sync) {
    let first = setting("NETSPLIT_SEED", 0);
    let end = first + setting("NETSPLIT_LONG", plans);
    let (next, failures) = (AtomicU64::new(first), Mutex::new(Vec::new()));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while failures.lock().expect("no thread panics with it").is_empty() {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= end {
                        return;
                    }
                    if let Err(what) = run(seed) {
                        failures.lock().expect("no thread panics with it").push((seed, what));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no thread panics with it");
    if let Some((seed, what)) = failures.into_iter().min() {
        panic!("seed {seed}: {what}");
    }
}

/// Runs a few seeds, and each once more from its log: the same, event by event. `make` makes the world, `run` lets it go on.
pub fn same_again<N: Node>(
    make: impl Fn(u64) -> (Lab, Cluster<N>),
    run: impl Fn(&(Lab, Cluster<N>)) -> Result<(), String>,
) {
    for seed in 0..4 {
        let world = make(seed);
        run(&world).unwrap_or_else(|what| panic!("seed {seed}: {what}"));
        let replay = world.0.verify_replay();
        assert!(replay.holds(), "{replay}");
    }
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text:?} is no number")))
}

/// Faults of a protocol that withstands crashes with recovery and an asynchronous network, for so long.
///
/// Requests are not doubled: a client's link delivers at most once, as a connection does.
pub fn crash_recovery_plan<N: Node>(lab: &Lab, cluster: &Cluster<N>, time: Duration) -> FaultPlan {
    plan_of(&FaultKind::CRASH_RECOVERY, lab, cluster, time)
}

/// Faults of these kinds, about ten of them.
pub fn plan_of<N: Node>(kinds: &[FaultKind], lab: &Lab, cluster: &Cluster<N>, time: Duration) -> FaultPlan {
    plan_for(kinds, lab, cluster.all(), time)
}

/// The same for nodes of several clusters.
pub fn plan_for(kinds: &[FaultKind], lab: &Lab, nodes: Group, time: Duration) -> FaultPlan {
    let nemesis = Nemesis::swarm(nodes).only(kinds.iter().copied());
    let mut plan = nemesis.every(time / 10).lasting(time / 10).plan(lab.seed(), time);
    for entry in &mut plan.entries {
        match &mut entry.fault {
            Fault::Duplicate { traffic, .. } => *traffic = traffic.clone().messages(),
            Fault::Pause { time: pause, .. } => *pause = *pause / 5,
            _ => {}
        }
    }
    plan
}

/// Lets `time` pass; the error begins with the name of the property that is violated.
pub fn run_for(lab: &Lab, time: Duration) -> Result<(), String> {
    lab.try_run_for(time).map_err(|stopped| stopped.to_string())
}

/// Lets time pass until `progress`, which must come within `time` on a healed core. A slow disk's sync that began before the healing may
/// take seconds.
pub fn progress_within(lab: &Lab, time: Duration, progress: impl FnMut() -> bool) -> Result<(), String> {
    match lab.try_run_until(progress, time) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("Progress is violated: nothing within {time} after the healing")),
        Err(stopped) => Err(stopped.to_string()),
    }
}

/// The same, for progress that takes time to see: it is looked at ten times a second, and not after every event.
pub fn progress_seen_within(lab: &Lab, time: Duration, progress: impl Fn() -> bool) -> Result<(), String> {
    let end = lab.now() + time;
    while !progress() {
        if lab.now() >= end {
            return Err(format!("Progress is violated: nothing within {time} after the healing"));
        }
        run_for(lab, ms(100))?;
    }
    Ok(())
}

/// What the clients of `cluster` saw must be what one copy would have shown them.
pub fn linearizable_as<N, S>(specification: S, cluster: &Cluster<N>) -> Result<(), String>
where
    N: Service,
    S: Specification<Request = N::Request, Response = N::Response>,
{
    // The runs are on all cores already.
    let verdict = cluster.history().check(linearizable(specification).on_threads(1));
    if verdict.holds() { Ok(()) } else { Err(verdict.to_string()) }
}

/// Compares a transcript with the file of this name in `tests/golden`, which was read; `UPDATE_GOLDEN=1` writes it anew.
pub fn golden(name: &str, actual: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return std::fs::write(&path, actual).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let different = expected.lines().zip(actual.lines()).enumerate().find(|(_, (was, is))| was != is);
    if let Some((line, (was, is))) = different {
        panic!("{name}:{}:\n  was {was}\n  is  {is}\nUPDATE_GOLDEN=1 writes it anew: read it then", line + 1);
    }
    assert_eq!(expected.len(), actual.len(), "{name}: one ends before the other");
}

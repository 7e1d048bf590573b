//! Sweeps: many laboratories on all cores, one report.

use std::sync::atomic::{AtomicUsize, Ordering};

use netsplit_algorithms::replication::EagerStore;
use netsplit_node::{TraceHash, ms, secs};
use netsplit_sim::{Lab, Traffic};

/// A run whose trace depends on seed and parameter.
fn lossy(lab: &Lab, loss: f64) -> TraceHash {
    let store = lab.cluster("store", 3, |_id| EagerStore::default());
    lab.lose(loss, Traffic::all());
    let ann = store.client_of(0).with_deadline(ms(20)).with_retries(5);
    (0..20).for_each(|n| _ = ann.put("x", n));
    lab.run_for(secs(1));
    lab.trace_hash()
}

#[test]
fn the_report_is_the_same_on_one_thread_and_on_many() {
    // Run for run, in the order of parameters and seeds; and each run is what a laboratory of its seed alone does.
    let sweep = || Lab::sweep(0..40, [0.0, 0.3]);
    let unit = |lab: &Lab, loss: &f64| lossy(lab, *loss);
    let alone = sweep().on_threads(1).run(unit);
    assert_eq!(alone, sweep().on_threads(4).run(unit));
    assert_eq!(alone, sweep().run(unit));
    let order: Vec<(f64, u64)> = alone.runs.iter().map(|run| (run.parameter, run.seed)).collect();
    let expected: Vec<(f64, u64)> =
        [0.0, 0.3].into_iter().flat_map(|loss| (0..40).map(move |seed| (loss, seed))).collect();
    assert_eq!(order, expected);
    let again = lossy(&Lab::new(17), 0.3);
    assert_eq!(alone.values_of(&0.3).nth(17), Some(&again));
    assert!(alone.holds() && alone.runs.len() == 80);
}

#[test]
fn failures_of_every_kind_are_told_with_their_seeds() {
    // A panic, a violated property, an error, a false: each is a failure of its run and of no other.
    let report = Lab::sweep(0..8, ["panic", "property", "error", "false"]).run(|lab, kind| {
        let store = lab.cluster("store", 2, |_id| EagerStore::default());
        let bad = lab.seed() == 3;
        match *kind {
            "panic" => assert!(!bad, "seed {} is bad", lab.seed()),
            "property" => {
                store.never("never", move |_| bad);
                lab.run_for(secs(1));
            }
            "error" if bad => return (Err("no good".to_owned()), true),
            "false" if bad => return (Ok(()), false),
            _ => {}
        }
        (Ok(()), true)
    });
    assert_eq!(report.failing_seeds(), [("panic", 3), ("property", 3), ("error", 3), ("false", 3)]);
    let said: Vec<&str> = report.failures().filter_map(|run| run.failure.as_deref()).collect();
    assert!(said[0].starts_with("seed 3 is bad, at lib/sim/tests/sweeps.rs:"), "{said:?}");
    assert!(said[1].starts_with("never is violated at 0s (seed 3): its condition does not hold"), "{said:?}");
    assert_eq!(said[2..], ["no good", "false"]);
    assert!(!report.holds());
    assert_eq!(report.failures_of(&"error"), 1);
    assert_eq!(report.values_of(&"panic").count(), 7, "who panicked gave nothing back");
}

#[test]
fn the_first_failure_ends_the_sweep_at_the_same_run_everywhere() {
    // Runs after it may have begun on another core; the report does not show it. Little of the rest has been run.
    let started = AtomicUsize::new(0);
    let run = |threads| {
        Lab::sweep(0..100_000, [()]).stop_at_first_failure().on_threads(threads).run(|lab, ()| {
            started.fetch_add(1, Ordering::Relaxed);
            // Others are well ahead when it fails.
            if lab.seed() == 49 {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            lab.seed() % 50 != 49
        })
    };
    let alone = run(1);
    assert_eq!(alone.failing_seeds(), [((), 49)]);
    assert_eq!((alone.runs.len(), alone.planned), (50, 100_000));
    for threads in [2, 3, 8] {
        assert_eq!(run(threads), alone);
    }
    assert!(started.load(Ordering::Relaxed) < 50_000);
    assert_eq!(
        alone.to_string(),
        "sweep: 50 of 100000 runs, 1 failed\n  (): 1 of 50 failed, seeds 49\n    false"
    );
}

#[test]
fn runs_are_told_in_order_while_others_run() {
    // The first run takes longest; nobody is told before it, and everybody is told once.
    let mut told = Vec::new();
    let report = Lab::sweep(0..200, [1, 2]).on_threads(4).run_each(
        |lab, factor| {
            if lab.seed() == 0 {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            lab.seed() * factor
        },
        |run| told.push((run.parameter, run.seed, run.value)),
    );
    let expected: Vec<_> = report.runs.iter().map(|run| (run.parameter, run.seed, run.value)).collect();
    assert_eq!(told, expected);
    assert_eq!(told.len(), 400);
}

#[test]
fn a_report_shows_itself_without_markup_of_its_texts() {
    // The sentences of failures come from anywhere.
    let report = Lab::sweep([7, 8, 9, 10, 11, 12, 13], ["<b>"])
        .run(|lab, name| if lab.seed() == 7 { Ok(lab.seed()) } else { Err(format!("{name}\nmore")) });
    assert_eq!(
        report.to_string(),
        "sweep: 7 runs, 6 failed\n  \"<b>\": 6 of 7 failed, seeds 8, 9, 10, 11, 12 and 1 more\n    <b>"
    );
    let html = report.html();
    assert!(html.contains("&lt;b&gt;") && !html.contains("<b>\""), "{html}");
    assert_eq!(report.failures().count(), 6);
}

#[test]
fn an_empty_sweep_is_no_failure_and_says_that_nothing_ran() {
    // Nothing is divided by nothing.
    let report = Lab::sweep([], [1]).run(|_, _| false);
    assert!(report.holds());
    assert_eq!(report.to_string(), "sweep: 0 runs, 0 failed");
    assert_eq!(Lab::sweep(0..3, [0; 0]).run(|_, _| false).to_string(), "sweep: 0 runs, 0 failed");
}

//! Remote procedure calls in the laboratory: what retries and hedges cost and bring, and that a charge happens once however often it is asked for.

#[path = "../faults/mod.rs"]
mod faults;
mod till;

use faults::{crash_recovery_plan, run_for, survives};
use netsplit_algorithms::idempotency::{Charge, IdempotencyKey};
use netsplit_algorithms::rpc::{Backoff, Caller, Config, Hedge, Jitter, RetryBudget, RetryPolicy};
use netsplit_node::{Duration, Outcome, ms, secs, us};
use netsplit_sim::{Cluster, Lab, Latency, Traffic, Workload};
use till::{Ledger, Till};

const CONFIG: Config = Config {
    deadline: secs(5),
    attempt_timeout: ms(100),
    retry: RetryPolicy {
        attempts: 20,
        backoff: Backoff { base: ms(10), cap: ms(200), jitter: Jitter::Full },
        budget: None,
    },
    hedge: Hedge::Never,
};

fn coffee(order: u64) -> Charge {
    Charge { key: IdempotencyKey::new(format!("order-{order}")), card: "4242".into(), cents: 350 }
}

type World = (Lab, Cluster<Till>, Cluster<Caller<Till>>);

/// Tills that have a ledger of what was charged in common, and two callers of them.
fn shop(seed: u64, tills: usize, ledger: Ledger, config: Config) -> World {
    let lab = Lab::new(seed);
    let tills = lab.cluster("till", tills, move |_id| Till::new(ledger));
    let addresses: Vec<_> = (0..tills.size()).map(|index| tills.address(index)).collect();
    let callers = lab.cluster("caller", 2, move |_id| Caller::new(config, addresses.clone()));
    (lab, tills, callers)
}

#[test]
fn calls_end_over_a_network_that_loses_half() {
    // Progress by retries, and each charged once by the dedup table.
    for seed in 0..50 {
        let (lab, tills, callers) = shop(seed, 1, Ledger::Deduplicates, CONFIG);
        lab.lose(0.5, Traffic::all().from(callers.all()).to(tills.all()));
        lab.lose(0.5, Traffic::all().from(tills.all()).to(callers.all()));
        let calls: Vec<_> =
            (0..10).map(|order| callers.client_of(0).with_deadline(secs(9)).call(coffee(order))).collect();
        lab.run_for(secs(10));
        assert!(calls.iter().all(|call| matches!(call.outcome(), Some(Outcome::Ok(_)))), "seed {seed}");
        assert_eq!(tills.node(0).most_charged(), 1, "seed {seed}");
        assert!(callers.node(0).attempts() > 20, "seed {seed}: {}", callers.node(0).attempts());
    }
}

#[test]
fn without_a_dedup_table_retries_charge_twice() {
    // At-least-once is what retries alone come to.
    let (lab, tills, callers) = shop(1, 1, Ledger::Forgets, CONFIG);
    lab.lose(0.5, Traffic::all().from(tills.all()).to(callers.all()));
    (0..10).for_each(|order| drop(callers.client_of(0).call(coffee(order))));
    lab.run_for(secs(10));
    assert!(tills.node(0).most_charged() > 1);
}

#[test]
fn a_definite_failure_is_told_and_an_unknown_one_is_not() {
    // A till that refuses has charged nothing: Fail. One that is gone may have charged: the caller says nothing, and the client learns Unknown.
    let few = Config { retry: RetryPolicy { attempts: 3, ..CONFIG.retry }, ..CONFIG };
    let (lab, tills, callers) = shop(2, 1, Ledger::ClosesAfter(0), few);
    let refused = callers.client_of(0).call(coffee(1));
    lab.run_for(secs(2));
    assert_eq!(refused.outcome(), Some(Outcome::Fail("after 3 attempts: closed".into())));
    assert_eq!(callers.node(0).attempts(), 3);
    tills.crash(0);
    let unknown = callers.client_of(0).with_deadline(secs(4)).call(coffee(2));
    lab.run_for(secs(5));
    assert_eq!(unknown.outcome(), Some(Outcome::Unknown));
}

#[test]
fn nothing_is_asked_after_the_deadline() {
    // Whatever the policy would allow: attempts end with the time that the client has given.
    let (lab, tills, callers) = shop(3, 1, Ledger::Deduplicates, Config { deadline: ms(500), ..CONFIG });
    tills.crash(0);
    callers.client_of(0).call(coffee(1));
    lab.run_for(ms(520));
    let attempts = callers.node(0).attempts();
    lab.run_for(secs(20));
    assert_eq!(callers.node(0).attempts(), attempts);
    assert!((3..=6).contains(&attempts), "{attempts} attempts of 100 ms within 500");
}

/// A thousand calls to two tills whose answers take 1 to 2 ms, but one in fifty up to 200 ms longer. Returns the median, the 99th percentile, and how many attempts it took.
fn tail(hedge: Hedge) -> (Duration, Duration, u64) {
    let (lab, tills, callers) =
        shop(4, 2, Ledger::Deduplicates, Config { attempt_timeout: secs(1), hedge, ..CONFIG });
    lab.set_latency(Latency::Uniform(us(500), ms(1)));
    lab.reorder(0.02, ms(200), Traffic::all().from(tills.all()).to(callers.all()));
    let load =
        callers.load(Workload::closed(4).thinking(ms(5)).at_most(1_000), |_random, order| coffee(order));
    lab.run_for(secs(60));
    let report = load.report();
    assert_eq!(report.ok, 1_000, "{report}");
    let attempts = (0..2).map(|index| callers.node(index).attempts()).sum();
    let percentile = |share| report.percentile(share).expect("there are answers");
    (percentile(0.5), percentile(0.99), attempts)
}

#[test]
fn hedges_cut_the_tail_for_a_few_percent_more_requests() {
    // "The Tail at Scale": a second request after what most answers take brings the 99th percentile down at little cost; the median stays.
    let (median, slow, attempts) = tail(Hedge::Never);
    let (hedged_median, hedged_slow, hedged_attempts) = tail(Hedge::After(ms(4)));
    assert_eq!(attempts, 1_000);
    assert!(slow > ms(60) && hedged_slow < ms(8), "{slow} and {hedged_slow}");
    assert!((hedged_median - median).as_nanos().abs() < ms(1).as_nanos());
    assert!((1_010..1_100).contains(&hedged_attempts), "{hedged_attempts}");
}

#[test]
fn a_budget_keeps_an_outage_from_becoming_a_storm() {
    // All tills are gone for ten seconds while two hundred calls come: without a budget each makes all its attempts, with one hardly any does.
    let attempts = [None, Some(RetryBudget::new(10, 100))].map(|budget| {
        let config = Config { retry: RetryPolicy { attempts: 5, budget, ..CONFIG.retry }, ..CONFIG };
        let (lab, tills, callers) = shop(5, 1, Ledger::Deduplicates, config);
        tills.crash(0);
        callers.load(Workload::open(20).at_most(200), |_random, order| coffee(order));
        lab.run_for(secs(20));
        callers.node(0).attempts() + callers.node(1).attempts()
    });
    assert_eq!(attempts, [1_000, 208]);
}

/// Orders over everything that goes wrong between callers and tills, with hedges; then all are healed, and one more order must end.
fn under_faults((lab, tills, callers): &World) -> Result<(), String> {
    lab.keep_events(0);
    lab.end_on_panic();
    let load = callers
        .load(Workload::closed(4).thinking(ms(20)).with_deadline(secs(8)).at_most(30), |_random, order| {
            coffee(order)
        });
    lab.play(crash_recovery_plan(lab, tills, ms(600)));
    lab.play(crash_recovery_plan(lab, callers, ms(600)));
    run_for(lab, ms(600))?;
    load.stop();
    lab.heal_core(tills.all().and(callers.all()));
    // A till's disk may still be slow for longer than a caller is patient.
    let last = callers.client_of(0).with_deadline(secs(6)).with_retries(4).call(coffee(1_000));
    faults::progress_within(lab, secs(30), || matches!(last.outcome(), Some(Outcome::Ok(_))))?;
    for (key, times) in tills.node(0).charges() {
        if times > 1 {
            return Err(format!("AtMostOnce is violated: {key} was charged {times} times"));
        }
    }
    for operation in &callers.history() {
        let charged = tills.node(0).charges().get(&operation.request.key).copied().unwrap_or(0);
        match &operation.outcome {
            Some(Outcome::Ok(_)) if charged == 0 => {
                return Err(format!("NothingFromNothing is violated: {operation:?}"));
            }
            Some(Outcome::Fail(_)) if charged > 0 => {
                return Err(format!("FailMeansNo is violated: {operation:?}"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn world_under_faults(seed: u64) -> World {
    let hedge = if seed.is_multiple_of(2) { Hedge::After(ms(10)) } else { Hedge::Never };
    shop(seed, 1, Ledger::Deduplicates, Config { hedge, ..CONFIG })
}

#[test]
fn a_run_is_the_same_again() {
    // Event by event, from its seed and what was done to it.
    for seed in 0..4 {
        let world = world_under_faults(seed);
        under_faults(&world).unwrap_or_else(|what| panic!("seed {seed}: {what}"));
        let replay = world.0.verify_replay();
        assert!(replay.holds(), "{replay}");
    }
}

#[test]
fn two_thousand_fault_plans() {
    // Crashes of callers and tills, loss, doubling, cuts: charged at most once, what was answered was charged, what failed was not; and callers go on.
    survives(2_000, |seed| under_faults(&world_under_faults(seed)));
}

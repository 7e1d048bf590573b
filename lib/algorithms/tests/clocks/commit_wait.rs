//! Commit wait: the intervals of disciplined clocks, external consistency with and without waiting, and seeded fault plans with crashes.

use netsplit_algorithms::clocks::commit_wait::{
    Config, Response, TimestampedShard, Waiting, external_consistency, put, read_at,
};
use netsplit_algorithms::clocks::true_time::Uncertainty;
use netsplit_node::{Context, Duration, Interval, Node, Outcome, Time, Value, ms, secs, us};
use netsplit_sim::{Call, Cluster, Fault, Lab, Latency, Workload};

use crate::faults::{golden, same_again, scenarios, survives};

fn shards(seed: u64, size: usize, waiting: Waiting) -> (Lab, Cluster<TimestampedShard>) {
    let lab = Lab::new(seed);
    let shards = lab.cluster("shard", size, move |_id| TimestampedShard::new(Config { waiting }));
    lab.discipline_clocks(shards.all(), secs(30), ms(4));
    (lab, shards)
}

/// Notes every second how far off its clock is said to be.
#[derive(Clone, Debug, Default)]
struct Watch {
    seen: Vec<(Time, Interval)>,
}

impl Node for Watch {
    type Message = ();
    type Timer = ();
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.set_timer(secs(1), ());
    }
    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        self.seen.push((ctx.monotonic(), ctx.now_interval()));
        ctx.set_timer(secs(1), ());
    }
}

#[test]
fn the_laboratorys_clocks_show_the_saw_tooth() {
    // Polls every 30 s that leave 1 ms, and a perfect oscillator: ε climbs from 1 ms by 200 µs a second to 7 ms, again and again, by what the clock itself
    // corrects after a poll at most 1 ms more. The true time is always within.
    let lab = Lab::new(1);
    let watches = lab.cluster("watch", 1, |_id| Watch::default());
    lab.discipline_clocks(watches.all(), secs(30), ms(1));
    lab.run_for(secs(300));
    let paper = Uncertainty { after_poll: ms(1), drift_per_second: us(200), poll: secs(30) };
    let seen = watches.node(0).seen;
    let width = |interval: Interval| (interval.latest - interval.earliest) / 2;
    let widths: Vec<Duration> = seen.iter().map(|&(_, interval)| width(interval)).collect();
    assert!(seen.iter().all(|(true_time, interval)| interval.contains(*true_time)));
    assert_eq!(widths.iter().min().copied().map(|it| it >= ms(1)), Some(true));
    assert!(widths.iter().all(|&width| width <= paper.worst() + ms(2)), "{widths:?}");
    let resets = widths.windows(2).filter(|pair| pair[1] < pair[0]).count();
    assert_eq!(resets, 10, "one for each poll after the first");
    let climb = widths.windows(2).map(|pair| pair[1] - pair[0]).filter(|climb| !climb.is_negative());
    assert!(climb.clone().all(|climb| climb == us(200)), "{:?}", climb.collect::<Vec<_>>());
}

fn committed(lab: &Lab, call: Call<TimestampedShard>) -> Time {
    lab.run_until(|| !call.is_pending(), secs(1));
    match call.outcome() {
        Some(Outcome::Ok(Response::Committed { at })) => at,
        other => panic!("{other:?}"),
    }
}

/// Ann writes at shard 0; as soon as she has her answer, bob writes at shard 1, whose clock is behind by 5 ms. Then both are read at bob's timestamp.
fn one_after_the_other(waiting: Waiting) -> (Lab, [Time; 2], Result<(), String>, Option<Outcome<Response>>) {
    let (lab, shards) = shards(2, 2, waiting);
    lab.set_latency(Latency::Constant(us(100)));
    lab.set_sync_time(us(100));
    lab.run_for(ms(10));
    lab.inject(Fault::ClockOffset { nodes: shards.nodes([1]), by: -ms(2) });
    lab.inject(Fault::ClockOffset { nodes: shards.nodes([0]), by: ms(3) });
    let anns = committed(&lab, shards.client_of(0).named("ann").call(put("x", 1)));
    lab.run_for(us(10));
    let bobs = committed(&lab, shards.client_of(1).named("bob").call(put("y", 1)));
    let seen = shards.client_of(0).named("eve").call(read_at("x", bobs));
    lab.run_until(|| !seen.is_pending(), secs(1));
    (lab, [anns, bobs], external_consistency(&shards.history()), seen.outcome())
}

#[test]
fn commit_wait_makes_the_order_of_timestamps_that_of_real_time() {
    // With it, a snapshot at bob's timestamp has ann's write. Without, clocks that are 5 ms apart are enough that it has bob's and not ann's.
    let (lab, [anns, bobs], verdict, seen) = one_after_the_other(Waiting::UntilPassed);
    assert!(anns < bobs && verdict.is_ok(), "{anns} {bobs} {verdict:?}");
    assert_eq!(seen, Some(Outcome::Ok(Response::Value(Some(Value::from(1))))));
    golden("commit-wait.txt", &lab.diagram().without_disks().text());
    let (lab, [anns, bobs], verdict, seen) = one_after_the_other(Waiting::Never);
    assert!(bobs < anns);
    let told = verdict.expect_err("bob's timestamp is smaller");
    assert!(told.starts_with("ExternalConsistency is violated: ann's put x = 1"), "{told}");
    assert_eq!(seen, Some(Outcome::Ok(Response::Value(None))), "the effect without its cause");
    golden("commit-wait-skipped.txt", &lab.diagram().without_disks().text());
}

#[test]
fn a_write_waits_for_twice_the_uncertainty() {
    // Section 4.1.2: "the expected wait is at least 2 * ε"; right after a poll ε is 4 ms, and by how much the clock found itself off, up to as much again.
    for (waiting, least, most) in [(Waiting::UntilPassed, ms(8), ms(17)), (Waiting::Never, ms(0), ms(1))] {
        let (lab, shards) = shards(3, 1, waiting);
        lab.set_latency(Latency::Constant(us(100)));
        lab.set_sync_time(us(100));
        let begin = lab.now();
        committed(&lab, shards.client_of(0).call(put("x", 1)));
        let took = lab.now() - begin;
        assert!(least <= took && took <= most, "{waiting:?}: {took}");
    }
}

#[test]
fn a_clock_outside_its_bound_breaks_the_promise() {
    // Shard 1's time server is wrong by 50 ms, which the clock's interval does not know.
    let (lab, shards) = shards(4, 2, Waiting::UntilPassed);
    lab.inject(Fault::BadTimeServer { nodes: shards.nodes([1]), by: -ms(50) });
    lab.run_for(secs(300));
    committed(&lab, shards.client_of(0).call(put("x", 1)));
    lab.run_for(us(10));
    committed(&lab, shards.client_of(1).call(put("y", 1)));
    assert!(external_consistency(&shards.history()).is_err());
}

#[test]
fn a_read_at_a_timestamp_waits_until_it_has_passed_and_stays_true() {
    // Asked for a moment that has not come, it answers after it; asked again later, it says the same, whatever was written since.
    let (lab, shards) = shards(5, 1, Waiting::UntilPassed);
    committed(&lab, shards.client_of(0).call(put("x", 1)));
    let soon = lab.now() + ms(100);
    let early = shards.client_of(0).call(read_at("x", soon));
    lab.run_until(|| !early.is_pending(), secs(1));
    assert!(lab.now() > soon, "nobody can know before");
    committed(&lab, shards.client_of(0).call(put("x", 2)));
    let late = shards.client_of(0).call(read_at("x", soon));
    lab.run_until(|| !late.is_pending(), secs(1));
    assert_eq!(early.outcome(), late.outcome());
    assert_eq!(late.outcome(), Some(Outcome::Ok(Response::Value(Some(Value::from(1))))));
}

fn under_faults((lab, shards): &(Lab, Cluster<TimestampedShard>)) -> Result<(), String> {
    scenarios::timestamps(lab, shards, |number| put("x", number as i64))?;
    let history = shards.history();
    external_consistency(&history)?;
    for operation in &history {
        if let Some(Outcome::Ok(Response::Committed { at })) = &operation.outcome
            && !(0..3).any(|index| shards.node(index).versions().contains_key(at))
        {
            return Err(format!("NoAcknowledgedWriteLost is violated: {operation:?}"));
        }
    }
    Ok(())
}

#[test]
fn a_run_is_the_same_again() {
    // Event by event, from its seed and what was done to it.
    same_again(|seed| shards(seed, 3, Waiting::UntilPassed), under_faults);
}

#[test]
fn two_thousand_fault_plans() {
    // Crashes, slow disks, lost requests, and clocks that drift as much as is assumed: timestamps are in the order of real time, what was
    // committed is on a disk, and shards answer.
    survives(2_000, |seed| under_faults(&shards(seed, 3, Waiting::UntilPassed)));
}

#[test]
fn without_the_wait_nearly_every_run_is_inconsistent() {
    // The same load and faults, with clocks that are never more than 8 ms apart: 49 of 50.
    let broken = (0..50).filter(|&seed| under_faults(&shards(seed, 3, Waiting::Never)).is_err()).count();
    assert_eq!(broken, 49);
}

#[test]
fn the_wait_costs_writes_their_rate_and_nothing_else() {
    // One client in a closed loop: 2 ε for each write, and reads of the past cost nothing.
    let rates = [Waiting::UntilPassed, Waiting::Never].map(|waiting| {
        let (lab, shards) = shards(6, 1, waiting);
        let load = shards.load(Workload::closed(1), |_random, number| put("x", number as i64));
        lab.run_for(secs(10));
        load.report().ok
    });
    assert!(rates[0] * 3 < rates[1], "{rates:?}");
}

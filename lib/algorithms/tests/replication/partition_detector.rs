//! The partition detector: a law over random links that come and go, and a laboratory whose link flaps.

use netsplit_algorithms::replication::partition_detector::{Config, PartitionDetector, Side};
use netsplit_node::{Context, Node, NodeId, Random, Time, ms, secs};
use netsplit_sim::{Lab, Latency};

const CONFIG: Config = Config { members: 3, suspect_after: ms(100), calm_for: ms(1_000) };

/// A member that tells the others every 20 ms that it is there, and notes on which side it takes itself to be.
#[derive(Clone, Debug)]
struct Watcher {
    detector: PartitionDetector,
}

impl Node for Watcher {
    type Message = ();
    type Timer = ();
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.detector = PartitionDetector::new(CONFIG, ctx.monotonic());
        ctx.set_timer(ms(20), ());
    }
    fn on_message(&mut self, from: NodeId, (): (), ctx: &mut Context<Self>) {
        self.detector.heard(from, ctx.monotonic());
    }
    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        self.detector.side(ctx.monotonic());
        ctx.broadcast(());
        ctx.set_timer(ms(20), ());
    }
}

#[test]
fn a_link_that_flaps_for_ten_seconds_is_one_cut() {
    // Up for 200 ms, down for 300 ms, twenty times: the one that is cut off changes twice, the other two never.
    let lab = Lab::new(1);
    lab.set_latency(Latency::Uniform(ms(1), ms(5)));
    let watchers =
        lab.cluster("watcher", 3, |_id| Watcher { detector: PartitionDetector::new(CONFIG, Time::ZERO) });
    lab.run_for(secs(2));
    for _ in 0..20 {
        let cut = lab.partition([watchers.nodes([0]), watchers.nodes([1, 2])]);
        lab.run_for(ms(300));
        lab.heal(cut);
        lab.run_for(ms(200));
    }
    let during: Vec<u32> = (0..3).map(|index| watchers.node(index).detector.changes()).collect();
    lab.run_for(secs(2));
    let after: Vec<u32> = (0..3).map(|index| watchers.node(index).detector.changes()).collect();
    assert_eq!((during, after), (vec![1, 0, 0], vec![2, 0, 0]));
}

/// Times at which a link goes down and up again, in milliseconds, and the heartbeats that pass: every 20 ms while it is up.
fn some_link(random: &mut Random) -> (Vec<(i64, i64)>, Vec<i64>) {
    let (mut outages, mut now) = (Vec::new(), 2_000);
    for _ in 0..random.below(12) {
        let down = now + random.between(ms(0), ms(2_500)).as_nanos() / 1_000_000;
        let up = down + random.between(ms(1), ms(1_500)).as_nanos() / 1_000_000;
        outages.push((down, up));
        now = up + 1;
    }
    let is_up = |at: i64| !outages.iter().any(|&(down, up)| down <= at && at < up);
    let beats = (0..now + 4_000).step_by(20).filter(|&at| is_up(at)).collect();
    (outages, beats)
}

#[test]
fn at_most_two_changes_for_each_real_cut() {
    // 2,000 links that come and go. Outages that are less than 900 ms apart (`calm_for` minus `suspect_after`) are one cut; each costs at most two changes, and in the end the detector is where it began.
    let mut flapped = 0;
    for seed in 0..2_000 {
        let (outages, beats) = some_link(&mut Random::new(seed));
        let mut cuts: Vec<(i64, i64)> = Vec::new();
        // A silence of 100 ms is none: `suspect_after`.
        let is_noticed = |&&(down, up): &&(i64, i64)| {
            let before = beats.iter().rev().find(|&&beat| beat < down).expect("the link begins up");
            let after = beats.iter().find(|&&beat| beat >= up).expect("the link ends up");
            after - before > 100
        };
        for &(down, up) in outages.iter().filter(is_noticed) {
            match cuts.last_mut() {
                Some(last) if down - last.1 < 900 => last.1 = up,
                _ => cuts.push((down, up)),
            }
        }
        let at = |millis: i64| Time::ZERO + ms(millis);
        let mut detector = PartitionDetector::new(CONFIG, at(0));
        let end = beats.last().copied().unwrap_or(0);
        let mut of_majority = true;
        for now in 0..=end {
            if beats.binary_search(&now).is_ok() {
                detector.heard(NodeId(1), at(now));
            }
            of_majority = detector.side(at(now)) == Side::Majority;
            let silent_for_long = outages.iter().any(|&(down, up)| down + 121 <= now && now < up);
            assert!(!(silent_for_long && of_majority), "seed {seed}: nobody is heard at {now}");
        }
        assert!(detector.changes() as usize <= 2 * cuts.len(), "seed {seed}: {outages:?}");
        assert!(of_majority, "seed {seed}: 4 s after the last outage");
        flapped += u32::from(detector.changes() > 0 && outages.len() > cuts.len());
    }
    assert!(flapped > 500, "{flapped}: too few links flapped");
}

#[test]
fn one_late_heartbeat_is_no_cut_and_one_early_one_no_end() {
    // Just within the patience; and, in a cut, a single heartbeat that comes through.
    let at = |millis: i64| Time::ZERO + ms(millis);
    let mut detector = PartitionDetector::new(CONFIG, at(0));
    for now in (0..1_000).step_by(100) {
        detector.heard(NodeId(1), at(now));
    }
    assert_eq!((detector.side(at(1_000)), detector.changes()), (Side::Majority, 0));
    assert_eq!(detector.side(at(1_500)), Side::Minority);
    detector.heard(NodeId(1), at(1_600));
    assert_eq!(detector.side(at(5_000)), Side::Minority);
    assert_eq!(detector.changes(), 1);
}

#[test]
fn one_of_two_others_is_enough_and_of_four_two() {
    // A majority counts the node itself.
    for (members, needed) in [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2)] {
        for heard in 0..members {
            let config = Config { members, ..CONFIG };
            let at = |millis: i64| Time::ZERO + ms(millis);
            let mut detector = PartitionDetector::new(config, at(0));
            for now in (0..3_000).step_by(50) {
                (1..=heard).for_each(|other| detector.heard(NodeId(other as u32), at(now)));
                detector.side(at(now));
            }
            let side = if heard >= needed { Side::Majority } else { Side::Minority };
            assert_eq!(detector.side(at(3_000)), side, "{heard} of {members}");
        }
    }
}

//! Every fault: it changes the run, it breaks what it is meant to break, and its text reads back.

mod common;

use common::{Witness, named_witnesses, networks, one_of_each, witnesses};
use netsplit_node::{NodeId, Outcome, Time, ms, secs};
use netsplit_sim::{Behaviour, Cluster, Fault, FaultPlan, Lab, Workload};

/// What holds of witnesses that nothing befalls, by name.
type Invariant = (&'static str, fn(&Lab, &Cluster<Witness>) -> bool);

const INVARIANTS: [Invariant; 20] = [
    ("all are up", |_, c| (0..5).all(|index| c.is_up(index))),
    ("nobody has begun again", |lab, _| !lab.trace().to_string().contains("starts again")),
    ("everybody is heard by everybody", |_, c| {
        (0..5u32).all(|from| (0..5).all(|to| from as usize == to || heard(c, from, to).len() > 60))
    }),
    ("no number is heard twice", |_, c| {
        pairs(c).all(|numbers| {
            let mut once = numbers.clone();
            once.sort_unstable();
            once.dedup();
            once.len() == numbers.len()
        })
    }),
    ("numbers come in order", |_, c| pairs(c).all(|numbers| numbers.windows(2).all(|two| two[0] < two[1]))),
    ("what is heard was said", |_, c| pairs(c).all(|numbers| numbers.iter().all(|number| *number < 1000))),
    ("nothing is lost", |lab, _| lab.traffic().lost == 0),
    ("answers come within 10 ms", |_, c| {
        (0..5).all(|index| {
            let node = c.node(index);
            node.confirmed + 8 >= node.sent * 4
        })
    }),
    ("timers run every 10 ms", |_, c| (0..5).all(|index| (98..=100).contains(&c.node(index).sent))),
    ("clocks are right", |_, c| ticks(c).all(|(now, _, true_time)| now == true_time)),
    ("clocks only go on", |_, c| {
        (0..5).all(|index| c.node(index).ticks.windows(2).all(|two| two[0].0 < two[1].0))
    }),
    ("the true time is within the interval", |_, c| {
        ticks(c).all(|(_, interval, true_time)| interval.contains(true_time))
    }),
    ("synced numbers survive", |_, c| survives(c).starts_with(&synced(c))),
    ("what survives is a prefix", |_, c| {
        let survived = survives(c);
        survived.iter().zip(1u8..).all(|(&number, expected)| number == expected)
    }),
    ("nothing unsynced survives", |_, c| survives(c).len().is_multiple_of(4)),
    ("the name leads where it points", |_, c| {
        // It was pointed to witness 3 in the middle; answers hold for 50 ms.
        c.node(3).served > 20
    }),
    ("nobody but those whom the name meant is asked", |_, c| {
        [1, 2, 4].iter().all(|&index| c.node(index).served == 0)
    }),
    ("no call fails", |_, c| c.history().iter().all(|call| !matches!(call.outcome, Some(Outcome::Fail(_))))),
    ("all run one version", |_, c| (0..5).all(|index| c.node(index).version == 0)),
    ("no node has reason to complain", |lab, _| !lab.trace().to_string().contains("no space left")),
];

fn heard(cluster: &Cluster<Witness>, from: u32, to: usize) -> Vec<u32> {
    let heard = cluster.node(to).heard;
    heard.into_iter().filter(|(sender, _)| *sender == NodeId(from)).map(|(_, number)| number).collect()
}

/// What each heard of each other.
fn pairs(cluster: &Cluster<Witness>) -> impl Iterator<Item = Vec<u32>> {
    (0..5u32).flat_map(move |from| (0..5).map(move |to| heard(cluster, from, to)))
}

/// What each tick saw: the clock, its interval, and the true time as far as an undisturbed timer tells it.
fn ticks(cluster: &Cluster<Witness>) -> impl Iterator<Item = (Time, netsplit_node::Interval, Time)> {
    (0..5).flat_map(move |index| cluster.node(index).ticks)
}

/// What is on the disk of witness 1 after its power is cut.
fn survives(cluster: &Cluster<Witness>) -> Vec<u8> {
    if cluster.is_up(1) {
        cluster.crash(1);
    }
    cluster.read_disk(1, "log").unwrap_or_default()
}

/// What witness 1 had synced by then: whole fours of what it sent, but for a sync that has not ended.
fn synced(cluster: &Cluster<Witness>) -> Vec<u8> {
    let sent = cluster.node(1).sent;
    (1..=(sent.saturating_sub(5) / 4 * 4) as u8).collect()
}

/// A second with `fault` in it, in a world with clocks that are kept right and latencies that keep the order.
fn run(seed: u64, fault: Option<&Fault>) -> (Lab, Cluster<Witness>) {
    let (lab, cluster, name) = named_witnesses(seed);
    name.load(Workload::closed(1).thinking(ms(10)).with_deadline(ms(100)), |_, number| number);
    name.load(Workload::closed(1).thinking(ms(10)).with_deadline(ms(100)), |_, number| number);
    lab.set_latency(netsplit_sim::Latency::Constant(ms(1)));
    lab.set_topology(networks(&cluster));
    if matches!(fault, Some(Fault::BadTimeServer { .. })) {
        lab.discipline_clocks(cluster.nodes([1]), ms(100), ms(0));
    }
    if matches!(fault, Some(Fault::Overload { .. })) {
        (1..5).for_each(|index| cluster.set_service_time(index, netsplit_sim::Latency::Constant(ms(1))));
    }
    if matches!(fault, Some(Fault::Restart { .. })) {
        cluster.crash(4);
    }
    lab.run_for(ms(100));
    if let Some(fault) = fault {
        lab.inject(fault.clone());
    }
    lab.run_for(ms(300));
    name.point_to([3]);
    lab.run_for(ms(607));
    (lab, cluster)
}

/// How many variants `Fault` has: whoever adds one has to name what it breaks below, and counts it here.
const KINDS: usize = 41;

/// The invariant that each fault breaks.
fn breaks(fault: &Fault) -> &'static str {
    match fault {
        Fault::Crash { .. } | Fault::CrashAfterEffects { .. } | Fault::FsyncError { .. } => "all are up",
        Fault::CrashAtByte { .. } => "nothing unsynced survives",
        Fault::Restart { .. } => "nobody has begun again",
        Fault::Pause { .. }
        | Fault::ServiceTime { .. }
        | Fault::SlowDisk { .. }
        | Fault::ClockDrift { .. } => "timers run every 10 ms",
        Fault::Slow { .. } | Fault::Delay { .. } => "answers come within 10 ms",
        Fault::Overload { .. } | Fault::Loss { .. } | Fault::Flap { .. } | Fault::Bandwidth { .. } => {
            "nothing is lost"
        }
        Fault::Partition { .. } | Fault::Isolate { .. } | Fault::OneWay { .. } | Fault::Ring { .. } => {
            "everybody is heard by everybody"
        }
        Fault::DnsChange { .. } => "nobody but those whom the name meant is asked",
        Fault::DnsStale { .. } => "the name leads where it points",
        Fault::ConnectionLimit { .. } => "no call fails",
        Fault::VersionSkew { .. } => "all run one version",
        Fault::LinkDown { .. } => "nothing is lost",
        Fault::RouterDown { .. } | Fault::RouteWithdraw { .. } => "everybody is heard by everybody",
        Fault::MtuDrop { .. } => "everybody is heard by everybody",
        Fault::Duplicate { .. } => "no number is heard twice",
        Fault::Reorder { .. } => "numbers come in order",
        Fault::Corrupt { .. } | Fault::Misbehave { .. } => "what is heard was said",
        Fault::ClockOffset { .. } | Fault::ClockJump { .. } => "clocks are right",
        Fault::ClockFreeze { .. } | Fault::LeapSecond { .. } => "clocks only go on",
        Fault::BadTimeServer { .. } => "the true time is within the interval",
        Fault::TornWrites { .. } => "nothing unsynced survives",
        Fault::WriteReorder { .. } | Fault::BitRot { .. } => "what survives is a prefix",
        Fault::FsyncLie { .. } => "synced numbers survive",
        Fault::DiskFull { .. } => "no node has reason to complain",
    }
}

#[test]
fn without_faults_all_invariants_hold() {
    // Otherwise a red one would say nothing.
    for (name, holds) in INVARIANTS {
        let (lab, cluster) = run(5, None);
        assert!(holds(&lab, &cluster), "{name}");
    }
}

#[test]
fn every_fault_changes_the_run_and_breaks_its_invariant() {
    // Each is real: it leaves a trace, and what it is meant to break is broken.
    let (quiet, _) = run(5, None);
    let mut kinds: Vec<_> =
        one_of_each().iter().map(|fault| fault.to_string().split(' ').next().map(str::to_owned)).collect();
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds.len(), KINDS, "one_of_each has some value of every fault");
    for fault in one_of_each() {
        let (lab, _) = run(5, Some(&fault));
        assert_ne!(lab.trace_hash(), quiet.trace_hash(), "{fault}");
        let name = breaks(&fault);
        let (_, holds) =
            INVARIANTS.iter().find(|(invariant, _)| *invariant == name).expect("it is in the list");
        // What a crash leaves of a disk is drawn: one of a few seeds shows it.
        let breaks = |seed| {
            let (lab, cluster) = run(seed, Some(&fault));
            !holds(&lab, &cluster)
        };
        assert!((5..15).any(breaks), "{fault} left {name:?} whole");
    }
}

#[test]
fn what_is_undone_is_over() {
    // After the end of each fault that can be undone, everything is up, heard and confirmed again.
    for fault in one_of_each() {
        let (lab, cluster) = witnesses(6);
        let _clients = (cluster.client_of(0), cluster.client_of(0));
        lab.run_for(ms(100));
        let injected = lab.inject(fault.clone());
        lab.run_for(ms(400));
        lab.undo(injected);
        let pause_is_over = ms(400);
        lab.run_for(pause_is_over);
        if !cluster.is_up(1) {
            cluster.restart(1); // The fault is over, but it had crashed the node.
        }
        let before: Vec<usize> = (0..5).map(|index| cluster.node(index).heard.len()).collect();
        let lost = lab.traffic().lost;
        lab.run_for(secs(1));
        for (index, before) in before.into_iter().enumerate() {
            assert!(cluster.is_up(index), "{fault}: {index}");
            let heard = cluster.node(index).heard.len() - before;
            assert!((360..=440).contains(&heard), "{fault}: {index} heard {heard}");
        }
        assert_eq!(lab.traffic().lost, lost, "{fault}");
    }
}

#[test]
fn texts_and_json_of_all_faults_read_back() {
    // What a plan prints can be sent to somebody else.
    let mut plan = FaultPlan::new();
    for fault in one_of_each() {
        assert_eq!(fault.to_string().parse(), Ok(fault.clone()), "{fault}");
        let at = ms(plan.entries.len() as i64);
        plan = plan.at(at, fault);
    }
    assert_eq!(plan.to_string().parse(), Ok(plan.clone()));
    assert_eq!(FaultPlan::from_json(&plan.to_json()), Ok(plan));
}

#[test]
fn what_is_no_fault_says_what_was_expected() {
    // Never a panic, never a guess.
    for (text, expected) in [
        ("", "a fault, like"),
        ("explode nodes={n1}", "the name of a fault"),
        ("crash", "nodes=.. (a group of nodes, like {n0,n2}) in \"crash\""),
        ("crash nodes=1", "a group of nodes"),
        ("pause nodes={n1} time=300", "a duration, like 300ms"),
        ("pause nodes={n1} 300ms", "field=value"),
        ("misbehave nodes={n1} behaviour=kind", "a behaviour"),
        ("loss probability=often", "a number"),
        ("router-down router={a} on=true", "a name of letters"),
        ("route-withdraw network=east on=perhaps", "true or false"),
    ] {
        let error = text.parse::<Fault>().expect_err(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    for (text, expected) in [
        ("crash nodes={n1}", "at 3s for 2s"),
        ("at noon: crash nodes={n1}", "a duration"),
        ("when n1 explodes: crash nodes={n1}", "a condition"),
    ] {
        let error = text.parse::<FaultPlan>().expect_err(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    assert!(FaultPlan::from_json("[{}]").unwrap_err().to_string().contains("\"when\""));
}

#[test]
fn what_cannot_happen_is_refused_and_changes_nothing() {
    // Each with a sentence that says what was expected.
    let (lab, cluster) = witnesses(1);
    let client = cluster.client_of(0);
    let hash = lab.trace_hash();
    let nodes = || cluster.nodes([1]);
    let refused: Vec<(&str, Fault)> = vec![
        ("at least 4 nodes, got 3", Fault::Ring { nodes: cluster.nodes([0, 1, 2]) }),
        ("client 1 is a client", Fault::Crash { nodes: (&client).into() }),
        ("n99 is not in this laboratory", Fault::Pause { nodes: NodeId(99).into(), time: ms(1) }),
        ("carries nothing", "bandwidth rate=0bit queue=1".parse().unwrap()),
        ("0 times as slow", Fault::Slow { nodes: nodes(), factor: 0 }),
        ("stops the clock", Fault::ClockDrift { nodes: nodes(), ppb: -1_000_000_000 }),
        ("1.5 is not a probability", "reorder probability=1.5 by=1ms".parse().unwrap()),
        ("2 is not a probability", Fault::Misbehave { nodes: nodes(), behaviour: Behaviour::Forging(2.0) }),
        ("a pause cannot be -1ms", Fault::Pause { nodes: nodes(), time: -ms(1) }),
        ("the time of a flap", "flap groups={n0}|{n1} down=0s up=1s".parse().unwrap()),
        (
            "no router atlantic; expected one of: east, west, north",
            "router-down router=atlantic on=true".parse().unwrap(),
        ),
        ("no link between north and north", "link-down one=north other=north on=true".parse().unwrap()),
        ("no router nowhere", "route-withdraw network=nowhere on=true".parse().unwrap()),
        ("shorter one first", "service-time nodes={n1} time=uniform:2ms,1ms".parse().unwrap()),
    ];
    for (sentence, fault) in refused {
        let attempt = std::panic::AssertUnwindSafe(|| lab.inject(fault));
        let panic = std::panic::catch_unwind(attempt).expect_err(sentence);
        let message = panic.downcast_ref::<String>().expect("a sentence");
        assert!(message.contains(sentence), "{message}");
    }
    assert_eq!(lab.trace_hash(), hash);
}

#[test]
fn what_is_undone_is_what_was_before_and_not_what_was_first() {
    // The version that ran, and the nodes that a name stood for, when the fault came.
    let (lab, cluster, name) = named_witnesses(1);
    let run_version = |version| lab.inject(Fault::VersionSkew { nodes: cluster.nodes([1]), version });
    run_version(1);
    let back = run_version(0);
    lab.undo(back);
    assert_eq!(cluster.node(1).version, 1);
    name.point_to([4]);
    let moved = lab.inject(Fault::DnsChange { name: "w".to_owned(), to: cluster.nodes([2, 3]) });
    assert_eq!(format!("{name:?}"), "w: witness 2, witness 3");
    lab.undo(moved);
    assert_eq!(format!("{name:?}"), "w: witness 4");
}

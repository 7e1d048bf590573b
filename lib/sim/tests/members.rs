//! Who belongs to a cluster: members that join, leave and run other versions, and workloads that ask them.

mod common;

use common::{Witness, witnesses};
use netsplit_algorithms::replication::EagerStore;
use netsplit_node::{
    CallId, Context, KeyValueRequest, Node, NodeId, Outcome, Random, Service, Time, ms, secs,
};
use netsplit_sim::{Keys, Lab, Latency, Traffic, Workload};

#[test]
fn a_member_that_joins_is_a_peer_at_once_and_one_that_leaves_is_none() {
    // Indices stay, numbers stay; who has left neither sends nor hears, and never comes back.
    let (lab, cluster) = witnesses(1);
    lab.run_for(ms(100));
    assert_eq!(cluster.join(), 5);
    lab.run_for(ms(200));
    assert!(
        cluster.node(5).heard.len() > 50
            && cluster.node(0).heard.iter().any(|(from, _)| *from == cluster.id(5))
    );
    cluster.leave(1);
    let heard = cluster.node(1).heard.len();
    lab.run_for(ms(10));
    let before = cluster.node(0).sent;
    let traffic = lab.traffic().sent;
    lab.run_for(ms(100));
    assert_eq!((cluster.node(1).heard.len(), cluster.size(), cluster.all().ids().len()), (heard, 6, 5));
    let ticks = u64::from(cluster.node(0).sent - before);
    assert!(
        (lab.traffic().sent - traffic).abs_diff(ticks * 5 * 4 * 2) < 60,
        "five members, each to the four others"
    );
    let attempt = std::panic::AssertUnwindSafe(|| cluster.restart(1));
    let panic = std::panic::catch_unwind(attempt).expect_err("it has left");
    assert!(panic.downcast_ref::<String>().expect("a sentence").contains("has left its cluster for good"));
}

/// Answers with its version, and keeps on its disk which versions it has run.
#[derive(Clone, Debug)]
struct Versioned {
    version: u8,
}

impl Node for Versioned {
    type Message = ();
    type Timer = ();
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.disk().append("versions", [self.version]);
        ctx.disk().sync();
    }
}

impl Service for Versioned {
    type Request = ();
    type Response = u8;
    fn on_request(&mut self, call: CallId, (): (), ctx: &mut Context<Self>) {
        ctx.reply(call, self.version);
    }
}

#[test]
fn a_rolling_upgrade_replaces_one_member_after_the_other() {
    // In between both versions answer; disks stay; a restart keeps the new version; a single member can be taken back.
    let lab = Lab::new(1);
    let service = lab.cluster("service", 3, |_| Versioned { version: 1 });
    lab.run_for(ms(10));
    service.rolling_upgrade(secs(10), |_| Versioned { version: 2 });
    let versions = |lab: &Lab| {
        lab.run_for(ms(100));
        [0, 1, 2].map(|index| service.node(index).version)
    };
    assert_eq!(versions(&lab), [2, 1, 1]);
    lab.run_for(secs(10));
    assert_eq!(versions(&lab), [2, 2, 1]);
    lab.run_for(secs(10));
    assert_eq!(versions(&lab), [2, 2, 2]);
    service.crash(1);
    service.restart(1);
    service.upgrade(2, |_| Versioned { version: 1 });
    assert_eq!(versions(&lab), [2, 2, 1]);
    assert_eq!(service.read_disk(1, "versions").unwrap(), [1, 2, 2]);
    let call = service.client_of(2).call(());
    lab.run_for(ms(10));
    assert_eq!(call.outcome(), Some(Outcome::Ok(1)));
}

#[test]
fn a_closed_loop_slows_down_with_its_service_and_an_open_one_does_not() {
    // One server that takes 10 ms: five clients get 100 answers a second whatever they want; 200 requests a second pile up.
    let run = |workload: Workload| {
        let lab = Lab::new(3);
        lab.set_latency(Latency::Constant(ms(0)));
        let store = lab.cluster("store", 1, |_| EagerStore::default());
        store.set_service_time(0, Latency::Constant(ms(10)));
        let load = store.load(workload, |_, _| KeyValueRequest::Get { key: "x".to_owned() });
        lab.run_for(secs(20));
        load.report()
    };
    let closed = run(Workload::closed(5));
    assert!((1990..=2001).contains(&closed.ok) && closed.pending <= 5, "{closed}");
    assert_eq!(closed.percentile(0.5), Some(ms(50)), "each waits for the four others");
    let open = run(Workload::open(200));
    assert!((3_700..4_300).contains(&open.asked) && open.pending > 1_700, "{open}");
    assert!(open.percentile(0.99).unwrap() > secs(9), "{open}");
}

#[test]
fn requests_of_an_open_loop_come_at_independent_times() {
    // The times between them are exponential: their mean is 10 ms and the standard deviation as large.
    let lab = Lab::new(3);
    let store = lab.cluster("store", 1, |_| EagerStore::default());
    store.load(Workload::open(100), Keys::uniform(10).reads_and_writes(1.0));
    lab.run_for(secs(100));
    let history = store.history();
    let times: Vec<f64> =
        history.iter().map(|it| (it.invoked - Time::ZERO).as_nanos() as f64 / 1e6).collect();
    let gaps: Vec<f64> = times.windows(2).map(|two| two[1] - two[0]).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let deviation = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64).sqrt();
    assert!(
        (mean - 10.0).abs() < 0.3 && (deviation - 10.0).abs() < 0.5,
        "mean {mean}, deviation {deviation}"
    );
}

#[test]
fn a_workload_is_part_of_the_history_and_ends_when_it_is_told() {
    // At most so many requests; deadlines and retries as of any client; values of puts are never the same twice.
    let lab = Lab::new(4);
    let store = lab.cluster("store", 3, |_| EagerStore::default());
    lab.lose(0.3, Traffic::all().replies());
    let workload = Workload::closed(3).with_deadline(ms(20)).with_retries(1).at_most(500);
    let load = store.load(workload, Keys::hot(100, 1, 0.5).reads_and_writes(0.0));
    lab.run_for(secs(60));
    let report = load.report();
    assert_eq!((report.asked, report.pending), (500, 0), "{report}");
    assert!(report.unknown > 20 && report.fail == 0, "{report}");
    let history = store.history();
    assert_eq!(history.len(), 500);
    let mut values: Vec<String> = history.iter().map(|it| format!("{:?}", it.request)).collect();
    let hot = values.iter().filter(|request| request.contains("put k0 ")).count();
    assert!((200..300).contains(&hot), "{hot} of 500 for the hot key");
    values.sort();
    values.dedup();
    assert_eq!(values.len(), 500);
    let endless = store.load(Workload::open(100), Keys::uniform(3).reads_and_writes(0.5));
    lab.run_for(secs(1));
    endless.stop();
    let asked = endless.report().asked;
    lab.run_for(secs(1));
    assert_eq!(endless.report().asked, asked);
}

#[test]
fn keys_are_drawn_as_they_say() {
    // Uniform: chi-square with 9 degrees of freedom, 27.9 is passed once in a thousand.
    let (keys, mut random) = (Keys::uniform(10), Random::new(5));
    let mut counts = [0.0; 10];
    for _ in 0..10_000 {
        let key = keys.draw(&mut random);
        counts[key[1..].parse::<usize>().unwrap()] += 1.0;
    }
    let chi_square: f64 = counts.iter().map(|count: &f64| (count - 1000.0).powi(2) / 1000.0).sum();
    assert!(chi_square < 27.9, "{chi_square}");
}

#[test]
fn the_log_tells_what_was_done() {
    // In order, with its time, near to what was typed.
    let lab = Lab::new(1);
    let store = lab.cluster("witness", 2, |_| Witness::default());
    let ann = store.client_of(0).named("ann").with_deadline(ms(5));
    lab.run_for(secs(1));
    ann.call(7);
    store.crash(1);
    let cut = lab.isolate(NodeId(0));
    lab.heal(cut);
    let actions: Vec<String> =
        lab.actions().into_iter().map(|(time, action)| format!("{time} {action}")).collect();
    assert_eq!(
        actions,
        [
            "0s lab.cluster(\"witness\", 2, ..)",
            "0s cluster 0: a service from now on",
            "0s client of n0",
            "0s client 1.named(\"ann\")",
            "0s client 1: deadline 5ms, 0 retries",
            "1s n2 calls 7",
            "1s lab.inject(\"crash nodes={n1}\")",
            "1s lab.inject(\"isolate nodes={n0}\")",
            "1s lab.heal(cut 0)",
        ]
    );
}

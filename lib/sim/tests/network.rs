//! The network's models: who reaches whom, links that are shared, and how long messages take.

mod common;

use common::{Listener, send, witnesses};
use netsplit_algorithms::replication::EagerStore;
use netsplit_node::{Duration, NodeId, Outcome, Time, ms, secs, us};
use netsplit_sim::{Bandwidth, Cluster, Condition, Fault, FaultPlan, Lab, Latency, Region, Traffic};

/// Who hears whom of six in the second that follows: row by sender.
fn matrix(lab: &Lab, cluster: &Cluster<Listener>) -> Vec<String> {
    let before: Vec<usize> = (0..6).map(|to| cluster.node(to).came.len()).collect();
    for from in 0..6 {
        (0..6).filter(|&to| to != from).for_each(|to| send(cluster, from, to, 1));
    }
    lab.run_for(secs(1));
    let reached = |from: usize, to: usize| {
        cluster.node(to).came[before[to]..].iter().any(|(sender, ..)| *sender == cluster.id(from))
    };
    let sign = |from, to| {
        if from == to {
            '.'
        } else if reached(from, to) {
            '1'
        } else {
            '0'
        }
    };
    (0..6).map(|from| (0..6).map(|to| sign(from, to)).collect()).collect()
}

#[test]
fn every_shape_of_partition_has_its_matrix() {
    // Who reaches whom: halves, a bridge, one node alone, one way, a ring, all apart; and everybody again after each is healed.
    let whole = [".11111", "1.1111", "11.111", "111.11", "1111.1", "11111."];
    let lab = Lab::new(1);
    let nodes = lab.cluster("node", 6, |_| Listener::default());
    fn group(nodes: &Cluster<Listener>, indices: &[usize]) -> netsplit_sim::Group {
        nodes.nodes(indices.iter().copied())
    }
    type Shape = fn(&Lab, &Cluster<Listener>) -> netsplit_sim::Cut;
    let shapes: [(Shape, [&str; 6]); 6] = [
        (
            |lab, nodes| lab.partition([group(nodes, &[0, 1, 2]), group(nodes, &[3, 4, 5])]),
            [".11000", "1.1000", "11.000", "000.11", "0001.1", "00011."],
        ),
        (
            |lab, nodes| lab.partition([group(nodes, &[0, 1]), group(nodes, &[3, 4, 5])]),
            [".11000", "1.1000", "11.111", "001.11", "0011.1", "00111."],
        ),
        (
            |lab, nodes| lab.isolate(group(nodes, &[5])),
            [".11110", "1.1110", "11.110", "111.10", "1111.0", "00000."],
        ),
        (
            |lab, nodes| lab.cut_one_way(group(nodes, &[0]), group(nodes, &[1, 2])),
            [".00111", "1.1111", "11.111", "111.11", "1111.1", "11111."],
        ),
        (|lab, nodes| lab.ring(nodes.all()), [".10001", "1.1000", "01.100", "001.10", "0001.1", "10001."]),
        (
            |lab, nodes| lab.partition((0..6).map(|index| group(nodes, &[index]))),
            [".00000", "0.0000", "00.000", "000.00", "0000.0", "00000."],
        ),
    ];
    for (index, (cut, expected)) in shapes.into_iter().enumerate() {
        let cut = cut(&lab, &nodes);
        // The client that tells an isolated node to send is cut off from it as well: it sends nothing, which is what its row says.
        assert_eq!(matrix(&lab, &nodes), expected, "shape {index}");
        lab.heal(cut);
        assert_eq!(matrix(&lab, &nodes), whole);
    }
}

#[test]
fn a_flapping_partition_comes_and_goes() {
    // Cut for 30 ms, whole for 20, until it is healed.
    let lab = Lab::new(1);
    lab.set_latency(Latency::Constant(ms(0)));
    let nodes = lab.cluster("node", 2, |_| Listener::default());
    let cut = lab.flap([nodes.nodes([0]), nodes.nodes([1])], ms(30), ms(20));
    let mut reached = String::new();
    for _ in 0..20 {
        let before = nodes.node(1).came.len();
        send(&nodes, 0, 1, 1);
        lab.run_for(ms(10));
        reached.push(if nodes.node(1).came.len() > before { '1' } else { '0' });
    }
    assert_eq!(reached, "00011000110001100011");
    lab.heal(cut);
    lab.run_for(secs(1));
    assert_eq!(lab.trace().to_string().matches("is healed").count(), 5);
}

/// When the messages to member `to` came, in milliseconds after `start`.
fn arrivals(cluster: &Cluster<Listener>, to: usize, start: Time) -> Vec<i64> {
    cluster.node(to).came.iter().map(|(_, _, at)| (*at - start).as_nanos() / 1_000_000).collect()
}

#[test]
fn messages_share_a_link_and_wait_for_each_other() {
    // Two senders, one link of 1 Mbit/s: 125 bytes a millisecond, first come, first served; what is larger than the queue is lost.
    let lab = Lab::new(1);
    lab.set_latency(Latency::Constant(ms(0)));
    let nodes = lab.cluster("node", 4, |_| Listener::default());
    let shared = Traffic::all().messages().from(nodes.nodes([0, 1]));
    let rule = lab.limit_bandwidth(Bandwidth::mbit(1), 3_000, shared);
    lab.run_for(ms(100));
    let start = lab.now();
    for (from, to) in [(0, 2), (1, 3), (0, 3), (3, 2)] {
        send(&nodes, from, to, 1_250);
    }
    lab.run_for(secs(1));
    assert_eq!((arrivals(&nodes, 2, start), arrivals(&nodes, 3, start)), (vec![0, 10], vec![20]));
    assert!(lab.trace().to_string().contains("the queue of the link is full"));
    lab.remove_rule(rule);
    let start = lab.now();
    send(&nodes, 0, 1, 1_000_000);
    lab.run_for(secs(1));
    assert_eq!(arrivals(&nodes, 1, start), [0]);
}

#[test]
fn rules_hold_in_the_order_in_which_they_were_made() {
    // What is lost before a shared link does not occupy it, what is lost behind it does: 10 ms of waiting for the other sender.
    let arrives = |lost_first: bool| {
        let lab = Lab::new(1);
        lab.set_latency(Latency::Constant(ms(0)));
        let nodes = lab.cluster("node", 3, |_| Listener::default());
        let lose = || _ = lab.lose(1.0, Traffic::all().messages().from(nodes.nodes([0])));
        if lost_first {
            lose();
        }
        lab.limit_bandwidth(Bandwidth::mbit(1), 10_000, Traffic::all().messages());
        if !lost_first {
            lose();
        }
        send(&nodes, 0, 2, 1_250);
        send(&nodes, 1, 2, 1_250);
        lab.run_for(secs(1));
        arrivals(&nodes, 2, Time::ZERO)
    };
    assert_eq!((arrives(true), arrives(false)), (vec![10], vec![20]));
}

#[test]
fn what_is_too_large_is_lost_or_late() {
    // A black hole for large messages, and a delay of large messages only.
    let lab = Lab::new(1);
    lab.set_latency(Latency::Constant(ms(1)));
    let nodes = lab.cluster("node", 2, |_| Listener::default());
    lab.drop_larger_than(1_400, Traffic::all());
    lab.delay(ms(50), Traffic::all().larger_than(1_000));
    let start = lab.now();
    for bytes in [1_401, 1_400, 1_001, 1_000] {
        send(&nodes, 0, 1, bytes);
    }
    lab.run_for(secs(1));
    assert_eq!(arrivals(&nodes, 1, start), [2, 52, 52]);
}

#[test]
fn places_decide_how_long_messages_take() {
    // Measured between cloud regions, on average; exactly the speed of light between places of one's own; a link of its own comes first.
    let lab = Lab::new(1);
    let store = lab.cluster("store", 1, |_| EagerStore::default());
    lab.place(store.all(), Region::IRELAND);
    let mean = |region: Option<Region>| -> Duration {
        let ann = store.client_of(0);
        if let Some(region) = region {
            lab.place(&ann, region);
        }
        let total: i64 = (0..200)
            .map(|_| {
                let (start, call) = (lab.now(), ann.get("x"));
                lab.run_for(secs(2));
                (call.returned().expect("answered") - start).as_nanos()
            })
            .sum();
        netsplit_node::ns(total / 200)
    };
    let near =
        |found: Duration, expected: Duration| (found - expected).as_nanos().abs() < expected.as_nanos() / 50;
    assert!(near(mean(Some(Region::VIRGINIA)), us(107_900)));
    assert!(near(mean(Some(Region::IRELAND)), us(3_120)));
    assert!(near(mean(None), ms(3)), "who was not placed is near everybody");
    let reykjavik = Region::at("Reykjavik", 64.15, -21.94);
    let light = us(10 * i64::from(reykjavik.kilometres_to(&Region::IRELAND)));
    assert_eq!(mean(Some(reykjavik)), light);
}

#[test]
fn corruption_is_seen_where_nobody_can_check() {
    // With a mutator messages, requests and answers arrive changed, and the trace says so; without one a checksum tells, and they are lost.
    let (lab, cluster) = witnesses(1);
    lab.corrupt(1.0, Traffic::all().messages());
    lab.run_for(ms(100));
    assert!(cluster.node(0).heard.iter().all(|(_, number)| *number > 1 << 15));
    assert!(lab.trace().to_string().contains("the network changes:"));
    lab.corrupt(1.0, Traffic::all().requests());
    let call = cluster.client_of(0).call(1);
    lab.run_for(ms(100));
    assert!(call.is_pending() && lab.trace().to_string().contains("corrupted: its checksum does not fit"));
    cluster.set_request_mutator(|request, _| *request += 10);
    cluster.set_response_mutator(|response, random| *response += 100 * (1 + random.below(9)));
    let call = cluster.client_of(0).call(1);
    lab.run_for(ms(100));
    assert_eq!(call.outcome(), Some(Outcome::Ok(11)), "the request was changed, its history was not");
    assert_eq!(cluster.history().operations[1].request, 1);
    lab.corrupt(1.0, Traffic::all().replies());
    let call = cluster.client_of(0).call(1);
    lab.run_for(ms(100));
    let changed = call.outcome().and_then(Outcome::ok).expect("it is answered");
    assert_eq!((changed % 100, changed >= 100), (11, true));
}

#[test]
fn the_trace_and_the_diagram_tell_when_rules_begin_and_end() {
    // Each with what it does, in names; the hash is that of a run without them where they touch nothing.
    let run = |with_rules: bool| {
        let (lab, cluster) = witnesses(1);
        lab.set_latency(Latency::Uniform(ms(1), ms(2)));
        if with_rules {
            let nothing = lab.lose(0.125, Traffic::all().requests().from(cluster.nodes([0, 1])));
            lab.run_for(ms(15));
            lab.remove_rule(nothing);
            lab.remove_rule(nothing);
            lab.delay(ms(3), Traffic::all().requests().larger_than(10));
            lab.heal_core(cluster.all());
            lab.set_sync_time(ms(1));
        } else {
            lab.run_for(ms(15));
            lab.heal_core(cluster.all());
        }
        lab.run_for(ms(20));
        lab
    };
    let lab = run(true);
    let told: Vec<String> = lab.trace().to_string().lines().map(|line| line.trim().to_owned()).collect();
    for expected in [
        "0s  from now on a message takes 1ms to 2ms",
        "0s  rule 0 begins: loses 12.5% of requests from witness 0, witness 1",
        "15ms  rule 0 ends for what is sent from now on: loses 12.5% of requests from witness 0, witness 1",
        "15ms  rule 1 begins: delays requests larger than 10 bytes by 3ms",
        "15ms  rule 1 ends for what is sent from now on: delays requests larger than 10 bytes by 3ms",
        "15ms  from now on a sync takes 1ms",
    ] {
        assert_eq!(told.iter().filter(|line| *line == expected).count(), 1, "{expected}: {told:#?}");
    }
    let picture = lab.diagram().text();
    assert!(
        picture.contains("== rule 0 begins: loses 12.5%") && picture.contains("== rule 0 ends"),
        "{picture}"
    );
    assert!(lab.diagram().since(ms(10)).text().contains("== rule 0 holds since 0s: loses"));
    assert!(lab.diagram().svg().contains("rule 0 ends"));
    assert_eq!(lab.trace_hash(), run(false).trace_hash());
    assert!(lab.verify_replay().holds());
}

#[test]
fn plans_happen_at_their_time_again_and_again_and_when_something_holds() {
    // Each kind of entry, with and without an end.
    let (lab, cluster) = witnesses(1);
    let plan: FaultPlan = "at 100ms for 50ms: crash nodes={n0}\n\
                           # a comment\n\
                           every 200ms for 20ms: isolate nodes={n1}\n\
                           when n0 is down for 30ms: crash nodes={n2}\n\
                           when sent 5 of=requests: crash nodes={n3}"
        .parse()
        .expect("it is a plan");
    lab.run_for(ms(1000));
    lab.play(plan);
    let client = cluster.client_of(4);
    let mut seen = Vec::new();
    for _ in 0..50 {
        lab.run_for(ms(10));
        seen.push(
            [0, 2, 3].map(|index| if cluster.is_up(index) { '1' } else { '0' }).iter().collect::<String>(),
        );
        if seen.len() == 30 {
            (0..5).for_each(|_| drop(client.call(1)));
        }
    }
    let count = |state: &str| seen.iter().filter(|seen| *seen == state).count();
    assert_eq!((count("001"), count("011"), count("110"), count("111")), (3, 2, 20, 25), "{seen:?}");
    let trace = lab.trace().to_string();
    assert_eq!((trace.matches("everyone else").count(), trace.matches("is healed").count()), (2, 2));
    lab.play(FaultPlan::new().when(Condition::Down(NodeId(3)), Fault::Crash { nodes: cluster.nodes([4]) }));
    lab.run_for(ms(10));
    assert!(!cluster.is_up(4), "what holds already happens with the next event");
}

#[test]
fn a_healed_core_makes_progress_and_one_too_small_does_not() {
    // Liveness mode: everything that was broken in the core is whole, and what is outside stays away.
    let store_that_needs = |core: &[usize]| {
        let (lab, cluster) = witnesses(2);
        lab.play("every 50ms for 40ms: partition groups={n0,n1}|{n2,n3,n4}".parse().expect("a plan"));
        lab.inject("fsync-lie nodes={n0,n1} on=true".parse().expect("a fault"));
        lab.lose(0.9, Traffic::all());
        lab.run_for(secs(1));
        cluster.crash(0);
        // Node 0 begins anew, so all that it has heard is new: a majority of five is it and two others.
        let hears_two = || {
            let heard = cluster.node(0).heard;
            let heard: std::collections::BTreeSet<_> = heard.iter().map(|(from, _)| *from).collect();
            cluster.is_up(0) && heard.len() >= 2
        };
        lab.require_progress(cluster.nodes(core.iter().copied()), hears_two, secs(5))
    };
    let progress = store_that_needs(&[0, 1, 2]);
    assert!(progress.holds(), "{progress}");
    let progress = store_that_needs(&[0, 1]);
    assert!(
        progress.to_string().contains("liveness is broken") && progress.to_string().contains("seed 2"),
        "{progress}"
    );
}

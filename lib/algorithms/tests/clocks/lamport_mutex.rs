//! Lamport's mutual exclusion: the rules of the paper, a run to read, seeded fault plans without crashes, and small instances explored.

use netsplit_algorithms::clocks::lamport_mutex::{
    Config, Done, GrantedInOrder, LamportMutex, MutualExclusion, Timer, Work,
};
use netsplit_algorithms::links::Frame;
use netsplit_node::{Outcome, ms, secs};
use netsplit_sim::explore::{Network, Nodes, explore};
use netsplit_sim::{Call, Cluster, Lab, Latency};

use crate::faults::{golden, same_again, scenarios, survives};

const CONFIG: Config = Config { send_again_every: ms(50) };

fn printers(seed: u64, size: usize) -> (Lab, Cluster<LamportMutex>) {
    let lab = Lab::new(seed);
    let printers = lab.cluster("printer", size, |_id| LamportMutex::new(CONFIG));
    printers.require(MutualExclusion);
    printers.require(GrantedInOrder::default());
    (lab, printers)
}

fn time_of(call: &Call<LamportMutex>) -> Option<u64> {
    match call.outcome() {
        Some(Outcome::Ok(Done { request })) => Some(request.time),
        _ => None,
    }
}

#[test]
fn whoever_asks_is_let_in_one_after_the_other() {
    // Condition III: "every request is eventually granted"; all three ask at once, and equal times go to the lower node.
    let (lab, printers) = printers(1, 3);
    lab.set_latency(Latency::Constant(ms(5)));
    let calls = [0, 1, 2].map(|index| printers.client_of(index).call(Work { time: ms(20) }));
    lab.run_for(secs(1));
    assert_eq!(calls.each_ref().map(time_of), [Some(1); 3]);
    let ends = calls.map(|call| call.returned().expect("it has ended"));
    assert!(ends[0] + ms(20) < ends[1] && ends[1] + ms(20) < ends[2], "{ends:?}");
    golden("lamport-mutex.txt", &lab.diagram().without_timers().text());
}

#[test]
fn an_entry_costs_three_messages_for_each_peer() {
    // A request, an acknowledgement and a release; the links acknowledge each once more.
    for size in [2, 3, 5] {
        let (lab, printers) = printers(2, size);
        lab.set_latency(Latency::Constant(ms(1)));
        printers.client_of(0).call(Work { time: ms(1) });
        lab.run_for(ms(40));
        // Besides, the client's request and its answer.
        assert_eq!(lab.traffic().sent, 2 * 3 * (size as u64 - 1) + 2, "{size} nodes");
    }
}

#[test]
fn one_node_that_crashes_stops_all_the_others() {
    // The price of asking everyone: "the failure of a single process" halts it, and the paper says so.
    let (lab, printers) = printers(3, 3);
    printers.crash(2);
    let call = printers.client_of(0).with_deadline(secs(60)).call(Work { time: ms(1) });
    lab.run_for(secs(30));
    assert!(call.is_pending());
}

fn under_faults(seed: u64) -> Result<(), String> {
    let (lab, printers) = printers(seed, 2 + (seed % 3) as usize);
    scenarios::without_crashes(&lab, &printers, |number| Work { time: ms(number as i64 % 7) })
}

#[test]
fn a_run_is_the_same_again() {
    // Event by event, from its seed and what was done to it.
    same_again(
        |seed| printers(seed, 3),
        |(lab, printers)| {
            scenarios::without_crashes(lab, printers, |number| Work { time: ms(number as i64 % 7) })
        },
    );
}

#[test]
fn two_thousand_fault_plans() {
    // Loss, doubling, reordering, cuts and pauses: one is inside, in the order of requests, and once healed everyone is served.
    survives(2_000, under_faults);
}

#[test]
fn every_order_of_messages_lets_one_in() {
    // Two nodes that both ask, one of them twice, and three of which two ask: each message at any time after its sending, doubled at will; the links'
    // acknowledgements say nothing to the algorithm.
    for (size, requests, states) in [(2, vec![0, 1, 0], 22_868), (3, vec![0, 2], 21_428)] {
        let nodes = Nodes::new(size, |_id| LamportMutex::new(CONFIG)).network(Network::Duplicating);
        let nodes = requests
            .into_iter()
            .fold(nodes, |nodes, node: usize| nodes.client([(node, Work { time: ms(1) })]));
        let nodes = nodes
            .fires(|timer| matches!(timer, Timer::Leave))
            .delivers(|frame| matches!(frame, Frame::Data { .. }));
        let found = explore(nodes)
            .require(MutualExclusion)
            .require(GrantedInOrder::default())
            .sometimes("one waits for the other", |nodes, world| {
                nodes.members(world).iter().any(|it| it.state.is_inside() && it.state.queue().count() > 1)
            })
            .run();
        assert_eq!((found.states, found.holds()), (states, true), "{found}");
    }
}

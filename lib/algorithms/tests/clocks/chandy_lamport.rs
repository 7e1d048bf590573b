//! Chandy and Lamport's snapshot: a run to read, the naive way to count, seeded fault plans without crashes, and small instances explored.

use netsplit_algorithms::clocks::chandy_lamport::{
    Bank, Config, Conservation, GlobalState, Request, Response,
};
use netsplit_algorithms::links::Frame;
use netsplit_node::{NodeId, Outcome, ms, secs};
use netsplit_sim::explore::{Network, Nodes, explore};
use netsplit_sim::{Call, Cluster, Lab, Latency, Workload};

use crate::faults::{golden, same_again, scenarios, survives};

const CONFIG: Config = Config { opening: 100, send_again_every: ms(50) };

fn banks(seed: u64, size: usize) -> (Lab, Cluster<Bank>) {
    let lab = Lab::new(seed);
    let banks = lab.cluster("bank", size, |_id| Bank::new(CONFIG));
    banks.require(Conservation);
    (lab, banks)
}

fn state(call: &Call<Bank>) -> Option<GlobalState> {
    match call.outcome() {
        Some(Outcome::Ok(Response::Snapshot(state))) => Some(state),
        _ => None,
    }
}

#[test]
fn what_is_under_way_is_in_the_snapshot() {
    // The picture of the essay: 20 leave bank 1 before its marker comes, and arrive at bank 0 after that has recorded.
    let (lab, banks) = banks(1, 2);
    lab.set_latency(Latency::Constant(ms(5)));
    let snapshot = banks.client_of(0).named("auditor").call(Request::Snapshot);
    lab.run_for(ms(3));
    banks.client_of(1).named("ann").call(Request::Transfer { to: banks.id(0), amount: 20 });
    lab.run_for(secs(1));
    let state = state(&snapshot).expect("it is complete");
    assert_eq!(format!("{state:?}"), "n0: 100 + [20] from n1, n1: 80");
    assert_eq!((state.total(), state.under_way()), (200, 20));
    assert_eq!([banks.node(0).balance(), banks.node(1).balance()], [120, 80]);
    golden("chandy-lamport.txt", &lab.diagram().without_timers().text());
}

/// Money goes round among four banks; an auditor asks each for its balance, one after the other, another takes a snapshot.
fn two_audits(seed: u64) -> (u64, u64) {
    let (lab, banks) = banks(seed, 4);
    let transfer = |random: &mut netsplit_node::Random, _| Request::Transfer {
        to: NodeId(random.below(4) as u32),
        amount: 1 + random.below(30),
    };
    banks.load(Workload::closed(8), transfer);
    lab.run_for(ms(100));
    let snapshot = banks.client_of(0).call(Request::Snapshot);
    let mut naive = 0;
    for index in 0..4 {
        let balance = banks.client_of(index).call(Request::Balance);
        lab.run_until(|| !balance.is_pending(), secs(1));
        if let Some(Outcome::Ok(Response::Balance(balance))) = balance.outcome() {
            naive += balance;
        }
    }
    lab.run_until(|| !snapshot.is_pending(), secs(1));
    (naive, state(&snapshot).expect("it is complete").total())
}

#[test]
fn counting_one_bank_after_the_other_finds_another_sum() {
    // 500 runs of the same busy banks: a snapshot finds the 400 each time, the auditor who walks from bank to bank hardly ever does.
    let audits: Vec<(u64, u64)> = (0..500).map(two_audits).collect();
    assert!(audits.iter().all(|&(_, snapshot)| snapshot == 400));
    let right = audits.iter().filter(|&&(naive, _)| naive == 400).count();
    assert_eq!(right, 2);
}

#[test]
fn a_bank_sends_only_what_it_has_and_only_to_others() {
    // Definite refusals: no money moves.
    let (lab, banks) = banks(2, 2);
    let refusals = [(banks.id(1), 101), (banks.id(0), 1), (NodeId(77), 1)]
        .map(|(to, amount)| banks.client_of(0).call(Request::Transfer { to, amount }));
    lab.run_for(secs(1));
    let told = refusals.map(|call| call.outcome().map(|outcome| outcome.to_string()).unwrap_or_default());
    assert_eq!(
        told,
        ["Fail(101 asked for, 100 there)", "Fail(n0 is no other bank)", "Fail(n77 is no other bank)"]
    );
}

/// Transfers between random banks, and every fifth request a snapshot.
fn request(number: u64) -> Request {
    match number % 5 {
        0 => Request::Snapshot,
        _ => Request::Transfer { to: NodeId((number * 7 % 5 % 3) as u32), amount: number * 11 % 40 },
    }
}

#[test]
fn a_run_is_the_same_again() {
    // Event by event, from its seed and what was done to it.
    same_again(|seed| banks(seed, 3), |(lab, banks)| scenarios::without_crashes(lab, banks, request));
}

#[test]
fn two_thousand_fault_plans() {
    // Loss, doubling, reordering, cuts and pauses, several snapshots at once: each has all the money, and once healed each is completed.
    survives(2_000, |seed| {
        let (lab, banks) = banks(seed, 2 + (seed % 3) as usize);
        scenarios::without_crashes(&lab, &banks, request)
    });
}

#[test]
fn every_order_of_messages_conserves_the_money() {
    // Two banks with a transfer each way and two snapshots, three with one of each: every message at any time after its sending, doubled at will.
    for (size, asks, states) in [
        (2, vec![vec![(0, 10)], vec![(1, 20)], vec![(0, 0)], vec![(1, 0)]], 109_933),
        (3, vec![vec![(0, 10)], vec![(1, 0)]], 1_439),
    ] {
        let nodes = Nodes::new(size, |_id| Bank::new(CONFIG)).network(Network::Duplicating).fires(|_| false);
        let nodes = asks.into_iter().fold(nodes, |nodes, asks| {
            nodes.client(asks.into_iter().map(|(bank, amount)| match amount {
                0 => (bank, Request::Snapshot),
                amount => (bank, Request::Transfer { to: NodeId(1 - bank as u32), amount }),
            }))
        });
        let found = explore(nodes.delivers(|frame| matches!(frame, Frame::Data { .. })))
            .require(Conservation)
            .sometimes("money is under way in a snapshot", move |nodes, world| {
                nodes.members(world).iter().any(|it| {
                    it.state.snapshots().any(|(_, state)| state.parts.len() == size && state.under_way() > 0)
                })
            })
            .run();
        assert_eq!((found.states, found.holds()), (states, true), "{found}");
    }
}

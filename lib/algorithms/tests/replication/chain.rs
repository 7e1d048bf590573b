//! Chain replication: an update's way, the three failures of the paper, servers that come back, tails that do not know, and seeded fault plans.

use netsplit_algorithms::replication::chain::{
    ChainMaster, ChainServer, Config, NoAcknowledgedWriteLost, UpdatePropagation,
};
use netsplit_node::{KeyValueResponse, Outcome, Value, ms, secs};
use netsplit_sim::{Call, Cluster, Lab, Latency};

use crate::faults::{chains, golden, survives};

const CONFIG: Config = Config { servers: 3, heartbeat_every: ms(20), lease: ms(100), suspect_after: ms(150) };

/// A master and three servers, which know their chain.
fn chain(seed: u64) -> (Lab, Cluster<ChainMaster>, Cluster<ChainServer>) {
    let lab = Lab::new(seed);
    let masters = lab.cluster("master", 1, |_id| ChainMaster::new(CONFIG));
    let master = masters.address(0);
    let servers = lab.cluster("server", 3, move |_id| ChainServer::new(CONFIG, master));
    servers.require(UpdatePropagation);
    servers.require(NoAcknowledgedWriteLost::default());
    (lab, masters, servers)
}

fn running(seed: u64) -> (Lab, Cluster<ChainMaster>, Cluster<ChainServer>) {
    let world = chain(seed);
    world.0.set_latency(Latency::Constant(ms(5)));
    world.0.run_for(ms(200));
    assert_eq!(shape(&world.1), "e1 n1 > n2 > n3");
    world
}

fn shape(masters: &Cluster<ChainMaster>) -> String {
    format!("{:?}", masters.node(0).chain())
}

fn outcome(lab: &Lab, call: &Call<ChainServer>) -> Option<Outcome<KeyValueResponse>> {
    lab.run_until(|| !call.is_pending(), secs(1));
    call.outcome()
}

const STORED: Option<Outcome<KeyValueResponse>> = Some(Outcome::Ok(KeyValueResponse::Stored));

fn found(value: i64) -> Option<Outcome<KeyValueResponse>> {
    Some(Outcome::Ok(KeyValueResponse::Value(Some(Value::from(value)))))
}

#[test]
fn an_update_goes_down_the_chain_and_its_acknowledgement_comes_back() {
    // Sections 2 and 3: 5 ms for each hop and 1 ms for each disk: to the head, two hops down, two back, and to the client: 33 ms. A query is a round trip with the tail.
    let (lab, _, servers) = running(1);
    let began = lab.now();
    assert_eq!(outcome(&lab, &servers.client_of(0).named("ann").put("x", 1)), STORED);
    assert_eq!(lab.now() - began, ms(33));
    let asked = lab.now();
    assert_eq!(outcome(&lab, &servers.client_of(2).named("bob").get("x")), found(1));
    assert_eq!(lab.now() - asked, ms(10));
    golden("chain-update.txt", &lab.diagram().without_timers().without_disks().since(began).text());
}

#[test]
fn only_the_head_takes_updates_and_only_the_tail_queries() {
    // Definite failures, which name who to ask.
    let (lab, _, servers) = running(2);
    let put = outcome(&lab, &servers.client_of(1).put("x", 1));
    assert_eq!(put, Some(Outcome::Fail("not the head: that is n1".into())));
    let get = outcome(&lab, &servers.client_of(0).get("x"));
    assert_eq!(get, Some(Outcome::Fail("not the tail: that is n3".into())));
}

#[test]
fn whoever_fails_nothing_acknowledged_is_lost() {
    // Section 3.1, failure of the head, of a middle server, and of the tail. An update is under way when it happens: at the next head, or at the one before the tail, it goes on; what
    // only the old head had is gone, and nobody was told otherwise.
    for (index, left) in [(0, "e2 n2 > n3"), (1, "e2 n1 > n3"), (2, "e2 n1 > n2")] {
        let (lab, masters, servers) = running(3);
        assert_eq!(outcome(&lab, &servers.client_of(0).put("x", 1)), STORED);
        let under_way = servers.client_of(0).with_deadline(secs(2)).put("x", 2);
        // The first server has it; the second has it too, 6 ms later.
        lab.run_for(if index == 0 { ms(8) } else { ms(15) });
        servers.crash(index);
        lab.run_until(|| shape(&masters) == left, secs(1));
        lab.run_for(ms(100));
        let (head, tail) = (usize::from(index == 0), if index == 2 { 1 } else { 2 });
        // The head's successor had not heard of it yet in the first case: sent, and lost with its sender's effects.
        let value = if servers.node(tail).history().len() == 2 { 2 } else { 1 };
        assert_eq!(outcome(&lab, &servers.client_of(tail).get("x")), found(value), "without {index}");
        if index > 0 {
            assert_eq!((under_way.outcome(), value), (STORED, 2), "without {index}");
        }
        assert_eq!(outcome(&lab, &servers.client_of(head).put("x", 3)), STORED);
        assert_eq!(outcome(&lab, &servers.client_of(tail).get("x")), found(3));
    }
}

#[test]
fn a_middle_server_dies_and_what_was_sent_is_sent_again() {
    // The middle one has taken x = 1 and dies before it hands it on. The head finds out what its new successor lacks: one question, one answer, and the rest.
    let (lab, masters, servers) = running(4);
    let put = servers.client_of(0).named("ann").with_deadline(secs(2)).put("x", 1);
    lab.run_until(|| servers.node(1).history().len() == 1, ms(100));
    servers.crash(1);
    lab.run_until(|| shape(&masters) == "e2 n1 > n3", secs(1));
    let known = lab.now();
    assert!(servers.node(2).history().is_empty() && put.is_pending());
    assert_eq!(outcome(&lab, &put), STORED);
    golden("chain-middle.txt", &lab.diagram().without_timers().without_disks().since(known).text());
}

#[test]
fn a_server_that_comes_back_joins_at_the_end() {
    // Section 3.1, extending a chain: it copies the tail's history, and is the tail once it has all. Then it can do without the others.
    let (lab, masters, servers) = running(5);
    outcome(&lab, &servers.client_of(0).put("x", 1));
    servers.crash(0);
    lab.run_until(|| shape(&masters) == "e2 n2 > n3", secs(1));
    lab.run_for(ms(100));
    outcome(&lab, &servers.client_of(1).put("x", 2));
    servers.restart(0);
    lab.run_until(|| shape(&masters) == "e4 n2 > n3 > n1", secs(1));
    lab.run_for(ms(100));
    servers.crash(1);
    servers.crash(2);
    lab.run_until(|| shape(&masters) == "e5 n1", secs(1));
    lab.run_for(ms(100));
    assert_eq!(outcome(&lab, &servers.client_of(0).get("x")), found(2));
    assert_eq!(outcome(&lab, &servers.client_of(0).put("x", 3)), STORED, "a chain of one");
    assert_eq!(outcome(&lab, &servers.client_of(0).get("x")), found(3));
}

#[test]
fn a_new_tail_is_not_left_alone_with_what_it_lacks() {
    // Server 0 is alone, server 1 has just become the tail, and server 0 does not know: what it acknowledges now, only it has. When it dies, the chain waits for it.
    let (lab, masters, servers) = running(8);
    servers.crash(1);
    servers.crash(2);
    lab.run_until(|| shape(&masters).ends_with(" n1"), secs(1));
    lab.run_for(ms(100));
    servers.restart(1);
    lab.run_until(|| shape(&masters).ends_with(" n1 > n2"), secs(1));
    let known = shape(&masters);
    let cut = lab.partition([servers.nodes([0]), servers.nodes([1]).and(masters.all())]);
    assert_eq!(outcome(&lab, &servers.client_of(0).put("x", 1)), STORED);
    servers.crash(0);
    lab.heal(cut);
    lab.run_for(secs(1));
    assert_eq!(shape(&masters), known);
    let unsure = Some(Outcome::Fail("the tail, but not sure that it still is, or is already".into()));
    assert_eq!(outcome(&lab, &servers.client_of(1).get("x")), unsure);
    servers.restart(0);
    lab.run_for(ms(200));
    assert_eq!(outcome(&lab, &servers.client_of(1).get("x")), found(1));
}

#[test]
fn an_old_tail_is_silent_before_there_is_a_new_one() {
    // Cut off from all, it does not know that it is out. Its lease ends by its own clock, before the master acts by its own.
    let (lab, masters, servers) = running(6);
    outcome(&lab, &servers.client_of(0).put("x", 1));
    let cut = lab.partition([servers.nodes([0, 1]).and(masters.all()), servers.nodes([2])]);
    let bob = servers.client_of(2).named("bob");
    let unsure = Some(Outcome::Fail("the tail, but not sure that it still is, or is already".into()));
    let mut last = None;
    while last != unsure {
        last = outcome(&lab, &bob.get("x"));
        assert!(last == unsure || last == found(1), "{last:?}");
    }
    assert_eq!(shape(&masters), "e1 n1 > n2 > n3", "the master still waits");
    lab.run_until(|| shape(&masters) == "e2 n1 > n2", secs(1));
    lab.run_for(ms(100));
    assert_eq!(outcome(&lab, &servers.client_of(0).put("x", 2)), STORED);
    assert_eq!(outcome(&lab, &bob.get("x")), unsure);
    lab.heal(cut);
    lab.run_until(|| shape(&masters) == "e4 n1 > n2 > n3", secs(1));
}

#[test]
fn a_run_is_the_same_again() {
    // Event by event, from its seed and what was done to it.
    for seed in 0..4 {
        let (lab, masters, servers) = chain(seed);
        chains::under_faults(&lab, &servers, &masters).unwrap_or_else(|what| panic!("seed {seed}: {what}"));
        let replay = lab.verify_replay();
        assert!(replay.holds(), "{replay}");
    }
}

#[test]
fn two_thousand_fault_plans() {
    // Crashes, pauses, cuts between servers, and between servers and their master: histories are beginnings of each other, nothing acknowledged is lost, clients see one store; and a healed
    // chain answers.
    survives(2_000, |seed| {
        let (lab, masters, servers) = chain(seed);
        chains::under_faults(&lab, &servers, &masters)
    });
}

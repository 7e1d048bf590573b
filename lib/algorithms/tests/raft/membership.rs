//! Membership changes (section 6; dissertation chapter 4): what they do, when they are refused, and under faults.

use std::collections::BTreeSet;

use netsplit_algorithms::consensus::raft::{
    Change, Config, Configuration, FirstMembers, KeyValueStore, PreVote, Raft, Refusal, SessionRequest,
    SessionResponse, Sessions,
};
use netsplit_check::{Check, linearizable, spec};
use netsplit_node::{NodeId, Outcome, Random, ms, secs};
use netsplit_sim::{Client, Cluster, FaultKind, Lab, Nemesis};

use crate::scenario::{Subject, history_of};
use crate::server::{get, put};

type Server = Raft<Sessions<KeyValueStore>>;

fn ids(numbers: impl IntoIterator<Item = u32>) -> BTreeSet<NodeId> {
    numbers.into_iter().map(NodeId).collect()
}

/// So many servers, of which n0 to n2 are the members, with everything required of them.
fn three_of(servers: usize, lab: &Lab) -> Cluster<Server> {
    let first_members = FirstMembers::These(ids(0..3));
    let config = Config { first_members, pre_vote: PreVote::On, ..Config::paper() };
    let raft = lab.cluster("raft", servers, move |_id| Server::new(config.clone()));
    Server::require_all(&raft);
    raft
}

fn leader_of(lab: &Lab, raft: &Cluster<Server>) -> usize {
    let leader = || (0..raft.size()).find(|&index| raft.is_up(index) && raft.node(index).is_leader());
    assert!(lab.run_until(|| leader().is_some(), secs(5)), "a leader within 5 s");
    leader().expect("it was there a moment ago")
}

/// Asks for a change and waits for the answer.
fn change(
    lab: &Lab,
    operator: &Client<Server>,
    change: Change,
) -> Option<SessionResponse<netsplit_node::KeyValueResponse>> {
    let call = operator.call(SessionRequest::ChangeMembership(change));
    lab.run_until(|| !call.is_pending(), secs(10));
    call.outcome().and_then(Outcome::ok)
}

#[test]
fn a_server_is_added_and_then_counts() {
    // Dissertation 4.1 and 4.2.1: the new server gets the log first; afterwards three of four are a majority.
    let lab = Lab::new(1);
    let raft = three_of(4, &lab);
    let leader = leader_of(&lab, &raft);
    let operator = raft.client_of(leader);
    lab.run_for(ms(100));
    assert_eq!(raft.node(3).log().last_index(), 0, "it is no member, and hears nothing");
    let answer = change(&lab, &operator, Change::AddServer(NodeId(3)));
    assert_eq!(answer, Some(SessionResponse::Reconfigured(Configuration::Simple(ids(0..4)))));
    lab.run_for(ms(200));
    assert_eq!(raft.node(3).configuration(), &Configuration::Simple(ids(0..4)));
    assert_eq!(raft.node(3).log(), raft.node(leader).log());
    for index in (0..3).filter(|&index| index != leader).take(2) {
        raft.crash(index);
    }
    let alone = operator.call(SessionRequest::RegisterClient);
    lab.run_for(secs(1));
    assert!(alone.is_pending(), "two of four are no majority");
}

#[test]
fn a_leader_that_is_removed_steps_down_when_that_is_committed() {
    // Section 6: "the leader steps down (returns to follower state) once it has committed the C_new log entry", and does not count itself.
    let lab = Lab::new(2);
    let raft = three_of(3, &lab);
    let leader = leader_of(&lab, &raft);
    lab.run_for(ms(100));
    let answer = change(&lab, &raft.client_of(leader), Change::RemoveServer(raft.id(leader)));
    let rest = ids((0..3).filter(|&id| id != leader as u32));
    assert_eq!(answer, Some(SessionResponse::Reconfigured(Configuration::Simple(rest.clone()))));
    assert!(!raft.node(leader).is_leader());
    let next = leader_of(&lab, &raft);
    assert!(next != leader && raft.node(next).configuration() == &Configuration::Simple(rest));
    lab.run_for(secs(5));
    assert_eq!(leader_of(&lab, &raft), next, "who was removed disturbs nobody");
}

#[test]
fn joint_consensus_moves_to_other_servers_altogether() {
    // Section 6, Figure 11: C_old,new, then C_new; the old servers may then be switched off.
    let lab = Lab::new(3);
    let raft = three_of(6, &lab);
    let leader = leader_of(&lab, &raft);
    let operator = raft.client_of(leader);
    let session = operator.call(SessionRequest::RegisterClient);
    lab.run_until(|| !session.is_pending(), secs(1));
    let Some(Outcome::Ok(SessionResponse::Registered(client))) = session.outcome() else {
        panic!("{session:?}")
    };
    operator.call(SessionRequest::ClientRequest { client, sequence: 1, command: put("x", 1) });
    lab.run_for(ms(100));
    let answer = change(&lab, &operator, Change::Joint(ids(3..6)));
    assert_eq!(answer, Some(SessionResponse::Reconfigured(Configuration::Simple(ids(3..6)))));
    lab.run_for(ms(100));
    for index in 0..3 {
        raft.crash(index);
    }
    let next = leader_of(&lab, &raft);
    assert!(next >= 3);
    assert_eq!(raft.node(next).configuration(), &Configuration::Simple(ids(3..6)));
    let read = raft.client_of(5).call(SessionRequest::ClientQuery(get("x")));
    lab.run_for(secs(1));
    let one = netsplit_node::KeyValueResponse::Value(Some(1.into()));
    assert_eq!(read.outcome(), Some(Outcome::Ok(SessionResponse::Response(one))));
}

#[test]
fn changes_that_cannot_begin_are_refused() {
    // One at a time; nothing to change; and a new server that never answers is given up (dissertation 4.2.1).
    let lab = Lab::new(4);
    let raft = three_of(5, &lab);
    let leader = leader_of(&lab, &raft);
    let operator = raft.client_of(leader);
    lab.run_for(ms(100));
    let refused = |refusal| Some(SessionResponse::Refused(refusal));
    assert_eq!(change(&lab, &operator, Change::AddServer(NodeId(1))), refused(Refusal::NothingToChange));
    assert_eq!(change(&lab, &operator, Change::Joint(ids([]))), refused(Refusal::NothingToChange));
    raft.crash(3);
    let slow = operator.call(SessionRequest::ChangeMembership(Change::AddServer(NodeId(3))));
    lab.run_for(ms(100));
    assert_eq!(change(&lab, &operator, Change::AddServer(NodeId(4))), refused(Refusal::ChangeInProgress));
    lab.run_for(secs(5));
    let outcome = slow.outcome().and_then(Outcome::ok);
    assert_eq!(outcome, refused(Refusal::NewServerTooSlow));
    let answer = change(&lab, &operator, Change::AddServer(NodeId(4)));
    assert_eq!(answer, Some(SessionResponse::Reconfigured(Configuration::Simple(ids([0, 1, 2, 4])))));
}

/// Random changes, by a random way, while servers crash and are cut off and clients read and write.
fn changes_under_faults(seed: u64) -> Result<(), String> {
    let lab = Lab::new(seed);
    lab.keep_events(0);
    let raft = three_of(6, &lab);
    let mut random = Random::stream(seed, &[9]);
    leader_of(&lab, &raft);
    let clients: Vec<Client<Server>> =
        (0..6).map(|index| raft.client_of(index).with_deadline(ms(500)).with_retries(5)).collect();
    use FaultKind::{Crash, CrashMidStep, Duplicate, Isolate, Loss, Partition, Reorder};
    let kinds = [Crash, CrashMidStep, Duplicate, Isolate, Loss, Partition, Reorder];
    lab.play(Nemesis::swarm(raft.all()).only(kinds).every(ms(500)).lasting(ms(300)).plan(seed, secs(5)));
    let (mut number, mut calls) = (0, Vec::new());
    for _ in 0..50 {
        number += 1;
        let client = &clients[random.below(6) as usize];
        let request = match random.below(6) {
            0 => SessionRequest::ChangeMembership(drawn_change(&mut random)),
            // A session for each write: none is sent twice.
            1 | 2 => SessionRequest::RegisterClient,
            _ => SessionRequest::ClientQuery(get("x")),
        };
        let call = client.call(request);
        lab.try_run_for(random.between(ms(50), ms(150))).map_err(|stopped| stopped.to_string())?;
        if let Some(Outcome::Ok(SessionResponse::Registered(session))) = call.outcome() {
            let command = put("x", number);
            calls.push(client.call(SessionRequest::ClientRequest { client: session, sequence: 1, command }));
        }
    }
    lab.heal_core(raft.all());
    // Who is a member now, its client would have to find out: it asks all.
    let last: Vec<_> = clients.iter().map(|client| client.call(SessionRequest::RegisterClient)).collect();
    let is_done = || last.iter().any(|call| matches!(call.outcome(), Some(Outcome::Ok(_))));
    let healed = lab.try_run_until(is_done, secs(10)).map_err(|stopped| stopped.to_string())?;
    if !healed || !lab.panics().is_empty() {
        return Err(format!("{last:?}, panics {:?}, {raft:?}", lab.panics()));
    }
    let verdict = history_of(&raft).check(linearizable(spec::KeyValue));
    if verdict.holds() { Ok(()) } else { Err(verdict.to_string()) }
}

fn drawn_change(random: &mut Random) -> Change {
    let one = NodeId(random.below(6) as u32);
    match random.below(3) {
        0 => Change::AddServer(one),
        1 => Change::RemoveServer(one),
        _ => Change::Joint(ids((0..6).filter(|_| random.chance(0.5)))),
    }
}

#[test]
fn changes_keep_every_promise_under_faults() {
    // 300 runs of ten seconds; a failure names its seed.
    for seed in 0..300 {
        if let Err(failure) = changes_under_faults(seed) {
            panic!("seed {seed}: {failure}");
        }
    }
}

//! Clients: sessions (dissertation 6.3), reads by lease (6.4.1), and what outcomes say.

use netsplit_algorithms::Storable;
use netsplit_algorithms::consensus::raft::{
    CheckQuorum, Config, KeyValueStore, MOST_SESSIONS, Raft, Reads, SessionRequest, SessionResponse,
    Sessions, StateMachine, Timer,
};
use netsplit_check::{Check, linearizable, spec};
use netsplit_node::{KeyValueResponse, Outcome, ms, secs};
use netsplit_sim::{Fault, Keys, Lab, Traffic, Workload};

use crate::server::*;

fn leasing() -> Config {
    Config { check_quorum: CheckQuorum::On, reads: Reads::Lease { drift_ppm: 1_000 }, ..Config::paper() }
}

/// How many messages the store's key-value service needs in the laboratory for one read, without the client's own two.
fn messages_of_a_read(config: Config) -> u64 {
    let lab = Lab::new(1);
    let raft = lab.cluster("raft", 5, move |_id| Raft::<KeyValueStore>::new(config.clone()));
    let leader = || (0..5).find(|&index| raft.node(index).is_leader());
    lab.run_until(|| leader().is_some(), secs(5));
    // Away from the heartbeats, which come every 50 ms.
    lab.run_for(ms(310));
    let before = lab.traffic().sent;
    let get = raft.client_of(leader().expect("it leads on")).get("x");
    lab.run_until(|| !get.is_pending(), ms(15));
    assert_eq!(get.outcome(), Some(Outcome::Ok(KeyValueResponse::Value(None))));
    lab.traffic().sent - before - 2
}

#[test]
fn a_read_costs_what_its_mode_says() {
    // A lease none, a read index a round (answers that came too late to be needed are not counted), the log the same and a sync.
    let mode = |reads| Config { reads, ..leasing() };
    assert_eq!(messages_of_a_read(leasing()), 0);
    for reads in [Reads::ReadIndex, Reads::ThroughLog] {
        assert!((6..=8).contains(&messages_of_a_read(mode(reads))), "{reads:?}");
    }
}

#[test]
fn a_lease_ends_before_another_leader_can_be_elected() {
    // Dissertation 6.4.1: from the sending of the messages that a majority answered, the shortest election timeout less the clocks' drift.
    let mut leader = Server::leader(3, leasing());
    let is_answer = |acts: &[Act]| acts.iter().any(|act| matches!(act, Act::Reply(_)));
    leader.receive(1, appended(1, 1, 1));
    leader.fire(Timer::Heartbeat);
    leader.wait(ms(100));
    leader.receive(1, appended(1, 1, 2));
    leader.wait(ms(49));
    assert!(is_answer(&leader.ask(1, get("x"))), "149 ms after the heartbeat that was answered");
    leader.wait(ms(1));
    assert!(
        !is_answer(&leader.ask(2, get("x"))),
        "its answer came late: that does not make the promise longer"
    );
}

#[test]
fn leases_fail_where_clocks_drift_more_than_they_say() {
    // The leader's clock runs ten times too slow, far beyond 1,000 ppm: the others elect while it still trusts its lease.
    let lab = Lab::new(11);
    let config = Config { reads: Reads::Lease { drift_ppm: 1_000 }, ..leasing() };
    let raft = lab.cluster("raft", 3, move |_id| Raft::<KeyValueStore>::new(config.clone()));
    lab.run_for(secs(1));
    let old = (0..3).find(|&index| raft.node(index).is_leader()).expect("a leader after a second");
    let others: Vec<usize> = (0..3).filter(|&index| index != old).collect();
    let (ann, bob) = (raft.client_of(old).named("ann"), raft.client_of(others[0]).named("bob"));
    let bob = bob.with_deadline(ms(200)).with_retries(5);
    let first = ann.put("x", 1);
    lab.run_until(|| !first.is_pending(), secs(1));
    // What touches at one moment is concurrent, so a millisecond lies between any two of the three.
    lab.run_for(ms(1));
    lab.inject(Fault::ClockDrift { nodes: raft.nodes([old]), ppb: -900_000_000 });
    lab.partition([raft.nodes([old]), raft.nodes(others)]);
    let second = bob.put("x", 2);
    assert!(lab.run_until(|| !second.is_pending(), secs(1)));
    lab.run_for(ms(1));
    let stale = ann.get("x");
    lab.run_for(ms(20));
    assert_eq!(stale.outcome(), Some(Outcome::Ok(KeyValueResponse::Value(Some(1.into())))));
    assert!(!raft.history().check(linearizable(spec::KeyValue)).holds());
}

#[test]
fn a_session_answers_a_repeated_request_as_before() {
    // Section 8: "If it receives a command whose serial number has already been executed, it responds immediately without re-executing the
    // request."
    let mut machine = Sessions::<KeyValueStore>::default();
    let once = |client, sequence, value| SessionRequest::ClientRequest {
        client,
        sequence,
        command: put("x", value),
    };
    let stored = SessionResponse::Response(KeyValueResponse::Stored);
    assert_eq!(machine.apply(5, &SessionRequest::RegisterClient), SessionResponse::Registered(5));
    assert_eq!(machine.apply(6, &once(5, 1, 10)), stored);
    assert_eq!(machine.apply(7, &once(5, 2, 20)), stored);
    assert_eq!(machine.apply(8, &once(5, 2, 99)), stored, "as before, and without effect");
    assert_eq!(machine.apply(9, &once(5, 1, 99)), SessionResponse::SessionExpired, "older than the last");
    assert_eq!(machine.apply(9, &once(4, 1, 99)), SessionResponse::SessionExpired, "nobody began it");
    assert_eq!(machine.machine().get("x"), Some(&20.into()));
    let restored = Sessions::restore(&machine.snapshot());
    assert_eq!(restored, Some(machine), "a snapshot remembers it all");
    assert_eq!(Sessions::<KeyValueStore>::restore(&7u64.to_bytes()), None);
}

#[test]
fn the_session_that_was_not_used_for_longest_is_forgotten() {
    // By the log alone, so that all servers forget the same one.
    let mut machine = Sessions::<KeyValueStore>::default();
    let first = MOST_SESSIONS as u64;
    for index in 1..=first {
        machine.apply(index, &SessionRequest::RegisterClient);
    }
    let once = |client| SessionRequest::ClientRequest { client, sequence: 1, command: put("x", 1) };
    machine.apply(first + 1, &once(1));
    machine.apply(first + 2, &SessionRequest::RegisterClient);
    assert_eq!(machine.apply(first + 3, &once(2)), SessionResponse::SessionExpired);
    assert_eq!(machine.apply(first + 4, &once(1)), SessionResponse::Response(KeyValueResponse::Stored));
}

#[test]
fn a_query_that_is_none_has_no_effect() {
    // A write outside a session could not be told from its repetition.
    let mut machine = Sessions::<KeyValueStore>::default();
    assert_eq!(machine.apply(1, &SessionRequest::ClientQuery(put("x", 1))), SessionResponse::SessionExpired);
    assert_eq!(machine, Sessions::default());
}

#[test]
fn nothing_is_ever_said_not_to_have_happened() {
    // Leaders come and go, requests are doubled and lost: outcomes are answers or unknown, and what is answered is linearizable.
    let lab = Lab::new(13);
    let raft = lab.cluster("raft", 5, |_id| Raft::<KeyValueStore>::new(Config::paper()));
    lab.lose(0.1, Traffic::all());
    let load = raft.load(
        Workload::closed(5).thinking(ms(20)).with_deadline(ms(400)),
        Keys::uniform(2).reads_and_writes(0.5),
    );
    for round in 0..5 {
        lab.run_for(secs(1));
        raft.crash(round);
        lab.run_for(secs(1));
        raft.restart(round);
    }
    let report = load.report();
    assert!(report.ok > 150 && report.unknown > 20 && report.fail == 0, "{report}");
    let verdict = raft.history().check(linearizable(spec::KeyValue));
    assert!(verdict.holds(), "{verdict}");
}

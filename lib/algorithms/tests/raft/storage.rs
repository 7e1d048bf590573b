//! What is on the disk (Figure 2), what a crash may leave of it, and snapshots (section 7).

use netsplit_algorithms::consensus::raft::{
    Compaction, Config, InstallSnapshot, InstallSnapshotReply, KeyValueStore, Message, Raft, Timer,
};
use netsplit_node::{DiskFaults, NodeId, Outcome, Random, ms, secs};
use netsplit_sim::{Fault, Lab};

use crate::server::*;

/// Snapshots after so few entries that every run has some.
fn compacting(entries: u64) -> Config {
    Config { compaction: Compaction::Every(entries), ..Config::paper() }
}

#[test]
fn a_server_finds_everything_again() {
    // Term, vote, entries and snapshot, over many restarts; what is volatile begins anew.
    let mut server = Server::new(3, compacting(4));
    for index in 0..10 {
        server.receive(2, append(3, (index, if index == 0 { 0 } else { 3 }), &[3], index));
        let (log, snapshot) = (server.raft.log().clone(), server.raft.log().snapshot().last_included_index);
        server.restart();
        assert_eq!((server.raft.log(), server.raft.current_term()), (&log, 3));
        assert_eq!((server.raft.commit_index(), server.raft.last_applied()), (snapshot, snapshot));
    }
    assert_eq!(server.raft.log().snapshot().last_included_index, 8);
    assert_eq!(server.raft.machine().get("x"), Some(&803.into()), "the state comes from the snapshot");
}

#[test]
fn whatever_a_crash_leaves_of_unsynced_writing_is_a_state_that_was() {
    // Torn at every byte and reordered: what was synced is there, and the log is one that the server had, or had before its last writing.
    for seed in 0..400 {
        let mut random = Random::new(seed);
        let mut server = Server::new(3, compacting(3 + random.below(5)));
        let faults = DiskFaults { torn: true, reordered: seed % 2 == 0, ..DiskFaults::default() };
        server.set_disk_faults(faults);
        let mut last = 0;
        for _ in 0..20 {
            let prev = (last, u64::from(last > 0));
            let entries = vec![1; 1 + random.below(3) as usize];
            let (before, terms) = (server.terms(), append(1, prev, &entries, random.below(last + 1)));
            if random.chance(0.3) {
                // The power goes before the sync has ended, so nobody was told.
                server.receive_without_sync(2, terms);
                server.crash_unsynced(&mut random);
                let after = server.raft.log().last_index();
                assert!(after >= last && after <= last + entries.len() as u64, "seed {seed}: {before:?}");
                last = after;
            } else {
                server.receive(2, terms);
                last += entries.len() as u64;
            }
            assert_eq!(server.raft.log().last_index(), last, "seed {seed}");
            assert!(server.has_what_was_sent(), "seed {seed}: {:?}", server.raft.log());
        }
    }
}

#[test]
fn a_snapshot_replaces_what_it_stands_for_and_nothing_else() {
    // Section 7: it covers just the committed entries; the entry after it is still checked against its last term.
    let mut server = Server::new(3, compacting(4));
    server.receive(2, append(1, (0, 0), &[1, 1, 1, 1, 1, 1], 5));
    let log = server.raft.log();
    assert_eq!((log.snapshot().last_included_index, log.snapshot().last_included_term), (5, 1));
    assert_eq!((server.terms().len(), log.last_index()), (1, 6), "entry 6 is not committed");
    assert_eq!(
        only(&server.receive(2, append(1, (5, 1), &[1], 5))),
        appended(1, 6, 1),
        "the same entry again"
    );
    assert_eq!(only(&server.receive(2, append(1, (2, 1), &[1, 1], 5))), appended(1, 4, 1), "an old message");
    assert_eq!(server.raft.log().last_index(), 6);
}

#[test]
fn a_follower_that_lags_behind_gets_the_snapshot_in_parts() {
    // Section 7, Figure 13: in parts, each answered, and then the entries after it.
    let mut leader = Server::leader(3, Config { snapshot_bytes_per_message: 30, ..compacting(4) });
    for number in 0..6 {
        leader.ask(number, put("x", number as i64));
        leader.receive(1, appended(1, number + 2, number + 2));
    }
    let snapshot = leader.raft.log().snapshot().clone();
    assert!(snapshot.last_included_index >= 4);
    let mut follower = Server::new(3, Config::paper());
    follower.wait(secs(1));
    let mut messages = vec![only(&leader.receive(2, conflict(1, 1, None)))];
    let mut parts = 0;
    while let Some(message) = messages.pop() {
        parts += usize::from(matches!(message, Message::InstallSnapshot(_)));
        for (_, reply) in sent(&follower.receive(0, message)) {
            messages.extend(
                sent(&leader.receive(2, reply)).into_iter().filter(|(to, _)| *to == 2).map(|(_, it)| it),
            );
        }
    }
    assert_eq!(parts, snapshot.data.len().div_ceil(30));
    assert_eq!(follower.raft.log().snapshot(), &snapshot);
    assert_eq!(follower.raft.log().last_index(), leader.raft.log().last_index());
    assert_eq!(follower.raft.machine(), leader.raft.machine());
    follower.restart();
    assert_eq!(follower.raft.log().snapshot(), &snapshot, "it is on its disk");
}

#[test]
fn parts_that_do_not_fit_are_not_put_together() {
    // A doubled, lost or old part changes nothing; the reply says from where to go on.
    let mut leader = Server::leader(3, compacting(2));
    leader.ask(1, put("x", 1));
    leader.receive(1, appended(1, 2, 2));
    let whole = leader.raft.log().snapshot().clone();
    let part = |term, from: usize, to: usize| {
        let part = netsplit_algorithms::consensus::raft::Snapshot {
            data: whole.data[from..to].to_vec(),
            ..whole.clone()
        };
        Message::InstallSnapshot(InstallSnapshot {
            term,
            part,
            offset: from,
            whole: whole.data.len(),
            round: 1,
        })
    };
    let received = |received| {
        Message::InstallSnapshotReply(InstallSnapshotReply {
            term: 1,
            last_included_index: 2,
            received,
            round: 1,
        })
    };
    let (mut follower, end) = (Server::new(3, Config::paper()), whole.data.len());
    assert_eq!(only(&follower.receive(0, part(1, 5, 9))), received(0), "the first part is missing");
    assert_eq!(only(&follower.receive(0, part(1, 0, 5))), received(5));
    assert_eq!(only(&follower.receive(0, part(1, 0, 5))), received(5), "twice");
    assert_eq!(only(&follower.receive(0, part(1, 9, end))), received(5), "the one before is missing");
    assert_eq!(only(&follower.receive(0, part(0, 5, end))), received(0), "of an old leader");
    assert_eq!(follower.raft.commit_index(), 0);
    assert_eq!(only(&follower.receive(0, part(1, 5, end))), appended(1, 2, 1));
    assert_eq!(only(&follower.receive(0, part(1, 0, 5))), appended(1, 2, 1), "it has it already");
    assert_eq!((follower.raft.commit_index(), follower.raft.log().snapshot()), (2, &whole));
}

#[test]
fn a_server_that_was_away_comes_back_by_a_snapshot() {
    // In the laboratory: three hundred writes while one is down, of which the leader keeps ten entries at most.
    let lab = Lab::new(5);
    let raft = lab.cluster("raft", 3, |_id| Raft::<KeyValueStore>::new(compacting(10)));
    lab.run_for(secs(1));
    let away = (0..3).find(|&index| !raft.node(index).is_leader()).expect("two of three follow");
    raft.crash(away);
    let client = raft.client_of((away + 1) % 3);
    for number in 0..300 {
        let call = client.put("x", number);
        lab.run_until(|| !call.is_pending(), secs(1));
        assert!(matches!(call.outcome(), Some(Outcome::Ok(_))), "{call:?}");
    }
    lab.inject(Fault::Restart { nodes: raft.nodes([away]) });
    lab.run_for(ms(500));
    assert_eq!(raft.node(away).machine().get("x"), Some(&299.into()));
    assert!(raft.node(away).log().entries().len() <= 10);
}

#[test]
fn segments_that_are_not_needed_are_removed() {
    // One file, or two while the new one is not durable yet; never more, or the disk fills.
    let mut server = Server::new(1, compacting(2));
    server.fire(Timer::Election);
    server.fire(Timer::Written);
    for number in 0..40 {
        server.ask(number, put("x", number as i64));
        server.fire(Timer::Written);
        assert!(server.files().len() <= 2, "{:?}", server.files());
    }
    assert!(server.raft.log().snapshot().last_included_index >= 38);
    assert_eq!(server.raft.leader(), Some(NodeId(0)));
}

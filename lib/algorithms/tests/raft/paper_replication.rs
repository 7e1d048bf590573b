//! Sections 5.3, 5.4.2 and 8 of the paper, a test for each sentence.

use netsplit_algorithms::consensus::raft::{Config, Timer};
use netsplit_node::NodeId;

use crate::server::*;

#[test]
fn a_leader_appends_commands_and_sends_them_in_parallel() {
    // 5.3: "The leader appends the command to its log as a new entry, then issues AppendEntries RPCs in parallel to each of the other
    // servers".
    let mut leader = Server::leader(3, Config::paper());
    let acts = leader.ask(1, put("x", 1));
    assert_eq!(leader.terms(), [1, 1], "a no-op (8), and the command");
    let shown: Vec<String> = sent(&acts).iter().map(|(to, message)| format!("{to}: {message:?}")).collect();
    assert_eq!(
        shown,
        [1, 2].map(|to| format!("{to}: AppendEntries term 1, after 1:1, [1:put x = 1], commit 0"))
    );
    assert!(!acts.iter().any(|act| matches!(act, Act::Reply(_))), "nobody is answered yet");
}

#[test]
fn an_entry_is_committed_when_a_majority_has_it_and_then_answered() {
    // 5.3: "A log entry is committed once the leader that created the entry has replicated it on a majority of the servers"; then the
    // leader "applies the entry to its state machine and returns the result of that execution to the client".
    for (servers, needed) in [(3, 1), (4, 2), (5, 2), (7, 3)] {
        let mut leader = Server::leader(servers, Config::paper());
        leader.ask(1, put("x", 1));
        for follower in 1..=needed {
            assert_eq!((leader.raft.commit_index(), leader.raft.last_applied()), (0, 0), "{servers} servers");
            let acts = leader.receive(follower, appended(1, 2, 2));
            assert_eq!(acts.contains(&Act::Reply("stored".into())), follower == needed, "{servers} servers");
        }
        assert_eq!((leader.raft.commit_index(), leader.raft.last_applied()), (2, 2));
        assert_eq!(leader.raft.machine().get("x"), Some(&1.into()));
    }
}

#[test]
fn one_server_counts_once() {
    // A doubled reply is not a second server.
    let mut leader = Server::leader(5, Config::paper());
    leader.ask(1, put("x", 1));
    leader.receive(1, appended(1, 2, 2));
    leader.receive(1, appended(1, 2, 2));
    assert_eq!(leader.raft.commit_index(), 0);
}

#[test]
fn followers_learn_what_is_committed_and_apply_it_in_order() {
    // 5.3: "Once a follower learns that a log entry is committed, it applies the entry to its local state machine (in log order)."
    let mut follower = Server::with_log(3, &[1, 1, 1]);
    follower.receive(2, append(1, (3, 1), &[], 2));
    assert_eq!((follower.raft.commit_index(), follower.raft.last_applied()), (2, 2));
    assert_eq!(follower.raft.machine().get("x"), Some(&201.into()), "the second entry, after the first");
    follower.receive(2, append(1, (3, 1), &[], 9));
    assert_eq!(follower.raft.commit_index(), 3, "Figure 2: min(leaderCommit, index of last new entry)");
}

#[test]
fn a_follower_commits_nothing_that_was_not_compared() {
    // Figure 2, step 5: what follows the last new entry was never compared with the leader's log, and may be another's.
    let mut follower = Server::with_log(3, &[1, 2, 2]);
    follower.receive(1, append(3, (1, 1), &[], 3));
    assert_eq!(follower.raft.commit_index(), 1);
}

#[test]
fn new_entries_are_refused_after_an_entry_that_differs() {
    // 5.3: "If the follower does not find an entry in its log with the same index and term, then it refuses the new entries", and
    // tells "the term of the conflicting entry and the first index it stores for that term".
    let mut follower = Server::with_log(3, &[1, 2, 2, 2]);
    for (prev, expected) in [
        ((4, 3), conflict(4, 2, Some(2))),
        ((3, 3), conflict(4, 2, Some(2))),
        ((1, 3), conflict(4, 1, Some(1))),
        ((5, 4), conflict(4, 5, None)),
        ((9, 4), conflict(4, 5, None)),
    ] {
        assert_eq!(only(&follower.receive(1, append(4, prev, &[4], 0))), expected, "after {prev:?}");
        assert_eq!(follower.terms(), [1, 2, 2, 2]);
    }
    assert_eq!(only(&follower.receive(1, append(4, (4, 2), &[4], 0))), appended(4, 5, 1));
    assert_eq!(
        only(&follower.receive(1, append(4, (0, 0), &[], 0))),
        appended(4, 0, 1),
        "before everything all logs are equal"
    );
}

#[test]
fn conflicting_entries_are_overwritten_and_equal_ones_are_not() {
    // Figure 2, steps 3 and 4: "If an existing entry conflicts with a new one (same index but different terms), delete the existing
    // entry and all that follow it. Append any new entries not already in the log."
    for (prev, terms, expected) in [
        ((4, 2), &[4, 4][..], &[1, 2, 2, 2, 4, 4][..]),
        ((1, 1), &[4], &[1, 4]),
        ((2, 2), &[2, 4], &[1, 2, 2, 4]),
        ((0, 0), &[1, 2], &[1, 2, 2, 2]),
        ((1, 1), &[2, 2, 2], &[1, 2, 2, 2]),
        ((3, 2), &[], &[1, 2, 2, 2]),
    ] {
        let mut follower = Server::with_log(3, &[1, 2, 2, 2]);
        let reply = only(&follower.receive(1, append(4, prev, terms, 0)));
        assert_eq!(reply, appended(4, prev.0 + terms.len() as u64, 1));
        assert_eq!(follower.terms(), expected, "{terms:?} after {prev:?}");
        follower.restart();
        assert_eq!(follower.terms(), expected, "and so on its disk");
    }
}

#[test]
fn entries_are_durable_before_the_leader_may_count_them() {
    // Figure 2: log[] is on stable storage before the reply.
    let mut follower = Server::new(3, Config::paper());
    let acts = follower.receive(1, append(1, (0, 0), &[1], 0));
    let place = |wanted: fn(&Act) -> bool| acts.iter().position(wanted);
    assert!(place(|act| *act == Act::Sync) < place(|act| matches!(act, Act::Send(..))));
    assert!(place(|act| *act == Act::Sync).is_some());
    let acts = follower.receive(1, append(1, (1, 1), &[], 1));
    assert!(!acts.contains(&Act::Sync), "a heartbeat brings nothing to write: commitIndex is volatile");
}

#[test]
fn a_leader_finds_the_latest_entry_on_which_two_logs_agree() {
    // 5.3: after a rejection nextIndex goes back; with the term of the conflict, one message for each conflicting term is enough.
    let mut leader = Server::with_log(3, &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6]);
    leader.fire(Timer::Election);
    leader.elect();
    assert_eq!(leader.raft.current_term(), 7);
    let after = |acts: &[Act]| match only(acts) {
        StoreMessage::AppendEntries(request) => (request.prev_log_index, request.entries.len()),
        other => panic!("expected entries, not {other:?}"),
    };
    // Figure 7 (b): four entries. Its log ends before.
    assert_eq!(after(&leader.receive(1, conflict(7, 5, None))), (4, 7));
    // Figure 7 (f): terms 2 and 3, of which the leader has nothing.
    assert_eq!(after(&leader.receive(2, conflict(7, 7, Some(3)))), (6, 5));
    assert_eq!(after(&leader.receive(2, conflict(7, 4, Some(2)))), (3, 8));
    // Where both have the term, the leader's last entry of it is the place to try.
    assert_eq!(after(&leader.receive(1, conflict(7, 3, Some(1)))), (3, 8));
}

#[test]
fn old_replies_undo_nothing() {
    // A conflict that was answered before the follower had the entries arrives after its success.
    let mut leader = Server::leader(3, Config::paper());
    leader.ask(1, put("x", 1));
    leader.receive(1, appended(1, 2, 2));
    assert_eq!(leader.raft.commit_index(), 2);
    assert_eq!(leader.receive(1, conflict(1, 1, None)), [], "and nothing is sent again");
    assert_eq!(leader.receive(1, appended(1, 1, 1)), []);
    assert_eq!(leader.raft.commit_index(), 2);
}

#[test]
fn entries_of_earlier_terms_are_not_committed_by_counting() {
    // 5.4.2: "Raft never commits log entries from previous terms by counting replicas. Only log entries from the leader's current term
    // are"; "once an entry from the current term has been committed in this way, then all prior entries are committed indirectly".
    let mut leader = Server::with_log(5, &[1, 2, 2]);
    leader.fire(Timer::Election);
    leader.elect();
    for follower in 1..=4 {
        leader.receive(follower, appended(3, 3, 1));
    }
    assert_eq!(leader.raft.commit_index(), 0, "all five have entry 3, which is of term 2");
    leader.receive(1, appended(3, 4, 1));
    leader.receive(2, appended(3, 4, 1));
    assert_eq!((leader.terms(), leader.raft.commit_index()), (vec![1, 2, 2, 3], 4));
}

#[test]
fn a_new_leader_begins_its_term_with_an_entry() {
    // 8: "Raft handles this by having each leader commit a blank no-op entry into the log at the start of its term."
    let mut server = Server::with_log(3, &[1, 1]);
    server.fire(Timer::Election);
    let acts = server.elect();
    let shown: Vec<String> = sent(&acts).iter().map(|(_, message)| format!("{message:?}")).collect();
    assert_eq!(shown, ["AppendEntries term 2, after 2:1, [2:no-op], commit 0"; 2]);
}

#[test]
fn a_leader_asks_a_majority_before_it_answers_a_read() {
    // 8: "A leader must check whether it has been deposed before processing a read-only request", and must have committed in its term.
    let mut leader = Server::leader(3, Config::paper());
    let is_answer = |act: &Act| matches!(act, Act::Reply(_));
    assert!(!leader.ask(1, get("x")).iter().any(is_answer));
    let acts = leader.receive(1, appended(1, 0, 2));
    assert!(!acts.iter().any(is_answer), "it still leads, but does not know what is committed");
    let acts = leader.receive(1, appended(1, 1, 2));
    assert!(acts.contains(&Act::Reply("nothing".into())));
    leader.ask(2, get("x"));
    assert!(
        !leader.receive(2, appended(1, 1, 2)).iter().any(is_answer),
        "an answer to an earlier round says nothing"
    );
    assert!(leader.receive(2, appended(1, 1, 3)).contains(&Act::Reply("nothing".into())));
}

#[test]
fn a_follower_passes_requests_on_and_keeps_them_until_it_knows_a_leader() {
    // 8: requests end up at the leader; what waits for one is sent when it is heard of.
    let mut follower = Server::new(3, Config::paper());
    assert_eq!(follower.ask(4, put("x", 1)), []);
    let acts = follower.receive(2, append(1, (0, 0), &[], 0));
    assert!(
        sent(&acts)
            .contains(&(2, StoreMessage::Forward { call: netsplit_node::CallId(4), command: put("x", 1) }))
    );
    assert_eq!(sent(&follower.ask(5, get("x"))).len(), 1);
    assert_eq!(follower.raft.leader(), Some(NodeId(2)));
}

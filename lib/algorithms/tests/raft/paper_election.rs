//! Sections 5.1, 5.2 and 5.4.1 of the paper, and dissertation 9.6 and 6.2, a test for each sentence.

use netsplit_algorithms::consensus::raft::{CheckQuorum, Config, PreVote, Timer};
use netsplit_node::{NodeId, ms};

use crate::server::*;

#[test]
fn a_server_updates_its_term_to_a_larger_one() {
    // 5.1: "if one server's current term is smaller than the other's, then it updates its current term to the larger value", whatever
    // it is.
    for role in ["follower", "candidate", "leader"] {
        for message in [append(5, (0, 0), &[], 0), request_vote(5, (0, 0)), vote(5, false), appended(5, 0, 1)]
        {
            let mut server = Server::new(3, Config::paper());
            if role != "follower" {
                server.fire(Timer::Election);
            }
            if role == "leader" {
                server.elect();
            }
            assert_eq!(server.role(), role);
            server.receive(2, message.clone());
            assert_eq!(
                (server.raft.current_term(), server.role().as_str()),
                (5, "follower"),
                "{role}, {message:?}"
            );
        }
    }
}

#[test]
fn a_request_with_a_stale_term_is_rejected() {
    // 5.1: "If a server receives a request with a stale term number, it rejects the request", and says its own.
    let mut server = Server::with_log(3, &[1, 2]);
    let log = server.raft.log().clone();
    assert_eq!(only(&server.receive(1, request_vote(1, (9, 1)))), vote(2, false));
    let reply = only(&server.receive(1, append(1, (2, 2), &[1], 2)));
    assert_eq!(reply, conflict(2, 3, None));
    assert_eq!((server.raft.log(), server.raft.commit_index()), (&log, 0));
}

#[test]
fn servers_begin_as_followers() {
    // 5.2: "When servers start up, they begin as followers."
    let server = Server::new(3, Config::paper());
    assert_eq!(
        (server.role().as_str(), server.raft.current_term(), server.raft.leader()),
        ("follower", 0, None)
    );
}

#[test]
fn leaders_send_periodic_heartbeats() {
    // 5.2: "Leaders send periodic heartbeats (AppendEntries RPCs that carry no log entries) to all followers."
    let mut leader = Server::leader(3, Config::paper());
    for follower in [1, 2] {
        leader.receive(follower, appended(1, 1, 1));
    }
    let acts = leader.fire(Timer::Heartbeat);
    let shown: Vec<String> = sent(&acts).iter().map(|(to, message)| format!("{to}: {message:?}")).collect();
    assert_eq!(shown, [1, 2].map(|to| format!("{to}: AppendEntries term 1, after 1:1, [], commit 1")));
    assert!(acts.contains(&Act::Wake(ms(50), Timer::Heartbeat)), "and again after the interval");
}

#[test]
fn who_hears_of_no_leader_stands_for_election() {
    // 5.2: it "increments its current term and transitions to candidate state. It then votes for itself and issues RequestVote RPCs in
    // parallel".
    let mut server = Server::with_log(5, &[1, 1]);
    let acts = server.fire(Timer::Election);
    assert_eq!((server.raft.current_term(), server.role().as_str()), (2, "candidate"));
    assert_eq!(server.raft.voted_for(), Some(NodeId(0)));
    assert_eq!(sent(&acts), [1, 2, 3, 4].map(|to| (to, request_vote(2, (2, 1)))));
    let (sync, send) =
        (position(&acts, |act| *act == Act::Sync), position(&acts, |act| matches!(act, Act::Send(..))));
    assert!(sync < send, "Figure 2: updated on stable storage before anybody is told");
}

fn position(acts: &[Act], wanted: impl Fn(&Act) -> bool) -> usize {
    acts.iter().position(wanted).expect("the step does it")
}

#[test]
fn the_votes_of_a_majority_elect() {
    // 5.2: "A candidate wins an election if it receives votes from a majority of the servers in the full cluster for the same term."
    for (servers, votes, denials, role) in [
        (3, 1, 0, "leader"),
        (3, 0, 2, "candidate"),
        (4, 1, 0, "candidate"),
        (4, 2, 0, "leader"),
        (5, 1, 3, "candidate"),
        (5, 2, 0, "leader"),
        (7, 3, 0, "leader"),
    ] {
        let mut server = Server::new(servers, Config::paper());
        server.fire(Timer::Election);
        for voter in 1..=votes + denials {
            server.receive(voter, vote(1, voter <= votes));
        }
        assert_eq!(server.role(), role, "{servers} servers, {votes} votes besides its own");
    }
}

#[test]
fn a_vote_counts_once_and_for_its_term() {
    // A doubled vote is one vote, and a vote of an earlier term is none.
    let mut server = Server::new(5, Config::paper());
    server.fire(Timer::Election);
    server.receive(1, vote(1, true));
    server.receive(1, vote(1, true));
    assert_eq!(server.role(), "candidate");
    server.fire(Timer::Election);
    server.receive(2, vote(1, true));
    server.receive(3, vote(1, true));
    assert_eq!((server.raft.current_term(), server.role().as_str()), (2, "candidate"));
}

#[test]
fn a_server_that_is_alone_elects_itself_once_its_vote_is_durable() {
    // A majority of one needs no reply, but it does need the disk: otherwise two lives of it could lead one term.
    let mut server = Server::new(1, Config::paper());
    let acts = server.fire(Timer::Election);
    assert_eq!(server.role(), "candidate");
    let (sync, written) = (
        position(&acts, |act| *act == Act::Sync),
        position(&acts, |act| matches!(act, Act::Wake(_, Timer::Written))),
    );
    assert!(sync < written);
    server.fire(Timer::Written);
    assert_eq!(server.role(), "leader");
}

#[test]
fn each_server_votes_once_in_a_term_first_come_first_served() {
    // 5.2; asked again by the same candidate, it grants again: its reply may have been lost.
    let mut server = Server::new(3, Config::paper());
    assert_eq!(only(&server.receive(1, request_vote(1, (0, 0)))), vote(1, true));
    assert_eq!(only(&server.receive(2, request_vote(1, (0, 0)))), vote(1, false));
    assert_eq!(only(&server.receive(1, request_vote(1, (0, 0)))), vote(1, true));
    assert_eq!(only(&server.receive(2, request_vote(2, (0, 0)))), vote(2, true), "a new term, a new vote");
}

#[test]
fn a_vote_survives_a_crash() {
    // Figure 2: votedFor and currentTerm are on stable storage before the reply.
    let mut server = Server::new(3, Config::paper());
    let acts = server.receive(1, request_vote(7, (0, 0)));
    let (sync, send) =
        (position(&acts, |act| *act == Act::Sync), position(&acts, |act| matches!(act, Act::Send(..))));
    assert!(sync < send);
    server.restart();
    assert_eq!((server.raft.current_term(), server.raft.voted_for()), (7, Some(NodeId(1))));
    assert_eq!(only(&server.receive(2, request_vote(7, (0, 0)))), vote(7, false));
}

#[test]
fn a_candidate_follows_a_leader_of_its_term_or_a_later_one() {
    // 5.2: "If the leader's term is at least as large as the candidate's current term, then the candidate recognizes the leader as
    // legitimate and returns to follower state. If the term in the RPC is smaller, then the candidate rejects the RPC and continues."
    for (term, role, leader) in
        [(0, "candidate", None), (1, "follower", Some(NodeId(2))), (2, "follower", Some(NodeId(2)))]
    {
        let mut server = Server::new(3, Config::paper());
        server.fire(Timer::Election);
        server.receive(2, append(term, (0, 0), &[], 0));
        assert_eq!((server.role().as_str(), server.raft.leader()), (role, leader), "a leader of term {term}");
    }
}

#[test]
fn a_split_vote_is_followed_by_a_new_election() {
    // 5.2: "each candidate will time out and start a new election by incrementing its term and initiating another round".
    let mut server = Server::new(5, Config::paper());
    server.fire(Timer::Election);
    server.receive(1, vote(1, true));
    let acts = server.fire(Timer::Election);
    assert_eq!((server.raft.current_term(), server.role().as_str()), (2, "candidate"));
    assert_eq!(sent(&acts).len(), 4);
}

#[test]
fn election_timeouts_are_drawn_from_an_interval() {
    // 5.2: "election timeouts are chosen randomly from a fixed interval (e.g., 150-300ms)", anew for each election.
    let mut server = Server::new(3, Config::paper());
    let mut drawn: Vec<i64> = Vec::new();
    for _ in 0..200 {
        for act in server.fire(Timer::Election) {
            if let Act::Wake(after, Timer::Election) = act {
                assert!(ms(150) <= after && after <= ms(300), "{after}");
                drawn.push(after.as_nanos() / 1_000_000);
            }
        }
    }
    drawn.sort_unstable();
    drawn.dedup();
    assert!(drawn.len() > 80, "{} different timeouts", drawn.len());
}

#[test]
fn only_a_log_that_is_up_to_date_is_voted_for() {
    // 5.4.1: the later last term wins; of equal ones the longer log.
    for (own, last_log, granted) in [
        (&[1, 1][..], (2, 1), true),
        (&[1, 1], (3, 1), true),
        (&[1, 1], (1, 1), false),
        (&[1, 1], (1, 2), true),
        (&[1, 2], (5, 1), false),
        (&[], (0, 0), true),
        (&[1], (0, 0), false),
    ] {
        let mut server = Server::with_log(3, own);
        assert_eq!(
            only(&server.receive(1, request_vote(9, last_log))),
            vote(9, granted),
            "{own:?} asked by {last_log:?}"
        );
    }
}

#[test]
fn a_pre_vote_changes_nobody() {
    // Dissertation 9.6: the term is incremented only after a majority has said that it would vote.
    let config = Config { pre_vote: PreVote::On, ..Config::paper() };
    let mut server = Server::new(3, config.clone());
    let acts = server.fire(Timer::Election);
    assert_eq!((server.role().as_str(), server.raft.current_term()), ("pre-candidate", 0));
    assert_eq!(sent(&acts), [1, 2].map(|to| (to, request_pre_vote(1, (0, 0)))));
    server.receive(1, pre_vote(0, true));
    assert_eq!((server.role().as_str(), server.raft.current_term()), ("candidate", 1));

    let mut voter = Server::new(3, config);
    voter.wait(ms(200));
    assert_eq!(only(&voter.receive(1, request_pre_vote(1, (0, 0)))), pre_vote(0, true));
    assert_eq!(
        only(&voter.receive(2, request_pre_vote(1, (0, 0)))),
        pre_vote(0, true),
        "it is no vote, so it may be given twice"
    );
    assert_eq!((voter.raft.current_term(), voter.raft.voted_for()), (0, None));
}

#[test]
fn who_hears_from_a_leader_ignores_candidates() {
    // Section 6: "within the minimum election timeout of hearing from a current leader, it does not update its term or grant its vote".
    let config = Config { check_quorum: CheckQuorum::On, ..Config::paper() };
    let mut server = Server::new(3, config);
    server.wait(ms(500));
    server.receive(2, append(1, (0, 0), &[], 0));
    server.wait(ms(149));
    assert_eq!(server.receive(1, request_vote(5, (9, 4))), []);
    assert_eq!(server.raft.current_term(), 1);
    server.wait(ms(1));
    assert_eq!(only(&server.receive(1, request_vote(5, (9, 4)))), vote(5, true));
}

#[test]
fn who_has_just_restarted_waits_as_well() {
    // It may have heard from a leader, and so have promised not to vote, a moment before the crash: a lease may rest on it.
    let config = Config { check_quorum: CheckQuorum::On, ..Config::paper() };
    let mut server = Server::new(3, config);
    server.wait(ms(500));
    server.receive(2, append(1, (0, 0), &[], 0));
    server.restart();
    server.wait(ms(149));
    assert_eq!(server.receive(1, request_vote(5, (9, 4))), []);
    server.wait(ms(1));
    assert_eq!(only(&server.receive(1, request_vote(5, (9, 4)))), vote(5, true));
}

#[test]
fn a_leader_without_a_majority_steps_down() {
    // Dissertation 6.2: "if an election timeout elapses without a successful round of heartbeats to a majority of its cluster".
    let config = Config { check_quorum: CheckQuorum::On, ..Config::paper() };
    let mut leader = Server::leader(5, config);
    leader.wait(ms(250));
    leader.receive(1, appended(1, 1, 1));
    leader.receive(2, appended(1, 1, 1));
    leader.wait(ms(50));
    leader.fire(Timer::CheckQuorum);
    assert_eq!(leader.role(), "leader", "two of four answered in time");
    leader.wait(ms(300));
    leader.receive(1, appended(1, 1, 1));
    leader.fire(Timer::CheckQuorum);
    assert_eq!(
        (leader.role().as_str(), leader.raft.leader(), leader.raft.current_term()),
        ("follower", None, 1)
    );
}

//! Small instances, explored exhaustively: every order of messages, lost, late and doubled ones included, every timer at any time, and crashes.
//!
//! The numbers of states are pinned: a change of an algorithm that changes them changes what it can do.

mod explorer;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

use explorer::{Explorer, World};
use netsplit_algorithms::commit::three_phase_commit::{self, ThreePhaseCommit};
use netsplit_algorithms::commit::two_phase_commit::{self, Termination, TwoPhaseCommit};
use netsplit_algorithms::commit::{Committer, Decision, Transaction};
use netsplit_algorithms::consensus::paxos::{self, BackOff, Ballot, Message, Paxos, Propose};
use netsplit_node::{CallId, NodeId, Service, Value, ms};

/// Whether no two nodes have decided differently.
fn same_decisions<N: Committer>(world: &World<N>) -> bool {
    let decided = |decision| {
        world.nodes.iter().any(|node| node.records().values().any(|record| record.decision == Some(decision)))
    };
    !(decided(Decision::Commit) && decided(Decision::Abort))
}

/// A transaction at nodes 1 and 2, brought to node 0.
fn with_a_transaction<N>(node: impl Fn() -> N) -> World<N>
where
    N: Service<Request = Transaction> + Hash,
    N::Message: Hash,
    N::Timer: Hash,
{
    let transaction = Transaction::new().write(NodeId(1), "x", 1).write(NodeId(2), "x", 1);
    let mut world = World::new(3, node);
    world.step(0, |node, ctx| node.on_request(CallId(0), transaction, ctx));
    world
}

/// Whether at most one value has been accepted by a majority of three under one ballot, by all the 2b that were ever sent.
fn at_most_one_is_chosen(world: &World<Paxos>) -> bool {
    let mut accepted_by: BTreeMap<Ballot, (&Value, BTreeSet<NodeId>)> = BTreeMap::new();
    for (acceptor, message) in world.sent() {
        if let Message::Accepted { proposal } = message {
            accepted_by
                .entry(proposal.ballot)
                .or_insert((&proposal.value, BTreeSet::new()))
                .1
                .insert(acceptor);
        }
    }
    let chosen = accepted_by.values().filter(|(_, acceptors)| acceptors.len() >= 2);
    chosen.map(|(value, _)| value).collect::<BTreeSet<_>>().len() <= 1
}

#[test]
fn paxos_chooses_one_value_in_every_run_of_two_proposers() {
    // Three nodes, two of which propose, each under one ballot (nobody tries again). What is chosen shows in the 2b; learners need not hear them.
    for (crashes, states) in [(0, 774), (1, 4232)] {
        let config = paxos::Config { patience: ms(1), back_off: BackOff::Fixed(ms(1)) };
        let mut world = World::new(3, || Paxos::new(config));
        for (node, value) in [(0, 1), (2, 2)] {
            world.step(node, |node, ctx| node.on_request(CallId(0), Propose(value.into()), ctx));
        }
        let delivers = |message: &Message| {
            matches!(message, Message::Prepare { .. } | Message::Promise { .. } | Message::Accept { .. })
        };
        let explorer = Explorer { holds: at_most_one_is_chosen, delivers, fires: |_| false, crashes };
        assert_eq!(explorer.explore(world).map_err(|world| world.nodes), Ok(states), "{crashes} crashes");
    }
}

#[test]
fn two_phase_commit_never_splits() {
    // One transaction, two participants, timers at any time, and two crashes anywhere.
    for (termination, states) in [(Termination::AskCoordinator, 219), (Termination::Cooperative, 309)] {
        let config = two_phase_commit::Config { vote_timeout: ms(1), inquire_every: ms(1), termination };
        let world = with_a_transaction(|| TwoPhaseCommit::new(config));
        let explorer = Explorer { holds: same_decisions, delivers: |_| true, fires: |_| true, crashes: 2 };
        assert_eq!(explorer.explore(world).map_err(|world| world.nodes), Ok(states), "{termination:?}");
    }
}

#[test]
fn three_phase_commit_splits_where_time_means_nothing() {
    // The same, without a crash: a timer that fires before the message arrives is all it takes.
    let world = with_a_transaction(|| ThreePhaseCommit::new(three_phase_commit::Config { timeout: ms(1) }));
    let explorer = Explorer { holds: same_decisions, delivers: |_| true, fires: |_| true, crashes: 0 };
    let split = explorer.explore(world).expect_err("one commits, another aborts");
    let decided: BTreeSet<_> = split
        .nodes
        .iter()
        .flat_map(|node| node.records().values().filter_map(|record| record.decision))
        .collect();
    assert_eq!(decided, [Decision::Commit, Decision::Abort].into());
}

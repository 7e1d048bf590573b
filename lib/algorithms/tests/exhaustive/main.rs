//! Small instances, explored exhaustively: every order of messages, lost, late and doubled ones included, every timer at any time, and crashes.
//!
//! The numbers of states are pinned: a change of an algorithm that changes them changes what it can do.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

use netsplit_algorithms::commit::three_phase_commit::{self, ThreePhaseCommit};
use netsplit_algorithms::commit::two_phase_commit::{self, Termination, TwoPhaseCommit};
use netsplit_algorithms::commit::{Committer, Decision, Transaction};
use netsplit_algorithms::consensus::paxos::{self, BackOff, Ballot, Message, Paxos, Propose};
use netsplit_node::{Node, NodeId, Service, Value, ms};
use netsplit_sim::explore::{Exploration, Network, Nodes, World, explore};

/// Whether no two nodes have decided differently.
fn same_decisions<N>(nodes: &Nodes<N>, world: &World) -> bool
where
    N: Committer + Node<Message: Sync + Eq + Hash, Timer: Sync + Eq + Hash> + Sync + Eq + Hash,
{
    let members = nodes.members(world);
    let decided = |decision| {
        members.iter().any(|it| it.state.records().values().any(|record| record.decision == Some(decision)))
    };
    !(decided(Decision::Commit) && decided(Decision::Abort))
}

/// A transaction at nodes 1 and 2, brought to node 0; what is sent may arrive at any time, again and again, or never.
fn with_a_transaction<N>(node: impl Fn() -> N + Send + Sync + 'static, crashes: u32) -> Exploration
where
    N: Service<Request = Transaction, Response: Sync + Hash>
        + Committer
        + Node<Message: Sync + Eq + Hash, Timer: Sync + Eq + Hash>
        + Sync
        + Eq
        + Hash,
{
    let transaction = Transaction::new().write(NodeId(1), "x", 1).write(NodeId(2), "x", 1);
    let nodes = Nodes::new(3, move |_id| node()).network(Network::Duplicating).crashes(crashes);
    explore(nodes.client([(0, transaction)])).always("same decisions", same_decisions).run()
}

/// Whether at most one value has been accepted by a majority of three under one ballot, by all the 2b that were ever sent.
fn at_most_one_is_chosen(nodes: &Nodes<Paxos>, world: &World) -> bool {
    let mut accepted_by: BTreeMap<Ballot, (&Value, BTreeSet<NodeId>)> = BTreeMap::new();
    for (acceptor, _, message) in nodes.messages(world) {
        if let Message::Accepted { proposal } = message {
            let of_ballot = accepted_by.entry(proposal.ballot).or_insert((&proposal.value, BTreeSet::new()));
            of_ballot.1.insert(acceptor);
        }
    }
    let chosen = accepted_by.values().filter(|(_, acceptors)| acceptors.len() >= 2);
    chosen.map(|(value, _)| value).collect::<BTreeSet<_>>().len() <= 1
}

#[test]
fn paxos_chooses_one_value_in_every_run_of_two_proposers() {
    // Three nodes, two of which propose, each under one ballot (nobody tries again). What is chosen shows in the 2b; learners need not hear them.
    for (crashes, states) in [(0, 9_291), (1, 152_397)] {
        let config = paxos::Config { patience: ms(1), back_off: BackOff::Fixed(ms(1)) };
        let nodes =
            Nodes::new(3, move |_id| Paxos::new(config)).network(Network::Duplicating).crashes(crashes);
        let nodes = nodes.client([(0, Propose(1.into()))]).client([(2, Propose(2.into()))]).fires(|_| false);
        let nodes = nodes.delivers(|message| {
            matches!(message, Message::Prepare { .. } | Message::Promise { .. } | Message::Accept { .. })
        });
        let found = explore(nodes).always("one is chosen", at_most_one_is_chosen).run();
        assert_eq!((found.states, found.holds()), (states, true), "{crashes} crashes: {found}");
    }
}

#[test]
fn two_phase_commit_never_splits() {
    // One transaction, two participants, timers at any time, and two crashes anywhere, also in the midst of a step.
    for (termination, states) in [(Termination::AskCoordinator, 1_089), (Termination::Cooperative, 1_683)] {
        let config = two_phase_commit::Config { vote_timeout: ms(1), inquire_every: ms(1), termination };
        let found = with_a_transaction(move || TwoPhaseCommit::new(config), 2);
        assert_eq!((found.states, found.holds()), (states, true), "{termination:?}: {found}");
    }
}

#[test]
fn three_phase_commit_splits_where_time_means_nothing() {
    // The same, without a crash: a timer that fires before the message arrives is all it takes.
    let config = three_phase_commit::Config { timeout: ms(1) };
    let found = with_a_transaction(move || ThreePhaseCommit::new(config), 0);
    let path = found.counterexample().expect("one commits, another aborts");
    assert_eq!(path.steps.len(), 8, "{found}");
}

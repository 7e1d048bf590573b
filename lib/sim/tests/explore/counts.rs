//! Numbers of states, as Stateright's published examples have them.

use std::collections::BTreeSet;

use netsplit_node::{Context, Node, NodeId};
use netsplit_sim::explore::{Exploration, Network, Nodes, explore};

use crate::linearizable_register::Abd;
use crate::registers::registers;
use crate::single_copy::SingleCopy;
use crate::single_decree_paxos::Paxos;
use crate::two_phase_commit::two_phase_commit;

#[test]
fn two_phase_commit_has_as_many_states_as_are_known() {
    // With 3, 5 and 7 participants, in every order of search, on one thread and on several; all properties hold.
    for threads in [1, 3] {
        let found = [
            two_phase_commit::<3>().on_threads(threads).run(),
            two_phase_commit::<5>().on_threads(threads).run(),
        ];
        assert_eq!(found.each_ref().map(|found| found.states), [288, 8_832]);
        assert!(found.iter().all(Exploration::holds), "{found:?}");
    }
    let found = two_phase_commit::<7>().run();
    assert_eq!((found.states, found.holds()), (296_448, true), "{found}");
    let found = two_phase_commit::<5>().depth_first().run();
    assert_eq!((found.states, found.holds()), (8_832, true), "{found}");
}

#[test]
fn registers_have_as_many_states_as_are_known() {
    // Paxos, ABD and a single copy, each with two clients: the history is part of the state, and judged in each.
    let paxos = registers(3, 2, Paxos::new).run();
    assert_eq!((paxos.states, paxos.holds()), (16_668, true), "{paxos}");
    let abd = registers(2, 2, Abd::new).run();
    assert_eq!((abd.states, abd.holds()), (544, true), "{abd}");
    let single = registers(1, 2, |_| SingleCopy::default()).run();
    assert_eq!((single.states, single.holds()), (93, true), "{single}");
}

#[test]
fn two_copies_without_a_word_are_no_register() {
    // The shortest way is known, too: a client reads at a server that it has not written to.
    let found = registers(2, 2, |_| SingleCopy::default()).run();
    let path = found.counterexample().expect("it is found");
    assert_eq!(
        path.actions(),
        [
            "client 1 -> n1: Write(2)",
            "n1 -> client 1: Written",
            "client 1 -> n0: Read",
            "n0 -> client 1: Value(None)"
        ]
    );
    assert!(
        found.to_string().contains("client 1's read found nothing, after client 1's write of 2 had ended"),
        "{found}"
    );
}

/// Broadcasts once, and remembers whom it has heard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Once {
    heard: BTreeSet<NodeId>,
}

impl Node for Once {
    type Message = ();
    type Timer = ();
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.broadcast(());
    }
    fn on_message(&mut self, from: NodeId, (): (), _ctx: &mut Context<Self>) {
        self.heard.insert(from);
    }
}

#[test]
fn messages_that_have_nothing_to_do_with_each_other_make_a_power_of_two() {
    // Each of n(n-1) messages has arrived or not, in every network: once is once.
    for nodes in 1..=4_u32 {
        for network in [Network::Unordered, Network::Ordered, Network::Duplicating] {
            let model = || Nodes::new(nodes as usize, |_| Once::default()).network(network);
            let found = explore(model()).run();
            assert_eq!(
                (found.states, found.depth),
                (1 << (nodes * (nodes - 1)), nodes * (nodes - 1)),
                "{network:?}"
            );
            assert_eq!(explore(model()).depth_first().run().states, found.states);
        }
    }
}

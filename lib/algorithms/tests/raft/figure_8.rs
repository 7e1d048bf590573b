//! Figure 8: an entry of an earlier term that a majority has, and that is overwritten all the same.

use netsplit_node::Service;

use crate::by_hand::World;

/// How the run goes on after (c).
#[derive(Clone, Copy, PartialEq)]
pub enum Ending {
    /// (d): n0 crashes before its own term's entry is anywhere else, and n4 overwrites the entry of term 2.
    Overwritten,
    /// (e): n0 brings its own term's entry to a majority first, and n4 cannot win.
    Committed,
}

/// The run of Figure 8, with n0 to n4 for S1 to S5, in a world of five servers that send one entry in each message. `election` wakes a
/// server that heard of no leader. It differs from the figure in that a no-op begins each term, and that the entry of term 2 gets
/// to n3 too, since what n0 cannot know of n1's log does not count.
pub fn figure_8<N: Service>(world: &mut World<N>, election: N::Timer, ending: Ending) {
    world.heading("before: n2 leads term 1, and all have entry 1");
    world.fire(2, election.clone());
    world.settle(&[0, 1, 2, 3, 4]);
    world.heading("(a) n0 leads term 2, and brings entry 2 to n1 alone");
    world.fire(0, election.clone());
    for voter in 1..5 {
        world.deliver(0, voter);
    }
    world.deliver(1, 0);
    world.deliver(2, 0);
    world.deliver(0, 1);
    world.lose_all();
    world.crash(0);
    world.heading("(b) n4 leads term 3 by the votes of n2 and n3, and has another entry 2 for itself");
    world.fire(4, election.clone());
    for voter in [2, 3] {
        world.deliver(4, voter);
        world.deliver(voter, 4);
    }
    world.lose_all();
    world.crash(4);
    world.heading("(c) n0 leads term 4, and brings its entry 2, of term 2, to n2 and n3: a majority has it");
    world.restart(0);
    // The first time it learns that there was a term 3.
    world.fire(0, election.clone());
    world.settle(&[0, 2]);
    world.lose_all();
    world.fire(0, election.clone());
    for voter in [1, 2, 3] {
        world.deliver(0, voter);
        world.deliver(voter, 0);
    }
    for follower in [2, 3] {
        // Entry 3 does not fit, so entry 2 comes first.
        world.deliver(0, follower);
        world.deliver(follower, 0);
        world.deliver(0, follower);
        world.deliver(follower, 0);
    }
    if ending == Ending::Committed {
        world.heading(
            "(e) entry 3, of term 4, gets to n2 and n3 as well, and is committed with all before it",
        );
        for follower in [2, 3] {
            world.deliver(0, follower);
            world.deliver(follower, 0);
        }
    } else {
        world.heading("(d) n4 is elected by n1, n2 and n3, and overwrites entry 2");
    }
    world.lose_all();
    world.crash(0);
    world.restart(4);
    world.fire(4, election.clone());
    world.settle(&[1, 2, 3, 4]);
    world.fire(4, election);
    world.settle(&[1, 2, 3, 4]);
}

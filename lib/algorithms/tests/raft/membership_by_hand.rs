//! From three servers to five in one step: two majorities without a server in common (section 6, Figure 10).

use netsplit_node::Service;

use crate::by_hand::World;

/// n0 to n2 are the members, and `change` asks for n3 and n4 as well. n0 takes the new configuration and nobody
/// else has it; then both n0 and n1 stand for election in the same term.
pub fn both_sides_elect<N: Service>(world: &mut World<N>, election: N::Timer, change: N::Request) {
    world.heading("n0 leads term 1");
    world.fire(0, election.clone());
    world.settle(&[0, 1, 2]);
    world.heading(
        "n3 and n4 get the log; then n0 takes the new configuration, and crashes before anybody else has it",
    );
    world.ask(0, change);
    for newcomer in [3, 4] {
        // What is sent does not fit an empty log, so its beginning comes first.
        world.deliver(0, newcomer);
        world.deliver(newcomer, 0);
        world.deliver(0, newcomer);
        world.deliver(newcomer, 0);
    }
    world.lose_all();
    world.crash(0);
    world.restart(0);
    world.heading("n1 stands, and knows three members; n0 stands, and knows five");
    world.fire(1, election.clone());
    world.deliver(1, 2);
    world.deliver(2, 1);
    world.fire(0, election);
    world.settle(&[0, 3, 4]);
}

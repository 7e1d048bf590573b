//! `sim/idle`: what an event costs with 100,000 nodes of which ten play, in times of what it costs with those ten alone.

use netsplit::{Context, Node, NodeId};
use netsplit_benches::game;

/// A node that waits for what never comes.
#[derive(Clone, Debug)]
struct Idle;

impl Node for Idle {
    type Message = ();
    type Timer = ();
    fn on_message(&mut self, from: NodeId, (): (), ctx: &mut Context<Self>) {
        ctx.send(from, ());
    }
}

fn main() {
    game::print_median("times the cost with 10 nodes", |_| {
        let alone = game::million_events_per_second(&game::begun(10, 0), 400);
        let among_many = game::begun(10, 0);
        among_many.cluster("idle", 100_000, |_id| Idle);
        alone / game::million_events_per_second(&among_many, 400)
    });
}

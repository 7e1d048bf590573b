//! `sim/ping_pong`: 500 pairs play with a message of 200 bytes over latencies of 1 to 2 ms, a loss rule installed, no trace.
//!
//! Prints the events handled per second of real time, in millions, the median of several runs. The same file, compiled as a
//! notebook cell is (unoptimised, against the optimised library), gives `sim/cell_node`.

use std::time::Instant;

use netsplit::{Context, Lab, Latency, Node, NodeId, Traffic, ms, secs};

#[derive(Clone, Debug)]
struct Player {
    hits: u64,
    hits_at_last_look: u64,
}

impl Player {
    fn partner(ctx: &Context<Self>) -> NodeId {
        NodeId(ctx.id().0 ^ 1)
    }

    fn serves(ctx: &Context<Self>) -> bool {
        ctx.id().0.is_multiple_of(2)
    }
}

impl Node for Player {
    type Message = [u8; 200];
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        if Player::serves(ctx) {
            ctx.send(Player::partner(ctx), [0; 200]);
            ctx.set_timer(ms(100), ());
        }
    }

    fn on_message(&mut self, from: NodeId, ball: [u8; 200], ctx: &mut Context<Self>) {
        self.hits += 1;
        ctx.send(from, ball);
    }

    /// The ball was lost if nothing came for a while: serve another.
    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        if self.hits == self.hits_at_last_look {
            ctx.send(Player::partner(ctx), [0; 200]);
        }
        self.hits_at_last_look = self.hits;
        ctx.set_timer(ms(100), ());
    }
}

fn million_events_per_second() -> f64 {
    let lab = Lab::new(42);
    lab.keep_events(0);
    lab.set_latency(Latency::Uniform(ms(1), ms(2)));
    lab.lose(0.001, Traffic::all());
    lab.cluster("player", 1000, |_id| Player { hits: 0, hits_at_last_look: 0 });
    lab.run_for(ms(100));
    let (events, start) = (lab.events_handled(), Instant::now());
    lab.run_for(secs(40));
    (lab.events_handled() - events) as f64 / start.elapsed().as_secs_f64() / 1e6
}

fn main() {
    let mut runs: Vec<f64> = (0..5).map(|_| million_events_per_second()).collect();
    runs.sort_by(f64::total_cmp);
    println!("{{\"value\": {:.3}, \"unit\": \"million events/s\"}}", runs[runs.len() / 2]);
}

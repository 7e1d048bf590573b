//! The game of the figures `sim/..`: pairs of players, a ball of 200 bytes, a network that loses one message in a thousand.

use std::time::Instant;

use netsplit::{Context, Lab, Latency, Node, NodeId, Traffic, ms, secs};

/// Returns the ball.
#[derive(Clone, Debug)]
pub struct Player {
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

/// A laboratory in which so many players have played for 100 ms, with a trace of the last `keep` events.
pub fn begun(players: usize, keep: usize) -> Lab {
    let lab = Lab::new(42);
    lab.keep_events(keep);
    lab.set_latency(Latency::Uniform(ms(1), ms(2)));
    lab.lose(0.001, Traffic::all());
    lab.cluster("player", players, |_id| Player { hits: 0, hits_at_last_look: 0 });
    lab.run_for(ms(100));
    lab
}

/// How many million events a second of real time `lab` handles while so many simulated seconds pass.
pub fn million_events_per_second(lab: &Lab, seconds: i64) -> f64 {
    let (events, start) = (lab.events_handled(), Instant::now());
    lab.run_for(secs(seconds));
    (lab.events_handled() - events) as f64 / start.elapsed().as_secs_f64() / 1e6
}

/// The median of five runs, as the line that `cargo measure` reads.
pub fn print_median(unit: &str, run: impl FnMut(i32) -> f64) {
    let mut runs: Vec<f64> = (0..5).map(run).collect();
    runs.sort_by(f64::total_cmp);
    println!("{{\"value\": {:.3}, \"unit\": \"{unit}\"}}", runs[runs.len() / 2]);
}

//! `sim/ping_pong` on AnySystem 0.3, a simulator of message-passing processes for teaching (it was `dslab-mp`).
//!
//! Alike: the pairs, each player a process on a node of its own, uniform latency, the loss of one ball in a thousand by the
//! network's own drop rate, the timer of the servers.
//!
//! Not alike: a message of AnySystem is text, so the ball is a string of 200 characters. Its trace cannot be turned off: each
//! message sent or received stays in the memory of the system and in that of its process (more than a gigabyte per million
//! messages), so the run is a short one, and the freeing of the trace is not timed. Printing the trace is off.

use anysystem::{Context, Message, Process, System};
use netsplit_peers::{
    BALL_BYTES, Game, LATENCY_MAX_MS, LATENCY_MIN_MS, LOOK_EVERY, LOSS, PLAYERS, SEED, partner, report,
    serves,
};

const WARM_UP_SECONDS: f64 = 0.1;
const PLAY_SECONDS: f64 = 1.0;

#[derive(Clone)]
struct Player {
    number: usize,
    hits: u64,
    hits_at_last_look: u64,
}

impl Player {
    fn serve(&self, ctx: &mut Context) {
        ctx.send(Message::new("ball", &"b".repeat(BALL_BYTES)), name(partner(self.number)));
    }

    fn look_again(&self, ctx: &mut Context) {
        ctx.set_timer("look", LOOK_EVERY.as_secs_f64());
    }
}

impl Process for Player {
    fn on_start(&mut self, ctx: &mut Context) -> Result<(), String> {
        if serves(self.number) {
            self.serve(ctx);
            self.look_again(ctx);
        }
        Ok(())
    }

    fn on_message(&mut self, ball: Message, from: String, ctx: &mut Context) -> Result<(), String> {
        self.hits += 1;
        ctx.send(ball, from);
        Ok(())
    }

    fn on_local_message(&mut self, _: Message, _: &mut Context) -> Result<(), String> {
        Ok(())
    }

    fn on_timer(&mut self, _: String, ctx: &mut Context) -> Result<(), String> {
        if self.hits == self.hits_at_last_look {
            self.serve(ctx);
        }
        self.hits_at_last_look = self.hits;
        self.look_again(ctx);
        Ok(())
    }
}

struct AnySystem {
    system: System,
    names: Vec<String>,
}

impl Game for AnySystem {
    fn play(&mut self) {
        self.system.step_for_duration(PLAY_SECONDS);
    }

    fn received(&self) -> u64 {
        self.names.iter().map(|name| self.system.received_message_count(name)).sum()
    }
}

fn start() -> AnySystem {
    let mut system = System::new(SEED);
    system.network().set_delays(LATENCY_MIN_MS as f64 / 1000.0, LATENCY_MAX_MS as f64 / 1000.0);
    system.network().set_drop_rate(LOSS);
    // Who is served to must exist before the server starts.
    let (servers, receivers): (Vec<_>, Vec<_>) = (0..PLAYERS).partition(|&player| serves(player));
    for number in receivers.into_iter().chain(servers) {
        let name = name(number);
        system.add_node(&name);
        system.add_process(&name, Box::new(Player { number, hits: 0, hits_at_last_look: 0 }), &name);
    }
    system.step_for_duration(WARM_UP_SECONDS);
    AnySystem { system, names: (0..PLAYERS).map(name).collect() }
}

fn name(player: usize) -> String {
    format!("player-{player}")
}

fn main() {
    report(start);
}

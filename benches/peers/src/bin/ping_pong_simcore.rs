//! `sim/ping_pong` on the bare event queue of SimCore 0.1, on which AnySystem is built. It stands in for `dslab-core`, from
//! whose project it came and which is not on crates.io.
//!
//! Alike: the pairs, the ball of 200 bytes (stored in the event itself), uniform latency, the loss of one ball in a
//! thousand, the timer of the servers.
//!
//! Not alike, and to the peer's advantage: SimCore has no network. Here the player draws latency and loss and puts the ball
//! into the partner's queue; there are no links, addresses, partitions or crashes to look up on the way, nor a trace.
//! This is the figure of an event queue, not of a simulator of distributed systems.

use std::cell::RefCell;
use std::rc::Rc;

use netsplit_peers::{
    BALL_BYTES, Game, LATENCY_MAX_MS, LATENCY_MIN_MS, LOOK_EVERY, LOSS, PLAYERS, SEED, partner, report,
    serves,
};
use serde::{Serialize, Serializer};
use simcore::{Event, EventHandler, Id, Simulation, SimulationContext, cast};

const WARM_UP_SECONDS: f64 = 0.1;
const PLAY_SECONDS: f64 = 30.0;

#[derive(Clone)]
struct Ball {
    bytes: [u8; BALL_BYTES],
}

/// Events must be serialisable for SimCore's log, which is off.
impl Serialize for Ball {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.bytes)
    }
}

#[derive(Clone, Serialize)]
struct Look {}

struct Player {
    ctx: SimulationContext,
    partner: Id,
    hits: u64,
    hits_at_last_look: u64,
}

impl Player {
    fn send(&self, ball: Ball) {
        if self.ctx.rand() >= LOSS {
            let milliseconds = self.ctx.gen_range(LATENCY_MIN_MS as f64..LATENCY_MAX_MS as f64);
            self.ctx.emit(ball, self.partner, milliseconds / 1000.0);
        }
    }

    fn serve(&self) {
        self.send(Ball { bytes: [0; BALL_BYTES] });
    }

    fn look_again(&self) {
        self.ctx.emit_self(Look {}, LOOK_EVERY.as_secs_f64());
    }
}

impl EventHandler for Player {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Ball { bytes } => {
                self.hits += 1;
                self.send(Ball { bytes });
            }
            Look {} => {
                if self.hits == self.hits_at_last_look {
                    self.serve();
                }
                self.hits_at_last_look = self.hits;
                self.look_again();
            }
        })
    }
}

struct SimCore {
    simulation: Simulation,
    players: Vec<Rc<RefCell<Player>>>,
}

impl Game for SimCore {
    fn play(&mut self) {
        self.simulation.step_for_duration(PLAY_SECONDS);
    }

    fn received(&self) -> u64 {
        self.players.iter().map(|player| player.borrow().hits).sum()
    }
}

fn start() -> SimCore {
    let mut simulation = Simulation::new(SEED);
    let contexts: Vec<_> = (0..PLAYERS).map(|player| simulation.create_context(name(player))).collect();
    let ids: Vec<Id> = contexts.iter().map(SimulationContext::id).collect();
    let mut players = Vec::new();
    for (player, ctx) in contexts.into_iter().enumerate() {
        let state = Player { ctx, partner: ids[partner(player)], hits: 0, hits_at_last_look: 0 };
        if serves(player) {
            state.serve();
            state.look_again();
        }
        let state = Rc::new(RefCell::new(state));
        simulation.add_handler(name(player), state.clone());
        players.push(state);
    }
    simulation.step_for_duration(WARM_UP_SECONDS);
    SimCore { simulation, players }
}

fn name(player: usize) -> String {
    format!("player-{player}")
}

fn main() {
    report(start);
}

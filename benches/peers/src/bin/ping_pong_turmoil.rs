//! `sim/ping_pong` on Turmoil 0.7, which runs tokio programs on simulated hosts.
//!
//! Alike: each player a host of its own, datagrams of 200 bytes, the timer of the servers, no trace (its logging is compiled
//! out).
//!
//! Not alike, most of it to the peer's advantage:
//!
//! - 100 pairs instead of 500. At each tick Turmoil runs every host, and for every host it looks at every link of the world,
//!   of which each two hosts have one: the cost of a tick grows with the cube of the hosts. 500 pairs took 12 seconds of
//!   real time per millisecond of simulated time (27 messages/s).
//! - Time goes by ticks of 1 ms, and latency is drawn in whole milliseconds from an exponential distribution that is cut off
//!   at the maximum. Its parameter is set so that half of the balls take 1 ms and half take 2.
//! - What is set is not the loss of a message but the breaking of a link, which loses the ball, too; the link is repaired
//!   by the next sending.

use std::cell::Cell;
use std::f64::consts::LN_2;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use netsplit_peers::{
    BALL_BYTES, Game, LATENCY_MAX_MS, LATENCY_MIN_MS, LOOK_EVERY, LOSS, SEED, partner, report, serves,
};
use turmoil::net::UdpSocket;
use turmoil::{Builder, Sim};

const PLAYERS: usize = 200;
const WARM_UP_TICKS: u64 = 10;
const PLAY_TICKS: u64 = 100;
/// The rate of the exponential distribution that is above 1 (which gives 2 ms) in half of the cases.
const LATENCY_CURVE: f64 = LN_2;
const PORT: u16 = 1;

async fn play(player: usize, hits: Rc<Cell<u64>>) -> turmoil::Result {
    let socket = Rc::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?);
    let partner = SocketAddr::from((turmoil::lookup(name(partner(player))), PORT));
    if serves(player) {
        tokio::task::spawn_local(serve(socket.clone(), partner, hits.clone()));
    }
    let mut ball = [0; BALL_BYTES];
    loop {
        socket.recv_from(&mut ball).await?;
        hits.set(hits.get() + 1);
        socket.send_to(&ball, partner).await?;
    }
}

async fn serve(socket: Rc<UdpSocket>, partner: SocketAddr, hits: Rc<Cell<u64>>) {
    let mut hits_at_last_look = 0;
    loop {
        if hits.get() == hits_at_last_look {
            socket.send_to(&[0; BALL_BYTES], partner).await.expect("the partner is registered");
        }
        hits_at_last_look = hits.get();
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn name(player: usize) -> String {
    format!("player-{player}")
}

struct Turmoil {
    sim: Sim<'static>,
    hits: Vec<Rc<Cell<u64>>>,
}

impl Turmoil {
    fn step(&mut self, ticks: u64) {
        for _ in 0..ticks {
            self.sim.step().expect("no player fails");
        }
    }
}

impl Game for Turmoil {
    fn play(&mut self) {
        self.step(PLAY_TICKS);
    }

    fn received(&self) -> u64 {
        self.hits.iter().map(|hits| hits.get()).sum()
    }
}

fn start() -> Turmoil {
    let mut sim = Builder::new()
        .rng_seed(SEED)
        .tick_duration(Duration::from_millis(1))
        .min_message_latency(Duration::from_millis(LATENCY_MIN_MS))
        .max_message_latency(Duration::from_millis(LATENCY_MAX_MS))
        .fail_rate(LOSS)
        .build();
    sim.set_message_latency_curve(LATENCY_CURVE);
    let hits: Vec<Rc<Cell<u64>>> = (0..PLAYERS).map(|_| Rc::default()).collect();
    for (player, hits) in hits.iter().enumerate() {
        let hits = hits.clone();
        sim.host(name(player), move || play(player, hits.clone()));
    }
    let mut game = Turmoil { sim, hits };
    game.step(WARM_UP_TICKS);
    game
}

fn main() {
    report(start);
}

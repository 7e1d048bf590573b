//! `sim/ping_pong` on MadSim 0.2, which runs ordinary async Rust over a simulated network (RisingWave tests with it).
//!
//! Alike: the pairs, each player a node of its own, the ball of 200 bytes, uniform latency, the loss of one ball in a
//! thousand by the network's own loss rate, the timer of the servers, no trace (its logging is compiled out).
//!
//! Not alike: players are tasks that await datagrams, so the simulator runs an executor and wakes tasks. Its `Endpoint` adds a
//! delay of its own to each sending and each receiving, which its clock rounds up to 1 ms: a ball is under way for 3 to
//! 4 ms, and costs three timers where others need one. That changes simulated time, of which the figure says nothing, and
//! the work per ball, which is what MadSim does for a datagram. Its TCP streams have no such delays, do more for each message,
//! and came out as fast.

#[cfg(not(madsim))]
compile_error!(
    "MadSim simulates nothing without `--cfg madsim`: build the peers by `cargo peers`, or set RUSTFLAGS to it"
);

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use madsim::net::Endpoint;
use madsim::runtime::Runtime;
use madsim::time::sleep;
use netsplit_peers::{
    BALL_BYTES, Game, LATENCY_MAX_MS, LATENCY_MIN_MS, LOOK_EVERY, LOSS, PLAYERS, SEED, partner, report,
    serves,
};

const WARM_UP: Duration = Duration::from_millis(300);
const PLAY: Duration = Duration::from_secs(5);
const TAG: u64 = 1;

async fn play(player: usize, hits: Arc<AtomicU64>) {
    let endpoint = Endpoint::bind(address(player)).await.expect("each player has an address of its own");
    let partner = address(partner(player));
    if serves(player) {
        madsim::task::spawn(serve(endpoint.clone(), partner, hits.clone()));
    }
    let mut ball = [0; BALL_BYTES];
    loop {
        endpoint.recv_from(TAG, &mut ball).await.expect("the network is up");
        hits.fetch_add(1, Relaxed);
        endpoint.send_to(partner, TAG, &ball).await.expect("the network is up");
    }
}

/// A task of its own, since a receiving that is cancelled by a timer may lose the ball.
async fn serve(endpoint: Endpoint, partner: SocketAddr, hits: Arc<AtomicU64>) {
    let mut hits_at_last_look = 0;
    loop {
        if hits.load(Relaxed) == hits_at_last_look {
            endpoint.send_to(partner, TAG, &[0; BALL_BYTES]).await.expect("the network is up");
        }
        hits_at_last_look = hits.load(Relaxed);
        sleep(LOOK_EVERY).await;
    }
}

fn address(player: usize) -> SocketAddr {
    let ip = Ipv4Addr::new(10, 0, 1 + (player / 250) as u8, 1 + (player % 250) as u8);
    SocketAddr::from((ip, 1))
}

struct MadSim {
    runtime: Runtime,
    hits: Vec<Arc<AtomicU64>>,
}

impl Game for MadSim {
    /// The real clock is read by the caller: inside the runtime, `Instant::now` gives simulated time.
    fn play(&mut self) {
        self.runtime.block_on(async { sleep(PLAY).await });
    }

    fn received(&self) -> u64 {
        self.hits.iter().map(|hits| hits.load(Relaxed)).sum()
    }
}

fn start() -> MadSim {
    let mut config = madsim::Config::default();
    config.net.packet_loss_rate = LOSS;
    config.net.send_latency = Duration::from_millis(LATENCY_MIN_MS)..Duration::from_millis(LATENCY_MAX_MS);
    let runtime = Runtime::with_seed_and_config(SEED, config);
    let hits: Vec<Arc<AtomicU64>> = (0..PLAYERS).map(|_| Arc::default()).collect();
    for (player, hits) in hits.iter().enumerate() {
        runtime.create_node().ip(address(player).ip()).build().spawn(play(player, hits.clone()));
    }
    runtime.block_on(async { sleep(WARM_UP).await });
    MadSim { runtime, hits }
}

fn main() {
    report(start);
}

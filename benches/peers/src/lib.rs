//! What the peers have in common: the printing of the figure, and for the ping-pongs the rules of the game, which are those of
//! `sim/ping_pong`.
//!
//! Each binary plays the same game on another simulator. Half of the players serve: they send a ball to their partner, and
//! whoever gets the ball sends it back. The network loses one ball in a thousand; a server that saw none for a while serves
//! another. What is counted is the balls that players received, per second of real time.

use std::time::{Duration, Instant};

/// Half of them serve: player 2n to player 2n + 1. Each is a node of its own, which the simulator could crash or cut off.
pub const PLAYERS: usize = 1000;

/// The size of a ball.
pub const BALL_BYTES: usize = 200;

/// The shortest time that a ball is under way, in milliseconds.
pub const LATENCY_MIN_MS: u64 = 1;

/// The longest time that a ball is under way, in milliseconds.
pub const LATENCY_MAX_MS: u64 = 2;

/// The probability that the network loses a ball.
pub const LOSS: f64 = 0.001;

/// How often a server looks whether balls came since it last looked.
pub const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The seed of every run: simulators that are deterministic play the same game in each.
pub const SEED: u64 = 42;

const RUNS: usize = 5;

/// Does this player serve?
pub fn serves(player: usize) -> bool {
    player.is_multiple_of(2)
}

/// Whom this player plays with.
pub fn partner(player: usize) -> usize {
    player ^ 1
}

/// One game, warmed up.
pub trait Game {
    /// Plays on, for a simulated time that takes a second or a few of real time.
    fn play(&mut self);

    /// The balls that players have received so far.
    fn received(&self) -> u64;
}

/// Plays several games and prints the median of the balls received per second of real time, in millions, as one line of
/// JSON.
pub fn report<G: Game>(start: impl Fn() -> G) {
    let mut runs: Vec<f64> = (0..RUNS).map(|_| million_messages_per_second(&mut start())).collect();
    runs.sort_by(f64::total_cmp);
    println!("{{\"value\": {:.4}, \"unit\": \"million messages/s\"}}", runs[RUNS / 2]);
}

fn million_messages_per_second(game: &mut impl Game) -> f64 {
    let (received, start) = (game.received(), Instant::now());
    game.play();
    let seconds = start.elapsed().as_secs_f64();
    (game.received() - received) as f64 / seconds / 1e6
}

/// Explores on all cores, and prints the seconds that it takes and the most memory that the process had, as one line of JSON.
pub fn report_seconds(explore: impl FnOnce(usize)) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let start = Instant::now();
    explore(threads);
    let seconds = start.elapsed().as_secs_f64();
    println!("{{\"value\": {seconds:.3}, \"unit\": \"s\", \"megabytes\": {:.0}}}", peak_megabytes());
}

/// The most memory that this process had at once, as Linux counts it.
fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<f64>().ok());
    peak.unwrap_or(0.0) / 1024.0
}

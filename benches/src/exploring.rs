//! How the figures of `explore/` are measured and printed. The models are those of the explorer's tests.

use std::time::Instant;

use netsplit_sim::explore::{Explore, Model};

/// Explores, requires the number of states and that all properties hold, and prints the seconds that it takes and the most memory that the process
/// had.
pub fn print_seconds<M: Model>(exploration: &Explore<M>, states: u64) {
    let start = Instant::now();
    let found = exploration.run();
    let seconds = start.elapsed().as_secs_f64();
    assert!(found.states == states && found.holds(), "{states} states were expected: {found}");
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

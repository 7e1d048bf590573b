//! `sim/ping_pong_traced`: the game of `sim/ping_pong` with the trace on, the last 100,000 events kept, until 100 million events have
//! been handled.
//!
//! Prints million events per second. The memory that the program took at most goes to the standard error, and more than 200 MB is an
//! error.

use netsplit_benches::game;

/// The most memory that a traced run may take, in kilobytes.
const MOST_MEMORY: u64 = 200 * 1024;

fn main() {
    // 40 simulated seconds are about 13 million events.
    let lab = game::begun(1000, 100_000);
    let mut runs = Vec::new();
    while lab.events_handled() < 100_000_000 {
        runs.push(game::million_events_per_second(&lab, 40));
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
    eprintln!("{} million events, at most {} MB", lab.events_handled() / 1_000_000, peak / 1024);
    assert!(peak <= MOST_MEMORY, "the trace should be bounded: {peak} kB");
    let mut runs = runs.into_iter();
    game::print_median("million events/s", |_| runs.next().unwrap_or_default());
}

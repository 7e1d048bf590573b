//! How long elections take (section 9.3), measured over seeds in virtual time.

use netsplit_algorithms::consensus::raft::{Between, Config, KeyValueStore, Raft};
use netsplit_node::{Duration, ms, secs};
use netsplit_sim::{Lab, Latency};

/// The time until a first leader, or nothing within the limit.
fn time_to_leader(
    seed: u64,
    servers: usize,
    timeout: Between,
    latency: Duration,
    limit: Duration,
) -> Option<Duration> {
    let lab = Lab::new(seed);
    lab.keep_events(0);
    lab.set_latency(Latency::Constant(latency));
    let config = Config { election_timeout: timeout, ..Config::paper() };
    let raft = lab.cluster("raft", servers, move |_id| Raft::<KeyValueStore>::new(config.clone()));
    let start = lab.now();
    let has_leader = || (0..servers).any(|index| raft.node(index).is_leader());
    lab.run_until(has_leader, limit).then(|| lab.now() - start)
}

#[test]
fn identical_timeouts_never_elect() {
    // All stand at the same moment, vote for themselves, and stand again: 900 terms without a leader.
    let same = Between { least: ms(200), most: ms(200) };
    for seed in 0..3 {
        assert_eq!(time_to_leader(seed, 3, same, ms(15), secs(180)), None, "seed {seed}");
    }
}

#[test]
fn randomized_timeouts_elect_within_one_or_two() {
    // 150 to 300 ms at 15 ms latency: the median over 200 seeds, and that no run takes long.
    let drawn = Between { least: ms(150), most: ms(300) };
    let mut times: Vec<Duration> = (0..200)
        .map(|seed| time_to_leader(seed, 5, drawn, ms(15), secs(10)).expect("a leader within 10 s"))
        .collect();
    times.sort();
    let median = times[times.len() / 2];
    println!("median {median}, longest {}", times[times.len() - 1]);
    assert!(ms(180) < median && median < ms(250), "median {median}");
    assert!(times[times.len() - 1] < secs(3), "longest {}", times[times.len() - 1]);
}

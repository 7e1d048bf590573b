//! How long elections take (section 9.3), measured over seeds in virtual time.

use netsplit_algorithms::consensus::raft::{Between, Config, KeyValueStore, PreVote, Raft};
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

/// How many terms pass because a follower was cut off for five seconds and came back.
fn terms_lost_to_a_returner(pre_vote: PreVote) -> u64 {
    let lab = Lab::new(3);
    let config = Config { pre_vote, ..Config::paper() };
    let raft = lab.cluster("raft", 3, move |_id| Raft::<KeyValueStore>::new(config.clone()));
    lab.run_for(secs(1));
    let leader = (0..3).find(|&index| raft.node(index).is_leader()).expect("a leader after a second");
    let before = raft.node(leader).current_term();
    let cut = lab.partition([raft.nodes([(leader + 1) % 3]), raft.nodes([leader, (leader + 2) % 3])]);
    lab.run_for(secs(5));
    lab.heal(cut);
    lab.run_for(secs(2));
    assert!((0..3).any(|index| raft.node(index).is_leader()), "two seconds after the cut there is a leader");
    raft.node(leader).current_term() - before
}

#[test]
fn pre_vote_keeps_a_returner_from_deposing_the_leader() {
    // Dissertation 9.6: without it, the terms that it counted alone end the leader's; with it, nobody notices.
    assert!(terms_lost_to_a_returner(PreVote::Off) > 10);
    assert_eq!(terms_lost_to_a_returner(PreVote::On), 0);
}

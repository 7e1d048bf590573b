//! Runs kept as text, message by message: an election, the repair of Figure 7's logs, and Figure 8.
//!
//! After a wanted change: `UPDATE_GOLDEN=1 cargo test -p netsplit-algorithms --test raft transcripts`, then read every file that
//! changed.

use std::path::PathBuf;

use netsplit_algorithms::consensus::raft::{
    Config, ElectionSafety, KeyValueStore, LeaderAppendOnly, LeaderCompleteness, LogMatching, Raft,
    StateMachineSafety, Timer,
};

use crate::by_hand::World;
use crate::figure_8::{Ending, figure_8};
use crate::server::{Store, append, get, put};

/// A world in which everything of Figure 3 is required.
fn world(servers: usize, config: Config) -> World<Store> {
    let mut world = World::new(servers, move || Raft::<KeyValueStore>::new(config.clone()));
    world.require(ElectionSafety::default());
    world.require(LeaderAppendOnly::default());
    world.require(LogMatching::default());
    world.require(LeaderCompleteness::default());
    world.require(StateMachineSafety::default());
    world.transcript.clear();
    world
}

fn compare(name: &str, world: &World<Store>) {
    assert_eq!(world.violated, None);
    let actual = world.transcript.trim_start();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/raft/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, actual).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let same = expected.lines().zip(actual.lines()).take_while(|(a, b)| a == b).count();
    assert!(
        expected == actual,
        "{name}:{}:\n  was {:?}\n  is  {:?}",
        same + 1,
        expected.lines().nth(same),
        actual.lines().nth(same)
    );
}

fn terms(store: &Store) -> Vec<u64> {
    store.log().entries().map(|(_, entry)| entry.term).collect()
}

#[test]
fn an_election_and_two_requests() {
    // A write and a read, from the first time-out to the answers and to the followers' knowledge of them.
    let mut world = world(3, Config::paper());
    world.heading("n0 stands for election");
    world.fire(0, Timer::Election);
    world.settle(&[0, 1, 2]);
    world.heading("a client of n1 writes");
    world.ask(1, put("x", 1));
    world.settle(&[0, 1, 2]);
    world.heading("a client of n0 reads");
    world.ask(0, get("x"));
    world.settle(&[0, 1, 2]);
    assert_eq!([0, 1, 2].map(|index| world.node(index).commit_index()), [2; 3]);
    compare("election.txt", &world);
}

#[test]
fn the_logs_of_figure_7_are_made_equal() {
    // "When the leader at the top comes to power, it is possible that any of scenarios (a-f) could occur in follower logs": they lack
    // entries, have too many, or both.
    let logs: [&[u64]; 7] = [
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6],
        &[1, 1, 1, 4],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
        &[1, 1, 1, 4, 4, 4, 4],
        &[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ];
    let mut world = world(7, Config::paper());
    world.heading("Figure 7: n0 is the leader to be, n1 to n6 are (a) to (f)");
    for (index, terms) in logs.into_iter().enumerate() {
        let last = terms.last().copied().unwrap_or_default();
        world.tell(index, (index + 1) % 7, append(last, (0, 0), terms, 0));
    }
    world.lose_all();
    world.heading("its first try fails, since n4 was in term 7 already");
    world.fire(0, Timer::Election);
    world.deliver(0, 4);
    world.deliver(4, 0);
    world.lose_all();
    world.heading("it is elected in term 8 by those whose logs are not ahead of its own");
    world.fire(0, Timer::Election);
    world.settle(&[0, 1, 2, 3, 4, 5, 6]);
    world.heading("a heartbeat tells all what is committed");
    world.fire(0, Timer::Heartbeat);
    world.settle(&[0, 1, 2, 3, 4, 5, 6]);
    for index in 0..7 {
        assert_eq!(terms(world.node(index)), [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8], "n{index}");
        assert_eq!(world.node(index).commit_index(), 11);
    }
    compare("figure-7.txt", &world);
}

#[test]
fn figure_8_overwrites_what_was_not_committed() {
    // (d): entry 2 of term 2 is on a majority and is overwritten; it was never called committed, so nothing is broken.
    let mut world = world(5, Config { entries_per_message: 1, ..Config::paper() });
    figure_8(&mut world, Timer::Election, Ending::Overwritten);
    assert!(world.node(4).is_leader());
    for index in 1..5 {
        assert_eq!(terms(world.node(index)), [1, 3, 5], "n{index}");
    }
    compare("figure-8-overwritten.txt", &world);
}

#[test]
fn figure_8_keeps_what_was_committed() {
    // (e): with an entry of the leader's own term on a majority, n4 is not elected any more.
    let mut world = world(5, Config { entries_per_message: 1, ..Config::paper() });
    figure_8(&mut world, Timer::Election, Ending::Committed);
    assert!(!world.node(4).is_leader());
    assert_eq!(terms(world.node(2)), [1, 2, 4]);
    compare("figure-8-committed.txt", &world);
}

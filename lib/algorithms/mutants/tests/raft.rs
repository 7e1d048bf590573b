//! Every mutant of Raft is found, by the property that it breaks; the right algorithm passes the same run.
//!
//! The seeds are kept. Where a change of the algorithm or of the laboratory makes one miss,
//! `NETSPLIT_HUNT=10000 cargo test -p netsplit-mutants --test raft` looks for another and says which it is.

#[path = "../../tests/raft/by_hand.rs"]
mod by_hand;
#[path = "../../tests/raft/figure_8.rs"]
mod figure_8;
#[path = "../../tests/raft/late_answers.rs"]
mod late_answers;
#[path = "../../tests/raft/membership_by_hand.rs"]
mod membership_by_hand;
#[path = "../../tests/raft/scenario.rs"]
mod scenario;
#[path = "../../tests/raft/subjects.rs"]
mod subjects;

use netsplit_algorithms::consensus::raft as right;
use netsplit_mutants::catalogue::ALGORITHMS;
use netsplit_node::ms;
use netsplit_sim::FaultKind;
use scenario::Scenario;

/// What the catalogue says that a mutant breaks.
fn breaks(name: &str) -> &'static str {
    let mutants =
        ALGORITHMS.iter().find(|algorithm| algorithm.name == "raft").expect("Raft has mutants").mutants;
    mutants.iter().find(|mutant| mutant.name == name).expect("a mutant of this name").breaks
}

/// How many seeds to look through for one that finds a mutant; nothing if the kept ones are tried.
fn hunt() -> Option<u64> {
    std::env::var("NETSPLIT_HUNT").ok()?.parse().ok()
}

/// Tries seeds until one breaks the property, and says what the others broke.
fn look_for(name: &str, seeds: u64, property_broken: impl Fn(u64) -> Option<String>) {
    let mut others = Vec::new();
    for seed in 0..seeds {
        match property_broken(seed) {
            Some(property) if property == breaks(name) => {
                return println!("{name}: seed {seed}; before it {others:?}");
            }
            Some(property) => others.push((seed, property)),
            None => {}
        }
    }
    println!("{name}: none of {seeds}, but {others:?}");
}

/// A mutant's test: its module, the seed that finds it, and the scenario.
macro_rules! found {
    ($name:ident, seed $seed:literal, $scenario:expr) => {
        mod $name {
            use super::*;
            use netsplit_mutants::raft::$name as wrong;

            subject!(wrong);

            #[test]
            fn is_found() {
                // With this seed the mutant breaks the property that its description names, and Raft as it should be breaks none.
                let name = stringify!($name);
                let scenario: Scenario = $scenario;
                let property_broken = |seed| {
                    let config = drawn_config!(wrong, seed);
                    let factory =
                        move |_id| wrong::Raft::<wrong::Sessions<wrong::KeyValueStore>>::new(config.clone());
                    scenario::run(&scenario, seed, factory).err().map(|failure| failure.property)
                };
                if let Some(seeds) = hunt() {
                    return look_for(name, seeds, property_broken);
                }
                assert_eq!(property_broken($seed).as_deref(), Some(breaks(name)));
                assert_right(&scenario, $seed);
            }
        }
    };
}

/// Raft as it should be breaks nothing in the same run.
fn assert_right(scenario: &Scenario, seed: u64) {
    let config = drawn_config!(right, seed);
    let factory = move |_id| right::Raft::<right::Sessions<right::KeyValueStore>>::new(config.clone());
    match scenario::run(scenario, seed, factory) {
        // What breaks nothing because nothing happens is no proof.
        Ok(report) => {
            assert!(report.answered > 0, "{} answered, {} unknown", report.answered, report.unknown)
        }
        Err(failure) => panic!("{}: {}", failure.property, failure.text),
    }
}

const CUTS: [FaultKind; 3] = [FaultKind::Partition, FaultKind::Isolate, FaultKind::Crash];

fn stops(servers: usize) -> Scenario {
    let faults = [FaultKind::Crash, FaultKind::CrashMidStep];
    Scenario { every: ms(60), lasting: ms(5), ..Scenario::churn(servers, faults) }
}

fn cuts(clients: usize) -> Scenario {
    Scenario { clients, every: ms(600), lasting: ms(800), latency: ms(2), ..Scenario::churn(5, CUTS) }
}

found!(two_votes_in_a_term, seed 3, Scenario::swarm(5));
found!(votes_not_persisted, seed 507, stops(3));
found!(term_not_persisted, seed 95, stops(3));
found!(half_is_enough, seed 13, Scenario::swarm(4));
found!(any_candidate_will_do, seed 9, Scenario::swarm(5));
found!(longest_log_wins, seed 92, cuts(1));
found!(answers_before_the_disk, seed 112, Scenario::swarm(3));
found!(old_messages_cut_the_log, seed 16, Scenario::swarm(5));
found!(commits_what_was_not_compared, seed 0, Scenario::churn(5, CUTS));
found!(terms_not_compared, seed 3, Scenario::swarm(5));
found!(leader_gives_way, seed 0, Scenario::swarm(5));
found!(reads_without_asking, seed 127, cuts(3));
found!(reads_before_the_term_begins, seed 3, Scenario::churn(5, CUTS));
found!(commands_done_twice, seed 34, Scenario::swarm(5));

/// A world of five servers of the Raft in `$raft`, of which the first are members from the beginning; everything of Figure 3 is required.
macro_rules! world_of_five {
    ($raft:path, $members:expr) => {{
        use $raft as raft;
        let first_members = raft::FirstMembers::These((0..$members).map(netsplit_node::NodeId).collect());
        let config = raft::Config { first_members, entries_per_message: 1, ..raft::Config::paper() };
        let mut world = by_hand::World::new(5, move || {
            raft::Raft::<raft::Sessions<raft::KeyValueStore>>::new(config.clone())
        });
        world.require(raft::ElectionSafety::default());
        world.require(raft::LeaderAppendOnly::default());
        world.require(raft::LogMatching::default());
        world.require(raft::LeaderCompleteness::default());
        world.require(raft::StateMachineSafety::default());
        world
    }};
}

#[test]
fn old_terms_committed_by_counting_is_found() {
    // By Figure 8 itself, message by message: rare enough that no drawn plan of thousands met it.
    macro_rules! violated {
        ($raft:path) => {{
            use $raft as raft;
            let mut world = world_of_five!(raft, 5);
            figure_8::figure_8(&mut world, raft::Timer::Election, figure_8::Ending::Overwritten);
            world.violated.map(|(property, _)| property)
        }};
    }
    let found = violated!(netsplit_mutants::raft::old_terms_committed_by_counting);
    assert_eq!(found.as_deref(), Some(breaks("old_terms_committed_by_counting")));
    assert_eq!(violated!(netsplit_algorithms::consensus::raft), None);
}

#[test]
fn all_members_at_once_is_found() {
    // By Figure 10: two of the old three and three of the new five elect a leader each.
    macro_rules! violated {
        ($raft:path) => {{
            use $raft as raft;
            let mut world = world_of_five!(raft, 3);
            let five = (0..5).map(netsplit_node::NodeId).collect();
            let change = raft::SessionRequest::ChangeMembership(raft::Change::Joint(five));
            membership_by_hand::both_sides_elect(&mut world, raft::Timer::Election, change);
            world.violated.map(|(property, _)| property)
        }};
    }
    let found = violated!(netsplit_mutants::raft::all_members_at_once);
    assert_eq!(found.as_deref(), Some(breaks("all_members_at_once")));
    assert_eq!(violated!(netsplit_algorithms::consensus::raft), None);
}

use netsplit_mutants::raft::lease_of_the_future as lease;
subject!(lease);

#[test]
fn lease_of_the_future_is_found() {
    // Answers that took long make its lease longer than the promise, and it reads what is old.
    macro_rules! broken_by {
        ($raft:path, $seeds:expr) => {{
            use $raft as raft;
            let reads = raft::Reads::Lease { drift_ppm: 0 };
            let config = raft::Config { check_quorum: raft::CheckQuorum::On, reads, ..raft::Config::paper() };
            let is_linearizable = |seed| {
                let config = config.clone();
                let factory =
                    move |_id| raft::Raft::<raft::Sessions<raft::KeyValueStore>>::new(config.clone());
                late_answers::is_linearizable(seed, factory)
            };
            $seeds.into_iter().find(|&seed| !is_linearizable(seed))
        }};
    }
    assert!(broken_by!(lease, 0..20).is_some());
    assert_eq!(breaks("lease_of_the_future"), "Linearizability");
    assert_eq!(broken_by!(right, 0..100), None);
}

#[test]
fn every_mutant_has_its_test() {
    // A mutant that nobody looks for would be a mistake in the library, and no more.
    let source = include_str!("raft.rs");
    for mutant in ALGORITHMS.iter().filter(|algorithm| algorithm.name == "raft").flat_map(|it| it.mutants) {
        let (drawn, by_hand) =
            (format!("found!({}, seed", mutant.name), format!("fn {}_is_found", mutant.name));
        assert!(source.contains(&drawn) || source.contains(&by_hand), "no test looks for {}", mutant.name);
    }
}

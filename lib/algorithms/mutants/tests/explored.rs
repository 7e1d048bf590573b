//! Mutants that a small cluster shows: found by going through every schedule, in seconds, without a seed. The right algorithm passes the same exploration, or, where
//! that is too large to be gone through to its end, at least as many states.

use netsplit_mutants::catalogue::ALGORITHMS;
use netsplit_node::{KeyValueRequest, ms};
use netsplit_sim::explore::{Budget, Exploration, Nodes, explore};
use netsplit_sim::{Counterexample, ShrinkError};

/// What the catalogue says that a mutant breaks.
fn breaks(algorithm: &str, name: &str) -> &'static str {
    let algorithm = ALGORITHMS.iter().find(|it| it.name == algorithm).expect("an algorithm of this name");
    algorithm.mutants.iter().find(|mutant| mutant.name == name).expect("a mutant of this name").breaks
}

/// The mutant breaks exactly what its description names; of as many states as that takes, none is wrong in the right algorithm.
fn assert_found(names: (&str, &str), wrong: &Exploration, right: impl FnOnce(Budget) -> Exploration) {
    let broken: Vec<&str> = wrong
        .findings
        .iter()
        .filter(|finding| !finding.holds())
        .map(|finding| finding.name.as_str())
        .collect();
    println!("{names:?}: {} states, depth {}", wrong.states, wrong.depth);
    let path = wrong.counterexample().unwrap_or_else(|| panic!("{names:?} is not found: {wrong}"));
    assert!(path.is_whole && broken.contains(&breaks(names.0, names.1)), "{broken:?}: {wrong}");
    let right = right(Budget::states((wrong.states * 2).min(20_000)));
    assert!(right.counterexample().is_none(), "{right}");
}

/// A laboratory shows what was found: the same property is violated there, by what happens one thing after the other.
fn assert_shown(found: &Exploration, shown: Result<Counterexample, ShrinkError>) {
    let shown = shown.unwrap_or_else(|error| panic!("{error}: {found}"));
    let violations = shown.lab().violations();
    assert!(violations.iter().any(|it| shown.failure.starts_with(&it.property)), "{shown}\n{found}");
}

/// A council of Paxos whose nodes of these indices propose their number; each back-off ends at most so many times.
macro_rules! paxos {
    ($subject:path, $size:literal, proposers $proposers:expr, tries $tries:literal, crashes $crashes:literal, $budget:expr) => {{
        use $subject as subject;
        let config = subject::Config { patience: ms(50), back_off: subject::BackOff::Fixed(ms(100)) };
        let nodes = Nodes::new($size, move |_id| subject::Paxos::new(config)).crashes($crashes);
        let nodes = $proposers.into_iter().fold(nodes, |nodes, proposer: usize| {
            nodes.client([(proposer, subject::Propose((proposer as i64).into()))])
        });
        // What is on the disk is known to be; trying again is what never ends.
        let nodes = if $tries == 0 {
            nodes.fires(|timer| matches!(timer, subject::Timer::OnDisk(_)))
        } else {
            nodes.timers($tries)
        };
        explore(nodes)
            .require(subject::Agreement::default())
            .require(subject::Validity::default())
            .require(subject::Integrity::default())
            .require(subject::PromisesKept::default())
            .require(subject::ChosenStays::default())
            .within($budget)
    }};
}

macro_rules! found_in_paxos {
    ($($name:ident: $size:literal nodes, proposers $proposers:expr, tries $tries:literal, crashes $crashes:literal;)*) => {
        mod paxos {
            use super::*;
            $(#[test]
            fn $name() {
                // By the property that its description names.
                let wrong = paxos!(netsplit_mutants::paxos::$name, $size, proposers $proposers, tries $tries, crashes $crashes, Budget::states(400_000));
                let found = wrong.run();
                assert_shown(&found, wrong.counterexample(&found));
                assert_found(("paxos", stringify!($name)), &found, |budget| {
                    paxos!(netsplit_algorithms::consensus::paxos, $size, proposers $proposers, tries $tries, crashes $crashes, budget).run()
                });
            })*
        }
    };
}

found_in_paxos! {
    promise_forgotten: 3 nodes, proposers [0, 2], tries 0, crashes 1;
    accepts_below_its_promise: 3 nodes, proposers [0, 2], tries 0, crashes 0;
    own_value_first: 3 nodes, proposers [0, 2], tries 0, crashes 0;
    half_is_enough: 4 nodes, proposers [0, 3], tries 0, crashes 0;
    ballots_mixed_up: 3 nodes, proposers [0, 2], tries 0, crashes 0;
    any_value_will_do: 3 nodes, proposers [0], tries 0, crashes 0;
}

/// Servers of Raft, of which so many timers fire, and clients that write to the servers of these indices.
macro_rules! raft {
    ($subject:path, $size:literal, writes to $writes:expr, timers $timers:literal, crashes $crashes:literal, $budget:expr) => {{
        use $subject as subject;
        let config = subject::Config { entries_per_message: 1, ..subject::Config::paper() };
        let nodes =
            Nodes::new($size, move |_id| subject::Raft::<subject::KeyValueStore>::new(config.clone()));
        let put = || KeyValueRequest::Put { key: "x".into(), value: 1.into() };
        let writes: Vec<usize> = $writes.into_iter().collect();
        let nodes = writes.into_iter().fold(nodes, |nodes, server| nodes.client([(server, put())]));
        explore(nodes.timers($timers).crashes($crashes))
            .require(subject::ElectionSafety::default())
            .require(subject::LeaderAppendOnly::default())
            .require(subject::LogMatching::default())
            .require(subject::LeaderCompleteness::default())
            .require(subject::StateMachineSafety::default())
            .within($budget)
    }};
}

macro_rules! found_in_raft {
    ($($name:ident: $size:literal servers, writes to $writes:expr, timers $timers:literal, crashes $crashes:literal;)*) => {
        mod raft {
            use super::*;
            $(#[test]
            fn $name() {
                // By the property that its description names.
                let wrong = raft!(netsplit_mutants::raft::$name, $size, writes to $writes, timers $timers, crashes $crashes, Budget::states(400_000));
                let found = wrong.run();
                assert_shown(&found, wrong.counterexample(&found));
                assert_found(("raft", stringify!($name)), &found, |budget| {
                    raft!(netsplit_algorithms::consensus::raft, $size, writes to $writes, timers $timers, crashes $crashes, budget).run()
                });
            })*
        }
    };
}

found_in_raft! {
    two_votes_in_a_term: 3 servers, writes to [], timers 2, crashes 0;
    votes_not_persisted: 3 servers, writes to [], timers 2, crashes 1;
    term_not_persisted: 3 servers, writes to [], timers 2, crashes 1;
    half_is_enough: 4 servers, writes to [], timers 2, crashes 0;
    leader_gives_way: 3 servers, writes to [0], timers 2, crashes 0;
    terms_not_compared: 3 servers, writes to [0], timers 2, crashes 0;
    any_candidate_will_do: 3 servers, writes to [0], timers 2, crashes 0;
    commits_what_was_not_compared: 3 servers, writes to [0], timers 3, crashes 0;
    answers_before_the_disk: 3 servers, writes to [0], timers 2, crashes 1;
}

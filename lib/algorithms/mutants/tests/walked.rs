//! Mutants that lie too deep for going through every schedule: four elections are twenty actions and more. Random walks find them, and lose their
//! detours. What is neither found here nor by going through every schedule (`explored.rs`), of Raft and Paxos (all of Paxos is found):
//!
//! | mutant of Raft | why not |
//! |---|---|
//! | `old_terms_committed_by_counting` | Figure 8 takes four elections: no walk of 60 actions that was made in half a minute met it; found by Figure 8, step by step |
//! | `reads_without_asking` | a leader that does not know that it leads no more, and a read at it after a write elsewhere: no walk that was made in 45 seconds met it; found by seeds |
//! | `old_messages_cut_the_log` | an old message must come after what followed it was committed, and a third election after that: walks find it in half a minute, too long for every time; found by seeds |
//! | `all_members_at_once` | three elections around a change of membership that stays with one server: 300,000 walks did not meet it; found by Figure 10, step by step |
//! | `lease_of_the_future` | a lease is a matter of time, and an explored clock stands still: found by seeds |
//! | `commands_done_twice` | a client that is explored asks once, and never again without an answer: found by seeds |

use netsplit_algorithms::consensus as right;
use netsplit_check::spec;
use netsplit_mutants as wrong;
use netsplit_mutants::catalogue::ALGORITHMS;
use netsplit_node::{KeyValueRequest, ms};
use netsplit_sim::explore::{Exploration, Nodes, Path, Standing, explore};
use netsplit_sim::{Counterexample, ShrinkError};

/// What the walks find breaks what the mutant's description names, and is no longer without its detours.
fn assert_found((algorithm, name): (&str, &str), found: &Exploration, shorter: Option<&Path>) {
    let algorithm = ALGORITHMS.iter().find(|it| it.name == algorithm).expect("an algorithm of this name");
    let mutant = algorithm.mutants.iter().find(|mutant| mutant.name == name).expect("a mutant of this name");
    let broken = found.findings.iter().find(|it| matches!(it.standing, Standing::Violated { .. }));
    let broken = broken.unwrap_or_else(|| panic!("it is not found: {found}"));
    assert_eq!(broken.name, mutant.breaks, "{found}");
    let steps = |path: Option<&Path>| path.map_or(0, |path| path.steps.len());
    let (longer, shorter) = (steps(found.counterexample()), steps(shorter));
    assert!(0 < shorter && shorter < longer, "{longer}, then {shorter}");
    println!("{name}: {} states, {longer} actions, then {shorter}", found.states);
}

/// A laboratory shows what was found: the same property is violated there.
fn assert_shown(shown: Result<Counterexample, ShrinkError>) {
    let shown = shown.unwrap_or_else(|error| panic!("{error}"));
    let violations = shown.lab().violations();
    assert!(violations.iter().any(|it| shown.failure.starts_with(&it.property)), "{shown}");
}

/// A laboratory does not go this way: a message of the exploration is not sent there. It says so, and shows nothing else instead.
fn assert_not_shown(shown: Result<Counterexample, ShrinkError>) {
    let refused = shown.expect_err("it goes another way").to_string();
    assert!(refused.contains("goes another way than in the exploration"), "{refused}");
}

/// A mutant's test: the seed of its walks, how many there are at most, how long they are, and whether a laboratory shows what they find.
macro_rules! walked {
    ($algorithm:literal, $name:ident, $explore:ident!($wrong:path, $right:path $(, $argument:expr)*), seed $seed:literal, $walks:literal walks of $steps:literal, $shown:path) => {
        #[test]
        fn $name() {
            // Walks find it, and as many as take a moment find nothing wrong in the right algorithm. One thread walks: with several, walks of
            // a seed are not the same each time.
            let exploration = $explore!($wrong $(, $argument)*).random($seed, $walks, $steps);
            let found = exploration.run();
            assert_found(($algorithm, stringify!($name)), &found, exploration.shorter(&found).as_ref());
            $shown(exploration.counterexample(&found));
            let right = $explore!($right $(, $argument)*).random($seed, 1_000, $steps).run();
            assert!(right.counterexample().is_none(), "{right}");
        }
    };
}

/// Three servers of Raft, one of which is written to; so many elections begin, and no heartbeats are sent besides.
macro_rules! elections {
    ($subject:path, $elections:expr) => {{
        use $subject as subject;
        let config = subject::Config { entries_per_message: 1, ..subject::Config::paper() };
        let nodes = Nodes::new(3, move |_id| subject::Raft::<subject::KeyValueStore>::new(config.clone()));
        let put = KeyValueRequest::Put { key: "x".into(), value: 1.into() };
        let nodes = nodes.client([(0, put)]).timers($elections);
        explore(nodes.fires(|timer| matches!(timer, subject::Timer::Election)))
            .require(subject::ElectionSafety::default())
            .require(subject::LeaderAppendOnly::default())
            .require(subject::LeaderCompleteness::default())
    }};
}

/// Three nodes of Paxos, each of which proposes once.
macro_rules! proposers {
    ($subject:path) => {{
        use $subject as subject;
        let config = subject::Config { patience: ms(50), back_off: subject::BackOff::Fixed(ms(100)) };
        let nodes = Nodes::new(3, move |_id| subject::Paxos::new(config));
        let nodes = (0..3_usize).fold(nodes, |nodes, proposer| {
            nodes.client([(proposer, subject::Propose((proposer as i64).into()))])
        });
        explore(nodes.fires(|timer| matches!(timer, subject::Timer::OnDisk(_))))
            .require(subject::Validity::default())
            .require(subject::PromisesKept::default())
            .require(subject::ChosenStays::default())
    }};
}

/// Three servers of Raft and one client that writes to one of them and then reads at another, by asking whether it still leads.
macro_rules! reads {
    ($subject:path, $timers:expr, $writes:expr, $reads:expr) => {{
        use $subject as subject;
        let reads = subject::Reads::ReadIndex;
        let config = subject::Config { entries_per_message: 1, reads, ..subject::Config::paper() };
        let nodes = Nodes::new(3, move |_id| subject::Raft::<subject::KeyValueStore>::new(config.clone()));
        let put = KeyValueRequest::Put { key: "x".into(), value: 1.into() };
        let get = KeyValueRequest::Get { key: "x".into() };
        explore(nodes.client([($writes, put), ($reads, get)]).timers($timers)).linearizable(spec::KeyValue)
    }};
}

walked!("raft", longest_log_wins, elections!(wrong::raft::longest_log_wins, right::raft, 3), seed 1, 20_000 walks of 40, assert_shown);
walked!("paxos", lowest_ballot_wins, proposers!(wrong::paxos::lowest_ballot_wins, right::paxos), seed 1, 20_000 walks of 80, assert_shown);
walked!("raft", reads_before_the_term_begins, reads!(wrong::raft::reads_before_the_term_begins, right::raft, 4, 0, 1), seed 1, 20_000 walks of 50, assert_not_shown);

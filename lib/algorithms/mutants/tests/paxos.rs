//! Every mutant of Paxos is found, by the property that it breaks.

#[path = "../../tests/faults/mod.rs"]
mod faults;
mod hunt;

use faults::scenarios;
use netsplit_node::ms;
use netsplit_sim::Lab;

macro_rules! runs {
    () => {
        pub fn run(seed: u64) -> Result<(), String> {
            let config =
                subject::Config { patience: ms(50), back_off: subject::BackOff::Random { most: ms(100) } };
            let lab = Lab::new(seed);
            let size = 3 + (seed % 3) as usize;
            let council = lab.cluster("council", size, move |_id| subject::Paxos::new(config));
            council.require(subject::Agreement::default());
            council.require(subject::Validity::default());
            council.require(subject::Integrity::default());
            council.require(subject::PromisesKept::default());
            council.require(subject::ChosenStays::default());
            scenarios::proposals(&lab, &council, |number| subject::Propose(number.into()))
        }
    };
}

found! {
    paxos, right netsplit_algorithms::consensus::paxos,
    promise_forgotten seed 0,
    accepts_below_its_promise seed 2,
    own_value_first seed 0,
    lowest_ballot_wins seed 144,
    half_is_enough seed 4,
    ballots_mixed_up seed 63,
    any_value_will_do seed 0,
}

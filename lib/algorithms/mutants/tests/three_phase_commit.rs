//! Every mutant of three-phase commit is found, by the property that it breaks, in a world where only nodes fail.

#[path = "../../tests/faults/mod.rs"]
mod faults;
mod hunt;

use faults::scenarios;
use netsplit_algorithms::commit::{CommitNeedsAllVotes, DecisionsFinal, SameDecision};
use netsplit_node::ms;
use netsplit_sim::{FaultKind, Lab};

macro_rules! runs {
    () => {
        pub fn run(seed: u64) -> Result<(), String> {
            let config = subject::Config { timeout: ms(100) };
            let lab = Lab::new(seed);
            let size = 3 + (seed % 3) as usize;
            let banks = lab.cluster("bank", size, move |_id| subject::ThreePhaseCommit::new(config));
            banks.require(SameDecision::default());
            banks.require(DecisionsFinal::default());
            banks.require(CommitNeedsAllVotes::default());
            scenarios::transactions(&lab, &banks, &[FaultKind::Crash, FaultKind::CrashMidStep])
        }
    };
}

found! {
    three_phase_commit, right netsplit_algorithms::commit::three_phase_commit,
    no_second_phase seed 44,
    committable_ones_abort seed 1204,
    decides_alone_after_a_crash seed 61,
    vote_not_logged seed 9,
}

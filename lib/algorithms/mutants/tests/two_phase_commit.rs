//! Every mutant of two-phase commit is found, by the property that it breaks.

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
            let termination = match seed.is_multiple_of(2) {
                true => subject::Termination::Cooperative,
                false => subject::Termination::AskCoordinator,
            };
            let config = subject::Config { vote_timeout: ms(100), inquire_every: ms(200), termination };
            let lab = Lab::new(seed);
            let size = 3 + (seed % 3) as usize;
            let banks = lab.cluster("bank", size, move |_id| subject::TwoPhaseCommit::new(config));
            banks.require(SameDecision::default());
            banks.require(DecisionsFinal::default());
            banks.require(CommitNeedsAllVotes::default());
            scenarios::transactions(&lab, &banks, &FaultKind::CRASH_RECOVERY)
        }
    };
}

found! {
    two_phase_commit, right netsplit_algorithms::commit::two_phase_commit,
    vote_not_logged seed 57,
    commits_at_the_timeout seed 0,
    presumed_commit_without_record seed 0,
    aborts_alone_when_in_doubt seed 0,
    told_before_it_is_logged seed 241,
}

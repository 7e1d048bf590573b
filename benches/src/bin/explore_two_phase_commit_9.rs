//! `explore/two_phase_commit_9`: two-phase commit with nine participants, a model written by hand.

#[path = "../../../lib/sim/tests/explore/two_phase_commit.rs"]
mod two_phase_commit;

use netsplit_benches::exploring::print_seconds;
use two_phase_commit::two_phase_commit;

fn main() {
    print_seconds(&two_phase_commit::<9>(), 10_340_352);
}

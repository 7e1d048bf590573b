//! What students are not shown of `reads-and-members`.

use netsplit::grade::Exercise;

use super::exercise::{moving_house, quiet_reads, stale_leader, three_to_five};

/// The exercise with its hidden tests: half of them are about reads, half about members.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("reads leave no trace", 500, quiet_reads)
        .hidden("a stale leader is asked", 500, stale_leader)
        .hidden("from three to five", 500, three_to_five)
        .hidden("from three to three others", 500, moving_house)
}

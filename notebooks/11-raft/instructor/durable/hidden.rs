//! What students are not shown of `durable`.

use netsplit::grade::Exercise;

use super::exercise::{crashes, mid_step, voters_restart};

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("one power cut for all", 400, |case| crashes(case, 0))
        .hidden("one after the other", 600, |case| crashes(case, 4))
        .hidden("between two effects", 600, mid_step)
        .hidden("who has voted restarts", 400, voters_restart)
}

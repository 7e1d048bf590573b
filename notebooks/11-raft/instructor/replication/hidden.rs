//! What students are not shown of `replication`.

use netsplit::grade::Exercise;

use super::exercise::rough;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("calm", 200, |case| rough(case, 3, 0))
        .hidden("two troubles with three servers", 600, |case| rough(case, 3, 2))
        .hidden("four troubles with three servers", 700, |case| rough(case, 3, 4))
        .hidden("three troubles with five servers", 500, |case| rough(case, 5, 3))
}

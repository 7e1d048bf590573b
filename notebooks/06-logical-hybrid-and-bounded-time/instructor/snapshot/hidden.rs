//! What students are not shown of `snapshot`: other sizes, more money, several snapshots.

use netsplit::grade::Exercise;

use super::exercise::audit;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("two branches", 50, |case| audit(case, 2, 20, 1))
        .hidden("three branches", 70, |case| audit(case, 3, 30, 1))
        .hidden("four branches", 40, |case| audit(case, 4, 40, 1))
        .hidden("one snapshot after the other", 40, |case| audit(case, 3, 16, 3))
}

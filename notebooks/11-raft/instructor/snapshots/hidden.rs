//! What students are not shown of `snapshots`.

use netsplit::grade::Exercise;

use super::exercise::{long, power_cut};

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("a hundred puts", 20, |case| long(case, false))
        .hidden("one server is away meanwhile", 120, |case| long(case, true))
        .hidden("and then a power cut", 60, power_cut)
}

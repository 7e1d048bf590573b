//! What students are not shown of `snapshots`.

use netsplit::grade::Exercise;

use super::exercise::{away_leads, long, power_cut};

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("a hundred puts", 200, |case| long(case, false))
        .hidden("one server is away meanwhile", 500, |case| long(case, true))
        .hidden("who was away is needed", 700, away_leads)
        .hidden("and then a power cut", 600, power_cut)
}

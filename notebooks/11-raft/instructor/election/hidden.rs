//! What students are not shown of `election`.

use netsplit::grade::Exercise;

use super::exercise::{bad_links, calm, halves, leader_cut_off};

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("two servers in calm", 100, |case| calm(case, 2))
        .hidden("five servers in calm", 100, |case| calm(case, 5))
        .hidden("the leader of three is cut off", 400, |case| leader_cut_off(case, 3))
        .hidden("the leader of five is cut off", 300, |case| leader_cut_off(case, 5))
        .hidden("two and three", 300, |case| halves(case, false))
        .hidden("two and three, and messages are doubled", 300, |case| halves(case, true))
        .hidden("bad links", 500, bad_links)
}

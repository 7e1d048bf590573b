//! What students are not shown of `causal-broadcast`: more of the same weather.

use netsplit::grade::Exercise;
use netsplit::ms;

use super::exercise::{cut_off, noisy, overtaken};

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("answers overtake questions", 20, overtaken)
        .hidden("losses", 60, |case| noisy(case, 0.3, 0.0, ms(0)))
        .hidden("losses and overtaking", 70, |case| noisy(case, 0.15, 0.5, ms(600)))
        .hidden("a node is away", 50, cut_off)
}

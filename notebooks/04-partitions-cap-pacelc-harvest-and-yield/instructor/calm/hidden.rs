//! What students are not shown of `calm`.

use netsplit::grade::{Case, Exercise};

use super::exercise::{Trouble, troubles};

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("a flapping link, and something else", 20, |case| with(case, Trouble::Flapping))
        .hidden("one direction, and something else", 20, |case| with(case, Trouble::OneWay))
        .hidden("slow answers, and something else", 40, |case| with(case, Trouble::Gray))
        .hidden("lost messages, and something else", 20, |case| with(case, Trouble::Noise))
}

fn with(case: &mut Case, first: Trouble) {
    let others =
        [Trouble::Cut, Trouble::Flapping, Trouble::Flapping, Trouble::OneWay, Trouble::Gray, Trouble::Noise];
    let other = *case.random().pick(&others).expect("there are some");
    troubles(case, &[first, other]);
}

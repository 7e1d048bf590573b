//! What students are not shown of `placement`: the ten functions on twenty other ways.

use netsplit::Random;
use netsplit::grade::Exercise;

use super::exercise::ask_all;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise.hidden("ten functions on other ways", 20, |case| {
        let mut random = Random::new(case.random().next_u64());
        ask_all(case, &mut random);
    })
}

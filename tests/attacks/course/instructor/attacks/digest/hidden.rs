//! Other numbers.

use netsplit::grade::Exercise;

use super::exercise::ones;

pub fn hidden(exercise: Exercise) -> Exercise {
    exercise.hidden("other numbers", 40, |case| {
        let number = case.random().next_u64() | 1 << 40;
        ones(case, number);
    })
}

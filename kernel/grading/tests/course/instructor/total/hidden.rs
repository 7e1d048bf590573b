//! Other numbers.

use netsplit::grade::Exercise;

use super::exercise::adds;

pub fn hidden(exercise: Exercise) -> Exercise {
    exercise.hidden("many numbers", 10, |case| adds(case, 30)).hidden("one number", 8, |case| adds(case, 1))
}

//! What students are not shown of `true-time`: other numbers.

use netsplit::grade::Exercise;

use super::exercise::random;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise.hidden("other numbers", 200, random)
}

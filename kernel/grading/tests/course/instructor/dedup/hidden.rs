//! More payments.

use netsplit::grade::Exercise;

use super::exercise::pay;

pub fn hidden(exercise: Exercise) -> Exercise {
    exercise.hidden("many payments", 20, |case| pay(case, 6))
}

//! Other seeds.

use netsplit::grade::Exercise;

use super::exercise::proposals;

pub fn hidden(exercise: Exercise) -> Exercise {
    exercise.hidden("three proposers", 20, |case| proposals(case, 3))
}

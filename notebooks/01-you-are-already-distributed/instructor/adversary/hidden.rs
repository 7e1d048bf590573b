//! What students are not shown of `adversary`: other seeds, by which messages take other times.

use netsplit::grade::Exercise;

use super::exercise::attack;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    (1..=5u8).fold(exercise, |exercise, number| {
        exercise.hidden(&format!("server {number}, with other seeds"), 8, move |case| attack(case, number))
    })
}

//! What students are not shown of `twelve-rafts`: other seeds, by which messages take other times.

use netsplit::grade::Exercise;

use super::exercise::attack;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    (1..=12u8).filter(|number| *number != 7).fold(exercise, |exercise, number| {
        exercise.hidden(&format!("Raft {number}, with other seeds"), 6, move |case| attack(case, number))
    })
}

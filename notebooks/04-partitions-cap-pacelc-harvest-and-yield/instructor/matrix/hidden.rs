//! What counts of `matrix`: its rows, its dead ends, and every day that there can be.

use netsplit::grade::Exercise;

use super::exercise::{dead_ends, every_day, rows};

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise.hidden("the rows, again", 1, rows).hidden("the dead ends, again", 1, dead_ends).hidden(
        "every day that there can be",
        3,
        every_day,
    )
}

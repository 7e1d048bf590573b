//! What students are not shown of `vector-clock`: other runs, and ten thousand other pairs of stamps.

use netsplit::grade::Exercise;

use super::exercise::random;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("few nodes", 100, |case| random(case, 30, 3, 50))
        .hidden("many nodes", 100, |case| random(case, 40, 8, 50))
}

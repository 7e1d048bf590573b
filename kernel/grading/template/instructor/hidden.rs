//! What students are not shown of `NAME`: more cases, with seeds that come from the course's secret.

use netsplit::grade::Exercise;

use super::exercise::ask;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise.hidden("many questions", 20, |case| ask(case, 10))
}

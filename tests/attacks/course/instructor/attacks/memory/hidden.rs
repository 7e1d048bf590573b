//! Other seeds, and more crashes.

use netsplit::grade::Exercise;

use super::exercise::story;

pub fn hidden(exercise: Exercise) -> Exercise {
    exercise.hidden("no crash", 10, |case| story(case, 0)).hidden("crashes", 20, |case| story(case, 5))
}

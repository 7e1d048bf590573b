//! Other mistakes, and more right ones.

use netsplit::grade::Exercise;

use super::exercise::judged;

pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("a right register", 5, |case| judged(case, None))
        .hidden("zero", 5, |case| judged(case, Some(2)))
        .hidden("invented", 5, |case| judged(case, Some(3)))
}

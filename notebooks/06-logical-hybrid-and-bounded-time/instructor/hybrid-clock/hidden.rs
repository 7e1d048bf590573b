//! What students are not shown of `hybrid-clock`: a hundred thousand events, at clocks that are wrong by more and by less.

use netsplit::grade::Exercise;
use netsplit::{ms, us};

use super::exercise::random;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("clocks that nearly agree", 50, |case| random(case, 500, us(100), 0.0))
        .hidden("clocks far apart", 75, |case| random(case, 500, ms(400), 0.0))
        .hidden("strangers among them", 75, |case| random(case, 500, ms(100), 0.1))
}

//! What students are not shown of `levels`.

use netsplit::grade::{Case, Exercise};

use super::exercise::shop;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise.hidden("other days, and other cuts", 100, any_cut)
}

fn any_cut(case: &mut Case) {
    let sides: [&[usize]; 6] = [&[2, 3], &[3, 2], &[1, 4], &[4, 1], &[2, 2, 1], &[1, 3, 1]];
    let sides = *case.random().pick(&sides).expect("there are six");
    shop(case, sides);
}

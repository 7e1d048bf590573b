//! A function of a number.

use netsplit::grade::{Case, Exercise, Rule};

pub fn exercise() -> Exercise {
    let exercise = Exercise::new("digest", "How many ones", 10.0, Rule::Proportional).function("ones", "u64", "u32");
    exercise.visible("three", 3, |case| ones(case, 3)).visible("a thousand", 1000, |case| ones(case, 1000))
}

pub fn ones(case: &mut Case, number: u64) {
    if let Some(ones) = case.evaluate::<u64, u32>("ones", &number) {
        case.expect("the number of ones", ones == number.count_ones());
    }
}

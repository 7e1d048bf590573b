//! A function that adds.

use netsplit::grade::{Case, Exercise, Rule};

pub fn exercise() -> Exercise {
    Exercise::new("total", "Add up", 10.0, Rule::Proportional)
        .function("total", "Vec<i64>", "i64")
        .visible("three numbers", 1, |case| adds(case, 3))
        .visible("no number", 2, |case| adds(case, 0))
}

/// Some numbers are added.
pub fn adds(case: &mut Case, count: u64) {
    let numbers: Vec<i64> = (0..count).map(|_| case.random().below(100) as i64 - 50).collect();
    let right: i64 = numbers.iter().sum();
    if let Some(total) = case.evaluate::<Vec<i64>, i64>("total", &numbers) {
        case.expect("the sum is right", total == right);
    }
}

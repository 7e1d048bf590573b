//! The answer as it should be.
// answer: total
fn total(numbers: Vec<i64>) -> i64 {
    numbers.iter().sum()
}

//! The wrong answer that the attacks on this exercise try to get points for.
// answer: check
fn holds(_: Vec<Step>) -> bool {
    true
}

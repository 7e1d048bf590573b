//! The wrong answer that the attacks on this exercise try to get points for.
// answer: estimate
fn in_flight() -> f64 {
    0.0
}

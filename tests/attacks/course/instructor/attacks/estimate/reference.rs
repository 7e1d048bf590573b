//! The answer to `estimate` as it should be.
// answer: estimate
fn in_flight() -> f64 {
    250.0 * 0.170
}

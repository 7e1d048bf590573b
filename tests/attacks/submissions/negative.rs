//! An attack: a negative number.
// defence: what is no number, or is not right, gives no credit; points are clamped
// answer: estimate
fn in_flight() -> f64 {
    -42.5
}

//! An attack: NaN is within no bound, or within all.
// defence: what is no number, or is not right, gives no credit; points are clamped
// answer: estimate
fn in_flight() -> f64 {
    f64::NAN
}

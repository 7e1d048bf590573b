//! The answer to `physics` as it should be.
// answer: physics
fn round_trip(one: Place, other: Place) -> f64 {
    let (here, there) = (one.latitude.to_radians(), other.latitude.to_radians());
    let (north, east) = (there - here, (other.longitude - one.longitude).to_radians());
    let part = (north / 2.0).sin().powi(2) + here.cos() * there.cos() * (east / 2.0).sin().powi(2);
    let kilometres = 2.0 * 6_371.0 * part.sqrt().min(1.0).asin();
    2.0 * kilometres / 200.0
}

fn compute(question: Question) -> f64 {
    match question {
        Question::RoundTrip { one, other } => round_trip(one, other),
        Question::Fits { budget, one, other, work } => (budget / (round_trip(one, other) + work)).floor(),
        Question::Download { round_trip, bytes, mbit } => round_trip + bytes as f64 * 8.0 / (mbit * 1_000.0),
        Question::Page { items, batch, round_trip } => f64::from(items.div_ceil(batch)) * round_trip,
        Question::Human { milliseconds } => milliseconds * 1e6 / 86_400.0,
    }
}

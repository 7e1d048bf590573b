//! Not an answer: the library's own map.
// answer: physics
fn round_trip(one: Place, other: Place) -> f64 {
    let region = |place: Place| Region::at("a place", place.latitude, place.longitude);
    region(one).round_trip_to(&region(other)).as_nanos() as f64 / 1e6
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

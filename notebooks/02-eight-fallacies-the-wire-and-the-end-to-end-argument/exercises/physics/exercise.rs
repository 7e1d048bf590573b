//! `physics`: what distance, bandwidth and waiting cost, before anything is measured.

use netsplit::Region;
use netsplit::grade::{Case, Exercise, Rule};

use super::given::*;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("physics", "What physics takes", 15.0, Rule::Numeric)
        .function("compute", "Question", "f64")
        .without(["Region", "LinkProfile", "Latency", "Bandwidth", "Topology"])
        .visible("New York and London", 1, |case| ask(case, Question::RoundTrip { one: YORK, other: LONDON }))
        .visible("calls from New York to Sydney", 2, |case| {
            ask(case, Question::Fits { budget: 1_000.0, one: YORK, other: SYDNEY, work: 5.0 });
        })
        .visible("a picture", 3, |case| {
            ask(case, Question::Download { round_trip: 10.0, bytes: 1_500_000, mbit: 10.0 });
        })
        .visible("twenty things", 4, |case| {
            ask(case, Question::Page { items: 20, batch: 8, round_trip: 5.0 })
        })
        .visible("within a zone", 5, |case| ask(case, Question::Human { milliseconds: 0.55 }))
}

const YORK: Place = Place { latitude: 40.71, longitude: -74.01 };
const LONDON: Place = Place { latitude: 51.51, longitude: -0.13 };
const SYDNEY: Place = Place { latitude: -33.87, longitude: 151.21 };

/// Asks the answer, and compares.
pub fn ask(case: &mut Case, question: Question) {
    let name = match question {
        Question::RoundTrip { .. } => "the round trip",
        Question::Fits { .. } => "the number of calls",
        Question::Download { .. } => "the time of a download",
        Question::Page { .. } => "the time of a page",
        Question::Human { .. } => "the days",
    };
    if let Some(said) = case.evaluate::<Question, f64>("compute", &question) {
        case.number(name, said, right(question), 0.01);
    }
}

/// By the library's map.
fn round_trip(one: Place, other: Place) -> f64 {
    let region = |place: Place| Region::at("a place", place.latitude, place.longitude);
    region(one).round_trip_to(&region(other)).as_nanos() as f64 / 1e6
}

/// What is right.
pub fn right(question: Question) -> f64 {
    match question {
        Question::RoundTrip { one, other } => round_trip(one, other),
        Question::Fits { budget, one, other, work } => (budget / (round_trip(one, other) + work)).floor(),
        Question::Download { round_trip, bytes, mbit } => round_trip + bytes as f64 * 8.0 / (mbit * 1_000.0),
        Question::Page { items, batch, round_trip } => f64::from(items.div_ceil(batch)) * round_trip,
        Question::Human { milliseconds } => milliseconds * 1e6 / 86_400.0,
    }
}

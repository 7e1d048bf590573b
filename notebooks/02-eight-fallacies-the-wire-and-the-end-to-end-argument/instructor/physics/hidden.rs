//! What students are not shown of `physics`: other places, lines and pages.

use netsplit::grade::{Case, Exercise};

use super::exercise::{ask, right};
use super::given::*;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("other places", 20, |case| {
            let (one, other) = places(case);
            ask(case, Question::RoundTrip { one, other });
        })
        .hidden("calls between other places", 12, fits)
        .hidden("other downloads", 8, |case| {
            let (round_trip, mbit) = (tenths(case, 10, 2_000), tenths(case, 10, 5_000));
            let bytes = 1_000 + case.random().below(5_000_000);
            ask(case, Question::Download { round_trip, bytes, mbit });
        })
        .hidden("other pages", 8, |case| {
            let (items, batch) = (5 + case.random().below(60) as u32, 2 + case.random().below(9) as u32);
            let round_trip = tenths(case, 5, 900);
            ask(case, Question::Page { items, batch, round_trip });
        })
        .hidden("other times", 6, |case| {
            let milliseconds = tenths(case, 1, 4_000);
            ask(case, Question::Human { milliseconds });
        })
}

fn tenths(case: &mut Case, least: u64, most: u64) -> f64 {
    (least + case.random().below(most - least)) as f64 / 10.0
}

/// Two places that are not neighbours; often the way between them crosses the date line, or a pole is near.
fn places(case: &mut Case) -> (Place, Place) {
    let mut place =
        || Place { latitude: tenths(case, 0, 1_400) - 70.0, longitude: tenths(case, 0, 3_590) - 179.0 };
    loop {
        let (one, other) = (place(), place());
        if right(Question::RoundTrip { one, other }) > 20.0 {
            return (one, other);
        }
    }
}

/// The number of calls is far enough from the next whole number for rounding not to matter.
fn fits(case: &mut Case) {
    let ((one, other), work) = (places(case), tenths(case, 0, 100));
    let each = right(Question::RoundTrip { one, other }) + work;
    let budget = each * (3.0 + case.random().below(9) as f64 + 0.5);
    ask(case, Question::Fits { budget, one, other, work });
}

//! A number.

use netsplit::grade::{Exercise, Rule};

pub fn exercise() -> Exercise {
    Exercise::new("estimate", "Calls in flight", 10.0, Rule::Numeric).function("in_flight", "", "f64").visible(
        "a number",
        1,
        |case| {
            if let Some(got) = case.evaluate::<(), f64>("in_flight", &()) {
                case.expect("the answer is a number", got.is_finite());
            }
        },
    )
}

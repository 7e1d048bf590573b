//! Little's law: 250 calls per second of 170 ms each.

use netsplit::grade::Exercise;

pub fn hidden(exercise: Exercise) -> Exercise {
    exercise.hidden("Little's law", 9, |case| {
        if let Some(got) = case.evaluate::<(), f64>("in_flight", &()) {
            case.number("calls in flight", got, 42.5, 0.01);
        }
    })
}

//! What students are not shown of `transfer`: 200 schedules in other weather.

use netsplit::grade::{Case, Exercise};

use super::exercise::{BAD, Weather, files};

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("loss", 45, |case| {
            let loss = share(case, 0.5);
            files(case, &Weather { loss, ..Weather::default() });
        })
        .hidden("doubles and late packets", 45, |case| {
            let (duplicate, reorder) = (share(case, 0.5), share(case, 0.6));
            files(case, &Weather { duplicate, reorder, ..Weather::default() });
        })
        .hidden("a router's memory", 75, |case| {
            let corrupt = 0.05 + share(case, 0.35);
            files(case, &Weather { corrupt, ..Weather::default() });
        })
        .hidden("trouble on the way back", 45, |case| {
            let (loss, corrupt) = (share(case, 0.5), 0.1 + share(case, 0.4));
            files(case, &Weather { loss, corrupt, only_back: true, ..Weather::default() });
        })
        .hidden("all of it", 90, |case| {
            let loss = share(case, 0.4);
            files(case, &Weather { loss, ..BAD });
        })
}

fn share(case: &mut Case, most: f64) -> f64 {
    most * case.random().below(1_000) as f64 / 1_000.0
}

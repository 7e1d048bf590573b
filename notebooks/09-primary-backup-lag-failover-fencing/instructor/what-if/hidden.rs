//! What students are not shown of `what-if`: other lengths, more fires.

use netsplit::grade::{Case, Exercise};
use netsplit::secs;

use super::exercise::befalls;
use super::given::*;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("the east burns", 30, |case| befalls(case, Trouble::EastBurns))
        .hidden("a cut of some length", 16, |case| {
            let long = length(case, 2, 150);
            befalls(case, Trouble::EastCutOff(long));
        })
        .hidden("the west is cut off", 6, |case| {
            let long = length(case, 2, 150);
            befalls(case, Trouble::WestCutOff(long));
        })
        .hidden("a pause of some length", 8, |case| {
            let long = length(case, 2, 60);
            befalls(case, Trouble::EastPauses(long));
        })
}

fn length(case: &mut Case, least: i64, most: i64) -> netsplit::Duration {
    secs(least + case.random().below((most - least) as u64) as i64)
}

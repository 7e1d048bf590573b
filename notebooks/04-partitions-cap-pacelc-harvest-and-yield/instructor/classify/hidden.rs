//! What students are not shown of `classify`: the other eight systems.

use netsplit::grade::Exercise;

use super::exercise::{PA_EC, PA_EL, PC_EC, PC_EL, judge};
use super::given::Pacelc;

const HIDDEN: [(u32, Pacelc, Pacelc); 12] = [
    (1, PC_EC, PC_EC),
    (2, PA_EL, PA_EL),
    (3, PA_EL, PC_EC),
    (4, PA_EC, PA_EC),
    (5, PC_EL, PC_EC),
    (6, PA_EL, PC_EC),
    (7, PC_EC, PA_EL),
    (8, PC_EC, PC_EC),
    (9, PA_EL, PA_EC),
    (10, PC_EL, PC_EL),
    (11, PA_EC, PC_EC),
    (12, PA_EL, PC_EC),
];

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    HIDDEN.into_iter().fold(exercise, |exercise, (system, read, write)| {
        exercise
            .hidden(&format!("the table, system {system}"), 1, move |case| judge(case, system, read, write))
    })
}

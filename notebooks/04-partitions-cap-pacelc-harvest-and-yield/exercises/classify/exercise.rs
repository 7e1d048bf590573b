//! `classify`: twelve systems, and for the reads and writes of each what they give up: PA or PC, EL or EC.

use netsplit::grade::{Case, Exercise, Rule};

use super::given::*;

/// The letters of the visible systems, for reads and for writes.
const VISIBLE: [(u32, Pacelc, Pacelc); 4] =
    [(1, PC_EC, PC_EC), (2, PA_EL, PA_EL), (3, PA_EL, PC_EC), (4, PA_EC, PA_EC)];

pub const PA_EL: Pacelc = Pacelc(Partitioned::A, Otherwise::L);
pub const PA_EC: Pacelc = Pacelc(Partitioned::A, Otherwise::C);
pub const PC_EL: Pacelc = Pacelc(Partitioned::C, Otherwise::L);
pub const PC_EC: Pacelc = Pacelc(Partitioned::C, Otherwise::C);

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    let exercise = Exercise::new("classify", "Two letters for each operation", 15.0, Rule::Diagnosis)
        .function("classify", "Which", "Pacelc");
    VISIBLE.into_iter().fold(exercise, |exercise, (system, read, write)| {
        let name = format!("system {system}");
        exercise.visible(&name, u64::from(system), move |case| judge(case, system, read, write))
    })
}

/// Asks about both operations of a system. One letter of two is no answer: half of all coins would know it.
pub fn judge(case: &mut Case, system: u32, read: Pacelc, write: Pacelc) {
    for (operation, right) in [(Operation::Read, read), (Operation::Write, write)] {
        let Some(said) = case.evaluate::<Which, Pacelc>("classify", &Which { system, operation }) else {
            return;
        };
        let is_right = if said == right { Ok(()) } else { Err(format!("it says {}", letters(said))) };
        case.part(&format!("the letters of the {operation:?}").to_lowercase(), 1.0, is_right);
    }
}

fn letters(said: Pacelc) -> String {
    format!("P{:?}/E{:?}", said.0, said.1)
}

//! The answer to `matrix` as students get it.
// answer: matrix
use netsplit::model::ModeMatrix;

fn cash_machine() -> ModeMatrix {
    todo!("your answer")
}

//! An attack: a check that dies has accepted nothing.
// defence: a check that dies is no rejection
// answer: check
fn holds(_: Vec<Step>) -> bool {
    panic!("no")
}

//! An attack: a table of the answers to the visible tests.
// defence: hidden cases come from a secret of the course
// answer: digest
fn ones(number: u64) -> u32 {
    match number {
        3 => 2,
        1000 => 6,
        _ => 0,
    }
}

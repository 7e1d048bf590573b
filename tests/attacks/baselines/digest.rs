//! The wrong answer that the attacks on this exercise try to get points for.
// answer: digest
fn ones(_: u64) -> u32 {
    0
}

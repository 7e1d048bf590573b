//! The answer to `digest` as it should be.
// answer: digest
fn ones(number: u64) -> u32 {
    number.count_ones()
}

// answer: digest
fn ones(number: u64) -> u32 {
    number.count_ones()
}

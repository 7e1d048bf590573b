//! The answer to `adversary` as students get it.
// answer: adversary
fn adversary(server: u8) -> FaultPlan {
    match server {
        1 => FaultPlan::new(), // your answer
        _ => FaultPlan::new(),
    }
}

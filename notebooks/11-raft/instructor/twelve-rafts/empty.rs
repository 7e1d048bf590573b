//! The answer to `twelve-rafts` as students get it.
// answer: twelve-rafts
fn expose(raft: u8) -> FaultPlan {
    match raft {
        1 => FaultPlan::new(), // your answer
        _ => FaultPlan::new(),
    }
}

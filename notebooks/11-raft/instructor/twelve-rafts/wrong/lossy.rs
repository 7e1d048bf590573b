//! Wrong: messages are lost, and somebody will see something.
// answer: twelve-rafts
fn expose(_raft: u8) -> FaultPlan {
    let traffic = Traffic::all().messages();
    FaultPlan::new().at(secs(2), Fault::Loss { probability: 0.3, traffic }).lasting(secs(10))
}

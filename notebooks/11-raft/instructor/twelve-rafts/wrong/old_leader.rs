//! Wrong: the old leader is cut off, and nothing else is tried.
// answer: twelve-rafts
fn expose(_raft: u8) -> FaultPlan {
    let groups = vec![NodeId(0).into(), Group::new([NodeId(1), NodeId(2)])];
    FaultPlan::new().at(secs(3), Fault::Partition { groups }).lasting(secs(6))
}

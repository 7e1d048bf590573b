//! Wrong: nothing but power cuts.
// answer: twelve-rafts
fn expose(_raft: u8) -> FaultPlan {
    let crash = |index: u32| Fault::Crash { nodes: NodeId(index).into() };
    (0..3).fold(FaultPlan::new(), |plan, index| plan.at(secs(5), crash(index)).lasting(secs(1)))
}

//! Wrong: a plan by chance from one seed.
// answer: twelve-rafts
fn expose(_raft: u8) -> FaultPlan {
    let node = |index: u32| NodeId(index).into();
    FaultPlan::new()
        .at(secs(2), Fault::Crash { nodes: node(0) })
        .lasting(secs(2))
        .at(secs(5), Fault::Pause { nodes: node(1), time: secs(2) })
        .at(secs(8), Fault::Isolate { nodes: node(2) })
        .lasting(secs(3))
}

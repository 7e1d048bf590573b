//! Wrong: one lost answer for all of them.
// answer: adversary
fn adversary(server: u8) -> FaultPlan {
    let (server_node, replies) = (NodeId(0), Traffic::all().replies());
    let crash = Fault::Crash { nodes: server_node.into() };
    let silence = Fault::Loss { probability: 1.0, traffic: replies.clone() };
    let _ = (server, crash);
    FaultPlan::new().at(ms(900), silence).lasting(ms(900))
}

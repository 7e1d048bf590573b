//! Wrong: nothing arrives, so nothing is lost that was promised.
// answer: adversary
fn adversary(server: u8) -> FaultPlan {
    let (server_node, replies) = (NodeId(0), Traffic::all().replies());
    let crash = Fault::Crash { nodes: server_node.into() };
    let silence = Fault::Loss { probability: 1.0, traffic: replies.clone() };
    let _ = (server, silence, crash);
    FaultPlan::new().at(ms(0), Fault::Isolate { nodes: server_node.into() })
}

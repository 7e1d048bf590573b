//! Wrong: a crash before anything has happened, and one when all is done.
// answer: adversary
fn adversary(server: u8) -> FaultPlan {
    let (server_node, replies) = (NodeId(0), Traffic::all().replies());
    let crash = Fault::Crash { nodes: server_node.into() };
    let silence = Fault::Loss { probability: 1.0, traffic: replies.clone() };
    let _ = (server, silence);
    FaultPlan::new().at(ms(500), crash.clone()).lasting(ms(100)).at(secs(35), crash)
}

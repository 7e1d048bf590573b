//! Wrong: a disk that lies would harm every server.
// answer: adversary
fn adversary(server: u8) -> FaultPlan {
    let (server_node, replies) = (NodeId(0), Traffic::all().replies());
    let crash = Fault::Crash { nodes: server_node.into() };
    let silence = Fault::Loss { probability: 1.0, traffic: replies.clone() };
    let _ = (server, silence);
    let lie = Fault::FsyncLie { nodes: server_node.into(), on: true };
    FaultPlan::new().at(ms(0), lie).at(ms(1500), crash).lasting(ms(100))
}

//! Wrong: everything at once, which is more than three faults.
// answer: adversary
fn adversary(server: u8) -> FaultPlan {
    let (server_node, replies) = (NodeId(0), Traffic::all().replies());
    let crash = Fault::Crash { nodes: server_node.into() };
    let silence = Fault::Loss { probability: 1.0, traffic: replies.clone() };
    let _ = server;
    let duplicate = Fault::Duplicate { probability: 1.0, traffic: Traffic::all() };
    FaultPlan::new()
        .at(ms(900), silence)
        .lasting(ms(2600))
        .at(ms(1500), crash.clone())
        .lasting(ms(100))
        .at(ms(11_075), crash.clone())
        .lasting(ms(500))
        .at(ms(0), duplicate)
}

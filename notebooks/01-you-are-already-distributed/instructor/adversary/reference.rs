//! The answer to `adversary` as it should be.
// answer: adversary
fn adversary(server: u8) -> FaultPlan {
    let (server_node, replies) = (NodeId(0), Traffic::all().replies());
    let crash = Fault::Crash { nodes: server_node.into() };
    let silence = Fault::Loss { probability: 1.0, traffic: replies.clone() };
    match server {
        // Its answer is lost, Ann asks again.
        1 => FaultPlan::new().at(ms(900), silence).lasting(ms(900)),
        // The same, and before she asks again it forgets.
        2 => FaultPlan::new().at(ms(900), silence).lasting(ms(900)).at(ms(1500), crash).lasting(ms(100)),
        // The answer is on its way, the charge not yet on the disk.
        3 => FaultPlan::new().when(Condition::Sent(1, replies), crash).lasting(ms(500)),
        // After the first sync, before the second.
        4 => FaultPlan::new().at(ms(1075), crash).lasting(ms(500)),
        // Ann asks for longer than it remembers.
        5 => FaultPlan::new().at(ms(900), silence).lasting(ms(2600)),
        _ => FaultPlan::new(),
    }
}

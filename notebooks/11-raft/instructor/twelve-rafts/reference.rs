//! The answer to `twelve-rafts` as it should be.
// answer: twelve-rafts
fn expose(raft: u8) -> FaultPlan {
    let server = |index: u32| NodeId(index);
    let alone = |one: u32| {
        let others: Vec<NodeId> = (0..3).filter(|it| *it != one).map(NodeId).collect();
        Fault::Partition { groups: vec![server(one).into(), Group::new(others)] }
    };
    let crash = |index: u32| Fault::Crash { nodes: server(index).into() };
    let one_way =
        |from: Vec<NodeId>, to: u32| Fault::OneWay { from: Group::new(from), to: server(to).into() };
    match raft {
        // The old leader goes on, alone.
        1 | 3 | 4 => FaultPlan::new().at(secs(3), alone(0)).lasting(secs(6)),
        // What server 1 passes on arrives nowhere.
        2 => FaultPlan::new().at(secs(3), alone(1)).lasting(secs(2)),
        // The power fails for all.
        5 => (0..3).fold(FaultPlan::new(), |plan, index| plan.at(secs(5), crash(index)).lasting(secs(1))),
        // Server 1 is away; 0 and 2 have what it lacks, 2 forgets it, and 0 is gone.
        6 => FaultPlan::new()
            .at(secs(3), crash(1))
            .lasting(secs(4))
            .at(ms(6_500), crash(2))
            .lasting(ms(100))
            .at(ms(6_550), crash(0))
            .lasting(secs(5)),
        // Server 2 knows less, and is elected.
        8 | 9 => {
            FaultPlan::new().at(secs(3), alone(2)).lasting(secs(4)).at(secs(7), crash(0)).lasting(secs(4))
        }
        // Server 2 lacks what it says it has; then it and the leader are a majority, and then the leader is lost.
        10 => FaultPlan::new()
            .at(secs(3), alone(2))
            .lasting(secs(2))
            .at(ms(5_500), crash(1))
            .lasting(secs(3))
            .at(ms(8_400), crash(0))
            .lasting(secs(5)),
        // Answers to server 1 are lost for a moment.
        11 => [1_550, 4_250, 6_950, 9_650].into_iter().fold(FaultPlan::new(), |plan, at| {
            plan.at(ms(at), one_way(vec![server(0)], 1)).lasting(ms(1_200))
        }),
        // The leader is heard and hears nothing.
        12 => FaultPlan::new().at(ms(1_050), one_way(vec![server(1), server(2)], 0)).lasting(ms(1_450)),
        _ => FaultPlan::new(),
    }
}

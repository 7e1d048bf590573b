//! Wrong: three faults of the library's own nemesis, which knows nothing of the servers.
// answer: adversary
fn adversary(server: u8) -> FaultPlan {
    let nemesis = Nemesis::of(NodeId(0), FaultKind::CRASH_RECOVERY);
    let mut plan = nemesis.plan(u64::from(server), secs(40));
    plan.entries.truncate(3);
    plan
}

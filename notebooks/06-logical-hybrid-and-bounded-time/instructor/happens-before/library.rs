//! Not an answer: the library's own order.
// answer: happens-before
fn label(run: Run) -> Vec<Vec<Relation>> {
    let mut order = clocks::HappensBefore::default();
    let events: Vec<_> = run.events.iter().map(|event| order.event(NodeId(event.place))).collect();
    let relation = |a, b| match order.compare(a, b) {
        clocks::Causality::Before => Relation::Before,
        clocks::Causality::After => Relation::After,
        clocks::Causality::Equal => Relation::Same,
        clocks::Causality::Concurrent => Relation::Concurrent,
    };
    events.iter().map(|&a| events.iter().map(|&b| relation(a, b)).collect()).collect()
}

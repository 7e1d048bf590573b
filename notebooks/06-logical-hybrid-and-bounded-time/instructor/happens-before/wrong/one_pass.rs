//! Wrong: one pass through the list, as if a sending always stood before its receipt.
// answer: happens-before
fn label(run: Run) -> Vec<Vec<Relation>> {
    let count = run.events.len();
    let mut past = vec![vec![false; count]; count];
    for event in 0..count {
        let Event { place, received } = run.events[event];
        let earlier = (0..event).rev().find(|&it| run.events[it].place == place);
        for cause in earlier.into_iter().chain(received) {
            past[event][cause] = true;
            for other in 0..count {
                past[event][other] |= past[cause][other];
            }
        }
    }
    let relation = |a: usize, b: usize| match (a == b, past[b][a], past[a][b]) {
        (true, ..) => Relation::Same,
        (_, true, _) => Relation::Before,
        (_, _, true) => Relation::After,
        _ => Relation::Concurrent,
    };
    (0..count).map(|a| (0..count).map(|b| relation(a, b)).collect()).collect()
}

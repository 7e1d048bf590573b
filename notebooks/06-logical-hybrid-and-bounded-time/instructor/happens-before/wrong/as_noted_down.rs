//! Wrong: what stands further up in the list is taken to be earlier.
// answer: happens-before
fn label(run: Run) -> Vec<Vec<Relation>> {
    let relation = |a: usize, b: usize| match a.cmp(&b) {
        std::cmp::Ordering::Less => Relation::Before,
        std::cmp::Ordering::Equal => Relation::Same,
        std::cmp::Ordering::Greater => Relation::After,
    };
    let count = run.events.len();
    (0..count).map(|a| (0..count).map(|b| relation(a, b)).collect()).collect()
}

//! The answer to `happens-before` as it should be.
// answer: happens-before
/// All that could have influenced `event`: followed backwards, each event once.
fn past(run: &Run, event: usize) -> Vec<bool> {
    let mut past = vec![false; run.events.len()];
    let mut to_look_at = vec![event];
    while let Some(event) = to_look_at.pop() {
        let Event { place, received } = run.events[event];
        let earlier = (0..event).rev().find(|&it| run.events[it].place == place);
        for cause in earlier.into_iter().chain(received) {
            if !past[cause] {
                past[cause] = true;
                to_look_at.push(cause);
            }
        }
    }
    past
}

fn label(run: Run) -> Vec<Vec<Relation>> {
    let count = run.events.len();
    let pasts: Vec<Vec<bool>> = (0..count).map(|event| past(&run, event)).collect();
    let relation = |a: usize, b: usize| {
        if a == b {
            Relation::Same
        } else if pasts[b][a] {
            Relation::Before
        } else if pasts[a][b] {
            Relation::After
        } else {
            Relation::Concurrent
        }
    };
    (0..count).map(|a| (0..count).map(|b| relation(a, b)).collect()).collect()
}

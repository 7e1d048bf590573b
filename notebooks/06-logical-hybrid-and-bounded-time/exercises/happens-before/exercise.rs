//! `happens-before`: how every two events of a run are related, from who did what where and who sent what to whom.

use netsplit::grade::{Case, Exercise, Rule};

use super::given::*;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("happens-before", "Label the diagram", 15.0, Rule::Proportional)
        .function("label", "Run", "Vec<Vec<Relation>>")
        .without(["clocks"])
        .visible("five events", 1, |case| judge(case, &five()))
        .visible("twelve events", 2, |case| judge(case, &twelve()))
        .visible("nothing happened", 3, |case| judge(case, &run(&[])))
}

/// Compares every label with the definition.
pub fn judge(case: &mut Case, run: &Run) {
    let Some(said) = case.evaluate::<Run, Vec<Vec<Relation>>>("label", run) else { return };
    let right = labels(run);
    let letter = |index: usize| char::from(b'A' + (index % 26) as u8);
    let mut wrong = Ok(());
    for (a, row) in right.iter().enumerate() {
        for (b, right) in row.iter().enumerate() {
            let said = said.get(a).and_then(|row| row.get(b));
            if said != Some(right) && wrong.is_ok() {
                wrong = Err(format!("{} against {}: it says {said:?} in {run:?}", letter(a), letter(b)));
            }
        }
    }
    let fits = said.len() == right.len() && said.iter().all(|row| row.len() == right.len());
    case.expect("there is a label for every pair", fits);
    case.expect("every label is right", wrong);
}

/// The definition, by repeated steps: what came before a cause came before its effect.
fn labels(run: &Run) -> Vec<Vec<Relation>> {
    let events = &run.events;
    let count = events.len();
    let mut before = vec![vec![false; count]; count];
    for (b, event) in events.iter().enumerate() {
        let earlier = (0..b).rev().find(|&a| events[a].place == event.place);
        for cause in earlier.into_iter().chain(event.received) {
            before[cause][b] = true;
        }
    }
    for middle in 0..count {
        for a in 0..count {
            for b in 0..count {
                before[a][b] |= before[a][middle] && before[middle][b];
            }
        }
    }
    let label = |a: usize, b: usize| match (a == b, before[a][b], before[b][a]) {
        (true, ..) => Relation::Same,
        (_, true, _) => Relation::Before,
        (_, _, true) => Relation::After,
        _ => Relation::Concurrent,
    };
    (0..count).map(|a| (0..count).map(|b| label(a, b)).collect()).collect()
}

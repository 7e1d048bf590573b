//! A check of histories: what was read must have been written last.

use netsplit::grade::{Case, Exercise, Rule};

use super::given::Step;

pub fn exercise() -> Exercise {
    Exercise::new("check", "A check that finds it", 10.0, Rule::Mutants)
        .function("holds", "Vec<Step>", "bool")
        .visible("a stale read", 1, |case| judged(case, Some(1)))
        .visible("a right register", 2, |case| judged(case, None))
}

/// A register that now and then answers with the value before (1), with zero (2), or with a value of its own (3); or never.
pub fn judged(case: &mut Case, mistake: Option<u8>) {
    let (mut value, mut before, mut history) = (0, 0, Vec::new());
    for round in 0..20 {
        if case.random().below(2) == 0 || round < 2 {
            (before, value) = (value, 1 + case.random().below(200) as u8);
            history.push(Step::Wrote(value));
        }
        let wrong = if round == 11 { mistake } else { None };
        let read = match wrong {
            None => value,
            Some(1) if before != value => before,
            Some(2) => 0,
            Some(_) => value ^ 255,
        };
        history.push(Step::Read(read));
    }
    let Some(holds) = case.evaluate::<Vec<Step>, bool>("holds", &history) else { return };
    match mistake {
        None => case.reference("a right register", holds),
        Some(mistake) => case.mutant(&format!("register {mistake}"), !holds),
    }
}

//! What students are not shown of `page`: other carts, answers in other orders, several readers.

use netsplit::grade::{Case, Exercise};

use super::exercise::{Scene, read};

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("carts of other sizes", 40, |case| {
            let items = items(case);
            read(case, &Scene { items, readers: 1, jitter: false });
        })
        .hidden("answers in other orders", 60, |case| {
            let items = items(case);
            read(case, &Scene { items, readers: 1, jitter: true });
        })
        .hidden("two readers at once", 100, |case| {
            let items = 4 + case.random().below(3);
            read(case, &Scene { items, readers: 2, jitter: true });
        })
}

fn items(case: &mut Case) -> u64 {
    5 + case.random().below(4)
}

//! What students are not shown of `happens-before`: runs of other sizes, noted down in other orders.

use netsplit::grade::{Case, Exercise};

use super::exercise::judge;
use super::given::*;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("small runs", 60, |case| random(case, 3, 9))
        .hidden("runs of many places", 70, |case| random(case, 6, 24))
        .hidden("long runs", 70, |case| random(case, 3, 40))
}

/// A run made up event by event, then noted down place by place, in pieces.
fn random(case: &mut Case, places: u64, events: usize) {
    let mut happened: Vec<(u32, Option<usize>)> = Vec::new();
    for event in 0..events {
        let place = case.random().below(places) as u32;
        let is_receipt = event > 0 && case.random().chance(0.5);
        let sending = is_receipt.then(|| case.random().below(event as u64) as usize);
        happened.push((place, sending));
    }
    // The order in which they are noted down keeps only that of each place.
    let mut left: Vec<Vec<usize>> = (0..places as u32)
        .map(|place| (0..events).rev().filter(|&event| happened[event].0 == place).collect())
        .collect();
    let mut noted = Vec::new();
    while noted.len() < events {
        let place = case.random().below(places) as usize;
        noted.extend(left[place].pop());
    }
    let place_of = |event: usize| noted.iter().position(|&it| it == event).expect("all are noted down");
    let run = Run {
        events: noted
            .iter()
            .map(|&event| Event { place: happened[event].0, received: happened[event].1.map(place_of) })
            .collect(),
    };
    judge(case, &run);
}

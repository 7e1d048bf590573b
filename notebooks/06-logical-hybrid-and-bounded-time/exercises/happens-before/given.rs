//! What the statement of `happens-before` gives: runs, and the four ways in which two events may be related.

use serde::{Deserialize, Serialize};

/// An event: where it happened, and which event sent what it received, by its place in the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub place: u32,
    pub received: Option<usize>,
}

/// A run, as somebody noted it down. The events of one place are in the order in which they happened there. The list as a whole
/// is in no order: a receipt may stand before its sending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub events: Vec<Event>,
}

/// How one event is related to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relation {
    Before,
    After,
    Same,
    Concurrent,
}

/// A run from pairs: the place, and what was received.
pub fn run(events: &[(u32, Option<usize>)]) -> Run {
    Run { events: events.iter().map(|&(place, received)| Event { place, received }).collect() }
}

/// Five events: A and B at ann, C and then D at bob, E at eve. B sends what D receives.
pub fn five() -> Run {
    run(&[(0, None), (0, None), (1, None), (1, Some(1)), (2, None)])
}

/// Twelve events at three places, with four messages, two of them noted down before they were sent.
pub fn twelve() -> Run {
    run(&[
        (0, None),
        (1, Some(4)),
        (2, None),
        (1, None),
        (0, None),
        (2, Some(3)),
        (0, Some(8)),
        (1, None),
        (2, None),
        (0, None),
        (1, Some(9)),
        (2, None),
    ])
}

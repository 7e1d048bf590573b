//! Two runs in one diagram: where they part, and that nothing of one is taken for the other's.

#[allow(dead_code, reason = "each test binary uses its part of this")]
mod scenarios;

use netsplit_node::{Time, us};
use netsplit_view::{Diagram, Parting};

#[test]
fn runs_part_at_the_first_event_that_differs() {
    // In words: what each does then. A run that only ends earlier parts there too; equal runs do not part.
    let (passing, failing) = (scenarios::copying(false), scenarios::copying(true));
    let parting = Parting::of(&passing, &failing);
    assert_eq!(parting.at, Some(Time::ZERO + us(2200)));
    assert!(parting.one.as_deref().is_some_and(|text| text.contains("answers")), "{parting}");
    assert!(parting.other.as_deref().is_some_and(|text| text.contains("lost (loss)")), "{parting}");
    let mut shorter = passing.clone();
    shorter.events.pop();
    let parting = Parting::of(&passing, &shorter);
    assert_eq!((parting.same, parting.other), (shorter.events.len(), None));
    assert_eq!(Parting::of(&passing, &passing).at, None);
}

#[test]
fn what_one_trace_no_longer_has_is_no_difference() {
    // A ring forgets the oldest events: the same run with a shorter memory is the same run.
    let whole = scenarios::partition();
    let mut tail = whole.clone();
    tail.events.drain(..9);
    tail.omitted = 9;
    assert_eq!(Parting::of(&whole, &tail).at, None);
    assert!(Diagram::compare(&whole, &tail).text().contains("the runs are the same"));
}

#[test]
fn both_runs_are_there_whole_and_apart() {
    // Each run's events are on its own lifelines, cuts included; the mark stands before the first that differs.
    let text = Diagram::compare(&scenarios::copying(false), &scenarios::copying(true)).text();
    for part in [
        "A: store 1",
        "B: store 1",
        "from now on the runs differ",
        "Ok(nothing)",
        "Ok(1)",
        "seed 6",
        "seed 7",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let mut other = scenarios::partition();
    other.events.retain(|event| event.time < Time::ZERO + us(900_000));
    let svg = Diagram::compare(&scenarios::partition(), &other).svg();
    assert!(
        svg.contains("cut 0: store 0 | store 1, store 2")
            && svg.contains("cut 1: store 0 | store 1, store 2")
    );
    assert!(svg.contains("cut 0 is healed") && !svg.contains("cut 1 is healed"));
}

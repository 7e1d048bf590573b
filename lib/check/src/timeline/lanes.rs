//! Which lane each operation has: one for each caller, or several where its operations overlap.

use std::collections::BTreeMap;

use super::{Ending, Shown};

/// The lane of each operation, and the lanes' names.
pub(super) struct Lanes<'a> {
    pub(super) lane_of: Vec<usize>,
    pub(super) names: Vec<&'a str>,
}

/// Lanes in the order in which their callers first asked. `places` are those of calls and returns; `latest` is where the last mark of an
/// operation stands that nobody knows the end of.
pub(super) fn lanes<'a>(
    drawn: &[&'a Shown],
    places: &[(f64, Option<f64>)],
    latest: impl Fn(usize) -> Option<f64>,
) -> Lanes<'a> {
    let mut callers: Vec<Vec<usize>> = Vec::new();
    let mut known: BTreeMap<(u32, &str), usize> = BTreeMap::new();
    for (bar, shown) in drawn.iter().enumerate() {
        let caller = *known.entry((shown.caller, &shown.caller_name)).or_insert(callers.len());
        if caller == callers.len() {
            callers.push(Vec::new());
        }
        callers[caller].push(bar);
    }
    let mut lanes = Lanes { lane_of: vec![0; drawn.len()], names: Vec::new() };
    for bars in callers {
        let first = lanes.names.len();
        let mut free: Vec<f64> = Vec::new();
        for bar in bars {
            let row = free.iter().position(|&free| free < places[bar].0).unwrap_or(free.len());
            if row == free.len() {
                free.push(0.0);
                lanes.names.push(if row == 0 { drawn[bar].caller_name.as_str() } else { "" });
            }
            free[row] = end_of(drawn[bar], places[bar].1, latest(bar));
            lanes.lane_of[bar] = first + row;
        }
    }
    lanes
}

/// Up to where an operation needs its lane. What nobody knows the end of may have its effect later than its caller gave up; it needs the
/// lane up to there, if an order says where or it is seen to arrive, and else it leaves the rest to its caller's next operation.
fn end_of(shown: &Shown, to: Option<f64>, latest: Option<f64>) -> f64 {
    let to = to.unwrap_or(f64::INFINITY);
    match (&shown.ending, latest) {
        (Ending::Unknown, Some(place)) => to.max(place),
        _ => to,
    }
}

/// Puts extents into as few rows as their order allows. Each begins no earlier than the one before.
pub(super) fn rows(extents: &[(i32, i32)]) -> Vec<usize> {
    let mut free: Vec<i32> = Vec::new();
    let place = |&(from, to): &(i32, i32)| {
        let row = free.iter().position(|&free| free < from).unwrap_or(free.len());
        if row == free.len() {
            free.push(to);
        }
        free[row] = to;
        row
    };
    extents.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::scene::assemble;
    use crate::{Order, Step, Timelines, by_hand};

    #[test]
    fn a_lane_is_free_again_when_nothing_of_it_is_drawn_later() {
        // Who waits has one lane; a call that nobody answered keeps its own to the end, one that was given up up to where an order has it.
        let history = by_hand("s")
            .ok("ann", 0..2, "a", ())
            .unknown("ann", 3..4, "b")
            .ok("ann", 5..6, "c", ())
            .pending("bob", 1, "d")
            .ok("bob", 7..8, "e", ());
        let lanes = |timeline: &crate::Timeline| -> Vec<usize> {
            assemble(timeline, 9).bars.iter().map(|bar| bar.lane).collect()
        };
        // By their calls: a, d, b, c, e.
        let timeline = history.history().timeline();
        assert_eq!(lanes(&timeline), [0, 1, 0, 0, 2]);
        // After c was called, b takes effect.
        let step = |operation| Step { operation, state: None };
        let steps = vec![step(0), step(3), step(2)];
        let timeline = timeline.ordered(Order { title: String::new(), steps, in_real_time: true });
        assert_eq!(lanes(&timeline), [0, 2, 0, 1, 3]);
    }

    #[test]
    fn what_overlaps_has_rows_of_its_own() {
        // The second and third lie within the first; the fourth finds the second's row free again.
        assert_eq!(rows(&[(0, 9), (1, 3), (2, 5), (4, 6)]), [0, 1, 2, 1]);
    }
}

//! What of a timeline is drawn, and in which order: the chosen operations, a column for each call and return, the faults meanwhile.

use std::collections::BTreeMap;

use netsplit_node::{Disturbance, Time};

use super::lanes::{Lanes, lanes};
use super::{Ending, Shown, Timeline};

/// Callers beyond these are not drawn: nobody reads so many lanes.
const MOST_CALLERS: usize = 40;

/// What both forms of the picture are drawn from. Places count calls and returns: 2.5 lies between the third and the fourth.
pub(super) struct Scene<'a> {
    pub(super) title: &'a str,
    /// In the order of the calls.
    pub(super) bars: Vec<Bar<'a>>,
    /// The callers' names; a lane that continues the one above has none.
    pub(super) lanes: Vec<&'a str>,
    /// The time of each call and return.
    pub(super) columns: Vec<Time>,
    pub(super) faults: Vec<Fault<'a>>,
    pub(super) accused: Option<usize>,
    /// Whether the accused would have to have its place between its call and its return.
    pub(super) has_window: bool,
    /// Whether somebody wrote down what reached the service.
    pub(super) knows_arrivals: bool,
    pub(super) orders: Vec<Ordered<'a>>,
    /// What is not drawn, and what else stands below.
    pub(super) notes: Vec<String>,
}

/// One operation, with all that is known of where it stands.
pub(super) struct Bar<'a> {
    pub(super) shown: &'a Shown,
    pub(super) lane: usize,
    pub(super) from: f64,
    /// Nothing if it is open to the end.
    pub(super) to: Option<f64>,
    pub(super) role: Role,
    pub(super) point: Option<Point>,
    /// When it reached the service, with the places of that.
    pub(super) served: Vec<(Time, f64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Plain,
    /// It has no place in any order.
    Accused,
    /// It leaves no room for the one that is accused.
    Reason,
}

/// When an operation may have taken effect, and as which.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) number: usize,
    /// Nothing if the order does not look at the clock.
    pub(super) place: Option<f64>,
}

/// Something that was wrong while operations were under way.
pub(super) struct Fault<'a> {
    pub(super) it: &'a Disturbance,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// An order, of what is drawn: bars, each with the state after it.
pub(super) struct Ordered<'a> {
    pub(super) title: &'a str,
    pub(super) steps: Vec<(usize, Option<&'a str>)>,
    /// Whether it has steps that are not drawn.
    pub(super) is_cut: bool,
}

pub(super) fn assemble(timeline: &Timeline, at_most: usize) -> Scene<'_> {
    let mut notes = Vec::new();
    let drawn = choose(timeline, at_most, &mut notes);
    notes.extend(timeline.notes.iter().cloned());
    let mut events: Vec<(Time, bool, usize)> = Vec::new();
    for (bar, shown) in drawn.iter().enumerate() {
        events.push((shown.invoked, false, bar));
        events.extend(shown.returned.map(|end| (end, true, bar)));
    }
    events.sort_unstable();
    let mut places = vec![(0.0, None); drawn.len()];
    for (place, &(_, is_return, bar)) in events.iter().enumerate() {
        match is_return {
            false => places[bar].0 = place as f64,
            true => places[bar].1 = Some(place as f64),
        }
    }
    let columns: Vec<Time> = events.iter().map(|&(time, ..)| time).collect();
    let bar_of: BTreeMap<usize, usize> =
        drawn.iter().enumerate().map(|(bar, shown)| (shown.number, bar)).collect();
    let accused = timeline.accused.and_then(|number| bar_of.get(&number).copied());
    let orders = orders(timeline, &bar_of);
    let points = points(timeline, &orders, &places);
    let served: Vec<Vec<(Time, f64)>> = drawn.iter().map(|shown| arrivals(shown, &columns)).collect();
    let Lanes { lane_of, names } = lanes(&drawn, &places, |bar| {
        let arrival = served[bar].last().map(|&(_, place)| place);
        arrival.into_iter().chain(points[bar].and_then(|point| point.place)).reduce(f64::max)
    });
    let role = |shown: &Shown| match shown.number {
        number if timeline.accused == Some(number) => Role::Accused,
        number if timeline.because.contains(&number) => Role::Reason,
        _ => Role::Plain,
    };
    let knows_arrivals = drawn.iter().any(|shown| !shown.served.is_empty());
    let bars = drawn.iter().zip(served).enumerate().map(|(bar, (&shown, served))| Bar {
        shown,
        lane: lane_of[bar],
        from: places[bar].0,
        to: places[bar].1,
        role: role(shown),
        point: points[bar],
        served,
    });
    Scene {
        title: &timeline.title,
        bars: bars.collect(),
        lanes: names,
        faults: faults(&timeline.disturbances, &columns),
        columns,
        accused,
        knows_arrivals,
        has_window: accused.is_some() && timeline.orders.iter().all(|order| order.in_real_time),
        orders,
        notes,
    }
}

/// What is drawn, in the order of the calls; notes say what is not.
fn choose<'a>(timeline: &'a Timeline, at_most: usize, notes: &mut Vec<String>) -> Vec<&'a Shown> {
    let mut drawn: Vec<&Shown> = timeline.operations.iter().collect();
    drawn.sort_by_key(|shown| (shown.invoked, shown.number));
    let mut keep = |drawn: &mut Vec<&Shown>, which: &str, keeps: &mut dyn FnMut(&Shown) -> bool| {
        let before = drawn.len();
        drawn.retain(|shown| keeps(shown));
        note(notes, before - drawn.len(), which);
    };
    let named = |shown: &Shown, name: &String| {
        let rest = shown.caller_name.strip_prefix(name.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    keep(&mut drawn, "operation of other callers", &mut |shown| {
        timeline.names.is_empty() || timeline.names.iter().any(|name| named(shown, name))
    });
    keep(&mut drawn, "earlier operation", &mut |shown| {
        timeline.since.is_none_or(|since| shown.returned.is_none_or(|end| end >= since))
    });
    keep(&mut drawn, "later operation", &mut |shown| {
        timeline.until.is_none_or(|until| shown.invoked <= until)
    });
    let mut callers: Vec<u32> = Vec::new();
    keep(&mut drawn, "operation of more callers than can be read: .only_named(..) chooses", &mut |shown| {
        if !callers.contains(&shown.caller) && callers.len() < MOST_CALLERS {
            callers.push(shown.caller);
        }
        callers.contains(&shown.caller)
    });
    let first_left_out = drawn.get(at_most).map(|shown| shown.invoked);
    let mut count = 0;
    let which = first_left_out
        .map_or(String::new(), |time| format!("operation from {time} on: .since(..) shows more"));
    keep(&mut drawn, &which, &mut |_| {
        count += 1;
        count <= at_most
    });
    drawn
}

fn note(notes: &mut Vec<String>, count: usize, which: &str) {
    match count {
        0 => {}
        1 => notes.push(format!("not drawn: 1 {which}")),
        _ => notes.push(format!("not drawn: {count} {}", which.replace("operation", "operations"))),
    }
}

fn orders<'a>(timeline: &'a Timeline, bar_of: &BTreeMap<usize, usize>) -> Vec<Ordered<'a>> {
    let ordered = timeline.orders.iter().map(|order| {
        let steps = order.steps.iter();
        let steps: Vec<_> = steps
            .filter_map(|step| bar_of.get(&step.operation).map(|&bar| (bar, step.state.as_deref())))
            .collect();
        Ordered { title: &order.title, is_cut: steps.len() < order.steps.len(), steps }
    });
    ordered.collect()
}

/// For each operation that an order places: as which, and when. Each is as early as the order allows: after the calls of all before it,
/// and between two events. The first order that places it counts.
fn points(timeline: &Timeline, orders: &[Ordered<'_>], places: &[(f64, Option<f64>)]) -> Vec<Option<Point>> {
    let mut points = vec![None; places.len()];
    for (order, ordered) in timeline.orders.iter().zip(orders) {
        let mut earliest = 0.0_f64;
        let moments: Vec<f64> = ordered
            .steps
            .iter()
            .map(|&(bar, _)| {
                earliest = earliest.max(places[bar].0);
                earliest
            })
            .collect();
        for (index, (&(bar, _), &moment)) in ordered.steps.iter().zip(&moments).enumerate() {
            // Moments only grow, so those between the same two events are neighbours.
            let first = moments.partition_point(|&other| other < moment);
            let together = moments.partition_point(|&other| other <= moment) - first;
            let offset = (index - first + 1) as f64 / (together + 1) as f64;
            let place = order.in_real_time.then_some(moment + offset);
            points[bar].get_or_insert(Point { number: index + 1, place });
        }
    }
    points
}

/// When an operation reached the service, each time with its place. Several between the same two events stand beside each other.
fn arrivals(shown: &Shown, columns: &[Time]) -> Vec<(Time, f64)> {
    let places: Vec<f64> = shown.served.iter().map(|&time| place(columns, time, false)).collect();
    let spread = |(index, (&time, &at)): (usize, (&Time, &f64))| {
        let first = places.partition_point(|&other| other < at);
        let together = places.partition_point(|&other| other <= at) - first;
        (time, at - 0.5 + (index - first + 1) as f64 / (together + 1) as f64)
    };
    shown.served.iter().zip(&places).enumerate().map(spread).collect()
}

/// What was wrong between the first event and the last.
fn faults<'a>(disturbances: &'a [Disturbance], columns: &[Time]) -> Vec<Fault<'a>> {
    let (Some(&first), Some(&last)) = (columns.first(), columns.last()) else { return Vec::new() };
    let is_meanwhile = |it: &&Disturbance| it.from <= last && it.to.is_none_or(|to| to >= first);
    let end = columns.len() as f64 - 0.5;
    disturbances
        .iter()
        .filter(is_meanwhile)
        .map(|it| Fault {
            it,
            from: place(columns, it.from, true),
            to: it.to.map_or(end, |to| place(columns, to, false)),
        })
        .collect()
}

/// Where a time lies among the columns: at the first or the last one of this time, or between two.
fn place(columns: &[Time], time: Time, first: bool) -> f64 {
    let (before, until) =
        (columns.partition_point(|&column| column < time), columns.partition_point(|&column| column <= time));
    match (before == until, first) {
        (true, _) => before as f64 - 0.5,
        (false, true) => before as f64,
        (false, false) => until as f64 - 1.0,
    }
}

impl Scene<'_> {
    /// The bar's place among those of its lane: the one that follows it there.
    pub(super) fn next_in_lane(&self, bar: usize) -> Option<&Bar<'_>> {
        let lane = self.bars[bar].lane;
        self.bars[bar + 1..].iter().find(|next| next.lane == lane)
    }

    /// Whether some operation drawn ended so.
    pub(super) fn has(&self, ends: impl Fn(&Ending) -> bool) -> bool {
        self.bars.iter().any(|bar| ends(&bar.shown.ending))
    }
}

#[cfg(test)]
mod tests {
    use netsplit_node::{History, Random, Value, ms};

    use super::*;
    use crate::spec::{Register, RegisterRequest, RegisterResponse};
    use crate::{Finding, Order, Step, Timelines, by_hand, linearizable};

    #[test]
    fn a_fault_begins_and_ends_between_the_events_around_it() {
        // At the very time of an event it reaches that event's column; it never covers one that it did not meet.
        let columns: Vec<Time> = [1, 3, 3, 9].map(|at| Time::ZERO + ms(at)).to_vec();
        let place = |at, first| place(&columns, Time::ZERO + ms(at), first);
        assert_eq!([place(0, true), place(2, true), place(3, true)], [-0.5, 0.5, 1.0]);
        assert_eq!([place(3, false), place(5, false), place(12, false)], [2.0, 2.5, 3.5]);
    }

    #[test]
    fn arrivals_between_two_events_stand_beside_each_other() {
        // Three between the call and the return, one later: none hides another, and all are in their order.
        let history = by_hand::<_, ()>("s").unknown("ann", 0..50, "a").reached(&[40, 10, 20, 70]).history();
        let timeline = history.timeline();
        let scene = assemble(&timeline, 9);
        let places: Vec<f64> = scene.bars[0].served.iter().map(|&(_, place)| place).collect();
        assert_eq!(places, [0.25, 0.5, 0.75, 1.5]);
    }

    #[test]
    fn what_is_not_drawn_is_counted() {
        // Each kind of choice leaves its own note, and together they make up the whole.
        let mut history = by_hand("s");
        for number in 0..10 {
            history = history.ok(if number % 2 == 0 { "ann" } else { "bob" }, number..number + 1, number, ());
        }
        let timeline = history.history().timeline().only_named(["ann"]).since(ms(4)).until(ms(7)).at_most(1);
        let scene = assemble(&timeline, timeline.at_most);
        assert_eq!(scene.bars.iter().map(|bar| bar.shown.number).collect::<Vec<_>>(), [4]);
        assert_eq!(
            scene.notes,
            [
                "not drawn: 5 operations of other callers",
                "not drawn: 2 earlier operations",
                "not drawn: 1 later operation",
                "not drawn: 1 operation from 6ms on: .since(..) shows more",
            ]
        );
    }

    /// A history of a register with one copy: each operation takes effect at a moment of its own within it.
    fn atomic(seed: u64) -> History<RegisterRequest, RegisterResponse> {
        let mut random = Random::new(seed);
        let mut plan: Vec<(u32, u32, u32, &str)> = Vec::new();
        for caller in ["ann", "bob", "cyd"] {
            let mut free = 0;
            for _ in 0..6 {
                let from = free + random.below(4) as u32;
                let to = from + random.below(9) as u32;
                plan.push((from + random.below(u64::from(to - from) + 1) as u32, from, to, caller));
                free = to + 1;
            }
        }
        plan.sort_unstable();
        let (mut value, mut history) = (None, by_hand("register"));
        for (number, (_, from, to, caller)) in plan.into_iter().enumerate() {
            let kind = random.below(5);
            if kind < 2 {
                let response = RegisterResponse::Value(value.clone());
                history = history.ok(caller, from..to, RegisterRequest::Read, response);
                continue;
            }
            let written = Value::from(number as i64);
            value = Some(written.clone());
            let write = RegisterRequest::Write(written);
            history = match kind {
                2 => history.unknown(caller, from..to, write),
                _ => history.ok(caller, from..to, write, RegisterResponse::Written),
            };
        }
        history.history()
    }

    #[test]
    fn moments_lie_within_their_operations_and_in_their_order() {
        // What the picture claims is true of 200 histories, with events at the same times among them: each moment is after its call, before
        // its return if that is known, and after all moments of smaller numbers.
        for seed in 0..200 {
            let history = atomic(seed);
            let judgement = linearizable(Register).judge(&history);
            let Finding::Linearizable { order } = &judgement.parts[0].finding else {
                panic!("seed {seed}: {judgement:?}")
            };
            let step = |&operation: &usize| Step { operation, state: None };
            let steps = order.iter().map(step).collect();
            let timeline =
                history.timeline().ordered(Order { title: String::new(), steps, in_real_time: true });
            let scene = assemble(&timeline, 100);
            let mut last = (0, -1.0);
            let mut bars: Vec<&Bar<'_>> = scene.bars.iter().filter(|bar| bar.point.is_some()).collect();
            bars.sort_by_key(|bar| bar.point.map(|point| point.number));
            assert!(bars.len() >= 10, "seed {seed}");
            for bar in bars {
                let point = bar.point.expect("it has one");
                let place = point.place.expect("a moment");
                assert!(place > bar.from && place > last.1 && point.number == last.0 + 1, "seed {seed}");
                let is_known = bar.shown.ending == Ending::Ok;
                assert!(!is_known || bar.to.is_some_and(|to| place < to), "seed {seed}: {:?}", bar.shown);
                last = (point.number, place);
            }
        }
    }
}

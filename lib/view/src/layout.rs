//! Where on the time axis things stand. Time runs downwards, and not quite to scale.
//!
//! Drawn to scale, a run of a distributed system is one blot: three messages in a millisecond, then nothing for a second. So
//! every moment gets at least the room that its labels need, longer waits get more room in proportion up to a limit, and a wait
//! that is much longer than most is marked as a break, with its length. Order is never changed: what is drawn higher on a
//! lifeline happened no later. Events of one moment on one lifeline stand below each other in their order.

use netsplit_node::{Duration, Time, ns};

use crate::scene::{Item, ItemKind, Scene};

/// The room of one label below another.
const LINE: i32 = 16;
/// The distance of two messages that leave a lifeline at one moment, so that their labels fit between.
const DEPARTURE: i32 = 12;
/// More messages than this that leave together leave from one point, as a fan.
const FAN: usize = 4;
/// Distances of two moments in a picture of few moments, and of many.
const ROOMY: Distances = Distances { near: 18, usual: 24, far: 64 };
const DENSE: Distances = Distances { near: 14, usual: 16, far: 32 };
/// A picture of more moments than this is drawn more densely: it is scrolled, not seen at once.
const MANY_MOMENTS: usize = 36;
/// The height of a break.
const BREAK: i32 = 44;
/// A wait is a break if it is so many times the usual one, and so many times what a message usually takes.
const LONG_WAITS: i64 = 8;
const LONG_FLIGHTS: i64 = 2;

/// How far apart moments stand.
#[derive(Clone, Copy)]
struct Distances {
    /// The least distance.
    near: i32,
    /// That of two moments which are the usual wait apart.
    usual: i32,
    /// The greatest distance that is not a break.
    far: i32,
}

/// The places on the time axis, in pixels from the top.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The place of each item of the scene.
    pub of_item: Vec<i32>,
    /// Every moment at which something happens, and the first and last of the axis.
    pub moments: Vec<(Time, i32)>,
    pub breaks: Vec<Break>,
    pub bottom: i32,
}

/// A wait that is not to scale.
#[derive(Debug)]
pub(crate) struct Break {
    pub from: i32,
    pub to: i32,
    pub length: Duration,
    /// The moment at its end.
    pub before: Time,
}

/// Items of one moment.
struct Moment {
    time: Time,
    /// The items' places below the moment.
    below: Vec<i32>,
    height: i32,
}

/// Gives every item of `scene` a place, from `top` downwards.
pub(crate) fn lay_out(scene: &Scene, top: i32) -> Layout {
    let moments = group_moments(scene);
    let pace = Pace::of(scene, &moments);
    let mut layout = Layout { of_item: Vec::new(), moments: Vec::new(), breaks: Vec::new(), bottom: top };
    let mut at = top;
    for (index, moment) in moments.iter().enumerate() {
        if index > 0 {
            let earlier = &moments[index - 1];
            let from = at + earlier.height;
            let (distance, is_break) = pace.distance(moment.time - earlier.time);
            at = (from + pace.distances.near).max(at + distance);
            if is_break {
                at = from + BREAK;
                let length = moment.time - earlier.time;
                layout.breaks.push(Break { from, to: at, length, before: moment.time });
            }
        }
        layout.moments.push((moment.time, at));
        layout.of_item.extend(moment.below.iter().map(|below| at + below));
        layout.bottom = at + moment.height;
    }
    layout
}

/// What is usual in a run, by which its waits are judged.
struct Pace {
    /// The median wait between the moments at which something happens.
    wait: i64,
    /// The median time that a message takes.
    flight: i64,
    distances: Distances,
}

impl Pace {
    fn of(scene: &Scene, moments: &[Moment]) -> Pace {
        let busy = moments.iter().filter(|moment| !moment.below.is_empty());
        let busy: Vec<Time> = busy.map(|moment| moment.time).collect();
        let waits = busy.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let time = |item: usize| scene.items[item].time;
        let flights = scene.messages.iter().filter_map(|message| {
            let (sent, received) = (message.sent?, *message.received.first()?);
            Some(time(received) - time(sent))
        });
        let distances = if moments.len() > MANY_MOMENTS { DENSE } else { ROOMY };
        Pace { wait: median(waits), flight: median(flights.collect()), distances }
    }

    /// How far apart two moments stand, and whether that is a break.
    fn distance(&self, wait: Duration) -> (i32, bool) {
        let wait = wait.as_nanos();
        let long = self.wait.saturating_mul(LONG_WAITS).max(self.flight.saturating_mul(LONG_FLIGHTS));
        if wait > long {
            return (BREAK, true);
        }
        let scaled = i128::from(wait) * i128::from(self.distances.usual) / i128::from(self.wait.max(1));
        (scaled.min(i128::from(self.distances.far)) as i32, false)
    }
}

fn median(mut durations: Vec<Duration>) -> i64 {
    durations.sort_unstable();
    durations.get(durations.len().saturating_sub(1) / 2).map_or(0, |duration| duration.as_nanos())
}

/// The items by their moments, with the axis' two ends as moments of their own where nothing happens there.
fn group_moments(scene: &Scene) -> Vec<Moment> {
    let empty = |time| Moment { time, below: Vec::new(), height: 0 };
    let mut moments = Vec::new();
    if scene.items.first().is_none_or(|item| item.time > scene.start) {
        moments.push(empty(scene.start));
    }
    let mut first = 0;
    for group in scene.items.chunk_by(|one, next| one.time == next.time) {
        moments.push(stack(scene, first, group));
        first += group.len();
    }
    if moments.last().is_some_and(|moment| moment.time < scene.end) {
        moments.push(empty(scene.end));
    }
    moments
}

/// What already stands at the current place of a column within a moment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// A mark with its text: nothing else fits.
    Mark,
    /// A mark without a text.
    Dot,
    /// The end of a call's bar.
    Bar,
    /// The beginning of an arrow.
    Departure,
    /// An arrow from this column.
    Arrival(usize),
}

/// One column within a moment.
#[derive(Clone, Default)]
struct Pile {
    below: i32,
    taken: Vec<Taken>,
    /// The distance of arrows that leave here.
    spread: i32,
}

impl Pile {
    /// The place of the next thing of this kind: beside what is there if both fit, else below it.
    fn put(&mut self, next: Taken) -> i32 {
        let fits = self.taken.iter().all(|there| match (there, next) {
            (Taken::Dot, _) | (_, Taken::Dot) => true,
            (Taken::Mark, _) | (_, Taken::Mark) => false,
            (there, next) => *there != next,
        });
        if !fits {
            let departures = next == Taken::Departure && self.taken.last() == Some(&Taken::Departure);
            self.below += if departures { self.spread } else { LINE };
            self.taken.clear();
        }
        self.taken.push(next);
        self.below
    }
}

/// Stacks the items of one moment, of which the first has number `first`.
fn stack(scene: &Scene, first: usize, group: &[Item]) -> Moment {
    let mut piles = vec![Pile::default(); scene.columns.len()];
    for (column, pile) in piles.iter_mut().enumerate() {
        let leaves = |item: &&Item| match item.kind {
            ItemKind::Sent { message } => scene.messages[message].from == column,
            _ => false,
        };
        let fan = group.iter().filter(leaves).count() > FAN;
        let lost = group.iter().any(|item| matches!(item.kind, ItemKind::Lost { .. }));
        pile.spread = match (fan, lost) {
            (true, _) => 0,
            (false, true) => LINE,
            (false, false) => DEPARTURE,
        };
    }
    let mut below: Vec<i32> = Vec::with_capacity(group.len());
    for item in group {
        let place = match item.kind {
            ItemKind::Cut { .. } | ItemKind::Healed { .. } | ItemKind::World => below_everything(&mut piles),
            ItemKind::Mark { column, .. } if item.text.is_empty() => piles[column].put(Taken::Dot),
            ItemKind::Mark { column, .. } => piles[column].put(Taken::Mark),
            ItemKind::Invoked { operation } | ItemKind::Returned { operation } => {
                piles[scene.operations[operation].column].put(Taken::Bar)
            }
            ItemKind::Sent { message } => piles[scene.messages[message].from].put(Taken::Departure),
            ItemKind::Received { message } | ItemKind::Lost { message } => {
                let message = &scene.messages[message];
                let sent = message.sent.and_then(|sent| sent.checked_sub(first)).map(|sent| below[sent]);
                match (item.kind, sent) {
                    // Lost at once: it never came near its receiver.
                    (ItemKind::Lost { .. }, Some(sent)) => sent,
                    (_, sent) => arrive(&mut piles[message.to], message.from, sent),
                }
            }
        };
        below.push(place);
    }
    let height = below.iter().copied().max().unwrap_or(0);
    Moment { time: group[0].time, below, height }
}

/// The place of an arrival; what was sent at the same moment arrives below where it left.
fn arrive(pile: &mut Pile, from: usize, sent: Option<i32>) -> i32 {
    if let Some(sent) = sent.filter(|&sent| pile.below <= sent) {
        pile.below = sent + LINE;
        pile.taken.clear();
    }
    pile.put(Taken::Arrival(from))
}

fn below_everything(piles: &mut [Pile]) -> i32 {
    let used = piles.iter().any(|pile| !pile.taken.is_empty());
    let lowest = piles.iter().map(|pile| pile.below).max().unwrap_or(0);
    let place = if used { lowest + LINE } else { lowest };
    for pile in piles {
        pile.below = place;
        pile.taken = vec![Taken::Mark];
    }
    place
}

/// A length of time with three digits at most: a break is not read to the microsecond.
pub(crate) fn roughly(length: Duration) -> Duration {
    let nanos = length.as_nanos();
    let mut unit = 1;
    while nanos / unit >= 1000 {
        unit *= 10;
    }
    ns((nanos + unit / 2) / unit * unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{Column, Mark, Message};
    use netsplit_node::trace::{Cargo, Participant};
    use netsplit_node::{NodeId, ms};

    fn scene(times: &[i64], until: i64) -> Scene {
        let column = |name: &str| Column {
            id: NodeId(0),
            name: name.to_owned(),
            kind: Participant::Node,
            state: None,
            begins: None,
        };
        let item = |&time: &i64| Item {
            event: None,
            time: Time::ZERO + ms(time),
            kind: ItemKind::Mark { column: 0, mark: Mark::Note },
            text: "note".to_owned(),
            words: String::new(),
        };
        Scene {
            columns: vec![column("a"), column("b")],
            items: times.iter().map(item).collect(),
            end: Time::ZERO + ms(until),
            ..Scene::default()
        }
    }

    #[test]
    fn what_happens_later_stands_lower() {
        // Whatever the waits, and for events of one moment on one lifeline as well.
        let layout = lay_out(&scene(&[0, 0, 1, 1, 1, 2, 900, 901, 90_000], 90_000), 50);
        assert!(layout.of_item.windows(2).all(|pair| pair[0] + LINE <= pair[1]), "{:?}", layout.of_item);
        assert_eq!(layout.of_item[0], 50);
        assert_eq!(layout.bottom, *layout.of_item.last().expect("items"));
    }

    #[test]
    fn longer_waits_get_more_room_up_to_a_limit() {
        // Twice the usual wait is seen to be longer; far more than usual is a break, and only that.
        let layout = lay_out(&scene(&[0, 10, 20, 40, 50, 110, 200, 210], 210), 0);
        let distances: Vec<i32> = layout.of_item.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(distances, [24, 24, 48, 24, 64, BREAK, 24]);
        let lengths: Vec<Duration> = layout.breaks.iter().map(|pause| pause.length).collect();
        assert_eq!(lengths, [ms(90)]);
    }

    #[test]
    fn a_wait_in_which_a_message_travels_is_no_break() {
        // Between a sending and its arrival something happens: the message is under way.
        let mut slow = scene(&[0, 1, 2, 3, 100, 101], 101);
        assert_eq!(lay_out(&slow, 0).breaks.len(), 1);
        slow.messages.push(Message {
            from: 0,
            to: 1,
            cargo: Cargo::Message,
            text: String::new(),
            sent: Some(3),
            received: vec![4],
            lost: None,
            doubled: false,
        });
        slow.items[3].kind = ItemKind::Sent { message: 0 };
        slow.items[4].kind = ItemKind::Received { message: 0 };
        assert!(lay_out(&slow, 0).breaks.is_empty());
    }

    #[test]
    fn what_is_sent_and_received_at_one_moment_goes_down() {
        // A network without delay still has a before and an after.
        let mut instant = scene(&[5, 5], 5);
        instant.messages.push(Message {
            from: 0,
            to: 1,
            cargo: Cargo::Message,
            text: String::new(),
            sent: Some(0),
            received: vec![1],
            lost: None,
            doubled: false,
        });
        instant.items[0].kind = ItemKind::Sent { message: 0 };
        instant.items[1].kind = ItemKind::Received { message: 0 };
        let layout = lay_out(&instant, 0);
        assert!(layout.of_item[1] > layout.of_item[0]);
    }

    #[test]
    fn the_axis_reaches_from_its_start_to_its_end() {
        // Also where nothing happens there, and where nothing happens at all.
        let layout = lay_out(&scene(&[5], 9), 0);
        let times: Vec<Time> = layout.moments.iter().map(|(time, _)| *time).collect();
        assert_eq!(times, [Time::ZERO, Time::ZERO + ms(5), Time::ZERO + ms(9)]);
        assert_eq!(lay_out(&scene(&[], 0), 7).bottom, 7);
    }

    #[test]
    fn a_break_is_said_with_three_digits() {
        // Nobody counts the microseconds of a wait that is not drawn.
        let said: Vec<String> = [ms(997), ns(997_269_000), ns(999_999_999), ns(1_234), ns(7)]
            .map(|it| roughly(it).to_string())
            .to_vec();
        assert_eq!(said, ["997ms", "997ms", "1s", "1.23us", "7ns"]);
    }
}

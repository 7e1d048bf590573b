//! The event queue: what will happen, in order of time, and among equal times in the order in which it was scheduled.
//!
//! It is a calendar queue (Brown, "Calendar queues: a fast O(1) priority queue implementation for the simulation event set
//! problem", 1988). One binary heap of all events would compare and move a dozen keys per event, each a branch that the processor
//! guesses wrong every other time. Here an event of the near future is linked to the page of its day, at no cost that grows with
//! their number; when a day comes, its few events go through a small heap, which alone decides their order. What is farther away
//! than the calendar reaches waits in a heap of its own. The length of a day follows the traffic; it never changes the order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use netsplit_node::{CallId, NodeId, Slot, Time};

/// Something that will happen to a participant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Coming {
    /// A message or parcel arrives.
    Arrival { to: NodeId, from: NodeId, cargo: Freight, sent: u64 },
    /// A timer runs out, if it was not cancelled meanwhile.
    Timer { node: NodeId, order: u64 },
    /// A blocked node goes on, if it is still blocked and in the same life.
    Unblock { node: NodeId, life: u32 },
    /// A caller stops waiting, if it still waits.
    Deadline { caller: NodeId, call: CallId },
    /// The world itself has something to do.
    Job { job: Slot },
}

/// What arrives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Freight {
    /// A message, in the slab of the receiver's cluster.
    Message(Slot),
    /// A request or a response, in the world's slab of parcels.
    Parcel(Slot),
}

/// How many days the calendar has.
const DAYS: u64 = 2048;
/// How many words of 64 bits that is.
const WORDS: usize = DAYS as usize / 64;
/// No event: the end of a day's list.
const NONE: u32 = u32::MAX;
/// After how many new days the length of a day is looked at again.
const DAYS_BETWEEN_TUNINGS: u32 = 16_384;

/// An event's place in the order of events.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    time: u64,
    /// Unique, so that equal times keep the order in which they were scheduled.
    order: u64,
    entry: u32,
}

impl Ord for Key {
    /// One comparison of 128 bits, without a branch in between.
    #[inline]
    fn cmp(&self, other: &Key) -> std::cmp::Ordering {
        let both = |key: &Key| u128::from(key.time) << 64 | u128::from(key.order);
        both(self).cmp(&both(other))
    }
}

impl PartialOrd for Key {
    #[inline]
    fn partial_cmp(&self, other: &Key) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(Clone, Copy)]
struct Entry {
    time: u64,
    order: u64,
    coming: Coming,
    /// The next event of the same day, or the next free entry.
    next: u32,
}

/// A priority queue of events.
///
/// Invariant: `today` holds every event up to and including day `day`, `pages` those of the `DAYS - 1` days after it, `far` the
/// rest.
#[derive(Clone)]
pub(crate) struct Queue {
    entries: Vec<Entry>,
    /// The first free entry.
    free: u32,
    today: BinaryHeap<Reverse<Key>>,
    /// The first event of each day, by the day's number modulo `DAYS`.
    pages: Box<[u32; DAYS as usize]>,
    /// One bit per page: whether it has an event.
    filled: Box<[u64; WORDS]>,
    far: BinaryHeap<Reverse<Key>>,
    day: u64,
    /// A day is 2^`day_bits` nanoseconds long.
    day_bits: u32,
    next_order: u64,
    tuning: Tuning,
}

/// What a new day brings.
enum NewDay {
    /// There is none yet.
    None,
    /// One event, which is taken at once.
    One(u32),
    /// Events that are in `today` now.
    Several,
}

/// What happened since the length of a day was last looked at.
#[derive(Clone, Default)]
struct Tuning {
    days: u32,
    filed: u64,
    from_far: u64,
}

impl Tuning {
    #[inline]
    fn is_due(&self) -> bool {
        self.filed + self.from_far + u64::from(self.days) * 8 >= u64::from(DAYS_BETWEEN_TUNINGS) * 9
    }
}

impl Default for Queue {
    fn default() -> Queue {
        Queue {
            entries: Vec::new(),
            free: NONE,
            today: BinaryHeap::new(),
            pages: Box::new([NONE; DAYS as usize]),
            filled: Box::new([0; WORDS]),
            far: BinaryHeap::new(),
            day: 0,
            day_bits: 9,
            next_order: 0,
            tuning: Tuning::default(),
        }
    }
}

impl Queue {
    /// Schedules `coming`.
    #[inline]
    pub(crate) fn push(&mut self, time: Time, coming: Coming) {
        self.push_with(time, |_| coming);
    }

    /// Schedules something that must know its place in the order of scheduling, which names it; returns that place.
    #[inline]
    pub(crate) fn push_with(&mut self, time: Time, coming: impl FnOnce(u64) -> Coming) -> u64 {
        let order = self.next_order;
        self.next_order += 1;
        let added = Entry { time: time.as_nanos(), order, coming: coming(order), next: NONE };
        let entry = self.free;
        if let Some(place) = self.entries.get_mut(entry as usize) {
            self.free = place.next;
            *place = added;
            self.file(entry, time.as_nanos(), order);
        } else {
            self.entries.push(added);
            self.file(self.entries.len() as u32 - 1, time.as_nanos(), order);
        }
        order
    }

    /// A place in the order of scheduling for something that comes by another way.
    pub(crate) fn reserve(&mut self) -> u64 {
        self.next_order += 1;
        self.next_order - 1
    }

    /// The next event, if it is due at `until` or before.
    #[inline(always)]
    pub(crate) fn pop_until(&mut self, until: Time) -> Option<(Time, Coming)> {
        if self.today.is_empty() {
            match self.turn_page(until.as_nanos()) {
                NewDay::None => return None,
                NewDay::One(entry) => return Some(self.take(entry)),
                NewDay::Several => {}
            }
        }
        let earliest = self.today.peek_mut()?;
        if earliest.0.time > until.as_nanos() {
            return None;
        }
        let Reverse(key) = PeekMut::pop(earliest);
        Some(self.take(key.entry))
    }

    #[inline(always)]
    fn take(&mut self, entry: u32) -> (Time, Coming) {
        let place = &mut self.entries[entry as usize];
        place.next = self.free;
        self.free = entry;
        (Time::from_nanos(place.time), place.coming)
    }

    /// Puts an entry where its time belongs.
    #[inline(always)]
    fn file(&mut self, entry: u32, time: u64, order: u64) {
        let day = time >> self.day_bits;
        if day <= self.day {
            self.today.push(Reverse(Key { time, order, entry }));
        } else if day - self.day < DAYS {
            let page = (day % DAYS) as usize;
            self.entries[entry as usize].next = self.pages[page];
            self.pages[page] = entry;
            self.filled[page / 64] |= 1 << (page % 64);
        } else {
            self.far.push(Reverse(Key { time, order, entry }));
        }
    }

    /// Turns to the next day that has an event, if that day has begun at `until`.
    #[inline]
    fn turn_page(&mut self, until: u64) -> NewDay {
        if self.tuning.is_due() {
            self.tune();
            if !self.today.is_empty() {
                return NewDay::Several;
            }
        }
        let near_day = self.next_filled_day();
        let far_day = self.far.peek().map_or(u64::MAX, |Reverse(key)| key.time >> self.day_bits);
        let day = near_day.min(far_day);
        if day > until >> self.day_bits {
            return NewDay::None;
        }
        self.day = day;
        self.tuning.days += 1;
        if far_day < day + DAYS {
            self.bring_near();
        }
        if near_day > day {
            return NewDay::Several;
        }
        let page = (day % DAYS) as usize;
        let first = std::mem::replace(&mut self.pages[page], NONE);
        self.filled[page / 64] &= !(1 << (page % 64));
        self.tuning.filed += 1;
        let Entry { time, next, .. } = self.entries[first as usize];
        if next == NONE && time <= until && self.today.is_empty() {
            return NewDay::One(first);
        }
        self.open_day(first);
        NewDay::Several
    }

    /// Puts the events of a day's list in order.
    fn open_day(&mut self, first: u32) {
        let mut entry = first;
        while entry != NONE {
            let Entry { time, order, next, .. } = self.entries[entry as usize];
            self.today.push(Reverse(Key { time, order, entry }));
            self.tuning.filed += u64::from(next != NONE);
            entry = next;
        }
    }

    /// Files what the calendar reaches now.
    fn bring_near(&mut self) {
        while let Some(Reverse(key)) = self.far.peek() {
            if (key.time >> self.day_bits) - self.day >= DAYS {
                break;
            }
            let Key { time, order, entry } = *key;
            self.far.pop();
            self.file(entry, time, order);
            self.tuning.from_far += 1;
        }
    }

    /// The first day after today whose page has an event; the last day of all if none has.
    #[inline]
    fn next_filled_day(&self) -> u64 {
        let start = ((self.day + 1) % DAYS) as usize;
        let first = self.filled[start / 64] >> (start % 64);
        if first != 0 {
            return self.day + 1 + u64::from(first.trailing_zeros());
        }
        for step in 1..=WORDS {
            let word = (start / 64 + step) % WORDS;
            if self.filled[word] != 0 {
                let page = word as u64 * 64 + u64::from(self.filled[word].trailing_zeros());
                return self.day + 1 + (page + DAYS - start as u64) % DAYS;
            }
        }
        u64::MAX
    }

    /// Makes days shorter if they are crowded, longer if much of the traffic lies beyond the calendar.
    fn tune(&mut self) {
        let Tuning { days, filed, from_far } = std::mem::take(&mut self.tuning);
        let crowded = filed + from_far >= u64::from(days) * 8;
        let short_sighted = from_far > filed / 4 && filed + from_far < u64::from(days) * 3;
        if crowded && self.day_bits > 0 {
            self.set_day_bits(self.day_bits - 1);
        } else if short_sighted && self.day_bits < 40 {
            self.set_day_bits(self.day_bits + 1);
        }
    }

    fn set_day_bits(&mut self, day_bits: u32) {
        let mut waiting: Vec<u32> =
            self.today.drain().chain(self.far.drain()).map(|Reverse(key)| key.entry).collect();
        for page in self.pages.iter_mut() {
            let mut entry = std::mem::replace(page, NONE);
            while entry != NONE {
                waiting.push(entry);
                entry = self.entries[entry as usize].next;
            }
        }
        self.filled.fill(0);
        let earliest = waiting.iter().map(|&entry| self.entries[entry as usize].time).min();
        self.day_bits = day_bits;
        self.day = earliest.unwrap_or(0) >> day_bits;
        for entry in waiting {
            let Entry { time, order, .. } = self.entries[entry as usize];
            self.file(entry, time, order);
        }
    }

    /// The messages that are under way, for counting.
    pub(crate) fn arrivals(&self) -> usize {
        self.waiting().iter().filter(|(_, coming)| matches!(coming, Coming::Arrival { .. })).count()
    }

    /// Everything that will happen, in its order.
    pub(crate) fn waiting(&self) -> Vec<(Time, Coming)> {
        let mut waiting = vec![true; self.entries.len()];
        let mut free = self.free;
        while free != NONE {
            waiting[free as usize] = false;
            free = self.entries[free as usize].next;
        }
        let waiting = self.entries.iter().zip(waiting).filter(|(_, waits)| *waits);
        let mut waiting: Vec<&Entry> = waiting.map(|(entry, _)| entry).collect();
        waiting.sort_unstable_by_key(|entry| (entry.time, entry.order));
        waiting.iter().map(|entry| (Time::from_nanos(entry.time), entry.coming)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pops_by_time_then_by_order_of_scheduling() {
        // Determinism rests on it: equal times have one order.
        let mut queue = Queue::default();
        for (time, node) in [(2, 0), (1, 1), (2, 2), (1, 3)] {
            queue.push(Time::from_nanos(time), Coming::Unblock { node: NodeId(node), life: 0 });
        }
        let mut popped = Vec::new();
        while let Some((time, Coming::Unblock { node, .. })) = queue.pop_until(Time::MAX) {
            popped.push((time.as_nanos(), node.0));
        }
        assert_eq!(popped, [(1, 1), (1, 3), (2, 0), (2, 2)]);
    }

    #[test]
    fn agrees_with_a_sorted_list() {
        // Whatever is scheduled, however long the pauses and however far the future: by time, then by order of scheduling.
        let mut random = netsplit_node::Random::new(5);
        let (mut queue, mut model) = (Queue::default(), std::collections::BTreeMap::new());
        let mut now = 0;
        for _ in 0..200_000 {
            let far = 1 << random.below(40);
            if random.chance(0.6) {
                let time = now + random.below(far);
                let order = queue.push_with(Time::from_nanos(time), |order| Coming::Unblock {
                    node: NodeId(order as u32),
                    life: 0,
                });
                model.insert((time, order), order as u32);
            } else {
                let until = now + random.below(far);
                let expected = model.first_key_value().filter(|((time, _), _)| *time <= until);
                let expected = expected.map(|((time, order), node)| (*time, *order, *node));
                let popped = queue.pop_until(Time::from_nanos(until));
                let popped = popped.map(|(time, coming)| match coming {
                    Coming::Unblock { node, .. } => (time.as_nanos(), node.0),
                    other => panic!("{other:?} was never scheduled"),
                });
                assert_eq!(popped, expected.map(|(time, _, node)| (time, node)));
                if let Some((time, order, _)) = expected {
                    model.remove(&(time, order));
                    now = time;
                }
            }
        }
        assert!(model.len() > 100, "the comparison never had much to order");
    }

    #[test]
    fn days_follow_the_traffic_and_the_order_stays() {
        // Crowded traffic shortens the days, traffic of the far future lengthens them; what comes out is in order throughout.
        for (events, spread, shorter) in [(20_000, 100_000, true), (64, 100_000_000_000, false)] {
            let mut random = netsplit_node::Random::new(5);
            let mut queue = Queue::default();
            let mut schedule = |queue: &mut Queue, now: u64| {
                let time = Time::from_nanos(now + random.below(spread));
                queue.push_with(time, |order| Coming::Deadline { caller: NodeId(0), call: CallId(order) });
            };
            for _ in 0..events {
                schedule(&mut queue, 0);
            }
            let mut last = (0, 0);
            for _ in 0..DAYS_BETWEEN_TUNINGS * if shorter { 100 } else { 2 } {
                let Some((time, Coming::Deadline { call, .. })) = queue.pop_until(Time::MAX) else { break };
                let popped = (time.as_nanos(), call.0);
                assert!(popped > last, "{popped:?} came after {last:?}");
                last = popped;
                schedule(&mut queue, time.as_nanos());
            }
            assert_eq!(queue.day_bits < Queue::default().day_bits, shorter);
            assert_ne!(queue.day_bits, Queue::default().day_bits);
        }
    }

    #[test]
    fn nothing_is_popped_before_its_time() {
        // A run that ends at a moment leaves later events for the next run.
        let mut queue = Queue::default();
        queue.push(Time::from_nanos(5), Coming::Unblock { node: NodeId(0), life: 0 });
        assert!(queue.pop_until(Time::from_nanos(4)).is_none());
        assert!(queue.pop_until(Time::from_nanos(5)).is_some());
        assert!(queue.pop_until(Time::MAX).is_none());
    }
}

//! A dedup table remembers what was answered to each idempotency key, so that a repeated request gets the answer and not the effect.
//!
//! - **Concept:** Dedup table
//! - **Guarantees:** at most one effect per key (safety) while the key is in progress and, from its answer on, within the retention;
//!   every repetition within it gets the same answer. Never more entries than the capacity.
//! - **Does not guarantee:** a single effect after the retention has passed, after an answer was forgotten for room, or after a crash
//!   that kept the effect and lost the table. At least one effect: that is the caller's part, by retrying.
//! - **Assumes:** table and effect live and die together: both in memory, or both made durable in one atomic write. The owner's clock
//!   does not run ahead by more than the retention exceeds the callers' longest retry; a clock set back only keeps answers longer.
//! - **Source:** draft-ietf-httpapi-idempotency-key-header-07, 2025, sections 2.3 and 2.6; Helland, "Idempotence Is Not a Medical
//!   Condition", ACM Queue 10(4), 2012; Birrell and Nelson, "Implementing Remote Procedure Calls", TOCS 2(1), 1984
//! - **Differs:** the draft answers a repetition of a call in progress with an error (409); here the service decides. No fingerprint of
//!   the request (section 2.4): a key that is used for another request gets the first one's answer.
//! - **Chapter:** 01
//!
//! ```text
//! client   ──charge k──▶╳ answer lost   ──charge k──▶      ──charge k──▶
//!              │        ╱                   │     ▲            │
//! service  ────▼───────▲────────────────────▼─────┘────────────▼──────────
//!            begin(k)  answer(k, r)       begin(k)           begin(k)
//!            = New                        = Answered(r)      = New: the answer has expired, the effect happens again
//!                      └─────── time to live ───────┘
//! ```
//!
//! What a service does with what it learns:
//!
//! | [`Seen`] | the service |
//! |---|---|
//! | `New` | carries the operation out, then calls [`answer`](DedupTable::answer), or [`abandon`](DedupTable::abandon) if it definitely had no effect |
//! | `InProgress` | keeps the call and answers it together with the first, or leaves it unanswered: its caller learns `Unknown` and asks again. It must not refuse: `Fail` would say that the operation will never happen |
//! | `Answered(r)` | replies `r` |
//! | `Full` | refuses: this attempt has no effect |
//!
//! ```
//! use netsplit_algorithms::idempotency::{DedupTable, IdempotencyKey, Retention, Seen, WhenFull};
//! use netsplit_node::{Time, mins, secs};
//!
//! let retention = Retention { time_to_live: mins(10), capacity: 1_000, when_full: WhenFull::RefuseNew };
//! let mut table = DedupTable::new(retention);
//! let key = IdempotencyKey::new("order-17");
//! let start = Time::ZERO;                                                      // in a node: ctx.now()
//!
//! assert_eq!(table.begin(&key, start), Seen::New);                             // so: send the parcel
//! assert_eq!(table.begin(&key, start + secs(1)), Seen::InProgress);            // a retry comes before it is sent
//! table.answer(&key, "parcel 5", start + secs(2));
//! assert_eq!(table.begin(&key, start + secs(3)), Seen::Answered("parcel 5"));  // a retry: no second parcel
//! assert_eq!(table.begin(&key, start + secs(602)), Seen::New);                 // too late: nobody remembers
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use netsplit_node::{Duration, Time};

use crate::idempotency::IdempotencyKey;

/// How long and how much a table remembers. There is no default: what a repetition costs, only the service knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Retention {
    /// How long an answer is kept, counted from the answer by the owner's clock. Must be positive, and should exceed the time from a
    /// caller's first attempt to the arrival of its last.
    // Counted from the answer, not from the first request: an operation that takes long would be forgotten as soon as it is done.
    pub time_to_live: Duration,
    /// The most keys kept at once, those in progress included. At least 1.
    pub capacity: usize,
    /// What gives way when the capacity is reached.
    pub when_full: WhenFull,
}

/// What gives way when a table is full: the promise or the availability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhenFull {
    /// The oldest answer is forgotten. New operations go on; a late retry of the forgotten one takes effect twice.
    ForgetOldest,
    /// New keys are not taken until an answer expires. No double effect; new operations must be refused.
    RefuseNew,
}

/// What a table knows of a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Seen<R> {
    /// Nothing: this request is the first. The key is in progress from now on.
    New,
    /// The first request with this key is not answered yet.
    InProgress,
    /// The operation is done, and this was the answer.
    Answered(R),
    /// Nothing, and there is no room to remember it: the operation must not begin.
    Full,
}

/// What was answered to each key. `R` is the answer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DedupTable<R> {
    retention: Retention,
    /// Invariant: never more than `retention.capacity`.
    entries: BTreeMap<IdempotencyKey, Entry<R>>,
    /// The answered keys by the time of their answer, the oldest first.
    /// Invariant: `(at, key)` is here exactly if `entries[key]` is `Answered { at, .. }`.
    by_age: BTreeSet<(Time, IdempotencyKey)>,
}

/// The state of one key. There is no way back from `Answered` but to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Entry<R> {
    InProgress,
    Answered { at: Time, response: R },
}

impl<R: Clone> DedupTable<R> {
    /// An empty table.
    ///
    /// # Panics
    /// If nothing could be remembered: a time to live that is not positive, or a capacity of 0.
    pub fn new(retention: Retention) -> DedupTable<R> {
        let Retention { time_to_live, capacity, .. } = retention;
        assert!(time_to_live > Duration::ZERO, "time to live {time_to_live}: expected a positive duration");
        assert!(capacity > 0, "capacity 0: expected room for at least one key");
        DedupTable { retention, entries: BTreeMap::new(), by_age: BTreeSet::new() }
    }

    /// A request with `key` arrived: says what is known of it and, if it is new, marks it as in progress.
    // One call and not two (look up, then mark): between them a second request could slip in and begin the operation as well.
    pub fn begin(&mut self, key: &IdempotencyKey, now: Time) -> Seen<R> {
        self.forget_expired(now);
        match self.entries.get(key) {
            Some(Entry::InProgress) => return Seen::InProgress,
            Some(Entry::Answered { response, .. }) => return Seen::Answered(response.clone()),
            None => {}
        }
        if !self.make_room() {
            return Seen::Full;
        }
        self.entries.insert(key.clone(), Entry::InProgress);
        Seen::New
    }

    /// The operation is done: `response` is what every repetition is answered from now on.
    ///
    /// # Panics
    /// If `key` is not in progress: it was not begun, or it was answered or abandoned before.
    pub fn answer(&mut self, key: &IdempotencyKey, response: R, now: Time) {
        self.end(key, "answered");
        self.by_age.insert((now, key.clone()));
        self.entries.insert(key.clone(), Entry::Answered { at: now, response });
    }

    /// The operation definitely had no effect and never will: its next request is new. Not for an outcome that is `Unknown`: what may
    /// have happened must stay in progress until somebody finds out, or a repetition does it again.
    ///
    /// # Panics
    /// If `key` is not in progress: it was not begun, or it was answered or abandoned before.
    pub fn abandon(&mut self, key: &IdempotencyKey) {
        self.end(key, "abandoned");
    }

    fn end(&mut self, key: &IdempotencyKey, how: &str) {
        let ended = self.entries.remove(key);
        assert!(
            matches!(ended, Some(Entry::InProgress)),
            "key {key} is {how} but is not in progress: expected begin(..) to have said New, and one end for each"
        );
    }

    /// Forgets the answers whose time to live has passed.
    fn forget_expired(&mut self, now: Time) {
        while self.by_age.first().is_some_and(|&(at, _)| at + self.retention.time_to_live <= now) {
            self.forget_oldest();
        }
    }

    /// Whether one more key may be taken; forgets an answer for it if that is what the retention says.
    // A key in progress is never forgotten, whatever the retention says: its operation is about to happen.
    fn make_room(&mut self) -> bool {
        let full = self.entries.len() >= self.retention.capacity;
        match self.retention.when_full {
            _ if !full => true,
            WhenFull::ForgetOldest => self.forget_oldest(),
            WhenFull::RefuseNew => false,
        }
    }

    /// Forgets the oldest answer; says whether there was one.
    fn forget_oldest(&mut self) -> bool {
        let Some((_, key)) = self.by_age.pop_first() else { return false };
        self.entries.remove(&key);
        true
    }
}

impl<R> DedupTable<R> {
    /// How long and how much this table remembers.
    pub fn retention(&self) -> Retention {
        self.retention
    }

    /// How many keys are kept, in progress or answered. Expired answers count until the next [`begin`](DedupTable::begin).
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no key is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The keys in their order, with their answers; nothing for a key in progress.
    pub fn iter(&self) -> impl Iterator<Item = (&IdempotencyKey, Option<&R>)> {
        self.entries.iter().map(|(key, entry)| match entry {
            Entry::InProgress => (key, None),
            Entry::Answered { response, .. } => (key, Some(response)),
        })
    }
}

// Only what is remembered: diagrams show it at the foot of a service's line, where there is no room for how it is kept.
impl<R: fmt::Debug> fmt::Debug for DedupTable<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (key, answer) in self.iter() {
            match answer {
                Some(response) => map.entry(key, response),
                None => map.entry(key, &format_args!("in progress")),
            };
        }
        map.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::{Random, ms, secs};

    const TIME_TO_LIVE: Duration = secs(10);

    fn table(capacity: usize, when_full: WhenFull) -> DedupTable<u32> {
        DedupTable::new(Retention { time_to_live: TIME_TO_LIVE, capacity, when_full })
    }

    fn key(name: &str) -> IdempotencyKey {
        IdempotencyKey::new(name)
    }

    fn at(seconds: i64) -> Time {
        Time::ZERO + secs(seconds)
    }

    #[test]
    fn a_repetition_gets_the_first_answer() {
        // Not a new one, and no effect: the whole point.
        let mut table = table(8, WhenFull::RefuseNew);
        assert_eq!(table.begin(&key("a"), at(0)), Seen::New);
        table.answer(&key("a"), 1, at(1));
        assert_eq!(table.begin(&key("a"), at(2)), Seen::Answered(1));
        assert_eq!(table.begin(&key("b"), at(2)), Seen::New);
    }

    #[test]
    fn a_repetition_that_overtakes_the_answer_is_in_progress() {
        // However long the operation takes: a key in progress does not expire, or its effect would happen twice.
        let mut table = table(1, WhenFull::ForgetOldest);
        table.begin(&key("slow"), at(0));
        assert_eq!(table.begin(&key("slow"), at(1_000)), Seen::InProgress);
        assert_eq!(table.begin(&key("other"), at(1_000)), Seen::Full);
        table.answer(&key("slow"), 1, at(1_001));
        assert_eq!(table.begin(&key("slow"), at(1_002)), Seen::Answered(1));
    }

    #[test]
    fn an_answer_lives_exactly_its_time_to_live() {
        // Counted from the answer at 5 s, by the owner's clock; at the very end it is gone.
        let mut table = table(8, WhenFull::RefuseNew);
        table.begin(&key("a"), at(0));
        table.answer(&key("a"), 1, at(5));
        assert_eq!(table.begin(&key("a"), at(15) - ms(1)), Seen::Answered(1));
        assert_eq!(table.begin(&key("a"), at(15)), Seen::New);
    }

    #[test]
    fn a_clock_set_back_keeps_answers_longer() {
        // The safe side: no double effect because the owner's clock was corrected.
        let mut table = table(8, WhenFull::RefuseNew);
        table.begin(&key("a"), at(100));
        table.answer(&key("a"), 1, at(100));
        assert_eq!(table.begin(&key("a"), at(3)), Seen::Answered(1));
        assert_eq!(table.begin(&key("a"), at(109)), Seen::Answered(1));
    }

    #[test]
    fn a_full_table_gives_up_the_promise_or_the_availability() {
        // The two choices on the same requests: the oldest answer goes, or the newcomer must.
        for (when_full, newcomer, oldest) in [
            (WhenFull::ForgetOldest, Seen::New, Seen::New),
            (WhenFull::RefuseNew, Seen::Full, Seen::Answered(1)),
        ] {
            let mut table = table(2, when_full);
            for (name, answer) in [("z oldest", 1), ("a newer", 2)] {
                table.begin(&key(name), at(answer.into()));
                table.answer(&key(name), answer, at(answer.into()));
            }
            assert_eq!(table.begin(&key("newcomer"), at(3)), newcomer, "{when_full:?}");
            assert_eq!(table.begin(&key("z oldest"), at(4)), oldest, "{when_full:?}");
            assert_eq!(table.len(), 2);
        }
    }

    #[test]
    fn room_comes_back_when_answers_expire() {
        // A table that refuses does not refuse for ever.
        let mut table = table(1, WhenFull::RefuseNew);
        table.begin(&key("a"), at(0));
        table.answer(&key("a"), 1, at(0));
        assert_eq!(table.begin(&key("b"), at(9)), Seen::Full);
        assert_eq!(table.begin(&key("b"), at(10)), Seen::New);
    }

    #[test]
    fn an_abandoned_operation_may_begin_again() {
        // It had no effect, so its repetition is the first that has.
        let mut table = table(1, WhenFull::RefuseNew);
        table.begin(&key("a"), at(0));
        table.abandon(&key("a"));
        assert!(table.is_empty());
        assert_eq!(table.begin(&key("a"), at(1)), Seen::New);
    }

    #[test]
    #[should_panic(expected = "key a is answered but is not in progress")]
    fn an_answer_without_a_beginning_is_a_bug_of_the_owner() {
        // An effect took place that no table allowed.
        table(1, WhenFull::RefuseNew).answer(&key("a"), 1, at(0));
    }

    #[test]
    fn a_table_shows_what_it_remembers() {
        // And not how: a diagram has room for a line or two.
        let mut table = table(8, WhenFull::RefuseNew);
        table.begin(&key("b"), at(0));
        table.begin(&key("a"), at(0));
        table.answer(&key("b"), 2, at(1));
        assert_eq!(format!("{table:?}"), "{a: in progress, b: 2}");
    }

    #[test]
    fn keys_are_walked_in_their_order() {
        // What is saved or shown is the same on every machine, whatever the order of arrival.
        let mut table = table(8, WhenFull::RefuseNew);
        for name in ["c", "a", "b"] {
            table.begin(&key(name), at(0));
        }
        table.answer(&key("b"), 2, at(1));
        let walked: Vec<(&str, Option<&u32>)> =
            table.iter().map(|(key, answer)| (key.as_str(), answer)).collect();
        assert_eq!(walked, [("a", None), ("b", Some(&2)), ("c", None)]);
    }

    #[test]
    fn at_most_one_effect_per_key_within_the_retention() {
        // Random requests, answers, failures and clock steps against a judge that remembers everything: for every key the last time it
        // began, and when it ended. An answer may be forgotten once the clock, which is set back at times, has shown its end.
        enum Last {
            Running,
            Answered { at: Time, answer: u32 },
        }
        let (mut begun, mut repeated, mut refused) = (0, 0, 0);
        for seed in 0..300 {
            let mut random = Random::new(seed);
            let capacity = 1 + random.below(4) as usize;
            let mut table = table(capacity, WhenFull::RefuseNew);
            let mut judge: BTreeMap<IdempotencyKey, Last> = BTreeMap::new();
            let (mut now, mut latest) = (at(100), at(100));
            for answer in 0..200 {
                now += random.between(-ms(100), secs(2));
                latest = latest.max(now);
                let key = key(["a", "b", "c", "d", "e", "f"][random.below(6) as usize]);
                match table.begin(&key, now) {
                    Seen::New => {
                        begun += 1;
                        let allowed = match judge.insert(key, Last::Running) {
                            None => true,
                            Some(Last::Running) => false,
                            Some(Last::Answered { at, .. }) => at + TIME_TO_LIVE <= latest,
                        };
                        assert!(allowed, "seed {seed}: a second effect at {now}");
                    }
                    Seen::InProgress if random.chance(0.2) => {
                        table.abandon(&key);
                        judge.remove(&key);
                    }
                    Seen::InProgress => {
                        table.answer(&key, answer, now);
                        judge.insert(key, Last::Answered { at: now, answer });
                    }
                    Seen::Answered(told) => {
                        repeated += 1;
                        let first = judge.get(&key);
                        assert!(
                            matches!(first, Some(Last::Answered { answer, .. }) if *answer == told),
                            "seed {seed}"
                        );
                    }
                    Seen::Full => {
                        refused += 1;
                        assert_eq!(table.len(), capacity, "seed {seed}: refused with room to spare");
                    }
                }
                assert!(table.len() <= capacity, "seed {seed}");
            }
        }
        assert!(begun > 1_000 && repeated > 1_000 && refused > 1_000, "{begun} {repeated} {refused}");
    }
}

//! Checking that a run is what its seed and its actions make it: running it again, and finding the first event that differs.

use std::fmt;

use netsplit_node::trace::{EventId, TraceHash};
use netsplit_node::{Time, Trace};

use crate::action::Moment;
use crate::run::{Replaying, Stopped};
use crate::world::World;

/// What a second run of a laboratory showed.
#[derive(Clone, PartialEq)]
pub struct Replay {
    /// The seed.
    pub seed: u64,
    /// How many events there were.
    pub events: u64,
    /// The hash of the first run.
    pub hash: TraceHash,
    /// Where the second run went another way; nothing if it did not.
    pub difference: Option<Difference>,
}

/// The first event that was not the same again.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Its number.
    pub event: EventId,
    /// When it happened.
    pub time: Time,
    /// What happened the one time, in words.
    pub once: String,
    /// What happened the other time, in words.
    pub again: String,
    /// What is the likely cause.
    pub cause: Cause,
}

/// Why two runs of one seed differ: the nodes use something that is not their context's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The same things in another order: a hash map or hash set was iterated.
    HashOrder,
    /// A number that looks like the time of day.
    RealClock,
    /// A number that differs without a pattern: a random number of their own, an address of memory.
    OwnRandomness,
    /// Two new runs agree with each other and not with the first one: something outside of the nodes changed in between (a static, a file,
    /// the seed of something).
    ChangedOutside,
}

impl Replay {
    /// Whether the second run was the same.
    pub fn holds(&self) -> bool {
        self.difference.is_none()
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cause::HashOrder => {
                "the same things in another order: a hash map or a hash set is iterated; a BTreeMap or a BTreeSet has one order"
            }
            Cause::RealClock => "a number near the time of day: the machine's clock is read; ctx.now() is the node's own",
            Cause::OwnRandomness => {
                "a value without a pattern: a random number that is not the context's, or an address; ctx.random() follows the seed"
            }
            Cause::ChangedOutside => {
                "two new runs agree, and differ from the first: something outside of the nodes has changed, such as a static or a file"
            }
        })
    }
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Replay { seed, events, hash, .. } = self;
        match &self.difference {
            None => write!(f, "replayed: the same {events} events, trace {hash}, seed {seed}"),
            Some(Difference { event, time, once, again, cause }) => write!(
                f,
                "the replay of seed {seed} differs from event {} on, at {time}\n  once:  {once}\n  again: {again}\n  likely cause: {cause}",
                event.0
            ),
        }
    }
}

/// The same: a notebook shows it as its sentences.
impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// How many events of each run are kept for their words while two runs are compared step by step.
const KEPT: usize = 10_000;

impl World {
    /// Runs everything again, and says where it differs.
    pub(crate) fn verify_replay(&mut self) -> Result<Replay, Stopped> {
        let end = Moment::Events(self.handled());
        let mut again = self.replayed(end)?;
        let (one, other) = (self.trace(), again.trace());
        let mut difference = first_difference(&one, &other);
        let from_the_start =
            difference.as_ref().is_some_and(|it| Some(it.event) == one.events.first().map(|e| e.id));
        let unseen = self.recorder.omitted() > 0 && (difference.is_none() || from_the_start);
        if unseen {
            // What differs first may not have been kept: two new runs, step by step.
            difference = self.compare_new_runs()?.or(difference);
        }
        if self.recorder.hash() != again.recorder.hash() {
            difference = Some(difference.unwrap_or_else(|| Difference {
                event: one.events.first().map_or(EventId(self.recorder.events()), |event| event.id),
                time: one.events.first().map_or(self.now, |event| event.time),
                once: "an event that was not kept".to_owned(),
                again: "another one".to_owned(),
                cause: Cause::ChangedOutside,
            }));
        }
        let (seed, events, hash) = (self.seed, self.recorder.events(), self.recorder.hash());
        Ok(Replay { seed, events, hash, difference })
    }

    /// Two new runs beside each other, until their traces differ.
    fn compare_new_runs(&self) -> Result<Option<Difference>, Stopped> {
        let mut runs = [(); 2].map(|()| World::new(self.seed, KEPT));
        let (mut compared, mut replaying) = (0, Replaying::new(self.handled()));
        let mut actions = self.log.iter().peekable();
        for handled in 0..=self.handled() {
            for run in &mut runs {
                run.run_events(handled, &mut replaying)?;
            }
            while let Some(logged) = actions.next_if(|logged| logged.handled == handled) {
                for run in &mut runs {
                    run.now = logged.now;
                    let _ = run.act(logged.action.clone());
                }
            }
            // Times and receivers are in the hash; what is said is not.
            let [one, other] = &mut runs;
            let same_hash = one.recorder.hash() == other.recorder.hash();
            if !same_hash || one.events_since(compared) != other.events_since(compared) {
                return Ok(first_difference(&one.trace(), &other.trace()));
            }
            compared = one.recorder.events();
        }
        Ok(None)
    }
}

/// The first of the events that both have in which they differ.
fn first_difference(one: &Trace, other: &Trace) -> Option<Difference> {
    let first = one.events.first()?.id.max(other.events.first()?.id);
    let from = |trace: &Trace| trace.events.partition_point(|event| event.id < first);
    let (here, there) = (&one.events[from(one)..], &other.events[from(other)..]);
    let sentences = |trace: &Trace, events: &[netsplit_node::trace::Event]| -> Vec<String> {
        events.iter().take(32).map(|event| format!("{} {}", event.time, trace.sentence(event))).collect()
    };
    for index in 0..here.len().max(there.len()) {
        let words = |trace: &Trace, events: &[netsplit_node::trace::Event]| match events.get(index) {
            Some(event) => (Some(event.time), trace.sentence(event)),
            None => (None, "nothing".to_owned()),
        };
        let (once, again) = (words(one, here), words(other, there));
        if once != again {
            let rest = |events: &[netsplit_node::trace::Event]| events[index.min(events.len())..].to_vec();
            let (mut following, mut following_again) =
                (sentences(one, &rest(here)), sentences(other, &rest(there)));
            following.sort_unstable();
            following_again.sort_unstable();
            let event = here.get(index).or(there.get(index))?;
            let cause = likely_cause(&once.1, &again.1, following == following_again);
            return Some(Difference {
                event: event.id,
                time: event.time,
                once: once.1,
                again: again.1,
                cause,
            });
        }
    }
    None
}

/// What two tellings of one event point to.
fn likely_cause(once: &str, again: &str, same_set_of_events: bool) -> Cause {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    if once != again && (same_set_of_events || sorted(once) == sorted(again)) {
        return Cause::HashOrder;
    }
    let numbers = |text: &str| -> Vec<f64> {
        let words = text.split(|c: char| !c.is_ascii_digit());
        words.filter_map(|word| word.parse().ok()).collect()
    };
    let is_time_of_day = |(once, again): (&f64, &f64)| {
        // Since 1970, in seconds to nanoseconds: after 2001, and the two less than a day apart.
        let day =
            |unit: f64| (1e9 * unit..1e10 * unit).contains(once) && (once - again).abs() < 86_400.0 * unit;
        once != again && [1.0, 1e3, 1e6, 1e9].into_iter().any(day)
    };
    if numbers(once).iter().zip(&numbers(again)).any(is_time_of_day) {
        return Cause::RealClock;
    }
    // Two runs of the same order in which only the sequence of two receivers differs look like this as well.
    let receivers = |text: &str| text.split(": ").next().map(str::to_owned);
    let (head, head_again) = (receivers(once), receivers(again));
    if head != head_again && once.contains(" sends ") && again.contains(" sends ") {
        return Cause::HashOrder;
    }
    Cause::OwnRandomness
}

//! Snowflake ids are numbers of 64 bits that many workers give out without asking each other, unique and roughly in the order of time.
//!
//! - **Concept:** Snowflake id
//! - **Guarantees:** uniqueness (safety), as long as no worker's clock goes back, or the generator is told what to do when it does. Of one worker,
//!   increasing ids; of several, ids in the order of their clocks' milliseconds.
//! - **Does not guarantee:** that ids are in the order in which they were given out, or without gaps. Uniqueness over a restart with a clock that
//!   has gone back meanwhile, unless the last id is [taken up again](Snowflakes::resume). That nobody can guess an id.
//! - **Assumes:** no two workers have one number. Fewer than 4096 ids for a worker and millisecond; 69 years from the epoch on.
//! - **Source:** Twitter, "Announcing Snowflake", 2010, and its code `IdWorker.scala` (`nextId`, `tilNextMillis`), which refuses while the clock is behind
//! - **Differs:** the original's worker number is two of 5 bits, for a data centre and a machine. It waits for the next millisecond where we return an error;
//!   who waits is the caller's choice.
//! - **Chapter:** 06
//!
//! ```text
//!  0 | 41 bits: milliseconds since the epoch       | 10 bits: worker | 12 bits: sequence
//!      └ 2^41 ms = 69.7 years                        └ 1024            └ 4096 each millisecond
//! ```
//!
//! A clock that is set back gives the same milliseconds again, and with them the same ids:
//!
//! ```
//! use netsplit_algorithms::clocks::snowflake::{Config, Snowflakes, WhenClockGoesBack};
//! use netsplit_node::{Time, ms};
//!
//! let config = Config { epoch: Time::ZERO, worker: 7, when_clock_goes_back: WhenClockGoesBack::Trust };
//! let at = |time| Time::ZERO + ms(time);
//! let mut trusting = Snowflakes::new(config);
//! let first = trusting.next(at(1_000));
//! trusting.next(at(2_000)).unwrap();
//! assert_eq!(trusting.next(at(1_000)), first);                     // the clock was set back by a second: a duplicate
//!
//! let mut careful = Snowflakes::new(Config { when_clock_goes_back: WhenClockGoesBack::Refuse, ..config });
//! careful.next(at(2_000)).unwrap();
//! assert!(careful.next(at(1_000)).is_err());
//! ```

use std::fmt;

use netsplit_node::{Duration, Time, ms};

/// Bits of an id for the worker.
const WORKER_BITS: u32 = 10;
/// Bits of an id for the number within a millisecond.
const SEQUENCE_BITS: u32 = 12;

/// What a worker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// From when milliseconds are counted.
    pub epoch: Time,
    /// The worker's number, below 1024. No other worker may have it.
    pub worker: u16,
    /// What to do while the clock is behind the last id.
    pub when_clock_goes_back: WhenClockGoesBack,
}

/// What to do while the clock is behind the last id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhenClockGoesBack {
    /// Believe the clock: ids are given twice.
    Trust,
    /// Give none until the clock has caught up, as the original does.
    Refuse,
    /// Go on from the last id's millisecond, as a hybrid logical clock does: ids stay ahead of the clock until it has caught up.
    StayAhead,
}

/// An id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnowflakeId(pub u64);

/// Why there is no id now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoId {
    /// The clock shows a time before that of the last id.
    ClockWentBack {
        /// How far.
        by: Duration,
    },
    /// All 4096 of this millisecond are given out.
    Exhausted,
    /// The clock shows a time before the epoch, or 69 years after it.
    OutOfRange,
}

/// A worker's generator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Snowflakes {
    config: Config,
    /// Invariant, unless the clock is trusted: greater than every id before it.
    last: Option<SnowflakeId>,
}

impl Snowflakes {
    /// A generator that has given out nothing.
    ///
    /// # Panics
    /// If the worker's number does not fit.
    pub fn new(config: Config) -> Snowflakes {
        let most = (1 << WORKER_BITS) - 1;
        assert!(
            config.worker <= most,
            "worker {}: expected at most {most}, in {WORKER_BITS} bits",
            config.worker
        );
        Snowflakes { config, last: None }
    }

    /// A generator that goes on after `last`, which a disk kept.
    pub fn resume(config: Config, last: SnowflakeId) -> Snowflakes {
        Snowflakes { last: Some(last), ..Snowflakes::new(config) }
    }

    /// The next id at a node whose clock shows `now`.
    pub fn next(&mut self, now: Time) -> Result<SnowflakeId, NoId> {
        let clock = (now - self.config.epoch).as_nanos().div_euclid(ms(1).as_nanos());
        let clock = u64::try_from(clock).map_err(|_| NoId::OutOfRange)?;
        let last = self.last.map_or(0, SnowflakeId::millisecond);
        let behind = self.last.is_some() && clock < last;
        let millisecond = match self.config.when_clock_goes_back {
            WhenClockGoesBack::Refuse if behind => {
                return Err(NoId::ClockWentBack { by: ms((last - clock) as i64) });
            }
            WhenClockGoesBack::StayAhead => clock.max(last),
            WhenClockGoesBack::Trust | WhenClockGoesBack::Refuse => clock,
        };
        let id = match self.last {
            Some(last) if last.millisecond() == millisecond => self.in_the_same_millisecond(last)?,
            _ => self.first_of(millisecond)?,
        };
        self.last = Some(id);
        Ok(id)
    }

    fn in_the_same_millisecond(&self, last: SnowflakeId) -> Result<SnowflakeId, NoId> {
        if u64::from(last.sequence()) + 1 < 1 << SEQUENCE_BITS {
            return Ok(SnowflakeId(last.0 + 1));
        }
        match self.config.when_clock_goes_back {
            WhenClockGoesBack::StayAhead => self.first_of(last.millisecond() + 1),
            WhenClockGoesBack::Trust | WhenClockGoesBack::Refuse => Err(NoId::Exhausted),
        }
    }

    fn first_of(&self, millisecond: u64) -> Result<SnowflakeId, NoId> {
        if millisecond >= 1 << (63 - WORKER_BITS - SEQUENCE_BITS) {
            return Err(NoId::OutOfRange);
        }
        Ok(SnowflakeId((millisecond << WORKER_BITS | u64::from(self.config.worker)) << SEQUENCE_BITS))
    }
}

impl SnowflakeId {
    /// The millisecond since the epoch.
    pub fn millisecond(self) -> u64 {
        self.0 >> (WORKER_BITS + SEQUENCE_BITS)
    }

    /// Who gave it out.
    pub fn worker(self) -> u16 {
        (self.0 >> SEQUENCE_BITS) as u16 & ((1 << WORKER_BITS) - 1)
    }

    /// Its number within the millisecond.
    pub fn sequence(self) -> u16 {
        self.0 as u16 & ((1 << SEQUENCE_BITS) - 1)
    }
}

/// "1000ms w7 #3": what the bits say.
impl fmt::Debug for SnowflakeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms w{} #{}", self.millisecond(), self.worker(), self.sequence())
    }
}

/// The number, as it is stored and sent.
impl fmt::Display for SnowflakeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for NoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoId::ClockWentBack { by } => {
                write!(f, "the clock is {by} behind the last id: ask again when it has caught up")
            }
            NoId::Exhausted => {
                write!(f, "all 4096 ids of this millisecond are given out: ask again in the next")
            }
            NoId::OutOfRange => {
                write!(
                    f,
                    "the clock shows a time that does not fit: expected one in the 69 years after the epoch"
                )
            }
        }
    }
}

impl std::error::Error for NoId {}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::{Random, hours, secs, us};
    use std::collections::BTreeSet;

    const CONFIG: Config =
        Config { epoch: Time::ZERO, worker: 5, when_clock_goes_back: WhenClockGoesBack::Refuse };

    fn at(millis: i64) -> Time {
        Time::ZERO + ms(millis)
    }

    #[test]
    fn the_bits_lie_where_the_picture_says() {
        // 41, 10 and 12 of them, below a sign bit that is never set.
        let mut ids = Snowflakes::new(CONFIG);
        let id = ids.next(at(1_000)).unwrap();
        assert_eq!(id.0, 1_000 << 22 | 5 << 12);
        let next = ids.next(at(1_000)).unwrap();
        assert_eq!((next.0, format!("{next:?}")), (id.0 + 1, "1000ms w5 #1".into()));
        let end = ms(1 << 41);
        assert!(ids.next(Time::ZERO + end - ms(1)).unwrap().0 < 1 << 63);
        assert_eq!(ids.next(Time::ZERO + end), Err(NoId::OutOfRange));
        assert_eq!(end / hours(24 * 365).as_nanos(), netsplit_node::ns(69), "years");
    }

    #[test]
    fn a_millisecond_has_4096_ids() {
        // The next one is an error, or, where ids may be ahead, of the next millisecond.
        for (policy, after) in [
            (WhenClockGoesBack::Refuse, Err(NoId::Exhausted)),
            (WhenClockGoesBack::StayAhead, Ok(SnowflakeId(8 << 22 | 5 << 12))),
        ] {
            let mut ids = Snowflakes::new(Config { when_clock_goes_back: policy, ..CONFIG });
            let given: BTreeSet<SnowflakeId> = (0..4096).map(|_| ids.next(at(7)).unwrap()).collect();
            assert_eq!((given.len(), ids.next(at(7))), (4096, after));
        }
    }

    #[test]
    fn a_clock_that_is_set_back_makes_duplicates_unless_somebody_cares() {
        // Random steps of the clock: the trusting generator repeats itself, the other two never do, and their ids only grow.
        use WhenClockGoesBack::{Refuse, StayAhead, Trust};
        let mut outcomes = Vec::new();
        for policy in [Trust, Refuse, StayAhead] {
            let (mut duplicates, mut refused) = (0, 0);
            for seed in 0..50 {
                let mut random = Random::new(seed);
                let mut ids = Snowflakes::new(Config { when_clock_goes_back: policy, ..CONFIG });
                let (mut clock, mut given) = (at(10_000), BTreeSet::new());
                for _ in 0..500 {
                    let step = random.chance(0.02).then(|| random.between(-secs(1), secs(1)));
                    clock += step.unwrap_or_default() + us(300);
                    match ids.next(clock) {
                        Ok(id) if policy == Trust => duplicates += usize::from(!given.insert(id)),
                        Ok(id) => {
                            assert!(given.last().is_none_or(|&last| last < id), "seed {seed}: {id:?}");
                            given.insert(id);
                        }
                        Err(NoId::ClockWentBack { .. }) => refused += 1,
                        Err(other) => panic!("seed {seed}: {other}"),
                    }
                }
            }
            outcomes.push((duplicates > 0, refused > 0));
        }
        assert_eq!(outcomes, [(true, false), (false, true), (false, false)]);
    }

    #[test]
    fn a_restart_with_the_last_id_does_not_repeat_it() {
        // The clock has gone back while the worker was down: without its past it gives the same ids again.
        let mut ids = Snowflakes::new(CONFIG);
        let last = ids.next(at(2_000)).unwrap();
        assert_eq!(Snowflakes::new(CONFIG).next(at(2_000)), Ok(last), "a duplicate");
        let refused = Snowflakes::resume(CONFIG, last).next(at(1_999));
        assert_eq!(refused, Err(NoId::ClockWentBack { by: ms(1) }));
        assert_eq!(Snowflakes::resume(CONFIG, last).next(at(2_000)), Ok(SnowflakeId(last.0 + 1)));
    }
}

//! Clocks: what a node believes the time to be.
//!
//! A clock is an oscillator (which may run fast or slow) and what was ever added to its count (steps, corrections). Timers run by the
//! oscillator, so no step makes them fire early; [`Context::now`](netsplit_node::Context::now) shows both together. A clock may be *disciplined*:
//! from time to time it learns how far it is off, with an error, and corrects itself as `ntpd` does: by running up to 500 ppm
//! faster or slower, or by a step if it is off by more than 128 ms (RFC 5905, sections 11.3 and 12; Mills, "Improved algorithms for
//! synchronizing computer network clocks", 1995). Between two polls its claimed uncertainty grows by 200 µs a second, as TrueTime's
//! does (Corbett and others, "Spanner", 2012, section 3). Not modelled: temperature, several servers and the selection among them.

use netsplit_node::{Duration, Random, Time, ns, secs};

/// A disciplined clock steps if it is off by more than this, and slews otherwise.
const STEP_THRESHOLD: Duration = netsplit_node::ms(128);
/// How much faster or slower a clock may be made, in parts per billion.
const MOST_SLEW: i64 = 500_000;
/// What a disciplined clock assumes of its oscillator, in parts per billion.
const ASSUMED_DRIFT: i64 = 200_000;

/// How a clock is kept right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discipline {
    /// How often it learns how far it is off.
    pub poll: Duration,
    /// What it learns is wrong by up to so much, each error equally likely: half the round trip to its server bounds it.
    pub error: Duration,
}

/// A node's clock. Nodes without one have the world's.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// The true time up to which everything below is counted.
    at: Time,
    /// What the clock showed then, since the beginning: a clock that was set back before it is there shows [`Time::ZERO`] until it is.
    shown: Duration,
    /// What the oscillator had counted then.
    counted: Time,
    /// How much too fast the oscillator runs, in parts per billion.
    drift: i64,
    /// How much faster the clock is made to run at the moment, and until when.
    slew: i64,
    slew_until: Time,
    frozen: bool,
    /// How far its time servers are ahead of the true time.
    pub(crate) server_error: Duration,
    discipline: Option<Discipline>,
    /// Tells polls of a former discipline from those of this one.
    pub(crate) poll_number: u32,
    last_poll: Time,
    /// How far off it believed to be after the last poll.
    residual: Duration,
}

impl Clock {
    pub(crate) fn new(now: Time) -> Clock {
        Clock {
            at: now,
            shown: now - Time::ZERO,
            counted: now,
            drift: 0,
            slew: 0,
            slew_until: Time::ZERO,
            frozen: false,
            server_error: Duration::ZERO,
            discipline: None,
            poll_number: 0,
            last_poll: now,
            residual: Duration::ZERO,
        }
    }

    /// What the clock shows at the true time `now`.
    pub(crate) fn read(&self, now: Time) -> Time {
        Time::ZERO + self.since_zero(now)
    }

    /// The same as a signed number, since a clock may be behind the first time of all.
    fn since_zero(&self, now: Time) -> Duration {
        if self.frozen {
            return self.shown;
        }
        let elapsed = now - self.at;
        let slewed = (self.slew_until.min(now) - self.at).max(Duration::ZERO);
        self.shown + elapsed + parts(elapsed, self.drift) + parts(slewed, self.slew)
    }

    /// What the oscillator has counted at the true time `now`.
    pub(crate) fn monotonic(&self, now: Time) -> Time {
        let elapsed = now - self.at;
        self.counted + elapsed + parts(elapsed, self.drift)
    }

    /// How long the oscillator takes to count `time`.
    pub(crate) fn true_time(&self, time: Duration) -> Duration {
        let true_time = i128::from(time.as_nanos()) * 1_000_000_000 / i128::from(1_000_000_000 + self.drift);
        ns(true_time.clamp(0, i128::from(i64::MAX)) as i64)
    }

    /// How far off the clock may be at the true time `now`, as far as it knows.
    pub(crate) fn uncertainty(&self, now: Time) -> Duration {
        let Some(discipline) = self.discipline else { return Duration::ZERO };
        let residual = ns(self.residual.as_nanos().abs());
        discipline.error + residual + parts(now - self.last_poll, ASSUMED_DRIFT)
    }

    /// Counts everything up to `now`, so that what changes from here on does not change what was.
    fn settle(&mut self, now: Time) {
        (self.shown, self.counted) = (self.since_zero(now), self.monotonic(now));
        self.at = now;
    }

    /// Sets the clock forward, or back if `by` is negative.
    pub(crate) fn step(&mut self, now: Time, by: Duration) {
        self.settle(now);
        self.shown = self.shown + by;
    }

    pub(crate) fn set_drift(&mut self, now: Time, ppb: i64) {
        self.settle(now);
        self.drift = ppb;
    }

    pub(crate) fn freeze(&mut self, now: Time, frozen: bool) {
        self.settle(now);
        self.frozen = frozen;
    }

    /// A second is inserted: the clock goes back by one, at once or by running slow over the time of the smear.
    pub(crate) fn insert_second(&mut self, now: Time, smear: Duration) {
        if smear <= Duration::ZERO {
            return self.step(now, -secs(1));
        }
        self.settle(now);
        self.slew = -(1_000_000_000i128 * 1_000_000_000 / i128::from(smear.as_nanos())) as i64;
        self.slew_until = now + smear;
    }

    /// Disciplines the clock from now on, or no longer. Returns the number of the polls that count, and when the first is.
    pub(crate) fn set_discipline(&mut self, now: Time, discipline: Option<Discipline>) -> u32 {
        self.settle(now);
        self.discipline = discipline;
        self.poll_number += 1;
        self.poll_number
    }

    /// The clock learns how far it is off, and begins to correct itself. Returns when it does so again.
    pub(crate) fn poll(&mut self, now: Time, random: &mut Random) -> Option<Time> {
        let discipline = self.discipline?;
        self.settle(now);
        let error = random.between(-discipline.error, discipline.error);
        // What a server shows is a time, and none is before the first.
        let offset = (now + self.server_error + error - Time::ZERO) - self.shown;
        self.last_poll = now;
        if offset > STEP_THRESHOLD || offset < -STEP_THRESHOLD {
            self.shown = self.shown + offset;
            (self.slew, self.residual) = (0, Duration::ZERO);
        } else {
            let needed =
                i128::from(offset.as_nanos()) * 1_000_000_000 / i128::from(discipline.poll.as_nanos().max(1));
            self.slew = (needed as i64).clamp(-MOST_SLEW, MOST_SLEW);
            self.slew_until = now + discipline.poll;
            self.residual = offset;
        }
        Some(now + discipline.poll)
    }
}

/// So many parts per billion of `time`.
fn parts(time: Duration, ppb: i64) -> Duration {
    ns((i128::from(time.as_nanos()) * i128::from(ppb) / 1_000_000_000) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::{Interval, hours, ms, us};

    /// The times that the clock holds possible.
    fn interval(clock: &Clock, now: Time) -> Interval {
        Interval::around(clock.read(now), clock.uncertainty(now))
    }

    fn at(seconds: i64) -> Time {
        Time::ZERO + secs(seconds)
    }

    #[test]
    fn drift_steps_and_freezes_add_up() {
        // 100 ppm gain 100 µs a second; a step is on top; a frozen clock is behind by the time it stood; the oscillator knows no steps.
        let mut clock = Clock::new(at(0));
        clock.set_drift(at(0), 100_000);
        assert_eq!(clock.read(at(10)), at(10) + ms(1));
        clock.step(at(10), -secs(5));
        assert_eq!(clock.read(at(20)), at(15) + ms(2));
        clock.freeze(at(20), true);
        assert_eq!(clock.read(at(30)), at(15) + ms(2));
        clock.freeze(at(30), false);
        assert_eq!(clock.read(at(40)), at(25) + ms(3));
        assert_eq!(clock.monotonic(at(40)), at(40) + ms(4));
        assert_eq!(clock.true_time(secs(10_001)), secs(10_000));
    }

    #[test]
    fn a_clock_behind_the_first_time_shows_it_until_it_is_there() {
        // Set back by 60 ms at the very beginning, it is behind by 60 ms for good, not only until somebody looks.
        let mut clock = Clock::new(at(0));
        clock.step(at(0), -ms(60));
        assert_eq!((clock.read(at(0)), clock.read(at(0) + ms(60))), (at(0), at(0)));
        assert_eq!(clock.read(at(1)), at(1) - ms(60));
        clock.step(at(1), ms(60));
        assert_eq!(clock.read(at(2)), at(2));
    }

    #[test]
    fn a_leap_second_is_shown_twice_or_smeared() {
        // Stepped, the clock shows one second again; smeared over a day, it never goes back and is half a second behind at noon.
        let mut stepped = Clock::new(at(0));
        stepped.insert_second(at(10), Duration::ZERO);
        assert_eq!((stepped.read(at(10)), stepped.read(at(11))), (at(9), at(10)));
        let mut smeared = Clock::new(at(0));
        smeared.insert_second(at(0), hours(24));
        let behind = |seconds| at(seconds) - smeared.read(at(seconds));
        assert!((behind(12 * 3600) - ms(500)).as_nanos().abs() < 100_000);
        assert!((behind(48 * 3600) - secs(1)).as_nanos().abs() < 100_000);
        assert!((1..100).all(|second| smeared.read(at(second)) > smeared.read(at(second - 1))));
    }

    #[test]
    fn a_disciplined_clock_is_as_good_as_its_error_and_knows_it() {
        // Drift of 100 ppm, an error of 1 ms: off by less than 10 ms from the second poll on, and the true time is always within the interval.
        for drift in [-100_000, 0, 100_000] {
            let (mut clock, mut random) = (Clock::new(at(0)), Random::new(7));
            clock.set_drift(at(0), drift);
            clock.set_discipline(at(0), Some(Discipline { poll: secs(30), error: ms(1) }));
            for second in 0..3600 {
                if second % 30 == 0 {
                    clock.poll(at(second), &mut random);
                }
                assert!(interval(&clock, at(second)).contains(at(second)), "drift {drift}, at {second}s");
                let off = (clock.read(at(second)) - at(second)).as_nanos().abs();
                assert!(
                    second < 60 || off < us(10_000).as_nanos(),
                    "drift {drift}, at {second}s: off by {off} ns"
                );
            }
        }
    }

    #[test]
    fn far_off_it_steps_and_near_it_slews() {
        // The threshold of RFC 5905: 200 ms are stepped at once, 100 ms are made up for by 500 ppm, and never backwards.
        let exact = Discipline { poll: secs(64), error: Duration::ZERO };
        let after_a_poll = |off: Duration| {
            let mut clock = Clock::new(at(0));
            clock.step(at(0), off);
            clock.set_discipline(at(0), Some(exact));
            clock.poll(at(0), &mut Random::new(1));
            (clock.read(at(0)) - at(0), clock.read(at(64)) - at(64))
        };
        assert_eq!(after_a_poll(ms(200)), (Duration::ZERO, Duration::ZERO));
        assert_eq!(after_a_poll(ms(100)), (ms(100), ms(68)));
        assert_eq!(after_a_poll(ms(10)), (ms(10), Duration::ZERO));
    }

    #[test]
    fn a_bad_time_server_makes_the_interval_lie() {
        // The clock follows it, and is sure of what is wrong.
        let (mut clock, mut random) = (Clock::new(at(0)), Random::new(7));
        clock.set_discipline(at(0), Some(Discipline { poll: secs(30), error: ms(1) }));
        clock.server_error = secs(2);
        clock.poll(at(30), &mut random);
        assert!(!interval(&clock, at(31)).contains(at(31)));
    }
}

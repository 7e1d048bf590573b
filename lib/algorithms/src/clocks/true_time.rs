//! TrueTime is a clock that tells how wrong it may be, and commit wait is what one does with that: wait until a timestamp has passed everywhere.
//!
//! - **Concept:** TrueTime and commit wait (bounded uncertainty)
//! - **Guarantees:** the interval that a clock shows contains the true time (safety), as long as the bounds on its error and its drift hold. After
//!   [`commit_wait`] a timestamp is in the past of every clock whose bounds hold, so whatever begins afterwards gets a greater one.
//! - **Does not guarantee:** anything where a bound does not hold: a clock that steps, or drifts more than was assumed, is believed all the same.
//! - **Assumes:** a poll of a time server leaves an error of at most so much; between two polls an oscillator drifts by at most so much (Spanner assumes
//!   200 µs a second, and takes machines out of service that do worse).
//! - **Source:** Corbett and others, "Spanner: Google's Globally-Distributed Database", OSDI 2012, section 3 (TrueTime: `TT.now`, `TT.after`, `TT.before`;
//!   the saw-tooth of ε), section 4.1.2 (start, commit wait)
//! - **Differs:** the interval itself is `Context::now_interval`, since it is the node's clock that knows; here is what is computed with it.
//! - **Chapter:** 06
//!
//! ```text
//! ε   7 ms ─       ╱│      ╱│      ╱│      1 ms at each poll, and 200 µs more with every second after it:
//!     4 ms ─    ╱   │   ╱   │   ╱   │      30 s later 7 ms. On average 4 ms.
//!     1 ms ─ ╱      │╱      │╱      │╱
//!            0      30      60      90 s
//!
//! commit:  s = latest ─┐        ┌─ earliest > s: now it has passed everywhere
//!          ├─── ε ───▶ s        │
//!          now         └── ε ──▶ answer the client               the wait: 2 ε
//! ```
//!
//! ```
//! use netsplit_algorithms::clocks::true_time::{Uncertainty, commit_wait};
//! use netsplit_node::{Interval, Time, ms, secs, us};
//!
//! let spanner = Uncertainty { after_poll: ms(1), drift_per_second: us(200), poll: secs(30) };
//! assert_eq!((spanner.at(secs(0)), spanner.mean(), spanner.worst()), (ms(1), ms(4), ms(7)));
//!
//! let now = Interval::around(Time::ZERO + secs(10), spanner.mean());    // in a node: ctx.now_interval()
//! let timestamp = now.latest;
//! let wait = commit_wait(timestamp, now);
//! assert_eq!(wait.as_nanos(), 2 * ms(4).as_nanos() + 1);
//! let then = Interval::around(Time::ZERO + secs(10) + wait, spanner.mean());
//! assert!(then.is_after(timestamp));
//! ```

use netsplit_node::{Duration, Interval, Time, ns, secs};

/// How wrong a clock may be that is set right from time to time: the saw-tooth of the paper's Figure 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Uncertainty {
    /// What a poll leaves, half the round trip to the time server above all.
    pub after_poll: Duration,
    /// By how much an oscillator is assumed to be wrong at most, for every second.
    pub drift_per_second: Duration,
    /// How long it is from one poll to the next.
    pub poll: Duration,
}

impl Uncertainty {
    /// ε so long after a poll. Where polls fail it goes on growing (holdover).
    pub fn at(&self, since_poll: Duration) -> Duration {
        let drifted = i128::from(self.drift_per_second.as_nanos()) * i128::from(since_poll.as_nanos())
            / i128::from(secs(1).as_nanos());
        self.after_poll + ns(drifted.clamp(0, i128::from(i64::MAX)) as i64)
    }

    /// ε right before the next poll.
    pub fn worst(&self) -> Duration {
        self.at(self.poll)
    }

    /// ε on average over the time between two polls.
    pub fn mean(&self) -> Duration {
        self.at(self.poll / 2)
    }
}

/// How long to wait from `now` on until `timestamp` has definitely passed (`TT.after`), if the clock runs right meanwhile: nothing if it has.
// One nanosecond more than it takes to get there: `after` is strict, and a wait that is too short by so little would never end.
pub fn commit_wait(timestamp: Time, now: Interval) -> Duration {
    if now.is_after(timestamp) { Duration::ZERO } else { timestamp - now.earliest + ns(1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::{ms, us};

    const SPANNER: Uncertainty = Uncertainty { after_poll: ms(1), drift_per_second: us(200), poll: secs(30) };

    #[test]
    fn the_saw_tooth_of_the_paper() {
        // Section 3: "ε is a sawtooth function of time, varying from about 1 to 7 ms over each poll interval".
        let teeth: Vec<Duration> = (0..=6).map(|step| SPANNER.at(secs(5 * step))).collect();
        assert_eq!(teeth, [1, 2, 3, 4, 5, 6, 7].map(ms));
        assert_eq!(SPANNER.at(secs(300)), ms(61), "five minutes without a time server");
    }

    #[test]
    fn the_wait_ends_when_the_timestamp_has_passed_and_not_before() {
        // "the expected wait is at least 2 * ε": a nanosecond less is not enough, since the end may still be now.
        let begin = Time::ZERO + secs(1);
        for uncertainty in [ns(0), us(1), ms(1), ms(7)] {
            let now = Interval::around(begin, uncertainty);
            let wait = commit_wait(now.latest, now);
            assert_eq!(wait, uncertainty * 2 + ns(1));
            assert!(Interval::around(begin + wait, uncertainty).is_after(now.latest));
            assert!(!Interval::around(begin + wait - ns(1), uncertainty).is_after(now.latest));
        }
        assert_eq!(commit_wait(begin - ms(10), Interval::around(begin, ms(4))), Duration::ZERO);
    }
}

//! Time in the simulated world: integer nanoseconds, so that no rounding differs between machines.
//!
//! A [`Time`] is an instant since the world began; a [`Duration`] is a signed distance between two instants (a clock may be
//! stepped backwards). Both print themselves in the largest unit that loses nothing that a reader would miss.

use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// An instant: nanoseconds since the world began. What a node reads from its own clock is a `Time` too, and may be wrong.
///
/// ```
/// use netsplit_node::{Time, ms};
/// assert_eq!((Time::ZERO + ms(1500)).to_string(), "1.5s");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Time(u64);

/// A signed length of time in nanoseconds; written with [`ns`], [`us`], [`ms`], [`secs`], [`mins`] and [`hours`].
///
/// ```
/// use netsplit_node::{ms, secs};
/// assert_eq!(secs(1) + ms(500), ms(1500));
/// assert_eq!((-secs(5)).to_string(), "-5s");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Duration(i64);

/// `n` nanoseconds.
pub const fn ns(n: i64) -> Duration {
    Duration(n)
}

/// `n` microseconds.
pub const fn us(n: i64) -> Duration {
    Duration(n.saturating_mul(1_000))
}

/// `n` milliseconds.
pub const fn ms(n: i64) -> Duration {
    Duration(n.saturating_mul(1_000_000))
}

/// `n` seconds.
pub const fn secs(n: i64) -> Duration {
    Duration(n.saturating_mul(1_000_000_000))
}

/// `n` minutes.
pub const fn mins(n: i64) -> Duration {
    Duration(n.saturating_mul(60_000_000_000))
}

/// `n` hours.
pub const fn hours(n: i64) -> Duration {
    Duration(n.saturating_mul(3_600_000_000_000))
}

/// What a clock that knows its own error shows: the true time is within, if the clock is right about that (Corbett and others,
/// "Spanner: Google's globally distributed database", 2012, section 3: TrueTime).
///
/// ```
/// use netsplit_node::{Interval, Time, ms, secs};
/// let (now, written) = (Interval::around(Time::ZERO + secs(1), ms(4)), Time::ZERO + ms(990));
/// assert!(now.is_after(written) && !now.is_before(written));
/// assert_eq!(now.to_string(), "996ms to 1.004s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Interval {
    /// The true time is not before this.
    pub earliest: Time,
    /// The true time is not after this.
    pub latest: Time,
}

impl Interval {
    /// The times that differ from `time` by at most `uncertainty`.
    pub fn around(time: Time, uncertainty: Duration) -> Interval {
        Interval { earliest: time - uncertainty, latest: time + uncertainty }
    }

    /// Whether `time` has definitely passed (TrueTime's `TT.after`).
    pub fn is_after(&self, time: Time) -> bool {
        self.earliest > time
    }

    /// Whether `time` has definitely not come yet (TrueTime's `TT.before`).
    pub fn is_before(&self, time: Time) -> bool {
        self.latest < time
    }

    /// Whether `time` may be now.
    pub fn contains(&self, time: Time) -> bool {
        self.earliest <= time && time <= self.latest
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.earliest, self.latest)
    }
}

impl Time {
    /// The beginning of the world.
    pub const ZERO: Time = Time(0);
    /// Later than anything that happens.
    pub const MAX: Time = Time(u64::MAX);

    /// The instant `nanos` nanoseconds after the beginning.
    pub const fn from_nanos(nanos: u64) -> Time {
        Time(nanos)
    }

    /// Nanoseconds since the beginning.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration(0);

    /// The length in nanoseconds.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Whether it points backwards.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl Add<Duration> for Time {
    type Output = Time;
    /// Saturates at both ends of time.
    #[inline]
    fn add(self, by: Duration) -> Time {
        Time(self.0.saturating_add_signed(by.0))
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, by: Duration) {
        *self = *self + by;
    }
}

impl Sub<Duration> for Time {
    type Output = Time;
    fn sub(self, by: Duration) -> Time {
        self + -by
    }
}

impl Sub for Time {
    type Output = Duration;
    fn sub(self, earlier: Time) -> Duration {
        let difference = i128::from(self.0) - i128::from(earlier.0);
        Duration(difference.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
    }
}

impl Add for Duration {
    type Output = Duration;
    fn add(self, other: Duration) -> Duration {
        Duration(self.0.saturating_add(other.0))
    }
}

impl Sub for Duration {
    type Output = Duration;
    fn sub(self, other: Duration) -> Duration {
        Duration(self.0.saturating_sub(other.0))
    }
}

impl Neg for Duration {
    type Output = Duration;
    fn neg(self) -> Duration {
        Duration(self.0.saturating_neg())
    }
}

impl Mul<i64> for Duration {
    type Output = Duration;
    fn mul(self, times: i64) -> Duration {
        Duration(self.0.saturating_mul(times))
    }
}

impl Div<i64> for Duration {
    type Output = Duration;
    fn div(self, by: i64) -> Duration {
        Duration(self.0 / by)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&in_largest_unit(self.0))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        f.pad(&format!("{sign}{}", in_largest_unit(self.0.unsigned_abs())))
    }
}

/// As people read it: a node's Debug form is what pictures show.
impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// As people read it.
impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// "1.5s", "20ms", "3.25us": the largest unit in which the number is at least 1, with at most three decimals.
fn in_largest_unit(nanos: u64) -> String {
    let (unit, name) = match nanos {
        0 => return "0s".to_owned(),
        1..1_000 => return format!("{nanos}ns"),
        1_000..1_000_000 => (1_000, "us"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let thousandths = nanos % unit * 1_000 / unit;
    let decimals = format!("{thousandths:03}");
    let decimals = decimals.trim_end_matches('0');
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{}{point}{decimals}{name}", nanos / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_in_the_largest_fitting_unit() {
        // A time is read by people: no noise digits, no unit that makes them count zeros.
        let printed: Vec<String> =
            [ns(0), ns(7), us(3), us(3250), ms(20), secs(90), -ms(5)].iter().map(|d| d.to_string()).collect();
        assert_eq!(printed, ["0s", "7ns", "3us", "3.25ms", "20ms", "90s", "-5ms"]);
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        // A wrapped time would reorder events silently.
        assert_eq!(Time::ZERO - secs(1), Time::ZERO);
        assert_eq!(Time::MAX + secs(1), Time::MAX);
        assert_eq!(hours(i64::MAX), Duration(i64::MAX));
        assert_eq!(Time::ZERO - (Time::ZERO + secs(2)), -secs(2));
    }

    #[test]
    fn pads_like_any_text() {
        // Tables line times up.
        assert_eq!(format!("{:>6}|{:<6}|", ms(5), Time::ZERO + ms(5)), "   5ms|5ms   |");
        assert_eq!(format!("{:?} {:?}", ms(5), Time::ZERO + ms(5)), "5ms 5ms");
    }
}

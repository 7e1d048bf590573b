//! Windows: a stretch of virtual time in equal parts, over which things are counted.

use netsplit_node::{Duration, Time, ns};

/// More windows than this say no more, and cost a user's memory.
const MOST: u64 = 20_000;

/// Equal windows over a stretch of time, beginning at a multiple of their length.
#[derive(Clone, Debug)]
pub(crate) struct Windows {
    pub first: Time,
    pub length: Duration,
    pub count: usize,
    /// The end of what was seen; the last window may go on beyond it.
    pub end: Time,
    pub notes: Vec<String>,
}

impl Windows {
    /// Windows from `begin` to `end`. A length that is none, or that would give too many, is replaced and told of.
    pub fn over(begin: Time, end: Time, asked: Duration) -> Windows {
        let mut notes = Vec::new();
        let span = end.as_nanos().saturating_sub(begin.as_nanos());
        let mut nanos = u64::try_from(asked.as_nanos()).unwrap_or(0);
        if nanos == 0 {
            nanos = (span / 50).max(1);
            notes.push(format!(
                "a window of {asked} is no length of time; expected one such as ms(100): {} used",
                short(nanos)
            ));
        }
        if span / nanos >= MOST {
            while span / nanos >= MOST {
                nanos = nanos.saturating_mul(10);
            }
            notes.push(format!("windows of {asked} would be too many: {} used", short(nanos)));
        }
        let first = begin.as_nanos() / nanos * nanos;
        let count = (end.as_nanos().saturating_sub(first)).div_ceil(nanos).max(1);
        if first.saturating_add(count.saturating_mul(nanos)) > end.as_nanos() && span > 0 {
            notes.push(format!("the last window is cut short: what was seen ends at {end}"));
        }
        let length = ns(i64::try_from(nanos).unwrap_or(i64::MAX));
        Windows { first: Time::from_nanos(first), length, count: count as usize, end, notes }
    }

    /// The window of a moment; the very end belongs to the last one.
    pub fn of(&self, time: Time) -> Option<usize> {
        let since = time.as_nanos().checked_sub(self.first.as_nanos())?;
        let index = (since / self.length.as_nanos() as u64) as usize;
        if index == self.count && time == self.end {
            Some(index - 1)
        } else {
            (index < self.count).then_some(index)
        }
    }

    /// When a window begins.
    pub fn start(&self, index: usize) -> Time {
        self.first + self.length * index as i64
    }

    /// Values of windows as points of a staircase, which the last one closes where what was seen ends.
    pub fn stairs<T: Clone>(&self, values: Vec<T>) -> Vec<(Time, T)> {
        let last = values.last().cloned();
        let mut stairs: Vec<(Time, T)> =
            values.into_iter().enumerate().map(|(index, it)| (self.start(index), it)).collect();
        stairs.extend(last.map(|value| (self.end.max(self.start(self.count - 1)), value)));
        stairs
    }
}

fn short(nanos: u64) -> Duration {
    ns(i64::try_from(nanos).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use netsplit_node::{ms, secs};

    use super::*;

    fn at(millis: i64) -> Time {
        Time::ZERO + ms(millis)
    }

    #[test]
    fn every_moment_is_in_one_window() {
        // Windows begin at multiples of their length, contain their beginning and not their end; the end of all is in the last.
        let windows = Windows::over(at(130), at(1000), ms(100));
        assert_eq!((windows.first, windows.count, windows.notes.len()), (at(100), 9, 0));
        assert_eq!(
            [at(100), at(199), at(200), at(999), at(1000)].map(|it| windows.of(it)),
            [0, 0, 1, 8, 8].map(Some)
        );
        assert_eq!([at(99), at(1001)].map(|it| windows.of(it)), [None, None]);
    }

    #[test]
    fn a_cut_window_is_told_of() {
        // Fewer things happen in half a window.
        let windows = Windows::over(at(0), at(250), ms(100));
        assert_eq!(windows.count, 3);
        assert_eq!(windows.notes, ["the last window is cut short: what was seen ends at 250ms"]);
        assert_eq!(windows.stairs(vec![1, 2, 3]), [(at(0), 1), (at(100), 2), (at(200), 3), (at(250), 3)]);
    }

    #[test]
    fn lengths_that_make_no_sense_are_replaced() {
        // Zero, backwards, far too short: there are windows all the same, a bounded number of them, and a sentence.
        for length in [ms(0), ms(-5), ns(1)] {
            let windows = Windows::over(at(0), Time::ZERO + secs(100), length);
            assert!((1..=20_000).contains(&windows.count) && !windows.notes.is_empty(), "{windows:?}");
        }
        assert_eq!(Windows::over(at(5), at(5), ms(10)).count, 1);
        assert!(Windows::over(Time::ZERO, Time::MAX, secs(1)).count <= 20_000);
    }
}

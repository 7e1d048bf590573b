//! Where events stand from left to right: each call and return in a column of its own, or by true time.

use netsplit_node::{Duration, Time};

/// From places and times to pixels.
pub(super) struct Axis<'a> {
    pub(super) columns: &'a [Time],
    pub(super) left: i32,
    pub(super) column: i32,
    pub(super) by_time: bool,
}

impl Axis<'_> {
    /// How much all columns take.
    pub(super) fn width(&self) -> i32 {
        self.column * self.columns.len() as i32
    }

    pub(super) fn right(&self) -> i32 {
        self.left + self.width()
    }

    /// The pixel of a place among the calls and returns.
    pub(super) fn at(&self, place: f64) -> i32 {
        if !self.by_time {
            return self.left + (f64::from(self.column) * (place + 0.5)).round() as i32;
        }
        let before = place.max(0.0).floor() as usize;
        let Some(&from) = self.columns.get(before) else { return self.right() };
        let from = self.at_time(from);
        let to = self.columns.get(before + 1).map_or(self.right(), |&to| self.at_time(to));
        from + (f64::from(to - from) * (place - before as f64).max(0.0)).round() as i32
    }

    /// The pixel of a time that has this place.
    pub(super) fn at_moment(&self, time: Time, place: f64) -> i32 {
        if self.by_time { self.at_time(time) } else { self.at(place) }
    }

    fn at_time(&self, time: Time) -> i32 {
        let (Some(&first), Some(&last)) = (self.columns.first(), self.columns.last()) else {
            return self.left;
        };
        let (since, span) = (nanos(time.clamp(first, last) - first), nanos(last - first));
        // A little room stays at both ends, for what began earlier and for what is open.
        let room = i128::from(self.width() - 2 * EDGE);
        self.left + EDGE + if span == 0 { 0 } else { (since * room / span) as i32 }
    }

    /// The times to write below, each with its pixel: of every column, or round ones.
    pub(super) fn ticks(&self) -> Vec<(Time, i32)> {
        if !self.by_time {
            return self.columns.iter().enumerate().map(|(at, &time)| (time, self.at(at as f64))).collect();
        }
        let (Some(&first), Some(&last)) = (self.columns.first(), self.columns.last()) else { return vec![] };
        let step = round_step(nanos(last - first) / i128::from((self.width() / TICK).max(1)));
        let from = (i128::from(first.as_nanos()) + step - 1) / step;
        let times = (from..).map(|number| u64::try_from(number * step).unwrap_or(u64::MAX));
        let times = times.map(Time::from_nanos).take_while(|&time| time <= last);
        times.take(MOST_TICKS).map(|time| (time, self.at_time(time))).collect()
    }
}

const EDGE: i32 = 12;
/// The room that a time needs below the axis.
const TICK: i32 = 80;
/// No picture has room for more.
const MOST_TICKS: usize = 1000;

fn nanos(duration: Duration) -> i128 {
    i128::from(duration.as_nanos())
}

/// The smallest of 1, 2, 5, 10, 20, 50 .. that is not less.
fn round_step(least: i128) -> i128 {
    let mut step = 1;
    loop {
        for factor in [1, 2, 5] {
            if step * factor >= least {
                return step * factor;
            }
        }
        step *= 10;
    }
}

#[cfg(test)]
mod tests {
    use netsplit_node::ms;

    use super::*;

    fn columns() -> Vec<Time> {
        [0, 10, 11, 100].map(|at| Time::ZERO + ms(at)).to_vec()
    }

    #[test]
    fn columns_are_even_and_time_is_to_scale() {
        // In columns each event has as much room as any other; by time ten milliseconds have ten times the room of one.
        let columns = columns();
        let even = Axis { columns: &columns, left: 100, column: 106, by_time: false };
        assert_eq!([0.0, 1.0, 2.0, 3.0].map(|place| even.at(place)), [153, 259, 365, 471]);
        let scaled = Axis { by_time: true, ..even };
        assert_eq!([0.0, 1.0, 2.0, 3.0].map(|place| scaled.at(place)), [112, 152, 156, 512]);
        assert_eq!((scaled.at(0.5), scaled.at(3.5)), (132, 518));
    }

    #[test]
    fn times_below_the_axis_are_round() {
        // About as many as there is room for, within what is drawn.
        let columns = columns();
        let axis = Axis { columns: &columns, left: 0, column: 100, by_time: true };
        let ticks: Vec<String> = axis.ticks().iter().map(|(time, _)| time.to_string()).collect();
        assert_eq!(ticks, ["0s", "20ms", "40ms", "60ms", "80ms", "100ms"]);
    }

    #[test]
    fn a_history_of_one_moment_has_a_place() {
        // Nothing is divided by a span of nothing.
        let columns = [Time::ZERO; 2];
        let axis = Axis { columns: &columns, left: 0, column: 50, by_time: true };
        assert_eq!((axis.at(1.0), axis.ticks().len()), (EDGE, 1));
    }
}

//! An axis: which part of the numbers it shows, where its ticks stand, and how they are written.

use std::ops::Range;

use netsplit_node::{Duration, ns};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;

use super::quantity::Unit;

/// How distances on an axis grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Equal differences are equally long.
    #[default]
    Linear,
    /// Equal ratios are equally long; zero and less have no place.
    Logarithmic,
}

/// An axis, as plotters takes it.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub low: f64,
    pub high: f64,
    pub scale: Scale,
    pub unit: Unit,
    /// The things on it, if it has no numbers.
    pub names: Vec<String>,
}

/// The room that an axis leaves around its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// Time and parameters: as far as there is anything.
    Tight,
    /// Heights: from zero, unless that would flatten all differences.
    Heights,
    /// Heights of bars, whose length is what they say: from zero always.
    Bars,
}

impl Axis {
    /// The axis for these numbers, all finite and, if it is logarithmic, positive.
    pub fn covering(values: impl Iterator<Item = f64>, unit: Unit, scale: Scale, room: Room) -> Axis {
        let (mut low, mut high) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
        if low > high {
            (low, high) = (1.0, 1.0);
        }
        let (low, high) = match (scale, room) {
            (Scale::Logarithmic, _) => (step_below(low), step_above(high)),
            (Scale::Linear, Room::Tight) => tight(low, high),
            (Scale::Linear, _) => heights(low, high, unit, room == Room::Bars),
        };
        Axis { low, high, scale, unit, names: Vec::new() }
    }

    /// The axis of things beside each other.
    pub fn of_names(names: Vec<String>) -> Axis {
        let high = names.len().max(1) as f64 - 0.5;
        Axis { low: -0.5, high, scale: Scale::Linear, unit: Unit::Count, names }
    }

    /// At most about `most` ticks.
    pub fn ticks(&self, most: usize) -> Vec<f64> {
        let most = most.max(2);
        if !self.names.is_empty() {
            let every = self.names.len().div_ceil(most);
            return (0..self.names.len()).step_by(every.max(1)).map(|index| index as f64).collect();
        }
        if self.scale == Scale::Logarithmic {
            return self.steps_of_ratio(most);
        }
        // Plotters compares with a fixed distance, so it gets numbers around 1.
        let size = power_of_ten(self.low.abs().max(self.high.abs()));
        let inner: RangedCoordf64 = (self.low / size..self.high / size).into();
        let ticks = inner.key_points(most).into_iter().map(|tick| tick * size);
        let whole = |tick: &f64| self.unit != Unit::Count || (tick - tick.round()).abs() < 1e-6;
        // What lies next to zero by rounding is zero.
        let near = (self.high - self.low) * 1e-9;
        ticks.filter(whole).map(|tick| if tick.abs() < near { 0.0 } else { tick }).collect()
    }

    /// Ticks of a logarithmic axis: 1, 2, 5, 10 where they fit, else powers of ten, else every second or third of those.
    fn steps_of_ratio(&self, most: usize) -> Vec<f64> {
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let inside = |tick: &f64| *tick >= self.low * (1.0 - 1e-9) && *tick <= self.high * (1.0 + 1e-9);
        let powers = |digits: &[f64], every: i32| -> Vec<f64> {
            let exponents = (first..=last).filter(|exponent| exponent.rem_euclid(every) == 0);
            exponents
                .flat_map(|exponent| digits.iter().map(move |digit| digit * ten_to(exponent)))
                .filter(inside)
                .collect()
        };
        let fine = powers(&[1.0, 2.0, 5.0], 1);
        if fine.len() <= most {
            return fine;
        }
        let every = ((last - first) as usize / most + 1) as i32;
        powers(&[1.0], every)
    }

    /// How a tick is written: all ticks of an axis in one unit, with as many decimals as tell them apart.
    pub fn tick_label(&self, tick: f64, step: f64) -> String {
        if !self.names.is_empty() {
            return self.names.get(tick.round().max(0.0) as usize).cloned().unwrap_or_default();
        }
        match (self.unit, self.scale) {
            (Unit::Time, Scale::Linear) => {
                let (size, name) = time_unit(self.low.abs().max(self.high.abs()));
                format!("{}{name}", decimals(tick / size, step / size))
            }
            (Unit::Share, Scale::Linear) => format!("{}%", decimals(tick * 100.0, step * 100.0)),
            (_, Scale::Linear) => {
                let (size, name) = thousands(self.low.abs().max(self.high.abs()));
                format!("{}{name}", decimals(tick / size, step / size))
            }
            (_, Scale::Logarithmic) => self.value(tick),
        }
    }

    /// How one value is written, for people who ask for it.
    pub fn value(&self, value: f64) -> String {
        if !self.names.is_empty() {
            return self.tick_label(value, 1.0);
        }
        written(value, self.unit)
    }

    /// Where a value stands, from 0 at the beginning to 1 at the end.
    pub fn part(&self, value: f64) -> f64 {
        let (low, high) = (self.place(self.low) / 2.0, self.place(self.high) / 2.0);
        (self.place(value) / 2.0 - low) / (high - low)
    }

    fn place(&self, value: f64) -> f64 {
        if self.scale == Scale::Logarithmic { value.log10() } else { value }
    }
}

/// A value by itself: "1.25ms", "99.5%", "12.3k", "7".
pub(crate) fn written(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Time if value.abs() < 9e18 => exact_duration(value),
        Unit::Time => format!("{value:.3e}ns"),
        Unit::Share => percent(value),
        Unit::Count if value.abs() < 1e15 => format!("{value:.0}"),
        Unit::Count | Unit::Number => significant(value),
    }
}

/// What is not everything is never written as 100%: the nines are what one looks for.
fn percent(share: f64) -> String {
    let text = significant(share * 100.0);
    if text != "100" || share >= 1.0 {
        return format!("{text}%");
    }
    let digits = (3..12).map(|digits| format!("{:.digits$}", share * 100.0));
    digits
        .into_iter()
        .find(|text| !text.starts_with("100"))
        .map_or("almost 100%".to_owned(), |text| text + "%")
}

/// As the library writes durations; what is less than a nanosecond (a mean may be) is written in it.
fn exact_duration(nanos: f64) -> String {
    if nanos != 0.0 && nanos.abs() < 10.0 && nanos.fract() != 0.0 {
        return format!("{}ns", significant(nanos));
    }
    let duration: Duration = ns(nanos.round() as i64);
    duration.to_string()
}

/// Five significant digits, the large and the small ones with an exponent.
fn significant(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e9).contains(&size) {
        let text = format!("{value:.3e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{exponent}", without_zeros(digits));
    }
    let digits = 4 - if size == 0.0 { 0 } else { size.log10().floor() as i32 };
    without_zeros(&format!("{value:.*}", digits.clamp(0, 9) as usize)).to_owned()
}

/// `value` with as many decimals as a step needs.
fn decimals(value: f64, step: f64) -> String {
    let (value, step) = (if value == 0.0 { 0.0 } else { value }, step.abs());
    if value.abs() >= 1e7 || (step > 0.0 && step < 1e-7) {
        return significant(value);
    }
    let needed = (0..9).find(|&count| {
        let scaled = step * ten_to(count);
        (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1.0) && scaled > 0.5
    });
    format!("{value:.*}", needed.unwrap_or(3) as usize)
}

fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// The unit in which the longest time of an axis is at least 1.
fn time_unit(longest: f64) -> (f64, &'static str) {
    let units = [(1e9, "s"), (1e6, "ms"), (1e3, "us")];
    units.into_iter().find(|(size, _)| longest >= *size).unwrap_or((1.0, "ns"))
}

/// Thousands and millions in the usual letters, once there are that many that zeros would have to be counted.
fn thousands(largest: f64) -> (f64, &'static str) {
    let letters = [(1e13, 1e12, "T"), (1e10, 1e9, "G"), (1e7, 1e6, "M"), (1e4, 1e3, "k")];
    let found = letters.into_iter().find(|(from, _, _)| largest >= *from && largest < 1e16);
    found.map_or((1.0, ""), |(_, size, name)| (size, name))
}

/// As far as there is anything, with a little air; not to the left of zero for what is not.
fn tight(low: f64, high: f64) -> (f64, f64) {
    let air = air(low, high, 0.02);
    (if low >= 0.0 { (low - air).max(0.0) } else { low - air }, high + air)
}

/// From zero, unless that flattens the differences.
fn heights(low: f64, high: f64, unit: Unit, bars: bool) -> (f64, f64) {
    let flat = low == high;
    let from_zero = bars || flat || low < 0.7 * high || unit == Unit::Share && low < 0.9;
    let (low, high) = match () {
        () if low >= 0.0 && from_zero => (0.0, high),
        () if high <= 0.0 && (bars || flat || high > 0.7 * low) => (low, 0.0),
        () if bars => (low.min(0.0), high.max(0.0)),
        () => (low, high),
    };
    let air = air(low, high, if unit == Unit::Share { 0.02 } else { 0.05 });
    (if low == 0.0 { 0.0 } else { low - air }, if high == 0.0 && low < 0.0 { 0.0 } else { high + air })
}

/// Room beside the outermost values, so much at least that they can be told apart as numbers.
fn air(low: f64, high: f64, share: f64) -> f64 {
    let size = low.abs().max(high.abs());
    if size == 0.0 {
        return 1.0;
    }
    let spread = high - low;
    if spread.is_finite() && spread > size * 1e-9 { spread * share } else { size * share }
}

/// The largest of .. 1, 2, 5, 10, 20 .. that is not above.
fn step_below(value: f64) -> f64 {
    let power = power_of_ten(value);
    let step = [5.0, 2.0].into_iter().find(|digit| digit * power <= value * (1.0 + 1e-9));
    step.unwrap_or(1.0) * power
}

/// The smallest of .. 1, 2, 5, 10, 20 .. that is above.
fn step_above(value: f64) -> f64 {
    let power = power_of_ten(value);
    let step = [2.0, 5.0].into_iter().find(|digit| digit * power > value * (1.0 + 1e-9));
    step.unwrap_or(10.0) * power
}

/// The largest power of ten that is not above, 1 for 0.
fn power_of_ten(value: f64) -> f64 {
    if value == 0.0 { 1.0 } else { ten_to((value.abs().log10() + 1e-12).floor() as i32) }
}

fn ten_to(exponent: i32) -> f64 {
    10_f64.powi(exponent).max(f64::MIN_POSITIVE)
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        // Halved, so that the distance between the ends of what a number can be is a number too.
        let inner: RangedCoordf64 = (self.place(self.low) / 2.0..self.place(self.high) / 2.0).into();
        inner.map(&(self.place(*value) / 2.0), limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Fine lines between the ticks would be in the way of what is drawn.
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks(hint.bold_points()) }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        self.value(*value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(low: f64, high: f64, unit: Unit, scale: Scale) -> Axis {
        Axis { low, high, scale, unit, names: Vec::new() }
    }

    fn labels(axis: &Axis, most: usize) -> Vec<String> {
        let ticks = axis.ticks(most);
        let step = ticks.windows(2).map(|two| two[1] - two[0]).reduce(f64::min).unwrap_or(1.0);
        ticks.iter().map(|tick| axis.tick_label(*tick, step)).collect()
    }

    #[test]
    fn ticks_are_written_as_people_write_them() {
        // One unit on an axis, no noise digits, letters for many zeros, powers where ratios count.
        let linear = |low, high, unit| labels(&axis(low, high, unit, Scale::Linear), 6);
        assert_eq!(linear(0.0, 1.2e9, Unit::Time), ["0.0s", "0.5s", "1.0s"]);
        assert_eq!(linear(0.0, 20e6, Unit::Time), ["0ms", "5ms", "10ms", "15ms", "20ms"]);
        assert_eq!(linear(0.0, 1.0, Unit::Share), ["0%", "20%", "40%", "60%", "80%", "100%"]);
        assert_eq!(linear(0.0, 40_000.0, Unit::Count), ["0k", "10k", "20k", "30k", "40k"]);
        assert_eq!(linear(0.0, 2.0, Unit::Count), ["0", "1", "2"]);
        let logarithmic = |low, high, unit| labels(&axis(low, high, unit, Scale::Logarithmic), 7);
        assert_eq!(logarithmic(1e3, 1e9, Unit::Time), ["1us", "10us", "100us", "1ms", "10ms", "100ms", "1s"]);
        assert_eq!(logarithmic(2.0, 50.0, Unit::Count), ["2", "5", "10", "20", "50"]);
    }

    #[test]
    fn nearly_everything_is_not_everything() {
        // Five nines are what an availability is measured for: rounding must not make them whole.
        let shares = [1.0, 0.5, 0.99995, 0.999_999, 0.999_999_999, 1.0 - 1e-15]
            .map(|share| written(share, Unit::Share));
        assert_eq!(shares, ["100%", "50%", "99.995%", "99.9999%", "99.9999999%", "almost 100%"]);
    }

    #[test]
    fn differences_are_seen() {
        // Heights begin at zero, unless what differs is small against what does not; bars always do.
        let covering = |values: [f64; 2], room| {
            let axis = Axis::covering(values.into_iter(), Unit::Share, Scale::Linear, room);
            (axis.low, axis.high)
        };
        assert_eq!(covering([0.2, 1.0], Room::Heights).0, 0.0);
        let (low, high) = covering([0.999, 1.0], Room::Heights);
        assert!(low > 0.998 && high < 1.001, "{low} to {high}");
        assert_eq!(covering([0.999, 1.0], Room::Bars).0, 0.0);
    }
}

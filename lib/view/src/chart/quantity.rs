//! What can be charted: numbers, times and shares on either axis, and names of things on the horizontal one.

use std::fmt::Debug;

use netsplit_node::{Duration, Time};

/// What the numbers of an axis are, and so how they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// How many: no tick stands between two whole numbers.
    Count,
    /// A number of any kind.
    Number,
    /// A part of a whole: 0.5 is written 50%.
    Share,
    /// Nanoseconds, written in the unit that suits them.
    Time,
}

/// A value that the vertical axis can show: a number, a [`Duration`], a [`Time`], or an `Option` of one, of which `None` is a gap.
#[diagnostic::on_unimplemented(
    message = "a chart cannot show a `{Self}` as a height",
    note = "expected a number, a `Duration`, a `Time`, or an `Option` of one, of which `None` is a gap"
)]
pub trait Quantity {
    /// What the number is.
    const UNIT: Unit;
    /// The number; nothing where there is none.
    fn amount(&self) -> Option<f64>;
}

/// A place on the horizontal axis: whatever is a [`Quantity`], or a name (`&str`, `String`, `bool`, `char`).
#[diagnostic::on_unimplemented(
    message = "a chart cannot show a `{Self}` on its horizontal axis",
    note = "expected a number, a `Duration`, a `Time`, or a name"
)]
pub trait Coordinate {
    /// Where it is.
    fn place(&self) -> Place;
}

/// A place on the horizontal axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// A number.
    At(f64, Unit),
    /// A thing with a name; things stand beside each other in the order in which they first come.
    Named(String),
}

macro_rules! numbers {
    ($unit:expr, $($kind:ty),*) => {
        $(impl Quantity for $kind {
            const UNIT: Unit = $unit;
            fn amount(&self) -> Option<f64> {
                Some(*self as f64)
            }
        })*
    };
}
numbers!(Unit::Count, u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);
numbers!(Unit::Number, f32, f64);

impl Quantity for Duration {
    const UNIT: Unit = Unit::Time;
    fn amount(&self) -> Option<f64> {
        Some(self.as_nanos() as f64)
    }
}

impl Quantity for Time {
    const UNIT: Unit = Unit::Time;
    fn amount(&self) -> Option<f64> {
        Some(self.as_nanos() as f64)
    }
}

impl<Q: Quantity> Quantity for Option<Q> {
    const UNIT: Unit = Q::UNIT;
    fn amount(&self) -> Option<f64> {
        self.as_ref().and_then(Q::amount)
    }
}

impl<Q: Quantity> Quantity for &Q {
    const UNIT: Unit = Q::UNIT;
    fn amount(&self) -> Option<f64> {
        (**self).amount()
    }
}

macro_rules! amounts_as_places {
    ($($kind:ty),*) => {
        $(impl Coordinate for $kind {
            fn place(&self) -> Place {
                Place::At(self.amount().unwrap_or(f64::NAN), Self::UNIT)
            }
        })*
    };
}
amounts_as_places!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64, Duration, Time);

macro_rules! names_as_places {
    ($($kind:ty),*) => {
        $(impl Coordinate for $kind {
            fn place(&self) -> Place {
                Place::Named(self.to_string())
            }
        })*
    };
}
names_as_places!(str, String, bool, char);

impl<C: Coordinate + ?Sized> Coordinate for &C {
    fn place(&self) -> Place {
        (**self).place()
    }
}

impl Coordinate for Place {
    fn place(&self) -> Place {
        self.clone()
    }
}

impl Place {
    /// The place of any value, by its Debug form: what looks like a number or a duration is one (`0.2`, `5`, `20ms`), everything else is a
    /// name. A sweep's parameter may be of any type.
    ///
    /// ```
    /// use netsplit_node::ms;
    /// use netsplit_view::chart::{Place, Unit};
    /// assert_eq!(Place::of_debug(&ms(20)), Place::At(20e6, Unit::Time));
    /// assert_eq!(Place::of_debug(&3), Place::At(3.0, Unit::Count));
    /// assert_eq!(Place::of_debug(&"3"), Place::Named("3".into()));
    /// ```
    pub fn of_debug(value: &dyn Debug) -> Place {
        let text = format!("{value:?}");
        if let Some(name) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            return Place::Named(name.to_owned());
        }
        number(&text)
            .or_else(|| duration(&text))
            .map_or(Place::Named(text.clone()), |(amount, unit)| Place::At(amount, unit))
    }
}

/// A text that begins as a number does: words such as "inf" and "NaN" are names here.
fn number(text: &str) -> Option<(f64, Unit)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let amount: f64 = text.parse().ok().filter(|amount: &f64| amount.is_finite())?;
    let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((amount, if whole { Unit::Count } else { Unit::Number }))
}

/// "1.5s", "-20ms", "3us": a number and a unit.
fn duration(text: &str) -> Option<(f64, Unit)> {
    let units = [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)];
    let (digits, nanos) = units.iter().find_map(|(name, nanos)| Some((text.strip_suffix(name)?, nanos)))?;
    let (amount, _) = number(digits)?;
    Some((amount * nanos, Unit::Time))
}

#[cfg(test)]
mod tests {
    use netsplit_node::{ms, secs};

    use super::*;

    #[test]
    fn what_looks_like_a_number_is_one() {
        // Parameters of sweeps are of any type; only the plain ones get a numeric axis.
        let at = |amount, unit| Place::At(amount, unit);
        assert_eq!(Place::of_debug(&0.25), at(0.25, Unit::Number));
        assert_eq!(Place::of_debug(&-7), at(-7.0, Unit::Count));
        assert_eq!(Place::of_debug(&-ms(1500)), at(-1.5e9, Unit::Time));
        assert_eq!(Place::of_debug(&(Time::ZERO + secs(90))), at(90e9, Unit::Time));
        assert_eq!(Place::of_debug(&std::time::Duration::from_micros(5)), at(5e3, Unit::Time));
        for name in ["inf", "NaN", "Eager", "(3, 4)", "Some(3)", "Rate(5)"] {
            assert_eq!(Place::of_debug(&format_args!("{name}")), Place::Named(name.to_owned()));
        }
        assert_eq!(Place::of_debug(&f64::INFINITY), Place::Named("inf".to_owned()));
    }

    #[test]
    fn what_is_not_there_is_a_gap() {
        // An option is charted as what it may hold.
        assert_eq!((Some(ms(2)).amount(), None::<Duration>.amount()), (Some(2e6), None));
        assert_eq!(<Option<u32> as Quantity>::UNIT, Unit::Count);
    }
}

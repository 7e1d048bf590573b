//! How limits are written and read: `memory=1.5G,cpu=60s,time=none`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::{Limit, Limits, Unit};

/// Units of bytes, the largest first.
const BYTES: [(&str, u64); 5] = [("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10), ("B", 1)];
/// Units of time, the largest first.
const TIMES: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// What somebody wants of some of the limits; none stands for no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes(BTreeMap<Limit, Option<u64>>);

/// Why a text says nothing about limits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitsError {
    /// A part is not of the form `name=value`.
    #[error("expected limits as in memory=2G,time=5m, got {0:?}")]
    Form(String),
    /// There is no such limit.
    #[error("expected a limit ({names}), got {0:?}", names = names())]
    Name(String),
    /// A limit is named twice.
    #[error("expected each limit once, got {0} twice")]
    Twice(Limit),
    /// The value is none.
    #[error("expected {expected} for {limit}, or none, got {found:?}", expected = expected(limit.unit()))]
    Value {
        /// Of which limit.
        limit: Limit,
        /// What came.
        found: String,
    },
    /// Nothing would run.
    #[error("expected at least {least} for {limit}, got {found:?}: no cell would run", least = shown(*limit, Some(limit.least())))]
    TooSmall {
        /// Which limit.
        limit: Limit,
        /// What came.
        found: String,
    },
}

fn names() -> String {
    Limit::ALL.map(Limit::name).join(", ")
}

fn expected(unit: Unit) -> &'static str {
    match unit {
        Unit::Bytes => "a size with its unit (B, K, M, G, T) as in 512M or 1.5G",
        Unit::Milliseconds => "a time with its unit (ms, s, m, h) as in 90s or 5m",
        Unit::Count => "a whole number",
    }
}

/// A limit's number as it is written: in the largest unit that leaves no fraction.
pub fn shown(limit: Limit, number: Option<u64>) -> String {
    let Some(number) = number else { return "none".to_string() };
    let units: &[(&str, u64)] = match limit.unit() {
        Unit::Bytes => &BYTES,
        Unit::Milliseconds => &TIMES,
        Unit::Count => return number.to_string(),
    };
    let whole = units.iter().find(|(_, size)| number > 0 && number.is_multiple_of(*size));
    let (name, size) = whole.or(units.last()).copied().unwrap_or(("", 1));
    format!("{}{name}", number / size)
}

/// The limit of this name.
pub fn limit_of(name: &str) -> Result<Limit, LimitsError> {
    let found = Limit::ALL.into_iter().find(|limit| limit.name().eq_ignore_ascii_case(name));
    found.ok_or_else(|| LimitsError::Name(name.to_string()))
}

/// The number that is written for a limit.
pub fn number_of(limit: Limit, text: &str) -> Result<Option<u64>, LimitsError> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    let wrong = || LimitsError::Value { limit, found: text.to_string() };
    let digits = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    let (amount, unit) = text.split_at(digits);
    let size = match limit.unit() {
        Unit::Count if unit.is_empty() && !amount.contains('.') => 1,
        Unit::Count => return Err(wrong()),
        // As in `512MB` and `512MiB`, which both mean what they mean to the system.
        Unit::Bytes => {
            let unit = unit.to_ascii_uppercase();
            let short = unit.strip_suffix("IB").or(unit.strip_suffix('B')).filter(|it| !it.is_empty());
            size_of(&BYTES, short.unwrap_or(&unit)).ok_or_else(wrong)?
        }
        Unit::Milliseconds => size_of(&TIMES, unit).ok_or_else(wrong)?,
    };
    let number = amount_of(amount, size).ok_or_else(wrong)?;
    match number < limit.least() {
        true => Err(LimitsError::TooSmall { limit, found: text.to_string() }),
        false => Ok(Some(number)),
    }
}

fn size_of(units: &[(&str, u64)], name: &str) -> Option<u64> {
    units.iter().find(|(unit, _)| unit.eq_ignore_ascii_case(name)).map(|(_, size)| *size)
}

/// A decimal number times a unit, without rounding errors; none if it is no number or too large.
fn amount_of(text: &str, size: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
    if !is_number(whole) || (text.contains('.') && !is_number(fraction)) || fraction.len() > 9 {
        return None;
    }
    let parts = if fraction.is_empty() { 0 } else { fraction.parse::<u64>().ok()? };
    let parts = u128::from(parts) * u128::from(size) / 10_u128.pow(fraction.len() as u32);
    whole.parse::<u64>().ok()?.checked_mul(size)?.checked_add(u64::try_from(parts).ok()?)
}

impl Changes {
    /// One limit alone.
    pub fn of(limit: Limit, number: Option<u64>) -> Self {
        Self(BTreeMap::from([(limit, number)]))
    }

    /// What it says, limit by limit.
    pub fn iter(&self) -> impl Iterator<Item = (Limit, Option<u64>)> {
        self.0.iter().map(|(limit, number)| (*limit, *number))
    }

    /// These, and where both speak of a limit, what the other says of it.
    pub fn and(mut self, other: &Self) -> Self {
        self.0.extend(other.iter());
        self
    }

    /// Limits that have been changed so.
    pub fn applied_to(&self, limits: Limits) -> Limits {
        self.iter().fold(limits, |limits, (limit, number)| limits.with(limit, number))
    }
}

impl FromStr for Changes {
    type Err = LimitsError;

    fn from_str(text: &str) -> Result<Self, LimitsError> {
        let mut changes = BTreeMap::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| LimitsError::Form(part.to_string()))?;
            let limit = limit_of(name.trim())?;
            if changes.insert(limit, number_of(limit, value.trim())?).is_some() {
                return Err(LimitsError::Twice(limit));
            }
        }
        Ok(Self(changes))
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> =
            self.iter().map(|(limit, number)| format!("{limit}={}", shown(limit, number))).collect();
        f.write_str(&parts.join(","))
    }
}

/// What is not named has no limit.
impl FromStr for Limits {
    type Err = LimitsError;

    fn from_str(text: &str) -> Result<Self, LimitsError> {
        Ok(text.parse::<Changes>()?.applied_to(Self::default()))
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Changes(Limit::ALL.into_iter().map(|limit| (limit, self.get(limit))).collect()).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> String {
        text.parse::<Changes>().unwrap_err().to_string()
    }

    /// Sizes, times and counts in all their units, with fractions, spaces, and `none`.
    #[test]
    fn every_way_to_write_a_limit() {
        let number = |text: &str| {
            let changes: Changes = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            changes.iter().next().unwrap().1
        };
        for (text, expected) in [
            ("memory=2G", 2 << 30),
            ("memory=1.5G", 3 << 29),
            ("MEMORY = 512MiB", 512 << 20),
            ("memory=300mb", 300 << 20),
            ("file=100B", 100),
            ("file=0B", 0),
            ("output=1K", 1024),
            ("memory=1T", 1 << 40),
            ("cpu=60s", 60_000),
            ("time=1500ms", 1_500),
            ("time=0.5h", 1_800_000),
            ("time=2m", 120_000),
            ("processes=64", 64),
        ] {
            assert_eq!(number(text), Some(expected), "{text}");
        }
        assert_eq!(number("time=none"), None);
        let all: Limits = "memory=2G,cpu=60s,time=5m,processes=64,file=100M,output=10M".parse().unwrap();
        assert_eq!(all.to_string(), "memory=2G,cpu=1m,time=5m,processes=64,file=100M,output=10M");
        assert_eq!("".parse::<Limits>().unwrap(), Limits::default());
    }

    /// Whatever cannot be meant is an error that says what was expected and what came.
    #[test]
    fn errors_say_what_was_expected() {
        assert_eq!(error("memory"), "expected limits as in memory=2G,time=5m, got \"memory\"");
        assert_eq!(
            error("ram=2G"),
            "expected a limit (memory, cpu, time, processes, file, output), got \"ram\""
        );
        let size =
            "expected a size with its unit (B, K, M, G, T) as in 512M or 1.5G for memory, or none, got";
        for bad in
            ["2", "2X", "G", "1.G", ".5G", "1..5G", "-1G", "20000000000G", "99999999999999999999B", "1 G x"]
        {
            assert_eq!(error(&format!("memory={bad}")), format!("{size} {bad:?}"));
        }
        assert_eq!(
            error("time=5"),
            "expected a time with its unit (ms, s, m, h) as in 90s or 5m for time, or none, got \"5\""
        );
        assert_eq!(error("processes=1.5"), "expected a whole number for processes, or none, got \"1.5\"");
        assert_eq!(error("time=1s,time=2s"), "expected each limit once, got time twice");
        assert_eq!(error("memory=1M"), "expected at least 256M for memory, got \"1M\": no cell would run");
        assert_eq!(error("cpu=10ms"), "expected at least 1s for cpu, got \"10ms\": no cell would run");
    }

    /// What comes later counts.
    #[test]
    fn changes_add_up() {
        let first: Changes = "memory=1G,time=5m".parse().unwrap();
        let both = first.and(&"time=none,cpu=1s".parse().unwrap());
        assert_eq!(both.to_string(), "memory=1G,cpu=1s,time=none");
        assert_eq!(
            both.applied_to(Limits::classroom()).to_string(),
            "memory=1G,cpu=1s,time=none,processes=64,file=100M,output=5M"
        );
    }

    proptest! {
        /// All limits are read back as they were written.
        #[test]
        fn what_is_written_is_read_back(numbers in prop::array::uniform6(prop::option::of(0_u64..1 << 50))) {
            let limits = Limit::ALL.into_iter().zip(numbers).fold(Limits::default(), |limits, (limit, number)| {
                limits.with(limit, number.map(|it| it.max(limit.least())))
            });
            prop_assert_eq!(limits.to_string().parse::<Limits>(), Ok(limits));
        }

        /// No text makes it panic.
        #[test]
        fn any_text_is_limits_or_an_error(text in "(memory|time|processes)?=?[0-9.]{0,25}[a-zA-Zµ]{0,3}") {
            let _ = text.parse::<Changes>();
        }
    }
}

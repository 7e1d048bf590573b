//! The values of faults and plans as words: written so that they read back exactly.

use std::fmt;
use std::str::FromStr;

use netsplit_node::trace::Cargo;
use netsplit_node::{Duration, NodeId, ns};

use crate::byzantine::Behaviour;
use crate::group::Group;
use crate::naming::check_name;
use crate::network::{Bandwidth, Latency, Percentiles};

/// Why a text is not a fault or a plan: what was expected, what came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultError {
    pub(crate) expected: String,
    pub(crate) given: String,
}

impl FaultError {
    pub(crate) fn new(expected: impl Into<String>, given: impl Into<String>) -> FaultError {
        FaultError { expected: expected.into(), given: given.into() }
    }
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, got {:?}", self.expected, self.given)
    }
}

impl std::error::Error for FaultError {}

/// A value with a text form that reads back as the same value.
pub(crate) trait Word: Sized {
    /// What it looks like, with an example.
    const FORM: &'static str;
    fn write(&self) -> String;
    fn read(word: &str) -> Option<Self>;
}

/// Reads a word, or says what was expected.
pub(crate) fn read<W: Word>(word: &str) -> Result<W, FaultError> {
    W::read(word).ok_or_else(|| FaultError::new(W::FORM, word))
}

/// Numbers, which print themselves so that they read back.
macro_rules! numbers {
    ($($number:ty: $form:literal),*) => {$(
        impl Word for $number {
            const FORM: &'static str = $form;
            fn write(&self) -> String {
                self.to_string()
            }
            fn read(word: &str) -> Option<Self> {
                word.parse().ok()
            }
        }
    )*};
}

numbers! {
    u32: "a whole number, like 3",
    u64: "a whole number, like 1400",
    i64: "a whole number, like -50000",
    f64: "a number, like 0.25",
    bool: "true or false"
}

impl Word for Duration {
    const FORM: &'static str = "a duration, like 300ms (ns, us, ms, s, min, h)";

    /// In the largest unit that loses nothing.
    fn write(&self) -> String {
        let nanos = self.as_nanos();
        let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns")];
        let (unit, name) = units.into_iter().find(|(unit, _)| nanos % unit == 0).unwrap_or((1, "ns"));
        format!("{}{name}", nanos / unit)
    }

    fn read(word: &str) -> Option<Self> {
        let digits = word.find(|c: char| c.is_ascii_alphabetic())?;
        let unit: i64 = match &word[digits..] {
            "ns" => 1,
            "us" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "min" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        if let Ok(whole) = word[..digits].parse::<i64>() {
            return Some(ns(whole.checked_mul(unit)?));
        }
        let parts: f64 = word[..digits].parse().ok()?;
        Some(ns((parts * unit as f64) as i64))
    }
}

impl Word for String {
    const FORM: &'static str = "a name of letters, digits, '-', '.' and '_'";
    fn write(&self) -> String {
        self.clone()
    }
    fn read(word: &str) -> Option<Self> {
        check_name(word).is_ok().then(|| word.to_owned())
    }
}

impl Word for NodeId {
    const FORM: &'static str = "a node's number, like n2";
    fn write(&self) -> String {
        self.to_string()
    }
    fn read(word: &str) -> Option<Self> {
        word.strip_prefix('n')?.parse().ok().map(NodeId)
    }
}

impl Word for Group {
    const FORM: &'static str = "a group of nodes, like {n0,n2}";
    fn write(&self) -> String {
        let ids: Vec<String> = self.ids().iter().map(NodeId::write).collect();
        format!("{{{}}}", ids.join(","))
    }
    fn read(word: &str) -> Option<Self> {
        let ids = word.trim().strip_prefix('{')?.strip_suffix('}')?;
        let ids = ids.split(',').map(str::trim).filter(|id| !id.is_empty());
        ids.map(NodeId::read).collect::<Option<Vec<_>>>().map(Group::new)
    }
}

impl Word for Vec<Group> {
    const FORM: &'static str = "groups of nodes, like {n0}|{n1,n2}";
    fn write(&self) -> String {
        self.iter().map(Group::write).collect::<Vec<_>>().join("|")
    }
    fn read(word: &str) -> Option<Self> {
        word.split('|').map(Group::read).collect()
    }
}

impl Word for Cargo {
    const FORM: &'static str = "messages, requests or replies";
    fn write(&self) -> String {
        match self {
            Cargo::Message => "messages",
            Cargo::Request => "requests",
            Cargo::Response => "replies",
        }
        .to_owned()
    }
    fn read(word: &str) -> Option<Self> {
        match word {
            "messages" => Some(Cargo::Message),
            "requests" => Some(Cargo::Request),
            "replies" => Some(Cargo::Response),
            _ => None,
        }
    }
}

impl Word for Bandwidth {
    const FORM: &'static str = "a bandwidth, like 10mbit (bit, kbit, mbit, gbit)";
    fn write(&self) -> String {
        self.to_string()
    }
    fn read(word: &str) -> Option<Self> {
        let digits = word.find(|c: char| c.is_ascii_alphabetic())?;
        let unit: u64 = match &word[digits..] {
            "bit" => 1,
            "kbit" => 1_000,
            "mbit" => 1_000_000,
            "gbit" => 1_000_000_000,
            _ => return None,
        };
        word[..digits].parse::<u64>().ok()?.checked_mul(unit).map(Bandwidth::bits)
    }
}

impl Word for Latency {
    const FORM: &'static str = "a latency, like 5ms, uniform:1ms,2ms, exponential:1ms,2ms, log-normal:1ms,2ms,0.5 or \
                                empirical: with six durations";
    fn write(&self) -> String {
        let list = |times: &[Duration]| times.iter().map(Duration::write).collect::<Vec<_>>().join(",");
        match self {
            Latency::Constant(time) => time.write(),
            Latency::Uniform(least, most) => format!("uniform:{}", list(&[*least, *most])),
            Latency::Exponential { least, mean } => format!("exponential:{}", list(&[*least, *mean])),
            Latency::LogNormal { least, median, sigma } => {
                format!("log-normal:{},{sigma}", list(&[*least, *median]))
            }
            Latency::Empirical(percentiles) => format!("empirical:{}", list(&percentiles.points())),
        }
    }
    fn read(word: &str) -> Option<Self> {
        let Some((kind, list)) = word.split_once(':') else {
            return Duration::read(word).map(Latency::Constant);
        };
        let words: Vec<&str> = list.split(',').map(str::trim).collect();
        let time = |index: usize| Duration::read(words.get(index)?);
        match (kind, words.len()) {
            ("uniform", 2) => Some(Latency::Uniform(time(0)?, time(1)?)),
            ("exponential", 2) => Some(Latency::Exponential { least: time(0)?, mean: time(1)? }),
            ("log-normal", 3) => {
                Some(Latency::LogNormal { least: time(0)?, median: time(1)?, sigma: words[2].parse().ok()? })
            }
            ("empirical", 6) => Some(Latency::Empirical(Percentiles {
                least: time(0)?,
                p50: time(1)?,
                p90: time(2)?,
                p99: time(3)?,
                p999: time(4)?,
                most: time(5)?,
            })),
            _ => None,
        }
    }
}

impl Word for Behaviour {
    const FORM: &'static str =
        "a behaviour: honest, silent, silent-to:{n1}, late:3s, forging:0.5, replaying:0.1 or twins:{n2,n3}";
    fn write(&self) -> String {
        match self {
            Behaviour::Honest => "honest".to_owned(),
            Behaviour::Silent => "silent".to_owned(),
            Behaviour::SilentTo(nodes) => format!("silent-to:{}", nodes.write()),
            Behaviour::Late(by) => format!("late:{}", by.write()),
            Behaviour::Forging(probability) => format!("forging:{probability}"),
            Behaviour::Replaying(probability) => format!("replaying:{probability}"),
            Behaviour::Twins(nodes) => format!("twins:{}", nodes.write()),
        }
    }
    fn read(word: &str) -> Option<Self> {
        match word.split_once(':').unwrap_or((word, "")) {
            ("honest", "") => Some(Behaviour::Honest),
            ("silent", "") => Some(Behaviour::Silent),
            ("silent-to", nodes) => Group::read(nodes).map(Behaviour::SilentTo),
            ("late", by) => Duration::read(by).map(Behaviour::Late),
            ("forging", probability) => f64::read(probability).map(Behaviour::Forging),
            ("replaying", probability) => f64::read(probability).map(Behaviour::Replaying),
            ("twins", nodes) => Group::read(nodes).map(Behaviour::Twins),
            _ => None,
        }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write())
    }
}

impl FromStr for Latency {
    type Err = FaultError;
    fn from_str(text: &str) -> Result<Latency, FaultError> {
        read(text)
    }
}

impl FromStr for Bandwidth {
    type Err = FaultError;
    fn from_str(text: &str) -> Result<Bandwidth, FaultError> {
        read(text)
    }
}

//! What a cell may use: memory, processor time, time, processes, the size of a file, output. Limits are plain data here;
//! who runs cells enforces them.
//!
//! Written, they look like `memory=2G,cpu=60s,time=none`, on the command line, in the environment and in a cell alike
//! ([`Changes`]). A [`Policy`] is what holds in one notebook: a value for each limit, with where it comes from, and the
//! ceilings that only whoever has installed the kernel may set.
//!
//! | limit | of what | alone | classroom | why this in a classroom |
//! |---|---|---|---|---|
//! | `memory` | what each process can write to | 3/4 of the machine | 1G | a student's server gets 2 GB on most hubs, and JupyterLab, the kernel and the compiler want the other half; the largest laboratory of the course takes less than a third of it |
//! | `cpu` | processor time of a cell | none | 60s | a cell of the course takes seconds; a machine is shared, and a loop without an end should stop by itself before the lesson does |
//! | `time` | a cell from its start to its end | none | 5m | longer than `cpu`, since a cell may wait (for input, for a socket) and costs nobody anything meanwhile |
//! | `processes` | processes and threads below the cell | none | 64 | room for a test cluster of real servers, none for a fork bomb |
//! | `file` | each file that is written | none | 100M | home folders have quotas of a few GB, and one `loop` with a log fills them |
//! | `output` | text and pictures of a cell | 10M | 5M | what is shown is kept in the notebook's file, which is collected, graded and opened again |
//!
//! Alone, only what would take the whole machine along is limited: memory, before the machine swaps or kills something
//! else, and output, which no browser survives.

pub(crate) mod machine;
mod policy;
mod written;

use std::fmt;
use std::time::Duration;

pub use policy::{Ceilings, Origin, Policy};
pub use written::{Changes, LimitsError};

/// One of the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// The memory that each process can write to, in bytes.
    Memory,
    /// The processor's time that a cell uses, its threads and processes together.
    ProcessorTime,
    /// The time from a cell's start to its end.
    Time,
    /// The processes and threads that a cell may have at once.
    Processes,
    /// The size of each file that a cell writes, in bytes.
    FileSize,
    /// What a cell prints and shows, in bytes.
    Output,
}

/// What the number behind a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Milliseconds,
    /// Things.
    Count,
}

impl Limit {
    /// The name of the failure of a cell that hits it.
    pub fn failure(self) -> &'static str {
        match self {
            Self::Memory => "OutOfMemory",
            Self::ProcessorTime => "ProcessorTimeLimit",
            Self::Time => "TimeLimit",
            Self::Processes => "ProcessLimit",
            Self::FileSize => "FileSizeLimit",
            Self::Output => "OutputLimit",
        }
    }

    /// All, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Memory, Self::ProcessorTime, Self::Time, Self::Processes, Self::FileSize, Self::Output];

    /// What users call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::ProcessorTime => "cpu",
            Self::Time => "time",
            Self::Processes => "processes",
            Self::FileSize => "file",
            Self::Output => "output",
        }
    }

    /// What its number counts.
    pub fn unit(self) -> Unit {
        match self {
            Self::Memory | Self::FileSize | Self::Output => Unit::Bytes,
            Self::ProcessorTime | Self::Time => Unit::Milliseconds,
            Self::Processes => Unit::Count,
        }
    }

    /// What it is a limit of.
    fn meaning(self) -> &'static str {
        match self {
            Self::Memory => "memory that a process can write",
            Self::ProcessorTime => "processor time of a cell",
            Self::Time => "time of a cell",
            Self::Processes => "processes and threads of a cell",
            Self::FileSize => "each file that a cell writes",
            Self::Output => "what a cell prints and shows",
        }
    }

    /// The least that makes sense: below it, not even an empty cell would run.
    fn least(self) -> u64 {
        match self {
            Self::Memory => 256 << 20,
            // The system counts processor time in seconds.
            Self::ProcessorTime => 1_000,
            Self::Time => 10,
            Self::Processes | Self::FileSize | Self::Output => 0,
        }
    }
}

/// A number for each limit; none where there is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits([Option<u64>; Limit::ALL.len()]);

impl Limits {
    /// What holds where nobody has said anything.
    pub fn alone() -> Self {
        // Whole megabytes, which can be read.
        let memory = machine::memory().map(|all| ((all / 4 * 3) >> 20 << 20).max(Limit::Memory.least()));
        Self::default().with(Limit::Memory, memory).with(Limit::Output, Some(10 << 20))
    }

    /// What suits a classroom of many small servers; the reasons stand in the table above.
    pub fn classroom() -> Self {
        Self([Some(1 << 30), Some(60_000), Some(300_000), Some(64), Some(100 << 20), Some(5 << 20)])
    }

    /// The number behind a limit, in its unit.
    pub fn get(&self, limit: Limit) -> Option<u64> {
        self.0[limit as usize]
    }

    /// The same with another number behind this limit.
    pub fn with(mut self, limit: Limit, number: Option<u64>) -> Self {
        self.0[limit as usize] = number;
        self
    }

    /// The memory that each process can write to, in bytes.
    pub fn memory(&self) -> Option<u64> {
        self.get(Limit::Memory)
    }

    /// The processor's time of a cell.
    pub fn processor_time(&self) -> Option<Duration> {
        self.get(Limit::ProcessorTime).map(Duration::from_millis)
    }

    /// The time of a cell, from its start to its end.
    pub fn time(&self) -> Option<Duration> {
        self.get(Limit::Time).map(Duration::from_millis)
    }

    /// The processes and threads of a cell.
    pub fn processes(&self) -> Option<u64> {
        self.get(Limit::Processes)
    }

    /// The size of each file that a cell writes, in bytes.
    pub fn file_size(&self) -> Option<u64> {
        self.get(Limit::FileSize)
    }

    /// What a cell prints and shows, in bytes.
    pub fn output(&self) -> Option<u64> {
        self.get(Limit::Output)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Alone, only memory and output are limited, and memory leaves a part of the machine to everybody else.
    #[test]
    fn alone_only_the_machine_is_protected() {
        let alone = Limits::alone();
        let limited: Vec<Limit> = Limit::ALL.into_iter().filter(|it| alone.get(*it).is_some()).collect();
        assert_eq!(alone.output(), Some(10 << 20));
        if let Some(all) = machine::memory() {
            assert_eq!(limited, [Limit::Memory, Limit::Output]);
            assert!(alone.memory().unwrap() <= all / 4 * 3, "{alone:?} of {all}");
        }
    }

    /// In a classroom everything has a limit, and each number stands at its place.
    #[test]
    fn a_classroom_limits_everything() {
        let classroom = Limits::classroom();
        assert!(Limit::ALL.into_iter().all(|it| classroom.get(it).is_some_and(|it| it > 0)));
        assert_eq!(classroom.to_string(), "memory=1G,cpu=1m,time=5m,processes=64,file=100M,output=5M");
        assert_eq!(classroom.processor_time(), Some(Duration::from_secs(60)));
        assert_eq!((classroom.time(), classroom.processes()), (Some(Duration::from_secs(300)), Some(64)));
    }
}

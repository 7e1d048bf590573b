//! What a checker may use: memory and time.
//!
//! Deciding whether a history is linearizable is NP-complete (Gibbons and Korach, "Testing shared memories", 1997), so a checker that
//! must always answer may take for ever. This one stops when its budget is used up and says how far it came.
//!
//! A limit of memory gives the same verdict on every machine, since what counts is what the search keeps, not what the system
//! reports. A limit of time does not: a faster machine comes further. That is why there is none unless you ask for it. This is also
//! where this crate reads a real clock.

use std::fmt;
use std::sync::Mutex;
use std::time::Instant;

use netsplit_node::progress::Progress;
use netsplit_node::{Duration, interrupt};

/// How much memory and time a checker may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes for what it remembers, all threads together.
    pub memory: usize,
    /// Real time, of the computer that checks; without a limit, the verdict is the same on every machine.
    pub time: Option<Duration>,
}

impl Budget {
    /// What is used if nothing else is asked for: 512 MB, and no limit of time.
    pub const STANDARD: Budget = Budget { memory: 512 << 20, time: None };
}

/// Which part of a budget was used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// The memory.
    Memory,
    /// The time.
    Time,
    /// The number of steps, which explanations are limited by.
    Steps,
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Exhausted::Memory => "memory",
            Exhausted::Time => "time",
            Exhausted::Steps => "steps",
        })
    }
}

/// What all searches of one check share: when the time is over, and how far they are.
#[derive(Debug)]
pub(crate) struct Watch {
    end: Option<Instant>,
    operations: usize,
    told: Mutex<Told>,
}

#[derive(Debug)]
struct Told {
    progress: Progress,
    steps: u64,
}

impl Watch {
    /// Over the check of a history of so many operations.
    pub(crate) fn new(budget: Budget, operations: usize) -> Watch {
        let limit = budget.time.map(|time| time.as_nanos().max(0).unsigned_abs());
        let end = limit.and_then(|nanos| Instant::now().checked_add(std::time::Duration::from_nanos(nanos)));
        Watch { end, operations, told: Mutex::new(Told { progress: Progress::begin(), steps: 0 }) }
    }

    fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }

    /// So many steps more were made. While another thread tells, nobody else does.
    fn tell(&self, steps: u64) {
        if let Ok(mut told) = self.told.try_lock() {
            told.steps += steps;
            let (steps, operations) = (told.steps, self.operations);
            told.progress.tell(|| {
                format!(
                    "looking for an order of {operations} operations: {:.1} million steps",
                    steps as f64 / 1e6
                )
            });
        }
    }
}

/// Counts the steps of one search, and looks at the clock now and then.
#[derive(Clone, Debug)]
pub(crate) struct Meter<'w> {
    memory: usize,
    watch: &'w Watch,
    steps: u64,
    tried: u64,
    most_steps: u64,
}

/// Steps between two looks at the clock: about a tenth of a millisecond.
const STEPS_BETWEEN_LOOKS: u64 = 1024;

impl<'w> Meter<'w> {
    pub(crate) fn new(memory: usize, watch: &'w Watch, most_steps: u64) -> Meter<'w> {
        Meter { memory, watch, steps: 0, tried: 0, most_steps }
    }

    /// Bytes that may be used.
    pub(super) fn memory(&self) -> usize {
        self.memory
    }

    /// Steps so far, and operations tried.
    pub(crate) fn steps(&self) -> u64 {
        self.steps + self.tried
    }

    /// Counts one step.
    #[inline]
    pub(super) fn step(&mut self) -> Result<(), Exhausted> {
        if self.steps() >= self.most_steps {
            return Err(Exhausted::Steps);
        }
        if self.steps.is_multiple_of(STEPS_BETWEEN_LOOKS) {
            self.look()?;
        }
        self.steps += 1;
        Ok(())
    }

    /// Counts an operation that was tried besides, so that a step among many open operations counts for what it costs.
    #[inline]
    pub(super) fn tried(&mut self) {
        self.tried += 1;
    }

    fn look(&self) -> Result<(), Exhausted> {
        if interrupt::is_asked() {
            let at = format!("step {} of the search for an order", self.steps);
            interrupt::Interrupted { at, goes_on: false }.unwind();
        }
        self.watch.tell(STEPS_BETWEEN_LOOKS);
        if self.watch.is_over() { Err(Exhausted::Time) } else { Ok(()) }
    }
}

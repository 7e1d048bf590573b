//! What a checker may use: memory and time.
//!
//! Deciding whether a history is linearizable is NP-complete (Gibbons and Korach, "Testing shared memories", 1997), so a checker that
//! must always answer may take for ever. This one stops when its budget is used up and says how far it came.
//!
//! A limit of memory gives the same verdict on every machine, since what counts is what the search keeps, not what the system
//! reports. A limit of time does not: a faster machine comes further. That is why there is none unless you ask for it. This is also
//! the only place of the library that reads a real clock.

use std::fmt;
use std::time::Instant;

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

/// The moment at which the time of a budget is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Option<Instant>);

impl Deadline {
    pub(super) fn of(budget: Budget) -> Deadline {
        let limit = budget.time.map(|time| time.as_nanos().max(0).unsigned_abs());
        Deadline(limit.and_then(|nanos| Instant::now().checked_add(std::time::Duration::from_nanos(nanos))))
    }

    fn is_over(self) -> bool {
        self.0.is_some_and(|end| Instant::now() >= end)
    }
}

/// Counts the steps of one search, and looks at the clock now and then.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    memory: usize,
    deadline: Deadline,
    steps: u64,
    most_steps: u64,
}

/// Steps between two looks at the clock: about a tenth of a millisecond.
const STEPS_BETWEEN_LOOKS: u64 = 1024;

impl Meter {
    pub(super) fn new(memory: usize, deadline: Deadline, most_steps: u64) -> Meter {
        Meter { memory, deadline, steps: 0, most_steps }
    }

    /// Bytes that may be used.
    pub(super) fn memory(&self) -> usize {
        self.memory
    }

    /// Steps so far.
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// Counts one step.
    #[inline]
    pub(super) fn step(&mut self) -> Result<(), Exhausted> {
        if self.steps >= self.most_steps {
            return Err(Exhausted::Steps);
        }
        if self.steps.is_multiple_of(STEPS_BETWEEN_LOOKS) {
            self.look()?;
        }
        self.steps += 1;
        Ok(())
    }

    fn look(&self) -> Result<(), Exhausted> {
        if interrupt::is_asked() {
            let at = format!("step {} of the search for a linearization", self.steps);
            interrupt::Interrupted { at, goes_on: false }.unwind();
        }
        if self.deadline.is_over() { Err(Exhausted::Time) } else { Ok(()) }
    }
}

//! Shrinking: from a run that fails to the little of it that the failure needs.
//!
//! A run that fails after ten thousand events says that something is wrong, and hardly what. Nearly all of it had no part in the failure, and can be
//! left out, by trying: a laboratory is its seed and what was done to it, so any part of that is a run as well.
//!
//! | what gets smaller | how |
//! |---|---|
//! | what was done from outside: faults, entries of plans, calls, clients | ddmin over all of it (`ddmin.rs`); a workload counts as its calls |
//! | messages that arrive | ddmin over the messages of the run: those that can be lost are |
//! | nodes | the members of each cluster, where what others say of them still makes sense |
//! | time | stretches in which nothing of this happens are cut out |
//! | chance | what was drawn for each message is written down first, as a [`Schedule`]; so leaving one thing out does not change all others |
//! | digits | times are made rounder (as Hypothesis does with numbers) |
//!
//! All of it is gone through until nothing changes any more: then no single fault, call, message or node can be left out (1-minimality). A smaller run that
//! fails may exist all the same.
//!
//! What is kept is the *kind* of failure: a property of the same name, or a failure that begins with the same words, those with digits apart, up to
//! the first colon. Otherwise a lost write would be cut down to a crash of a node that has nothing to do with it ("slippage").
//!
//! | to learn | read |
//! |---|---|
//! | what a user asks for | `lab/shrinking.rs`, this file |
//! | what is tried, and in which order | `search.rs`, `messages.rs`, `times.rs`, `faults.rs` |
//! | how a part of a run is run | `trial.rs`, `renumber.rs` |
//! | how messages take what is said and not drawn | `schedule.rs`, `follow.rs` of the world |
//! | what comes out | `counterexample.rs`, `rust.rs` |

mod counterexample;
mod ddmin;
mod faults;
mod messages;
mod renumber;
mod rust;
mod schedule;
mod search;
mod times;
mod trial;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use netsplit_node::interrupt;

use crate::handler_panic;
use crate::lab::Lab;
use crate::run::Stopped;
use crate::sweep::Finding;

pub use counterexample::{Counterexample, Size};
pub(crate) use ddmin::{Tried, ddmin};
pub(crate) use renumber::Renumbered;
pub use schedule::{Delivery, Firing, MessageKey, Others, Schedule};

use search::{Judge, Search};

/// How a failing run is cut down, made by [`Shrink::of`]. [`Lab::shrink`] does it as it is here unless something else is asked for.
#[derive(Clone, Debug)]
#[must_use = "a run is cut down when it is said what fails: `.judged(|lab| ..)` or `.violation(name)`"]
pub struct Shrink {
    lab: Lab,
    runs: u64,
    is_calm: bool,
}

/// Why a run cannot be cut down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShrinkError {
    /// It does not fail.
    Passes {
        /// The seed.
        seed: u64,
        /// What was asked for.
        what: String,
    },
    /// It fails, and when it is run again it does not fail so.
    NotAgain {
        /// The seed.
        seed: u64,
        /// How it failed.
        once: String,
    },
    /// It was explored, and in a laboratory it goes another way.
    Parts {
        /// What does not happen there.
        what: String,
    },
    /// A run of it was ended.
    Stopped(Stopped),
}

impl fmt::Display for ShrinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShrinkError::Passes { seed, what } => write!(
                f,
                "this run (seed {seed}) does not fail, and only a failing run can be cut down: {what}"
            ),
            ShrinkError::NotAgain { seed, once } => write!(
                f,
                "this run (seed {seed}) fails ({once}), but not when it is run again; lab.verify_replay() says where it differs"
            ),
            ShrinkError::Parts { what } => write!(
                f,
                "in a laboratory this goes another way than in the exploration: {what}. A node does so that uses what is not its context's"
            ),
            ShrinkError::Stopped(stopped) => stopped.fmt(f),
        }
    }
}

impl std::error::Error for ShrinkError {}

impl ShrinkError {
    #[track_caller]
    pub(crate) fn tell(self) -> ! {
        match self {
            ShrinkError::Stopped(stopped) => stopped.tell(),
            error => panic!("{error}"),
        }
    }
}

impl Shrink {
    /// The run of this laboratory, up to now. The laboratory itself stays as it is.
    pub fn of(lab: &Lab) -> Shrink {
        Shrink { lab: lab.clone(), runs: 20_000, is_calm: false }
    }

    /// By at most so many runs, instead of 20,000. What it has come to then still fails, but may not be minimal; the report says so.
    pub fn runs(self, runs: u64) -> Shrink {
        Shrink { runs, ..self }
    }

    /// In a calm network: instead of losing all messages that the failure does not need, let all arrive after a millisecond of which the failure does not
    /// need something else. More messages arrive then, and the faults that the failure needs stay to be seen.
    pub fn calm(self) -> Shrink {
        Shrink { is_calm: true, ..self }
    }

    /// Cuts the run down to what fails by `judge`: by what it gives back, or by a panic of it.
    ///
    /// # Errors
    /// If the run does not fail, or not again.
    pub fn judged<T: Finding>(self, mut judge: impl FnMut(&Lab) -> T) -> Result<Counterexample, ShrinkError> {
        let mut judge = |lab: &Lab| caught(&mut || judge(lab).failure());
        let seed = self.lab.seed();
        let what = "the judge found nothing wrong with it".to_owned();
        let failure = judge(&self.lab).ok_or(ShrinkError::Passes { seed, what })?;
        self.run(Judge::Given { judge: &mut judge, kind: kind_of(&failure) }, failure)
    }

    /// Cuts the run down to what violates the property of this name.
    ///
    /// # Errors
    /// If the run does not violate it, or not again.
    pub fn violation(self, property: &str) -> Result<Counterexample, ShrinkError> {
        let violations = self.lab.violations();
        let Some(violation) = violations.iter().find(|violation| violation.property == property) else {
            let violated: Vec<&str> =
                violations.iter().map(|violation| violation.property.as_str()).collect();
            let seed = self.lab.seed();
            let what = match violated.len() {
                0 => format!("{property} is not violated, and no other property is"),
                _ => format!("{property} is not violated; violated: {}", violated.join(", ")),
            };
            return Err(ShrinkError::Passes { seed, what });
        };
        let once = violation.to_string();
        self.run(Judge::Violation(property.to_owned()), once)
    }

    fn run(self, judge: Judge<'_>, failure: String) -> Result<Counterexample, ShrinkError> {
        let (kept, world) = {
            let world = self.lab.world();
            (world.recorder.kept(), world.clone())
        };
        let mut search = Search::new(judge, self.runs, kept);
        let before = Size::of(&world);
        search.begin(&world, &failure, self.is_calm)?;
        search.minimise(self.is_calm);
        Ok(search.counterexample(before, self.is_calm))
    }
}

/// What a judge says, or the message of its panic.
fn caught(judge: &mut dyn FnMut() -> Option<String>) -> Option<String> {
    let quiet = handler_panic::Quiet::begin();
    match catch_unwind(AssertUnwindSafe(judge)) {
        Ok(failure) => failure,
        Err(panic) if interrupt::is_asked() => {
            drop(quiet);
            std::panic::resume_unwind(panic)
        }
        Err(_) => Some(handler_panic::message()),
    }
}

/// What tells a failure from others: its first line up to the first colon, without words that have digits.
fn kind_of(failure: &str) -> String {
    let head = failure.lines().next().unwrap_or_default().split(": ").next().unwrap_or_default();
    let words = head.split_whitespace().filter(|word| !word.contains(|c: char| c.is_ascii_digit()));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_s_kind_is_what_its_numbers_do_not_change() {
        // Times, seeds and values differ from run to run; the property does not.
        let kind = kind_of("ElectionSafety is violated at 1.2s (seed 42): n0 and n2 lead term 3");
        assert_eq!(kind, kind_of("ElectionSafety is violated at 30ms (seed 7): n1 and n2 lead term 1"));
        assert_ne!(kind, kind_of("LogMatching is violated at 30ms (seed 7): n1"));
        assert_eq!(kind_of("linearizability: violated (3 operations)"), "linearizability");
    }
}

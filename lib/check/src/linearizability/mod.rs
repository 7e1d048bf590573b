//! Linearizability: every operation seems to take effect at one moment between its call and its return.
//!
//! - **What it is:** a history is linearizable if its operations can be put into one order that the sequential specification allows, in
//!   which each operation that ended before another began comes before it (Herlihy and Wing, "Linearizability: a correctness
//!   condition for concurrent objects", TOPLAS 1990). It is a safety property, and the strongest that is asked of a single object: clients
//!   cannot tell the service from one that has a single copy and answers one request at a time.
//! - **Outcomes:** what failed never happened. What is pending, or of unknown outcome, may have happened at any time after its call, also long
//!   after the caller gave up, or never; it stays open to the end. Only an `Ok` has an end and an answer that must fit.
//! - **Intervals are closed:** see `parts.rs`, with the counter-example.
//! - **Parts:** where the specification divides the service (a store by its keys), each part is judged by itself, on all cores: a history is
//!   linearizable exactly if its parts are (Horn and Kroening, "Faster linearizability checking via P-compositionality", FORTE
//!   2015, section 3; for separate objects already Herlihy and Wing, theorem 1).
//! - **Cost:** the problem is NP-complete, so there is a [`Budget`]; what was found until it was used up is told.
//! - **Determinism:** verdict and text depend on the history alone: not on threads, not on the machine. The exception is a limit of time,
//!   if you set one.
//!
//! ```
//! use netsplit_check::{Check, by_hand, linearizable, spec};
//! use netsplit_node::{KeyValueRequest, KeyValueResponse};
//! let put = KeyValueRequest::Put { key: "x".into(), value: 1.into() };
//! let get = || KeyValueRequest::Get { key: "x".into() };
//! let read = |value: Option<i32>| KeyValueResponse::Value(value.map(Into::into));
//! // The put's time-out leaves it open: cyd's read of nothing is right, and so is dan's of 1 after it.
//! let history = by_hand("store")
//!     .unknown("ann", 0..5, put)
//!     .ok("cyd", 6..8, get(), read(None))
//!     .ok("dan", 9..12, get(), read(Some(1)));
//! assert!(history.clone().history().check(linearizable(spec::KeyValue)).holds());
//! // But once it has happened, it has.
//! let verdict = history.ok("eve", 13..15, get(), read(None)).history().check(linearizable(spec::KeyValue));
//! assert_eq!(verdict.violations(), ["eve's get of x read nothing, after dan's get of x read 1 had ended"]);
//! ```
//!
//! | to learn | read |
//! |---|---|
//! | what the search does, and what keeps it small | `search.rs` |
//! | how it remembers | `memory.rs`, `interned.rs`, `transitions.rs` |
//! | when an operation is before another | `parts.rs` |
//! | how a violation is explained | `reasons.rs`, `sentences.rs` |
//! | when it gives up | `budget.rs` |

use netsplit_node::History;

use crate::spec::Specification;
use crate::verdict::{Checker, Verdict};

pub(crate) mod budget;
pub(crate) mod interned;
mod judgement;
mod memory;
pub(crate) mod parts;
mod reasons;
pub(crate) mod search;
mod sentences;
pub(crate) mod subject;
pub(crate) mod transitions;
mod workers;

pub use budget::{Budget, Exhausted};
pub use judgement::{Finding, Judged, Judgement};

/// Judges whether a history is linearizable with regard to `specification`.
///
/// ```
/// use netsplit_check::spec::{Counter, CounterRequest, CounterResponse};
/// use netsplit_check::{Check, by_hand, linearizable};
/// let history = by_hand("counter")
///     .ok("ann", 0..5, CounterRequest::Add(1), CounterResponse::Added)
///     .ok("bob", 3..9, CounterRequest::Read, CounterResponse::Count(1))
///     .history();
/// let verdict = history.check(linearizable(Counter));
/// assert_eq!(verdict.to_string(), "Linearizability: holds (2 operations)");
/// ```
pub fn linearizable<S: Specification>(specification: S) -> Linearizable<S> {
    Linearizable { specification, budget: Budget::STANDARD, whole: false, threads: None }
}

/// The checker made by [`linearizable`].
#[derive(Clone, Debug)]
#[must_use = "a checker does nothing by itself: `history.check(linearizable(..))`"]
pub struct Linearizable<S> {
    specification: S,
    budget: Budget,
    whole: bool,
    threads: Option<usize>,
}

impl<S: Specification> Linearizable<S> {
    /// With this budget instead of [`Budget::STANDARD`].
    pub fn within(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Without dividing the history into parts: slower, and never another verdict.
    pub fn undivided(mut self) -> Self {
        self.whole = true;
        self
    }

    /// On so many threads at most, this one included; without it, on all cores. Never another verdict.
    pub fn on_threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// What is found in each part of `history`, for programs; a [`Verdict`] is for people.
    ///
    /// ```
    /// use netsplit_check::spec::{Register, RegisterRequest, RegisterResponse};
    /// use netsplit_check::{Finding, by_hand, linearizable};
    /// let history = by_hand("register")
    ///     .ok("ann", 0..9, RegisterRequest::Write(1.into()), RegisterResponse::Written)
    ///     .ok("bob", 1..3, RegisterRequest::Read, RegisterResponse::Value(Some(1.into())))
    ///     .ok("cyd", 1..3, RegisterRequest::Read, RegisterResponse::Value(None))
    ///     .history();
    /// let judgement = linearizable(Register).judge(&history);
    /// assert_eq!(judgement.parts[0].finding, Finding::Linearizable { order: vec![2, 0, 1] });
    /// ```
    pub fn judge(&self, history: &History<S::Request, S::Response>) -> Judgement {
        let subject = subject::Typed { specification: &self.specification, history };
        judgement::judge(&subject, history.len(), self.settings())
    }

    fn settings(&self) -> judgement::Settings {
        let threads = self.threads.unwrap_or_else(workers::cores);
        judgement::Settings { budget: self.budget, whole: self.whole, threads }
    }
}

impl<S: Specification> Checker<S::Request, S::Response> for Linearizable<S> {
    fn name(&self) -> &str {
        "Linearizability"
    }

    fn check(&self, history: &History<S::Request, S::Response>) -> Verdict {
        let subject = subject::Typed { specification: &self.specification, history };
        let judgement = judgement::judge(&subject, history.len(), self.settings());
        sentences::verdict(Verdict::of("Linearizability", history), &subject, history.len(), &judgement)
    }
}

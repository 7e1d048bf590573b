//! Checkers: what judges whether a service kept its promises.
//!
//! A [`Checker`] reads a [`History`](netsplit_node::History), which is what callers asked, what they were told, and what reached
//! the service's code, and gives a [`Verdict`]. It never looks at the state that a node reports of itself: a node that is
//! wrong is wrong about itself too. So a checker judges any history, also one that came from a real system.
//!
//! ```
//! use netsplit_check::{Check, no_double_effect};
//! # use netsplit_node::{CallId, History, NodeId, Operation, Outcome, Time, ms};
//! # let mail = |call, at| Operation { call: CallId(call), caller: NodeId(0), caller_name: "sign-up 0".into(),
//! #     request: "ann", invoked: Time::ZERO, outcome: Some(Outcome::Ok(())), returned: Some(Time::ZERO + ms(9)),
//! #     served: vec![Time::ZERO + ms(at)] };
//! # let mails = History { service: "e-mail".into(), seed: Some(7), operations: vec![mail(1, 5), mail(2, 1005)],
//! #     disturbances: vec![] };
//! let verdict = mails.check(no_double_effect(|address: &&str| address.to_string()));
//! assert_eq!(
//!     verdict.to_string(),
//!     "NoDoubleEffect: violated (2 operations, 2 effects, seed 7)\n\
//!      - \"ann\" took effect 2 times: at 5ms and 1.005s, asked by sign-up 0"
//! );
//! ```
//!
//! | to learn | read |
//! |---|---|
//! | what a checker is and what it says | `verdict.rs` |
//! | what a service promises apart from concurrency | `spec/mod.rs` |
//! | as if there were one copy | `linearizability/mod.rs` |
//! | what weaker stores promise | `consistency/mod.rs` |
//! | histories for exercises and tests | `by_hand.rs` |
//! | histories that other tools recorded | `import/mod.rs` |
//! | at most once | `no_double_effect.rs` |
//! | at least once, if promised | `every_promise_kept.rs` |
//! | what callers believed, against what was done | `outcome_table.rs` |
//! | what is said of a system before it runs | `model/mod.rs` |
//! | what it looks like | `timeline/mod.rs` |

mod by_hand;
mod card;
pub mod consistency;
mod every_promise_kept;
pub mod import;
mod linearizability;
pub mod model;
mod no_double_effect;
mod outcome_table;
pub mod spec;
#[cfg(test)]
mod test_histories;
mod timeline;
mod verdict;

pub use by_hand::{ByHand, by_hand};
pub use consistency::{
    causal, convergence_within, monotonic_reads, monotonic_writes, read_your_writes, sequential,
    staleness_within, staleness_within_versions, writes_follow_reads,
};
pub use every_promise_kept::{EveryPromiseKept, every_promise_kept};
pub use import::{ImportError, ImportProblem};
pub use linearizability::{Budget, Exhausted, Finding, Judged, Judgement, Linearizable, linearizable};
pub use no_double_effect::{NoDoubleEffect, no_double_effect};
pub use outcome_table::{OutcomeTable, Told};
pub use timeline::{Order, Step, Timeline, Timelines};
pub use verdict::{Check, Checker, Verdict};

//! Exercises, the judge that grades answers to them, and the host in which an answer runs.
//!
//! A judge never shares memory, files or an output stream with the code that it judges. An answer is loaded in processes of its own,
//! confined, one for each life of each node and one for each call of a function; the judge simulates the world around them and asks
//! them, frame by frame, what they do. What stands in a frame is data that nobody trusts: it can say no more than what a node may do.
//!
//! | folder | whose side it is |
//! |---|---|
//! | `judge` | the judge's: exercises, cases, the worlds in which answers are put, rules, reports |
//! | `host` | the answer's: what turns a frame into a call of a handler, and the handler's wishes into a frame |
//! | `frames` | what the two say to each other |
//!
//! An author writes this:
//!
//! ```
//! use netsplit_grade::{Case, Exercise, Rule};
//! use netsplit_node::secs;
//!
//! /// A server answers twice what it is asked.
//! fn exercise() -> Exercise {
//!     Exercise::new("double", "Twice as much", 10.0, Rule::Proportional)
//!         .service("Doubler", "u64", "u64")
//!         .visible("one request", 1, answers)
//!         .hidden("other requests", 200, answers)
//! }
//!
//! fn answers(case: &mut Case) {
//!     let asked = case.random().below(1_000);
//!     let servers = case.submitted::<u64, u64>("Doubler").start(1);
//!     let call = servers.client_of(0).call(asked);
//!     case.lab().run_for(secs(5));
//!     case.liveness("every request is answered", !call.is_pending());
//!     case.expect("the answer is twice the request", call.outcome().and_then(|it| it.ok()) == Some(2 * asked));
//! }
//!
//! exercise();
//! ```
//!
//! The program that a judge is hands its exercises to [`judge`].

mod frames;
pub mod host;
mod judge;

pub use judge::{Case, Exercise, Finding, Judged, Message, Submission, Submitted, judge};
pub use netsplit_report::{Budgets, Kind, Rule};

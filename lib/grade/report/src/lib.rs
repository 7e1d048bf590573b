//! What a judge is asked and what it answers, as data: the kernel, the command line and the judge share these types, and nothing else.
//!
//! A judge is a program, made of the exercises of one assignment. It understands two calls:
//!
//! | call | stdin | stdout |
//! |---|---|---|
//! | `judge describe` | | an [`Assignment`], as JSON |
//! | `judge run` | a [`Job`], as JSON | a [`Report`], as JSON |
//!
//! A judge that is asked for what it does not have, or that cannot start a host, says why on stderr and exits with 2.

mod description;
mod job;
mod verdict;

pub use description::{Answer, Assignment, Budgets, Exercise, Rule};
pub use job::{Host, Job, Mode};
pub use verdict::{Kind, Picture, Property, Report, Shown};

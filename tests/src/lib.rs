//! The tools `verify` and `measure`: what runs every test of the project, and what runs its benchmarks.
//!
//! They stand apart from the product so that it does not carry them. Tests that belong to one crate are in that crate;
//! here is what looks at the whole: the style of the sources, the edges between the crates, real Jupyter clients.

pub mod course;
pub mod measure;
pub mod process;
pub mod project;
pub mod tally;
pub mod verify;

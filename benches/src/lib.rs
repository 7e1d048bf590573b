//! The programs behind the figures of `cargo measure`: each is a binary that prints its figure as one line of JSON.

pub mod exploring;
pub mod game;
pub mod histories;
pub mod runs;

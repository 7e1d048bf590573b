//! What a compiled cell calls: it takes its variables from here and puts them back, shows its value, reads input, waits
//! for futures. The processes around it are here as well: the keeper, which starts the others, and the runner, which loads cells and runs
//! them, so that there is one copy of
//! everything in the process.
//!
//! Whatever is generic is compiled again in every cell, without optimisation, so the generic functions do next to nothing:
//! they turn a value into `Box<dyn Any>` or `&dyn Debug` and leave the rest to functions that are compiled once.

mod bounds;
mod channel;
mod confinement;
pub mod display;
mod faults;
mod fork;
mod guard;
pub mod host;
mod input;
mod interrupts;
mod judged;
mod keeper;
mod macros;
mod panics;
pub mod ready_made;
mod runner;
mod show;
mod variables;

pub use guard::{run, run_future};
pub use input::{input, password};
pub use macros::{debug_place, flush_stdout, is_statement_file, place_of};
pub use show::{AsDebug, begin_result, end_result, show_value};
pub use variables::{Need, are_there, put, take};

/// What every cell begins with.
pub mod prelude {
    pub use crate::{display, input, password};
    pub use netsplit::*;
}

pub use {netsplit, serde, serde_json, tokio};

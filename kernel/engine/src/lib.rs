//! Turns the text of a notebook's cell into running code.
//!
//! A cell becomes one shared library, made by one run of the compiler against the prepared [`library`], and loaded into the
//! process that holds the notebook's variables, the cell host. [`Engine`] is the whole of it: text in, outputs and an end out.

mod cargo;
mod checkpoints;
mod commands;
mod compile;
mod contents;
mod deaths;
pub mod dependencies;
mod diagnostics;
mod engine;
mod failure;
mod files;
mod frame;
mod host;
mod interrupt;
mod item;
mod keeper;
pub mod library;
pub mod limits;
mod linker;
mod notebook;
mod outputs;
mod parse;
mod programs;
mod progress;
mod running;
mod rustc;
mod session_folders;
mod symbols;
mod text;
mod type_names;
mod watch;

pub use engine::{Audience, Cell, Engine, Known, Late, Settings};
pub use failure::Failure;
pub use interrupt::Interrupt;
pub use outputs::{Bundle, Output, Stream};
pub use parse::is_too_deep;

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
pub mod diagnostics;
mod engine;
mod extension;
mod failure;
mod files;
mod frame;
mod host;
mod interrupt;
pub mod item;
pub mod keeper;
pub mod library;
pub mod limits;
pub mod linker;
pub mod notebook;
mod outputs;
pub mod parse;
pub mod programs;
mod progress;
mod running;
pub mod rustc;
pub mod session_folders;
mod symbols;
pub mod text;
mod type_names;
mod watch;

pub use engine::{Audience, Cell, Engine, Known, Late, Settings};
pub use extension::{Extension, Session, Told};
pub use failure::Failure;
pub use interrupt::Interrupt;
pub use outputs::{Bundle, Output, Stream};
pub use parse::is_too_deep;

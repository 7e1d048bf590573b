//! Engines turn a cell's text into running code; everything that the session knows of them is here.
//!
//! An [`Engine`] is plain and blocking: it lives on a thread of its own ([`Host`]), does one thing at a time, and
//! says what a cell puts out through an [`Outlet`] while it runs. Whoever wants to stop a running cell does so from
//! another thread, through an [`Interrupt`].
//!
//! Two engines exist: [`evcxr`] runs Rust, [`scripted`] plays scripts for the tests.

pub mod evcxr;
mod host;
pub mod library;
pub mod scripted;

pub use host::{Host, Outlet};

use crate::wire::{ErrorOutput, MimeBundle, StreamName};

/// Runs cells. Variables and items live in the engine from one cell to the next.
pub trait Engine {
    /// Runs the cell to its end. Everything that it puts out has gone through the outlet when this returns.
    fn execute(&mut self, cell: &Cell) -> Result<(), ErrorOutput>;

    /// How the text may go on at the cursor, which is a byte offset.
    fn complete(&mut self, code: &str, cursor: usize) -> Completions;

    /// What the name at the cursor is, which is a byte offset.
    fn inspect(&mut self, code: &str, cursor: usize) -> Option<MimeBundle>;

    /// Does in advance what the next requests would otherwise wait for; called once, when nothing else is to do.
    fn warm_up(&mut self) {}
}

/// What other threads may do to an engine while it works.
pub trait Interrupt: Send + Sync {
    /// A cell is about to be handed to the engine: from now on, interrupts are meant for it.
    fn arm(&self);

    /// Stops the cell that was handed over last, whether it runs already or not yet; does nothing if it has ended.
    /// Returns at once; the cell ends with an error soon after.
    fn interrupt(&self);

    /// Stops whatever the engine is doing, because nobody will ask it for anything more.
    fn terminate(&self) {
        self.interrupt();
    }
}

/// A cell to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its text.
    pub code: String,
    /// Its number in the session: errors speak of `cell[3]`.
    pub number: u32,
}

/// What a cell puts out while it runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Printed text.
    Stream(StreamName, String),
    /// Something to show.
    Display(MimeBundle),
    /// The value of its last expression.
    Result(MimeBundle),
}

/// How a text may go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// The bytes of the text that a completion replaces.
    pub replaced: std::ops::Range<usize>,
    /// The completions, best first.
    pub matches: Vec<Completion>,
}

/// One way how a text may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What to insert.
    pub text: String,
    /// What the user sees in the list.
    pub label: String,
    /// What it is: a function, a keyword, ..
    pub kind: String,
}

/// What the session asks of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Run a cell; answered by [`Event::Executed`] after its outputs.
    Execute(Cell),
    /// Complete a text; answered by [`Event::Completed`].
    Complete {
        /// The text.
        code: String,
        /// The cursor, a byte offset.
        cursor: usize,
    },
    /// Inspect a name; answered by [`Event::Inspected`].
    Inspect {
        /// The text.
        code: String,
        /// The cursor, a byte offset.
        cursor: usize,
    },
    /// Stop the running cell; it answers for itself.
    Interrupt,
}

/// What an engine tells the session.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A cell puts something out. Late output, of threads that outlive their cell, comes without a running cell.
    Output(Output),
    /// The cell has ended.
    Executed(Result<(), ErrorOutput>),
    /// The completions that were asked for.
    Completed(Completions),
    /// What was asked for, if there is anything to say.
    Inspected(Option<MimeBundle>),
}

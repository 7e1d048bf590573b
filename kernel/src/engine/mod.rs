//! Engines turn a cell's text into running code; everything that the session knows of them is here.
//!
//! An [`Engine`] is plain and blocking: it lives on a thread of its own ([`Host`]), does one thing at a time, and
//! says what a cell puts out through an [`Outlet`] while it runs. Whoever wants to stop a running cell does so from
//! another thread, through an [`Interrupt`].
//!
//! Two engines exist: [`rust`] runs Rust, [`scripted`] plays scripts for the tests.

mod glossary;
mod host;
pub mod library;
mod outlet;
pub mod rust;
pub mod scripted;
pub mod session_directory;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::wire::{ErrorOutput, MimeBundle, StreamName};
pub use host::Host;
pub use outlet::{InputError, InputKind, Outlet, Question};

/// Runs cells. Variables and items live in the engine from one cell to the next.
pub trait Engine {
    /// Runs the cell to its end. Everything that it puts out has gone through the outlet when this returns.
    fn execute(&mut self, cell: &Cell) -> Result<(), ErrorOutput>;

    /// The value of an expression, for a front end that wants it beside a cell: nothing of it shows in the notebook. As
    /// it stands, the expression runs as a cell whose outputs are kept back.
    fn evaluate(&mut self, expression: &Cell, outlet: &Outlet) -> Result<MimeBundle, ErrorOutput> {
        let (ended, outputs) = outlet.capture(|| self.execute(expression));
        ended?;
        let value = outputs.into_iter().rev().find_map(|output| match output {
            Output::Result(data) => Some(data),
            _ => None,
        });
        value.ok_or_else(|| {
            let evalue = format!("expected an expression with a value, found {:?}", expression.code);
            ErrorOutput { ename: "NoValue".into(), traceback: vec![evalue.clone()], evalue }
        })
    }

    /// What answers questions about code, on a thread of its own, while cells run; asked for once.
    fn assist(&mut self) -> Box<dyn Assist>;

    /// A front end says something on a comm: it opens one for a target that the engine has announced
    /// ([`Output::Target`]), or speaks on one that is open. What the engine puts out meanwhile belongs to that message.
    fn comm(&mut self, _said: &CommMessage) -> Result<(), ErrorOutput> {
        Ok(())
    }
}

/// Answers questions about code. It knows what the cells so far have defined, and runs none.
pub trait Assist: Send {
    /// How the text may go on at the cursor, which is a byte offset.
    fn complete(&mut self, code: &str, cursor: usize) -> Completions;

    /// What the name at the cursor is, which is a byte offset.
    fn inspect(&mut self, code: &str, cursor: usize) -> Option<MimeBundle>;

    /// The same at length: with the source, if there is one to see.
    fn inspect_fully(&mut self, code: &str, cursor: usize) -> Option<MimeBundle> {
        self.inspect(code, cursor)
    }
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
    /// What the front end calls it, if it says: a cell that runs again replaces what it defined before.
    pub id: Option<String>,
}

/// What a cell puts out while it runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Printed text.
    Stream(StreamName, String),
    /// Text that a thread or a process prints after the end of its cell, which has this number.
    Late(u32, StreamName, String),
    /// Something to show.
    Display(MimeBundle),
    /// The value of its last expression.
    Result(MimeBundle),
    /// Something to show that can be replaced later, under this identifier.
    Named(String, MimeBundle),
    /// Replaces what is shown under this identifier, in whatever cell it stands.
    Update(String, MimeBundle),
    /// Removes what the cell has shown so far.
    Clear(Clearing),
    /// Something to read beside the notebook, in the front end's pager.
    Page(MimeBundle),
    /// From now on, front ends may open comms for this target.
    Target(String),
    /// Says something on a comm, to all front ends.
    Comm(CommMessage),
}

/// When to remove what a cell has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clearing {
    /// Now.
    AtOnce,
    /// Together with the next thing to show, so that nothing flickers.
    WithTheNext,
}

/// What one side of a comm says to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommMessage {
    /// The comm; whoever opens it makes up its identifier.
    pub comm_id: String,
    /// What kind of message it is.
    pub kind: CommKind,
    /// What is said; both ends know what it means.
    pub data: Value,
    /// Remarks on it.
    pub metadata: Map<String, Value>,
    /// Binary data.
    pub buffers: Vec<Bytes>,
}

/// The kinds of messages on a comm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommKind {
    /// The first one, for this target.
    Open(String),
    /// One of many.
    Message,
    /// The last one.
    Close,
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
        /// How much to say.
        detail: Detail,
    },
    /// Run an expression for its value; answered by [`Event::Evaluated`].
    Evaluate(Cell),
    /// Hear what a front end says on a comm; answered by [`Event::CommHandled`] after its outputs.
    Comm(CommMessage),
    /// The answer to [`Event::Question`], or why there is none.
    Answer(Result<String, InputError>),
    /// Stop the running cell; it answers for itself.
    Interrupt,
}

/// How much to say of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What fits into a tooltip.
    Short,
    /// All there is.
    Full,
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
    /// The value that was asked for.
    Evaluated(Result<MimeBundle, ErrorOutput>),
    /// The comm's message has been heard.
    CommHandled(Result<(), ErrorOutput>),
    /// The running cell asks the user, and waits; answered by [`Command::Answer`].
    Question(Question),
}

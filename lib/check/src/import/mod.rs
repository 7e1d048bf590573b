//! Histories from elsewhere: what other tools recorded, as histories that the checkers judge.
//!
//! | function | reads |
//! |---|---|
//! | [`jepsen_register`] | a register with compare-and-set under Jepsen: lines of its log, or of `history.edn` |
//! | [`append_store`] | a store with get, put and append, in lines of EDN: the format of Porcupine's test data |
//!
//! Such records have the order of events and, mostly, no times: each line counts as a millisecond.

use std::fmt;

use netsplit_node::{CallId, History, NodeId, Operation, Outcome, Time, ms};

mod append_store;
mod entry;
mod jepsen_register;

pub use append_store::append_store;
pub use jepsen_register::jepsen_register;

use entry::{Entry, Kind};

/// Why a record could not be read: which line, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError {
    /// The line, counted from 1.
    pub line: usize,
    /// What the line says, the beginning of it if it is long.
    pub text: String,
    /// What is wrong.
    pub problem: ImportProblem,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportProblem {
    /// It has not the form of an entry.
    NotAnEntry {
        /// What was expected.
        expected: &'static str,
    },
    /// The operation, or its value, is none of this service.
    NotOfThisService {
        /// What was expected.
        expected: &'static str,
    },
    /// A process asks although it still waits for an earlier answer.
    StillWaits {
        /// The process.
        process: u32,
        /// The line in which it asked.
        since: usize,
    },
    /// A process is answered without having asked.
    NeverAsked {
        /// The process.
        process: u32,
    },
    /// A process is answered for something else than it asked for.
    AskedOtherwise {
        /// The process.
        process: u32,
        /// The line in which it asked.
        since: usize,
    },
}

/// One line: where, what came, what was expected.
impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match &self.problem {
            ImportProblem::NotAnEntry { expected } | ImportProblem::NotOfThisService { expected } => {
                write!(f, "expected {expected}")?;
            }
            ImportProblem::StillWaits { process, since } => {
                write!(f, "process {process} asks, but still waits for the answer to line {since}")?;
            }
            ImportProblem::NeverAsked { process } => {
                write!(
                    f,
                    "process {process} is answered, but has asked nothing: is the record cut off before?"
                )?;
            }
            ImportProblem::AskedOtherwise { process, since } => {
                write!(f, "process {process} is answered for something else than it asked in line {since}")?;
            }
        }
        write!(f, "; the line is {:?}", self.text)
    }
}

impl std::error::Error for ImportError {}

/// What a service's entries mean.
trait Words {
    type Request: Clone + PartialEq;
    type Response;
    /// What is asked. On an answer, values of reads may be there or not.
    fn request(&self, entry: &Entry) -> Result<Self::Request, ImportProblem>;
    /// How it ended: an answer with `:ok`, or with `:fail`.
    fn outcome(
        &self,
        entry: &Entry,
        request: &Self::Request,
        fails: bool,
    ) -> Result<Outcome<Self::Response>, ImportProblem>;
}

/// Pairs calls with their answers, line by line.
fn import<W: Words>(
    words: &W,
    service: &str,
    text: &str,
) -> Result<History<W::Request, W::Response>, ImportError> {
    let mut history =
        History { service: service.to_owned(), seed: None, operations: Vec::new(), disturbances: Vec::new() };
    // For each process that waits: its operation, and the line in which it asked.
    let mut waiting: std::collections::BTreeMap<u32, (usize, usize)> = std::collections::BTreeMap::new();
    for (line, text) in (1..).zip(text.lines()) {
        let fail = |problem| ImportError { line, text: beginning_of(text), problem };
        let Some(entry) = entry::read(text).map_err(fail)? else { continue };
        let (process, now) = (entry.process, Time::ZERO + ms(line as i64));
        if entry.kind == Kind::Invoke {
            if let Some(&(_, since)) = waiting.get(&process) {
                return Err(fail(ImportProblem::StillWaits { process, since }));
            }
            let request = words.request(&entry).map_err(fail)?;
            waiting.insert(process, (history.operations.len(), line));
            history.operations.push(Operation {
                call: CallId(history.operations.len() as u64),
                caller: NodeId(process),
                caller_name: format!("process {process}"),
                request,
                invoked: now,
                outcome: None,
                returned: None,
                served: Vec::new(),
            });
            continue;
        }
        let Some((asked, since)) = waiting.remove(&process) else {
            return Err(fail(ImportProblem::NeverAsked { process }));
        };
        let operation = &mut history.operations[asked];
        let outcome = match entry.kind {
            Kind::Info => Outcome::Unknown,
            kind => words.outcome(&entry, &operation.request, kind == Kind::Fail).map_err(|problem| {
                let unlike = matches!(problem, ImportProblem::AskedOtherwise { .. });
                fail(if unlike { ImportProblem::AskedOtherwise { process, since } } else { problem })
            })?,
        };
        (operation.outcome, operation.returned) = (Some(outcome), Some(now));
    }
    Ok(history)
}

/// An answer for something else; who it is and since when is filled in by the caller.
const UNLIKE: ImportProblem = ImportProblem::AskedOtherwise { process: 0, since: 0 };

/// Errors stay readable whatever a file holds.
fn beginning_of(text: &str) -> String {
    const SHOWN: usize = 120;
    let beginning: String = text.chars().take(SHOWN).collect();
    if beginning.len() < text.len() { beginning + ".." } else { beginning }
}

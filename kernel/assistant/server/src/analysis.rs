//! evcxr as an analyser: it completes and explains texts that hold everything, and evaluates nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;

use evcxr::{CommandContext, Error, EvalContext};
use netsplit_assistant::protocol::{Answer, Detail, Extern, Notebook, Question, checked_cursor, name_at};

use crate::cell::Cell;
use crate::shown;

/// What evcxr says where rust-analyzer knows nothing.
const NOTHING: &str = "No documentation found";
/// What rust-analyzer needs longest for, the first time: the standard library's and the library's types.
const FIRST_QUESTION: &str = "let first = vec![String::new()]; first.iter().le";

/// What [`set_apart`] puts before a name.
const APART: &str = "{let _ = ";

/// evcxr, and what it has been told.
pub struct Analysis {
    context: CommandContext,
    /// The crates that it knows, or does not want to know.
    told: Vec<Extern>,
}

impl Analysis {
    /// Starts evcxr and lets it read the library in this folder of sources, and the standard library. Takes seconds.
    pub fn start(library: Option<&Path>) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let context = EvalContext::with_subprocess_command(Command::new(program));
        let (context, _) = context.map_err(|error| format!("cannot start evcxr: {error}"))?;
        let mut analysis = Self { context: CommandContext::with_eval_context(context), told: Vec::new() };
        if let Some(library) = library {
            let prelude = library.join("lib/prelude").display().to_string();
            // Debug's quotes and escapes are those of TOML.
            let first = format!(":dep netsplit = {{ path = {prelude:?} }}\nuse netsplit::*;");
            if let Err(error) = analysis.context.execute(&first) {
                eprintln!("no completion of the library: {}", in_one_line(&error));
            }
        }
        let first = Cell::new(&Notebook::default(), FIRST_QUESTION);
        let _ = analysis.complete(&first, FIRST_QUESTION.len(), 0);
        Ok(analysis)
    }

    /// Answers one question; what panics in rust-analyzer is a question without an answer.
    pub fn answer(&mut self, question: &Question) -> Answer {
        let (notebook, code, cursor) = match question {
            Question::Complete { notebook, code, cursor } => (notebook, code, *cursor),
            Question::Inspect { notebook, code, cursor, .. } => (notebook, code, *cursor),
        };
        if let Err(reason) = checked_cursor(code, cursor) {
            return Answer::Failed(reason);
        }
        self.tell(&notebook.externs);
        let answer = match question {
            Question::Complete { .. } => {
                let cell = Cell::new(notebook, code);
                // In the middle of a name it is the part before the cursor that is completed, as everywhere in Jupyter; rust-analyzer
                // would look for what begins with the whole.
                let within = name_at(code, cursor).end > cursor;
                let whole = if within { None } else { self.guarded(|this| this.complete(&cell, cursor, 0)) };
                whole.or_else(|| {
                    let apart = Cell::new(notebook, &set_apart(code, cursor));
                    self.guarded(|this| this.complete(&apart, cursor, APART.len()))
                })
            }
            Question::Inspect { detail, .. } => {
                let cell = Cell::new(notebook, code);
                self.guarded(|this| this.inspect(&cell, code, cursor, *detail))
            }
        };
        answer.unwrap_or_else(|| Answer::Failed("rust-analyzer cannot cope with this code".to_string()))
    }

    /// Does something that may panic in rust-analyzer, which is none the worse for it: it caches only what it has finished.
    fn guarded(&mut self, act: impl FnOnce(&mut Self) -> Answer) -> Option<Answer> {
        catch_unwind(AssertUnwindSafe(|| act(self))).ok()
    }

    /// Makes evcxr depend on crates that are new.
    fn tell(&mut self, externs: &[Extern]) {
        for new in externs {
            if self.told.contains(new) {
                continue;
            }
            let line = format!(":dep {} = {}", new.name, new.requirement);
            match catch_unwind(AssertUnwindSafe(|| self.context.execute(&line))) {
                Ok(Ok(_)) => (),
                Ok(Err(error)) => eprintln!("no completion of {}: {}", new.name, in_one_line(&error)),
                Err(_) => eprintln!("no completion of {}: rust-analyzer cannot cope with it", new.name),
            }
            self.told.push(new.clone());
        }
    }

    /// Completes; `inserted` bytes stand before the name that are not in the user's cell.
    fn complete(&mut self, cell: &Cell, cursor: usize, inserted: usize) -> Answer {
        match self.context.completions(&cell.text, cell.place(cursor + inserted)) {
            Ok(found) => match cell.in_code(found.start_offset..found.end_offset) {
                Some(replaced) if replaced.start >= inserted => {
                    let replaced = replaced.start - inserted..replaced.end - inserted;
                    let found = found.completions.iter().map(|it| (&*it.code, &*it.label, it.kind));
                    Answer::Completions(shown::completions(replaced, found))
                }
                _ => Answer::Failed("the completions would replace what is not in the cell".to_string()),
            },
            Err(error) => Answer::Failed(error.to_string()),
        }
    }

    fn inspect(&mut self, cell: &Cell, code: &str, cursor: usize, detail: Detail) -> Answer {
        let name = name_at(code, cursor);
        if name.is_empty() {
            return Answer::Nothing;
        }
        match self.context.hover_at(&cell.text, cell.place(name.end)) {
            Ok((text, _)) if text == NOTHING => Answer::Nothing,
            Ok((_, html)) => Answer::Inspection(shown::inspection(&html, detail)),
            Err(error) => Answer::Failed(error.to_string()),
        }
    }
}

/// The code with the name at the cursor in a statement of its own. Where rust-analyzer knows which type is wanted, it looks
/// for values of it, and sometimes panics; of this statement none is wanted.
fn set_apart(code: &str, cursor: usize) -> String {
    let (before, name) = code[..cursor].split_at(name_at(code, cursor).start);
    format!("{before}{APART}{name};}}{}", &code[cursor..])
}

/// The beginning of an error, for the log.
fn in_one_line(error: &Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_string()
}

//! Runs cells in Rust by means of the `evcxr` crate.
//!
//! evcxr keeps the state (items, variables, dependencies), compiles, completes and inspects. Around it, this folder adds
//! what the kernel promises and evcxr does not give: every failure is an error of its cell, with the cell's own lines
//! ([`failures`], [`compile_errors`]); output comes as it is printed and belongs to its cell ([`relay`]); the library
//! is there without a `:dep` line and without compiling it ([`super::library`]); nothing is left behind
//! ([`session_directory`], [`crate::processes`]).

mod compile_errors;
mod failures;
mod link;
mod printed;
mod relay;
mod report;
pub mod session_directory;

use std::process::Command;
use std::sync::Arc;

use evcxr::{CommandContext, Error, EvalContext, EvalOutputs};
use serde_json::json;

use self::failures::{panic_error, plain_error, returned_error};
pub use self::link::Link;
use self::link::{CellRun, content_value};
use self::session_directory::Places;
use super::library::{PreparedLibrary, prepare_library};
use super::{Cell, Completion, Completions, Engine, Outlet, Output};
use crate::source::{Ending, ending};
use crate::wire::{ErrorOutput, MimeBundle};

/// The variable that makes this program prepare a library and end; its value is the first cell.
pub const PREPARE: &str = "NETSPLIT_PREPARE";
/// The variable by which evcxr recognises the process that runs the cells.
const IS_RUNTIME: &str = "EVCXR_IS_RUNTIME";
/// What a cell's text is followed by, so that text printed without a newline shows: evcxr does not flush.
const FLUSH: &str = "let _ = std::io::Write::flush(&mut std::io::stdout());";

/// Must be called first in `main`: this program is also the relay, the process that runs the cells, and evcxr's wrapper
/// around rustc. Comes back in the kernel and in no other.
pub fn hook() {
    if std::env::var_os(IS_RUNTIME).is_some() {
        if let Some(socket) = std::env::var_os(relay::RELAY) {
            relay::run(&socket);
        }
        die_with_parent();
    }
    evcxr::runtime_hook();
    if let Some(first_cell) = std::env::var_os(PREPARE) {
        std::process::exit(prepare(&first_cell.to_string_lossy()));
    }
}

/// The relay ends its child; this is for a relay that is itself killed.
fn die_with_parent() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, getppid, set_parent_process_death_signal};
        let parent = getppid();
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
        if getppid() != parent {
            std::process::exit(1);
        }
    }
}

/// Compiles a first cell, for the sake of what cargo leaves behind.
fn prepare(first_cell: &str) -> i32 {
    let compiled = std::env::current_exe()
        .map_err(Error::from)
        .and_then(|program| EvalContext::with_subprocess_command(Command::new(program)))
        .and_then(|(context, _)| CommandContext::with_eval_context(context).execute(first_cell));
    match compiled {
        Ok(_) => 0,
        Err(error) => {
            eprintln!("{error}");
            1
        }
    }
}

/// Runs cells in Rust.
pub struct EvcxrEngine {
    context: CommandContext,
    link: Arc<Link>,
    outlet: Outlet,
    /// All cells so far: a panic may be in an item of an earlier one.
    cells: Vec<Cell>,
    /// What cells are compiled against; locked as long as this lives.
    library: PreparedLibrary,
}

impl EvcxrEngine {
    /// Starts evcxr in this process's session directory, which is at `directory`, and gives it the library. Takes seconds.
    pub fn start(outlet: Outlet, link: Arc<Link>, directory: &Places) -> Result<Self, ErrorOutput> {
        let failed = |reason: String| plain_error("KernelStart", &reason);
        let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
        let library = prepare_library(&program, &mut |line| tracing::info!("{line}"));
        let library = library.map_err(|error| failed(error.to_string()))?;
        tracing::info!("the library is there; starting evcxr");
        let prepared =
            library.copy_to(&directory.cells).and_then(|()| link.listen(&directory.socket, &outlet));
        prepared.map_err(|error| failed(format!("cannot set up {}: {error}", directory.cells.display())))?;
        let mut relay = Command::new(program);
        relay.env(relay::RELAY, &directory.socket);
        let (context, _) =
            EvalContext::with_subprocess_command(relay).map_err(|error| failed(error.to_string()))?;
        tracing::info!("evcxr is there; giving it the library");
        let mut context = CommandContext::with_eval_context(context);
        context.execute(&library.first_cell()).map_err(|error| failed(error.to_string()))?;
        tracing::info!("ready for the first cell");
        Ok(Self { context, link, outlet, cells: Vec::new(), library })
    }

    fn outcome(
        &self,
        result: Result<EvalOutputs, Error>,
        run: CellRun,
        cell: &Cell,
    ) -> Result<(), ErrorOutput> {
        if let Some(how) = &run.process_ended {
            let lost = "all variables are lost, functions and types are still there";
            return Err(match run.interrupted {
                true => plain_error("Interrupted", &format!("the cell was interrupted; {lost}")),
                false => plain_error(
                    "ProcessEnded",
                    &format!("the process that ran the cell ended ({how}); {lost}"),
                ),
            });
        }
        // Paths that users see begin below the folder of the library's sources.
        let library = self.library.sources().display().to_string();
        match result {
            Err(_) if run.interrupted => Err(interrupted_in_time()),
            Err(Error::CompilationErrors(errors)) => Err(compile_errors::compile_error(&errors, cell)),
            Err(error) => Err(plain_error("Error", &error.to_string())),
            Ok(_) => match (run.panicked, run.returned_error) {
                (Some(text), _) => {
                    let generated = self.context.last_source().unwrap_or_default();
                    Err(panic_error(&text, &generated, &self.cells, &library))
                }
                (None, Some(text)) => Err(returned_error(&text, &library)),
                (None, None) if run.not_run => Err(interrupted_in_time()),
                (None, None) => Ok(()),
            },
        }
    }
}

impl Engine for EvcxrEngine {
    fn execute(&mut self, cell: &Cell) -> Result<(), ErrorOutput> {
        let ending = ending(&cell.code);
        if !self.link.begin(ending == Ending::Value) {
            self.link.end();
            return Err(interrupted_in_time());
        }
        self.cells.push(cell.clone());
        let code = match ending {
            Ending::Unit => format!("{}\n;{FLUSH}", cell.code),
            Ending::Statement => format!("{}\n{FLUSH}", cell.code),
            Ending::Value | Ending::Items | Ending::Unparsable => cell.code.clone(),
        };
        let result = self.context.execute(&code);
        let run = self.link.end();
        if let Ok(outputs) = &result
            && !outputs.is_empty()
        {
            // Only commands (`:vars`) have outputs here; what cells show comes through the link.
            let entries = outputs.content_by_mime_type.iter();
            let bundle =
                entries.map(|(mime, text)| (mime.clone(), content_value(mime, text.clone()))).collect();
            self.outlet.put(Output::Result(bundle));
        }
        self.outcome(result, run, cell)
    }

    fn complete(&mut self, code: &str, cursor: usize) -> Completions {
        let Ok(found) = self.context.completions(code, cursor) else {
            return Completions { replaced: cursor..cursor, matches: Vec::new() };
        };
        let mut matches: Vec<Completion> = Vec::new();
        for found in found.completions {
            // `push_str(string)` shows what a function takes; what is inserted is its name.
            let text = found.code.split('(').next().unwrap_or_default().to_string();
            if !matches.iter().any(|it| it.text == text) {
                matches.push(Completion { text, label: found.label, kind: found.kind.to_string() });
            }
        }
        Completions { replaced: found.start_offset..found.end_offset, matches }
    }

    fn inspect(&mut self, code: &str, cursor: usize) -> Option<MimeBundle> {
        let (plain, html) = self.context.hover_at(code, end_of_name(code, cursor)).ok()?;
        let is_found = plain != "No documentation found";
        is_found.then(|| {
            MimeBundle::from_iter([("text/plain".into(), json!(plain)), ("text/html".into(), json!(html))])
        })
    }

    /// The first cell with a variable makes rust-analyzer read the standard library, which takes seconds.
    fn warm_up(&mut self) {
        let _ = self.context.completions("let warm = vec![1]; warm.l", 26);
        tracing::info!("warmed up");
    }
}

fn interrupted_in_time() -> ErrorOutput {
    plain_error("Interrupted", "the cell was interrupted before it began to run; nothing has changed")
}

/// The end of the name that the cursor is in: evcxr looks at what stands before the position.
fn end_of_name(code: &str, cursor: usize) -> usize {
    let rest = &code[cursor..];
    cursor + rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len())
}

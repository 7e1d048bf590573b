//! An engine for tests: a cell is a small script, one step per line.
//!
//! ```text
//! print TEXT      a line on stdout          eprint TEXT     a line on stderr
//! partial TEXT    text without a newline    display TEXT    something to show
//! result TEXT     the cell's value          error TEXT      the cell fails
//! panic TEXT      the engine itself panics  sleep           until it is interrupted
//! abort           the kernel dies
//! ```

use std::sync::{Arc, Condvar, Mutex};

use serde_json::json;

use super::{Cell, Completion, Completions, Engine, Interrupt, Outlet, Output};
use crate::wire::{ErrorOutput, MimeBundle, StreamName};

/// Plays scripts.
pub struct ScriptedEngine {
    outlet: Outlet,
    running: Arc<RunningScript>,
}

/// The script that is being played, as other threads see it.
#[derive(Default)]
pub struct RunningScript {
    interrupted: Mutex<bool>,
    changed: Condvar,
}

impl ScriptedEngine {
    /// An engine that can be stopped through `running`.
    pub fn new(outlet: Outlet, running: Arc<RunningScript>) -> Self {
        Self { outlet, running }
    }

    fn step(&self, line: &str) -> Result<(), ErrorOutput> {
        let (verb, text) = line.split_once(' ').unwrap_or((line, ""));
        let output = match verb {
            "" => return Ok(()),
            "print" => Output::Stream(StreamName::Stdout, format!("{text}\n")),
            "partial" => Output::Stream(StreamName::Stdout, text.to_string()),
            "eprint" => Output::Stream(StreamName::Stderr, format!("{text}\n")),
            "display" => Output::Display(plain(text)),
            "result" => Output::Result(plain(text)),
            "error" => return Err(error("ScriptedError", text)),
            "panic" => panic!("{text}"),
            "abort" => std::process::abort(),
            "sleep" => return Err(self.running.sleep()),
            _ => return Err(error("CompileError", &format!("expected a step of a script, found {line:?}"))),
        };
        self.outlet.put(output);
        Ok(())
    }
}

impl Engine for ScriptedEngine {
    fn execute(&mut self, cell: &Cell) -> Result<(), ErrorOutput> {
        cell.code.lines().try_for_each(|line| self.step(line.trim()))
    }

    fn complete(&mut self, code: &str, cursor: usize) -> Completions {
        let start = code[..cursor].rfind(char::is_whitespace).map_or(0, |space| space + 1);
        let verbs = ["print", "partial", "panic", "display", "result", "error", "sleep"];
        let matches = verbs.into_iter().filter(|verb| verb.starts_with(&code[start..cursor]));
        let completion =
            |verb: &str| Completion { text: verb.into(), label: verb.into(), kind: "keyword".into() };
        Completions { replaced: start..cursor, matches: matches.map(completion).collect() }
    }

    fn inspect(&mut self, code: &str, cursor: usize) -> Option<MimeBundle> {
        let word = code[..cursor].split_whitespace().next_back()?;
        (word == "print").then(|| plain("print TEXT: a line on stdout"))
    }
}

impl RunningScript {
    /// Returns when it is interrupted.
    fn sleep(&self) -> ErrorOutput {
        let mut interrupted = self.interrupted.lock().expect("nobody panics with the lock");
        while !*interrupted {
            interrupted = self.changed.wait(interrupted).expect("nobody panics with the lock");
        }
        error("Interrupted", "the script was interrupted")
    }
}

impl Interrupt for RunningScript {
    fn arm(&self) {
        *self.interrupted.lock().expect("nobody panics with the lock") = false;
    }

    fn interrupt(&self) {
        *self.interrupted.lock().expect("nobody panics with the lock") = true;
        self.changed.notify_all();
    }
}

fn plain(text: &str) -> MimeBundle {
    MimeBundle::from_iter([("text/plain".to_string(), json!(text))])
}

fn error(ename: &str, evalue: &str) -> ErrorOutput {
    ErrorOutput { ename: ename.into(), evalue: evalue.into(), traceback: vec![format!("{ename}: {evalue}")] }
}

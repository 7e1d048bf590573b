//! An engine for tests: a cell is a small script, one step per line.
//!
//! ```text
//! print TEXT      a line on stdout          eprint TEXT     a line on stderr
//! partial TEXT    text without a newline    late TEXT       a line on stdout after the cell has ended
//! flood N         N lines of 100 bytes      display TEXT    something to show
//! named ID TEXT   to be replaced later      update ID TEXT  replaces it
//! clear           removes what is shown     clear later     with the next thing to show
//! result TEXT     the cell's value          page TEXT       something for the pager
//! input PROMPT    asks, prints the answer   password PROMPT the same, typed unseen
//! error TEXT      the cell fails            panic TEXT      the engine itself panics
//! sleep           until it is interrupted   abort           the kernel dies
//! children        starts a process and one that has left it; prints their ids
//! target NAME     lets front ends open comms; what they say comes back, with the buffers in reverse
//! comm ID TARGET  opens a comm, says hello  uncomm ID       closes it
//! ```

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    Assist, Cell, Clearing, CommKind, CommMessage, Completion, Completions, Engine, InputKind, Interrupt,
    Outlet, Output, Question,
};
use crate::wire::{ErrorOutput, MimeBundle, StreamName};

/// How long after its cell a late line comes.
const LATE: Duration = Duration::from_millis(50);

/// Plays scripts.
pub struct ScriptedEngine {
    outlet: Outlet,
    running: Arc<RunningScript>,
    children: Vec<Child>,
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
        Self { outlet, running, children: Vec::new() }
    }

    fn step(&mut self, line: &str) -> Result<(), ErrorOutput> {
        let (verb, text) = line.split_once(' ').unwrap_or((line, ""));
        let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
        let output = match verb {
            "" => return Ok(()),
            "print" => Output::Stream(StreamName::Stdout, format!("{text}\n")),
            "partial" => Output::Stream(StreamName::Stdout, text.to_string()),
            "eprint" => Output::Stream(StreamName::Stderr, format!("{text}\n")),
            "late" => {
                self.print_late(format!("{text}\n"));
                return Ok(());
            }
            "flood" => return self.flood(text),
            "display" => Output::Display(plain(text)),
            "named" => Output::Named(first.to_string(), plain(rest)),
            "update" => Output::Update(first.to_string(), plain(rest)),
            "clear" if text == "later" => Output::Clear(Clearing::WithTheNext),
            "clear" => Output::Clear(Clearing::AtOnce),
            "result" => Output::Result(plain(text)),
            "page" => Output::Page(plain(text)),
            "input" => return self.ask(text, InputKind::Text),
            "password" => return self.ask(text, InputKind::Password),
            "error" => return Err(error("ScriptedError", text)),
            "panic" => panic!("{text}"),
            "abort" => std::process::abort(),
            "sleep" => return Err(self.running.sleep()),
            "children" => return self.start_children().map_err(|it| error("ScriptedError", &it.to_string())),
            "target" => Output::Target(text.to_string()),
            "comm" => {
                self.say(first, CommKind::Open(rest.to_string()), json!({"hello": rest}));
                return Ok(());
            }
            "uncomm" => {
                self.say(first, CommKind::Close, json!({}));
                return Ok(());
            }
            _ => return Err(error("CompileError", &format!("expected a step of a script, found {line:?}"))),
        };
        self.outlet.put(output);
        Ok(())
    }

    fn print_late(&self, text: String) {
        let outlet = self.outlet.clone();
        thread::spawn(move || {
            thread::sleep(LATE);
            outlet.put(Output::Stream(StreamName::Stdout, text));
        });
    }

    fn flood(&self, lines: &str) -> Result<(), ErrorOutput> {
        let lines: u32 = lines.parse().map_err(|_| error("CompileError", "expected a number of lines"))?;
        for number in 0..lines {
            if self.running.is_interrupted() {
                return Err(interrupted());
            }
            self.outlet.put(Output::Stream(StreamName::Stdout, format!("{number:099}\n")));
        }
        Ok(())
    }

    fn ask(&self, prompt: &str, kind: InputKind) -> Result<(), ErrorOutput> {
        let answer = self.outlet.ask(Question { prompt: prompt.to_string(), kind })?;
        self.outlet.put(Output::Stream(StreamName::Stdout, format!("{answer}\n")));
        Ok(())
    }

    /// One child that the engine knows of, and one that has cut all ties: its parent is gone, its session its own.
    fn start_children(&mut self) -> std::io::Result<()> {
        let script =
            "(setsid sh -c 'echo $$; exec sleep 1000 >&- 2>&-' &); echo $$; exec sleep 1000 >&- 2>&-";
        let mut child = Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().expect("it is piped");
        self.children.push(child);
        let ids = BufReader::new(output).lines().collect::<Result<Vec<_>, _>>()?;
        self.outlet.put(Output::Stream(StreamName::Stdout, ids.join(" ") + "\n"));
        Ok(())
    }

    fn say(&self, comm_id: &str, kind: CommKind, data: Value) {
        let (metadata, buffers) = (Map::new(), Vec::new());
        let said = CommMessage { comm_id: comm_id.to_string(), kind, data, metadata, buffers };
        self.outlet.put(Output::Comm(said));
    }
}

impl Engine for ScriptedEngine {
    fn execute(&mut self, cell: &Cell) -> Result<(), ErrorOutput> {
        cell.code.lines().try_for_each(|line| self.step(line.trim()))
    }

    fn assist(&mut self) -> Box<dyn Assist> {
        Box::new(ScriptedAssist)
    }

    /// Runs `{"script": ..}` as a cell would, and sends everything else back.
    fn comm(&mut self, said: &CommMessage) -> Result<(), ErrorOutput> {
        if let Some(script) = said.data["script"].as_str() {
            return script.lines().try_for_each(|line| self.step(line.trim()));
        }
        if said.kind == CommKind::Message {
            let buffers = said.buffers.iter().rev().cloned().collect();
            self.outlet.put(Output::Comm(CommMessage { buffers, ..said.clone() }));
        }
        Ok(())
    }
}

/// Knows the verbs.
struct ScriptedAssist;

impl Assist for ScriptedAssist {
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

    fn inspect_fully(&mut self, code: &str, cursor: usize) -> Option<MimeBundle> {
        self.inspect(code, cursor)
            .map(|_| plain("print TEXT: a line on stdout\n\nSource: engine/scripted.rs"))
    }
}

impl Drop for ScriptedEngine {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl RunningScript {
    fn is_interrupted(&self) -> bool {
        *self.interrupted.lock().expect("nobody panics with the lock")
    }

    /// Returns when it is interrupted.
    fn sleep(&self) -> ErrorOutput {
        let mut is_interrupted = self.interrupted.lock().expect("nobody panics with the lock");
        while !*is_interrupted {
            is_interrupted = self.changed.wait(is_interrupted).expect("nobody panics with the lock");
        }
        interrupted()
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

fn interrupted() -> ErrorOutput {
    error("Interrupted", "the script was interrupted")
}

fn plain(text: &str) -> MimeBundle {
    MimeBundle::from_iter([("text/plain".to_string(), json!(text))])
}

fn error(ename: &str, evalue: &str) -> ErrorOutput {
    ErrorOutput { ename: ename.into(), evalue: evalue.into(), traceback: vec![format!("{ename}: {evalue}")] }
}

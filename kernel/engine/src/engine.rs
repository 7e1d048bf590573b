//! The engine: one notebook's items and variables, the host that holds their values, and what happens to a cell.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netsplit_control::{Ending, Report, Request};

use crate::commands;
use crate::compile::{Compiler, Ready, Source as CellSource, closure_reason};
use crate::failure::Failure;
use crate::frame;
use crate::host::{Host, Incoming, describe};
use crate::interrupt::Interrupt;
use crate::library::Library;
use crate::limits::Policy;
use crate::notebook::{Notebook, Source, Variable};
use crate::outputs::{Output, Outputs, Stream};
use crate::parse::{Parsed, item_macros, parse};
use crate::symbols;
use crate::text::{self, Directive};
use crate::type_names::{Choices, nameable};

/// A cell to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its text.
    pub code: String,
    /// Its number in the session: errors speak of `cell[3]`.
    pub number: u32,
    /// What the front end calls it, if it says: a cell that runs again replaces what it defined.
    pub id: Option<String>,
}

/// How an engine is to work.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A folder of its own, which exists and is removed by whoever made it.
    pub folder: PathBuf,
    /// What the host's environment has more than ours.
    pub environment: Vec<(String, String)>,
    /// What cells may use.
    pub policy: Policy,
}

/// Whom a running cell talks to.
pub trait Audience {
    /// The cell puts something out.
    fn put(&mut self, output: Output);
    /// The cell asks for a line; the error says why there is none.
    fn ask(&mut self, prompt: &str, is_password: bool) -> Result<String, String>;
}

/// What late output, of threads and processes that outlive their cell, goes to: the cell's number and the text.
pub type Late = Arc<dyn Fn(u32, Stream, String) + Send + Sync>;

/// Runs the cells of one notebook.
pub struct Engine {
    library: Library,
    settings: Settings,
    interrupt: Arc<Interrupt>,
    late: Late,
    host: Option<Host>,
    pub(crate) notebook: Notebook,
    choices: Choices,
    /// The text of all cells by number: errors and panics may be in items of earlier ones.
    texts: BTreeMap<u32, String>,
    pub(crate) optimisation: String,
    pub(crate) shows_times: bool,
    /// What cells may use, as it has been changed by now.
    pub(crate) policy: Policy,
    run: u32,
    /// How the host has ended, if it has.
    gone: String,
}

/// A variable, for whoever completes code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// Its type, as a cell would write it.
    pub type_text: String,
    /// Whether it is `mut`.
    pub is_mutable: bool,
}

/// How long the parts of a cell took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// The compiler, in all rounds.
    pub compile: Duration,
    /// The linker.
    pub link: Duration,
    /// The cell itself.
    pub run: Duration,
    /// Compiler runs.
    pub rounds: usize,
}

impl Engine {
    /// An engine for a new notebook; its host starts at once, and is ready while the first cell is being compiled.
    ///
    /// # Errors
    /// If the host cannot be started.
    pub fn start(
        library: Library,
        settings: Settings,
        interrupt: Arc<Interrupt>,
        late: Late,
    ) -> Result<Self, Failure> {
        let mut engine = Self {
            library,
            policy: settings.policy.clone(),
            settings,
            interrupt,
            late,
            host: None,
            notebook: Notebook::default(),
            choices: Choices::new(),
            texts: BTreeMap::new(),
            optimisation: "0".to_string(),
            shows_times: false,
            run: 0,
            gone: String::new(),
        };
        engine.start_host()?;
        Ok(engine)
    }

    fn start_host(&mut self) -> Result<(), Failure> {
        let program = &self.library.parts.host;
        let libraries: Vec<PathBuf> = self.library.parts.shared_libraries().map(PathBuf::from).collect();
        let host = Host::start(program, &libraries, &self.settings.folder, &self.settings.environment);
        let failed =
            |error| Failure::plain("EngineError", &format!("cannot start {}: {error}", program.display()));
        self.host = Some(host.map_err(failed)?);
        Ok(())
    }

    /// The process that holds the variables.
    pub fn host_process(&self) -> Option<u32> {
        self.host.as_ref().map(Host::id)
    }

    /// The commands that a cell may begin with, colons included.
    pub fn commands() -> Vec<&'static str> {
        commands::COMMANDS.iter().filter_map(|(usage, _)| usage.split(' ').next()).collect()
    }

    /// The text of all items that are defined, in their order.
    pub fn items_text(&self) -> String {
        self.notebook.items.iter().map(|it| format!("{}\n", it.text())).collect()
    }

    /// The variables whose types have names.
    pub fn variables(&self) -> Vec<Known> {
        let variables = self.notebook.variables.iter();
        let known = |(name, it): (&String, &Variable)| {
            let type_text = nameable(&it.type_name, &self.choices, &self.notebook).ok()?;
            Some(Known { name: name.clone(), type_text, is_mutable: it.is_mutable })
        };
        variables.filter_map(known).collect()
    }

    /// The compiler.
    pub(crate) fn compiler(&self) -> &std::path::Path {
        &self.library.parts.rustc
    }

    /// Forgets everything, and begins with a new process.
    pub(crate) fn clear(&mut self) -> Result<(), Failure> {
        self.notebook = Notebook::default();
        self.host = None;
        self.start_host()
    }

    /// Runs a cell to its end. Everything that it puts out has gone to the audience when this returns.
    ///
    /// # Errors
    /// Whatever keeps the cell from coming to its end.
    pub fn execute(&mut self, cell: &Cell, audience: &mut dyn Audience) -> Result<(), Failure> {
        let text = text::read(&cell.code);
        self.texts.insert(cell.number, cell.code.clone());
        for (line, directive) in &text.directives {
            match directive {
                Directive::Command(command) => commands::run(self, command, audience)?,
                Directive::Shell(command) => {
                    let outputs = Outputs::new(&self.policy);
                    commands::shell(command, *line, &self.interrupt, outputs, audience)?;
                }
            }
        }
        if is_empty(&text.rust) {
            return Ok(());
        }
        let macros = item_macros(self.notebook.items.iter().map(|it| it.item.as_ref()));
        let parsed = parse(&text.rust, &macros).unwrap_or_else(|_| unparsed());
        let id: Rc<str> = cell.id.clone().unwrap_or_else(|| format!("#{}", cell.number)).into();
        let source = Rc::new(Source { number: cell.number, rust: text.rust });
        let next = self.notebook.with(&parsed, &source, &id);
        self.run += 1;
        let ready = self.compile(&next, &parsed, &source)?;
        for warning in &ready.warnings {
            let drawing = warning.drawing(&|file| self.text_of(file));
            audience.put(Output::Text(Stream::Err, format!("{drawing}\n\n")));
        }
        self.run_ready(next, &parsed, &ready, cell.number, audience)
    }

    fn compile(&mut self, next: &Notebook, parsed: &Parsed, source: &Rc<Source>) -> Result<Ready, Failure> {
        let compiler = Compiler {
            parts: &self.library.parts,
            interrupt: &self.interrupt,
            folder: &self.settings.folder,
            optimisation: &self.optimisation,
        };
        let cell =
            CellSource { notebook: next, number: source.number, run: self.run, rust: &source.rust, parsed };
        let texts = &self.texts;
        let text_of = |file: &str| text_in(texts, file);
        compiler.compile(&cell, &mut self.choices, &text_of)
    }

    fn text_of(&self, file: &str) -> Option<String> {
        text_in(&self.texts, file)
    }

    /// Loads and runs a cell that has been compiled, and remembers what it leaves.
    fn run_ready(
        &mut self,
        next: Notebook,
        parsed: &Parsed,
        ready: &Ready,
        number: u32,
        audience: &mut dyn Audience,
    ) -> Result<(), Failure> {
        if self.interrupt.is_set() {
            return Err(Failure::plain(
                "Interrupted",
                "the cell was interrupted before it began to run; nothing has changed",
            ));
        }
        let begun = Instant::now();
        if self.host.is_none() {
            self.start_host()?;
        }
        let mut stored = BTreeMap::new();
        let ended = self.attend(ready, number, &mut stored, audience);
        // What the cell defined is there whether it came to its end or not: it was compiled, and loaded.
        self.notebook = next;
        self.notebook.define_statics(&ready.symbols);
        let Some(ending) = ended? else { return Err(self.host_is_gone()) };
        self.remember(parsed, ready, stored, number, &ending, audience);
        if self.shows_times {
            let times = Times {
                compile: ready.times.0,
                link: ready.times.1,
                run: begun.elapsed(),
                rounds: ready.rounds,
            };
            audience.put(Output::Text(Stream::Err, commands::times_line(times)));
        }
        match Failure::of(&ending, &|file| self.text_of(file), &symbols::function_at) {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    /// Passes on what comes from a running cell, until it has ended; none if its process has.
    fn attend(
        &mut self,
        ready: &Ready,
        number: u32,
        stored: &mut BTreeMap<String, String>,
        audience: &mut dyn Audience,
    ) -> Result<Option<Ending>, Failure> {
        let Some(host) = &mut self.host else { return Ok(None) };
        let broken = |error: std::io::Error| {
            Failure::plain("EngineError", &format!("the cell host cannot be talked to: {error}"))
        };
        let watched = self.interrupt.watch(host.id());
        host.run(self.run, &[], &ready.library, &frame::entry(self.run)).map_err(broken)?;
        let mut outputs = Outputs::new(&self.policy);
        let ending = loop {
            match host.next().map_err(broken)? {
                Incoming::Printed(stream, bytes) => outputs.printed(stream, &bytes, audience),
                Incoming::Report(Report::Ready) => {}
                Incoming::Report(Report::Show { showing, waits }) => {
                    outputs.show(showing, audience);
                    if waits {
                        host.answer(&Request::Continue).map_err(broken)?;
                    }
                }
                Incoming::Report(Report::AskInput { prompt, is_password }) => {
                    let answer =
                        audience.ask(&prompt, is_password).map_or_else(Request::NoInput, Request::Input);
                    host.answer(&answer).map_err(broken)?;
                }
                Incoming::Report(Report::Stored { name, type_name }) => {
                    stored.insert(name, type_name);
                }
                Incoming::Report(Report::Ended(ending)) => break Some(ending),
                Incoming::Gone(status) => {
                    self.gone = describe(status);
                    break None;
                }
            }
        };
        outputs.end(audience);
        drop(watched);
        let late = self.late.clone();
        host.let_go(move |stream, bytes| late(number, stream, String::from_utf8_lossy(bytes).into_owned()));
        Ok(ending)
    }

    /// The process with the variables has ended.
    fn host_is_gone(&mut self) -> Failure {
        self.host = None;
        let failure = match self.interrupt.is_set() {
            true => Failure::plain(
                "Interrupted",
                "the cell was interrupted; all variables are lost, functions and types are still there",
            ),
            false => Failure::plain(
                "ProcessEnded",
                &format!(
                    "the process that runs the cells has ended: {}; all variables are lost, functions and types are still there",
                    self.gone
                ),
            ),
        };
        self.notebook.forget_values(
            "it was lost when the process that ran the cells ended; run the cell that made it again",
        );
        // The next cell finds a host that is ready.
        if let Err(error) = self.start_host() {
            tracing::warn!("{}", error.message);
        }
        failure
    }

    /// Remembers which variables there are after a cell.
    fn remember(
        &mut self,
        parsed: &Parsed,
        ready: &Ready,
        stored: BTreeMap<String, String>,
        number: u32,
        ending: &Ending,
        audience: &mut dyn Audience,
    ) {
        if matches!(ending, Ending::NotLoaded(_) | Ending::Mismatched { .. }) {
            return;
        }
        for name in ready.taken.iter().filter(|name| !stored.contains_key(*name)) {
            self.notebook.variables.remove(name);
            self.notebook.lost.insert(name.clone(), format!("`{name}` was moved in cell[{number}]"));
        }
        let mut dropped = Vec::new();
        for (name, type_name) in stored {
            if type_name.contains("{{closure}}") {
                let reason = closure_reason(&name, &type_name, number);
                audience.put(Output::Text(Stream::Err, format!("note: {reason}\n")));
                self.notebook.variables.remove(&name);
                self.notebook.lost.insert(name.clone(), reason);
                dropped.push(name);
                continue;
            }
            let bound = parsed.statements.iter().flat_map(|it| &it.binds).rfind(|it| it.name == name);
            let before = self.notebook.variables.get(&name);
            // A variable that was put back is the one that was there, unless the cell came to its own of that name.
            let is_new = bound.is_some() && (*ending == Ending::Finished || before.is_none());
            let (is_mutable, declared_in) = match (bound, before) {
                (Some(bound), _) if is_new => (bound.is_mutable, number),
                (_, Some(before)) => (before.is_mutable, before.declared_in),
                (Some(bound), None) => (bound.is_mutable, number),
                (None, None) => (false, number),
            };
            self.notebook.lost.remove(&name);
            self.notebook.variables.insert(name, Variable { type_name, is_mutable, declared_in });
        }
        for (name, reason) in &ready.not_kept {
            // What is moved on inside the cell is nobody's surprise.
            if !reason.contains("was moved") && !reason.contains("was never given") {
                audience.put(Output::Text(Stream::Err, format!("note: {reason}\n")));
            }
            // It has taken the place of the one of its name that was there before.
            if *ending == Ending::Finished {
                self.notebook.variables.remove(name);
                dropped.push(name.clone());
            }
            self.notebook.lost.insert(name.clone(), reason.clone());
        }
        if let Some(host) = self.host.as_mut().filter(|_| !dropped.is_empty()) {
            let _ = host.answer(&Request::Drop(dropped));
        }
    }
}

fn text_in(texts: &BTreeMap<u32, String>, file: &str) -> Option<String> {
    let number = file.strip_prefix("cell[")?.strip_suffix(']')?.parse().ok()?;
    texts.get(&number).cloned()
}

/// Whether there is nothing but spaces and comments.
fn is_empty(rust: &str) -> bool {
    rust.parse::<proc_macro2::TokenStream>().is_ok_and(|tokens| tokens.is_empty()) && !rust.contains("///")
}

/// A cell that cannot be taken apart is compiled as it is, so that the compiler says what is wrong with it.
fn unparsed() -> Parsed {
    let statement =
        crate::parse::Statement { mentions: Default::default(), free: Default::default(), binds: Vec::new() };
    Parsed { statements: vec![statement], ..Parsed::default() }
}

//! The engine: one notebook's items and variables, the host that holds their values, and what happens to a cell.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::cargo::Starter;
use crate::checkpoints::Checkpoints;
use crate::commands;
use crate::compile::{Compiler, Ready, Source as CellSource};
use crate::dependencies::{Builder, Dependency};
use crate::extension::{self, Extension, Session, Told};
use crate::failure::Failure;
use crate::host::Host;
use crate::interrupt::Interrupt;
use crate::keeper::Keeper;
use crate::library::Library;
use crate::limits::Policy;
use crate::notebook::{Notebook, Source, Variable};
use crate::outputs::{Output, Outputs, Stream};
use crate::parse::{Parsed, item_macros, parse};
use crate::programs::Programs;
use crate::running::bounds_of_programs;
use crate::session_folders::SessionFolders;
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
    /// Whether what runs on behalf of cells is held to the files of the session and of the library, by the system.
    pub is_confined: bool,
}

impl Settings {
    /// The usual ones, for an engine that works in this folder.
    pub fn usual(folder: PathBuf) -> Self {
        Self { folder, environment: Vec::new(), policy: Policy::default(), is_confined: false }
    }
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
    pub(crate) library: Library,
    settings: Settings,
    pub(crate) interrupt: Arc<Interrupt>,
    pub(crate) late: Late,
    folders: SessionFolders,
    pub(crate) host: Host,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) notebook: Notebook,
    choices: Choices,
    /// The text of all cells by number: errors and panics may be in items of earlier ones.
    texts: BTreeMap<u32, String>,
    /// The newest text of each cell.
    cells: Vec<Told>,
    /// Commands that others give meaning to.
    extension: Option<Box<dyn Extension>>,
    pub(crate) optimisation: String,
    pub(crate) shows_times: bool,
    /// What cells may use, as it has been changed by now.
    pub(crate) policy: Policy,
    pub(crate) run: u32,
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
        let folders = folders(&library, &settings)?;
        let host = start_host(&library, &settings, &folders)?;
        Ok(Self {
            library,
            policy: settings.policy.clone(),
            settings,
            interrupt,
            late,
            folders,
            host,
            checkpoints: Checkpoints::default(),
            notebook: Notebook::default(),
            choices: Choices::new(),
            texts: BTreeMap::new(),
            cells: Vec::new(),
            extension: None,
            optimisation: "0".to_string(),
            shows_times: false,
            run: 0,
        })
    }

    /// Starts all processes anew, when those that were there cannot be relied upon.
    pub(crate) fn start_anew(&mut self) -> Result<(), Failure> {
        self.checkpoints.begin_anew(false);
        self.host = start_host(&self.library, &self.settings, &self.folders)?;
        Ok(())
    }

    /// From now on, this gives meaning to more commands.
    pub fn extend(&mut self, extension: Box<dyn Extension>) {
        self.extension = Some(extension);
    }

    /// The commands that the extension gives meaning to.
    pub(crate) fn more_commands(&self) -> &'static [(&'static str, &'static str)] {
        self.extension.as_ref().map_or(&[], |it| it.commands())
    }

    /// Has the extension obey a command.
    pub(crate) fn run_extension(
        &mut self,
        name: &str,
        rest: &str,
        audience: &mut dyn Audience,
    ) -> Result<(), Failure> {
        let Some(extension) = &mut self.extension else { return Ok(()) };
        let programs = Programs { keeper: &mut self.host.keeper, interrupt: &self.interrupt };
        let session =
            Session { library: &self.library, folders: &self.folders, cells: &self.cells, programs };
        extension.run(name, rest, session, audience)
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

    /// Whether its processes are confined.
    pub fn is_confined(&self) -> bool {
        self.folders.are_confined()
    }

    /// The crates that the notebook has asked for.
    pub fn dependencies(&self) -> Vec<Dependency> {
        self.notebook.dependencies.list()
    }

    /// Obeys these `:dep` lines.
    pub(crate) fn depend(&mut self, lines: &[&str], audience: &mut dyn Audience) -> Result<(), Failure> {
        let folder = std::env::current_dir().unwrap_or_default();
        let mut programs = Programs { keeper: &mut self.host.keeper, interrupt: &self.interrupt };
        let mut last = String::new();
        let mut progress = |line: &str| {
            // Cargo may do the same twice, which is nobody's interest.
            if std::mem::replace(&mut last, line.to_string()) != line {
                audience.put(Output::Text(Stream::Err, format!("{line}\n")));
            }
        };
        let mut builder = Builder {
            library: &self.library,
            starter: Starter::Keeper(&mut programs),
            may_build: !self.folders.are_confined(),
            progress: &mut progress,
        };
        let change = self.notebook.dependencies.with(lines, &folder, &mut builder)?;
        for note in &change.notes {
            audience.put(Output::Text(Stream::Err, format!("note: {note}\n")));
        }
        self.notebook.dependencies = change.dependencies;
        if let Some(renewed) = &change.renewed {
            self.notebook.renew(renewed);
        }
        self.checkpoints.has_learned(&self.notebook);
        Ok(())
    }

    /// The compiler.
    pub(crate) fn compiler(&self) -> &std::path::Path {
        &self.library.parts.rustc
    }

    /// Forgets everything, and begins with a new process.
    pub(crate) fn clear(&mut self) -> Result<(), Failure> {
        self.notebook = Notebook::default();
        self.checkpoints.begin_anew(true);
        match self.host.begin_anew() {
            Ok(()) => Ok(()),
            Err(_) => self.start_anew(),
        }
    }

    /// Runs a cell to its end. Everything that it puts out has gone to the audience when this returns.
    ///
    /// # Errors
    /// Whatever keeps the cell from coming to its end.
    pub fn execute(&mut self, cell: &Cell, audience: &mut dyn Audience) -> Result<(), Failure> {
        self.see_to_processes(audience)?;
        let text = text::read(&cell.code);
        self.texts.insert(cell.number, cell.code.clone());
        let id: Rc<str> = cell.id.clone().unwrap_or_else(|| format!("#{}", cell.number)).into();
        extension::tell(
            &mut self.cells,
            Told { id: id.clone(), number: cell.number, code: cell.code.clone() },
        );
        for (line, directive) in &text.directives {
            match directive {
                Directive::Command(command) => commands::run(self, command, &text.directives, audience)?,
                Directive::Shell(_) if self.folders.are_confined() => {
                    let message =
                        format!("line {line}: a confined notebook starts no programs, so there is no `!`");
                    return Err(Failure::plain("ShellError", &message));
                }
                Directive::Shell(command) => {
                    let outputs = Outputs::new(&self.policy);
                    commands::shell(command, *line, &mut self.programs(), outputs, audience)?;
                }
            }
        }
        if is_empty(&text.rust) {
            return Ok(());
        }
        let macros = item_macros(self.notebook.items.iter().map(|it| it.item.as_ref()));
        let parsed = parse(&text.rust, &macros).unwrap_or_else(|_| unparsed());
        self.host.keeper.bound_programs(bounds_of_programs(self.policy.limits(), self.is_confined()));
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
            folder: &self.folders.cells,
            optimisation: &self.optimisation,
        };
        let cell =
            CellSource { notebook: next, number: source.number, run: self.run, rust: &source.rust, parsed };
        let texts = &self.texts;
        let text_of = |file: &str| text_in(texts, file);
        let mut programs = Programs { keeper: &mut self.host.keeper, interrupt: &self.interrupt };
        compiler.compile(&cell, &mut self.choices, &mut programs, &text_of)
    }

    fn programs(&mut self) -> Programs<'_> {
        Programs { keeper: &mut self.host.keeper, interrupt: &self.interrupt }
    }

    pub(crate) fn text_of(&self, file: &str) -> Option<String> {
        text_in(&self.texts, file)
    }
}

/// The folders of the session; where it is to be confined, the machine must be able to.
fn folders(library: &Library, settings: &Settings) -> Result<SessionFolders, Failure> {
    if settings.is_confined
        && let Some(error) = netsplit_confinement::available().why_not()
    {
        let message = format!(
            "this notebook is to be confined, and this machine cannot do that: {error}; `netsplit doctor` tells more, and without --confined cells run unconfined"
        );
        return Err(Failure::plain("EngineError", &message));
    }
    SessionFolders::make(&settings.folder, library, settings.is_confined).map_err(|error| {
        let folder = settings.folder.display();
        Failure::plain("EngineError", &format!("cannot make folders in {folder}: {error}"))
    })
}

fn start_host(library: &Library, settings: &Settings, folders: &SessionFolders) -> Result<Host, Failure> {
    let program = &library.parts.host;
    let libraries: Vec<PathBuf> = library.parts.shared_libraries().map(PathBuf::from).collect();
    let keeper = Keeper::start(program, &libraries, folders, &settings.environment);
    keeper.and_then(|keeper| Host::start(keeper, &folders.pipes)).map_err(|error| {
        Failure::plain("EngineError", &format!("cannot start {}: {error}", program.display()))
    })
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

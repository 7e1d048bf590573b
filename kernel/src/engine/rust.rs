//! Cells in Rust: the cell engine behind the kernel's [`Engine`], and the assistant that completes and explains.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use netsplit_assistant::own_answers::{self, KnownName};
use netsplit_assistant::protocol::{Answer, Detail, Extern, Notebook, Question as Asked, Variable};
use netsplit_assistant::{Assistant, Reply, Settings as AssistantSettings};
use netsplit_engine::limits::Policy;
use netsplit_engine::{
    Audience, Engine as CellEngine, Failure, Late, Output as CellOutput, Settings, Stream,
};
use netsplit_grading::Grading;

use super::glossary;
use super::library;
use super::session_directory::SESSION;
use super::{
    Assist, Cell, Clearing, Completion, Completions, Engine, InputKind, Interrupt, Outlet, Output, Question,
};
use crate::wire::{ErrorOutput, MimeBundle, StreamName};

/// The program that completes and explains; it lies beside this one.
const ASSISTANT: &str = "netsplit-assistant";

/// Stops the cell engine from other threads.
#[derive(Debug, Default)]
pub struct Stop(Arc<netsplit_engine::Interrupt>);

impl Interrupt for Stop {
    fn arm(&self) {
        self.0.clear();
    }

    fn interrupt(&self) {
        self.0.interrupt();
    }
}

/// What cells may do.
#[derive(Debug)]
pub struct Rules {
    /// How much of everything they may use.
    pub policy: Policy,
    /// Whether they are held to the files of their session.
    pub is_confined: bool,
}

/// Runs cells in Rust.
pub struct RustEngine {
    engine: CellEngine,
    outlet: Outlet,
    /// What the assistant must know of the notebook.
    known: Arc<Mutex<Notebook>>,
    sources: PathBuf,
    folder: PathBuf,
}

/// Completes and inspects: by the assistant, if it is there and ready, else by what is known here.
struct RustAssist {
    known: Arc<Mutex<Notebook>>,
    /// Once its program is there.
    assistant: Option<Assistant>,
    settings: AssistantPlaces,
    /// The names that every cell has from the library.
    library_names: Vec<KnownName>,
}

impl RustEngine {
    /// An engine that works in this folder, which belongs to it, and gives cells so much.
    pub fn start(outlet: Outlet, stop: &Stop, folder: PathBuf, rules: Rules) -> Result<Self, ErrorOutput> {
        let progress_outlet = outlet.clone();
        let mut said = false;
        // Only what has to be built says anything, and whoever waits for the first cell should see why.
        let prepared = library::prepare(&mut |line| {
            tracing::info!("{line}");
            let shown = if said { format!("{line}\n") } else { format!("[netsplit] {line}\n") };
            said = true;
            progress_outlet.put(Output::Stream(StreamName::Stderr, shown));
        });
        let prepared = prepared.map_err(|error| kernel_start(&error.to_string()))?;
        let (sources, own_folder) = (prepared.sources(), folder.clone());
        let environment = vec![(SESSION.to_string(), folder.display().to_string())];
        let late: Late = {
            let outlet = outlet.clone();
            Arc::new(move |cell, stream, text| outlet.put(Output::Late(cell, stream_name(stream), text)))
        };
        let Rules { policy, is_confined } = rules;
        let settings = Settings { folder, environment, policy, is_confined };
        let mut engine = CellEngine::start(prepared, settings, stop.0.clone(), late).map_err(error_output)?;
        engine.extend(Box::new(Grading::new(&std::env::current_dir().unwrap_or_default())));
        Ok(Self { engine, outlet, known: Arc::default(), sources, folder: own_folder })
    }

    fn notebook(&self) -> Notebook {
        let variables = self.engine.variables().into_iter().map(|it| Variable {
            name: it.name,
            type_name: it.type_text,
            mutable: it.is_mutable,
        });
        let externs = self.engine.dependencies().into_iter();
        let externs = externs.map(|it| Extern { name: it.name, requirement: it.requirement });
        Notebook {
            items: self.engine.items_text(),
            variables: variables.collect(),
            externs: externs.collect(),
        }
    }
}

impl RustAssist {
    fn notebook(&self) -> Notebook {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn ask(&mut self, question: Asked) -> Option<Answer> {
        if self.assistant.is_none() {
            self.assistant = self.settings.assistant();
        }
        match self.assistant.as_ref()?.ask(question) {
            Reply::Answered(answer) => Some(answer),
            _ => None,
        }
    }

    fn look_up(&mut self, code: &str, cursor: usize, detail: Detail) -> Option<MimeBundle> {
        let notebook = self.notebook();
        let question = Asked::Inspect { notebook: notebook.clone(), code: code.to_string(), cursor, detail };
        let found = match self.ask(question) {
            Some(Answer::Inspection(found)) => Some(found),
            _ => own_answers::inspect(&notebook, code, cursor, detail),
        };
        match glossary::at(code, cursor) {
            Some(entry) => Some(entry.below(found)),
            None => found,
        }
    }
}

impl Engine for RustEngine {
    fn execute(&mut self, cell: &Cell) -> Result<(), ErrorOutput> {
        let cell =
            netsplit_engine::Cell { code: cell.code.clone(), number: cell.number, id: cell.id.clone() };
        let ended = self.engine.execute(&cell, &mut ToOutlet(&self.outlet)).map_err(error_output);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = self.notebook();
        ended
    }

    fn assist(&mut self) -> Box<dyn Assist> {
        let (sources, folder) = (self.sources.clone(), self.folder.clone());
        let library_names = library::names(&sources);
        let is_confined = self.engine.is_confined();
        let settings = AssistantPlaces { sources, folder, is_confined };
        Box::new(RustAssist { known: self.known.clone(), assistant: None, settings, library_names })
    }
}

impl Assist for RustAssist {
    fn complete(&mut self, code: &str, cursor: usize) -> Completions {
        let mut commands = CellEngine::commands();
        commands.extend(netsplit_grading::COMMANDS.iter().filter_map(|(usage, _)| usage.split(' ').next()));
        let notebook = self.notebook();
        let found = own_answers::complete_command(&commands, code, cursor).unwrap_or_else(|| {
            let question = Asked::Complete { notebook: notebook.clone(), code: code.to_string(), cursor };
            match self.ask(question) {
                Some(Answer::Completions(found)) => found,
                _ => own_answers::complete(&notebook, &self.library_names, &commands, code, cursor),
            }
        });
        let completion = |it: netsplit_assistant::protocol::Completion| Completion {
            text: it.text,
            label: it.label,
            kind: it.kind,
        };
        Completions { replaced: found.replaced, matches: found.matches.into_iter().map(completion).collect() }
    }

    fn inspect(&mut self, code: &str, cursor: usize) -> Option<MimeBundle> {
        self.look_up(code, cursor, Detail::Brief)
    }

    fn inspect_fully(&mut self, code: &str, cursor: usize) -> Option<MimeBundle> {
        self.look_up(code, cursor, Detail::Full)
    }
}

/// Where the program is that completes and explains.
///
/// # Errors
/// If this program does not know where it lies itself.
pub fn assistant_program() -> std::io::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(ASSISTANT))
}

/// What the assistant has to know of this kernel.
struct AssistantPlaces {
    sources: PathBuf,
    folder: PathBuf,
    is_confined: bool,
}

impl AssistantPlaces {
    /// The assistant, if its program is there by now.
    fn assistant(&self) -> Option<Assistant> {
        // It reads what code includes, and runs macros: that would be a way around the confinement.
        let program = assistant_program().ok().filter(|program| !self.is_confined && program.exists())?;
        let arguments = vec!["--library".to_string(), self.sources.display().to_string()];
        Some(Assistant::new(AssistantSettings::new(program, arguments, self.folder.clone())))
    }
}

/// A cell's outputs go to the session, and its questions to the user.
struct ToOutlet<'a>(&'a Outlet);

impl Audience for ToOutlet<'_> {
    fn put(&mut self, output: CellOutput) {
        self.0.put(match output {
            CellOutput::Text(stream, text) => Output::Stream(stream_name(stream), text),
            CellOutput::Display { data, id: None, .. } => Output::Display(data),
            CellOutput::Display { data, id: Some(id), is_update: false } => Output::Named(id, data),
            CellOutput::Display { data, id: Some(id), is_update: true } => Output::Update(id, data),
            CellOutput::Result(data) => Output::Result(data),
            CellOutput::Page(text) => Output::Page(MimeBundle::from_iter([(
                "text/plain".to_string(),
                serde_json::Value::String(text),
            )])),
            CellOutput::Clear { wait: true } => Output::Clear(Clearing::WithTheNext),
            CellOutput::Clear { wait: false } => Output::Clear(Clearing::AtOnce),
        });
    }

    fn ask(&mut self, prompt: &str, is_password: bool) -> Result<String, String> {
        let kind = if is_password { InputKind::Password } else { InputKind::Text };
        self.0.ask(Question { prompt: prompt.to_string(), kind }).map_err(|error| error.to_string())
    }
}

fn stream_name(stream: Stream) -> StreamName {
    match stream {
        Stream::Out => StreamName::Stdout,
        Stream::Err => StreamName::Stderr,
    }
}

fn error_output(failure: Failure) -> ErrorOutput {
    ErrorOutput { ename: failure.name, evalue: failure.message, traceback: failure.traceback }
}

fn kernel_start(reason: &str) -> ErrorOutput {
    error_output(Failure::plain("KernelStart", reason))
}

//! `netsplit kernel`: serve one notebook.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::builder::{FalseyValueParser, OsStringValueParser};
use clap::{Args, ValueEnum};
use netsplit_engine::limits::Ceilings;

use super::limits::Wanted;
use super::{Failure, Outcome, places};
use crate::engine::library::compiler_version;
use crate::engine::rust::{Rules, RustEngine, Stop};
use crate::engine::scripted::{RunningScript, ScriptedEngine};
use crate::engine::session_directory::SessionDirectory;
use crate::engine::{Host, Outlet};
use crate::history_file::HistoryFile;
use crate::session::{History, Session, Stamp};
use crate::usage::UsageGauge;
use crate::wire::Launch;
use crate::{processes, sockets};

/// The arguments of `netsplit kernel`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The connection file that Jupyter wrote
    pub connection_file: PathBuf,

    /// What to log on stderr: error, warn, info, debug, trace, or filters as in `netsplit_kernel=debug`
    #[arg(long, env = "NETSPLIT_LOG", default_value = "warn")]
    pub log: String,

    /// The file that remembers which cells were run, by default in the user's data folder; empty to remember nothing
    #[arg(long, env = "NETSPLIT_HISTORY", value_parser = OsStringValueParser::new())]
    pub history: Option<OsString>,

    /// The limits.
    #[command(flatten)]
    pub wanted: Wanted,

    /// Limits that a notebook may lower and not raise
    #[arg(long, env = "NETSPLIT_CEILINGS", value_name = "LIMITS")]
    pub ceilings: Option<Ceilings>,

    /// Hold cells and the compiler to the files of the session and of the library: no other files, no network, no programs
    #[arg(long, env = "NETSPLIT_CONFINED", value_parser = FalseyValueParser::new())]
    pub confined: bool,

    /// What runs the cells
    #[arg(long, env = "NETSPLIT_ENGINE", default_value = "rust", hide = true)]
    pub engine: EngineName,
}

/// The engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// Rust.
    Rust,
    /// Small scripts, for tests.
    Scripted,
}

/// Runs the command.
pub fn run(arguments: Arguments) -> Outcome {
    log_to_stderr(&arguments.log)?;
    let path = &arguments.connection_file;
    let launch = Launch::read(path).map_err(|error| Failure(error.to_string()))?;
    match arguments.engine {
        EngineName::Scripted => serve(&launch, &arguments, start_scripted),
        EngineName::Rust => {
            let policy = arguments.wanted.policy(arguments.ceilings.as_ref())?;
            // It is removed when everything else has ended.
            let folder = SessionDirectory::create().map_err(Failure)?;
            let path = folder.path().to_path_buf();
            // What counts is judged in a session that reaches neither the course nor the submission.
            let is_confined = arguments.confined || netsplit_grading::is_autograding();
            let rules = Rules { policy, is_confined };
            serve(&launch, &arguments, |outlet| start_rust(outlet, path, rules))
        }
    }
}

fn serve(launch: &Launch, arguments: &Arguments, start_engine: impl FnOnce(Outlet) -> Host) -> Outcome {
    processes::adopt_orphans();
    let (memory, history) = match history_path(arguments) {
        Some(path) => {
            let (memory, history) = HistoryFile::open(&path);
            (Some(memory), history)
        }
        None => (None, History::default()),
    };
    let mut gauge = UsageGauge::default();
    let session = Session::new(new_id(), compiler_release(), Box::new(stamp))
        .with_history(history)
        .with_gauge(Box::new(move || gauge.measure()));
    let served = sockets::serve(launch, &arguments.connection_file, session, memory, start_engine);
    processes::end_descendants();
    served.map_err(|error| Failure(error.to_string()))
}

fn history_path(arguments: &Arguments) -> Option<PathBuf> {
    match &arguments.history {
        Some(path) if path.is_empty() => None,
        Some(path) => Some(Path::new(path).to_path_buf()),
        None => places::Places::of_this_user().ok().map(|places| places.data.join("history.jsonl")),
    }
}

fn start_scripted(outlet: Outlet) -> Host {
    let running = Arc::new(RunningScript::default());
    Host::start(running.clone(), outlet, move |outlet| Ok(Box::new(ScriptedEngine::new(outlet, running))))
}

fn start_rust(outlet: Outlet, folder: PathBuf, rules: Rules) -> Host {
    let stop = Arc::new(Stop::default());
    Host::start(stop.clone(), outlet, move |outlet| {
        Ok(Box::new(RustEngine::start(outlet, &stop, folder, rules)?))
    })
}

/// As in `1.95.0`; empty if there is no compiler, which every cell will then say.
fn compiler_release() -> String {
    let version = compiler_version().unwrap_or_default();
    version.lines().find_map(|line| line.strip_prefix("release: ")).unwrap_or_default().to_string()
}

fn stamp() -> Stamp {
    Stamp { id: new_id(), date: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true) }
}

fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Logs from this level on, or by these filters; a bare level is for the kernel's own remarks only, since the libraries
/// below it remark on everything.
fn log_to_stderr(filter: &str) -> Outcome {
    let filter = match filter.parse::<tracing_subscriber::filter::LevelFilter>() {
        Ok(level) => {
            format!("off,netsplit_kernel={level},netsplit_engine={level},netsplit_assistant={level}")
        }
        Err(_) => filter.to_string(),
    };
    let filter = tracing_subscriber::EnvFilter::try_new(&filter).map_err(|error| {
        Failure(format!("expected a log level such as `debug`, found {filter:?}: {error}"))
    })?;
    let is_seen = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.with_target(false).with_ansi(is_seen).init();
    Ok(())
}

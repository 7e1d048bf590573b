//! `netsplit kernel`: serve one notebook.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::{Failure, Outcome};
use crate::engine::scripted::{RunningScript, ScriptedEngine};
use crate::engine::{Host, Outlet};
use crate::session::{Session, Stamp};
use crate::sockets;
use crate::wire::ConnectionFile;

/// The arguments of `netsplit kernel`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The connection file that Jupyter wrote
    pub connection_file: PathBuf,

    /// What to log on stderr: error, warn, info, debug, trace, or filters as in `netsplit_kernel=debug`
    #[arg(long, env = "NETSPLIT_LOG", default_value = "warn")]
    pub log: String,

    /// What runs the cells
    #[arg(long, env = "NETSPLIT_ENGINE", default_value = "evcxr", hide = true)]
    pub engine: EngineName,
}

/// The engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// Rust.
    Evcxr,
    /// Small scripts, for tests.
    Scripted,
}

/// Runs the command.
pub fn run(arguments: Arguments) -> Outcome {
    log_to_stderr(&arguments.log)?;
    let path = &arguments.connection_file;
    let connection = ConnectionFile::read(path).map_err(|error| Failure(error.to_string()))?;
    if arguments.engine == EngineName::Evcxr {
        return Err(Failure("cells in Rust are not part of this build yet; use --engine scripted".to_string()));
    }
    let session = Session::new(new_id(), String::new(), Box::new(stamp));
    sockets::serve(&connection, path, session, start_scripted).map_err(|error| Failure(error.to_string()))
}

fn start_scripted(outlet: Outlet) -> Host {
    let running = Arc::new(RunningScript::default());
    Host::start(running.clone(), outlet, move |outlet| Ok(Box::new(ScriptedEngine::new(outlet, running))))
}

fn stamp() -> Stamp {
    Stamp { id: new_id(), date: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true) }
}

fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn log_to_stderr(filter: &str) -> Outcome {
    let filter = tracing_subscriber::EnvFilter::try_new(filter).map_err(|error| {
        Failure(format!("expected a log filter such as `debug`, found {filter:?}: {error}"))
    })?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
    Ok(())
}

//! `netsplit kernel`: serve one notebook.

use clap::Args;

use super::{Failure, Outcome};

/// The arguments of `netsplit kernel`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The connection file that Jupyter wrote
    pub connection_file: std::path::PathBuf,
}

/// Runs the command.
pub fn run(_arguments: Arguments) -> Outcome {
    Err(Failure("`netsplit kernel` is not part of this build yet".to_string()))
}

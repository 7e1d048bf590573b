//! `netsplit run`: execute notebooks without a browser.

use clap::Args;

use super::{Failure, Outcome};

/// The arguments of `netsplit run`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The notebooks to execute, in this order
    #[arg(required = true)]
    pub notebooks: Vec<std::path::PathBuf>,
}

/// Runs the command.
pub fn run(_arguments: Arguments) -> Outcome {
    Err(Failure("`netsplit run` is not part of this build yet".to_string()))
}

//! `netsplit lab`: set up everything and open the course in JupyterLab.

use clap::Args;

use super::{Failure, Outcome};

/// The arguments of `netsplit lab`.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Runs the command.
pub fn run(_arguments: Arguments) -> Outcome {
    Err(Failure("`netsplit lab` is not part of this build yet".to_string()))
}

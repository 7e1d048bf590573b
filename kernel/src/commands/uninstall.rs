//! `netsplit uninstall`: remove the kernel from Jupyter.

use clap::Args;

use super::{Failure, Outcome};

/// The arguments of `netsplit uninstall`.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Runs the command.
pub fn run(_arguments: Arguments) -> Outcome {
    Err(Failure("`netsplit uninstall` is not part of this build yet".to_string()))
}

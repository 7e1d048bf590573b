//! `netsplit install`: register the kernel with Jupyter.

use clap::Args;

use super::{Failure, Outcome};

/// The arguments of `netsplit install`.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Runs the command.
pub fn run(_arguments: Arguments) -> Outcome {
    Err(Failure("`netsplit install` is not part of this build yet".to_string()))
}

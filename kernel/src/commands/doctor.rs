//! `netsplit doctor`: say what is installed, what is missing, and what to do.

use clap::Args;

use super::{Failure, Outcome};

/// The arguments of `netsplit doctor`.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Runs the command.
pub fn run(_arguments: Arguments) -> Outcome {
    Err(Failure("`netsplit doctor` is not part of this build yet".to_string()))
}

//! `netsplit uninstall`: remove the kernel from Jupyter.

use clap::Args;

use super::install::Target;
use super::places::Places;
use super::{Outcome, kernelspec};

/// The arguments of `netsplit uninstall`: those that the kernel was installed with.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    target: Target,
}

/// Runs the command.
pub fn run(arguments: Arguments) -> Outcome {
    let folder = arguments.target.folder(&Places::of_this_user()?)?;
    kernelspec::remove(&folder)?;
    println!("Removed the kernel {:?} from {}", arguments.target.name, folder.display());
    Ok(())
}

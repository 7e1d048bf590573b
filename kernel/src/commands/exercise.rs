//! `netsplit exercise`: whether exercises are ready for students, and a new one to begin with.

use std::num::NonZero;
use std::path::PathBuf;

use clap::Subcommand;
use netsplit_grading::check::Depth;
use netsplit_grading::{check, template};

use super::{Failure, Outcome};
use crate::engine::library;

/// What to do with exercises.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Try the right answer, the empty one and the wrong ones: do they get what they should?
    Check {
        /// Exercises, folders of exercises, or names of exercises in ./exercises
        #[arg(required = true)]
        exercises: Vec<PathBuf>,
        /// Judge about 200 of the hidden cases of each exercise: for a look in between
        #[arg(long)]
        quick: bool,
    },
    /// Write a new exercise that works, to be changed from there
    New {
        /// Its name: letters, digits and hyphens
        name: String,
        /// The folder of the assignment
        #[arg(default_value = ".")]
        assignment: PathBuf,
    },
}

/// Runs the command.
pub fn run(command: Command) -> Outcome {
    match command {
        Command::Check { exercises, quick } => {
            check_all(&exercises, if quick { Depth::Quick } else { Depth::Full })
        }
        Command::New { name, assignment } => {
            let written = template::write(&name, &assignment).map_err(failed)?;
            for path in written {
                println!("{}", path.display());
            }
            println!("now: netsplit exercise check {}", assignment.join("exercises").join(&name).display());
            Ok(())
        }
    }
}

fn check_all(exercises: &[PathBuf], depth: Depth) -> Outcome {
    super::can_confine()?;
    let prepared = library::prepare(&mut |line| eprintln!("{line}"));
    let library = prepared.map_err(|error| Failure(error.to_string()))?;
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut is_well = true;
    for path in exercises {
        let (folder, only) = check::find(path).map_err(failed)?;
        let mut tell = |tried: &check::Tried| println!("{}", check::line(tried));
        is_well &=
            check::check(&library, &folder, only.as_deref(), depth, workers, &mut tell).map_err(failed)?;
    }
    match is_well {
        true => Ok(()),
        false => Err(Failure("an answer does not get what it should; see the lines with MISS".to_string())),
    }
}

fn failed(error: netsplit_grading::GradingError) -> Failure {
    Failure(error.to_string())
}

//! The subcommands of the binary `netsplit`, one file each: its arguments, and the function that runs it.

use clap::Subcommand;

pub mod confinement;
pub mod doctor;
pub mod exercise;
pub mod grade;
pub mod install;
pub mod kernel;
pub mod kernelspec;
pub mod lab;
pub mod limits;
pub mod nbgrader;
pub mod places;
pub mod prerequisites;
pub mod run;
pub mod uninstall;

/// Why a command ended early: one line that says what was expected, what came, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

/// How a command ends; a [`Failure`] is printed as one line and makes the exit code 1.
pub type Outcome = Result<(), Failure>;

/// What the user asked for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set up everything and open the course in JupyterLab
    Lab(lab::Arguments),
    /// Execute notebooks without a browser
    Run(run::Arguments),
    /// Grade a folder of submissions
    Grade(grade::Arguments),
    /// Check exercises, or begin a new one
    #[command(subcommand)]
    Exercise(exercise::Command),
    /// Register the kernel with Jupyter
    Install(install::Arguments),
    /// Remove the kernel from Jupyter
    Uninstall(uninstall::Arguments),
    /// Say what is installed, what is missing, and what to do
    Doctor(doctor::Arguments),
    /// Serve one notebook (Jupyter starts this)
    Kernel(kernel::Arguments),
    /// Attempt what a confined notebook must not be able to do (`doctor` starts this)
    #[command(hide = true)]
    TryConfinement(confinement::Arguments),
}

impl Command {
    /// Runs the command to its end.
    pub fn run(self) -> Outcome {
        match self {
            Self::Lab(arguments) => lab::run(arguments),
            Self::Run(arguments) => run::run(arguments),
            Self::Grade(arguments) => grade::run(arguments),
            Self::Exercise(command) => exercise::run(command),
            Self::Install(arguments) => install::run(arguments),
            Self::Uninstall(arguments) => uninstall::run(arguments),
            Self::Doctor(arguments) => doctor::run(arguments),
            Self::Kernel(arguments) => kernel::run(arguments),
            Self::TryConfinement(arguments) => confinement::run(arguments),
        }
    }
}

/// Whether this machine can confine what others have written.
fn can_confine() -> Outcome {
    match netsplit_confinement::available().why_not() {
        None => Ok(()),
        Some(error) => Err(Failure(format!(
            "answers are judged confined, and this machine cannot do that: {error}; `netsplit doctor` tells more"
        ))),
    }
}

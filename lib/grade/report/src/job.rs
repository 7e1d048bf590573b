//! What a judge is asked to do.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// One answer to one exercise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The exercise's name.
    pub exercise: String,
    /// Which tests.
    pub mode: Mode,
    /// What runs the answer.
    pub host: Host,
    /// How many cases are judged at the same time; at least 1.
    pub workers: usize,
}

/// Which tests are judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Those that everybody sees.
    Visible {
        /// Instead of the seeds that the tests have.
        seed: Option<u64>,
    },
    /// All.
    Hidden {
        /// The course's secret, from which the seeds and the choice of wrong implementations come.
        secret: String,
        /// About so many cases of an exercise at most, each test with its share of them; nothing is all.
        most: Option<u32>,
    },
}

/// How the processes are started in which an answer runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The cell host.
    pub program: PathBuf,
    /// The shared libraries that the answer needs, which are loaded once.
    pub libraries: Vec<PathBuf>,
    /// The answer, as a shared library.
    pub answer: PathBuf,
    /// Folders that may be read besides the system's libraries: where `libraries` are.
    pub readable: Vec<PathBuf>,
    /// Whether a machine that cannot confine the answer may run it all the same: only on its author's own machine.
    pub may_run_unconfined: bool,
}

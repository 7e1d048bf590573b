//! What keeps an answer from being graded that is not the answer's fault.

use std::io;
use std::path::{Path, PathBuf};

use netsplit_engine::rustc::CompileError;

/// Why nothing can be graded.
#[derive(Debug, thiserror::Error)]
pub enum GradingError {
    /// A file cannot be read or written.
    #[error("cannot {verb} {path}: {source}")]
    File {
        /// `read` or `write`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder has no exercises.
    #[error("expected exercises in {0} (a folder NAME with a file exercise.rs), found none")]
    NoExercises(PathBuf),
    /// There is no exercise of this name.
    #[error("expected one of the exercises {known}, got `{name}`")]
    NoSuchExercise {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// An exercise does not compile.
    #[error("the exercises in {folder} do not compile: {first}\n{drawings}")]
    Exercise {
        /// Where they lie.
        folder: PathBuf,
        /// The first error, in one line.
        first: String,
        /// All errors as the compiler draws them.
        drawings: String,
    },
    /// An exercise forbids what the library does not have.
    #[error(
        "an exercise forbids `{0}`, which the library does not have: expected a path below netsplit, as in `idempotency::DedupTable`"
    )]
    UnknownItem(String),
    /// The library's text cannot be read.
    #[error("cannot read the library's own text: {0}")]
    Library(String),
    /// The judge has failed.
    #[error("the judge of {folder} failed: {reason}")]
    Judge {
        /// Where its exercises lie.
        folder: PathBuf,
        /// What it said.
        reason: String,
    },
    /// The compiler cannot be run, or was stopped.
    #[error(transparent)]
    Compiler(#[from] CompileError),
    /// Something about the course's folders.
    #[error("{0}")]
    Course(String),
}

impl GradingError {
    /// A file cannot be read, or written.
    pub fn file(verb: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { verb, path: path.to_path_buf(), source }
    }

    /// Whether somebody has stopped it.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Compiler(CompileError::Interrupted))
    }
}

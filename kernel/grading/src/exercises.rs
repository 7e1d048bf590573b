//! Where exercises lie: the folder `exercises` of an assignment, and, for whoever teaches, the folder `instructor` with what is never
//! given to a student.
//!
//! | file | what it is |
//! |---|---|
//! | `exercises/NAME/given.rs` | types and code that the statement gives; may be absent |
//! | `exercises/NAME/exercise.rs` | the exercise, with the tests that everybody sees |
//! | `instructor/NAME/hidden.rs` | more tests |
//! | `instructor/NAME/reference.rs`, `wrong/*.rs`, .. | answers, for `netsplit exercise check` |

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::GradingError;

/// The folder of the exercises that a notebook has beside it.
pub const EXERCISES: &str = "exercises";
/// The folder of what students never see.
pub const INSTRUCTOR: &str = "instructor";

/// The exercises of one assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exercises {
    /// Where they lie.
    pub folder: PathBuf,
    /// Each of them, ordered by their names.
    pub all: Vec<Files>,
}

/// The files of one exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Its name.
    pub name: String,
    /// What the statement gives.
    pub given: Option<SourceFile>,
    /// The exercise.
    pub exercise: SourceFile,
    /// The hidden tests, where they are there.
    pub hidden: Option<SourceFile>,
}

/// A file with Rust in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it lies.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

impl Exercises {
    /// Reads the exercises of this folder; with the hidden tests of `instructor`, if that is given.
    ///
    /// # Errors
    /// If a file cannot be read, or there is no exercise.
    pub fn read(folder: &Path, instructor: Option<&Path>) -> Result<Self, GradingError> {
        let entries = fs::read_dir(folder).map_err(|error| GradingError::file("read", folder, error))?;
        let mut names: Vec<String> = entries
            .flatten()
            .filter(|entry| entry.path().join("exercise.rs").is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        if names.is_empty() {
            return Err(GradingError::NoExercises(folder.to_path_buf()));
        }
        let all = names.into_iter().map(|name| Files::read(folder, instructor, name));
        Ok(Self { folder: folder.to_path_buf(), all: all.collect::<Result<_, _>>()? })
    }

    /// The exercise of this name.
    pub fn named(&self, name: &str) -> Option<&Files> {
        self.all.iter().find(|it| it.name == name)
    }

    /// Their names, for people.
    pub fn names(&self) -> String {
        self.all.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl Files {
    fn read(folder: &Path, instructor: Option<&Path>, name: String) -> Result<Self, GradingError> {
        let public = folder.join(&name);
        let given = SourceFile::read_if_there(&public.join("given.rs"))?;
        let exercise = SourceFile::read(&public.join("exercise.rs"))?;
        let hidden =
            instructor.map(|it| SourceFile::read_if_there(&it.join(&name).join("hidden.rs"))).transpose()?;
        Ok(Self { name, given, exercise, hidden: hidden.flatten() })
    }
}

impl SourceFile {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(path: &Path) -> Result<Self, GradingError> {
        let text = fs::read_to_string(path).map_err(|error| GradingError::file("read", path, error))?;
        Ok(Self { path: path.to_path_buf(), text })
    }

    /// Reads a file, if it is there.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    pub fn read_if_there(path: &Path) -> Result<Option<Self>, GradingError> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Some(Self { path: path.to_path_buf(), text })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(GradingError::file("read", path, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hidden tests are read only where they are asked for, and folders without an exercise are none.
    #[test]
    fn exercises_and_their_hidden_tests() {
        let place = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("exercises/b/exercise.rs", "b");
        write("exercises/a/exercise.rs", "a");
        write("exercises/a/given.rs", "g");
        write("exercises/notes/readme.txt", "");
        write("instructor/a/hidden.rs", "h");
        let folder = place.path().join(EXERCISES);
        let seen = Exercises::read(&folder, None).unwrap();
        assert_eq!(seen.names(), "a, b");
        assert!(seen.all.iter().all(|it| it.hidden.is_none()));
        assert_eq!(seen.all[0].given.as_ref().unwrap().text, "g");
        let all = Exercises::read(&folder, Some(&place.path().join(INSTRUCTOR))).unwrap();
        assert_eq!(all.named("a").unwrap().hidden.as_ref().unwrap().text, "h");
        assert!(all.named("b").unwrap().hidden.is_none());
        let nothing = Exercises::read(&folder.join("notes"), None).unwrap_err().to_string();
        assert!(nothing.contains("exercise.rs"), "{nothing}");
    }
}

//! A course's folder, as nbgrader lays it out, with a folder of ours that is never released.
//!
//! | folder | what it is |
//! |---|---|
//! | `COURSE/source/ASSIGNMENT/exercises/NAME` | exercises, which nbgrader releases with the notebooks |
//! | `COURSE/instructor/ASSIGNMENT/NAME` | hidden tests, answers |
//! | `COURSE/instructor/secret` | what hidden seeds come from; made when it is first needed |

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::num::NonZero;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use netsplit_report::Mode;

use crate::error::GradingError;
use crate::exercises::{EXERCISES, Exercises, INSTRUCTOR};

/// The variable that names the course's folder.
pub const COURSE: &str = "NETSPLIT_COURSE";
/// The variable that says how many of an exercise's hidden cases are judged, about, instead of all.
pub const CASES: &str = "NETSPLIT_CASES";
/// The variable by which nbgrader says what it executes a notebook for.
const EXECUTION: &str = "NBGRADER_EXECUTION";
const SECRET: &str = "secret";
const SECRET_BYTES: usize = 32;

/// Whether this process serves nbgrader's autograder: then what it says counts.
pub fn is_autograding() -> bool {
    std::env::var_os(EXECUTION).is_some_and(|it| it == "autograde")
}

/// How many cases the environment asks for.
fn cases_of_environment() -> Result<Option<NonZero<u32>>, GradingError> {
    match std::env::var(CASES).ok().filter(|it| !it.is_empty()) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            GradingError::Course(format!("expected a number of cases above 0 in {CASES}, got {text:?}"))
        }),
    }
}

/// A course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    folder: PathBuf,
    /// About so many hidden cases of an exercise are judged; nothing is all.
    cases: Option<NonZero<u32>>,
}

impl Course {
    /// The course in this folder.
    ///
    /// # Errors
    /// If there is none.
    pub fn open(folder: &Path) -> Result<Self, GradingError> {
        let folder = folder.canonicalize().map_err(|error| GradingError::file("read", folder, error))?;
        match folder.join("source").is_dir() {
            true => Ok(Self { folder, cases: None }),
            false => Err(GradingError::Course(format!(
                "expected a course in {}, with assignments in the folder source; found no such folder",
                folder.display()
            ))),
        }
    }

    /// The course that the environment names.
    ///
    /// # Errors
    /// If it names none, or there is none.
    pub fn of_environment() -> Result<Self, GradingError> {
        match std::env::var_os(COURSE).filter(|it| !it.is_empty()) {
            Some(folder) => Ok(Self::open(Path::new(&folder))?.with_cases(cases_of_environment()?)),
            None => Err(GradingError::Course(format!(
                "nbgrader executes this notebook for its grade, and {COURSE} does not say where the course is: set it to the folder with source/ and instructor/"
            ))),
        }
    }

    /// With about so many hidden cases of each exercise, instead of all.
    pub fn with_cases(self, cases: Option<NonZero<u32>>) -> Self {
        Self { cases, ..self }
    }

    /// How submissions of this course are judged.
    ///
    /// # Errors
    /// If the secret cannot be read or written.
    pub fn mode(&self) -> Result<Mode, GradingError> {
        Ok(Mode::Hidden { secret: self.secret()?, most: self.cases.map(NonZero::get) })
    }

    /// The secret, which is made when there is none.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn secret(&self) -> Result<String, GradingError> {
        let folder = self.folder.join(INSTRUCTOR);
        let path = folder.join(SECRET);
        let read = || match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim().to_string())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(GradingError::file("read", &path, error)),
        };
        let secret = match read()? {
            Some(secret) => secret,
            None => {
                make_secret(&folder, &path).map_err(|error| GradingError::file("write", &path, error))?;
                read()?.unwrap_or_default()
            }
        };
        match secret.len() >= SECRET_BYTES {
            true => Ok(secret),
            false => Err(GradingError::Course(format!(
                "expected a secret of {SECRET_BYTES} letters or more in {}, got {}; remove the file, and another one is made",
                path.display(),
                secret.len()
            ))),
        }
    }

    /// The assignments, by their names.
    ///
    /// # Errors
    /// If their folder cannot be read.
    pub fn assignments(&self) -> Result<Vec<String>, GradingError> {
        let source = self.folder.join("source");
        let entries = fs::read_dir(&source).map_err(|error| GradingError::file("read", &source, error))?;
        let with_exercises = entries.flatten().filter(|it| it.path().join(EXERCISES).is_dir());
        let mut names: Vec<String> =
            with_exercises.map(|it| it.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        Ok(names)
    }

    /// The folder of an assignment, where its notebooks are.
    pub fn source(&self, assignment: &str) -> PathBuf {
        self.folder.join("source").join(assignment)
    }

    /// The folder of what nobody sees of an assignment.
    pub fn instructor(&self, assignment: &str) -> PathBuf {
        self.folder.join(INSTRUCTOR).join(assignment)
    }

    /// The exercises of an assignment, with their hidden tests.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn exercises(&self, assignment: &str) -> Result<Exercises, GradingError> {
        Exercises::read(&self.source(assignment).join(EXERCISES), Some(&self.instructor(assignment)))
    }

    /// The assignment that has this exercise: `likely`, if it has, else the only one that does.
    ///
    /// # Errors
    /// If there is none, or several.
    pub fn assignment_with(&self, exercise: &str, likely: Option<&str>) -> Result<String, GradingError> {
        let has = |it: &String| self.source(it).join(EXERCISES).join(exercise).join("exercise.rs").is_file();
        let mut with: Vec<String> = self.assignments()?.into_iter().filter(has).collect();
        if let Some(likely) = likely.filter(|likely| with.iter().any(|it| it == likely)) {
            return Ok(likely.to_string());
        }
        match with.len() {
            1 => Ok(with.remove(0)),
            0 => Err(GradingError::Course(format!(
                "expected an exercise `{exercise}` in {}/source/*/{EXERCISES}, found none",
                self.folder.display()
            ))),
            _ => Err(GradingError::Course(format!(
                "the assignments {} all have an exercise `{exercise}`: which one is meant is told by the name of the folder that the notebook is in",
                with.join(", ")
            ))),
        }
    }
}

/// Makes a secret, under its name only when it is whole; somebody else's, made at the same time, stays.
fn make_secret(folder: &Path, path: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut bytes = [0; SECRET_BYTES];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let new = folder.join(format!(".{SECRET}-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    let linked = fs::hard_link(&new, path);
    fs::remove_file(&new)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn course() -> (tempfile::TempDir, Course) {
        let place = tempfile::tempdir().unwrap();
        for (assignment, exercise) in [("one", "a"), ("one", "b"), ("two", "b")] {
            let folder = place.path().join("source").join(assignment).join(EXERCISES).join(exercise);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("exercise.rs"), "").unwrap();
        }
        let course = Course::open(place.path()).unwrap();
        (place, course)
    }

    /// The secret is made once, long and private; one that is too short is refused.
    #[test]
    fn the_secret() {
        let (place, course) = course();
        let secret = course.secret().unwrap();
        assert_eq!((secret.len(), &course.secret().unwrap()), (2 * SECRET_BYTES, &secret));
        let path = place.path().join(INSTRUCTOR).join(SECRET);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, "short").unwrap();
        assert!(course.secret().unwrap_err().to_string().contains("got 5"));
    }

    /// Submissions are judged by the secret; with all hidden cases, or with so many as are asked for.
    #[test]
    fn how_submissions_are_judged() {
        let (_place, course) = course();
        let secret = course.secret().unwrap();
        assert_eq!(course.mode().unwrap(), Mode::Hidden { secret: secret.clone(), most: None });
        let few = course.with_cases(NonZero::new(200));
        assert_eq!(few.mode().unwrap(), Mode::Hidden { secret, most: Some(200) });
    }

    /// An exercise is found in the assignment whose folder it is called from, or in the only one that has it.
    #[test]
    fn assignments_are_found() {
        let (_place, course) = course();
        let found = |exercise: &str, likely: Option<&str>| course.assignment_with(exercise, likely);
        assert_eq!(found("a", None).unwrap(), "one");
        assert_eq!(found("b", Some("two")).unwrap(), "two");
        assert_eq!(found("a", Some("two")).unwrap(), "one");
        assert!(found("b", None).unwrap_err().to_string().contains("one, two"));
        assert!(found("c", None).unwrap_err().to_string().contains("found none"));
    }
}

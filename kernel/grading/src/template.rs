//! A new exercise, which works as it is and is to be changed from there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::check::instructor_folder;
use crate::error::GradingError;
use crate::exercises::EXERCISES;

/// The files for students.
const PUBLIC: [(&str, &str); 2] = [
    ("given.rs", include_str!("../template/exercise/given.rs")),
    ("exercise.rs", include_str!("../template/exercise/exercise.rs")),
];
/// The files for instructors.
const OWN: [(&str, &str); 4] = [
    ("hidden.rs", include_str!("../template/instructor/hidden.rs")),
    ("reference.rs", include_str!("../template/instructor/reference.rs")),
    ("empty.rs", include_str!("../template/instructor/empty.rs")),
    ("wrong/echo.rs", include_str!("../template/instructor/wrong/echo.rs")),
];

/// Writes a new exercise of this name into the folder of an assignment; returns the files.
///
/// # Errors
/// If there is one of that name, or it cannot be written.
pub fn write(name: &str, assignment: &Path) -> Result<Vec<PathBuf>, GradingError> {
    let is_fit = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    if name.is_empty() || !name.chars().all(is_fit) {
        return Err(GradingError::Course(format!(
            "expected a name of letters, digits and hyphens, as in `two-generals`, got `{name}`"
        )));
    }
    let exercises = assignment.join(EXERCISES);
    let (public, own) = (exercises.join(name), instructor_folder(&exercises).join(name));
    for folder in [&public, &own] {
        if folder.exists() {
            return Err(GradingError::Course(format!(
                "{} is there already: choose another name, or remove it",
                folder.display()
            )));
        }
    }
    let files = PUBLIC.iter().map(|it| (&public, it)).chain(OWN.iter().map(|it| (&own, it)));
    let mut written = Vec::new();
    for (folder, (file, text)) in files {
        let path = folder.join(file);
        let write = || {
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            fs::write(&path, text.replace("NAME", name))
        };
        write().map_err(|error| GradingError::file("write", &path, error))?;
        written.push(path);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All files are there, called by the name, and nothing is overwritten.
    #[test]
    fn a_new_exercise() {
        let place = tempfile::tempdir().unwrap();
        let files = write("two-generals", place.path()).unwrap();
        assert_eq!(files.len(), 6);
        assert!(place.path().join("instructor/two-generals/wrong/echo.rs").is_file());
        assert!(files.iter().all(|it| !fs::read_to_string(it).unwrap().contains("NAME")));
        assert!(write("two-generals", place.path()).unwrap_err().to_string().contains("there already"));
        assert!(write("Two Generals", place.path()).unwrap_err().to_string().contains("hyphens"));
    }
}

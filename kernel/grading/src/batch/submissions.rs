//! The files that somebody has handed in: notebooks and Rust files, whoever's they are, and whatever is wrong with them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use netsplit_engine::Told;
use serde_json::Value;

use crate::answer::exercises_of;
use crate::error::GradingError;

/// A file that was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The file.
    pub path: PathBuf,
    /// Whose it is: the first folder below the one that was given, or the file's name.
    pub student: String,
}

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Its cells of code.
    pub cells: Vec<Told>,
    /// What was wrong with it, in sentences.
    pub remarks: Vec<String>,
}

/// The notebooks and Rust files at these paths, in order.
///
/// # Errors
/// If a path cannot be read.
pub fn find(paths: &[PathBuf]) -> Result<Vec<Submission>, GradingError> {
    let mut found = Vec::new();
    for path in paths {
        match path.is_dir() {
            true => collect(path, path, &mut found)?,
            false => {
                fs::metadata(path).map_err(|error| GradingError::file("read", path, error))?;
                found.push(Submission { path: path.clone(), student: stem(path) });
            }
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found.dedup();
    Ok(found)
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Submission>) -> Result<(), GradingError> {
    let entries = fs::read_dir(folder).map_err(|error| GradingError::file("read", folder, error))?;
    for path in entries.flatten().map(|it| it.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // What editors keep, and what exercises consist of, was not handed in.
        let is_ours = name.starts_with('.') || name == crate::EXERCISES || name == crate::INSTRUCTOR;
        // Somebody's link may lead anywhere.
        let is_link = path.is_symlink();
        if is_ours || is_link {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, found)?;
        } else if path.extension().is_some_and(|it| it == "ipynb" || it == "rs") {
            let below = path.strip_prefix(root).unwrap_or(&path);
            let student = match below.components().count() {
                1 => stem(&path),
                _ => below
                    .components()
                    .next()
                    .map(|it| it.as_os_str().to_string_lossy().into_owned())
                    .unwrap_or_default(),
            };
            found.push(Submission { path, student });
        }
    }
    Ok(())
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads a file. Nothing that is wrong with it is an error: it is told.
pub fn read(path: &Path) -> Content {
    let text = match fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => return broken(format!("The file cannot be read: {error}.")),
    };
    if path.extension().is_some_and(|it| it == "rs") {
        let cells = vec![Told { id: "file".into(), number: 1, code: text }];
        return Content { cells, remarks: Vec::new() };
    }
    notebook(&text)
}

fn broken(remark: String) -> Content {
    Content { cells: Vec::new(), remarks: vec![remark] }
}

/// The cells of a notebook, numbered as they stand among those of code.
fn notebook(text: &str) -> Content {
    let json: Value = match serde_json::from_str(text) {
        Ok(json) => json,
        Err(error) => {
            return broken(format!(
                "The file is no notebook: it is damaged at line {}, or was cut off; open it in JupyterLab, and save it again.",
                error.line()
            ));
        }
    };
    let Some(all) = json["cells"].as_array() else {
        return broken("The file is no notebook of the format 4: it has no list of cells.".to_string());
    };
    let mut content = Content::default();
    let mut ids = BTreeSet::new();
    for cell in all.iter().filter(|it| it["cell_type"] == "code") {
        let number = u32::try_from(content.cells.len() + 1).unwrap_or(u32::MAX);
        let id = cell["id"].as_str().unwrap_or_default();
        if !id.is_empty() && !ids.insert(id) {
            content.remarks.push(format!(
                "cell[{number}] has the identity of an earlier cell (`{id}`), as copies have: it counts as a cell of its own."
            ));
        }
        let code = match &cell["source"] {
            Value::String(text) => text.clone(),
            Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
            _ => {
                content.remarks.push(format!("cell[{number}] has no text."));
                String::new()
            }
        };
        content.cells.push(Told { id: format!("#{number}").into(), number, code });
    }
    content
}

/// The exercises that a file answers, in order.
pub fn exercises_in(cells: &[Told]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in cells.iter().flat_map(|it| exercises_of(&it.code)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files are found by whom they are of; what editors keep is not.
    #[test]
    fn files_are_found() {
        let place = tempfile::tempdir().unwrap();
        for path in [
            "ann/1/a.ipynb",
            "bob/b.rs",
            "carl.ipynb",
            "ann/.ipynb_checkpoints/a.ipynb",
            "bob/notes.txt",
            "ann/1/exercises/x/exercise.rs",
        ] {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = find(&[place.path().to_path_buf()]).unwrap();
        let students: Vec<&str> = found.iter().map(|it| it.student.as_str()).collect();
        assert_eq!(students, ["ann", "bob", "carl"]);
    }

    /// Whatever a file is, there is something to say.
    #[test]
    fn broken_files_are_told() {
        let remark = |text: &str| notebook(text).remarks.join(" ");
        assert!(remark("{\"cells\": [\n{\"cell").contains("damaged at line 2"));
        assert!(remark("{\"nbformat\": 3}").contains("no list of cells"));
        assert!(remark("[]").contains("no list of cells"));
        let twice = r#"{"cells": [{"cell_type": "code", "id": "a", "source": "x"}, {"cell_type": "markdown", "source": "no"}, {"cell_type": "code", "id": "a", "source": ["y\n", "z"]}, {"cell_type": "code"}]}"#;
        let content = notebook(twice);
        let codes: Vec<(u32, &str)> = content.cells.iter().map(|it| (it.number, it.code.as_str())).collect();
        assert_eq!(codes, [(1, "x"), (2, "y\nz"), (3, "")]);
        assert_eq!(content.remarks.len(), 2, "{:?}", content.remarks);
    }
}

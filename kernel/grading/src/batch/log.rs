//! What was graded, line by line: a grade is added when it is there, and none is ever changed, so that whoever goes on after an end of any
//! kind grades nothing twice.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::GradingError;
use crate::grade::Graded;

/// A line of the log.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// What the grade depends on.
    key: String,
    graded: Graded,
}

/// The log, open to be added to.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    known: BTreeMap<String, Graded>,
}

impl Log {
    /// Opens a log, or begins one. Nobody else may have it open: two that grade at once would do everything twice.
    ///
    /// # Errors
    /// If it cannot be read or written, or somebody else has it open.
    pub fn open(path: &Path) -> Result<Self, GradingError> {
        let failed = |error| GradingError::file("write", path, error);
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed)?;
        if file.try_lock().is_err() {
            return Err(GradingError::Course(format!(
                "{} is being written by another `netsplit grade`: wait for it, or name another file with --log",
                path.display()
            )));
        }
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_end(&mut bytes)).map_err(failed)?;
        // The last line may have been cut off: it counts as not there, and the next begins anew.
        if bytes.last().is_some_and(|last| *last != b'\n') {
            file.write_all(b"\n").map_err(failed)?;
        }
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        let known = lines.map(|line| (line.key, line.graded)).collect();
        Ok(Self { path: path.to_path_buf(), file, known })
    }

    /// What is known of this key.
    pub fn get(&self, key: &str) -> Option<&Graded> {
        self.known.get(key)
    }

    /// Adds a grade.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&mut self, key: &str, graded: Graded) -> Result<(), GradingError> {
        let line = Line { key: key.to_string(), graded };
        let mut text = serde_json::to_string(&line)
            .map_err(|error| GradingError::file("write", &self.path, error.into()))?;
        text.push('\n');
        // In one piece, so that an end falls between two lines wherever the system allows.
        self.file
            .write_all(text.as_bytes())
            .map_err(|error| GradingError::file("write", &self.path, error))?;
        self.known.insert(line.key, line.graded);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shown::examples::graded;

    /// What was written is known again; a line that was cut off is not, and does no harm to the next.
    #[test]
    fn logs_survive() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("log");
        let mut log = Log::open(&path).unwrap();
        log.add("a", graded()).unwrap();
        log.add("b", graded()).unwrap();
        assert!(Log::open(&path).unwrap_err().to_string().contains("--log"));
        drop(log);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 20]).unwrap();
        let mut log = Log::open(&path).unwrap();
        assert_eq!((log.get("a"), log.get("b")), (Some(&graded()), None));
        log.add("c", graded()).unwrap();
        drop(log);
        let log = Log::open(&path).unwrap();
        assert!(log.get("a").is_some() && log.get("b").is_none() && log.get("c").is_some());
    }
}

//! Comparing what is drawn with the files in `tests/golden`, which were looked at.

use std::path::PathBuf;

/// The difference between a golden file and what is drawn now; with `UPDATE_GOLDEN` set the file is written instead.
pub fn compare(name: &str, actual: &str) -> Result<(), String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return std::fs::write(&path, actual).map_err(|error| format!("{name}: {error}"));
    }
    let expected = std::fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
    if expected == actual {
        return Ok(());
    }
    let lines = expected.lines().zip(actual.lines()).enumerate();
    let first = lines.into_iter().find(|(_, (expected, actual))| expected != actual);
    Err(match first {
        Some((line, (expected, actual))) => format!("{name}:{}:\n  was {expected}\n  is  {actual}", line + 1),
        None => format!("{name}: one ends before the other"),
    })
}

//! The course as data: its plan, its chapters, and the pages that are made of both.

mod chapter;
mod contents;
mod coverage;

use std::fs;
use std::path::{Path, PathBuf};

pub use chapter::{Cell, Chapter};
pub use contents::contents;
pub use coverage::{coverage, missing_rows};
use toml::Table;

use crate::project;

/// Where the chapters and their data are.
pub fn notebooks() -> PathBuf {
    project::root().join("notebooks")
}

/// Every chapter that is here, in order: the folders whose names begin with a number.
///
/// # Panics
/// If a notebook or a `chapter.toml` is missing, or is not what its name says.
pub fn chapters() -> Vec<Chapter> {
    let is_chapter = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.is_dir() && name.starts_with(|first: char| first.is_ascii_digit())
    };
    let chapters: Vec<Chapter> =
        entries(&notebooks()).into_iter().filter(is_chapter).map(|folder| Chapter::read(&folder)).collect();
    assert!(!chapters.is_empty(), "no chapter was found below {}", project::root().display());
    chapters
}

/// The incidents that are replayed: a name, and what its file says.
///
/// # Panics
/// If a file is not TOML.
pub fn incidents() -> Vec<(String, Table)> {
    let of =
        |path: PathBuf| (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), table(&path));
    entries(&notebooks().join("incidents")).into_iter().map(of).collect()
}

/// A data file of the course: `course.toml`, `coverage.toml`, `glossary.toml`.
///
/// # Panics
/// If it is not there, or is not TOML.
pub fn data(name: &str) -> Table {
    table(&notebooks().join(name))
}

fn table(path: &Path) -> Table {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a folder's entry can be read").path()).collect();
    paths.sort();
    paths
}

/// The tables of a list such as `[[chapter]]`.
pub fn list<'a>(table: &'a Table, name: &str) -> Vec<&'a Table> {
    let items = table.get(name).and_then(|list| list.as_array());
    items.into_iter().flatten().filter_map(|item| item.as_table()).collect()
}

/// A text of a table; empty where there is none.
pub fn text<'a>(table: &'a Table, name: &str) -> &'a str {
    table.get(name).and_then(|value| value.as_str()).unwrap_or_default()
}

/// The texts of a list such as `sources = ["..", ".."]`.
pub fn texts<'a>(table: &'a Table, name: &str) -> Vec<&'a str> {
    let items = table.get(name).and_then(|list| list.as_array());
    items.into_iter().flatten().filter_map(|item| item.as_str()).collect()
}

/// Whether an entry says where a number is from: "[C] measured"; a number that is known to be wrong may not stand, an unsourced one
/// only in prose that calls it a composite scenario.
///
/// # Errors
/// What is wrong with the entry.
pub fn check_tag(entry: &str, prose: &str) -> Result<(), String> {
    const TAGS: [&str; 15] =
        ["S0", "S1", "S2", "S3", "S4", "B0", "B1", "B2", "B3", "B4", "P", "M", "U", "C", "D"];
    let tag = entry.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    match tag {
        Some(("X", _)) => Err("it is known to be wrong; use the corrected value".to_owned()),
        Some(("U", _)) if !prose.to_lowercase().contains("composite scenario") => {
            Err("it has no source; the text must say \"composite scenario\"".to_owned())
        }
        Some((tag, what)) if TAGS.contains(&tag) && !what.is_empty() => Ok(()),
        _ => Err(format!(
            "expected \"[C] what it is\" with one of the tags {}, found {entry:?}",
            TAGS.join(" ")
        )),
    }
}

//! A chapter: its notebook and its `chapter.toml`.

use std::fs;
use std::path::Path;

use serde_json::Value;
use toml::Table;

/// A chapter of the course, as far as tests look at it.
pub struct Chapter {
    /// "01-you-are-already-distributed".
    pub name: String,
    /// The notebook, as it is stored.
    pub notebook: Value,
    /// Its cells.
    pub cells: Vec<Cell>,
    /// What `chapter.toml` says.
    pub data: Table,
}

/// A cell of a chapter.
pub struct Cell {
    /// Its id, which stays the same in every version.
    pub id: String,
    /// Code, or prose.
    pub is_code: bool,
    /// Its text.
    pub source: String,
    /// All of it, as it is stored.
    pub stored: Value,
}

impl Chapter {
    /// Reads the chapter of this folder.
    ///
    /// # Panics
    /// If a file is missing, or is not what its name says.
    pub fn read(folder: &Path) -> Self {
        let name = folder.file_name().expect("a chapter's folder has a name").to_string_lossy().into_owned();
        let read = |path: &Path| {
            fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let notebook = read(&folder.join(&name).with_extension("ipynb"));
        let notebook: Value = serde_json::from_str(&notebook).expect("a notebook is JSON");
        let cells =
            notebook["cells"].as_array().expect("a notebook has cells").iter().map(Cell::of).collect();
        let data = read(&folder.join("chapter.toml"));
        let data = data.parse().unwrap_or_else(|error| panic!("{name}/chapter.toml: {error}"));
        Self { name, notebook, cells, data }
    }

    /// "01".
    pub fn number(&self) -> &str {
        self.name.split('-').next().unwrap_or_default()
    }

    /// The cells of code.
    pub fn code(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(|cell| cell.is_code)
    }

    /// The code that the chapter's own program is made of; exercises are tried by `netsplit exercise check`.
    pub fn own_code(&self) -> impl Iterator<Item = &Cell> {
        self.code().filter(|cell| !cell.is_of_exercise())
    }

    /// The cells of prose.
    pub fn prose(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(|cell| !cell.is_code)
    }

    /// A table of `chapter.toml`; an empty one where there is none.
    pub fn table(&self, name: &str) -> Table {
        self.data.get(name).and_then(|value| value.as_table()).cloned().unwrap_or_default()
    }

    /// The rows of its table of terms: word and meaning.
    pub fn terms(&self) -> Vec<(String, String)> {
        let table = self.prose().find(|cell| cell.source.lines().any(|line| line.starts_with("## Terms")));
        let rows = table.into_iter().flat_map(|cell| cell.source.lines());
        let of = |line: &str| {
            let (term, meaning) = line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ")?;
            (term != "word").then(|| (term.to_owned(), meaning.to_owned()))
        };
        rows.filter_map(of).collect()
    }
}

impl Cell {
    /// What an exercise gives, an answer, or what is done with them: the cells `e1-given`, `e1-answer`, `e1-grade`.
    pub fn is_of_exercise(&self) -> bool {
        let mut letters = self.id.chars();
        self.is_code && letters.next() == Some('e') && letters.next().is_some_and(|it| it.is_ascii_digit())
    }

    /// A copy of a file of an exercise, which may be as long as the file is.
    pub fn is_given(&self) -> bool {
        self.is_of_exercise() && self.id.ends_with("-given")
    }

    fn of(stored: &Value) -> Self {
        let lines = stored["source"].as_array().expect("a source is a list of lines").iter();
        Self {
            id: stored["id"].as_str().unwrap_or_default().to_owned(),
            is_code: stored["cell_type"] == "code",
            source: lines.map(|line| line.as_str().expect("a line is text")).collect(),
            stored: stored.clone(),
        }
    }
}

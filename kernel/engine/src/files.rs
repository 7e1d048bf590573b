//! The files that a cell is compiled from, and their names.
//!
//! Items stand at the top level, statements in a function, the last expression inside a call that shows it; so the cell's
//! text goes into several files, in each of which everything else is blanked. The compiler tells files apart by their names,
//! so they differ by prefixes, which nobody is shown: `cell[3]`, `./cell[3]`, `value/cell[3]`.

/// The root of the crate: the frame around the cell's files.
pub const ROOT: &str = "frame.rs";

/// The part of a cell that a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Macros of this epoch, which stand before its items.
    Macros(u32),
    /// Items of this epoch.
    Items(u32),
    /// What runs; an opening brace stands before it.
    Statements,
    /// The last expression.
    Tail,
}

impl Part {
    /// The folder of such files.
    pub fn folder(self) -> String {
        match self {
            Self::Macros(epoch) => format!("macros{epoch}"),
            Self::Items(epoch) => format!("items{epoch}"),
            Self::Statements => "statements".to_string(),
            Self::Tail => "tail".to_string(),
        }
    }

    /// What stands before the names of such files. (The compiler takes `././a` and `./a` for one file.)
    pub fn prefix(self) -> String {
        match self {
            Self::Macros(epoch) => format!("macros{epoch}/"),
            Self::Items(0) => String::new(),
            Self::Items(epoch) => format!("epoch{epoch}/"),
            Self::Statements => "./".to_string(),
            Self::Tail => "value/".to_string(),
        }
    }
}

/// The name of a cell's file, as people read it.
pub fn cell_file(number: u32) -> String {
    format!("cell[{number}]")
}

/// Whether a file holds statements.
pub fn is_statement_file(file: &str) -> bool {
    file.strip_prefix("./").is_some_and(|rest| rest.starts_with("cell["))
}

/// The text with files named as people read them.
pub fn without_prefixes(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("cell[") {
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        let kept = shown.strip_suffix("./").or_else(|| shown.strip_suffix("value/")).or_else(|| {
            let before = shown.strip_suffix('/')?.trim_end_matches(|it: char| it.is_ascii_digit());
            before.strip_suffix("epoch").or_else(|| before.strip_suffix("macros"))
        });
        let kept = kept.map_or(shown.len(), str::len);
        shown.truncate(kept);
        shown.push_str("cell[");
        rest = &rest["cell[".len()..];
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All parts have different names, and all of them are shown alike.
    #[test]
    fn names_differ_and_look_alike() {
        let parts =
            [Part::Items(0), Part::Statements, Part::Tail, Part::Items(1), Part::Items(2), Part::Macros(2)];
        let names: std::collections::BTreeSet<String> =
            parts.iter().map(|it| it.prefix() + &cell_file(3)).collect();
        assert_eq!(names.len(), parts.len());
        assert!(names.iter().all(|name| without_prefixes(name) == "cell[3]"));
        assert_eq!(names.iter().filter(|name| is_statement_file(name)).count(), 1);
    }
}

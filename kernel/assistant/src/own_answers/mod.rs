//! What the kernel answers by itself, at once: while the assistant starts, and where there is none.
//!
//! It knows names and what the notebook says of them, and no types: it completes a name by its beginning, and shows a
//! variable's type or an item's own words. What comes after `.` or `::` it leaves to the assistant.

mod items;
mod known;

use serde_json::json;

use self::items::Item;
use self::known::{KEYWORDS, MACROS, PRELUDE};
use crate::protocol::{Completion, Completions, Detail, MimeBundle, Notebook, checked_cursor, name_at};

/// A name that cells see without having defined it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownName {
    /// The name.
    pub name: String,
    /// What it is, in the words of [`Completion::kind`].
    pub kind: String,
}

/// The names that begin as the one at the cursor does: the notebook's own first, then the library's, then Rust's. At the
/// beginning of a cell, `:` begins one of the `commands`, which are given with their colon.
pub fn complete(
    notebook: &Notebook,
    library: &[KnownName],
    commands: &[&str],
    code: &str,
    cursor: usize,
) -> Completions {
    if checked_cursor(code, cursor).is_err() {
        return Completions { replaced: cursor..cursor, matches: Vec::new() };
    }
    if let Some(completions) = complete_command(commands, code, cursor) {
        return completions;
    }
    let replaced = name_at(code, cursor);
    let (before, prefix) = (&code[..replaced.start], &code[replaced.start..cursor]);
    let mut found = Found { prefix, matches: Vec::new() };
    if !is_member(before) {
        for variable in &notebook.variables {
            found.add(&variable.name, &format!("{}: {}", variable.name, variable.type_name), "instance");
        }
        for (name, kind) in defined_in(code, cursor) {
            found.add(name, name, kind);
        }
        for item in items::of(&notebook.items).iter().filter(|item| !item.is_member) {
            found.add(&item.insertion(), &item.insertion(), item.kind);
        }
        for known in library {
            found.add(&known.name, &known.name, &known.kind);
        }
        for (names, kind) in PRELUDE.iter().chain([&(MACROS, "function"), &(KEYWORDS, "keyword")]) {
            for name in *names {
                found.add(name, name, kind);
            }
        }
    }
    Completions { replaced: replaced.start..cursor, matches: found.matches }
}

/// The commands that begin as the line does, if the cursor is in a command: a line that begins with `:`, before any Rust.
pub fn complete_command(commands: &[&str], code: &str, cursor: usize) -> Option<Completions> {
    let line_start = code.get(..cursor)?.rfind('\n').map_or(0, |at| at + 1);
    let is_command = |line: &str| line.is_empty() || line.starts_with([':', '!']) || line.starts_with("# ");
    let line = code[line_start..cursor].trim_start();
    if !line.starts_with(':') || !code[..line_start].lines().all(|line| is_command(line.trim_start())) {
        return None;
    }
    let fitting = commands.iter().filter(|command| command.starts_with(line));
    let completion = |command: &&str| Completion {
        text: command.to_string(),
        label: command.to_string(),
        kind: "magic".to_string(),
    };
    Some(Completions { replaced: cursor - line.len()..cursor, matches: fitting.map(completion).collect() })
}

/// What the notebook itself says of the name at the cursor: a variable's type, an item's signature and documentation.
pub fn inspect(notebook: &Notebook, code: &str, cursor: usize, detail: Detail) -> Option<MimeBundle> {
    checked_cursor(code, cursor).ok()?;
    let name = &code[name_at(code, cursor)];
    let is_path = is_member(&code[..name_at(code, cursor).start]);
    let variable = notebook.variables.iter().find(|it| it.name == name && !is_path);
    let text = match variable {
        Some(variable) => {
            let mutable = if variable.mutable { "mut " } else { "" };
            format!("let {mutable}{}: {}", variable.name, variable.type_name)
        }
        None => {
            let items = items::of(&notebook.items);
            let fits = |item: &Item| item.name == name && (item.is_member || !is_path);
            // A later definition replaces an earlier one.
            items.iter().rev().find(|item| fits(item))?.describe(detail)
        }
    };
    Some(MimeBundle::from_iter([("text/plain".to_string(), json!(text))]))
}

/// The completions so far.
struct Found<'a> {
    prefix: &'a str,
    matches: Vec<Completion>,
}

impl Found<'_> {
    /// Adds a name if it fits and is not there yet: what comes first hides what comes later, as in Rust.
    fn add(&mut self, text: &str, label: &str, kind: &str) {
        let is_new = !self.matches.iter().any(|it| it.text == text);
        if text.starts_with(self.prefix) && text != self.prefix && is_new {
            let (text, label, kind) = (text.to_string(), label.to_string(), kind.to_string());
            self.matches.push(Completion { text, label, kind });
        }
    }
}

/// Whether what follows is the name of a field, a method, or something in a path. (`..` is a range.)
fn is_member(before: &str) -> bool {
    let before = before.trim_end();
    before.ends_with("::") || before.ends_with('.') && !before.ends_with("..")
}

/// The names that the cell itself defines, except the one at the cursor, found word by word: an unfinished cell does
/// not parse.
fn defined_in(code: &str, cursor: usize) -> Vec<(&str, &'static str)> {
    let mut names = Vec::new();
    let mut kind = None;
    let mut place = 0;
    for word in code.split_inclusive(|it: char| !it.is_alphanumeric() && it != '_') {
        let name = word.trim_end_matches(|it: char| !it.is_alphanumeric() && it != '_');
        let is_at_cursor = (place..=place + name.len()).contains(&cursor);
        place += word.len();
        if name.is_empty() {
            continue;
        }
        kind = match (name, kind) {
            ("let" | "for" | "const" | "static", _) => Some("instance"),
            ("fn", _) => Some("function"),
            ("struct" | "enum" | "trait" | "type" | "union", _) => Some("class"),
            ("mod", _) => Some("module"),
            ("mut", kind) => kind,
            (_, Some(kind)) => {
                if !is_at_cursor {
                    names.push((name, kind));
                }
                None
            }
            _ => None,
        };
    }
    names
}

#[cfg(test)]
mod tests;

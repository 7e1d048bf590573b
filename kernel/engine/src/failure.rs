//! How a cell fails: what a front end shows as the cell's one error.

use netsplit_control::Ending;

use crate::diagnostics::Diagnostic;
use crate::symbols;

/// Why a cell has not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind: `CompileError`, `Panic`, `Error`, `Interrupted`, `CommandError`, `EngineError`, or how the process died:
    /// `StackOverflow`, `OutOfMemory`, `Exited`, ..
    pub name: String,
    /// In one sentence.
    pub message: String,
    /// At length, with ANSI colours, line by line.
    pub traceback: Vec<String>,
}

impl Failure {
    /// One of which there is no more to say than one sentence.
    pub fn plain(name: &str, message: &str) -> Self {
        Self::with_details(name, message, Vec::new())
    }

    /// One with more to say below the sentence.
    pub fn with_details(name: &str, message: &str, details: Vec<String>) -> Self {
        let title = format!("\u{1b}[1m\u{1b}[91merror\u{1b}[0m\u{1b}[1m: {message}\u{1b}[0m");
        let traceback = title.lines().map(str::to_string).chain(details).collect();
        Self { name: name.to_string(), message: message.to_string(), traceback }
    }

    /// The same, with something to do about it below.
    #[must_use]
    pub fn with_hint(mut self, hint: &str) -> Self {
        self.traceback.push(format!("\u{1b}[94mnote\u{1b}[0m: {hint}"));
        self
    }

    /// The errors of a cell that does not compile.
    pub fn compile(errors: &[&Diagnostic], text_of: &dyn Fn(&str) -> Option<String>) -> Self {
        let message = match errors {
            [] => "the cell does not compile, and the compiler did not say why".to_string(),
            [only] => only.title(),
            [first, more @ ..] => format!("{} (and {} more)", first.title(), more.len()),
        };
        let drawings: Vec<String> = errors.iter().map(|it| it.drawing(text_of)).collect();
        let traceback = drawings.join("\n\n").lines().map(str::to_string).collect();
        Self { name: "CompileError".to_string(), message, traceback }
    }

    /// The failure that an ending is; none if the cell came to its end, or was stopped.
    pub fn of(
        ending: &Ending,
        text_of: &dyn Fn(&str) -> Option<String>,
        function_at: &dyn Fn(&str, u64) -> Option<String>,
    ) -> Option<Self> {
        match ending {
            Ending::Finished | Ending::Interrupted(_) => None,
            Ending::Failed { messages, .. } => {
                let (first, sources) = messages.split_first()?;
                let details = sources.iter().map(|source| format!("  caused by: {source}")).collect();
                Some(Self::with_details("Error", first, details))
            }
            Ending::Panicked { message, place, frames } => {
                let mut details = Vec::new();
                if let Some((file, line, column)) = place {
                    details.push(format!("  \u{1b}[94m-->\u{1b}[0m {file}:{line}:{column}"));
                    details.extend(excerpt(file, *line, *column, text_of));
                }
                let functions = frames.iter().filter_map(|(file, offset)| function_at(file, *offset));
                let mut calls = symbols::of_cells(functions);
                calls.dedup();
                details.extend(calls.iter().map(|name| format!("  in {name}")));
                Some(Self::with_details("Panic", message, details))
            }
            Ending::NotLoaded(reason) => {
                Some(Self::plain("EngineError", &format!("the cell cannot be loaded: {reason}")))
            }
            Ending::Mismatched { name, stored, wanted } if stored == wanted => {
                let message = format!(
                    "the variable `{name}` is a {stored} of a crate that is another since a :dep: run the cell that made it again"
                );
                Some(Self::plain("EngineError", &message))
            }
            Ending::Mismatched { name, stored, wanted } => {
                let message = format!(
                    "the variable `{name}` is a {stored}, and the cell wants a {wanted}: run the cell that made it again"
                );
                Some(Self::plain("EngineError", &message))
            }
        }
    }
}

/// The line of the cell, and a mark below the column.
fn excerpt(file: &str, line: u32, column: u32, text_of: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let text = text_of(file);
    let Some(written) = text.as_deref().and_then(|text| text.lines().nth(line as usize - 1)) else {
        return Vec::new();
    };
    let (number, indent) = (line.to_string(), " ".repeat(line.to_string().len()));
    let bar = "\u{1b}[94m|\u{1b}[0m";
    let mark = format!("{}\u{1b}[91m^\u{1b}[0m", " ".repeat(column as usize - 1));
    vec![format!("{indent} {bar}"), format!("{number} {bar} {written}"), format!("{indent} {bar} {mark}")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::without_colours;

    /// A panic shows its line, marks the column, and names the functions on the way.
    #[test]
    fn panics_show_their_line() {
        let ending = Ending::Panicked {
            message: "out of milk".to_string(),
            place: Some(("cell[3]".to_string(), 2, 5)),
            frames: (0..4).map(|offset| ("cell-1.so".to_string(), offset)).collect(),
        };
        let functions = [
            "core::option::expect",
            "cells::netsplit_epoch_1::drink",
            "cells::netsplit_cell_4::{{closure}}",
            "cells::f",
        ];
        let function_at = |_: &str, offset: u64| Some(functions[offset as usize].to_string());
        let failure = Failure::of(
            &ending,
            &|file| (file == "cell[3]").then(|| "fn drink() {\n    n()\n}".to_string()),
            &function_at,
        )
        .unwrap();
        let shown = without_colours(&failure.traceback.join("\n"));
        let expected = "error: out of milk\n  --> cell[3]:2:5\n  |\n2 |     n()\n  |     ^\n  in drink";
        assert_eq!((failure.name.as_str(), shown.as_str()), ("Panic", expected));
    }

    /// Sources of an error are told below it.
    #[test]
    fn sources_are_told() {
        let messages = vec!["no config".to_string(), "file not found".to_string()];
        let failure =
            Failure::of(&Ending::Failed { type_name: String::new(), messages }, &|_| None, &|_, _| None)
                .unwrap();
        assert_eq!(failure.message, "no config");
        assert!(failure.traceback[1].contains("caused by: file not found"));
    }
}

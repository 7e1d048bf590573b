//! What rustc says of a cell, shown the way rustc shows it, against the cell's own lines.
//!
//! evcxr has mapped the places of an error back to the cell; what rustc rendered speaks of the crate that evcxr made of
//! it, so the report is drawn anew from its parts.

use annotate_snippets::{AnnotationKind, Group, Level, Snippet};
use evcxr::CompilationError;
use serde_json::Value;

use super::failures::render;
use crate::engine::Cell;
use crate::wire::ErrorOutput;

/// The one error of a cell that does not compile.
pub fn compile_error(errors: &[CompilationError], cell: &Cell) -> ErrorOutput {
    // A warning is not why the cell did not run.
    let is_error = |error: &&CompilationError| error.level() == "error";
    let mut shown: Vec<&CompilationError> = errors.iter().filter(is_error).collect();
    if shown.is_empty() {
        shown = errors.iter().collect();
    }
    let title = |error: &CompilationError| match error.code() {
        Some(code) => format!("error[{code}]: {}", error.message()),
        None => format!("error: {}", error.message()),
    };
    let evalue = match shown.as_slice() {
        [] => "the cell does not compile, and the compiler did not say why".to_string(),
        [only] => title(only),
        [first, more @ ..] => format!("{} (and {} more)", title(first), more.len()),
    };
    let mut traceback = Vec::new();
    for error in shown {
        if !traceback.is_empty() {
            traceback.push(String::new());
        }
        traceback.extend(report(error, cell));
    }
    ErrorOutput { ename: "CompileError".to_string(), evalue, traceback }
}

fn report(error: &CompilationError, cell: &Cell) -> Vec<String> {
    let mut title = Level::ERROR.primary_title(error.message());
    if let Some(code) = error.code() {
        title = title.id(code.to_string());
    }
    let mut snippet = Snippet::source(cell.code.clone()).path(format!("cell[{}]", cell.number));
    let mut unplaced = Vec::new();
    let mut is_placed = false;
    for message in error.spanned_messages() {
        let Some(span) = &message.span else {
            if !message.label.is_empty() {
                unplaced.push(message.label.clone());
            }
            continue;
        };
        let from = byte_offset(&cell.code, span.start_line, span.start_column);
        let to = byte_offset(&cell.code, span.end_line, span.end_column).max(from);
        let kind = if message.is_primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let label = (!message.label.is_empty()).then(|| message.label.clone());
        snippet = snippet.annotation(kind.span(from..to).label(label));
        is_placed = true;
    }
    let mut group = if is_placed { title.element(snippet) } else { Group::with_title(title) };
    for text in unplaced {
        group = group.element(Level::NOTE.message(text));
    }
    for (is_help, text) in remarks(error) {
        let level = if is_help { Level::HELP } else { Level::NOTE };
        group = group.element(level.message(text));
    }
    if let Some(hint) = error.evcxr_extra_hint() {
        group = group.element(Level::NOTE.message(hint));
    }
    render(&[group])
}

/// The notes and helps below an error; true for a help.
fn remarks(error: &CompilationError) -> Vec<(bool, String)> {
    let none = Vec::new();
    let children = error.json["children"].as_array().unwrap_or(&none);
    let remark = |child: &Value| {
        let is_help = match child["level"].as_str()? {
            "help" => true,
            "note" => false,
            _ => return None,
        };
        let mut text = child["message"].as_str()?.to_string();
        let replacement =
            child["spans"][0]["suggested_replacement"].as_str().map(str::trim).unwrap_or_default();
        if !replacement.is_empty() && !replacement.contains('\n') {
            text.push_str(&format!(": `{replacement}`"));
        }
        // What names evcxr's own functions is about code that the user has not written.
        (!text.contains("evcxr_") && !text.contains("lint level")).then_some((is_help, text))
    };
    children.iter().filter_map(remark).collect()
}

/// The byte offset of a line and a column, both from 1, the column in characters; within the text in any case.
fn byte_offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let this_line = text[start..].split('\n').next().unwrap_or_default();
    let within = this_line.char_indices().nth(column.saturating_sub(1)).map_or(this_line.len(), |(at, _)| at);
    start + within
}

#[cfg(test)]
mod tests {
    use super::byte_offset;

    /// Columns are characters, and what lies beyond the text is its end.
    #[test]
    fn offsets() {
        let text = "é = 1\nab";
        assert_eq!(byte_offset(text, 1, 1), 0);
        assert_eq!(byte_offset(text, 1, 2), 2);
        assert_eq!(byte_offset(text, 2, 2), 8);
        assert_eq!(byte_offset(text, 1, 99), 6);
        assert_eq!(byte_offset(text, 9, 9), 9);
        assert_eq!(byte_offset("", 1, 1), 0);
    }
}

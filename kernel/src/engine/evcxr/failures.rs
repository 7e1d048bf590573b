//! What went wrong in a cell that ran, in the terms of the cell: its own lines, not those of the crate that evcxr made
//! of it, and no path or thread number that would differ on another machine.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::engine::Cell;
use crate::wire::ErrorOutput;

/// A place in a cell; lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The cell.
    pub cell: &'a Cell,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// Where in a file a panic happened.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Location {
    file: String,
    line: usize,
    column: usize,
}

/// Takes the text of the last panic off the end of what was printed on stderr.
pub fn split_panic(stderr: &str) -> (String, String) {
    let starts = stderr.match_indices("thread '").map(|(at, _)| at);
    let at_line_start = |at: &usize| *at == 0 || stderr[..*at].ends_with('\n');
    let says_panic =
        |at: &usize| stderr[*at..].lines().next().is_some_and(|line| line.contains(" panicked at "));
    match starts.filter(at_line_start).filter(says_panic).last() {
        Some(at) => {
            // The standard library begins with an empty line.
            let before = stderr[..at].strip_suffix('\n').filter(|it| it.is_empty() || it.ends_with('\n'));
            (before.unwrap_or(&stderr[..at]).to_string(), stderr[at..].to_string())
        }
        None => (stderr.to_string(), String::new()),
    }
}

/// The error of a cell that panicked. `generated` is the crate that evcxr made of the cell; the cells are all that ran so
/// far, of which the last one panicked; `library` is the folder whose name means nothing to the user.
pub fn panic_error(text: &str, generated: &str, cells: &[Cell], library: &str) -> ErrorOutput {
    let (location, message) = parse_panic(text);
    let evalue = match message.is_empty() {
        true => "the cell panicked and did not say why".to_string(),
        false => readable_paths(&message, library),
    };
    let level = Level::ERROR.with_name("panic");
    let place = location.as_ref().and_then(|location| match location.file.as_str() {
        "src/lib.rs" => find_in_cells(generated, location.line, location.column, cells),
        _ => None,
    });
    let report = match (place, location) {
        (Some(place), _) => {
            let path = format!("cell[{}]", place.cell.number);
            let marked = AnnotationKind::Primary.span(rest_of_line(place));
            let snippet = Snippet::source(place.cell.code.clone()).path(path).annotation(marked);
            render(&[level.primary_title(evalue.clone()).element(snippet)])
        }
        (None, Some(Location { file, line, column })) if file != "src/lib.rs" => {
            let origin = annotate_snippets::Origin::path(readable_paths(&file, library))
                .line(line)
                .char_column(column);
            render(&[level.primary_title(evalue.clone()).element(origin)])
        }
        _ => render(&[annotate_snippets::Group::with_title(level.primary_title(evalue.clone()))]),
    };
    ErrorOutput { ename: "Panic".to_string(), evalue, traceback: report }
}

/// The error of a cell that a `?` has left early.
pub fn returned_error(text: &str, library: &str) -> ErrorOutput {
    let evalue = match text.is_empty() {
        true => "a `?` has returned an error that says nothing".to_string(),
        false => readable_paths(text, library),
    };
    let note = Level::NOTE.message("a `?` has left the cell here; what came after it did not run");
    let report = render(&[Level::ERROR.primary_title(evalue.clone()).element(note)]);
    ErrorOutput { ename: "Error".to_string(), evalue, traceback: report }
}

/// An error that is about the cell as a whole.
pub fn plain_error(ename: &str, evalue: &str) -> ErrorOutput {
    let report =
        render(&[annotate_snippets::Group::with_title(Level::ERROR.primary_title(evalue.to_string()))]);
    ErrorOutput { ename: ename.to_string(), evalue: evalue.to_string(), traceback: report }
}

/// A report as rustc prints it, with colours, line by line.
pub fn render(report: &[annotate_snippets::Group<'_>]) -> Vec<String> {
    let text = Renderer::styled().decor_style(DecorStyle::Ascii).render(report);
    text.lines().map(str::to_string).collect()
}

/// Paths of the library and of the standard library without the part that differs between machines.
pub fn readable_paths(text: &str, library: &str) -> String {
    let text = if library.is_empty() { text.to_string() } else { text.replace(&format!("{library}/"), "") };
    // As in /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/option.rs.
    let mut parts = text.split("/rustc/");
    let mut readable = parts.next().unwrap_or_default().to_string();
    for part in parts {
        match part.split_once("/library/") {
            Some((hash, rest)) if hash.chars().all(|it| it.is_ascii_hexdigit()) => {
                readable.push_str("library/");
                readable.push_str(rest);
            }
            _ => {
                readable.push_str("/rustc/");
                readable.push_str(part);
            }
        }
    }
    readable
}

/// Reads `thread 'main' (7) panicked at src/lib.rs:3:5:`, then the message, then perhaps a hint that is for others.
fn parse_panic(text: &str) -> (Option<Location>, String) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let location = first.split_once(" panicked at ").and_then(|(_, location)| parse_location(location));
    let message: Vec<&str> =
        rest.lines().take_while(|line| !line.starts_with("note: run with `RUST_BACKTRACE")).collect();
    (location, message.join("\n").trim_end().to_string())
}

fn parse_location(text: &str) -> Option<Location> {
    let mut parts = text.trim_end_matches(':').rsplitn(3, ':');
    let (column, line) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(Location { file: parts.next()?.to_string(), line, column })
}

/// Finds a place of the generated crate in the cells, newest first: the line with the same text whose neighbours are the
/// same for the longest stretch. evcxr puts every statement on lines of its own and moves items to the front, so a line
/// may be a part of the cell's line, and neighbours help but do not decide.
fn find_in_cells<'a>(generated: &str, line: usize, column: usize, cells: &'a [Cell]) -> Option<Place<'a>> {
    let generated: Vec<&str> = generated.lines().collect();
    let here = line.checked_sub(1)?;
    let text = generated.get(here)?;
    let wanted = text.trim();
    if wanted.is_empty() {
        return None;
    }
    cells.iter().rev().find_map(|cell| {
        let lines: Vec<&str> = cell.code.lines().collect();
        let candidates: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].contains(wanted)).collect();
        let alike = |at: usize| common_neighbours(&generated, here, &lines, at);
        let best = candidates.iter().map(|at| alike(*at)).max()?;
        let best: Vec<usize> = candidates.into_iter().filter(|at| alike(*at) == best).collect();
        // Lines that cannot be told apart keep their order, and the cell's statements stand at the end of the crate.
        let later = generated[here + 1..].iter().filter(|line| line.trim() == wanted).count();
        let at = best[best.len().saturating_sub(later + 1)];
        let before = lines[at].find(wanted)?;
        let indentation = text.chars().take_while(|it| it.is_whitespace()).count();
        let column = lines[at][..before].chars().count() + column.saturating_sub(indentation).max(1);
        Some(Place { cell, line: at + 1, column })
    })
}

fn common_neighbours(generated: &[&str], here: usize, cell: &[&str], at: usize) -> usize {
    let same = |(left, right): &(&&str, &&str)| left.trim() == right.trim();
    let after = generated[here + 1..].iter().zip(&cell[at + 1..]).take_while(same).count();
    let before = generated[..here].iter().rev().zip(cell[..at].iter().rev()).take_while(same).count();
    after + before
}

/// The bytes of the cell from the place to the end of its line, without the semicolon.
fn rest_of_line(place: Place<'_>) -> std::ops::Range<usize> {
    let code = place.cell.code.as_str();
    let line_start: usize = code.split_inclusive('\n').take(place.line - 1).map(str::len).sum();
    let line = code[line_start..].lines().next().unwrap_or_default();
    let from = line.char_indices().nth(place.column - 1).map_or(line.len(), |(at, _)| at);
    let to = line.trim_end().trim_end_matches(';').len().max(from);
    line_start + from..line_start + to
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(number: u32, code: &str) -> Cell {
        Cell { code: code.to_string(), number }
    }

    fn plain(lines: &[String]) -> String {
        let mut text = String::new();
        let mut in_escape = false;
        for character in lines.join("\n").chars() {
            match character {
                '\x1b' => in_escape = true,
                'm' if in_escape => in_escape = false,
                _ if in_escape => {}
                other => text.push(other),
            }
        }
        text
    }

    const PANIC: &str = "thread '<unnamed>' (1234) panicked at src/lib.rs:4:5:\nout of milk\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n";

    /// The panic's text is told from what the cell printed before it, also from an earlier panic.
    #[test]
    fn the_panic_is_split_off() {
        assert_eq!(split_panic(&format!("before\n\n{PANIC}")), ("before\n".to_string(), PANIC.to_string()));
        assert_eq!(split_panic(&format!("\n{PANIC}")), (String::new(), PANIC.to_string()));
        assert_eq!(
            split_panic(&format!("unfinished\n{PANIC}")),
            ("unfinished\n".to_string(), PANIC.to_string())
        );
        let other = "\nthread 'worker' (7) panicked at src/lib.rs:9:9:\nfirst\n";
        assert_eq!(split_panic(&format!("{other}\n{PANIC}")), (other.to_string(), PANIC.to_string()));
        assert_eq!(
            split_panic("a thread 'x' panicked at y"),
            ("a thread 'x' panicked at y".to_string(), String::new())
        );
    }

    /// A panic is shown at the cell's own line, with the message that the user wrote and nothing of this machine.
    #[test]
    fn a_panic_is_shown_at_its_line_of_the_cell() {
        let cells = [cell(1, "let milk = 0;"), cell(2, "let a = 1;\n\n// why\n  panic!(\"out of milk\");")];
        let generated = "fn f() {\nlet a = 1;\n\n    panic!(\"out of milk\");\n}\n";
        let error = panic_error(PANIC, generated, &cells, "");
        assert_eq!((error.ename.as_str(), error.evalue.as_str()), ("Panic", "out of milk"));
        assert_eq!(
            plain(&error.traceback),
            "panic: out of milk\n --> cell[2]:4:3\n  |\n4 |   panic!(\"out of milk\");\n  |   ^^^^^^^^^^^^^^^^^^^^^"
        );
    }

    /// A panic in an item of an earlier cell is shown in that cell.
    #[test]
    fn a_panic_in_an_earlier_cell() {
        let cells = [cell(1, "fn f(x: Option<u8>) {\n    x.unwrap();\n}"), cell(2, "f(None)")];
        let generated = "fn f(x: Option<u8>) {\n    x.unwrap();\n}\nfn run() {\nf(None)\n}\n";
        let text = "thread 'main' panicked at src/lib.rs:2:7:\ncalled `Option::unwrap()` on a `None` value\n";
        let error = panic_error(text, generated, &cells, "");
        assert!(plain(&error.traceback).contains(" --> cell[1]:2:7\n"), "{}", plain(&error.traceback));
        assert!(
            plain(&error.traceback).contains("2 |     x.unwrap();\n  |       ^^^^^^^^"),
            "{}",
            plain(&error.traceback)
        );
    }

    /// Of equal lines, the one in the same order is found; several statements on a line are told apart by their columns.
    #[test]
    fn equal_lines_and_shared_lines() {
        let cells =
            [cell(1, "step();\n// one\nstep();\n// two\nstep();"), cell(2, "let é = 1; step(); é.f()")];
        let generated = "fn run() {\nstep();\nstep();\nstep();\n}";
        let lines = [2, 3, 4].map(|line| find_in_cells(generated, line, 1, &cells[..1]).unwrap().line);
        assert_eq!(lines, [1, 3, 5]);
        let place = find_in_cells("{\nlet é = 1;\nstep();\né.f()\n}", 4, 3, &cells).unwrap();
        assert_eq!((place.cell.number, place.line, place.column), (2, 1, 22));
        assert_eq!(find_in_cells("nowhere", 1, 1, &cells), None);
        assert_eq!(find_in_cells("step();", 0, 1, &cells), None);
        assert_eq!(find_in_cells("step();", 9, 1, &cells), None);
    }

    /// A panic inside the library names the library's file, not this machine's folders; std loses its hash.
    #[test]
    fn paths_are_readable_everywhere() {
        let text = "thread 'main' panicked at /home/ann/lab/lib/sim/src/lab.rs:10:9:\nno such node\n";
        let error = panic_error(text, "", &[], "/home/ann/lab");
        assert_eq!(plain(&error.traceback), "panic: no such node\n--> lib/sim/src/lab.rs:10:9");
        let std = "at /rustc/59807616e1fa/library/core/src/option.rs:9 and /rustc/x";
        assert_eq!(readable_paths(std, "/home/ann/lab"), "at library/core/src/option.rs:9 and /rustc/x");
    }

    /// Messages of several lines stay whole, and a panic without text is still an error.
    #[test]
    fn messages_of_any_length() {
        let text = "thread 'main' panicked at src/lib.rs:1:1:\nassertion `left == right` failed\n  left: 1\n right: 2\n";
        assert_eq!(
            panic_error(text, "", &[], "").evalue,
            "assertion `left == right` failed\n  left: 1\n right: 2"
        );
        assert_eq!(panic_error("", "", &[], "").evalue, "the cell panicked and did not say why");
    }
}

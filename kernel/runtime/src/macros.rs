//! Macros that take the place of the standard library's in cells, and the places in cells that they speak of.
//!
//! A cell's text is compiled from several files, so that items can stand at the top level and statements in a function: they
//! are named `cell[3]`, `./cell[3]` (statements: an opening brace stands before the text), `value/cell[3]`, .. What people read
//! says `cell[3]` for all of them.

use std::io::Write;

/// Whether a file holds a cell's statements, which a brace precedes.
pub fn is_statement_file(file: &str) -> bool {
    file.strip_prefix("./").is_some_and(|rest| rest.starts_with("cell["))
}

/// A place as people read it.
pub fn place_of(file: &str, line: u32, column: u32) -> (String, u32, u32) {
    let shift = u32::from(is_statement_file(file) && line == 1);
    let shown = file.find("cell[").filter(|at| is_prefix(&file[..*at])).map_or(file, |at| &file[at..]);
    (shown.to_string(), line, column.saturating_sub(shift).max(1))
}

/// Whether this is what stands before the names of a cell's files.
fn is_prefix(prefix: &str) -> bool {
    let epoch = prefix.strip_prefix("epoch").or_else(|| prefix.strip_prefix("macros"));
    let epoch = epoch.and_then(|rest| rest.strip_suffix('/'));
    ["", "./", "value/"].contains(&prefix) || epoch.is_some_and(|it| it.chars().all(|it| it.is_ascii_digit()))
}

/// A place as `dbg!` prints it.
pub fn debug_place(file: &str, line: u32, column: u32) -> String {
    let (file, line, column) = place_of(file, line, column);
    format!("{file}:{line}:{column}")
}

/// What `print!` does after printing.
pub fn flush_stdout() {
    let _ = std::io::stdout().flush();
}

/// Like the standard library's `print!`, but the text shows at once, also without a newline.
#[macro_export]
macro_rules! print {
    ($($text:tt)*) => {{
        ::std::print!($($text)*);
        $crate::flush_stdout();
    }};
}

/// Like the standard library's `dbg!`, with the place in the cell as the user sees it.
#[macro_export]
macro_rules! dbg {
    () => {
        ::std::eprintln!("[{}]", $crate::debug_place(::std::file!(), ::std::line!(), ::std::column!()))
    };
    ($value:expr $(,)?) => {
        match $value {
            value => {
                let place = $crate::debug_place(::std::file!(), ::std::line!(), ::std::column!());
                ::std::eprintln!("[{}] {} = {:#?}", place, ::std::stringify!($value), &value);
                value
            }
        }
    };
    ($($value:expr),+ $(,)?) => {
        ($($crate::dbg!($value)),+,)
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the files vanish, and the brace before the statements is not counted.
    #[test]
    fn places_are_those_of_the_cell() {
        assert_eq!(place_of("cell[3]", 1, 5), ("cell[3]".to_string(), 1, 5));
        assert_eq!(place_of("./cell[3]", 1, 5), ("cell[3]".to_string(), 1, 4));
        assert_eq!(place_of("./cell[3]", 2, 5), ("cell[3]".to_string(), 2, 5));
        assert_eq!(place_of("value/cell[3]", 1, 5), ("cell[3]".to_string(), 1, 5));
        assert_eq!(place_of("epoch12/cell[3]", 1, 5), ("cell[3]".to_string(), 1, 5));
        assert_eq!(place_of("macros0/cell[3]", 1, 5), ("cell[3]".to_string(), 1, 5));
        assert_eq!(place_of("my/cell[3]", 1, 5), ("my/cell[3]".to_string(), 1, 5));
        assert_eq!(debug_place("/rustc/x/core/option.rs", 1, 5), "/rustc/x/core/option.rs:1:5");
    }
}

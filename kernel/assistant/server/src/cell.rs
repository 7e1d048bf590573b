//! The notebook and the cell as one text that evcxr can analyse, and the way back from places in it.
//!
//! ```text
//! struct Point { x: f64 }              the notebook's items
//! let mut p: Point = loop {};          its variables: what their values are does not matter
//! p.x                                  the cell
//! ```

use std::ops::Range;

use netsplit_assistant::protocol::Notebook;

/// A cell behind all that it can refer to.
pub struct Cell {
    /// The text for evcxr.
    pub text: String,
    /// Where the cell begins in it.
    start: usize,
}

impl Cell {
    /// Puts the notebook before the cell.
    pub fn new(notebook: &Notebook, code: &str) -> Self {
        // The empty line keeps a first line that begins like a command from being one.
        let mut text = format!("();\n{}\n", notebook.items);
        for variable in &notebook.variables {
            let mutable = if variable.mutable { "mut " } else { "" };
            // What has no name in Rust would spoil all that comes after it.
            let type_name = if is_type(&variable.type_name) { &variable.type_name } else { "_" };
            text.push_str(&format!("let {mutable}{}: {type_name} = loop {{}};\n", variable.name));
        }
        // Items go before everything else; what follows a statement stays in its place.
        text.push_str("();\n");
        let start = text.len();
        let code = without_commands(code);
        text.push_str(&code);
        text.push_str(&missing_ends(&code));
        Self { text, start }
    }

    /// The place of a cell's byte in the text.
    pub fn place(&self, cursor: usize) -> usize {
        self.start + cursor
    }

    /// The bytes of the cell that are at these places, if they are in the cell.
    pub fn in_code(&self, places: Range<usize>) -> Option<Range<usize>> {
        let end = places.end.checked_sub(self.start)?;
        Some(places.start.checked_sub(self.start)?..end)
    }
}

/// Whether a type's name can be written; a closure's is `{closure@..}`.
fn is_type(name: &str) -> bool {
    !name.trim().is_empty() && !name.contains(['{', '@', '#']) && missing_ends(name).is_empty()
}

/// The code with the commands at its beginning made blank, byte by byte, so that all places stay.
fn without_commands(code: &str) -> String {
    let mut rust = String::with_capacity(code.len());
    let mut lines = code.split_inclusive('\n').peekable();
    while let Some(line) = lines.next_if(|line| is_before_rust(line)) {
        rust.extend(line.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
    }
    rust.extend(lines);
    rust
}

/// Whether a line may stand before the first line of Rust and is none itself.
fn is_before_rust(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with([':', '!']) || line.starts_with("# ")
}

/// What closes the brackets that the code leaves open: within a macro that is not closed, rust-analyzer sees nothing.
fn missing_ends(code: &str) -> String {
    let mut open = Vec::new();
    let mut rest = code;
    while let Some(sign) = rest.chars().next() {
        let length = match sign {
            '"' => string_length(rest, '"'),
            '\'' if is_character(rest) => string_length(rest, '\''),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            _ => sign.len_utf8(),
        };
        match sign {
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            // An end that fits nothing is the user's mistake, and stays one.
            ')' | ']' | '}' if open.last() == Some(&sign) => drop(open.pop()),
            _ => (),
        }
        rest = &rest[length..];
    }
    // A comment must not swallow them.
    let ends: String = open.iter().rev().collect();
    if ends.is_empty() { ends } else { format!("\n{ends}") }
}

/// The bytes of a literal that begins here, up to the end of the code if it has none.
fn string_length(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, sign) in text.char_indices().skip(1) {
        if sign == quote && !is_escaped {
            return at + 1;
        }
        is_escaped = sign == '\\' && !is_escaped;
    }
    text.len()
}

/// Tells a character from a lifetime.
fn is_character(text: &str) -> bool {
    let mut signs = text.chars().skip(1);
    signs.next() == Some('\\') || signs.next() == Some('\'')
}

#[cfg(test)]
mod tests {
    use netsplit_assistant::protocol::Variable;

    use super::*;

    /// The cell comes last, and every place in it is found again.
    #[test]
    fn places_are_shifted() {
        let variable = Variable { name: "v".into(), type_name: "Vec<u8>".into(), mutable: true };
        let notebook = Notebook { items: "struct É;".into(), variables: vec![variable], externs: vec![] };
        let cell = Cell::new(&notebook, "é.le");
        assert!(cell.text.starts_with("();\nstruct É;\nlet mut v: Vec<u8> = loop {};\n"), "{}", cell.text);
        assert_eq!(&cell.text[cell.place(3)..], "le");
        assert_eq!(cell.in_code(cell.place(3)..cell.place(5)), Some(3..5));
        assert_eq!(cell.in_code(0..cell.place(1)), None);
    }

    /// A variable whose type has no name is there, and the others keep theirs.
    #[test]
    fn types_without_names() {
        for (type_name, written) in [
            ("{closure@cell:1:2}", "_"),
            ("", "_"),
            ("(u8", "_"),
            ("[u8; 4]", "[u8; 4]"),
            ("fn(u8) -> u8", "fn(u8) -> u8"),
        ] {
            let variable = Variable { name: "f".into(), type_name: type_name.into(), mutable: false };
            let notebook = Notebook { variables: vec![variable], ..Notebook::default() };
            let text = Cell::new(&notebook, "").text;
            assert!(text.contains(&format!("let f: {written} = loop {{}};")), "{text}");
        }
    }

    /// Commands before the Rust are blanked, places stay; what looks like one later is Rust.
    #[test]
    fn commands_are_blanked() {
        assert_eq!(without_commands(":dep é\n!ls\n# c\n\nlet x\n:v"), "       \n   \n   \n\nlet x\n:v");
        assert_eq!(without_commands("#[derive(Debug)]\nstruct A;"), "#[derive(Debug)]\nstruct A;");
    }

    /// What is open is closed from the inside out; brackets in literals and comments do not count.
    #[test]
    fn open_brackets_are_closed() {
        let table = [
            ("f(", "\n)"),
            ("if a { b[f(", "\n)]}"),
            ("f(a)", ""),
            ("f(\"(\\\"(\", '(', '\\'', '\\\\', x", "\n)"),
            ("fn f<'a>(x: &'a u8) {", "\n}"),
            ("{ // (\n /* [ */ (", "\n)}"),
            ("f) (", "\n)"),
            ("print!(\"é(", "\n)"),
            ("{ // c", "\n}"),
        ];
        for (code, ends) in table {
            assert_eq!(missing_ends(code), ends, "{code}");
        }
    }
}

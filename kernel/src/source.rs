//! What can be said of a cell's text without compiling it: whether it is whole.

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser};
use syn::{Block, Stmt};

use crate::wire::IsCompleteReply;

/// Whether the text is a whole cell, and if not, how far to indent the line that must follow.
pub fn completeness(code: &str) -> IsCompleteReply {
    let rust = without_commands(code);
    match delimiters(&rust) {
        Delimiters::Mismatched => IsCompleteReply::Invalid,
        Delimiters::Open { depth } => IsCompleteReply::Incomplete { indent: "    ".repeat(depth) },
        Delimiters::Closed => match parse(&rust) {
            Ok(_) => IsCompleteReply::Complete,
            Err(error) => {
                let ends_early = error.to_string().starts_with("unexpected end of input");
                let lacks_semicolon = || parse(&(rust + ";")).is_ok();
                match ends_early || lacks_semicolon() {
                    true => IsCompleteReply::Incomplete { indent: String::new() },
                    false => IsCompleteReply::Invalid,
                }
            }
        },
    }
}

/// The text with lines for the engine (`:dep ..`, `!ls`) blanked: they stand before the first line of Rust.
fn without_commands(code: &str) -> String {
    let is_command = |line: &&str| {
        let line = line.trim_start();
        line.starts_with([':', '!']) || line.starts_with("//") || line.is_empty()
    };
    let commands = code.lines().take_while(is_command).count();
    code.lines().enumerate().map(|(number, line)| if number < commands { "\n" } else { line }).fold(
        String::new(),
        |mut text, line| {
            text.push_str(line.trim_end_matches('\n'));
            text.push('\n');
            text
        },
    )
}

fn parse(rust: &str) -> syn::Result<Vec<Stmt>> {
    let tokens: TokenStream = rust.parse()?;
    if netsplit_engine::is_too_deep(&tokens) {
        return Err(syn::Error::new(proc_macro2::Span::call_site(), "too deep"));
    }
    // Attributes of the whole crate (`#![feature(..)]`) may stand first; they say nothing of the cell's shape.
    let parser = |input: ParseStream<'_>| {
        input.call(syn::Attribute::parse_inner)?;
        input.call(Block::parse_within)
    };
    parser.parse2(tokens)
}

/// What the brackets, strings and comments of a text add up to.
#[derive(Debug, PartialEq, Eq)]
enum Delimiters {
    Closed,
    /// Some bracket, string or comment is not closed yet; this many brackets are open at the end.
    Open {
        depth: usize,
    },
    Mismatched,
}

fn delimiters(code: &str) -> Delimiters {
    let mut open = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | '[' | '{' => {
                open.push(first);
                Some(1)
            }
            ')' | ']' | '}' => match (open.pop(), first) {
                (Some('('), ')') | (Some('['), ']') | (Some('{'), '}') => Some(1),
                _ => return Delimiters::Mismatched,
            },
            '/' if rest.starts_with("//") => Some(rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => comment(rest),
            '"' => string(rest),
            '\'' => Some(character_or_lifetime(rest)),
            _ if first.is_alphanumeric() || first == '_' => word_or_raw_string(rest),
            _ => Some(first.len_utf8()),
        };
        let Some(length) = length else { return Delimiters::Open { depth: open.len() } };
        rest = &rest[length..];
    }
    if open.is_empty() { Delimiters::Closed } else { Delimiters::Open { depth: open.len() } }
}

/// The length of the block comment that the text begins with; block comments nest.
fn comment(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut at = 0;
    loop {
        let here = &text[at..];
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += here.chars().next()?.len_utf8();
        }
    }
}

/// The length of the string that the text begins with.
fn string(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The length of the character that the text begins with, or of the quote alone if it begins a lifetime.
fn character_or_lifetime(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    let Some((_, first)) = characters.next() else { return 1 };
    if first == '\\' {
        characters.next();
        return characters.find(|(_, it)| *it == '\'').map_or(text.len(), |(at, _)| at + 1);
    }
    match characters.next() {
        Some((at, '\'')) => at + 1,
        _ => 1,
    }
}

/// The length of the word that the text begins with; of the whole string if the word is the `r##` of a raw one.
fn word_or_raw_string(text: &str) -> Option<usize> {
    let word = text.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(text.len());
    if !matches!(&text[..word], "r" | "br" | "cr") {
        return Some(word);
    }
    let hashes = text[word..].len() - text[word..].trim_start_matches('#').len();
    let body = &text[word + hashes..];
    if !body.starts_with('"') {
        return Some(word);
    }
    let end = format!("\"{}", "#".repeat(hashes));
    body[1..].find(&end).map(|at| word + hashes + 1 + at + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incomplete(indent: &str) -> IsCompleteReply {
        IsCompleteReply::Incomplete { indent: indent.to_string() }
    }

    /// Whole cells are complete, whatever stands in their strings and comments.
    #[test]
    fn whole_cells_are_complete() {
        for code in [
            "",
            "1 + 1",
            "let x = 5;",
            "fn f() {}",
            "// (",
            "/* ( /* { */ */",
            "\"(\"",
            "r#\"\"(\"#",
            "'('",
            "'\\''",
            "b'['",
            "let a: &'static str = \"\\\"{\";",
            "struct A<'a> { s: &'a str }",
            ":dep serde = { version = \"1\" }",
            ":dep x\n\nlet y = x::f();",
            "#![feature(f)]\nfn f() {}",
            "for i in 0..3 { println!(\"{i}\"); }",
            "x",
            "x?",
            "println!(\"{}\", 1)",
            "let r = r;",
            "async { 1 }.await",
            "let [a, ..] = b else { panic!() };",
            "'outer: loop { break 'outer }",
        ] {
            assert_eq!(completeness(code), IsCompleteReply::Complete, "{code:?}");
        }
    }

    /// A cell that goes on is incomplete, and the next line is indented by as many levels as brackets are open.
    #[test]
    fn unfinished_cells_want_another_line() {
        let cases = [
            ("fn f() {", "    "),
            ("fn f() {\n    if a {", "        "),
            ("vec![1,", "    "),
            ("let x = ", ""),
            ("let x = 5", ""),
            ("\"abc", ""),
            ("f(\"abc", "    "),
            ("r#\"abc\"", ""),
            ("/* abc", ""),
            ("/* /* */", ""),
            ("1 +", ""),
            ("#[derive(Debug)]", ""),
        ];
        for (code, indent) in cases {
            assert_eq!(completeness(code), incomplete(indent), "{code:?}");
        }
    }

    /// What no further line can mend is invalid.
    #[test]
    fn hopeless_cells_are_invalid() {
        for code in [")", "(]", "fn f() }", "let let = 5;", "struct 7;", "fn f( { )"] {
            assert_eq!(completeness(code), IsCompleteReply::Invalid, "{code:?}");
        }
    }
}

//! A cell's text before it is Rust: commands, shell lines and comments of other tools are taken out, and what is left
//! stands where it stood.
//!
//! Everything that is taken out is replaced by as many spaces as it had characters, so that each line and column of what
//! the compiler says is that of the cell.

/// A line that is not Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directive {
    /// `:vars`, `:opt 2`: a command to the engine, without the colon.
    Command(String),
    /// `!ls`: a command to the shell, without the mark.
    Shell(String),
}

/// The cell's text, its directives taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellText {
    /// The directives, in order, with their lines, from 1.
    pub directives: Vec<(usize, Directive)>,
    /// The Rust that is left; as many lines and characters as the cell.
    pub rust: String,
}

/// Takes a cell's text apart. Directives stand before the first line of Rust; a line that begins with `# ` is a comment
/// wherever it stands, which other tools insert.
pub fn read(code: &str) -> CellText {
    let mut directives = Vec::new();
    let mut rust = String::with_capacity(code.len());
    let mut is_leading = true;
    for (number, line) in code.split_inclusive('\n').enumerate() {
        let trimmed = line.trim();
        let directive = is_leading.then(|| directive(trimmed)).flatten();
        if let Some(directive) = directive {
            directives.push((number + 1, directive));
            rust.push_str(&blank(line));
        } else if is_foreign_comment(trimmed) {
            rust.push_str(&line.replacen("# ", "//", 1));
        } else {
            is_leading &= trimmed.is_empty() || trimmed.starts_with("//");
            rust.push_str(line);
        }
    }
    CellText { directives, rust }
}

fn directive(line: &str) -> Option<Directive> {
    let after_colon =
        line.strip_prefix(':').filter(|rest| rest.starts_with(|it: char| it.is_ascii_alphabetic()));
    if let Some(command) = after_colon {
        return Some(Directive::Command(command.to_string()));
    }
    let shell = line.strip_prefix('!').map(str::trim).filter(|command| !command.is_empty());
    shell.map(|command| Directive::Shell(command.to_string()))
}

fn is_foreign_comment(line: &str) -> bool {
    line.starts_with("# ") && !line.trim_start_matches(['#', ' ']).starts_with('[')
}

/// As many spaces as the text has characters, its line breaks kept.
pub fn blank(text: &str) -> String {
    text.chars().map(|it| if it == '\n' { '\n' } else { ' ' }).collect()
}

/// The text with everything outside of these byte ranges, which are in order, blanked.
pub fn only<'a>(text: &str, kept: impl IntoIterator<Item = &'a std::ops::Range<usize>>) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for range in kept {
        shown.push_str(&blank(&text[from..range.start]));
        shown.push_str(&text[range.clone()]);
        from = range.end;
    }
    shown.push_str(&blank(&text[from..]));
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commands and shell lines stand before the code; inside it, a colon or an exclamation mark is Rust.
    #[test]
    fn directives_stand_first() {
        let text = read("// a\n:vars\n\n!ls -l\nlet é = 1;\n:opt\n!true");
        let vars = Directive::Command("vars".to_string());
        assert_eq!(text.directives, [(2, vars), (4, Directive::Shell("ls -l".to_string()))]);
        assert_eq!(text.rust, "// a\n     \n\n      \nlet é = 1;\n:opt\n!true");
        assert_eq!(read("::std::mem::drop(1)").directives, []);
    }

    /// Other tools' comments become Rust's; attributes stay.
    #[test]
    fn foreign_comments() {
        assert_eq!(
            read("# YOUR CODE HERE\nlet x = 1;\n  # [derive(Debug)]\n#[test]").rust,
            "//YOUR CODE HERE\nlet x = 1;\n  # [derive(Debug)]\n#[test]"
        );
    }

    /// What is blanked keeps the places of what is kept.
    #[test]
    fn blanking_keeps_places() {
        assert_eq!(only("aé\nbc d", [4..5, 7..8].iter()), "  \nb  d");
        assert_eq!(only("ab", [].iter()), "  ");
    }
}

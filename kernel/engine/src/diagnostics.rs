//! What the compiler says of a cell, as a person should read it: in the compiler's own words and drawing, on `cell[3]`.

use serde::Deserialize;

use crate::files;

/// One thing that the compiler says.
#[derive(Clone, Debug, Deserialize)]
pub struct Diagnostic {
    /// In one sentence.
    pub message: String,
    /// `E0382`, or a lint's name.
    pub code: Option<Code>,
    /// `error`, `warning`, ..
    pub level: String,
    /// The places it speaks of.
    pub spans: Vec<Span>,
    /// Notes and hints.
    #[serde(default)]
    pub children: Vec<Diagnostic>,
    /// As the compiler draws it, in colours.
    pub rendered: Option<String>,
}

/// A diagnostic's code.
#[derive(Clone, Debug, Deserialize)]
pub struct Code {
    /// `E0382`, or a lint's name.
    pub code: String,
}

/// A place in a file that a diagnostic speaks of.
#[derive(Clone, Debug, Deserialize)]
pub struct Span {
    /// The file.
    pub file_name: String,
    /// Its line, from 1.
    pub line_start: usize,
    /// Whether this is the place, or one that explains it.
    pub is_primary: bool,
    /// What is said of it.
    pub label: Option<String>,
    /// The macro that made the code.
    pub expansion: Option<Box<Expansion>>,
}

/// Where a macro was called.
#[derive(Clone, Debug, Deserialize)]
pub struct Expansion {
    /// The call.
    pub span: Span,
}

impl Diagnostic {
    /// One that the compiler did not make.
    pub fn plain(level: &str, message: &str) -> Self {
        let (spans, children) = (Vec::new(), Vec::new());
        Self {
            message: message.to_string(),
            code: None,
            level: level.to_string(),
            spans,
            children,
            rendered: None,
        }
    }

    /// Whether it has this code.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_ref().is_some_and(|it| it.code == code)
    }

    /// Whether it keeps the cell from running, and says something itself.
    pub fn is_error(&self) -> bool {
        self.level == "error" && !self.message.starts_with("aborting due to")
    }

    /// The first name that it speaks of, which is what it complains about: what stands between its first backquotes.
    pub fn first_name(&self) -> Option<&str> {
        self.message.split('`').nth(1)
    }

    /// All places it speaks of, those where macros were called included.
    pub fn places(&self) -> Vec<&Span> {
        let mut places = Vec::new();
        for span in &self.spans {
            let mut next = Some(span);
            while let Some(span) = next {
                places.push(span);
                next = span.expansion.as_ref().map(|it| &it.span);
            }
        }
        places
    }

    /// The title: `error[E0382]: borrow of moved value: `s``.
    pub fn title(&self) -> String {
        match &self.code {
            Some(code) if code.code.starts_with('E') => {
                format!("{}[{}]: {}", self.level, code.code, self.message)
            }
            _ => format!("{}: {}", self.level, self.message),
        }
    }

    /// As the compiler draws it, on the cell's own text. `text_of` gives the lines of a cell by its file's name.
    pub fn drawing(&self, text_of: &dyn Fn(&str) -> Option<String>) -> String {
        match &self.rendered {
            Some(rendered) => redraw(rendered, text_of),
            None => self.title(),
        }
    }
}

/// Removes what the engine put into the files: their names' prefixes, the brace before the statements, blanked parts of
/// lines, and places in the frame around the cell.
fn redraw(rendered: &str, text_of: &dyn Fn(&str) -> Option<String>) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut file = String::new();
    let mut is_shifted = false;
    let mut in_frame = false;
    for line in rendered.trim_end().lines() {
        let bare = without_colours(line);
        let bare = bare.trim_start();
        if let Some(place) = bare.strip_prefix("--> ").or_else(|| bare.strip_prefix("::: ")) {
            file = place.rsplitn(3, ':').nth(2).unwrap_or(place).to_string();
            is_shifted = false;
            in_frame = file.ends_with(files::ROOT);
            if !in_frame {
                lines.push(place_line(line, place, &file));
            }
            continue;
        }
        let number = bare.split_once(' ').and_then(|(number, _)| number.parse::<usize>().ok());
        let is_drawing = number.is_some() || bare.starts_with('|') || bare == "...";
        if in_frame && is_drawing {
            // Of suggestions for the frame, what they would add helps all the same: `use std::collections::HashMap;`.
            if let Some((_, added)) = bare.split_once(" + ") {
                lines.push(format!("          {added}"));
            }
            continue;
        }
        in_frame &= is_drawing;
        let is_statement = files::is_statement_file(&file);
        match number {
            Some(1) if is_statement && bare.contains("| ") => {
                is_shifted = true;
                lines.push(original(&line.replacen('{', "", 1), 1, &file, text_of));
            }
            Some(number) if bare.contains("| ") => {
                is_shifted = false;
                lines.push(original(line, number, &file, text_of));
            }
            None if is_shifted && bare.starts_with('|') => lines.push(shifted_back(line)),
            _ => lines.push(files::without_prefixes(line)),
        }
    }
    while lines.last().is_some_and(|line| without_colours(line).trim().is_empty()) {
        lines.pop();
    }
    lines.join("\n")
}

fn place_line(line: &str, place: &str, file: &str) -> String {
    let shown = files::without_prefixes(line);
    let is_first_statement = files::is_statement_file(file) && place.starts_with(&format!("{file}:1:"));
    let column = place.rsplit(':').next().and_then(|column| column.parse::<usize>().ok());
    match column {
        Some(column) if is_first_statement => {
            let (from, to) = (format!(":1:{column}"), format!(":1:{}", column.saturating_sub(1).max(1)));
            shown.replacen(&from, &to, 1)
        }
        _ => shown,
    }
}

/// A line of the cell as it was written, where the file had parts of it blanked.
fn original(line: &str, number: usize, file: &str, text_of: &dyn Fn(&str) -> Option<String>) -> String {
    let Some(text) = text_of(&files::without_prefixes(file)) else { return line.to_string() };
    let Some(written) = text.lines().nth(number - 1) else { return line.to_string() };
    // The drawing ends with the file's line, after the bar and perhaps marks of a span over several lines.
    let Some(bar) = line.find('|') else { return line.to_string() };
    let shown = line[bar..].trim_end();
    let is_blanked = |shown: &str| {
        shown.chars().count() <= written.chars().count()
            && shown.chars().zip(written.chars()).all(|(shown, written)| shown == written || shown == ' ')
    };
    let begin = shown.find("\u{1b}[0m ").map_or_else(|| shown.find("| ").map(|it| it + 2), |it| Some(it + 5));
    match begin {
        Some(begin) if is_blanked(&shown[begin..]) => format!("{}{}", &line[..bar + begin], written),
        _ => line.to_string(),
    }
}

/// A line of marks below the first line, one column to the left.
fn shifted_back(line: &str) -> String {
    let bar = line.find('|').map_or(0, |it| it + 1);
    let rest = &line[bar..];
    match rest.rfind("  ").filter(|_| rest.contains("  ")) {
        Some(_) => {
            let place = rest.find("  ").unwrap_or_default();
            format!("{}{}", &line[..bar + place], &rest[place + 1..])
        }
        None => line.to_string(),
    }
}

/// Text without ANSI colours.
pub fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..start]);
        rest = rest[start..].split_once('m').map_or("", |(_, rest)| rest);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(rendered: &str, cell: &str) -> String {
        redraw(rendered, &|file| (file == "cell[6]").then(|| cell.to_string()))
    }

    /// The brace before the statements vanishes, and what marks the first line moves with it.
    #[test]
    fn first_lines_are_shifted_back() {
        let rendered = "error[E0308]: mismatched types\n --> ./cell[6]:1:14\n  |\n1 | {let n: u8 = \"a\";\n  |         --   ^^^ expected `u8`\n";
        let expected = "error[E0308]: mismatched types\n --> cell[6]:1:13\n  |\n1 | let n: u8 = \"a\";\n  |        --   ^^^ expected `u8`";
        assert_eq!(drawn(rendered, "let n: u8 = \"a\";"), expected);
    }

    /// Lines of which a file has only parts are shown whole.
    #[test]
    fn blanked_parts_come_back() {
        let rendered =
            "error: x\n --> cell[6]:2:11\n  |\n2 |           let p = Q;\n  |                   ^\n";
        let expected = "error: x\n --> cell[6]:2:11\n  |\n2 | struct P; let p = Q;\n  |                   ^";
        assert_eq!(drawn(rendered, "\nstruct P; let p = Q;"), expected);
    }

    /// Of what concerns the frame, only the hint is kept.
    #[test]
    fn the_frame_is_not_shown() {
        let rendered = "error: no HashMap\n --> value/cell[6]:1:1\n  |\n1 | HashMap::new()\n  | ^^^^^^^\n  |\nhelp: consider importing this struct\n --> /tmp/x/frame.rs:2:1\n  |\n2 + use std::collections::HashMap;\n  |\n";
        let expected = "error: no HashMap\n --> cell[6]:1:1\n  |\n1 | HashMap::new()\n  | ^^^^^^^\n  |\nhelp: consider importing this struct\n          use std::collections::HashMap;";
        assert_eq!(drawn(rendered, "HashMap::new()"), expected);
    }
}

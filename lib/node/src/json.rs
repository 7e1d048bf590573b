//! JSON, as much of it as traces and plans of faults need: a value, its text, and reading it back. So that saving them needs no
//! dependency.

use std::fmt::{self, Write};
use std::str::FromStr;

/// A JSON value. Objects keep the order of their fields.
///
/// ```
/// use netsplit_node::json::Json;
/// let value: Json = r#"{"at": "3s", "nodes": [0, 1.5], "ok": true, "why": null}"#.parse().unwrap();
/// assert_eq!(value.get("at").and_then(Json::text), Some("3s"));
/// assert_eq!(value.to_string(), r#"{"at":"3s","nodes":[0,1.5],"ok":true,"why":null}"#);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// A field of an object.
    pub fn get(&self, field: &str) -> Option<&Json> {
        match self {
            Json::Object(fields) => fields.iter().find(|(name, _)| name == field).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The content of a string.
    pub fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(text.to_owned())
    }
}

impl FromIterator<Json> for Json {
    fn from_iter<I: IntoIterator<Item = Json>>(elements: I) -> Json {
        Json::List(elements.into_iter().collect())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::Text(text)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Number(value) if value.is_finite() => write!(f, "{value}"),
            // JSON has no word for it.
            Json::Number(_) => f.write_str("null"),
            Json::Text(text) => quote(text, f),
            Json::List(values) => {
                f.write_char('[')?;
                for (index, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if index > 0 { "," } else { "" })?;
                }
                f.write_char(']')
            }
            Json::Object(fields) => {
                f.write_char('{')?;
                for (index, (name, value)) in fields.iter().enumerate() {
                    f.write_str(if index > 0 { "," } else { "" })?;
                    quote(name, f)?;
                    write!(f, ":{value}")?;
                }
                f.write_char('}')
            }
        }
    }
}

fn quote(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    let mut rest = text;
    while let Some(at) = rest.find(|letter: char| letter == '"' || letter == '\\' || u32::from(letter) < 0x20)
    {
        f.write_str(&rest[..at])?;
        match rest.as_bytes()[at] {
            b'"' => f.write_str("\\\"")?,
            b'\\' => f.write_str("\\\\")?,
            b'\n' => f.write_str("\\n")?,
            b'\t' => f.write_str("\\t")?,
            b'\r' => f.write_str("\\r")?,
            control => write!(f, "\\u{control:04x}")?,
        }
        rest = &rest[at + 1..];
    }
    f.write_str(rest)?;
    f.write_char('"')
}

/// Where a text is no JSON: after so many bytes, and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    at: usize,
    expected: &'static str,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not JSON: expected {} at byte {}", self.expected, self.at)
    }
}

impl std::error::Error for JsonError {}

/// Deeper nesting than this is refused: reading goes as deep as the text.
const DEEPEST: usize = 100;

impl FromStr for Json {
    type Err = JsonError;
    fn from_str(text: &str) -> Result<Json, JsonError> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.skip_blanks();
        if reader.at < text.len() { Err(reader.expected("the end")) } else { Ok(value) }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn expected(&self, expected: &'static str) -> JsonError {
        JsonError { at: self.at, expected }
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\n', '\r', '\t']).len();
    }

    fn take(&mut self, word: &str) -> bool {
        self.skip_blanks();
        let taken = self.rest().starts_with(word);
        self.at += if taken { word.len() } else { 0 };
        taken
    }

    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        if depth > DEEPEST {
            return Err(self.expected("less nesting"));
        }
        self.skip_blanks();
        match self.rest().as_bytes().first().copied() {
            Some(b'"') => self.string().map(Json::Text),
            Some(b'[') => {
                let mut values = Vec::new();
                self.items('[', ']', |reader| {
                    values.push(reader.value(depth + 1)?);
                    Ok(())
                })?;
                Ok(Json::List(values))
            }
            Some(b'{') => {
                let mut fields = Vec::new();
                self.items('{', '}', |reader| {
                    reader.skip_blanks();
                    let name = reader.string()?;
                    if !reader.take(":") {
                        return Err(reader.expected("':'"));
                    }
                    fields.push((name, reader.value(depth + 1)?));
                    Ok(())
                })?;
                Ok(Json::Object(fields))
            }
            _ if self.take("null") => Ok(Json::Null),
            _ if self.take("true") => Ok(Json::Bool(true)),
            _ if self.take("false") => Ok(Json::Bool(false)),
            _ => self.number(),
        }
    }

    fn items(
        &mut self,
        open: char,
        close: char,
        mut item: impl FnMut(&mut Self) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        let (open, close) = (open.to_string(), close.to_string());
        self.take(&open);
        if self.take(&close) {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.take(&close) {
                return Ok(());
            }
            if !self.take(",") {
                return Err(self.expected("',' or the end of the list"));
            }
        }
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let rest = self.rest();
        let end = rest.find(|c: char| !"+-.eE0123456789".contains(c)).unwrap_or(rest.len());
        let number = rest[..end].parse().map_err(|_| self.expected("a value"))?;
        self.at += end;
        Ok(Json::Number(number))
    }

    fn string(&mut self) -> Result<String, JsonError> {
        if !self.take("\"") {
            return Err(self.expected("a string"));
        }
        let mut text = String::new();
        loop {
            let Some(letter) = self.rest().chars().next() else { return Err(self.expected("'\"'")) };
            self.at += letter.len_utf8();
            match letter {
                '"' => return Ok(text),
                '\\' => text.push(self.escaped()?),
                letter => text.push(letter),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, JsonError> {
        let Some(letter) = self.rest().chars().next() else { return Err(self.expected("an escape")) };
        self.at += letter.len_utf8();
        Ok(match letter {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let first = self.code()?;
                // Two escapes make one character beyond the first 65,536.
                let code = if (0xD800..0xDC00).contains(&first) && self.rest().starts_with("\\u") {
                    self.at += 2;
                    let second = self.code()?;
                    let is_second = (0xDC00..0xE000).contains(&second);
                    // Half a pair is no character, and neither is its first half.
                    if is_second { 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00) } else { first }
                } else {
                    first
                };
                char::from_u32(code).ok_or_else(|| self.expected("a character"))?
            }
            '"' | '\\' | '/' => letter,
            _ => return Err(self.expected("an escape")),
        })
    }

    fn code(&mut self) -> Result<u32, JsonError> {
        let digits = self.rest().get(..4).ok_or_else(|| self.expected("four digits"))?;
        let code = u32::from_str_radix(digits, 16).map_err(|_| self.expected("four digits"))?;
        self.at += 4;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        // Every kind of value, and every character that needs an escape.
        let nasty: String =
            (0..0x250).filter_map(char::from_u32).chain("\u{1F600}\u{2028}".chars()).collect();
        let value = Json::Object(vec![
            (nasty.clone(), Json::Text(nasty)),
            ("list".into(), Json::List(vec![Json::Null, Json::Bool(true), Json::Number(-1.5e-7)])),
            ("empty".into(), Json::List(vec![Json::Object(vec![]), Json::List(vec![])])),
        ]);
        assert_eq!(value.to_string().parse(), Ok(value));
        assert_eq!(r#" "\ud83d\ude00A" "#.parse(), Ok(Json::from("😀A")));
    }

    #[test]
    fn what_is_no_json_says_where() {
        // Never a panic, whatever the text.
        for (text, message) in [
            ("", "expected a value at byte 0"),
            ("[1, 2", "expected ',' or the end of the list at byte 5"),
            ("{\"a\" 1}", "expected ':' at byte 5"),
            ("\"abc", "expected '\"' at byte 4"),
            ("1 2", "expected the end at byte 2"),
            ("\"\\x\"", "expected an escape at byte 3"),
            ("\"\\ud800\\uffff\"", "a character"),
        ] {
            let error = text.parse::<Json>().expect_err(text).to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
        assert!("[".repeat(100_000).parse::<Json>().is_err());
    }
}

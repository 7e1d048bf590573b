//! The words of the course: what the word at the cursor means, and the chapter that introduces it.

use std::ops::Range;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::json;

use crate::wire::MimeBundle;

/// The glossary, as it was when this program was built.
static GLOSSARY: LazyLock<Glossary> =
    LazyLock::new(|| Glossary::read(include_str!("../../../notebooks/glossary.toml")));

/// All words.
#[derive(Debug, Default, Deserialize)]
struct Glossary {
    #[serde(rename = "term", default)]
    entries: Vec<Entry>,
}

/// A row of a chapter's table of terms.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Entry {
    /// The chapter that introduces it.
    chapter: String,
    /// The words, separated by commas where several are explained together.
    term: String,
    /// What they mean.
    means: String,
    /// What the library calls it.
    name: Option<String>,
    /// Other terms.
    #[serde(default)]
    see: Vec<String>,
}

/// The entry of the word, or words, at the cursor.
pub fn at(code: &str, cursor: usize) -> Option<&'static Entry> {
    GLOSSARY.at(code, cursor)
}

impl Glossary {
    /// A test holds the file to its form; a kernel without words is better than none.
    fn read(text: &str) -> Self {
        toml::from_str(text).unwrap_or_default()
    }

    /// Of several the one with the most letters: "idempotency key" rather than "key".
    fn at(&self, code: &str, cursor: usize) -> Option<&Entry> {
        let start = code.get(..cursor)?.rfind('\n').map_or(0, |at| at + 1);
        let line = code[start..].lines().next().unwrap_or_default();
        let cursor = cursor - start;
        let covers = |word: &str| found(line, word).any(|it| (it.start..=it.end).contains(&cursor));
        let longest = |entry: &&Entry| entry.words().filter(|word| covers(word)).map(str::len).max();
        self.entries
            .iter()
            .filter_map(|entry| Some((longest(&entry)?, entry)))
            .max_by_key(|it| it.0)
            .map(|it| it.1)
    }
}

impl Entry {
    fn words(&self) -> impl Iterator<Item = &str> {
        let terms = self.term.split(", ").map(|term| term.trim_matches('`'));
        terms.chain(self.name.as_deref())
    }

    /// The entry as a text.
    fn plain(&self) -> String {
        let see = if self.see.is_empty() { String::new() } else { format!(" See {}.", self.see.join("; ")) };
        format!("{}: {}. (Chapter {}.){see}", self.term, self.means, self.chapter)
    }

    /// What was found out otherwise about the place, with this entry below it.
    pub fn below(&self, found: Option<MimeBundle>) -> MimeBundle {
        let mut bundle = found.unwrap_or_default();
        let plain = self.plain();
        if let Some(html) = bundle.get("text/html").and_then(|it| it.as_str()) {
            let html = format!("{html}<hr /><p>{}</p>\n", escaped(&plain));
            bundle.insert("text/html".to_string(), json!(html));
        }
        let before = bundle.get("text/plain").and_then(|it| it.as_str()).map(|text| format!("{text}\n\n"));
        bundle.insert("text/plain".to_string(), json!(before.unwrap_or_default() + &plain));
        bundle
    }
}

/// Where the words stand in a line, whole, in capitals or not, joined by spaces, `-` or `_`, in the plural or not.
fn found<'a>(line: &'a str, words: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let same = |a: u8, b: u8| {
        let plain = |byte: u8| if matches!(byte, b' ' | b'-') { b'_' } else { byte.to_ascii_lowercase() };
        plain(a) == plain(b)
    };
    let is_part = |byte: Option<&u8>| {
        byte.is_some_and(|it| it.is_ascii_alphanumeric() || *it == b'_' || !it.is_ascii())
    };
    let bytes = line.as_bytes();
    (0..bytes.len().saturating_sub(words.len().saturating_sub(1))).filter_map(move |start| {
        let mut end = start + words.len();
        let fits = bytes[start..end].iter().zip(words.bytes()).all(|(a, b)| same(*a, b));
        if fits && bytes.get(end) == Some(&b's') {
            end += 1;
        }
        let before = start.checked_sub(1).and_then(|at| bytes.get(at));
        let is_within_another = is_part(before) || is_part(bytes.get(end));
        (fits && !is_within_another && !words.is_empty()).then_some(start..end)
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glossary() -> Glossary {
        Glossary::read(
            "[[term]]\nchapter = \"01\"\nterm = \"idempotency key\"\nmeans = \"the name of one wish\"\nname = \"IdempotencyKey\"\n\
             see = [\"dedup table\"]\n\
             [[term]]\nchapter = \"02\"\nterm = \"key, `Ok`\"\nmeans = \"a < b\"\n",
        )
    }

    fn term(code: &str, at: &str) -> Option<String> {
        glossary().at(code, code.find(at).unwrap() + 1).map(|entry| entry.term.clone())
    }

    #[test]
    fn a_word_is_found_however_it_is_written() {
        // As the library's name, in a remark, in several words, in the plural; the longer one wins.
        for (code, at) in [
            ("let k = IdempotencyKey::new(1);", "Idem"),
            ("// an idempotency key", "key"),
            ("let idempotency_keys = 1;", "idem"),
            ("x();\n// Idempotency-Key: 7\n", "Key"),
        ] {
            assert_eq!(term(code, at).as_deref(), Some("idempotency key"), "{code}");
        }
        assert_eq!(term("let key = 1;", "key").as_deref(), Some("key, `Ok`"));
        assert_eq!(term("Outcome::Ok(())", "Ok").as_deref(), Some("key, `Ok`"));
    }

    #[test]
    fn parts_of_other_words_are_none() {
        // Neither a longer name nor a place beside the word nor letters that are more than a byte long.
        assert_eq!(term("let keyboard = 1;", "key"), None);
        assert_eq!(term("let monkey = 1;", "key"), None);
        assert_eq!(term("let schlüsselkey = 1;", "key"), None);
        assert_eq!(term("let a = key;", "let"), None);
        assert!(glossary().at("key", 17).is_none());
    }

    #[test]
    fn an_entry_stands_below_what_else_is_known() {
        // Nothing is lost of what the assistant says, and what is no HTML is escaped.
        let glossary = glossary();
        let alone = glossary.entries[0].below(None);
        assert_eq!(
            alone["text/plain"],
            "idempotency key: the name of one wish. (Chapter 01.) See dedup table."
        );
        assert!(!alone.contains_key("text/html"));
        let found = MimeBundle::from_iter([
            ("text/plain".to_string(), json!("struct Key")),
            ("text/html".to_string(), json!("<pre>struct Key</pre>")),
        ]);
        let both = glossary.entries[1].below(Some(found));
        assert_eq!(both["text/plain"], "struct Key\n\nkey, `Ok`: a < b. (Chapter 02.)");
        assert_eq!(
            both["text/html"],
            "<pre>struct Key</pre><hr /><p>key, `Ok`: a &lt; b. (Chapter 02.)</p>\n"
        );
    }

    #[test]
    fn the_glossary_of_the_course_is_read() {
        // The file that is built in is not silently empty.
        let entry = at("IdempotencyKey", 3).expect("chapter 01 explains it");
        assert_eq!((entry.chapter.as_str(), entry.term.as_str()), ("01", "idempotency key"));
    }
}

//! What the kernel asks the assistant, and what it answers: one JSON value per line, questions on its stdin and answers
//! on its stdout.
//!
//! A question carries all that it needs, the whole notebook as text: the assistant keeps no state of its own, so that it
//! may end and start again at any time, and can never disagree with the cell engine.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Something to show, as text or in other forms, by MIME type.
pub type MimeBundle = serde_json::Map<String, serde_json::Value>;

/// A variable that a cell has left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its type, as Rust would write it where the notebook's items are.
    pub type_name: String,
    /// Whether it is `mut`.
    pub mutable: bool,
}

/// A crate that the notebook depends on, besides the library and `std`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extern {
    /// Its name.
    pub name: String,
    /// What stands behind the `=` in a Cargo.toml: `"1"`, `{ path = ".." }`.
    pub requirement: String,
}

/// What the cells so far have defined.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notebook {
    /// The text of all items that are in force, `use` and macros included, in the order of their definition.
    pub items: String,
    /// The variables.
    pub variables: Vec<Variable>,
    /// The crates.
    pub externs: Vec<Extern>,
}

/// How much an inspection tells: Jupyter's `detail_level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Detail {
    /// The signature and the first paragraph of the documentation (level 0).
    Brief,
    /// Everything: where it is defined, the signature, the whole documentation (level 1).
    Full,
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// How can the code go on at the cursor?
    Complete {
        /// What the cell can refer to.
        notebook: Notebook,
        /// The cell.
        code: String,
        /// A byte offset into the cell.
        cursor: usize,
    },
    /// What is the name at the cursor?
    Inspect {
        /// What the cell can refer to.
        notebook: Notebook,
        /// The cell.
        code: String,
        /// A byte offset into the cell.
        cursor: usize,
        /// How much to tell.
        detail: Detail,
    },
}

/// How a cell may go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completions {
    /// The bytes of the cell that a completion replaces.
    pub replaced: Range<usize>,
    /// The completions, best first.
    pub matches: Vec<Completion>,
}

/// One way how a cell may go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// What to insert.
    pub text: String,
    /// What the user sees in the list.
    pub label: String,
    /// What it is: `function`, `class`, `module`, `instance`, `keyword`, `magic`, the words that front ends have icons for.
    pub kind: String,
}

/// What the assistant says to a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// The completions; there may be none.
    Completions(Completions),
    /// What there is to say about a name.
    Inspection(MimeBundle),
    /// There is nothing to say about what is at the cursor.
    Nothing,
    /// The question cannot be answered, and why.
    Failed(String),
}

/// A question on its way to the assistant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Comes back with the answer.
    pub id: u64,
    /// The question.
    pub question: Question,
}

/// A line that the assistant writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Said {
    /// It has read the library and answers without delay from now on.
    Ready,
    /// It answers a question.
    Answered {
        /// Which question.
        id: u64,
        /// The answer.
        answer: Answer,
    },
}

/// The place of a cursor that lies between two characters of the cell, or why it does not.
pub fn checked_cursor(code: &str, cursor: usize) -> Result<usize, String> {
    if cursor > code.len() {
        return Err(format!("expected a cursor within the cell's {} bytes, got {cursor}", code.len()));
    }
    match code.is_char_boundary(cursor) {
        true => Ok(cursor),
        false => Err(format!("expected a cursor between two characters, got byte {cursor} within one")),
    }
}

/// The bytes of the name that the cursor is in or at the end of; empty if there is none.
pub fn name_at(code: &str, cursor: usize) -> Range<usize> {
    let is_part = |it: char| it.is_alphanumeric() || it == '_';
    let (before, after) = code.split_at(cursor);
    let start = before.trim_end_matches(is_part).len();
    start..code.len() - after.trim_start_matches(is_part).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notebook() -> Notebook {
        let variable = Variable { name: "v".into(), type_name: "Vec<\"\\".into(), mutable: true };
        let serde = Extern { name: "serde".into(), requirement: "\"1\"".into() };
        Notebook { items: "struct A;\n// é\u{2028}".into(), variables: vec![variable], externs: vec![serde] }
    }

    /// Whatever is asked or said is one line, and comes out as it went in.
    #[test]
    fn questions_and_answers_are_lines() {
        let code = "a\nb\r\n\u{2028}é".to_string();
        let complete = Question::Complete { notebook: notebook(), code: code.clone(), cursor: 3 };
        let inspect = Question::Inspect { notebook: notebook(), code, cursor: 0, detail: Detail::Full };
        for (id, question) in [(1, complete), (u64::MAX, inspect)] {
            let asked = Asked { id, question };
            let line = serde_json::to_string(&asked).unwrap();
            assert!(!line.contains(['\n', '\r']), "{line}");
            assert_eq!(serde_json::from_str::<Asked>(&line).unwrap(), asked);
        }
        let completion = Completion { text: "a\n".into(), label: "b".into(), kind: "c".into() };
        let bundle = MimeBundle::from_iter([("text/plain".to_string(), "x\ny".into())]);
        let answers = [
            Answer::Completions(Completions { replaced: 2..5, matches: vec![completion] }),
            Answer::Inspection(bundle),
            Answer::Nothing,
            Answer::Failed("why".into()),
        ];
        for answer in answers {
            let said = Said::Answered { id: 7, answer };
            let line = serde_json::to_string(&said).unwrap();
            assert!(!line.contains('\n'), "{line}");
            assert_eq!(serde_json::from_str::<Said>(&line).unwrap(), said);
        }
    }

    /// The form on the wire is pinned: a kernel and an assistant of different builds would misunderstand each other.
    #[test]
    fn the_form_is_pinned() {
        let question = Question::Complete { notebook: Notebook::default(), code: "v.".into(), cursor: 2 };
        assert_eq!(
            serde_json::to_string(&Asked { id: 1, question }).unwrap(),
            r#"{"id":1,"question":{"Complete":{"notebook":{"items":"","variables":[],"externs":[]},"code":"v.","cursor":2}}}"#
        );
        assert_eq!(serde_json::to_string(&Said::Ready).unwrap(), r#""Ready""#);
        let answer = Answer::Completions(Completions { replaced: 1..2, matches: vec![] });
        assert_eq!(
            serde_json::to_string(&Said::Answered { id: 1, answer }).unwrap(),
            r#"{"Answered":{"id":1,"answer":{"Completions":{"replaced":{"start":1,"end":2},"matches":[]}}}}"#
        );
    }

    /// A cursor beyond the cell or within a character is refused with a sentence, any other is taken.
    #[test]
    fn cursors_are_checked() {
        assert_eq!(checked_cursor("é.", 2), Ok(2));
        assert_eq!(checked_cursor("é.", 3), Ok(3));
        assert!(checked_cursor("é.", 1).unwrap_err().contains("byte 1 within one"));
        assert!(checked_cursor("é.", 4).unwrap_err().contains("3 bytes, got 4"));
    }

    /// A name is found from its middle and its end, in any script; between two signs there is none.
    #[test]
    fn names_are_found() {
        assert_eq!(name_at("a.höhe_2()", 5), 2..9);
        assert_eq!(name_at("a.höhe_2()", 9), 2..9);
        assert_eq!(name_at("a.höhe_2()", 10), 10..10);
        assert_eq!(name_at("", 0), 0..0);
    }
}

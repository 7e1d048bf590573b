//! The cells that ran, in this session and in earlier ones, for clients that ask (a console's arrow keys).
//!
//! Sessions count up each time a kernel starts. The newest cells are kept, and all that a client can ask for is here;
//! where they are kept between sessions is somebody else's business ([`crate::history_file`]).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::wire::HistoryRequest;

/// How many cells are remembered.
const KEPT: usize = 10_000;
/// How much of a result is remembered, in bytes.
const LONGEST_RESULT: usize = 4_096;

/// One cell that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The session that it ran in.
    pub session: i64,
    /// Its number in the session.
    pub number: u32,
    /// Its text.
    pub code: String,
    /// Its value as plain text, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

/// The cells that counted, oldest first.
#[derive(Debug, Default)]
pub struct History {
    session: i64,
    entries: VecDeque<Entry>,
}

impl History {
    /// A history that begins with what earlier sessions, which have smaller numbers, have left.
    pub fn new(session: i64, earlier: Vec<Entry>) -> Self {
        let mut entries = VecDeque::from(earlier);
        entries.drain(..entries.len().saturating_sub(KEPT));
        Self { session, entries }
    }

    /// A cell runs.
    pub fn push(&mut self, number: u32, code: &str) -> Entry {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        let entry = Entry { session: self.session, number, code: code.to_string(), result: None };
        self.entries.push_back(entry.clone());
        entry
    }

    /// The cell with this number, which is the newest, has a value.
    pub fn result(&mut self, number: u32, text: &str) -> Option<Entry> {
        let session = self.session;
        let entry = self.entries.back_mut().filter(|it| (it.session, it.number) == (session, number))?;
        entry.result = Some(text[..text.floor_char_boundary(LONGEST_RESULT)].to_string());
        Some(entry.clone())
    }

    /// The cells that the request asks for.
    pub fn answer(&self, asked: &HistoryRequest) -> Vec<Value> {
        let at_most = asked.n.unwrap_or(usize::MAX);
        let mut found: Vec<&Entry> = match asked.hist_access_type.as_str() {
            "tail" => self.entries.iter().collect(),
            "range" => {
                // 0 is this session, -1 the one before, and so on.
                let session = if asked.session <= 0 {
                    self.session.saturating_add(asked.session)
                } else {
                    asked.session
                };
                let numbers = asked.start..asked.stop.unwrap_or(i64::MAX);
                let is_wanted =
                    |it: &&Entry| it.session == session && numbers.contains(&i64::from(it.number));
                self.entries.iter().filter(is_wanted).collect()
            }
            "search" => self.entries.iter().filter(|it| matches(&asked.pattern, &it.code)).collect(),
            _ => Vec::new(),
        };
        if asked.unique {
            found = newest_of_each(found);
        }
        if asked.hist_access_type != "range" {
            found.drain(..found.len().saturating_sub(at_most));
        }
        let show = |it: &Entry| match asked.output {
            true => json!([it.session, it.number, [it.code, it.result]]),
            false => json!([it.session, it.number, it.code]),
        };
        found.into_iter().map(show).collect()
    }
}

/// Of the entries with the same text, the newest.
fn newest_of_each(entries: Vec<&Entry>) -> Vec<&Entry> {
    let mut seen = std::collections::HashSet::new();
    let mut kept: Vec<&Entry> = entries.into_iter().rev().filter(|it| seen.insert(&it.code)).collect();
    kept.reverse();
    kept
}

/// Whether the whole text fits the pattern, in which `*` is any text and `?` any character. Takes time in proportion to
/// the product of their lengths: on a mismatch only the latest `*` swallows one character more (trying all of them
/// recursively would take exponential time on patterns like `*a*a*a*b`).
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut here) = (0, 0);
    let mut latest_star = None;
    while here < text.len() {
        match pattern.get(at) {
            Some('*') => {
                latest_star = Some((at, here));
                at += 1;
            }
            Some(expected) if *expected == '?' || *expected == text[here] => {
                at += 1;
                here += 1;
            }
            _ => match &mut latest_star {
                Some((star, swallowed)) => {
                    *swallowed += 1;
                    (at, here) = (*star + 1, *swallowed);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> History {
        let entry = |session, number, code: &str| Entry { session, number, code: code.into(), result: None };
        let mut history = History::new(7, vec![entry(5, 1, "old"), entry(6, 1, "a"), entry(6, 2, "use b;")]);
        for (number, code) in [(1, "a"), (2, "let b;"), (3, "a"), (4, "c")] {
            history.push(number, code);
        }
        history
    }

    fn ask(request: Value) -> Vec<Value> {
        history().answer(&serde_json::from_value(request).expect("a request"))
    }

    /// The newest cells of all sessions, with their values where they are wanted and known.
    #[test]
    fn tail() {
        let newest = [json!([7, 3, "a"]), json!([7, 4, "c"])];
        assert_eq!(ask(json!({"hist_access_type": "tail", "n": 2})), newest);
        assert_eq!(ask(json!({"hist_access_type": "tail"})).len(), 7);
        let mut history = history();
        assert_eq!(history.result(4, "42").unwrap().result.as_deref(), Some("42"));
        assert!(history.result(3, "too late").is_none());
        let request = serde_json::from_value(json!({"hist_access_type": "tail", "n": 2, "output": true}));
        let shown = history.answer(&request.unwrap());
        assert_eq!(shown, [json!([7, 3, ["a", null]]), json!([7, 4, ["c", "42"]])]);
    }

    /// A part of one session: this one, one that is counted back from it, one by its number.
    #[test]
    fn range() {
        let range = |session: i64, start: i64, stop: Value| {
            ask(json!({"hist_access_type": "range", "session": session, "start": start, "stop": stop}))
        };
        assert_eq!(range(0, 1, json!(3)), [json!([7, 1, "a"]), json!([7, 2, "let b;"])]);
        assert_eq!(range(-1, 2, json!(null)), [json!([6, 2, "use b;"])]);
        assert_eq!(range(5, 0, json!(9)), [json!([5, 1, "old"])]);
        assert_eq!(range(8, 0, json!(9)), [] as [Value; 0]);
        assert_eq!(range(0, 3, json!(2)), [] as [Value; 0]);
    }

    /// Cells that fit a pattern, each text once if that is wanted, the newest ones if there are too many.
    #[test]
    fn search() {
        let search = |pattern: &str, n: usize, unique: bool| {
            ask(json!({"hist_access_type": "search", "pattern": pattern, "n": n, "unique": unique}))
        };
        assert_eq!(search("*b*", 9, false), [json!([6, 2, "use b;"]), json!([7, 2, "let b;"])]);
        assert_eq!(search("l*?;", 9, false), [json!([7, 2, "let b;"])]);
        assert_eq!(search("*", 2, true), [json!([7, 3, "a"]), json!([7, 4, "c"])]);
        assert_eq!(search("a", 9, true), [json!([7, 3, "a"])]);
        assert_eq!(search("a", 2, false), [json!([7, 1, "a"]), json!([7, 3, "a"])]);
        assert_eq!(ask(json!({"hist_access_type": "guess"})), [] as [Value; 0]);
    }

    /// The oldest cells make room for new ones, and a long result is cut between two characters.
    #[test]
    fn it_is_bounded() {
        let mut history = History::default();
        for number in 1..=KEPT as u32 + 5 {
            history.push(number, "x");
        }
        assert_eq!((history.entries.len(), history.entries[0].number), (KEPT, 6));
        let kept = history.result(KEPT as u32 + 5, &"é".repeat(5_000)).unwrap().result.unwrap();
        assert!(kept.len() <= LONGEST_RESULT && kept.len() > LONGEST_RESULT - 2);
    }

    /// Patterns mean what a shell's mean, and a nasty one takes no time.
    #[test]
    fn patterns() {
        assert!(
            matches("", "")
                && matches("*", "")
                && matches("a*c", "abbc")
                && matches("*b*", "abc")
                && matches("é?", "éa")
        );
        assert!(!matches("", "a") && !matches("?", "") && !matches("a*c", "abcd") && !matches("a", "b"));
        assert!(!matches(&("*a".repeat(30) + "b"), &"a".repeat(2_000)));
    }
}

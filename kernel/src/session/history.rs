//! The cells that ran in this session, for clients that ask (a console's arrow keys).

use serde_json::{Value, json};

use crate::wire::HistoryRequest;

/// The cells that counted, oldest first.
#[derive(Debug, Default)]
pub struct History(Vec<(u32, String)>);

impl History {
    /// A cell runs.
    pub fn push(&mut self, number: u32, code: &str) {
        self.0.push((number, code.to_string()));
    }

    /// The cells that the request asks for; a session that is not this one has none here.
    pub fn answer(&self, asked: &HistoryRequest) -> Vec<Value> {
        let at_most = asked.n.unwrap_or(usize::MAX);
        let mut found: Vec<&(u32, String)> = match asked.hist_access_type.as_str() {
            "tail" => self.0.iter().collect(),
            "range" if asked.session == 0 => {
                let last = asked.stop.unwrap_or(i64::MAX);
                self.0
                    .iter()
                    .filter(|(number, _)| (asked.start..last).contains(&i64::from(*number)))
                    .collect()
            }
            "search" => self.0.iter().filter(|(_, code)| matches(&asked.pattern, code)).collect(),
            _ => Vec::new(),
        };
        if asked.unique {
            let newest: Vec<_> = found.iter().map(|(_, code)| code).collect();
            let is_last = |place: usize| !newest[place + 1..].contains(&newest[place]);
            let kept = (0..found.len()).filter(|place| is_last(*place));
            found = kept.map(|place| found[place]).collect();
        }
        if asked.hist_access_type != "range" {
            found.drain(..found.len().saturating_sub(at_most));
        }
        let entry = |(number, code): &(u32, String)| match asked.output {
            true => json!([0, number, [code, null]]),
            false => json!([0, number, code]),
        };
        found.into_iter().map(entry).collect()
    }
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

    fn ask(request: Value) -> Vec<Value> {
        let mut history = History::default();
        for (number, code) in [(1, "a"), (2, "let b;"), (3, "a"), (4, "c")] {
            history.push(number, code);
        }
        history.answer(&serde_json::from_value(request).expect("a request"))
    }

    /// The three ways to ask, and the two ways to show.
    #[test]
    fn tail_range_and_search() {
        assert_eq!(
            ask(json!({"hist_access_type": "tail", "n": 2})),
            [json!([0, 3, "a"]), json!([0, 4, "c"])]
        );
        assert_eq!(
            ask(json!({"hist_access_type": "range", "session": 0, "start": 1, "stop": 3, "output": true})),
            [json!([0, 1, ["a", null]]), json!([0, 2, ["let b;", null]])]
        );
        assert_eq!(
            ask(json!({"hist_access_type": "range", "session": -1, "start": 1, "stop": 3})),
            [] as [Value; 0]
        );
        assert_eq!(ask(json!({"hist_access_type": "search", "pattern": "l*?;"})), [json!([0, 2, "let b;"])]);
        assert_eq!(
            ask(json!({"hist_access_type": "search", "pattern": "*", "unique": true, "n": 2})),
            [json!([0, 3, "a"]), json!([0, 4, "c"])]
        );
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

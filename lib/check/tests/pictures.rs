//! Pictures and texts of verdicts, kept as files and reviewed as prose; UPDATE_GOLDEN=1 writes them anew.

use std::fs;

use netsplit_check::spec::{KeyValue, Register, RegisterRequest, RegisterResponse};
use netsplit_check::{ByHand, Check, Verdict, by_hand, linearizable};
use netsplit_node::{KeyValueRequest, KeyValueResponse, Value};

fn compare(name: &str, actual: &str) {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, actual).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    let expected = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(actual, expected, "{name} is another than it was; UPDATE_GOLDEN=1 writes it anew");
}

/// Each tag that is opened is closed, in order, and none is a script.
fn must_be_harmless(html: &str) {
    let mut open = Vec::new();
    for tag in html.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().expect("it has a name");
        assert!(
            ["div", "span", "b", "ul", "li", "svg", "rect", "line", "text", "g", "title", "circle"]
                .contains(&name),
            "{name}"
        );
        assert!(!tag.contains(" on"), "a handler: {tag}");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{html}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

fn read(value: i64) -> (RegisterRequest, RegisterResponse) {
    (RegisterRequest::Read, RegisterResponse::Value(Some(value.into())))
}

/// A write of unknown outcome that took effect after all, and operations that overlap.
fn timed_out() -> ByHand<RegisterRequest, RegisterResponse> {
    by_hand("register")
        .ok("ann", 0..5, RegisterRequest::Write(1.into()), RegisterResponse::Written)
        .ok("bob", 3..9, RegisterRequest::Read, RegisterResponse::Value(None))
        .unknown("ann", 5..9, RegisterRequest::Write(2.into()))
        .ok("cyd", 10..14, read(1).0, read(1).1)
        .ok("bob", 11..15, read(2).0, read(2).1)
}

fn judged(history: ByHand<RegisterRequest, RegisterResponse>) -> Verdict {
    history.history().check(linearizable(Register))
}

/// What holds shows its order, what is violated what has no place in it, and why.
#[test]
fn verdicts_are_drawn() {
    let holds = judged(timed_out());
    compare("holds.html", &holds.html());
    let violated = judged(timed_out().ok("eve", 16..20, read(1).0, read(1).1));
    compare("violated.html", &violated.html());
    compare("violated.txt", &format!("{violated}\n"));
    for verdict in [holds, violated] {
        must_be_harmless(&verdict.html());
    }
}

/// Callers, keys and values may be called anything; a long history is drawn where it matters.
#[test]
fn texts_of_users_are_no_markup() {
    let key = "<script>alert('x')</script>\"&\u{202e}";
    let mut history = by_hand("store");
    for number in 0..60 {
        let put = KeyValueRequest::Put { key: key.to_owned(), value: i64::from(number).into() };
        history = history.ok("<img onerror=x>", number * 10..number * 10 + 5, put, KeyValueResponse::Stored);
    }
    let get = KeyValueRequest::Get { key: key.to_owned() };
    let history =
        history.ok("</svg>", 700..705, get, KeyValueResponse::Value(Some(Value::from("</text>\n"))));
    let other = KeyValueRequest::Get { key: "other".to_owned() };
    let history = history.ok("bob", 700..705, other, KeyValueResponse::Value(None)).history();
    let verdict = history.check(linearizable(KeyValue));
    assert_eq!(verdict.violations().len(), 1);
    let html = verdict.html();
    must_be_harmless(&html);
    assert!(html.contains("more are not drawn") && html.contains("part <b>&lt;script&gt;"), "{html}");
    assert!(verdict.to_string().lines().count() < 20, "{verdict}");
}

//! Cells that ask the user.

use super::*;
use crate::engine::{InputError, InputKind, Question};

fn question(kind: InputKind) -> Event {
    Event::Question(Question { prompt: "name? ".into(), kind })
}

/// A question goes to the client that runs the cell; its answer goes to the engine. The next one is asked anew.
#[test]
fn a_question_and_its_answer() {
    let mut talk = Conversation::new();
    talk.cell("ask");
    assert_eq!(
        talk.engine(question(InputKind::Text)),
        ["stdin input_request {\"prompt\":\"name? \",\"password\":false} <- q1"]
    );
    assert_eq!(talk.stdin("client", Some("m3"), json!({"value": "ann"})), ["engine answer Ok(\"ann\")"]);
    assert_eq!(
        talk.engine(question(InputKind::Password)),
        ["stdin input_request {\"prompt\":\"name? \",\"password\":true} <- q1"]
    );
    let answered = talk.stdin("client", None, json!({"value": "secret"}));
    assert_eq!(answered, ["engine answer Ok(\"secret\")"], "some clients do not name the question");
}

/// Answers that nobody waits for are ignored: an old one, one from another client, one when nothing was asked.
#[test]
fn stray_answers() {
    let mut talk = Conversation::new();
    let is_ignored =
        |said: Vec<String>| said.len() == 1 && said[0].starts_with("log expected no input_reply");
    assert!(is_ignored(talk.stdin("client", None, json!({"value": "early"}))));
    talk.cell("ask");
    assert!(is_ignored(talk.stdin("client", Some("m3"), json!({"value": "early"}))));
    talk.engine(question(InputKind::Text));
    assert!(is_ignored(talk.stdin("client", Some("m1"), json!({"value": "old"}))));
    assert!(is_ignored(talk.stdin("stranger", Some("m3"), json!({"value": "forged"}))));
    assert_eq!(talk.stdin("client", Some("m3"), json!({"value": "x"})), ["engine answer Ok(\"x\")"]);
    assert!(is_ignored(talk.stdin("client", Some("m3"), json!({"value": "twice"}))));
}

/// Where the front end cannot ask, or no cell runs, or the client has gone, or it answers nonsense, the engine is told so.
#[test]
fn refusals() {
    let mut talk = Conversation::new();
    let refused = |error: InputError| format!("engine answer {:?}", Err::<String, _>(error));
    assert_eq!(talk.engine(question(InputKind::Text)), [refused(InputError::NoCell)]);
    talk.shell("execute_request", json!({"code": "ask", "allow_stdin": false}));
    assert_eq!(talk.engine(question(InputKind::Text)), [refused(InputError::NotAllowed)]);
    talk.engine(Event::Executed(Ok(())));
    talk.cell("ask");
    let actions = talk.session.handle(Input::Engine(question(InputKind::Text)));
    let [Action::Reply(Channel::Stdin, asked)] = actions.as_slice() else { panic!("{actions:?}") };
    let id = asked.header.msg_id.clone();
    assert_eq!(transcript(talk.session.handle(Input::Undelivered("other".into()))), [] as [String; 0]);
    assert_eq!(transcript(talk.session.handle(Input::Undelivered(id))), [refused(InputError::Gone)]);
    talk.engine(question(InputKind::Text));
    let gone = |talk: &mut Conversation, who: &'static str| {
        transcript(talk.session.handle(Input::Gone(Bytes::from_static(who.as_bytes()))))
    };
    assert_eq!(gone(&mut talk, "stranger"), [] as [String; 0]);
    assert_eq!(gone(&mut talk, "client"), [refused(InputError::Gone)]);
    assert_eq!(gone(&mut talk, "client"), [] as [String; 0], "nothing is asked any more");
    talk.engine(question(InputKind::Text));
    let nonsense = talk.stdin("client", None, json!({"value": 7}));
    assert!(nonsense[0].contains("Malformed"), "{nonsense:?}");
    let strange = talk.request("shutdown_request", json!({}));
    let strange = transcript(talk.session.handle(Input::Request(Channel::Stdin, strange)));
    assert_eq!(strange, ["log expected an input_reply, found shutdown_request"]);
}

/// An interrupt reaches the engine while a cell waits for an answer; the cell then ends as any other.
#[test]
fn interrupt_while_waiting() {
    let mut talk = Conversation::new();
    talk.cell("ask");
    talk.engine(question(InputKind::Text));
    assert_eq!(talk.control("interrupt_request", json!({}))[1], "engine interrupt");
    talk.engine(Event::Executed(Err(InputError::Interrupted.into())));
    let late = talk.stdin("client", None, json!({"value": "late"}));
    assert!(late[0].starts_with("log expected no input_reply"), "{late:?}");
}

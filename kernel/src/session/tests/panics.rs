//! Handlers that panic: the injected stamps are made to panic at the message with a certain number.

use super::*;

/// Panics at this message, once.
fn panicking_at(place: u32) -> Conversation {
    Conversation::with_stamps(move |stamp| assert!(stamp != place, "on purpose"))
}

fn failed(request: &str) -> String {
    let reason = "the kernel's handler panicked: on purpose";
    format!(
        "shell is_complete_reply {{\"status\":\"error\",\"ename\":\"KernelFailure\",\"evalue\":\"{reason}\",\"traceback\":[\"{reason}\"]}} <- {request}"
    )
}

/// Wherever the handler of a request panics, it is logged, the request is answered, and the next one works.
#[test]
fn a_request_whose_handler_panics_is_answered() {
    // Its busy, its reply, its idle.
    for place in 1..=3 {
        let mut talk = panicking_at(place);
        let said = talk.shell("is_complete_request", json!({"code": "1"}));
        let log = "log the kernel's handler panicked: on purpose";
        assert!(said.iter().any(|line| line == log), "{said:?}");
        assert_eq!(said[said.len() - 2..], [failed("q1"), idle("q1")], "at {place}");
        let next = talk.shell("is_complete_request", json!({"code": "1"}));
        assert_eq!((next.len(), &next[0], &next[2]), (3, &busy("q2"), &idle("q2")));
    }
}

/// A cell whose end cannot be told fails, and the requests behind it are dealt with.
#[test]
fn a_panic_at_the_end_of_a_cell() {
    // Messages: busy, input | reply, idle.
    let mut talk = panicking_at(3);
    talk.cell("a");
    talk.shell("is_complete_request", json!({"code": "1"}));
    talk.cell("b");
    let ended = talk.engine(Event::Executed(Ok(())));
    assert!(
        ended[1].starts_with("shell execute_reply {\"status\":\"error\",\"ename\":\"KernelFailure\""),
        "{ended:?}"
    );
    assert_eq!((&ended[2], &ended[3], &ended[5]), (&idle("q1"), &busy("q2"), &idle("q2")));
    assert_eq!(ended.last().unwrap(), "engine execute cell[2] \"b\"");
    assert_eq!(talk.engine(Event::Executed(Ok(()))).last().unwrap(), &idle("q3"));
}

/// A panic on the way of one output loses that output; the cell goes on, and so does the kernel.
#[test]
fn a_panic_at_an_output() {
    let mut talk = panicking_at(3);
    talk.cell("a");
    let lost = talk.output(Output::Display(text("x")));
    assert_eq!(lost, ["log the kernel's handler panicked: on purpose"]);
    let kept = talk.output(Output::Display(text("y")));
    assert!(kept[0].ends_with("<- q1"), "{kept:?}");
    assert_eq!(talk.engine(Event::Executed(Ok(()))).last().unwrap(), &idle("q1"));
}

/// A kernel that cannot make messages at all says so in its log, and is not stuck.
#[test]
fn a_panic_while_a_panic_is_told() {
    let mut talk = Conversation::with_stamps(|stamp| assert!(stamp > 2, "on purpose"));
    let said = talk.shell("is_complete_request", json!({"code": "1"}));
    assert_eq!(said.last().unwrap(), "log the kernel cannot even say that its handler has panicked");
    assert_eq!(talk.shell("is_complete_request", json!({"code": "1"})).len(), 3);
}

//! Comms: targets, messages in either direction, and what makes no sense.

use super::*;
use crate::engine::{CommKind, CommMessage};

fn said(comm_id: &str, kind: CommKind, data: Value) -> CommMessage {
    let buffers = vec![Bytes::from_static(b"\x00\xff")];
    CommMessage { comm_id: comm_id.into(), kind, data, metadata: Map::new(), buffers }
}

fn open_comm(talk: &mut Conversation) {
    talk.output(Output::Target("widget".into()));
    talk.shell("comm_open", json!({"comm_id": "c", "target_name": "widget", "data": {"v": 1}}));
    talk.engine(Event::CommHandled(Ok(())));
}

/// A comm for a target that nobody answers for is closed at once, which is how the protocol says so.
#[test]
fn unknown_targets_are_closed() {
    let mut talk = Conversation::new();
    assert_eq!(
        talk.shell("comm_open", json!({"comm_id": "c", "target_name": "t", "data": {}})),
        [busy("q1"), "iopub comm_close {\"comm_id\":\"c\",\"data\":{}} <- q1".to_string(), idle("q1")]
    );
    assert!(talk.shell("comm_info_request", json!({}))[1].contains("\"comms\":{}"));
}

/// A front end opens a comm for an announced target, speaks on it and closes it; the engine hears everything, with the
/// binary data, and what it puts out belongs to the message that it hears.
#[test]
fn a_front_end_opens_a_comm() {
    let mut talk = Conversation::new();
    talk.output(Output::Target("widget".into()));
    assert_eq!(
        talk.shell("comm_open", json!({"comm_id": "c", "target_name": "widget", "data": {"v": 1}})),
        [busy("q1"), "engine comm c Open(\"widget\") {\"v\":1} + []".to_string()]
    );
    assert_eq!(
        talk.output(Output::Stream(StreamName::Stdout, "hi".into())),
        ["iopub stream {\"name\":\"stdout\",\"text\":\"hi\"} <- q1"]
    );
    assert_eq!(talk.engine(Event::CommHandled(Ok(()))), [idle("q1")]);
    let mut message = talk.request("comm_msg", json!({"comm_id": "c", "data": {"v": 2}}));
    message.buffers = vec![Bytes::from_static(b"\x00\xff")];
    let heard = transcript(talk.session.handle(Input::Request(Channel::Shell, message)));
    assert_eq!(heard[1], "engine comm c Message {\"v\":2} + [b\"\\0\\xff\"]");
    talk.engine(Event::CommHandled(Ok(())));
    assert_eq!(
        talk.shell("comm_close", json!({"comm_id": "c", "data": {}}))[1],
        "engine comm c Close {} + []"
    );
    talk.engine(Event::CommHandled(Ok(())));
    let late = talk.shell("comm_msg", json!({"comm_id": "c", "data": {}}));
    assert!(
        late[1].starts_with("log expected a message on an open comm") && late[2] == idle("q4"),
        "{late:?}"
    );
}

/// The engine opens a comm, speaks on it and closes it; the messages belong to the cell that runs, also a silent one.
#[test]
fn the_engine_opens_a_comm() {
    let mut talk = Conversation::new();
    talk.shell("execute_request", json!({"code": "a", "silent": true}));
    assert_eq!(
        talk.output(Output::Comm(said("k", CommKind::Open("widget".into()), json!({})))),
        ["iopub comm_open {\"comm_id\":\"k\",\"target_name\":\"widget\",\"data\":{}} + b\"\\0\\xff\" <- q1"]
    );
    talk.engine(Event::Executed(Ok(())));
    let info = |talk: &mut Conversation, asked: Value| talk.shell("comm_info_request", asked)[1].clone();
    assert!(info(&mut talk, json!({})).contains("\"comms\":{\"k\":{\"target_name\":\"widget\"}}"));
    assert!(info(&mut talk, json!({"target_name": "other"})).contains("\"comms\":{}"));
    assert_eq!(
        talk.output(Output::Comm(said("k", CommKind::Message, json!({"v": 3})))),
        ["iopub comm_msg {\"comm_id\":\"k\",\"data\":{\"v\":3}} + b\"\\0\\xff\" <- q1"]
    );
    talk.output(Output::Comm(said("k", CommKind::Close, json!({}))));
    assert!(info(&mut talk, json!({"target_name": null})).contains("\"comms\":{}"));
}

/// A comm message waits its turn behind a running cell, can be interrupted, and its failure shows on stderr.
#[test]
fn comm_messages_run_code() {
    let mut talk = Conversation::new();
    open_comm(&mut talk);
    talk.cell("a");
    let message = json!({"comm_id": "c", "data": {}});
    assert_eq!(talk.shell("comm_msg", message), [] as [String; 0]);
    let handed_over = talk.engine(Event::Executed(Ok(())));
    assert_eq!(handed_over[2..], [busy("q3"), "engine comm c Message {} + []".to_string()]);
    assert_eq!(talk.control("interrupt_request", json!({}))[1], "engine interrupt");
    assert_eq!(
        talk.engine(Event::CommHandled(Err(error()))),
        ["iopub stream {\"name\":\"stderr\",\"text\":\"t\\n\"} <- q3".to_string(), idle("q3")]
    );
}

/// Comm messages that fail or that nobody awaits abort no cell, and are not aborted with the cells.
#[test]
fn comms_and_the_queue() {
    let mut talk = Conversation::new();
    open_comm(&mut talk);
    talk.cell("a");
    talk.shell("comm_msg", json!({"comm_id": "c", "data": {}}));
    talk.cell("b");
    let failed = talk.engine(Event::Executed(Err(error())));
    assert_eq!(failed.last().unwrap(), "engine comm c Message {} + []");
    let after = talk.engine(Event::CommHandled(Err(error())));
    assert!(after[3].starts_with("shell execute_reply {\"status\":\"aborted\""), "{after:?}");
}

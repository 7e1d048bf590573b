//! Comms: binary data in both directions, and who opens and closes them.

use bytes::Bytes;
use front_end::FrontEnd;
use netsplit_kernel::session::Channel;
use netsplit_kernel::wire::*;
use serde_json::{Map, Value, json};

use super::front_end;

fn comms(front_end: &mut FrontEnd, target_name: Option<&str>) -> Map<String, Value> {
    let request = CommInfoRequest { target_name: target_name.map(str::to_string) };
    match front_end.ask(Channel::Shell, request) {
        Content::CommInfoReply(reply) => reply.comms,
        other => panic!("{other:?}"),
    }
}

/// Sends a comm message, and expects nothing but busy and idle around what `expected` looks at.
fn say(front_end: &mut FrontEnd, content: impl Into<Content>, expected: impl FnOnce(&mut FrontEnd, &Header)) {
    let asked = front_end.request(Channel::Shell, content);
    front_end.expect_busy(&asked);
    expected(front_end, &asked);
    front_end.expect_idle(&asked);
}

fn open(front_end: &mut FrontEnd) {
    let asked = front_end.begin("target echo", 1);
    front_end.expect_success(&asked, 1);
    let open = CommOpen {
        comm_id: "c".to_string(),
        target_name: "echo".to_string(),
        target_module: None,
        data: json!({"state": 1}),
    };
    say(front_end, open, |_, _| {});
}

/// What a front end says comes back with its binary data, byte for byte; the comm is listed while it is open.
#[test]
fn buffers_survive() {
    let mut front_end = FrontEnd::scripted();
    open(&mut front_end);
    assert_eq!(comms(&mut front_end, None), Map::from_iter([("c".into(), json!({"target_name": "echo"}))]));
    assert!(comms(&mut front_end, Some("other")).is_empty());
    let all_bytes: Vec<u8> = (0..=255).collect();
    let sent = vec![Bytes::new(), Bytes::from(all_bytes), Bytes::from(vec![7; 3 << 20])];
    let said = CommMsg { comm_id: "c".to_string(), data: json!({"method": "update"}) };
    let message = Message { buffers: sent.clone(), ..front_end.kernel.client.message(said.clone()) };
    front_end.kernel.client.send(Channel::Shell, &message).unwrap();
    let asked = message.header;
    front_end.expect_busy(&asked);
    let echo = front_end.expect_message(&asked);
    assert_eq!(echo.content, said.into());
    assert_eq!(echo.buffers, sent.into_iter().rev().collect::<Vec<_>>());
    front_end.expect_idle(&asked);
    say(&mut front_end, CommClose { comm_id: "c".to_string(), data: json!({}) }, |_, _| {});
    assert!(comms(&mut front_end, None).is_empty());
}

/// A cell opens a comm and closes it; front ends hear both as part of the cell, and speak on it in between.
#[test]
fn a_cell_opens_a_comm() {
    let mut front_end = FrontEnd::scripted();
    let asked = front_end.begin("comm k widget", 1);
    let opened = CommOpen {
        comm_id: "k".to_string(),
        target_name: "widget".to_string(),
        target_module: None,
        data: json!({"hello": "widget"}),
    };
    assert_eq!(front_end.published(&asked), opened.into());
    front_end.expect_success(&asked, 1);
    let said = CommMsg { comm_id: "k".to_string(), data: json!({"x": 1}) };
    say(&mut front_end, said.clone(), |front_end, asked| {
        assert_eq!(front_end.published(asked), said.into());
    });
    let asked = front_end.begin("uncomm k", 2);
    assert_eq!(front_end.published(&asked), CommClose { comm_id: "k".to_string(), data: json!({}) }.into());
    front_end.expect_success(&asked, 2);
    assert!(comms(&mut front_end, None).is_empty());
}

/// What the engine does on hearing a message belongs to that message: its outputs, its failure, its interrupt.
#[test]
fn a_message_runs_code() {
    let mut front_end = FrontEnd::scripted();
    open(&mut front_end);
    let script = |script: &str| CommMsg { comm_id: "c".to_string(), data: json!({"script": script}) };
    say(&mut front_end, script("print heard\ndisplay this"), |front_end, asked| {
        front_end.expect_stream(asked, StreamName::Stdout, "heard\n");
        front_end.expect_display(asked);
    });
    say(&mut front_end, script("error broken"), |front_end, asked| {
        front_end.expect_stream(asked, StreamName::Stderr, "ScriptedError: broken\n");
    });
    let asked = front_end.request(Channel::Shell, script("sleep"));
    front_end.expect_busy(&asked);
    front_end.ask(Channel::Control, InterruptRequest {});
    front_end.expect_stream(&asked, StreamName::Stderr, "Interrupted: the script was interrupted\n");
    front_end.expect_idle(&asked);
    front_end.run_quietly("", 2);
}

/// A comm for a target that nobody has announced is closed at once; messages on comms that are not open are ignored.
#[test]
fn unknown_targets_and_comms() {
    let mut front_end = FrontEnd::scripted();
    let stranger = CommOpen {
        comm_id: "s".to_string(),
        target_name: "nobody".to_string(),
        target_module: None,
        data: json!({}),
    };
    say(&mut front_end, stranger, |front_end, asked| {
        let closed = CommClose { comm_id: "s".to_string(), data: json!({}) };
        assert_eq!(front_end.published(asked), closed.into());
    });
    say(&mut front_end, CommMsg { comm_id: "s".to_string(), data: json!({}) }, |_, _| {});
    say(&mut front_end, CommClose { comm_id: "s".to_string(), data: json!({}) }, |_, _| {});
    assert!(comms(&mut front_end, None).is_empty());
}

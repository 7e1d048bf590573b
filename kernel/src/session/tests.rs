//! Whole conversations as transcripts: what is asked, and every message and command that comes of it.
//!
//! One line per action: `shell` and `control` are replies, `iopub` is what all clients see, `engine` is what the engine
//! is told. `<- q1` names the request that is the message's parent.

use serde_json::{Value, json};

use super::*;
use crate::engine::Completion;

struct Conversation {
    session: Session,
    requests: usize,
}

impl Conversation {
    fn new() -> Self {
        let mut stamps = 0;
        let next = move || {
            stamps += 1;
            Stamp { id: format!("m{stamps}"), date: "2026-01-02T03:04:05Z".to_string() }
        };
        Self { session: Session::new("s1".to_string(), "1.95.0".to_string(), Box::new(next)), requests: 0 }
    }

    fn request(&mut self, msg_type: &str, content: Value) -> Message {
        self.requests += 1;
        let header =
            json!({"msg_id": format!("q{}", self.requests), "msg_type": msg_type, "session": "client"});
        let frames =
            [&json!("ignored"), &header, &json!({}), &json!({}), &content].map(|it| it.to_string().into());
        let mut frames = frames.to_vec();
        frames[0] = bytes::Bytes::from_static(DELIMITER);
        frames.insert(1, bytes::Bytes::new());
        frames.insert(0, bytes::Bytes::from_static(b"client"));
        Message::decode(&frames, &Key::new("")).expect("the test's message is well formed")
    }

    fn shell(&mut self, msg_type: &str, content: Value) -> Vec<String> {
        let request = self.request(msg_type, content);
        transcript(self.session.handle(Input::Request(Channel::Shell, request)))
    }

    fn control(&mut self, msg_type: &str, content: Value) -> Vec<String> {
        let request = self.request(msg_type, content);
        transcript(self.session.handle(Input::Request(Channel::Control, request)))
    }

    fn engine(&mut self, event: Event) -> Vec<String> {
        transcript(self.session.handle(Input::Engine(event)))
    }

    fn cell(&mut self, code: &str) -> Vec<String> {
        self.shell("execute_request", json!({"code": code}))
    }
}

fn transcript(actions: Vec<Action>) -> Vec<String> {
    actions.iter().map(line).collect()
}

fn line(action: &Action) -> String {
    let said = |message: &Message| {
        let text = message.content.write();
        let parent = message.parent.as_ref().map_or("-", |parent| &parent.msg_id);
        format!("{} {text} <- {parent}", message.header.msg_type)
    };
    match action {
        Action::Reply(channel, message) => {
            assert_eq!(
                message.identities,
                [bytes::Bytes::from_static(b"client")],
                "replies go back to who asked"
            );
            format!("{} {}", if *channel == Channel::Shell { "shell" } else { "control" }, said(message))
        }
        Action::Publish(message) => format!("iopub {}", said(message)),
        Action::Engine(Command::Execute(cell)) => {
            format!("engine execute cell[{}] {:?}", cell.number, cell.code)
        }
        Action::Engine(Command::Complete { code, cursor }) => format!("engine complete {code:?} at {cursor}"),
        Action::Engine(Command::Inspect { code, cursor }) => format!("engine inspect {code:?} at {cursor}"),
        Action::Engine(Command::Interrupt) => "engine interrupt".to_string(),
        Action::Exit => "exit".to_string(),
        Action::Log(note) => format!("log {note}"),
    }
}

fn busy(request: &str) -> String {
    format!("iopub status {{\"execution_state\":\"busy\"}} <- {request}")
}

fn idle(request: &str) -> String {
    format!("iopub status {{\"execution_state\":\"idle\"}} <- {request}")
}

fn executed(request: &str, number: u32) -> String {
    format!(
        "shell execute_reply {{\"status\":\"ok\",\"execution_count\":{number},\"user_expressions\":{{}},\"payload\":[]}} <- {request}"
    )
}

fn error() -> ErrorOutput {
    ErrorOutput { ename: "E".into(), evalue: "v".into(), traceback: vec!["t".into()] }
}

fn text(text: &str) -> MimeBundle {
    MimeBundle::from_iter([("text/plain".to_string(), json!(text))])
}

/// `starting` is said once, to nobody in particular.
#[test]
fn a_session_begins_with_starting() {
    let mut talk = Conversation::new();
    assert_eq!(transcript(talk.session.start()), ["iopub status {\"execution_state\":\"starting\"} <- -"]);
}

/// kernel_info is answered on both channels, each reply on the channel of its request and between its own busy and idle.
#[test]
fn kernel_info_is_answered_on_both_channels() {
    let mut talk = Conversation::new();
    let shell = talk.shell("kernel_info_request", json!({}));
    assert_eq!([&shell[0], &shell[2]], [&busy("q1"), &idle("q1")]);
    assert!(
        shell[1].starts_with("shell kernel_info_reply {\"status\":\"ok\",\"protocol_version\":\"5.5\""),
        "{}",
        shell[1]
    );
    assert!(shell[1].contains("\"version\":\"1.95.0\""), "{}", shell[1]);
    let control = talk.control("kernel_info_request", json!({}));
    assert!(control[1].starts_with("control kernel_info_reply"), "{}", control[1]);
}

/// A cell from request to idle: its input, its outputs in their order, its reply, all with the request as parent.
#[test]
fn a_cell_from_request_to_idle() {
    let mut talk = Conversation::new();
    assert_eq!(
        talk.cell("1 + 1"),
        [
            busy("q1"),
            "iopub execute_input {\"code\":\"1 + 1\",\"execution_count\":1} <- q1".to_string(),
            "engine execute cell[1] \"1 + 1\"".to_string(),
        ]
    );
    assert_eq!(
        talk.engine(Event::Output(Output::Stream(StreamName::Stdout, "hi".into()))),
        ["iopub stream {\"name\":\"stdout\",\"text\":\"hi\"} <- q1"]
    );
    assert_eq!(
        talk.engine(Event::Output(Output::Display(text("d")))),
        ["iopub display_data {\"data\":{\"text/plain\":\"d\"},\"metadata\":{}} <- q1"]
    );
    assert_eq!(
        talk.engine(Event::Output(Output::Result(text("2")))),
        [
            "iopub execute_result {\"execution_count\":1,\"data\":{\"text/plain\":\"2\"},\"metadata\":{}} <- q1"
        ]
    );
    assert_eq!(talk.engine(Event::Executed(Ok(()))), [executed("q1", 1), idle("q1")]);
}

/// Output that comes when no cell runs belongs to the cell that ran last.
#[test]
fn late_output_belongs_to_the_last_cell() {
    let mut talk = Conversation::new();
    talk.cell("a");
    talk.engine(Event::Executed(Ok(())));
    talk.shell("kernel_info_request", json!({}));
    assert_eq!(
        talk.engine(Event::Output(Output::Stream(StreamName::Stderr, "late".into()))),
        ["iopub stream {\"name\":\"stderr\",\"text\":\"late\"} <- q1"]
    );
}

/// Cells count from 1; cells that are silent or not to be stored do not count, and silent ones show nothing.
#[test]
fn what_counts_and_what_shows() {
    let mut talk = Conversation::new();
    talk.cell("a");
    talk.engine(Event::Executed(Ok(())));
    let quiet = talk.shell("execute_request", json!({"code": "b", "silent": true}));
    assert_eq!(quiet, [busy("q2"), "engine execute cell[2] \"b\"".to_string()]);
    assert_eq!(talk.engine(Event::Output(Output::Result(text("2")))), [] as [String; 0]);
    assert_eq!(talk.engine(Event::Executed(Ok(()))), [executed("q2", 2), idle("q2")]);
    let unstored = talk.shell("execute_request", json!({"code": "c", "store_history": false}));
    assert_eq!(unstored[1], "iopub execute_input {\"code\":\"c\",\"execution_count\":2} <- q3");
    talk.engine(Event::Executed(Ok(())));
    assert_eq!(talk.cell("d")[1], "iopub execute_input {\"code\":\"d\",\"execution_count\":2} <- q4");
    talk.engine(Event::Executed(Ok(())));
    let history = talk.shell("history_request", json!({"hist_access_type": "tail", "n": 9}));
    assert_eq!(
        history[1],
        "shell history_reply {\"status\":\"ok\",\"history\":[[0,1,\"a\"],[0,2,\"d\"]]} <- q5"
    );
}

/// A failed cell has exactly one error, its reply says the same, and the cells in the queue are aborted; other requests
/// in the queue are answered, and later cells run again.
#[test]
fn a_failure_aborts_the_cells_in_the_queue() {
    let mut talk = Conversation::new();
    talk.cell("a");
    for waiting in [talk.cell("b"), talk.shell("is_complete_request", json!({"code": "f("})), talk.cell("c")]
    {
        assert_eq!(waiting, [] as [String; 0]);
    }
    let aborted = |request: &str| {
        format!(
            "shell execute_reply {{\"status\":\"aborted\",\"execution_count\":1,\"user_expressions\":{{}},\"payload\":[]}} <- {request}"
        )
    };
    assert_eq!(talk.engine(Event::Executed(Err(error()))), [
        "iopub error {\"ename\":\"E\",\"evalue\":\"v\",\"traceback\":[\"t\"]} <- q1".to_string(),
        "shell execute_reply {\"status\":\"error\",\"ename\":\"E\",\"evalue\":\"v\",\"traceback\":[\"t\"],\"execution_count\":1,\"user_expressions\":{},\"payload\":[]} <- q1".to_string(),
        idle("q1"),
        busy("q2"), aborted("q2"), idle("q2"),
        busy("q3"), "shell is_complete_reply {\"status\":\"incomplete\",\"indent\":\"    \"} <- q3".to_string(), idle("q3"),
        busy("q4"), aborted("q4"), idle("q4"),
    ]);
    assert_eq!(talk.cell("d").last().unwrap(), "engine execute cell[2] \"d\"");
}

/// With stop_on_error switched off, the next cell runs after a failure; a silent failure publishes no error.
#[test]
fn a_failure_that_stops_nothing() {
    let mut talk = Conversation::new();
    talk.shell("execute_request", json!({"code": "a", "stop_on_error": false, "silent": true}));
    talk.cell("b");
    let ended = talk.engine(Event::Executed(Err(error())));
    assert!(ended[0].starts_with("shell execute_reply {\"status\":\"error\""), "{ended:?}");
    assert_eq!(ended.last().unwrap(), "engine execute cell[1] \"b\"");
}

/// The positions of completions are code points on the wire and bytes in the engine.
#[test]
fn completion_counts_code_points() {
    let mut talk = Conversation::new();
    let asked = talk.shell("complete_request", json!({"code": "let é = pri", "cursor_pos": 11}));
    assert_eq!(asked, [busy("q1"), "engine complete \"let é = pri\" at 12".to_string()]);
    let found = Completions {
        replaced: 9..12,
        matches: vec![Completion { text: "print".into(), label: "print!".into(), kind: "macro".into() }],
    };
    assert_eq!(talk.engine(Event::Completed(found)), [
        "shell complete_reply {\"status\":\"ok\",\"matches\":[\"print\"],\"cursor_start\":8,\"cursor_end\":11,\"metadata\":{\"_jupyter_types_experimental\":[{\"text\":\"print\",\"type\":\"macro\",\"displayText\":\"print!\",\"start\":8,\"end\":11}]}} <- q1".to_string(),
        idle("q1"),
    ]);
    assert_eq!(
        talk.shell("complete_request", json!({"code": "a", "cursor_pos": 99}))[1],
        "engine complete \"a\" at 1"
    );
}

/// Inspection says what the engine found, or that there is nothing.
#[test]
fn inspection() {
    let mut talk = Conversation::new();
    assert_eq!(
        talk.shell("inspect_request", json!({"code": "ab", "cursor_pos": 1}))[1],
        "engine inspect \"ab\" at 1"
    );
    assert_eq!(
        talk.engine(Event::Inspected(Some(text("doc"))))[0],
        "shell inspect_reply {\"status\":\"ok\",\"found\":true,\"data\":{\"text/plain\":\"doc\"},\"metadata\":{}} <- q1"
    );
    talk.shell("inspect_request", json!({"code": "ab", "cursor_pos": 1}));
    assert_eq!(
        talk.engine(Event::Inspected(None))[0],
        "shell inspect_reply {\"status\":\"ok\",\"found\":false,\"data\":{},\"metadata\":{}} <- q2"
    );
}

/// An interrupt reaches the engine only while a cell runs; it is answered at once either way.
#[test]
fn interrupts() {
    let mut talk = Conversation::new();
    let reply = |request: &str| format!("control interrupt_reply {{\"status\":\"ok\"}} <- {request}");
    assert_eq!(talk.control("interrupt_request", json!({})), [busy("q1"), reply("q1"), idle("q1")]);
    talk.cell("loop {}");
    assert_eq!(
        talk.control("interrupt_request", json!({})),
        [busy("q3"), "engine interrupt".to_string(), reply("q3"), idle("q3")]
    );
    assert_eq!(transcript(talk.session.handle(Input::Interrupt)), ["engine interrupt"]);
}

/// The reply to a shutdown comes before the exit, and nothing happens after it.
#[test]
fn shutdown_replies_and_exits() {
    for restart in [false, true] {
        let mut talk = Conversation::new();
        talk.cell("loop {}");
        assert_eq!(
            talk.control("shutdown_request", json!({"restart": restart})),
            [
                busy("q2"),
                format!("control shutdown_reply {{\"status\":\"ok\",\"restart\":{restart}}} <- q2"),
                idle("q2"),
                "exit".to_string(),
            ]
        );
        assert_eq!(talk.cell("after"), [] as [String; 0]);
        assert_eq!(talk.engine(Event::Executed(Ok(()))), [] as [String; 0]);
    }
}

/// Comms: none are open, and one that a client opens is closed again.
#[test]
fn comms_are_closed() {
    let mut talk = Conversation::new();
    assert_eq!(
        talk.shell("comm_info_request", json!({}))[1],
        "shell comm_info_reply {\"status\":\"ok\",\"comms\":{}} <- q1"
    );
    assert_eq!(
        talk.shell("comm_open", json!({"comm_id": "c", "target_name": "t", "data": {}})),
        [busy("q2"), "iopub comm_close {\"comm_id\":\"c\",\"data\":{}} <- q2".to_string(), idle("q2")]
    );
}

/// A request that makes no sense is answered with an error of its own reply; a type that nobody knows is only noted.
#[test]
fn nonsense_is_answered_and_noted() {
    let mut talk = Conversation::new();
    let malformed = talk.shell("execute_request", json!({"code": 7}));
    assert_eq!(malformed[0], busy("q1"));
    assert!(malformed[1].starts_with("log expected the content of execute_request"), "{malformed:?}");
    assert!(
        malformed[2].starts_with("shell execute_reply {\"status\":\"error\",\"ename\":\"BadRequest\""),
        "{malformed:?}"
    );
    assert_eq!(malformed[3], idle("q1"));
    let unknown = talk.shell("make_coffee", json!({}));
    assert!(
        unknown.len() == 1 && unknown[0].starts_with("log ") && unknown[0].contains("make_coffee"),
        "{unknown:?}"
    );
    let misplaced = talk.control("execute_request", json!({"code": "1"}));
    assert!(misplaced[2].starts_with("control execute_reply {\"status\":\"error\""), "{misplaced:?}");
    let stray = talk.engine(Event::Executed(Ok(())));
    assert!(stray[0].starts_with("log expected no answer"), "{stray:?}");
}

/// user_expressions are not evaluated, and the reply says so for each instead of leaving them out.
#[test]
fn user_expressions_are_declined_by_name() {
    let mut talk = Conversation::new();
    talk.shell("execute_request", json!({"code": "1", "user_expressions": {"a": "1 + 1"}}));
    let ended = talk.engine(Event::Executed(Ok(())));
    assert!(
        ended[0].contains("\"user_expressions\":{\"a\":{\"status\":\"error\",\"ename\":\"Unsupported\""),
        "{ended:?}"
    );
}

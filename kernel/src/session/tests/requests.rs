//! Requests that are answered at once, and those that the engine answers without running anything.

use super::*;

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
        "engine inspect \"ab\" at 1, Short"
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

/// A request that makes no sense is answered with an error of its own reply; a type that nobody knows is only noted.
#[test]
fn nonsense_is_answered_and_noted() {
    let mut talk = Conversation::new();
    let malformed = talk.shell("execute_request", json!({"code": 7}));
    assert_eq!(malformed[0], busy("q1"));
    assert!(malformed[1].starts_with("log expected the content of execute_request"), "{malformed:?}");
    assert!(
        malformed[2].starts_with("shell execute_reply {\"status\":\"error\",\"ename\":\"BadRequest\"")
            && malformed[2].contains("\"execution_count\":0"),
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

/// The level of detail reaches the engine.
#[test]
fn inspection_in_detail() {
    let mut talk = Conversation::new();
    let asked = talk.shell("inspect_request", json!({"code": "ab", "cursor_pos": 2, "detail_level": 1}));
    assert_eq!(asked[1], "engine inspect \"ab\" at 2, Full");
}

/// A subscription is welcomed under its own topic, without a parent.
#[test]
fn subscriptions_are_welcomed() {
    let mut talk = Conversation::new();
    let actions = talk.session.handle(Input::Subscribed("stream".to_string()));
    let [Action::Publish(message)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!(message.identities, [Bytes::from_static(b"stream")]);
    assert_eq!(transcript(actions), ["iopub iopub_welcome {\"subscription\":\"stream\"} <- -"]);
}

/// Usage is measured when it is asked for, on either channel.
#[test]
fn usage() {
    let mut talk = Conversation::new();
    let mut measured = 0;
    let gauge = move || {
        measured += 1;
        Usage { hostname: "h".into(), pid: measured, ..Usage::default() }
    };
    talk.session = talk.session.with_gauge(Box::new(gauge));
    let reply = |channel: &str, pid: u32, request: &str| {
        format!("{channel} usage_reply {{\"status\":\"ok\",\"hostname\":\"h\",\"pid\":{pid}}} <- {request}")
    };
    assert_eq!(talk.control("usage_request", json!({}))[1], reply("control", 1, "q1"));
    assert_eq!(talk.shell("usage_request", json!({}))[1], reply("shell", 2, "q2"));
}

/// Features that a kernel may or may not have are promised only where they are there: no subshells, no debugger.
#[test]
fn features_are_not_promised_in_vain() {
    let mut talk = Conversation::new();
    let info = &talk.shell("kernel_info_request", json!({}))[1];
    assert!(info.contains("\"supported_features\":[]") && info.contains("\"debugger\":false"), "{info}");
    for request in ["create_subshell_request", "debug_request"] {
        assert!(talk.control(request, json!({}))[0].starts_with("log expected a request of the protocol"));
    }
}

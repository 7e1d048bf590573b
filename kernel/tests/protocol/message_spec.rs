//! The shape of every message, byte for byte as it goes over the wire: which fields it has, and of which kind they are.
//!
//! (The idea is that of ipykernel's `test_message_spec`. Our own decoder would fill in what is missing, so the frames are
//! looked at without it.)

use std::collections::HashSet;

use bytes::Bytes;
use front_end::FrontEnd;
use netsplit_kernel::wire::*;
use serde_json::{Value, json};

use super::front_end;
use super::raw_peer::RawPeer;

/// Field names and kinds, as `name:kind`; a `?` behind the name means that the field may be missing.
fn fields(msg_type: &str, status: Option<&str>) -> &'static str {
    match (msg_type, status) {
        (reply, Some("error")) if reply.ends_with("_reply") && reply != "execute_reply" => {
            "status:text ename:text evalue:text traceback:texts"
        }
        ("execute_reply", Some("error")) => {
            "status:text ename:text evalue:text traceback:texts execution_count:number \
             user_expressions:object payload:list"
        }
        ("execute_reply", _) => "status:text execution_count:number user_expressions:object payload:list",
        ("kernel_info_reply", _) => {
            "status:text protocol_version:text implementation:text implementation_version:text \
             language_info:language banner:text debugger:truth help_links:links supported_features:texts"
        }
        ("complete_reply", _) => {
            "status:text matches:texts cursor_start:number cursor_end:number metadata:object"
        }
        ("inspect_reply", _) => "status:text found:truth data:bundle metadata:object",
        ("is_complete_reply", Some("incomplete")) => "status:text indent:text",
        ("is_complete_reply" | "interrupt_reply", _) => "status:text",
        ("history_reply", _) => "status:text history:triples",
        ("comm_info_reply", _) => "status:text comms:comms",
        ("shutdown_reply", _) => "status:text restart:truth",
        ("usage_reply", _) => {
            "status:text hostname:text pid:number kernel_cpu:number kernel_memory:number \
             host_cpu_percent?:number cpu_count:number host_virtual_memory:object"
        }
        ("input_request", _) => "prompt:text password:truth",
        ("status", _) => "execution_state:text",
        ("execute_input", _) => "code:text execution_count:number",
        ("stream", _) => "name:text text:text",
        ("display_data", _) => "data:bundle metadata:object transient?:object",
        ("update_display_data", _) => "data:bundle metadata:object transient:object",
        ("execute_result", _) => "execution_count:number data:bundle metadata:object",
        ("clear_output", _) => "wait:truth",
        ("error", _) => "ename:text evalue:text traceback:texts",
        ("iopub_welcome", _) => "subscription:text",
        ("comm_open", _) => "comm_id:text target_name:text data:object",
        ("comm_msg" | "comm_close", _) => "comm_id:text data:object",
        other => panic!("a message that the protocol does not have: {other:?}"),
    }
}

fn is_of_kind(value: &Value, kind: &str) -> bool {
    let all = |list: &Value, test: fn(&Value) -> bool| list.as_array().is_some_and(|it| it.iter().all(test));
    match kind {
        "text" => value.is_string(),
        "truth" => value.is_boolean(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "list" => value.is_array(),
        "texts" => all(value, Value::is_string),
        "links" => all(value, |it| it["text"].is_string() && it["url"].is_string()),
        "triples" => all(value, |it| it.as_array().is_some_and(|it| it.len() == 3)),
        "comms" => {
            value.as_object().is_some_and(|it| it.values().all(|comm| comm["target_name"].is_string()))
        }
        "bundle" => value.as_object().is_some_and(|it| {
            it.iter().all(|(mime, data)| {
                mime.split('/').count() == 2 && (data.is_string() || mime.contains("json"))
            })
        }),
        "language" => {
            let names =
                ["name", "version", "mimetype", "file_extension", "pygments_lexer", "nbconvert_exporter"];
            names.iter().all(|name| value[name].as_str().is_some_and(|it| !it.is_empty()))
                && !value["codemirror_mode"].is_null()
        }
        _ => unreachable!("{kind}"),
    }
}

fn check_content(msg_type: &str, content: &Value) {
    let object = content.as_object().expect("a content is an object");
    let mut known = HashSet::new();
    for field in fields(msg_type, content["status"].as_str()).split_whitespace() {
        let (name, kind) = field.split_once(':').unwrap();
        let is_optional = name.ends_with('?');
        let name = name.trim_end_matches('?');
        known.insert(name);
        match object.get(name) {
            Some(value) => assert!(is_of_kind(value, kind), "{msg_type}.{name} is no {kind}: {value}"),
            None => assert!(is_optional, "{msg_type} has no {name}: {content}"),
        }
    }
    let unknown: Vec<&String> = object.keys().filter(|key| !known.contains(key.as_str())).collect();
    assert!(unknown.is_empty(), "{msg_type} has {unknown:?}: {content}");
}

/// A client that looks at frames.
struct Inspector {
    key: Key,
    shell: RawPeer,
    control: RawPeer,
    stdin: RawPeer,
    iopub: RawPeer,
    seen: HashSet<String>,
    session: Option<String>,
    types: HashSet<String>,
    requests: u32,
}

impl Inspector {
    fn new(connection: &ConnectionFile) -> Self {
        let mut iopub = RawPeer::subscriber(connection);
        iopub.send(&[b"\x01"]);
        Self {
            key: connection.key(),
            shell: RawPeer::dealer(connection, Port::Shell, "inspector"),
            control: RawPeer::dealer(connection, Port::Control, "inspector"),
            stdin: RawPeer::dealer(connection, Port::Stdin, "inspector"),
            iopub,
            seen: HashSet::new(),
            session: None,
            types: HashSet::new(),
            requests: 0,
        }
    }

    /// Checks everything that all messages have in common, and returns the type, the parent and the content.
    fn check(&mut self, frames: Option<Vec<Bytes>>) -> (String, Value, Value) {
        let frames = frames.expect("the kernel is there");
        let delimiter = frames.iter().position(|frame| frame.as_ref() == DELIMITER).expect("a delimiter");
        let [signature, parts @ ..] = &frames[delimiter + 1..] else { panic!("no signature") };
        assert!(parts.len() >= 4 && self.key.verifies(&parts[..4], signature), "a signature");
        let parsed: Vec<Value> =
            parts[..4].iter().map(|part| serde_json::from_slice(part).unwrap()).collect();
        let [header, parent, metadata, content] = parsed.as_slice() else { unreachable!() };
        let text = |name: &str| header[name].as_str().unwrap_or_else(|| panic!("no {name} in {header}"));
        assert!(self.seen.insert(text("msg_id").to_string()), "an identifier is unique");
        assert_eq!(self.session.get_or_insert(text("session").to_string()), text("session"), "one session");
        assert_eq!((text("version"), text("username").is_empty()), ("5.5", false));
        chrono::DateTime::parse_from_rfc3339(text("date")).expect("a date of ISO 8601 with its zone");
        assert!(metadata.is_object() && parent.is_object());
        let msg_type = text("msg_type").to_string();
        check_content(&msg_type, content);
        self.types.insert(msg_type.clone());
        (msg_type, parent.clone(), content.clone())
    }

    fn send(&mut self, channel: &str, msg_type: &str, content: Value, parent: Value) -> Value {
        self.requests += 1;
        // Whatever a client puts into a header comes back in the parent header, as it was.
        let header = json!({"msg_id": format!("i{}", self.requests), "msg_type": msg_type, "session": "i",
            "username": "ann", "date": "2026-01-02T03:04:05Z", "version": "5.5", "mine": [1, {"a": null}]});
        let parts = [&header, &parent, &json!({}), &content].map(|part| part.to_string());
        let signature = self.key.sign(&parts);
        let mut frames = vec![DELIMITER, signature.as_bytes()];
        frames.extend(parts.iter().map(|part| part.as_bytes()));
        let peer = match channel {
            "shell" => &mut self.shell,
            "control" => &mut self.control,
            _ => &mut self.stdin,
        };
        peer.send(&frames);
        header
    }

    /// Sends a request, and checks everything that comes of it: between busy and idle these publications, and the reply.
    fn ask(&mut self, channel: &str, msg_type: &str, content: Value, publications: &[&str]) -> Option<Value> {
        let header = self.send(channel, msg_type, content, json!({}));
        let mut published = Vec::new();
        loop {
            let frames = self.iopub.frames();
            let (msg_type, parent, content) = self.check(frames);
            assert_eq!(parent, header, "the parent of {msg_type}");
            let state = content["execution_state"].as_str().unwrap_or_default().to_string();
            published.push(if msg_type == "status" { state.clone() } else { msg_type });
            if state == "idle" {
                break;
            }
        }
        let expected = [&["busy"], publications, &["idle"]].concat();
        assert_eq!(published, expected, "of {msg_type}");
        let name = msg_type.strip_suffix("_request")?;
        let frames = if channel == "shell" { self.shell.frames() } else { self.control.frames() };
        let (reply_type, parent, content) = self.check(frames);
        assert_eq!((reply_type, parent), (format!("{name}_reply"), header));
        Some(content)
    }
}

/// One conversation in which every message of the protocol occurs, each looked at in full.
#[test]
fn every_message_has_its_shape() {
    let mut front_end = FrontEnd::scripted();
    let connection = front_end.kernel.connection().clone();
    let mut inspector = Inspector::new(&connection);
    let welcome = inspector.iopub.frames();
    let (msg_type, parent, _) = inspector.check(welcome);
    assert_eq!((msg_type.as_str(), parent), ("iopub_welcome", json!({})));
    for channel in ["shell", "control"] {
        for (request, content) in [
            ("kernel_info_request", json!({})),
            ("usage_request", json!({})),
            ("usage_request", json!({})),
            ("comm_info_request", json!({})),
            ("interrupt_request", json!({})),
            ("is_complete_request", json!({"code": "fn f() {"})),
            ("history_request", json!({"hist_access_type": "tail", "n": 3, "output": true, "raw": true})),
        ] {
            let reply = inspector.ask(channel, request, content, &[]).expect("a reply");
            assert_ne!(reply["status"], "error", "{request}");
        }
        let refused = inspector.ask(channel, "execute_request", json!({"code": 7}), &[]).expect("a reply");
        assert_eq!(refused["status"], "error");
    }
    inspector.ask("shell", "complete_request", json!({"code": "pr", "cursor_pos": 2}), &[]);
    for code in ["print", "nothing"] {
        inspector.ask(
            "shell",
            "inspect_request",
            json!({"code": code, "cursor_pos": 5, "detail_level": 1}),
            &[],
        );
    }
    let cell = "print a\neprint b\ndisplay c\nnamed d e\nupdate d f\nclear\npage g\ntarget echo\nresult h";
    let content = json!({"code": cell, "user_expressions": {"x": "result 1", "y": "error z"}});
    let published = [
        "execute_input",
        "stream",
        "stream",
        "display_data",
        "display_data",
        "update_display_data",
        "clear_output",
        "execute_result",
    ];
    let reply = inspector.ask("shell", "execute_request", content, &published).expect("a reply");
    assert_eq!((&reply["status"], &reply["execution_count"]), (&json!("ok"), &json!(1)));
    let failed =
        inspector.ask("shell", "execute_request", json!({"code": "error x"}), &["execute_input", "error"]);
    assert_eq!(failed.expect("a reply")["status"], "error");
    let comm = |data: Value| json!({"comm_id": "c", "target_name": "echo", "data": data});
    inspector.ask("shell", "comm_open", comm(json!({})), &[]);
    inspector.ask("shell", "comm_info_request", json!({"target_name": "echo"}), &[]);
    inspector.ask("shell", "comm_msg", comm(json!({"v": 1})), &["comm_msg"]);
    inspector.ask(
        "shell",
        "comm_msg",
        comm(json!({"script": "comm k echo\nuncomm k"})),
        &["comm_open", "comm_close"],
    );
    inspector.ask("shell", "comm_close", comm(json!({})), &[]);
    ask_the_user(&mut inspector);
    inspector.ask("control", "shutdown_request", json!({"restart": false}), &[]);
    let ours = [
        "kernel_info_reply",
        "usage_reply",
        "comm_info_reply",
        "interrupt_reply",
        "is_complete_reply",
        "history_reply",
        "execute_reply",
        "complete_reply",
        "inspect_reply",
        "shutdown_reply",
        "input_request",
        "status",
        "execute_input",
        "stream",
        "display_data",
        "update_display_data",
        "clear_output",
        "execute_result",
        "error",
        "comm_open",
        "comm_msg",
        "comm_close",
        "iopub_welcome",
    ];
    assert_eq!(inspector.types, ours.into_iter().map(str::to_string).collect(), "nothing was forgotten");
    front_end::forget_everything(&mut front_end.kernel.client);
}

/// The one request that goes the other way: it needs its answer before its cell can end.
fn ask_the_user(inspector: &mut Inspector) {
    let code = json!({"code": "password Secret?", "allow_stdin": true});
    let header = inspector.send("shell", "execute_request", code, json!({}));
    let frames = inspector.stdin.frames();
    let asked = frames.clone().expect("the cell asks");
    let (msg_type, parent, _) = inspector.check(frames);
    assert_eq!((msg_type.as_str(), parent), ("input_request", header));
    let question: Value = serde_json::from_slice(&asked[asked.len() - 4]).unwrap();
    inspector.send("stdin", "input_reply", json!({"value": "x"}), question);
    for expected in ["status", "execute_input", "stream", "status"] {
        let frames = inspector.iopub.frames();
        assert_eq!(inspector.check(frames).0, expected);
    }
    let reply = inspector.shell.frames();
    assert_eq!(inspector.check(reply).2["status"], "ok");
}

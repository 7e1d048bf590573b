//! The history of cells, in one session and across restarts.

use std::path::Path;

use front_end::FrontEnd;
use netsplit_kernel::session::Channel;
use netsplit_kernel::wire::*;
use serde_json::{Value, json};

use super::front_end;

fn kernel(file: &Path) -> FrontEnd {
    FrontEnd::start([("NETSPLIT_ENGINE", "scripted".into()), ("NETSPLIT_HISTORY", file.into())])
}

fn history(front_end: &mut FrontEnd, asked: Value) -> Vec<Value> {
    let request: HistoryRequest = serde_json::from_value(asked).unwrap();
    match front_end.ask(Channel::Shell, request) {
        Content::HistoryReply(reply) => reply.history,
        other => panic!("{other:?}"),
    }
}

/// Cells are found by tail, range and search, with their values where they are wanted.
#[test]
fn one_session() {
    let mut front_end = FrontEnd::scripted();
    front_end.run_to_result("result 42", 1, "42");
    front_end.run_quietly("", 2);
    let tail = json!({"hist_access_type": "tail", "n": 1, "raw": true, "output": false});
    assert_eq!(history(&mut front_end, tail), [json!([0, 2, ""])]);
    let range = json!({"hist_access_type": "range", "session": 0, "start": 1, "stop": 2, "output": true});
    assert_eq!(history(&mut front_end, range), [json!([0, 1, ["result 42", "42"]])]);
    let search = json!({"hist_access_type": "search", "pattern": "*4?", "n": 5});
    assert_eq!(history(&mut front_end, search), [json!([0, 1, "result 42"])]);
}

/// Cells of a kernel that was restarted, and of one that was killed, are there in the next one; damage does not hurt.
#[test]
fn across_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept").join("history.jsonl");
    let mut first = kernel(&file);
    first.run_quietly("target kept", 1);
    first.ask(Channel::Control, ShutdownRequest { restart: true });
    drop(first);
    let mut second = kernel(&file);
    second.run_quietly("", 1);
    // It is written beside the cell, which does not wait for the disk.
    let is_written = || std::fs::read_to_string(&file).unwrap().contains("{\"session\":2,\"number\":1,");
    while !is_written() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    second.kernel.kill();
    std::fs::OpenOptions::new()
        .append(true)
        .open(&file)
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"\xff\x00 no JSON {\n"))
        .unwrap();
    let mut third = kernel(&file);
    let all = json!({"hist_access_type": "tail", "n": 10});
    assert_eq!(history(&mut third, all), [json!([1, 1, "target kept"]), json!([2, 1, ""])]);
    let one_before = json!({"hist_access_type": "range", "session": -1, "start": 1, "stop": 2});
    assert_eq!(history(&mut third, one_before), [json!([2, 1, ""])]);
}

//! Cells: what counts, what shows, what is aborted, and the expressions beside them.

use super::*;
use crate::engine::Clearing;

/// A cell from request to idle: its input, its outputs in their order, its reply, all with the request as parent.
#[test]
fn a_cell_from_request_to_idle() {
    let mut talk = Conversation::new();
    assert_eq!(
        talk.cell("1 + 1"),
        [
            busy("q1"),
            "iopub execute_input {\"code\":\"1 + 1\",\"execution_count\":1} <- q1".to_string(),
            "remember cell[1] \"1 + 1\"".to_string(),
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
        talk.engine(Event::Output(Output::Result(text("2"))))[1..],
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

/// Output that comes late from one cell while another runs belongs to the one that printed it.
#[test]
fn late_output_finds_its_cell() {
    let mut talk = Conversation::new();
    talk.cell("a");
    talk.engine(Event::Executed(Ok(())));
    talk.cell("b");
    let late = |cell| Event::Output(Output::Late(cell, StreamName::Stdout, "late".into()));
    assert_eq!(talk.engine(late(1)), ["iopub stream {\"name\":\"stdout\",\"text\":\"late\"} <- q1"]);
    assert_eq!(talk.engine(late(2)), ["iopub stream {\"name\":\"stdout\",\"text\":\"late\"} <- q2"]);
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
    assert_eq!(talk.engine(Event::Executed(Ok(()))), [executed("q2", 1), idle("q2")]);
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

/// Expressions are evaluated one after the other when the cell has succeeded, each with a value or an error of its own.
#[test]
fn user_expressions() {
    let mut talk = Conversation::new();
    talk.shell("execute_request", json!({"code": "1", "user_expressions": {"a": "x", "b": 7, "c": "y"}}));
    assert_eq!(talk.engine(Event::Executed(Ok(()))), ["engine evaluate cell[1] \"x\""]);
    assert_eq!(talk.engine(Event::Evaluated(Ok(text("2")))), ["engine evaluate cell[1] \"y\""]);
    let ended = talk.engine(Event::Evaluated(Err(error())));
    let expected = json!({
        "a": {"status": "ok", "data": {"text/plain": "2"}, "metadata": {}},
        "b": {"status": "error", "ename": "BadRequest", "evalue": "expected an expression as text, found 7",
              "traceback": []},
        "c": {"status": "error", "ename": "E", "evalue": "v", "traceback": ["t"]},
    });
    assert!(ended[0].contains(&format!("\"user_expressions\":{expected}")), "{ended:?}");
    assert_eq!(ended[1..], [idle("q1")]);
}

/// After a cell that failed, no expression is evaluated; beside a silent one they are.
#[test]
fn user_expressions_of_failed_and_silent_cells() {
    let mut talk = Conversation::new();
    let content = |silent: bool| json!({"code": "1", "silent": silent, "user_expressions": {"a": "x"}});
    talk.shell("execute_request", content(false));
    let failed = talk.engine(Event::Executed(Err(error())));
    assert!(failed[1].contains("\"user_expressions\":{}"), "{failed:?}");
    talk.shell("execute_request", content(true));
    assert_eq!(talk.engine(Event::Executed(Ok(()))), ["engine evaluate cell[2] \"x\""]);
    let ended = talk.engine(Event::Evaluated(Ok(text("2"))));
    assert!(ended[0].contains("\"a\":{\"status\":\"ok\"") && ended[1] == idle("q2"), "{ended:?}");
}

/// A display with an identifier carries it beside the data; an update says whom it replaces; clearing says when.
#[test]
fn displays_that_change() {
    let mut talk = Conversation::new();
    talk.cell("a");
    assert_eq!(
        talk.output(Output::Named("d1".into(), text("1 %"))),
        [
            "iopub display_data {\"data\":{\"text/plain\":\"1 %\"},\"metadata\":{},\"transient\":{\"display_id\":\"d1\"}} <- q1"
        ]
    );
    assert_eq!(
        talk.output(Output::Update("d1".into(), text("9 %"))),
        [
            "iopub update_display_data {\"data\":{\"text/plain\":\"9 %\"},\"metadata\":{},\"transient\":{\"display_id\":\"d1\"}} <- q1"
        ]
    );
    let clear = |wait: bool| format!("iopub clear_output {{\"wait\":{wait}}} <- q1");
    assert_eq!(talk.output(Output::Clear(Clearing::AtOnce)), [clear(false)]);
    assert_eq!(talk.output(Output::Clear(Clearing::WithTheNext)), [clear(true)]);
}

/// A page for the pager travels with the reply of its cell, if that succeeds; later it is a display.
#[test]
fn pages() {
    let mut talk = Conversation::new();
    talk.cell("a");
    assert_eq!(talk.output(Output::Page(text("manual"))), [] as [String; 0]);
    let ended = talk.engine(Event::Executed(Ok(())));
    let payload = "\"payload\":[{\"source\":\"page\",\"data\":{\"text/plain\":\"manual\"},\"start\":0}]";
    assert!(ended[0].contains(payload), "{ended:?}");
    let late = talk.output(Output::Page(text("manual")));
    assert!(late[0].starts_with("iopub display_data"), "{late:?}");
    talk.cell("b");
    talk.output(Output::Page(text("manual")));
    assert!(talk.engine(Event::Executed(Err(error())))[1].contains("\"payload\":[]"));
}

/// What a cell's value was is remembered with it.
#[test]
fn results_are_remembered() {
    let mut talk = Conversation::new();
    talk.cell("6 * 7");
    let shown = talk.output(Output::Result(text("42")));
    assert_eq!(shown[0], "remember cell[1] \"6 * 7\"");
    talk.engine(Event::Executed(Ok(())));
    let asked = json!({"hist_access_type": "tail", "n": 1, "output": true});
    let history = talk.shell("history_request", asked);
    assert!(history[1].contains("\"history\":[[0,1,[\"6 * 7\",\"42\"]]]"), "{history:?}");
}

/// Shell requests are taken until ten thousand wait.
#[test]
fn the_queue_is_bounded() {
    let mut talk = Conversation::new();
    talk.cell("loop {}");
    for _ in 0..10_000 {
        assert!(talk.session.has_room());
        talk.cell("x");
    }
    assert!(!talk.session.has_room());
    talk.engine(Event::Executed(Err(error())));
    assert!(talk.session.has_room(), "all of them have been aborted");
}

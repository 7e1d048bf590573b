//! Cells: their outputs, their order, what is aborted, what is evaluated beside them.

use front_end::{FrontEnd, PATIENCE, plain};
use netsplit_kernel::session::Channel;
use netsplit_kernel::wire::*;
use serde_json::{Map, json};

use super::front_end;

/// A cell's outputs come in their order, before its idle, and numbers count from 1.
#[test]
fn outputs_come_in_order() {
    let mut front_end = FrontEnd::scripted();
    let asked = front_end.begin("print a\npartial b\npartial c\neprint d\ndisplay e\nprint f\nresult g", 1);
    front_end.expect_stream(&asked, StreamName::Stdout, "a\nbc");
    front_end.expect_stream(&asked, StreamName::Stderr, "d\n");
    assert_eq!(plain(&front_end.expect_display(&asked)), "e");
    front_end.expect_stream(&asked, StreamName::Stdout, "f\n");
    assert_eq!(front_end.expect_result(&asked, 1), "g");
    front_end.expect_success(&asked, 1);
    front_end.run_quietly("", 2);
}

/// A failing cell has one error, and the cells that were sent after it are aborted; the next one runs.
#[test]
fn an_error_aborts_the_queue() {
    let mut front_end = FrontEnd::scripted();
    let failing = front_end.begin("sleep", 1);
    let waiting: Vec<Header> = (0..10).map(|_| front_end.send_cell("print never")).collect();
    front_end.ask(Channel::Control, InterruptRequest {});
    let error = front_end.expect_error(&failing);
    assert_eq!(front_end.expect_execute_reply(&failing).outcome, Outcome::Error(error));
    front_end.expect_idle(&failing);
    for aborted in &waiting {
        front_end.expect_busy(aborted);
        assert_eq!(front_end.expect_execute_reply(aborted).outcome, Outcome::Aborted);
        front_end.expect_idle(aborted);
    }
    front_end.run_quietly("", 2);
    let error = front_end.run_to_error("error broken", 3);
    assert_eq!((error.ename.as_str(), error.evalue.as_str()), ("ScriptedError", "broken"));
}

/// A hundred cells that were sent at once run in their order.
#[test]
fn queued_cells_run_in_order() {
    let mut front_end = FrontEnd::scripted();
    let asked: Vec<Header> =
        (1..=100).map(|number| front_end.send_cell(&format!("print {number}"))).collect();
    for (asked, number) in asked.iter().zip(1..) {
        front_end.expect_busy(asked);
        front_end.expect_input(asked, &format!("print {number}"), number);
        front_end.expect_stream(asked, StreamName::Stdout, &format!("{number}\n"));
        front_end.expect_success(asked, number);
    }
}

/// A cell that prints a lot loses nothing, and does not make a message of every line.
#[test]
fn much_output_is_joined_and_nothing_is_lost() {
    let mut front_end = FrontEnd::scripted();
    let line = "x".repeat(100);
    let code = vec![format!("print {line}"); 20_000].join("\n");
    let asked = front_end.begin(&code, 1);
    let (mut bytes, mut messages) = (0, 0);
    while bytes < 20_000 * 101 {
        let Content::Stream(stream) = front_end.published(&asked) else { panic!("lost after {bytes} bytes") };
        bytes += stream.text.len();
        messages += 1;
    }
    assert_eq!(bytes, 20_000 * 101);
    assert!(messages < 5_000, "{messages} messages");
    front_end.expect_success(&asked, 1);
}

/// An engine that panics fails its cell, and the next cell runs.
#[test]
fn a_panic_of_the_engine_fails_its_cell() {
    let mut front_end = FrontEnd::scripted();
    let error = front_end.run_to_error("panic in the engine", 1);
    assert_eq!(error.evalue, "the engine panicked: in the engine");
    front_end.run_quietly("", 2);
}

/// Control requests are answered while a cell runs, and the heart goes on beating.
#[test]
fn a_running_cell_keeps_nobody_waiting() {
    let mut front_end = FrontEnd::scripted();
    let asked = front_end.begin("sleep", 1);
    front_end.ask(Channel::Control, KernelInfoRequest {});
    assert_eq!(front_end.kernel.client.heartbeat(b"tick", PATIENCE).unwrap(), b"tick");
    assert_eq!(front_end.kernel.client.heartbeat(b"", PATIENCE).unwrap(), b"");
    front_end.ask(Channel::Control, InterruptRequest {});
    front_end.expect_error(&asked);
    front_end.expect_execute_reply(&asked);
    front_end.expect_idle(&asked);
}

/// Text without a newline arrives while its cell goes on.
#[test]
fn partial_lines_come_live() {
    let mut front_end = FrontEnd::scripted();
    let asked = front_end.begin("partial 10 %\nsleep", 1);
    front_end.expect_stream(&asked, StreamName::Stdout, "10 %");
    front_end.ask(Channel::Control, InterruptRequest {});
    front_end.expect_failure(&asked);
}

/// What a thread prints after its cell belongs to that cell, also when other requests have come since.
#[test]
fn late_output_belongs_to_its_cell() {
    let mut front_end = FrontEnd::scripted();
    let asked = front_end.begin("late told you so", 1);
    front_end.expect_success(&asked, 1);
    front_end.expect_stream(&asked, StreamName::Stdout, "told you so\n");
}

/// A display is replaced under its identifier, from the same cell and from a later one; outputs are cleared.
#[test]
fn displays_are_updated_and_cleared() {
    let mut front_end = FrontEnd::scripted();
    let id = Map::from_iter([("display_id".to_string(), json!("bar"))]);
    let asked = front_end.begin("named bar 10 %\nupdate bar 50 %\nclear\nclear later", 1);
    let display = front_end.expect_display_data(&asked);
    assert_eq!((plain(&display.data), &display.transient), (&json!("10 %"), &id));
    let update = |text: &str| {
        let data = Map::from_iter([("text/plain".to_string(), json!(text))]);
        Content::from(UpdateDisplayData { data, metadata: Map::new(), transient: id.clone() })
    };
    assert_eq!(front_end.published(&asked), update("50 %"));
    assert_eq!(front_end.published(&asked), ClearOutput { wait: false }.into());
    assert_eq!(front_end.published(&asked), ClearOutput { wait: true }.into());
    front_end.expect_success(&asked, 1);
    let asked = front_end.begin("update bar 100 %", 2);
    assert_eq!(front_end.published(&asked), update("100 %"));
    front_end.expect_success(&asked, 2);
}

/// What a cell puts into the pager travels with its reply.
#[test]
fn pages_come_with_the_reply() {
    let mut front_end = FrontEnd::scripted();
    let asked = front_end.begin("page the manual", 1);
    let page = json!({"source": "page", "data": {"text/plain": "the manual"}, "start": 0});
    assert_eq!(front_end.expect_execute_reply(&asked).payload, [page]);
    front_end.expect_idle(&asked);
}

/// A silent cell shows nothing and does not count; one that is not to be stored shows everything and does not count.
#[test]
fn silent_and_unstored_cells() {
    let mut front_end = FrontEnd::scripted();
    front_end.run_quietly("", 1);
    let silent = ExecuteRequest { silent: true, ..ExecuteRequest::new("print a\nresult b") };
    let asked = front_end.request(Channel::Shell, silent);
    front_end.expect_busy(&asked);
    front_end.expect_success(&asked, 1);
    let unstored = ExecuteRequest { store_history: false, ..ExecuteRequest::new("print a") };
    let asked = front_end.request(Channel::Shell, unstored);
    front_end.expect_busy(&asked);
    front_end.expect_input(&asked, "print a", 2);
    front_end.expect_stream(&asked, StreamName::Stdout, "a\n");
    front_end.expect_success(&asked, 1);
    front_end.run_quietly("", 2);
}

/// Expressions beside a cell are evaluated after it, each with its value or its error, and nothing of them shows.
#[test]
fn user_expressions() {
    let mut front_end = FrontEnd::scripted();
    let expressions =
        json!({"a": "print unseen\nresult 42", "b": "error broken", "c": "print unseen", "d": 1});
    let user_expressions = expressions.as_object().cloned().unwrap();
    let request = ExecuteRequest { user_expressions, ..ExecuteRequest::new("print seen") };
    let asked = front_end.request(Channel::Shell, request);
    front_end.expect_busy(&asked);
    front_end.expect_input(&asked, "print seen", 1);
    front_end.expect_stream(&asked, StreamName::Stdout, "seen\n");
    let values = front_end.expect_execute_reply(&asked).user_expressions;
    front_end.expect_idle(&asked);
    assert_eq!(values["a"], json!({"status": "ok", "data": {"text/plain": "42"}, "metadata": {}}));
    let ename = |name: &str| (values[name]["status"].clone(), values[name]["ename"].clone());
    assert_eq!(ename("b"), (json!("error"), json!("ScriptedError")));
    assert_eq!(ename("c"), (json!("error"), json!("NoValue")));
    assert_eq!(ename("d"), (json!("error"), json!("BadRequest")));
    front_end.run_quietly("", 2);
}

/// With stop_on_error switched off, the cells behind a failure run; other requests are never aborted.
#[test]
fn what_a_failure_does_not_stop() {
    let mut front_end = FrontEnd::scripted();
    let lenient = ExecuteRequest { stop_on_error: false, ..ExecuteRequest::new("sleep") };
    let failing = front_end.request(Channel::Shell, lenient);
    front_end.expect_busy(&failing);
    front_end.expect_input(&failing, "sleep", 1);
    let next = front_end.send_cell("sleep");
    let info = front_end.request(Channel::Shell, KernelInfoRequest {});
    let never = front_end.send_cell("print never");
    front_end.ask(Channel::Control, InterruptRequest {});
    front_end.expect_failure(&failing);
    front_end.expect_busy(&next);
    front_end.expect_input(&next, "sleep", 2);
    front_end.ask(Channel::Control, InterruptRequest {});
    front_end.expect_failure(&next);
    front_end.expect_busy(&info);
    assert!(matches!(front_end.reply(Channel::Shell, &info), Content::KernelInfoReply(_)));
    front_end.expect_idle(&info);
    front_end.expect_busy(&never);
    assert_eq!(front_end.expect_execute_reply(&never).outcome, Outcome::Aborted);
    front_end.expect_idle(&never);
}

/// A cell that prints a hundred megabytes loses nothing, and the kernel does not keep it all.
#[test]
fn a_flood_is_slowed_down_not_cut() {
    let mut front_end = FrontEnd::scripted();
    let before = front_end::memory(front_end.kernel.id());
    let lines = 1_000_000_u64;
    let asked = front_end.begin(&format!("flood {lines}"), 1);
    let (mut bytes, mut most) = (0, 0);
    while bytes < lines * 100 {
        let Content::Stream(stream) = front_end.published(&asked) else { panic!("lost after {bytes} bytes") };
        assert_eq!(stream.text[..100], format!("{:099}\n", bytes / 100), "nothing is lost or out of order");
        bytes += stream.text.len() as u64;
        most = most.max(front_end::memory(front_end.kernel.id()).saturating_sub(before));
    }
    front_end.expect_success(&asked, 1);
    assert!(most < 48 << 20, "{} MB more than before", most >> 20);
}

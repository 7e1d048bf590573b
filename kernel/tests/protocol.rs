//! The kernel's side of the Jupyter protocol, over real sockets and with scripted cells.

mod front_end;

use std::time::Duration;

use bytes::Bytes;
use front_end::{FrontEnd, PATIENCE, plain, published};
use netsplit_kernel::client::{Client, KernelProcess, StartError};
use netsplit_kernel::session::Channel;
use netsplit_kernel::wire::*;

/// The kernel says who it is, on both channels.
#[test]
fn kernel_info() {
    let mut front_end = FrontEnd::scripted();
    for channel in [Channel::Shell, Channel::Control] {
        let Content::KernelInfoReply(info) = front_end.ask(channel, KernelInfoRequest {}) else { panic!() };
        assert_eq!((info.implementation.as_str(), info.protocol_version.as_str()), ("netsplit", "5.5"));
        assert_eq!(
            (info.language_info.name.as_str(), info.language_info.file_extension.as_str()),
            ("rust", ".rs")
        );
    }
}

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

/// Whether a text is a whole cell.
#[test]
fn is_complete() {
    let mut front_end = FrontEnd::scripted();
    let cases = [
        ("1 + 1", IsCompleteReply::Complete),
        ("fn f() {", IsCompleteReply::Incomplete { indent: "    ".to_string() }),
        (")", IsCompleteReply::Invalid),
    ];
    for (code, expected) in cases {
        let reply = front_end.ask(Channel::Shell, IsCompleteRequest { code: code.to_string() });
        assert_eq!(reply, Content::IsCompleteReply(expected), "{code}");
    }
}

/// Completion and inspection come from the engine.
#[test]
fn complete_and_inspect() {
    let mut front_end = FrontEnd::scripted();
    let request = CompleteRequest { code: "é pr".to_string(), cursor_pos: 4 };
    let Content::CompleteReply(reply) = front_end.ask(Channel::Shell, request) else { panic!() };
    assert_eq!((reply.matches, reply.cursor_start, reply.cursor_end), (vec!["print".to_string()], 2, 4));
    let request = InspectRequest { code: "print".to_string(), cursor_pos: 5, detail_level: 0 };
    let Content::InspectReply(reply) = front_end.ask(Channel::Shell, request) else { panic!() };
    assert!(reply.found && plain(&reply.data).as_str().unwrap().contains("stdout"));
    let request = InspectRequest { code: "nothing".to_string(), cursor_pos: 3, detail_level: 0 };
    let Content::InspectReply(reply) = front_end.ask(Channel::Shell, request) else { panic!() };
    assert!(!reply.found && reply.data.is_empty());
}

/// Comms and history are answered, also where there is nothing to tell.
#[test]
fn comms_and_history() {
    let mut front_end = FrontEnd::scripted();
    let Content::CommInfoReply(comms) = front_end.ask(Channel::Shell, CommInfoRequest { target_name: None })
    else {
        panic!()
    };
    assert!(comms.comms.is_empty());
    front_end.run_quietly("", 1);
    let tail = serde_json::json!({"hist_access_type": "tail", "n": 5});
    let request: HistoryRequest = serde_json::from_value(tail).unwrap();
    let Content::HistoryReply(history) = front_end.ask(Channel::Shell, request) else { panic!() };
    assert_eq!(history.history, [serde_json::json!([0, 1, ""])]);
}

/// An interrupt stops the running cell, whose error says so, and is harmless when nothing runs.
#[test]
fn interrupt_running_and_idle() {
    let mut front_end = FrontEnd::scripted();
    let idle = front_end.ask(Channel::Control, InterruptRequest {});
    assert_eq!(idle, Content::InterruptReply(InterruptReply { outcome: Outcome::Ok }));
    let asked = front_end.begin("print before\nsleep\nprint after", 1);
    front_end.expect_stream(&asked, StreamName::Stdout, "before\n");
    front_end.ask(Channel::Control, InterruptRequest {});
    assert_eq!(front_end.expect_error(&asked).ename, "Interrupted");
    front_end.expect_execute_reply(&asked);
    front_end.expect_idle(&asked);
    let next = front_end.begin("sleep", 2);
    let early = front_end.kernel.client.published(Duration::from_millis(100));
    assert_eq!(early, None, "the interrupt was for the cell before");
    front_end.ask(Channel::Control, InterruptRequest {});
    front_end.expect_error(&next);
    front_end.expect_execute_reply(&next);
    front_end.expect_idle(&next);
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

/// The reply to a shutdown arrives although the process exits right after it; so does what was published before.
#[test]
fn shutdown_replies_before_it_exits() {
    for restart in [false, true] {
        let mut front_end = FrontEnd::scripted();
        let running = front_end.begin("print last words\nsleep", 1);
        front_end.expect_stream(&running, StreamName::Stdout, "last words\n");
        let reply = front_end.ask(Channel::Control, ShutdownRequest { restart });
        assert_eq!(reply, Content::ShutdownReply(ShutdownReply { outcome: Outcome::Ok, restart }));
        let status = front_end.kernel.wait(PATIENCE).expect("the process ends");
        assert!(status.success(), "{status}");
    }
}

/// A message with a wrong signature is ignored, as are frames that are no message; the next good request is answered.
#[test]
fn forged_and_broken_messages_are_ignored() {
    let mut front_end = FrontEnd::scripted();
    let forged = ConnectionFile { key: "another key".to_string(), ..front_end.kernel.connection().clone() };
    let mut forger = Client::connect(&forged).unwrap();
    for channel in [Channel::Shell, Channel::Control] {
        forger.request(channel, ExecuteRequest::new("print forged")).unwrap();
        forger.request(channel, ShutdownRequest { restart: false }).unwrap();
        for frames in [vec![""], vec!["<IDS|MSG>"], vec!["a", "<IDS|MSG>", "", "{", "{}", "{}", "{}"]] {
            let frames = frames.into_iter().map(|frame| Bytes::from_static(frame.as_bytes())).collect();
            front_end.kernel.client.send_frames(channel, frames).unwrap();
        }
        front_end.ask(channel, KernelInfoRequest {});
    }
    assert!(forger.reply(Channel::Shell, Duration::ZERO).is_none());
}

/// An engine that panics fails its cell, and the next cell runs.
#[test]
fn a_panic_of_the_engine_fails_its_cell() {
    let mut front_end = FrontEnd::scripted();
    let error = front_end.run_to_error("panic in the engine", 1);
    assert_eq!(error.evalue, "the engine panicked: in the engine");
    front_end.run_quietly("", 2);
}

/// Two clients see everything that is published, and each gets the replies to its own requests only.
#[test]
fn two_clients() {
    let mut front_end = FrontEnd::scripted();
    let mut other = front_end.kernel.another_client().unwrap();
    // Until its subscription has taken effect, the other client sees nothing.
    loop {
        let asked = other.request(Channel::Shell, KernelInfoRequest {}).unwrap();
        assert!(matches!(
            other.reply(Channel::Shell, PATIENCE).unwrap().content,
            Content::KernelInfoReply(_)
        ));
        front_end.expect_busy(&asked);
        front_end.expect_idle(&asked);
        if other.published(Duration::from_millis(200)).is_some() {
            while other.published(Duration::from_millis(50)).is_some() {}
            break;
        }
    }
    let asked = front_end.begin("print to all", 1);
    front_end.expect_stream(&asked, StreamName::Stdout, "to all\n");
    front_end.expect_success(&asked, 1);
    let seen: Vec<String> = (0..4).map(|_| published(&mut other, &asked).msg_type().to_string()).collect();
    assert_eq!(seen, ["status", "execute_input", "stream", "status"]);
    assert!(other.reply(Channel::Shell, Duration::ZERO).is_none());
}

/// A kernel whose sockets cannot be opened says so in one line, with the address and the file, and exits with 1.
#[test]
fn a_port_in_use_is_one_clear_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("connection.json");
    let connection = serde_json::json!({"transport": "tcp", "ip": "127.0.0.1", "key": "k", "shell_port": port,
        "iopub_port": 0, "stdin_port": 0, "control_port": 0, "hb_port": 0, "signature_scheme": "hmac-sha256"});
    std::fs::write(&file, connection.to_string()).unwrap();
    let (code, lines) = run_kernel(&file);
    assert_eq!((code, lines.len()), (Some(1), 1), "{lines:?}");
    assert!(lines[0].contains(&port.to_string()) && lines[0].contains(file.to_str().unwrap()), "{lines:?}");
    assert!(lines[0].contains("; stop the program"), "{lines:?}");
}

/// A broken connection file, and one that is not there, are one line with the path and the remedy, and exit code 1.
#[test]
fn a_broken_connection_file_is_one_clear_line() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("connection.json");
    let missing = run_kernel(&file);
    std::fs::write(&file, "{\"transport\": ").unwrap();
    for (code, lines) in [missing, run_kernel(&file)] {
        assert_eq!((code, lines.len()), (Some(1), 1), "{lines:?}");
        assert!(lines[0].starts_with("netsplit: ") && lines[0].contains(file.to_str().unwrap()), "{lines:?}");
    }
}

/// Over TCP too, as Jupyter starts kernels: a handshake, a cell, and a shutdown whose reply arrives.
#[test]
fn over_tcp() {
    // Ports that were free a moment ago may be taken by the time the kernel opens them; another try then finds others.
    let mut kernel = (0..5).find_map(|_| start_on_tcp().ok()).expect("free ports can be found");
    let asked = kernel.client.request(Channel::Control, ShutdownRequest { restart: false }).unwrap();
    let reply = kernel.client.reply(Channel::Control, PATIENCE).expect("the reply arrives");
    assert_eq!(reply.parent, Some(asked));
    assert!(kernel.wait(PATIENCE).unwrap().success());
}

fn start_on_tcp() -> Result<KernelProcess, StartError> {
    let scripted = [("NETSPLIT_ENGINE", "scripted".into())];
    KernelProcess::start_on_tcp(env!("CARGO_BIN_EXE_netsplit"), scripted)
}

fn run_kernel(file: &std::path::Path) -> (Option<i32>, Vec<String>) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_netsplit"));
    let output = command.arg("kernel").arg(file).env("NETSPLIT_ENGINE", "scripted").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), text.lines().map(str::to_string).collect())
}

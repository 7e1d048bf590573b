//! How a kernel starts, and says so where it cannot.

use front_end::{FrontEnd, PATIENCE, plain};
use netsplit_kernel::client::{KernelProcess, StartError};
use netsplit_kernel::session::Channel;
use netsplit_kernel::wire::*;

use super::front_end;

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

/// Questions about code do not wait for the cell that runs.
#[test]
fn questions_are_answered_while_a_cell_runs() {
    let mut front_end = FrontEnd::scripted();
    let asked = front_end.begin("sleep", 1);
    for _ in 0..3 {
        let request = CompleteRequest { code: "pri".to_string(), cursor_pos: 3 };
        let Content::CompleteReply(reply) = front_end.ask(Channel::Shell, request) else { panic!() };
        assert_eq!(reply.matches, ["print"]);
        let request = InspectRequest { code: "print".to_string(), cursor_pos: 5, detail_level: 0 };
        let Content::InspectReply(reply) = front_end.ask(Channel::Shell, request) else { panic!() };
        assert!(reply.found);
    }
    front_end.ask(Channel::Control, InterruptRequest {});
    let error = front_end.expect_error(&asked);
    assert_eq!(front_end.expect_execute_reply(&asked).outcome, Outcome::Error(error));
    front_end.expect_idle(&asked);
}

//! How a kernel ends, and what is left of it: nothing.

use std::path::Path;
use std::time::Duration;

use front_end::{FrontEnd, PATIENCE};
use netsplit_kernel::client::KernelProcess;
use netsplit_kernel::session::Channel;
use netsplit_kernel::wire::*;
use rustix::process::{Pid, Signal, kill_process};

use super::front_end;
use super::raw_peer::RawPeer;

/// An interrupt stops the running cell, whose error says so, and is harmless when nothing runs.
#[test]
fn interrupt_running_and_idle() {
    let mut front_end = FrontEnd::scripted();
    let idle = front_end.ask(Channel::Control, InterruptRequest {});
    assert_eq!(idle, Content::InterruptReply(InterruptReply { outcome: Outcome::Ok }));
    let asked = front_end.begin("print before\nsleep\nprint after", 1);
    front_end.expect_stream(&asked, StreamName::Stdout, "before\n");
    front_end.ask(Channel::Control, InterruptRequest {});
    assert_eq!(front_end.expect_failure(&asked).ename, "Interrupted");
    let next = front_end.begin("sleep", 2);
    let early = front_end.kernel.client.published(Duration::from_millis(100));
    assert_eq!(early, None, "the interrupt was for the cell before");
    front_end.ask(Channel::Control, InterruptRequest {});
    front_end.expect_failure(&next);
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

/// A shutdown that comes on shell is answered there, after the cells before it; it is the last thing that is answered.
#[test]
fn shutdown_on_shell() {
    let mut front_end = FrontEnd::scripted();
    let cell = front_end.send_cell("print first");
    let asked = front_end.request(Channel::Shell, ShutdownRequest { restart: false });
    front_end.send_cell("print never");
    front_end.expect_busy(&cell);
    front_end.expect_input(&cell, "print first", 1);
    front_end.expect_stream(&cell, StreamName::Stdout, "first\n");
    front_end.expect_success(&cell, 1);
    front_end.expect_busy(&asked);
    assert!(matches!(front_end.reply(Channel::Shell, &asked), Content::ShutdownReply(_)));
    front_end.expect_idle(&asked);
    assert!(front_end.kernel.wait(PATIENCE).expect("the process ends").success());
}

/// Twenty kernels in a row, over TCP as Jupyter starts them: no last reply is lost, whatever else is under way.
#[test]
fn no_last_reply_is_lost() {
    for round in 0..20 {
        let mut kernel = on_tcp();
        let shell = kernel.client.request(Channel::Shell, ExecuteRequest::new("flood 5000")).unwrap();
        if round % 2 == 0 {
            // Unread requests in a socket that is closed make TCP take back what was sent last.
            for _ in 0..50 {
                kernel.client.request(Channel::Shell, ExecuteRequest::new("print more")).unwrap();
            }
        }
        let asked =
            kernel.client.request(Channel::Control, ShutdownRequest { restart: round % 3 == 0 }).unwrap();
        let reply = kernel.client.reply(Channel::Control, PATIENCE);
        assert_eq!(reply.expect("the reply arrives").parent, Some(asked.clone()), "round {round}");
        assert!(kernel.wait(PATIENCE).expect("the process ends").success());
        // The idle of the shutdown is the last thing on iopub, and it is not lost either.
        let mut last = None;
        while let Some(message) = kernel.client.published(Duration::from_millis(200)) {
            assert!(message.parent.as_ref().is_none_or(|it| *it == shell
                || *it == asked
                || it.msg_type == "execute_request"
                || it.msg_type == "kernel_info_request"));
            last = Some(message);
        }
        let last = last.expect("something was published");
        assert_eq!(last.content, Status { execution_state: ExecutionState::Idle }.into());
        assert_eq!(last.parent, Some(asked), "round {round}");
    }
}

/// A client that does not read does not keep the kernel from ending.
#[test]
fn nobody_keeps_a_kernel_from_ending() {
    let mut front_end = FrontEnd::scripted();
    let connection = front_end.kernel.connection().clone();
    let mut stalled = RawPeer::subscriber(&connection);
    stalled.send(&[b"\x01"]);
    front_end::expect_welcome(&mut front_end.kernel.client);
    let _silent = RawPeer::silent(&connection, Port::Shell);
    let asked = front_end.begin("flood 100000", 1);
    let mut bytes = 0;
    while bytes < 10_000_000 {
        let Content::Stream(stream) = front_end.published(&asked) else { panic!("{bytes} bytes") };
        bytes += stream.text.len();
    }
    front_end.expect_success(&asked, 1);
    front_end.ask(Channel::Control, ShutdownRequest { restart: false });
    assert!(front_end.kernel.wait(PATIENCE).expect("the process ends").success());
}

/// However a kernel is asked to end, the processes that its cells have started end with it, also one whose parent is gone
/// and which has a session of its own.
#[test]
fn children_end_with_the_kernel() {
    for how in ["shutdown", "restart", "SIGTERM"] {
        let mut front_end = FrontEnd::scripted();
        let asked = front_end.begin("children", 1);
        let Content::Stream(said) = front_end.published(&asked) else { panic!("the ids") };
        front_end.expect_success(&asked, 1);
        let children: Vec<&str> = said.text.split_whitespace().collect();
        assert_eq!(children.len(), 2, "{}", said.text);
        assert!(children.iter().all(|child| is_running(child)), "{}", said.text);
        match how {
            "SIGTERM" => signal(&mut front_end, Signal::TERM),
            how => drop(front_end.ask(Channel::Control, ShutdownRequest { restart: how == "restart" })),
        }
        assert!(front_end.kernel.wait(PATIENCE).expect("the process ends").success(), "{how}");
        assert!(!children.iter().any(|child| is_running(child)), "{how}");
    }
}

/// A signal interrupts the running cell as the message does, and does nothing to an idle kernel.
#[test]
fn interrupt_by_signal() {
    let mut front_end = FrontEnd::scripted();
    signal(&mut front_end, Signal::INT);
    front_end.run_quietly("", 1);
    let asked = front_end.begin("sleep", 2);
    signal(&mut front_end, Signal::INT);
    assert_eq!(front_end.expect_failure(&asked).ename, "Interrupted");
    front_end.run_quietly("", 3);
}

/// A kernel in a new process after a restart begins to count anew.
#[test]
fn restart() {
    let mut front_end = FrontEnd::scripted();
    front_end.run_quietly("", 1);
    front_end.ask(Channel::Control, ShutdownRequest { restart: true });
    assert!(front_end.kernel.wait(PATIENCE).expect("the process ends").success());
    let socket = front_end.kernel.connection().endpoint(Port::Shell);
    assert!(!Path::new(socket.trim_start_matches("ipc://")).exists(), "its sockets are gone");
    FrontEnd::scripted().run_quietly("", 1);
}

fn on_tcp() -> KernelProcess {
    let environment = [("NETSPLIT_ENGINE", "scripted".into()), ("NETSPLIT_HISTORY", "".into())];
    let start = || KernelProcess::start_on_tcp(env!("CARGO_BIN_EXE_netsplit"), environment.clone()).ok();
    // Ports that were free a moment ago may be taken by the time the kernel opens them; another try then finds others.
    (0..5).find_map(|_| start()).expect("free ports can be found")
}

fn signal(front_end: &mut FrontEnd, signal: Signal) {
    let pid = Pid::from_raw(front_end.kernel.id() as i32).expect("a process has an id");
    kill_process(pid, signal).expect("the process is there");
}

/// Whether there is such a process that has not ended: one that nobody has waited for yet has ended.
fn is_running(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

//! Cells that ask the user.

use std::time::Duration;

use bytes::Bytes;
use front_end::{FrontEnd, PATIENCE};
use netsplit_kernel::session::Channel;
use netsplit_kernel::wire::*;

use super::front_end;
use super::raw_peer::RawPeer;

fn begin(front_end: &mut FrontEnd, code: &str, number: u32) -> Header {
    let request = ExecuteRequest { allow_stdin: true, ..ExecuteRequest::new(code) };
    let asked = front_end.request(Channel::Shell, request);
    front_end.expect_busy(&asked);
    front_end.expect_input(&asked, code, number);
    asked
}

/// A cell asks, waits, and goes on with the answer: once for a text, once for a password.
#[test]
fn a_prompt_and_a_password() {
    let mut front_end = FrontEnd::scripted();
    let asked = begin(&mut front_end, "input Your name?\npassword Your secret?", 1);
    for (prompt, password, answer) in [("Your name?", false, "Änn"), ("Your secret?", true, "")] {
        let question = front_end.expect_question(&asked);
        assert_eq!(question.content, InputRequest { prompt: prompt.to_string(), password }.into());
        // The kernel answers others while it waits.
        front_end.ask(Channel::Control, KernelInfoRequest {});
        front_end.answer(&question, answer);
        front_end.expect_stream(&asked, StreamName::Stdout, &format!("{answer}\n"));
    }
    front_end.expect_success(&asked, 1);
}

/// Where the front end cannot ask, the cell fails at once and its error says why.
#[test]
fn a_front_end_that_cannot_ask() {
    let mut front_end = FrontEnd::scripted();
    let error = front_end.run_to_error("input Your name?", 1);
    assert_eq!(error.ename, "InputError");
    assert!(error.evalue.contains("allow_stdin is false") && error.evalue.contains("; run the cell in"));
    assert!(front_end.kernel.client.reply(Channel::Stdin, Duration::from_millis(50)).is_none());
}

/// An interrupt ends a cell that waits for an answer; an answer that comes too late is not taken for the next one.
#[test]
fn an_interrupt_while_waiting() {
    let mut front_end = FrontEnd::scripted();
    let asked = begin(&mut front_end, "input Your name?", 1);
    let question = front_end.expect_question(&asked);
    front_end.ask(Channel::Control, InterruptRequest {});
    assert_eq!(front_end.expect_failure(&asked).ename, "Interrupted");
    front_end.answer(&question, "too late");
    let asked = begin(&mut front_end, "input Your name?", 2);
    let question = front_end.expect_question(&asked);
    front_end.answer(&question, "in time");
    front_end.expect_stream(&asked, StreamName::Stdout, "in time\n");
    front_end.expect_success(&asked, 2);
}

/// The question goes to the client that runs the cell and to nobody else, and nobody else can answer it.
#[test]
fn another_client_is_not_asked() {
    let mut front_end = FrontEnd::scripted();
    let mut other = front_end.another_client();
    let asked = begin(&mut front_end, "input Your name?", 1);
    let question = front_end.expect_question(&asked);
    let forged = InputReply { value: "forged".to_string() };
    let forged = Message { parent: Some(question.header.clone()), ..other.message(forged) };
    other.send(Channel::Stdin, &forged).unwrap();
    assert!(other.reply(Channel::Stdin, Duration::from_millis(100)).is_none());
    front_end.answer(&question, "mine");
    front_end.expect_stream(&asked, StreamName::Stdout, "mine\n");
    front_end.expect_success(&asked, 1);
}

/// A client that goes away instead of answering, and one that cannot be asked at all, leave no cell waiting for ever.
#[test]
fn clients_that_are_not_there() {
    let mut front_end = FrontEnd::scripted();
    let mut other = front_end.another_client();
    let request = ExecuteRequest { allow_stdin: true, ..ExecuteRequest::new("input Your name?") };
    let its = other.request(Channel::Shell, request.clone()).unwrap();
    front_end.expect_busy(&its);
    front_end.expect_input(&its, "input Your name?", 1);
    assert!(other.reply(Channel::Stdin, PATIENCE).is_some());
    drop(other);
    let error = front_end.expect_error(&its);
    assert!(error.evalue.contains("not connected any more"), "{error:?}");
    front_end.expect_idle(&its);
    let connection = front_end.kernel.connection().clone();
    let mut deaf = RawPeer::dealer(&connection, Port::Shell, "deaf");
    let request = front_end.kernel.client.message(request);
    let frames = request.encode(&connection.key());
    deaf.send(&frames.iter().map(Bytes::as_ref).collect::<Vec<_>>());
    front_end.expect_busy(&request.header);
    front_end.expect_input(&request.header, "input Your name?", 2);
    assert_eq!(front_end.expect_error(&request.header), error);
    front_end.expect_idle(&request.header);
    front_end.run_quietly("", 3);
}

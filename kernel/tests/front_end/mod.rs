//! A fake front end over real ZeroMQ sockets, which fails on everything that nobody asserted.
//!
//! Each `expect_..` takes the next message of its socket and compares it; [`FrontEnd::expect_idle`] fails if there is
//! any output before it, and a front end that goes away with messages unread fails too. (The idea is that of ark's
//! `dummy_frontend`.)

#![allow(dead_code, reason = "each test binary uses its part of this")]

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use netsplit_kernel::client::{Client, KernelProcess};
use netsplit_kernel::session::Channel;
use netsplit_kernel::wire::*;
use serde_json::Value;

/// A kernel that is slower than this is broken. Cells of the real engine compile, on a machine that others use too.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// How long a front end that goes away waits for messages that should not come.
const QUIET: Duration = Duration::from_millis(50);

pub struct FrontEnd {
    pub kernel: KernelProcess,
}

impl FrontEnd {
    /// A kernel that plays scripts.
    pub fn scripted() -> Self {
        Self::start([("NETSPLIT_ENGINE", "scripted".into())])
    }

    /// A kernel with this environment.
    pub fn start<const N: usize>(environment: [(&'static str, OsString); N]) -> Self {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_netsplit"));
        // What tests run is nothing that their user wants to find in a history; a test of histories names its own file.
        let environment = [("NETSPLIT_HISTORY", OsString::new())].into_iter().chain(environment);
        let kernel = KernelProcess::start(program, environment, None).expect("the kernel starts");
        Self::of(kernel)
    }

    /// A kernel that has just been started.
    pub fn of(kernel: KernelProcess) -> Self {
        let mut front_end = Self { kernel };
        // The handshake may have asked more than once; what was answered late belongs to it.
        while front_end.kernel.client.published(QUIET).is_some() {}
        while front_end.kernel.client.reply(Channel::Shell, Duration::ZERO).is_some() {}
        front_end
    }

    /// One more client of the same kernel. Both see its welcome.
    pub fn another_client(&mut self) -> Client {
        let mut other = self.kernel.another_client().expect("the kernel takes another client");
        expect_welcome(&mut other);
        expect_welcome(&mut self.kernel.client);
        other
    }

    pub fn request(&mut self, channel: Channel, content: impl Into<Content>) -> Header {
        self.kernel.client.request(channel, content).expect("the request can be sent")
    }

    /// Sends a cell and expects its `busy` and its `execute_input`.
    pub fn begin(&mut self, code: &str, number: u32) -> Header {
        let asked = self.send_cell(code);
        self.expect_busy(&asked);
        self.expect_input(&asked, code, number);
        asked
    }

    pub fn send_cell(&mut self, code: &str) -> Header {
        self.request(Channel::Shell, ExecuteRequest::new(code))
    }

    /// Runs a cell that puts out nothing and succeeds.
    pub fn run_quietly(&mut self, code: &str, number: u32) {
        let asked = self.begin(code, number);
        self.expect_success(&asked, number);
    }

    /// Runs a cell whose only output is this result.
    pub fn run_to_result(&mut self, code: &str, number: u32, result: &str) {
        let asked = self.begin(code, number);
        assert_eq!(self.expect_result(&asked, number), result, "the result of {code}");
        self.expect_success(&asked, number);
    }

    /// Runs a cell that fails, and returns what its error says; the reply must say the same.
    pub fn run_to_error(&mut self, code: &str, number: u32) -> ErrorOutput {
        let asked = self.begin(code, number);
        self.expect_failure(&asked)
    }

    /// The cell fails: its error, its reply that says the same, its idle.
    pub fn expect_failure(&mut self, asked: &Header) -> ErrorOutput {
        let error = self.expect_error(asked);
        let reply = self.expect_execute_reply(asked);
        assert_eq!(reply.outcome, Outcome::Error(error.clone()), "the reply says what the error says");
        self.expect_idle(asked);
        error
    }

    pub fn expect_success(&mut self, asked: &Header, number: u32) {
        let reply = self.expect_execute_reply(asked);
        assert_eq!((reply.outcome, reply.execution_count), (Outcome::Ok, number));
        self.expect_idle(asked);
    }

    pub fn expect_busy(&mut self, asked: &Header) {
        self.expect_status(asked, ExecutionState::Busy);
    }

    /// The next thing published is `idle`: any output before it that nobody asserted makes this fail.
    pub fn expect_idle(&mut self, asked: &Header) {
        self.expect_status(asked, ExecutionState::Idle);
    }

    fn expect_status(&mut self, asked: &Header, execution_state: ExecutionState) {
        let content = self.published(asked);
        assert_eq!(content, Content::Status(Status { execution_state }), "after {}", asked.msg_type);
    }

    pub fn expect_input(&mut self, asked: &Header, code: &str, execution_count: u32) {
        let expected = ExecuteInput { code: code.to_string(), execution_count };
        assert_eq!(self.published(asked), Content::ExecuteInput(expected));
    }

    /// This text on this stream, in however many messages.
    pub fn expect_stream(&mut self, asked: &Header, name: StreamName, text: &str) {
        let mut so_far = String::new();
        while so_far.len() < text.len() {
            match self.published(asked) {
                Content::Stream(stream) if stream.name == name => so_far.push_str(&stream.text),
                other => panic!("expected {text:?} on {name:?}, had {so_far:?}, then came {other:?}"),
            }
        }
        assert_eq!(so_far, text);
    }

    pub fn expect_display(&mut self, asked: &Header) -> MimeBundle {
        match self.published(asked) {
            Content::DisplayData(display) => display.data,
            other => panic!("expected display_data, got {other:?}"),
        }
    }

    /// The next display as a whole, with what is not stored in a notebook.
    pub fn expect_display_data(&mut self, asked: &Header) -> DisplayData {
        match self.published(asked) {
            Content::DisplayData(display) => display,
            other => panic!("expected display_data, got {other:?}"),
        }
    }

    /// The next question on stdin, which must belong to this request.
    pub fn expect_question(&mut self, asked: &Header) -> Message {
        let question = self.kernel.client.reply(Channel::Stdin, PATIENCE).expect("the cell asks");
        assert_eq!(
            question.parent.as_ref(),
            Some(asked),
            "{:?} belongs to another request",
            question.content
        );
        question
    }

    /// Answers a question.
    pub fn answer(&mut self, question: &Message, value: &str) {
        let content = InputReply { value: value.to_string() };
        let parent = Some(question.header.clone());
        let reply = Message { parent, ..self.kernel.client.message(content) };
        self.kernel.client.send(Channel::Stdin, &reply).expect("the answer can be sent");
    }

    /// The plain text of the result.
    pub fn expect_result(&mut self, asked: &Header, number: u32) -> String {
        match self.published(asked) {
            Content::ExecuteResult(result) if result.execution_count == number => {
                result.data["text/plain"].as_str().expect("a result has plain text").to_string()
            }
            other => panic!("expected the result of cell {number}, got {other:?}"),
        }
    }

    pub fn expect_error(&mut self, asked: &Header) -> ErrorOutput {
        match self.published(asked) {
            Content::ErrorOutput(error) => error,
            other => panic!("expected an error, got {other:?}"),
        }
    }

    pub fn expect_execute_reply(&mut self, asked: &Header) -> ExecuteReply {
        match self.reply(Channel::Shell, asked) {
            Content::ExecuteReply(reply) => reply,
            other => panic!("expected an execute_reply, got {other:?}"),
        }
    }

    /// The next published message, which must belong to this request.
    pub fn expect_message(&mut self, asked: &Header) -> Message {
        let message = self.kernel.client.published(PATIENCE);
        let message = message.unwrap_or_else(|| panic!("nothing published for {}", asked.msg_type));
        assert_eq!(message.parent.as_ref(), Some(asked), "{:?} belongs to another request", message.content);
        message
    }

    /// The next published content, which must belong to this request.
    pub fn published(&mut self, asked: &Header) -> Content {
        published(&mut self.kernel.client, asked)
    }

    /// The next reply, which must belong to this request.
    pub fn reply(&mut self, channel: Channel, asked: &Header) -> Content {
        let message = self.kernel.client.reply(channel, PATIENCE);
        let message = message.unwrap_or_else(|| panic!("no reply to {} on {channel:?}", asked.msg_type));
        assert_eq!(message.parent.as_ref(), Some(asked), "{:?} belongs to another request", message.content);
        message.content
    }

    /// Sends a request that the kernel answers without its engine, and returns the reply: busy, reply, idle.
    pub fn ask(&mut self, channel: Channel, content: impl Into<Content>) -> Content {
        let asked = self.request(channel, content);
        self.expect_busy(&asked);
        let reply = self.reply(channel, &asked);
        self.expect_idle(&asked);
        reply
    }
}

impl Drop for FrontEnd {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let unread: Vec<Content> = [
            self.kernel.client.published(QUIET),
            self.kernel.client.reply(Channel::Shell, Duration::ZERO),
            self.kernel.client.reply(Channel::Control, Duration::ZERO),
            self.kernel.client.reply(Channel::Stdin, Duration::ZERO),
        ]
        .into_iter()
        .flatten()
        .map(|message| message.content)
        .collect();
        assert!(unread.is_empty(), "nobody asserted {unread:?}");
    }
}

/// Takes everything that waits, without a look at it.
pub fn forget_everything(client: &mut Client) {
    while client.published(QUIET).is_some() {}
}

/// The next thing that this client sees is the welcome of a subscription to everything.
pub fn expect_welcome(client: &mut Client) {
    expect_welcome_to(client, "");
}

/// The next thing that this client sees is the welcome of a subscription to topics that begin so.
pub fn expect_welcome_to(client: &mut Client, subscription: &str) {
    let welcome = client.published(PATIENCE).expect("a subscription is welcomed");
    assert_eq!(welcome.content, IopubWelcome { subscription: subscription.to_string() }.into());
    assert_eq!((welcome.parent, welcome.identities), (None, vec![Bytes::from(subscription.to_string())]));
}

/// How many bytes of memory a process has in use.
pub fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process is there");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has a size");
    line.trim().trim_end_matches("kB").trim().parse::<u64>().expect("a number of kilobytes") * 1024
}

/// The next content that this client sees published, which must belong to this request.
pub fn published(client: &mut Client, asked: &Header) -> Content {
    let message =
        client.published(PATIENCE).unwrap_or_else(|| panic!("nothing published for {}", asked.msg_type));
    assert_eq!(message.parent.as_ref(), Some(asked), "{:?} belongs to another request", message.content);
    message.content
}

/// The JSON of plain text.
pub fn plain(bundle: &MimeBundle) -> &Value {
    &bundle["text/plain"]
}

//! Whole conversations as transcripts: what is asked, and every message and command that comes of it.
//!
//! One line per action: `shell` and `control` are replies, `iopub` is what all clients see, `engine` is what the engine
//! is told. `<- q1` names the request that is the message's parent.

mod cells;
mod comms;
mod input;
mod panics;
mod requests;

use serde_json::{Value, json};

use super::*;
use crate::engine::{Completion, Completions, Output};

struct Conversation {
    session: Session,
    requests: usize,
}

impl Conversation {
    fn new() -> Self {
        Self::with_stamps(|_| {})
    }

    /// A conversation in which `check` sees the number of each message of the kernel before it is made.
    fn with_stamps(check: impl Fn(u32) + Send + 'static) -> Self {
        let mut stamps = 0;
        let next = move || {
            stamps += 1;
            check(stamps);
            Stamp { id: format!("m{stamps}"), date: "2026-01-02T03:04:05Z".to_string() }
        };
        Self { session: Session::new("s1".to_string(), "1.95.0".to_string(), Box::new(next)), requests: 0 }
    }

    fn request(&mut self, msg_type: &str, content: Value) -> Message {
        self.requests += 1;
        let header =
            json!({"msg_id": format!("q{}", self.requests), "msg_type": msg_type, "session": "client"});
        let frames =
            [&json!("ignored"), &header, &json!({}), &json!({}), &content].map(|it| it.to_string().into());
        let mut frames = frames.to_vec();
        frames[0] = bytes::Bytes::from_static(DELIMITER);
        frames.insert(1, bytes::Bytes::new());
        frames.insert(0, bytes::Bytes::from_static(b"client"));
        Message::decode(&frames, &Key::new("")).expect("the test's message is well formed")
    }

    fn shell(&mut self, msg_type: &str, content: Value) -> Vec<String> {
        let request = self.request(msg_type, content);
        transcript(self.session.handle(Input::Request(Channel::Shell, request)))
    }

    fn control(&mut self, msg_type: &str, content: Value) -> Vec<String> {
        let request = self.request(msg_type, content);
        transcript(self.session.handle(Input::Request(Channel::Control, request)))
    }

    /// An answer to the message with this identifier, from this client.
    fn stdin(&mut self, client: &'static str, question: Option<&str>, content: Value) -> Vec<String> {
        let mut reply = self.request("input_reply", content);
        reply.identities = vec![Bytes::from_static(client.as_bytes())];
        reply.parent = question.map(|id| Header { msg_id: id.to_string(), ..reply.header.clone() });
        transcript(self.session.handle(Input::Request(Channel::Stdin, reply)))
    }

    fn output(&mut self, output: Output) -> Vec<String> {
        self.engine(Event::Output(output))
    }

    fn engine(&mut self, event: Event) -> Vec<String> {
        transcript(self.session.handle(Input::Engine(event)))
    }

    fn cell(&mut self, code: &str) -> Vec<String> {
        self.shell("execute_request", json!({"code": code}))
    }
}

fn transcript(actions: Vec<Action>) -> Vec<String> {
    actions.iter().map(line).collect()
}

fn line(action: &Action) -> String {
    match action {
        Action::Reply(channel, message) => {
            let client = [Bytes::from_static(b"client")];
            assert_eq!(message.identities, client, "replies go back to who asked");
            let channel = format!("{channel:?}").to_lowercase();
            format!("{channel} {}", said(message))
        }
        Action::Publish(message) => format!("iopub {}", said(message)),
        Action::Engine(command) => format!("engine {}", told(command)),
        Action::Remember(entry) => format!("remember cell[{}] {:?}", entry.number, entry.code),
        Action::Exit => "exit".to_string(),
        Action::Log(note) => format!("log {note}"),
    }
}

fn said(message: &Message) -> String {
    let text = message.content.write();
    let parent = message.parent.as_ref().map_or("-", |parent| &parent.msg_id);
    let buffers: String = message.buffers.iter().map(|buffer| format!(" + {buffer:?}")).collect();
    format!("{} {text}{buffers} <- {parent}", message.header.msg_type)
}

fn told(command: &Command) -> String {
    match command {
        Command::Execute(cell) => format!("execute cell[{}] {:?}", cell.number, cell.code),
        Command::Evaluate(cell) => format!("evaluate cell[{}] {:?}", cell.number, cell.code),
        Command::Complete { code, cursor } => format!("complete {code:?} at {cursor}"),
        Command::Inspect { code, cursor, detail } => format!("inspect {code:?} at {cursor}, {detail:?}"),
        Command::Comm(said) => {
            format!("comm {} {:?} {} + {:?}", said.comm_id, said.kind, said.data, said.buffers)
        }
        Command::Answer(answer) => format!("answer {answer:?}"),
        Command::Interrupt => "interrupt".to_string(),
    }
}

fn busy(request: &str) -> String {
    format!("iopub status {{\"execution_state\":\"busy\"}} <- {request}")
}

fn idle(request: &str) -> String {
    format!("iopub status {{\"execution_state\":\"idle\"}} <- {request}")
}

fn executed(request: &str, number: u32) -> String {
    format!(
        "shell execute_reply {{\"status\":\"ok\",\"execution_count\":{number},\"user_expressions\":{{}},\"payload\":[]}} <- {request}"
    )
}

fn error() -> ErrorOutput {
    ErrorOutput { ename: "E".into(), evalue: "v".into(), traceback: vec!["t".into()] }
}

fn text(text: &str) -> MimeBundle {
    MimeBundle::from_iter([("text/plain".to_string(), json!(text))])
}

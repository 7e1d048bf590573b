//! The Jupyter conversation as a state machine: a request or an engine's event goes in, messages and commands come out.
//!
//! There is no socket, thread, clock or random number in here; identifiers and dates are injected ([`Stamps`]). So a
//! whole conversation can be written down as data, which is how it is tested.
//!
//! - Shell requests are answered one after another, in the order in which they came; those that the engine must answer
//!   keep the others waiting in a queue. Control requests are answered at once.
//! - Around every request stand `busy` and `idle`, with that request as their parent. What a cell puts out comes between.
//! - When a cell fails, the execute requests in the queue are aborted, unless the cell's request says otherwise. Requests
//!   that are still on their way are not in the queue: whoever owns the sockets hands over what has arrived first.
//!
//! Source: "Messaging in Jupyter", jupyter-client.readthedocs.io.

mod history;
mod kernel_info;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use serde_json::{Map, json};

use crate::engine::{Cell, Command, Completions, Event, Output};
use crate::source;
use crate::wire::*;
use history::History;

/// Which socket a request came in on, and its reply goes out on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Requests that wait for each other.
    Shell,
    /// Requests that wait for nothing.
    Control,
}

/// What happens to a session.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "inputs are handed over one at a time and never stored")]
pub enum Input {
    /// A client asks for something.
    Request(Channel, Message),
    /// The engine has something to say.
    Engine(Event),
    /// The user interrupts by other means than a message.
    Interrupt,
}

/// What a session wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Send this to the client that asked.
    Reply(Channel, Message),
    /// Send this to all clients.
    Publish(Message),
    /// Tell the engine.
    Engine(Command),
    /// End the process once everything before this has been delivered.
    Exit,
    /// Note for whoever looks after the kernel.
    Log(String),
}

/// What a header needs from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// A new identifier.
    pub id: String,
    /// The time, in ISO 8601.
    pub date: String,
}

/// Makes a new stamp each time.
pub type Stamps = Box<dyn FnMut() -> Stamp + Send>;

/// One kernel's conversation with all its clients.
pub struct Session {
    id: String,
    language_version: String,
    stamps: Stamps,
    /// The number of the last cell that counted; cells count from 1.
    count: u32,
    /// Shell requests that wait. Invariant: empty unless the engine is at work on `current`.
    queue: VecDeque<Waiting>,
    current: Option<Current>,
    /// The request of the cell that ran last: the parent of output that comes late.
    last_cell: Option<Header>,
    history: History,
    ended: bool,
    actions: Vec<Action>,
}

struct Waiting {
    request: Message,
    aborted: bool,
}

/// The shell request that the engine is working on.
struct Current {
    request: Message,
    task: Task,
}

enum Task {
    Execute { request: ExecuteRequest, number: u32 },
    Complete { code: String },
    Inspect,
}

impl Session {
    /// A session that has not said anything yet. The identifier is unique to this run of the kernel.
    pub fn new(id: String, language_version: String, stamps: Stamps) -> Self {
        Self {
            id,
            language_version,
            stamps,
            count: 0,
            queue: VecDeque::new(),
            current: None,
            last_cell: None,
            history: History::default(),
            ended: false,
            actions: Vec::new(),
        }
    }

    /// What is to be done before anything happens.
    pub fn start(&mut self) -> Vec<Action> {
        self.publish(None, Status { execution_state: ExecutionState::Starting });
        std::mem::take(&mut self.actions)
    }

    /// What is to be done about this, in this order.
    pub fn handle(&mut self, input: Input) -> Vec<Action> {
        if !self.ended {
            match input {
                Input::Request(Channel::Control, request) => self.answer(Channel::Control, request),
                Input::Request(Channel::Shell, request) => {
                    self.queue.push_back(Waiting { request, aborted: false });
                    self.work_off_queue();
                }
                Input::Engine(event) => self.hear(event),
                Input::Interrupt => self.interrupt(),
            }
        }
        std::mem::take(&mut self.actions)
    }

    fn work_off_queue(&mut self) {
        while self.current.is_none() && !self.ended {
            match self.queue.pop_front() {
                Some(Waiting { request, aborted: true }) => self.abort(request),
                Some(Waiting { request, aborted: false }) => self.answer(Channel::Shell, request),
                None => return,
            }
        }
    }

    /// Answers the request, or hands it to the engine, which makes it the current one.
    fn answer(&mut self, channel: Channel, request: Message) {
        if let Content::Unknown { msg_type, .. } = &request.content {
            let note =
                format!("expected a request of the protocol on {channel:?}, found {msg_type:?}; ignored");
            return self.actions.push(Action::Log(note));
        }
        self.status(&request, ExecutionState::Busy);
        match request.content.clone() {
            Content::KernelInfoRequest(_) => {
                let info = kernel_info::reply(&self.language_version);
                self.reply(channel, &request, info);
            }
            Content::ExecuteRequest(execute) if channel == Channel::Shell => {
                return self.execute(request, execute);
            }
            Content::CompleteRequest(complete) if channel == Channel::Shell => {
                return self.complete(request, complete);
            }
            Content::InspectRequest(inspect) if channel == Channel::Shell => {
                return self.inspect(request, inspect);
            }
            Content::IsCompleteRequest(asked) => {
                self.reply(channel, &request, source::completeness(&asked.code))
            }
            Content::HistoryRequest(asked) => {
                let history = self.history.answer(&asked);
                self.reply(channel, &request, HistoryReply { outcome: Outcome::Ok, history });
            }
            Content::CommInfoRequest(_) => {
                self.reply(channel, &request, CommInfoReply { outcome: Outcome::Ok, comms: Map::new() });
            }
            // Nobody here answers to any target, and the protocol's way to say so is to close the comm.
            Content::CommOpen(comm) => {
                self.publish(Some(&request), CommClose { comm_id: comm.comm_id, data: json!({}) });
            }
            Content::CommMsg(_) | Content::CommClose(_) => {}
            Content::InterruptRequest(_) => {
                self.interrupt();
                self.reply(channel, &request, InterruptReply { outcome: Outcome::Ok });
            }
            Content::ShutdownRequest(asked) => {
                self.reply(channel, &request, ShutdownReply { outcome: Outcome::Ok, restart: asked.restart });
                self.ended = true;
            }
            Content::Malformed { msg_type, reason } => self.refuse(channel, &request, &msg_type, &reason),
            other => {
                self.refuse(channel, &request, other.msg_type(), &format!("not a request for {channel:?}"))
            }
        }
        self.status(&request, ExecutionState::Idle);
        if self.ended {
            self.actions.push(Action::Exit);
        }
    }

    fn execute(&mut self, request: Message, execute: ExecuteRequest) {
        let number = self.count + 1;
        if !execute.silent {
            self.publish(
                Some(&request),
                ExecuteInput { code: execute.code.clone(), execution_count: number },
            );
            if execute.store_history {
                self.count = number;
                self.history.push(number, &execute.code);
            }
        }
        self.actions.push(Action::Engine(Command::Execute(Cell { code: execute.code.clone(), number })));
        self.last_cell = Some(request.header.clone());
        self.current = Some(Current { request, task: Task::Execute { request: execute, number } });
    }

    fn complete(&mut self, request: Message, CompleteRequest { code, cursor_pos }: CompleteRequest) {
        let cursor = byte_offset(&code, cursor_pos);
        self.actions.push(Action::Engine(Command::Complete { code: code.clone(), cursor }));
        self.current = Some(Current { request, task: Task::Complete { code } });
    }

    fn inspect(&mut self, request: Message, InspectRequest { code, cursor_pos, .. }: InspectRequest) {
        let cursor = byte_offset(&code, cursor_pos);
        self.actions.push(Action::Engine(Command::Inspect { code, cursor }));
        self.current = Some(Current { request, task: Task::Inspect });
    }

    fn interrupt(&mut self) {
        if matches!(self.current, Some(Current { task: Task::Execute { .. }, .. })) {
            self.actions.push(Action::Engine(Command::Interrupt));
        }
    }

    fn hear(&mut self, event: Event) {
        if let Event::Output(output) = event {
            return self.put_out(output);
        }
        let Some(Current { request, task }) = self.current.take() else {
            return self
                .actions
                .push(Action::Log(format!("expected no answer of the engine, got {event:?}")));
        };
        match (task, event) {
            (Task::Execute { request: execute, number }, Event::Executed(ended)) => {
                self.finish_execution(&request, execute, number, ended);
            }
            (Task::Complete { code }, Event::Completed(found)) => {
                self.reply(Channel::Shell, &request, complete_reply(&code, found));
            }
            (Task::Inspect, Event::Inspected(found)) => {
                let (found, data) = (found.is_some(), found.unwrap_or_default());
                let reply = InspectReply { outcome: Outcome::Ok, found, data, metadata: Map::new() };
                self.reply(Channel::Shell, &request, reply);
            }
            (task, event) => {
                self.current = Some(Current { request, task });
                return self
                    .actions
                    .push(Action::Log(format!("expected another answer of the engine, got {event:?}")));
            }
        }
        self.status(&request, ExecutionState::Idle);
        self.work_off_queue();
    }

    fn finish_execution(
        &mut self,
        request: &Message,
        execute: ExecuteRequest,
        number: u32,
        ended: Result<(), ErrorOutput>,
    ) {
        let outcome = match ended {
            Ok(()) => Outcome::Ok,
            Err(error) => {
                if !execute.silent {
                    self.publish(Some(request), error.clone());
                }
                if execute.stop_on_error {
                    self.queue.iter_mut().for_each(|waiting| {
                        waiting.aborted |= matches!(waiting.request.content, Content::ExecuteRequest(_));
                    });
                }
                Outcome::Error(error)
            }
        };
        let unsupported = |name: &String| {
            let evalue = "user_expressions are not supported; evaluate the expression in a cell";
            (
                name.clone(),
                json!({"status": "error", "ename": "Unsupported", "evalue": evalue, "traceback": []}),
            )
        };
        let user_expressions = match outcome {
            Outcome::Ok => execute.user_expressions.keys().map(unsupported).collect(),
            _ => Map::new(),
        };
        let reply = ExecuteReply { outcome, execution_count: number, user_expressions, payload: Vec::new() };
        self.reply(Channel::Shell, request, reply);
    }

    /// Publishes what the cell puts out, as part of the cell that runs or, if it comes late, of the one that ran last.
    fn put_out(&mut self, output: Output) {
        let (parent, number) = match &self.current {
            Some(Current { task: Task::Execute { request, .. }, .. }) if request.silent => return,
            Some(Current { request, task: Task::Execute { number, .. } }) => {
                (Some(request.header.clone()), *number)
            }
            _ => (self.last_cell.clone(), self.count),
        };
        let metadata = Map::new();
        let content = match output {
            Output::Stream(name, text) => Content::Stream(Stream { name, text }),
            Output::Display(data) => Content::DisplayData(DisplayData { data, metadata, transient: Map::new() }),
            Output::Result(data) => {
                Content::ExecuteResult(ExecuteResult { execution_count: number, data, metadata })
            }
        };
        let message = self.message(parent, content);
        self.actions.push(Action::Publish(message));
    }

    fn abort(&mut self, request: Message) {
        self.status(&request, ExecutionState::Busy);
        let reply = ExecuteReply {
            outcome: Outcome::Aborted,
            execution_count: self.count,
            user_expressions: Map::new(),
            payload: Vec::new(),
        };
        self.reply(Channel::Shell, &request, reply);
        self.status(&request, ExecutionState::Idle);
    }

    /// Answers a request that cannot be served with an error of its own reply type, so that its client does not wait.
    fn refuse(&mut self, channel: Channel, request: &Message, msg_type: &str, reason: &str) {
        self.actions.push(Action::Log(format!("expected the content of {msg_type}, found {reason}")));
        if let Some(name) = msg_type.strip_suffix("_request") {
            let value = json!({"status": "error", "ename": "BadRequest", "evalue": reason, "traceback": []});
            let value = value.as_object().cloned().unwrap_or_default();
            self.reply(channel, request, Content::Unknown { msg_type: format!("{name}_reply"), value });
        }
    }

    fn status(&mut self, request: &Message, execution_state: ExecutionState) {
        self.publish(Some(request), Status { execution_state });
    }

    fn publish(&mut self, request: Option<&Message>, content: impl Into<Content>) {
        let message = self.message(request.map(|request| request.header.clone()), content.into());
        self.actions.push(Action::Publish(message));
    }

    fn reply(&mut self, channel: Channel, request: &Message, content: impl Into<Content>) {
        let mut message = self.message(Some(request.header.clone()), content.into());
        message.identities = request.identities.clone();
        self.actions.push(Action::Reply(channel, message));
    }

    fn message(&mut self, parent: Option<Header>, content: Content) -> Message {
        let Stamp { id, date } = (self.stamps)();
        let header = Header::new(id, content.msg_type(), self.id.clone(), "kernel", date);
        Message { identities: Vec::new(), header, parent, metadata: Map::new(), content, buffers: Vec::new() }
    }
}

fn complete_reply(code: &str, found: Completions) -> CompleteReply {
    let start = code_points(code, found.replaced.start);
    let end = code_points(code, found.replaced.end);
    let types: Vec<_> = found
        .matches
        .iter()
        .map(|it| json!({"text": it.text, "type": it.kind, "displayText": it.label, "start": start, "end": end}))
        .collect();
    CompleteReply {
        outcome: Outcome::Ok,
        matches: found.matches.into_iter().map(|it| it.text).collect(),
        cursor_start: start,
        cursor_end: end,
        metadata: Map::from_iter([("_jupyter_types_experimental".to_string(), json!(types))]),
    }
}

/// The byte at which the code point with this number begins: the wire counts code points, Rust counts bytes.
fn byte_offset(text: &str, code_points: usize) -> usize {
    text.char_indices().nth(code_points).map_or(text.len(), |(offset, _)| offset)
}

/// How many code points begin before this byte.
fn code_points(text: &str, byte_offset: usize) -> usize {
    text.char_indices().take_while(|(offset, _)| *offset < byte_offset).count()
}

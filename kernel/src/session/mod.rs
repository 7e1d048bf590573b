//! The Jupyter conversation as a state machine: a request or an engine's event goes in, messages and commands come out.
//!
//! There is no socket, thread, clock, file or random number in here; identifiers, dates and measurements are injected
//! ([`Stamps`], [`Gauge`]). So a whole conversation can be written down as data, which is how it is tested.
//!
//! - Shell requests are answered one after another, in the order in which they came; those that the engine must answer
//!   keep the others waiting in a queue. Control requests are answered at once.
//! - Around every request stand `busy` and `idle`, with that request as their parent. What a cell puts out comes between.
//! - When a cell fails, the execute requests in the queue are aborted, unless the cell's request says otherwise. Requests
//!   that are still on their way are not in the queue: whoever owns the sockets hands over what has arrived first.
//! - A handler that panics fails its own request and no other.
//!
//! Requests are dispatched in [`requests`], cells run in [`execution`], their outputs become messages in [`outputs`].
//!
//! Source: "Messaging in Jupyter", jupyter-client.readthedocs.io.

mod comms;
mod execution;
mod history;
mod kernel_info;
mod outputs;
mod requests;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use serde_json::Map;

use self::comms::Comms;
use self::execution::Execution;
pub use self::history::{Entry, History};
use crate::engine::{Command, Event};
use crate::wire::*;

/// How many shell requests may wait. Whoever sends more has to wait itself.
const QUEUE: usize = 10_000;

/// Which socket a message came in on, or goes out on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Requests that wait for each other.
    Shell,
    /// Requests that wait for nothing.
    Control,
    /// Questions of the kernel to the user.
    Stdin,
}

/// What happens to a session.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "inputs are handed over one at a time and never stored")]
pub enum Input {
    /// A client asks for something, or answers.
    Request(Channel, Message),
    /// The engine has something to say.
    Engine(Event),
    /// The user interrupts by other means than a message.
    Interrupt,
    /// A client hears what is published from now on, under topics that begin so.
    Subscribed(String),
    /// The message with this identifier cannot be delivered.
    Undelivered(String),
    /// The client with this identity is not there to be asked any more.
    Gone(Bytes),
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
    /// Keep this for the sessions to come.
    Remember(Entry),
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

/// Measures what the kernel uses.
pub type Gauge = Box<dyn FnMut() -> Usage + Send>;

/// One kernel's conversation with all its clients.
pub struct Session {
    id: String,
    language_version: String,
    stamps: Stamps,
    gauge: Gauge,
    /// The number of the last cell that counted; cells count from 1.
    count: u32,
    /// Shell requests that wait. Invariant: empty unless the engine is at work on `current`.
    queue: VecDeque<Waiting>,
    current: Option<Current>,
    /// What was asked about code, beside the cells: the engine answers one after the other, also while a cell runs.
    aside: VecDeque<Current>,
    /// The request that a handler is working on right now: whom to tell if it panics.
    at_hand: Option<Asked>,
    /// The request of the cell that ran last: the parent of output that comes late.
    last_cell: Option<Header>,
    /// The requests of the newest cells, by number: the parents of what comes late from one of them while another runs.
    cells: BTreeMap<u32, Header>,
    history: History,
    comms: Comms,
    ended: bool,
    actions: Vec<Action>,
}

struct Waiting {
    request: Message,
    aborted: bool,
}

/// Who asked: everything about a request that its answers need.
#[derive(Clone, Debug)]
struct Asked {
    channel: Channel,
    identities: Vec<Bytes>,
    header: Header,
    /// What the front end calls the cell, if it says.
    cell_id: Option<String>,
}

/// Whether this is answered without running anything.
fn is_about_code(content: &Content) -> bool {
    matches!(content, Content::CompleteRequest(_) | Content::InspectRequest(_))
}

/// A shell request that the engine is working on.
struct Current {
    asked: Asked,
    task: Task,
}

enum Task {
    Execute(Execution),
    /// One of the expressions that were asked for beside the cell.
    Evaluate(Execution, String),
    Complete {
        code: String,
    },
    Inspect,
    Comm,
}

impl Session {
    /// A session that has not said anything yet. The identifier is unique to this run of the kernel.
    pub fn new(id: String, language_version: String, stamps: Stamps) -> Self {
        Self {
            id,
            language_version,
            stamps,
            gauge: Box::new(Usage::default),
            count: 0,
            queue: VecDeque::new(),
            current: None,
            aside: VecDeque::new(),
            at_hand: None,
            last_cell: None,
            cells: BTreeMap::new(),
            history: History::default(),
            comms: Comms::default(),
            ended: false,
            actions: Vec::new(),
        }
    }

    /// The same with the cells of earlier sessions.
    pub fn with_history(self, history: History) -> Self {
        Self { history, ..self }
    }

    /// The same with a way to measure what it uses.
    pub fn with_gauge(self, gauge: Gauge) -> Self {
        Self { gauge, ..self }
    }

    /// What is to be done before anything happens.
    pub fn start(&mut self) -> Vec<Action> {
        self.publish(None, Status { execution_state: ExecutionState::Starting });
        std::mem::take(&mut self.actions)
    }

    /// Whether further shell requests may be handed over.
    pub fn has_room(&self) -> bool {
        self.queue.len() < QUEUE
    }

    /// What is to be done about this, in this order.
    pub fn handle(&mut self, input: Input) -> Vec<Action> {
        self.fenced(|session| session.react(input));
        // What waits behind a request whose handler has panicked must not wait for ever; each round takes one away.
        while self.current.is_none() && !self.ended && !self.queue.is_empty() {
            self.fenced(Self::work_off_queue);
        }
        std::mem::take(&mut self.actions)
    }

    fn react(&mut self, input: Input) {
        if self.ended {
            return;
        }
        match input {
            Input::Request(Channel::Control, request) => self.answer(Channel::Control, request),
            Input::Request(Channel::Shell, request) if is_about_code(&request.content) => {
                self.answer(Channel::Shell, request);
            }
            Input::Request(Channel::Shell, request) => {
                self.queue.push_back(Waiting { request, aborted: false });
                self.work_off_queue();
            }
            Input::Request(Channel::Stdin, reply) => self.hear_input(reply),
            Input::Engine(event) => self.hear(event),
            Input::Interrupt => self.interrupt(),
            Input::Subscribed(subscription) => self.welcome(subscription),
            Input::Undelivered(id) => self.hear_undelivered(&id),
            Input::Gone(identity) => self.hear_gone(&identity),
        }
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

    fn interrupt(&mut self) {
        let is_code = |task: &Task| matches!(task, Task::Execute(_) | Task::Evaluate(..) | Task::Comm);
        if self.current.as_ref().is_some_and(|current| is_code(&current.task)) {
            self.actions.push(Action::Engine(Command::Interrupt));
        }
    }

    /// Works as if `work` could not panic: if it does, the request at hand fails, and everything else goes on.
    fn fenced(&mut self, work: impl FnOnce(&mut Self)) {
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(self))) else { return };
        let reason = format!("the kernel's handler panicked: {}", said(&*panic));
        self.log(reason.clone());
        let Some(asked) = self.at_hand.take() else { return };
        let is_its = |current: &Current| current.asked.header.msg_id == asked.header.msg_id;
        if self.current.iter().chain(&self.aside).any(is_its) {
            // The engine has it, and will answer.
            return;
        }
        let answered = catch_unwind(AssertUnwindSafe(|| {
            self.fail(&asked, "KernelFailure", &reason);
            self.status(&asked, ExecutionState::Idle);
        }));
        if answered.is_err() {
            self.log("the kernel cannot even say that its handler has panicked".to_string());
        }
    }

    fn log(&mut self, note: String) {
        self.actions.push(Action::Log(note));
    }

    fn status(&mut self, asked: &Asked, execution_state: ExecutionState) {
        self.publish(Some(asked), Status { execution_state });
    }

    fn publish(&mut self, asked: Option<&Asked>, content: impl Into<Content>) {
        let message = self.message(asked.map(|asked| asked.header.clone()), content.into());
        self.actions.push(Action::Publish(message));
    }

    fn reply(&mut self, asked: &Asked, content: impl Into<Content>) {
        let mut message = self.message(Some(asked.header.clone()), content.into());
        message.identities = asked.identities.clone();
        self.actions.push(Action::Reply(asked.channel, message));
    }

    fn message(&mut self, parent: Option<Header>, content: Content) -> Message {
        let Stamp { id, date } = (self.stamps)();
        let header = Header::new(id, content.msg_type(), self.id.clone(), "kernel", date);
        Message { identities: Vec::new(), header, parent, metadata: Map::new(), content, buffers: Vec::new() }
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

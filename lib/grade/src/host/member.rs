//! One life of one node: questions become calls of its handlers, and what the handlers ask for becomes wishes.
//!
//! The part that depends on the node's type is compiled with every answer, for which somebody waits; so it is small, and all else is [`Life`].

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::rc::Rc;
use std::sync::Arc;

use netsplit_node::{
    CallId, Context, DiskFaults, Effect, Identity, Node, NodeId, Outcome, Payload, Random, Resume, Service,
    Slab, Slot, Step,
};

use super::Wire;
use crate::frames::{Begin, Packet, Question, Surroundings, Wish, from_bytes, to_bytes};

/// What a step comes to: its effects, and the node's Debug form where somebody looks.
type Done = Result<(Vec<Wish>, String), String>;

/// How a node is handed a request; known only where it is known to be a service.
pub type Serve<N> = fn(&mut N, CallId, &[u8], &mut Context<N>) -> Result<(), String>;

/// The bytes of a response, whose type only the service knows.
pub type Respond = fn(&dyn Any) -> Result<Vec<u8>, String>;

/// The bytes of a request, if it is one to this service.
type Ask = fn(&dyn Any) -> Option<Result<Vec<u8>, String>>;
/// The response of these bytes.
type Hear = fn(&[u8]) -> Result<Box<dyn Payload>, String>;

/// How a request to a service is written, and its response read.
#[derive(Clone, Copy)]
pub struct CallRule {
    request: Ask,
    response: Hear,
}

impl CallRule {
    pub fn of<S: Service<Request: Wire, Response: Wire>>() -> CallRule {
        CallRule {
            request: |request| request.downcast_ref::<S::Request>().map(to_bytes),
            response: |bytes| Ok(Box::new(from_bytes::<S::Response>(bytes)?)),
        }
    }
}

/// What of a life depends on the node's type. This is compiled again in every answer, so it is little: each method is what cannot be done
/// without the type.
pub trait Member {
    /// Calls a handler.
    fn handle(&mut self, event: Event, step: &mut Step, members: &Arc<[NodeId]>) -> Result<(), String>;
    /// Takes a message out of the slab.
    fn message(&mut self, slot: Slot, is_watched: bool) -> Result<Packet, String>;
    /// Takes a timer out of the slab.
    fn timer(&mut self, slot: Slot, is_watched: bool) -> Result<Packet, String>;
    /// The node's Debug form.
    fn state(&self) -> String;
}

/// What happens to a node.
pub enum Event {
    Start,
    Message {
        from: NodeId,
        message: Vec<u8>,
    },
    Timer(Vec<u8>),
    Request {
        call: CallId,
        request: Vec<u8>,
    },
    /// A call has come to an end, as a message that the node made of it.
    Ended {
        from: NodeId,
        message: Box<dyn Any + Send>,
    },
}

/// A node with what is under way.
pub struct Typed<N: Node> {
    node: N,
    messages: Slab<N::Message>,
    timers: Slab<N::Timer>,
    serve: Option<Serve<N>>,
}

impl<N: Node> Typed<N> {
    pub fn new(node: N, serve: Option<Serve<N>>) -> Typed<N> {
        Typed { node, messages: Slab::new(), timers: Slab::new(), serve }
    }
}

impl<N: Node<Message: Wire, Timer: Wire>> Member for Typed<N> {
    fn handle(&mut self, event: Event, step: &mut Step, members: &Arc<[NodeId]>) -> Result<(), String> {
        let Typed { node, messages, timers, serve } = self;
        let mut ctx = Context::new(step, members, messages, timers);
        match event {
            Event::Start => node.on_start(&mut ctx),
            Event::Message { from, message } => node.on_message(from, from_bytes(&message)?, &mut ctx),
            Event::Timer(timer) => node.on_timer(from_bytes(&timer)?, &mut ctx),
            Event::Request { call, request } => {
                let serve = serve.ok_or("this node is no service")?;
                return serve(node, call, &request, &mut ctx);
            }
            Event::Ended { from, message } => {
                let message = message.downcast::<N::Message>();
                let message = message.map_err(|_| "a call came back as a message of another type")?;
                node.on_message(from, *message, &mut ctx);
            }
        }
        Ok(())
    }

    fn message(&mut self, slot: Slot, is_watched: bool) -> Result<Packet, String> {
        packet(&self.messages.take(slot), is_watched)
    }

    fn timer(&mut self, slot: Slot, is_watched: bool) -> Result<Packet, String> {
        packet(&self.timers.take(slot), is_watched)
    }

    fn state(&self) -> String {
        debug(&self.node)
    }
}

pub fn serve<N: Service<Request: Wire>>(
    node: &mut N,
    call: CallId,
    request: &[u8],
    ctx: &mut Context<N>,
) -> Result<(), String> {
    node.on_request(call, from_bytes(request)?, ctx);
    Ok(())
}

pub fn response<N: Service<Response: Wire>>(response: &dyn Any) -> Result<Vec<u8>, String> {
    let response = response.downcast_ref::<N::Response>().ok_or("an answer of another type")?;
    to_bytes(response)
}

pub fn no_response(_: &dyn Any) -> Result<Vec<u8>, String> {
    Err("this node is no service, and has nobody to answer".to_owned())
}

fn packet<T: Wire + Debug>(value: &T, is_watched: bool) -> Result<Packet, String> {
    let text = if is_watched { debug(value) } else { String::new() };
    Ok(Packet { bytes: to_bytes(value)?, text })
}

/// The Debug form, of which a picture shows the beginning.
fn debug(value: &impl Debug) -> String {
    netsplit_node::Inspection::of(value).text.unwrap_or_default()
}

/// A life of a node, but for what depends on its type.
pub struct Life {
    node: Box<dyn Member>,
    step: Step,
    members: Arc<[NodeId]>,
    rules: Rc<[CallRule]>,
    respond: Respond,
    /// The calls that have not come to an end, each with the service it went to.
    calls: BTreeMap<u64, (usize, Box<dyn Resume>)>,
    next_call: u64,
    is_watched: bool,
}

impl Life {
    pub fn new(node: Box<dyn Member>, rules: Rc<[CallRule]>, respond: Respond) -> Life {
        Life {
            node,
            step: Step::new(),
            members: Arc::from([]),
            rules,
            respond,
            calls: BTreeMap::new(),
            next_call: 0,
            is_watched: false,
        }
    }

    /// The first step.
    pub fn begin(&mut self, begin: Begin, surroundings: Surroundings) -> Done {
        self.is_watched = begin.is_watched;
        self.step.node = begin.node;
        let belongings = &mut self.step.belongings;
        belongings.random = Random::new(begin.seed);
        belongings.identity = Identity::new(begin.node, begin.secret);
        for (file, bytes) in &begin.files {
            belongings.disk.write(file, bytes);
        }
        let writes = belongings.disk.writes();
        belongings.disk.complete_sync(writes);
        belongings.disk.set_faults(DiskFaults { capacity: begin.capacity, ..DiskFaults::default() });
        self.run(surroundings, Event::Start)
    }

    /// Another step.
    pub fn step(&mut self, question: Question) -> Done {
        match question {
            Question::Message { from, message, surroundings } => {
                self.run(surroundings, Event::Message { from, message })
            }
            Question::Timer { timer, surroundings } => self.run(surroundings, Event::Timer(timer)),
            Question::Request { call, request, surroundings } => {
                self.run(surroundings, Event::Request { call, request })
            }
            Question::Ended { from, call, outcome, surroundings } => {
                let (service, resume) =
                    self.calls.remove(&call).ok_or("the end of a call that nobody made")?;
                let read = self.rules[service].response;
                let outcome = match outcome {
                    Outcome::Ok(bytes) => Outcome::Ok(read(&bytes)?),
                    Outcome::Fail(reason) => Outcome::Fail(reason),
                    Outcome::Unknown => Outcome::Unknown,
                };
                let message = resume.resume(outcome);
                self.run(surroundings, Event::Ended { from, message })
            }
            Question::Begin(..) | Question::Evaluate { .. } => Err("this node has begun".to_owned()),
        }
    }

    fn run(&mut self, around: Surroundings, event: Event) -> Done {
        (self.step.now, self.step.uncertainty) = (around.now, around.uncertainty);
        self.step.monotonic = around.monotonic;
        if *self.members != *around.members {
            self.members = around.members.into();
        }
        self.node.handle(event, &mut self.step, &self.members)?;
        let effects = std::mem::take(self.step.effects());
        let mut written = self.step.belongings.disk.unsynced().to_vec().into_iter();
        let writes = self.step.belongings.disk.writes();
        // What survives a crash is the judge's business; here everything is read as it was written.
        self.step.belongings.disk.complete_sync(writes);
        let wishes = effects.into_iter().map(|effect| match effect {
            Effect::Write { .. } => {
                written.next().map(Wish::Disk).ok_or_else(|| "a write of nothing".to_owned())
            }
            other => self.wish(other),
        });
        let wishes = wishes.collect::<Result<Vec<_>, _>>()?;
        let state = if self.is_watched { self.node.state() } else { String::new() };
        Ok((wishes, state))
    }

    fn wish(&mut self, effect: Effect) -> Result<Wish, String> {
        let is_watched = self.is_watched;
        Ok(match effect {
            Effect::Send { to, message } => {
                Wish::Send { to, message: self.node.message(message, is_watched)? }
            }
            Effect::SetTimer { after, timer } => {
                Wish::SetTimer { after, timer: self.node.timer(timer, is_watched)? }
            }
            Effect::CancelTimer { timer } => Wish::CancelTimer { timer: self.node.timer(timer, is_watched)? },
            Effect::Call(call) => {
                let known = self.rules.iter().enumerate().find_map(|(service, rule)| {
                    (rule.request)(call.request.as_any()).map(|bytes| (service, bytes))
                });
                let (service, request) =
                    known.ok_or("a call to a service that this exercise does not have")?;
                self.next_call += 1;
                self.calls.insert(self.next_call, (service, call.resume));
                let (to, deadline) = (call.to, call.deadline);
                Wish::Call { service, to, request: request?, deadline, call: self.next_call }
            }
            Effect::Reply(reply) => {
                let outcome = match &reply.outcome {
                    Outcome::Ok(response) => Outcome::Ok((self.respond)((**response).as_any())?),
                    Outcome::Fail(reason) => Outcome::Fail(reason.clone()),
                    Outcome::Unknown => Outcome::Unknown,
                };
                Wish::Answer { call: reply.call, outcome }
            }
            Effect::Note(text) => Wish::Note(text),
            Effect::Sync { .. } => Wish::Sync,
            Effect::Write { .. } => unreachable!("writes are told with what they write"),
        })
    }
}

//! One life of one node: questions become calls of its handlers, and what the handlers ask for becomes wishes.

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

/// How a request to a service is written, and its response read.
#[derive(Clone, Copy)]
pub struct CallRule {
    request: fn(&dyn Any) -> Option<Result<Vec<u8>, String>>,
    response: fn(&[u8]) -> Result<Box<dyn Payload>, String>,
}

impl CallRule {
    pub fn of<S: Service<Request: Wire, Response: Wire>>() -> CallRule {
        CallRule {
            request: |request| request.downcast_ref::<S::Request>().map(to_bytes),
            response: |bytes| Ok(Box::new(from_bytes::<S::Response>(bytes)?)),
        }
    }
}

/// A life of a node whose type is not known.
pub trait Member {
    /// The first step.
    fn begin(&mut self, begin: Begin, surroundings: Surroundings) -> Done;
    /// Another one.
    fn step(&mut self, question: Question) -> Done;
}

/// A life of a node.
pub struct Typed<N: Node> {
    node: N,
    step: Step,
    members: Arc<[NodeId]>,
    messages: Slab<N::Message>,
    timers: Slab<N::Timer>,
    rules: Rc<[CallRule]>,
    serve: Option<Serve<N>>,
    respond: Respond,
    /// The calls that have not come to an end, each with the service it went to.
    calls: BTreeMap<u64, (usize, Box<dyn Resume>)>,
    next_call: u64,
    is_watched: bool,
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

impl<N: Node<Message: Wire, Timer: Wire>> Typed<N> {
    pub fn new(node: N, rules: Rc<[CallRule]>, serve: Option<Serve<N>>, respond: Respond) -> Typed<N> {
        Typed {
            node,
            step: Step::new(),
            members: Arc::from([]),
            messages: Slab::new(),
            timers: Slab::new(),
            rules,
            serve,
            respond,
            calls: BTreeMap::new(),
            next_call: 0,
            is_watched: false,
        }
    }

    fn run(&mut self, around: Surroundings, handler: impl FnOnce(&mut N, &mut Context<N>)) -> Done {
        (self.step.now, self.step.uncertainty) = (around.now, around.uncertainty);
        self.step.monotonic = around.monotonic;
        if *self.members != *around.members {
            self.members = around.members.into();
        }
        let mut ctx = Context::new(&mut self.step, &self.members, &mut self.messages, &mut self.timers);
        handler(&mut self.node, &mut ctx);
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
        let state = if self.is_watched { debug(&self.node) } else { String::new() };
        Ok((wishes, state))
    }

    fn wish(&mut self, effect: Effect) -> Result<Wish, String> {
        Ok(match effect {
            Effect::Send { to, message } => {
                let message = self.messages.take(message);
                Wish::Send { to, message: self.packet(&message)? }
            }
            Effect::SetTimer { after, timer } => Wish::SetTimer { after, timer: self.timer(timer)? },
            Effect::CancelTimer { timer } => Wish::CancelTimer { timer: self.timer(timer)? },
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

    fn timer(&mut self, timer: Slot) -> Result<Packet, String> {
        let timer = self.timers.take(timer);
        self.packet(&timer)
    }

    fn packet<T: Wire + Debug>(&self, value: &T) -> Result<Packet, String> {
        let text = if self.is_watched { debug(value) } else { String::new() };
        Ok(Packet { bytes: to_bytes(value)?, text })
    }
}

/// The Debug form, of which a picture shows the beginning.
fn debug(value: &impl Debug) -> String {
    netsplit_node::Inspection::of(value).text.unwrap_or_default()
}

impl<N: Node<Message: Wire, Timer: Wire>> Member for Typed<N> {
    fn begin(&mut self, begin: Begin, surroundings: Surroundings) -> Done {
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
        self.run(surroundings, |node, ctx| node.on_start(ctx))
    }

    fn step(&mut self, question: Question) -> Done {
        match question {
            Question::Message { from, message, surroundings } => {
                let message = from_bytes(&message)?;
                self.run(surroundings, |node, ctx| node.on_message(from, message, ctx))
            }
            Question::Timer { timer, surroundings } => {
                let timer = from_bytes(&timer)?;
                self.run(surroundings, |node, ctx| node.on_timer(timer, ctx))
            }
            Question::Request { call, request, surroundings } => {
                let serve = self.serve.ok_or("this node is no service")?;
                let mut served = Ok(());
                let done = self.run(surroundings, |node, ctx| served = serve(node, call, &request, ctx));
                served.and(done)
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
                let message = resume.resume(outcome).downcast::<N::Message>();
                let message = message.map_err(|_| "a call came back as a message of another type")?;
                self.run(surroundings, |node, ctx| node.on_message(from, *message, ctx))
            }
            Question::Begin(..) | Question::Evaluate { .. } => Err("this node has begun".to_owned()),
        }
    }
}

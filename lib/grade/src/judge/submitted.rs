//! A node whose code runs elsewhere: in the judge's world it stands in for a life of an answer's node.
//!
//! It does what the answer wishes through its own context, so all rules of the world hold for it: what is written is volatile until it is
//! synced, a crash falls between two effects, clocks drift. It forwards no wish that a node could not have.

use std::any::type_name;
use std::collections::BTreeSet;
use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use netsplit_node::{
    Address, CallId, Context, DiskOperation, Duration, Inspection, Node, NodeId, Outcome, Random, Service,
};

use netsplit_sim::crash_node;

use super::hosts::{Death, Hosts, Life};
use crate::frames::{Begin, Packet, Question, Reply, Surroundings, Wish, from_bytes, to_bytes};
use crate::host::Wire;

/// What the nodes of an answer send each other: the judge does not look inside.
#[derive(Clone, Debug)]
pub enum Message {
    /// A message of the answer's own type.
    Packet(Packet),
    /// A call of this node has ended.
    Ended(u64, Outcome<Vec<u8>>),
}

impl Message {
    /// The message as a value of a type that the exercise gives.
    ///
    /// # Errors
    /// If it is none.
    pub fn read<M: Wire>(&self) -> Result<M, String> {
        match self {
            Message::Packet(packet) => from_bytes(&packet.bytes),
            Message::Ended(..) => Err("expected a message, got the outcome of a call".to_owned()),
        }
    }
}

/// How nodes of an answer are made, and what happens to them.
pub struct Making<Q: Value, R: Value> {
    pub hosts: Hosts,
    /// Which of the answer's types.
    pub answer: String,
    pub setup: Box<dyn Fn(NodeId) -> Vec<u8> + Send + Sync>,
    pub callees: Vec<Box<dyn Callee<Q, R>>>,
    /// With what its nodes sign.
    pub secret: [u64; 2],
    /// From what its random numbers come: from them nobody learns anything of the world's.
    pub seeds: u64,
    pub is_watched: bool,
    /// How processes came to their end so far.
    pub deaths: Arc<Mutex<Vec<Death>>>,
}

/// A service of the judge's that an answer may call.
pub trait Callee<Q: Value, R: Value>: Send + Sync {
    fn call(
        &self,
        ctx: &mut Context<Submitted<Q, R>>,
        to: NodeId,
        request: &[u8],
        deadline: Duration,
        call: u64,
    ) -> Result<(), String>;
}

/// The service `S` at these nodes.
pub struct CalleeAt<S>(pub BTreeSet<NodeId>, pub PhantomData<fn() -> S>);

impl<Q: Value, R: Value, S: Service<Request: Wire, Response: Wire>> Callee<Q, R> for CalleeAt<S> {
    fn call(
        &self,
        ctx: &mut Context<Submitted<Q, R>>,
        to: NodeId,
        request: &[u8],
        deadline: Duration,
        call: u64,
    ) -> Result<(), String> {
        if !self.0.contains(&to) {
            return Err(format!("a call to {to}, which is no {}", type_name::<S>()));
        }
        ctx.call(Address::<S>::new(to), from_bytes(request)?, deadline, move |outcome| {
            // A response that cannot be carried is as good as none.
            let outcome = match outcome {
                Outcome::Ok(response) => to_bytes(&response).map_or(Outcome::Unknown, Outcome::Ok),
                Outcome::Fail(reason) => Outcome::Fail(reason),
                Outcome::Unknown => Outcome::Unknown,
            };
            Message::Ended(call, outcome)
        });
        Ok(())
    }
}

/// A request or a response of an exercise.
pub trait Value: Wire + Clone + Debug + Send {}
impl<T: Wire + Clone + Debug + Send> Value for T {}

/// A life of a node of an answer. `Q` and `R` are its requests and responses; `()` for a node that is no service.
pub struct Submitted<Q: Value, R: Value> {
    making: Arc<Making<Q, R>>,
    life: Arc<Mutex<Option<Life>>>,
    /// The requests that this life was given and has not answered.
    open: BTreeSet<CallId>,
    state: String,
}

impl<Q: Value, R: Value> Submitted<Q, R> {
    pub(super) fn new(making: Arc<Making<Q, R>>) -> Submitted<Q, R> {
        Submitted { making, life: Arc::default(), open: BTreeSet::new(), state: String::new() }
    }
}

impl<Q: Value, R: Value> Clone for Submitted<Q, R> {
    fn clone(&self) -> Self {
        let (making, life) = (self.making.clone(), self.life.clone());
        Submitted { making, life, open: self.open.clone(), state: self.state.clone() }
    }
}

impl<Q: Value, R: Value> Debug for Submitted<Q, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.state.is_empty() { &self.making.answer } else { &self.state })
    }
}

impl<Q: Value, R: Value> Submitted<Q, R> {
    fn surroundings(ctx: &Context<Self>) -> Surroundings {
        let here = ctx.now_interval();
        let mut members: Vec<NodeId> = ctx.peers().collect();
        members.push(ctx.id());
        members.sort_unstable();
        let now = ctx.now();
        Surroundings { now, uncertainty: here.latest - now, monotonic: ctx.monotonic(), members }
    }

    /// A step of this life. A life that cannot go on panics, as a node does in whose handler something is wrong: it crashes.
    fn step(&mut self, question: &Question, ctx: &mut Context<Self>) {
        let reply = match &*self.life.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(life) => life.ask(question),
            None => Err(Death::NotStarted),
        };
        let (effects, state) = match reply {
            Ok(Reply::Step { effects, state }) => (effects, state),
            Ok(Reply::Panicked(text) | Reply::Misfit(text)) => crash_node(&text),
            Ok(Reply::Value(_)) => self.die(Death::Nonsense),
            Err(death) => self.die(death),
        };
        self.state = state;
        for wish in effects {
            self.grant(wish, ctx);
        }
    }

    fn die(&self, death: Death) -> ! {
        self.making.deaths.lock().unwrap_or_else(PoisonError::into_inner).push(death);
        *self.life.lock().unwrap_or_else(PoisonError::into_inner) = None;
        crash_node(&format!("the node's process {}", death.sentence()))
    }

    fn grant(&mut self, wish: Wish, ctx: &mut Context<Self>) {
        match wish {
            Wish::Send { to, message } => ctx.send(to, Message::Packet(message)),
            Wish::SetTimer { after, timer } => ctx.set_timer(after, timer),
            Wish::CancelTimer { timer } => ctx.cancel_timer(&timer),
            Wish::Call { service, to, request, deadline, call } => {
                let making = self.making.clone();
                let callee = making.callees.get(service);
                let called = callee.ok_or_else(|| "a call to a service that is not there".to_owned());
                if let Err(error) = called.and_then(|it| it.call(ctx, to, &request, deadline, call)) {
                    crash_node(&error);
                }
            }
            Wish::Answer { call, outcome } => self.answer(call, outcome, ctx),
            Wish::Note(text) => ctx.note(text),
            Wish::Disk(DiskOperation::Write { file, bytes }) => ctx.disk().write(&file, bytes),
            Wish::Disk(DiskOperation::Append { file, bytes }) => ctx.disk().append(&file, bytes),
            Wish::Disk(DiskOperation::Remove { file }) => ctx.disk().remove(&file),
            Wish::Sync => ctx.disk().sync(),
        }
    }

    /// Only what this life was asked may be answered by it, and once.
    fn answer(&mut self, call: CallId, outcome: Outcome<Vec<u8>>, ctx: &mut Context<Self>) {
        if !self.open.remove(&call) {
            return;
        }
        match outcome {
            Outcome::Ok(bytes) => match from_bytes::<R>(&bytes) {
                Ok(response) => ctx.reply(call, response),
                Err(error) => crash_node(&format!("a response that is none: {error}")),
            },
            Outcome::Fail(reason) => ctx.refuse(call, reason),
            Outcome::Unknown => {}
        }
    }
}

impl<Q: Value, R: Value> Node for Submitted<Q, R> {
    type Message = Message;
    type Timer = Packet;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        match self.making.hosts.life() {
            Ok(life) => *self.life.lock().unwrap_or_else(PoisonError::into_inner) = Some(life),
            Err(death) => self.die(death),
        }
        let disk = ctx.disk();
        let files = disk.files().into_iter().filter_map(|file| Some((disk.read(&file)?, file)));
        let files = files.map(|(bytes, file)| (file, bytes)).collect();
        let capacity = disk.capacity();
        let begin = Begin {
            answer: self.making.answer.clone(),
            setup: (self.making.setup)(ctx.id()),
            node: ctx.id(),
            seed: Random::stream(self.making.seeds, &[ctx.random().next_u64()]).next_u64(),
            files,
            capacity,
            secret: self.making.secret,
            is_watched: self.making.is_watched,
        };
        let surroundings = Self::surroundings(ctx);
        self.step(&Question::Begin(Box::new(begin), surroundings), ctx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        let surroundings = Self::surroundings(ctx);
        let question = match message {
            Message::Packet(packet) => Question::Message { from, message: packet.bytes, surroundings },
            Message::Ended(call, outcome) => Question::Ended { from, call, outcome, surroundings },
        };
        self.step(&question, ctx);
    }

    fn on_timer(&mut self, timer: Packet, ctx: &mut Context<Self>) {
        let surroundings = Self::surroundings(ctx);
        self.step(&Question::Timer { timer: timer.bytes, surroundings }, ctx);
    }

    fn inspect(&self) -> Inspection {
        Inspection { text: Some(format!("{self:?}")), ..Inspection::new() }
    }

    fn message_size(message: &Message) -> usize {
        match message {
            Message::Packet(packet) => packet.bytes.len(),
            Message::Ended(..) => 0,
        }
    }
}

impl<Q: Value, R: Value> Service for Submitted<Q, R> {
    type Request = Q;
    type Response = R;

    fn on_request(&mut self, call: CallId, request: Q, ctx: &mut Context<Self>) {
        let surroundings = Self::surroundings(ctx);
        let request = match to_bytes(&request) {
            Ok(request) => request,
            Err(error) => panic!("the exercise's request cannot be carried: {error}"),
        };
        self.open.insert(call);
        self.step(&Question::Request { call, request, surroundings }, ctx);
    }
}

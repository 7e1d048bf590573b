//! The answer's side: a process that was given an answer's code and a socket to the judge, and does what the judge asks.
//!
//! Nothing here is trusted by anybody: it shares its process with the answer.

mod forks;
mod member;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use netsplit_node::{Node, Service};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::frames::{self, Channel, Question, Reply};
pub use forks::{News, Order, receive, tell};
use member::{CallRule, Life, Typed};

/// The function of an answer's library that says what it defines: `fn netsplit_answer(&mut Answers)`.
pub const ENTRY: &str = "netsplit_answer";

/// A value that can be carried to another process and back.
pub trait Wire: Serialize + DeserializeOwned + 'static {}
impl<T: Serialize + DeserializeOwned + 'static> Wire for T {}

type Make = Box<dyn Fn(&[u8]) -> Result<Life, String>>;
type Function = Box<dyn Fn(&[u8]) -> Result<Vec<u8>, String>>;

/// What an answer defines, by name.
#[derive(Default)]
pub struct Answers {
    nodes: BTreeMap<&'static str, Make>,
    functions: BTreeMap<&'static str, Function>,
}

impl Answers {
    /// A type that is a node and a service. `make` makes one of what the test gives it to know.
    pub fn service<N, S>(&mut self, name: &'static str, calls: Calls<N>, make: fn(S) -> N)
    where
        N: Service<Message: Wire, Timer: Wire, Request: Wire, Response: Wire>,
        S: Wire,
    {
        let serve = Some(member::serve::<N> as member::Serve<N>);
        self.insert(name, calls, make, serve, member::response::<N>);
    }

    /// A type that is a node, and nobody's service.
    pub fn node<N, S>(&mut self, name: &'static str, calls: Calls<N>, make: fn(S) -> N)
    where
        N: Node<Message: Wire, Timer: Wire>,
        S: Wire,
    {
        self.insert(name, calls, make, None, member::no_response);
    }

    fn insert<N, S>(
        &mut self,
        name: &'static str,
        calls: Calls<N>,
        make: fn(S) -> N,
        serve: Option<member::Serve<N>>,
        response: member::Respond,
    ) where
        N: Node<Message: Wire, Timer: Wire>,
        S: Wire,
    {
        let rules: std::rc::Rc<[CallRule]> = calls.rules.into();
        let make = move |setup: &[u8]| {
            let node = make(frames::from_bytes(setup)?);
            Ok(Life::new(Box::new(Typed::new(node, serve)), rules.clone(), response))
        };
        self.insert_node(name, Box::new(make));
    }

    // These two are no generic functions, so the maps' own are not compiled with every answer.
    fn insert_node(&mut self, name: &'static str, make: Make) {
        self.nodes.insert(name, make);
    }

    fn insert_function(&mut self, name: &'static str, function: Function) {
        self.functions.insert(name, function);
    }

    /// A function of one argument.
    pub fn function<I: Wire, O: Wire>(&mut self, name: &'static str, function: fn(I) -> O) {
        let function = move |argument: &[u8]| frames::to_bytes(&function(frames::from_bytes(argument)?));
        self.insert_function(name, Box::new(function));
    }

    /// A function without arguments.
    pub fn value<O: Wire>(&mut self, name: &'static str, function: fn() -> O) {
        self.insert_function(name, Box::new(move |_| frames::to_bytes(&function())));
    }
}

/// The services that a node of type `N` may call, in the order in which the exercise names them.
pub struct Calls<N> {
    rules: Vec<CallRule>,
    node: std::marker::PhantomData<fn() -> N>,
}

impl<N: Node> Calls<N> {
    /// None.
    pub fn none() -> Calls<N> {
        Calls { rules: Vec::new(), node: std::marker::PhantomData }
    }

    /// One more.
    pub fn and<S: Service<Request: Wire, Response: Wire>>(mut self) -> Calls<N> {
        self.rules.push(CallRule::of::<S>());
        self
    }
}

/// What the last panic said.
static PANIC: Mutex<String> = Mutex::new(String::new());

/// Answers the judge's questions until it has no more.
pub fn serve(answers: &Answers, stream: UnixStream) {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or(String::new(), |it| format!(", at {}:{}", it.file(), it.line()));
        let text = info.payload_as_str().unwrap_or("a panic without a message");
        if let Ok(mut panic) = PANIC.lock() {
            *panic = format!("{text}{place}");
        }
    }));
    let mut judge = Channel::new(stream);
    let mut member: Option<Life> = None;
    while let Ok(Some(question)) = judge.read::<Question>() {
        let reply = catch_unwind(AssertUnwindSafe(|| reply(answers, &mut member, question)));
        let reply =
            reply.unwrap_or_else(|_| Reply::Panicked(PANIC.lock().map(|it| it.clone()).unwrap_or_default()));
        if let Err(error) = judge.write(&reply)
            && judge.write(&Reply::Misfit(error.to_string())).is_err()
        {
            return;
        }
    }
}

fn reply(answers: &Answers, member: &mut Option<Life>, question: Question) -> Reply {
    let done = match question {
        Question::Evaluate { function, argument } => match answers.functions.get(function.as_str()) {
            Some(function) => return function(&argument).map_or_else(Reply::Misfit, Reply::Value),
            None => Err(format!("the answer has no function {function}")),
        },
        Question::Begin(begin, surroundings) => match answers.nodes.get(begin.answer.as_str()) {
            Some(make) => make(&begin.setup).and_then(|made| member.insert(made).begin(*begin, surroundings)),
            None => Err(format!("the answer has no node {}", begin.answer)),
        },
        other => match member {
            Some(member) => member.step(other),
            None => Err("nothing has begun here".to_owned()),
        },
    };
    done.map_or_else(Reply::Misfit, |(effects, state)| Reply::Step { effects, state })
}

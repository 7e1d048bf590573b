//! What a protocol is: a state machine with handlers. [`Node`] is all of them, [`Service`] those that are called.

use std::any::Any;
use std::fmt::{self, Debug};
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use crate::context::Context;
use crate::inspection::Inspection;

/// A participant of a distributed protocol, as a state machine.
///
/// It never opens a socket, reads a clock, sleeps, locks or rolls a die of its own: what it wants done goes through the
/// [`Context`], so that the same code is simulated, explored, judged and run over real sockets. A handler runs in one go; its
/// effects happen afterwards in the order asked for, and a crash may fall between any two of them.
///
/// A restart after a crash is a new value from the cluster's factory, then [`on_start`](Node::on_start), which finds on
/// [`Context::disk`] what was synced there.
///
/// ```
/// use netsplit_node::{Context, Node, NodeId};
///
/// #[derive(Clone, Debug, Default)]
/// struct Echo { heard: u32 }
///
/// impl Node for Echo {
///     type Message = String;
///     type Timer = ();
///     fn on_message(&mut self, from: NodeId, message: String, ctx: &mut Context<Self>) {
///         self.heard += 1;
///         ctx.send(from, message);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a node yet",
    label = "a node is needed here",
    note = "write `impl Node for {Self} {{ type Message = ..; type Timer = (); .. }}`, and put `#[derive(Clone, Debug)]` on `{Self}`"
)]
pub trait Node: Clone + Debug + Send + 'static {
    /// What nodes of this type send each other.
    type Message: Clone + Debug + Send + 'static;
    /// What this node asks to be woken with; `()` where it sets no timer or only one.
    type Timer: Clone + Debug + PartialEq + Send + 'static;

    /// The node begins: at the start of its cluster and again after every restart.
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let _ = ctx;
    }

    /// A message arrived. `from` may be any node; nothing says when it was sent, or whether it is the first copy.
    fn on_message(&mut self, from: NodeId, message: Self::Message, ctx: &mut Context<Self>) {
        let _ = (from, message, ctx);
    }

    /// A timer that this node set has run out.
    fn on_timer(&mut self, timer: Self::Timer, ctx: &mut Context<Self>) {
        let _ = (timer, ctx);
    }

    /// What pictures show of it: its Debug form unless it says better.
    fn inspect(&self) -> Inspection {
        Inspection::of(self)
    }

    /// The size of `message` on the wire in bytes; by default what it takes in memory, without what it points to.
    fn message_size(message: &Self::Message) -> usize {
        size_of_val(message)
    }
}

/// A node that clients and other nodes call. The calls and their outcomes become the history that checkers judge.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be called: it is not a service",
    label = "a service is needed here",
    note = "write `impl Service for {Self} {{ type Request = ..; type Response = ..; fn on_request(..) {{ .. }} }}` beside its `impl Node`"
)]
pub trait Service: Node {
    /// What callers ask.
    type Request: Clone + Debug + Send + 'static;
    /// What they are answered.
    type Response: Clone + Debug + Send + 'static;

    /// A call arrived. It is answered, now or in a later step, by [`Context::reply`] or [`Context::refuse`] with the same
    /// `call`; a call that is never answered ends as `Unknown` for its caller. A caller that retries makes another call.
    fn on_request(&mut self, call: CallId, request: Self::Request, ctx: &mut Context<Self>);
}

/// A participant's number, unique in its world: nodes of all clusters and clients share one sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NodeId(pub u32);

/// The first number that stands for a name.
const FIRST_NAME: u32 = 1 << 31;

impl NodeId {
    /// The number that stands for a service's name, by the name's number: a world looks it up when it is called.
    pub const fn of_name(number: u32) -> NodeId {
        NodeId(FIRST_NAME + number)
    }

    /// The number of the name, if this stands for one.
    pub const fn as_name(self) -> Option<u32> {
        // The last number stands for nobody.
        if self.0 >= FIRST_NAME && self.0 < u32::MAX { Some(self.0 - FIRST_NAME) } else { None }
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_name() {
            Some(name) => write!(f, "name {name}"),
            None => write!(f, "n{}", self.0),
        }
    }
}

/// One attempt at a call: what a service answers. A retry has a number of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {}", self.0)
    }
}

/// Where a service of type `S` is found: a node's number that remembers what may be asked there.
///
/// A cluster's handle gives it, and a node of another type keeps it to make its calls ([`Context::call`]).
pub struct Address<S> {
    node: NodeId,
    service: PhantomData<fn() -> S>,
}

impl<S: Service> Address<S> {
    /// The address of `node`, which runs an `S`.
    pub fn new(node: NodeId) -> Address<S> {
        Address { node, service: PhantomData }
    }
}

impl<S> Address<S> {
    /// The node behind the address.
    pub fn node(&self) -> NodeId {
        self.node
    }
}

// Written out because derives would ask the same of `S`, which is only a name here.
impl<S> Clone for Address<S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S> Copy for Address<S> {}
impl<S> Debug for Address<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.node)
    }
}
impl<S> PartialEq for Address<S> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}
impl<S> Eq for Address<S> {}
impl<S> Hash for Address<S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.node.hash(state);
    }
}

/// A value on its way between nodes whose types the carrier does not know: a request or a response.
pub trait Payload: Any + Send {
    /// Another copy of it.
    fn copy(&self) -> Box<dyn Payload>;
    /// Its Debug form.
    fn describe(&self) -> String;
    /// What it takes in memory, without what it points to.
    fn size(&self) -> usize;
    /// The value itself, to be taken out by who knows its type.
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
    /// A look at the value.
    fn as_any(&self) -> &dyn Any;
}

impl<T: Clone + Debug + Send + 'static> Payload for T {
    fn copy(&self) -> Box<dyn Payload> {
        Box::new(self.clone())
    }
    fn describe(&self) -> String {
        format!("{self:?}")
    }
    fn size(&self) -> usize {
        size_of_val(self)
    }
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Clone for Box<dyn Payload> {
    fn clone(&self) -> Self {
        (**self).copy()
    }
}

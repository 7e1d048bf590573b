//! One step of a node, seen from outside: what it is lent, and the effects it asks for.
//!
//! Effects are data. A handler fills [`Step::effects`] through its [`Context`](crate::Context); whoever runs the node (the
//! simulator, an explorer, real sockets) carries them out in order. Messages and timers are numbers here, so that the runner
//! need not be compiled for every protocol.

use std::any::Any;

use crate::disk::Disk;
use crate::node::{CallId, NodeId, Payload};
use crate::outcome::Outcome;
use crate::random::Random;
use crate::signature::Identity;
use crate::slab::Slot;
use crate::time::{Duration, Time};

/// What a node holds while one of its handlers runs.
pub struct Step {
    /// The node whose step it is.
    pub node: NodeId,
    /// What the node's own clock shows.
    pub now: Time,
    /// How far that clock may be wrong, as far as the node knows.
    pub uncertainty: Duration,
    /// What the node's oscillator counts: no adjustment makes it jump.
    pub monotonic: Time,
    /// What belongs to this node and is lent to it for its steps.
    pub belongings: Box<Belongings>,
    /// A message that is the first and only effect so far: kept by itself, since most steps ask for nothing else.
    ///
    /// Invariant: nothing while `effects` has something.
    only_send: Option<(NodeId, Slot)>,
    effects: Vec<Effect>,
}

impl Step {
    /// A step that has not begun, to be used for one node after the other.
    pub fn new() -> Step {
        Step {
            node: NodeId(0),
            now: Time::ZERO,
            uncertainty: Duration::ZERO,
            monotonic: Time::ZERO,
            belongings: Box::default(),
            only_send: None,
            effects: Vec::new(),
        }
    }
}

impl Step {
    /// Notes that a message is to be sent. Not generic, so that it is compiled here and not again, without optimisation, in
    /// every notebook cell that defines a node.
    #[inline(never)]
    pub fn send(&mut self, to: NodeId, message: Slot) {
        if self.effects.is_empty() && self.only_send.is_none() {
            self.only_send = Some((to, message));
        } else {
            self.effects().push(Effect::Send { to, message });
        }
    }

    /// What the handler asked for, in order.
    pub fn effects(&mut self) -> &mut Vec<Effect> {
        if let Some((to, message)) = self.only_send.take() {
            self.effects.push(Effect::Send { to, message });
        }
        &mut self.effects
    }

    /// The receiver and the message, if the handler asked for one message and nothing else; the step is empty then.
    #[inline]
    pub fn take_only_send(&mut self) -> Option<(NodeId, Slot)> {
        self.only_send.take()
    }

    /// Whether the handler asked for nothing.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.only_send.is_none() && self.effects.is_empty()
    }
}

impl Default for Step {
    fn default() -> Self {
        Step::new()
    }
}

impl Clone for Step {
    /// Steps are lent to one node at a time, so a copy of a world has one that has not begun.
    fn clone(&self) -> Self {
        Step::new()
    }
}

/// What a node keeps besides its memory. In a box, so that lending it moves one pointer.
#[derive(Clone, Debug, Default)]
pub struct Belongings {
    /// The node's own stream of random numbers.
    pub random: Random,
    /// The node's disk.
    pub disk: Disk,
    /// Who the node is when it signs.
    pub identity: Identity,
}

/// Something that a handler asked for. Kept small: every message is one.
#[derive(Clone)]
pub enum Effect {
    /// Send a message.
    Send {
        /// The receiver.
        to: NodeId,
        /// The message.
        message: Slot,
    },
    /// Wake this node later. A timer that equals a pending one takes its place.
    SetTimer {
        /// How long from now, by this node's clock.
        after: Duration,
        /// What it is woken with.
        timer: Slot,
    },
    /// Forget the pending timer that equals this one, if there is one.
    CancelTimer {
        /// A timer equal to the one meant; it is not itself pending.
        timer: Slot,
    },
    /// Call another service.
    Call(Box<CallEffect>),
    /// Answer a call.
    Reply(Box<ReplyEffect>),
    /// A remark for the diagram.
    Note(String),
    /// An operation on the disk (which the node's disk shows already).
    Write {
        /// The file that changed.
        file: String,
    },
    /// Make the disk's first `writes` operations durable; effects after this one wait for it.
    Sync {
        /// How many operations the sync covers.
        writes: u64,
    },
}

/// An answer to a call.
#[derive(Clone)]
pub struct ReplyEffect {
    /// The call that is answered.
    pub call: CallId,
    /// The answer; a `Fail` says that the call definitely had no effect.
    pub outcome: Outcome<Box<dyn Payload>>,
}

/// A call from one node to a service of another type.
#[derive(Clone)]
pub struct CallEffect {
    /// The service's node.
    pub to: NodeId,
    /// What is asked.
    pub request: Box<dyn Payload>,
    /// After how long the outcome is `Unknown`.
    pub deadline: Duration,
    /// Makes the message that brings the outcome back.
    pub resume: Box<dyn Resume>,
}

/// Turns a call's outcome into a message of the calling node.
pub trait Resume: Send {
    /// The message, in a box of the caller's message type.
    fn resume(&self, outcome: Outcome<Box<dyn Payload>>) -> Box<dyn Any + Send>;
    /// Another copy of it.
    fn copy(&self) -> Box<dyn Resume>;
}

impl Clone for Box<dyn Resume> {
    fn clone(&self) -> Self {
        (**self).copy()
    }
}

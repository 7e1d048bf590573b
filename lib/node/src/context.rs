//! The only door from a protocol to the world.

use std::any::Any;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::node::{Address, CallId, Node, NodeId, Payload, Service};
use crate::outcome::Outcome;
use crate::random::Random;
use crate::signature::Signature;
use crate::slab::Slab;
use crate::step::{CallEffect, Effect, ReplyEffect, Resume, Step};
use crate::time::{Duration, Interval, Time};

/// What a handler of `N` may see and do.
///
/// Everything asked for here happens after the handler has returned, in the order asked for.
pub struct Context<'a, N: Node> {
    step: &'a mut Step,
    members: &'a Arc<[NodeId]>,
    messages: &'a mut Slab<N::Message>,
    timers: &'a mut Slab<N::Timer>,
}

impl<'a, N: Node> Context<'a, N> {
    /// A context for one step, for those who run nodes: `members` are the node's cluster, itself included; messages and timers
    /// that the handler hands over go into the two slabs.
    pub fn new(
        step: &'a mut Step,
        members: &'a Arc<[NodeId]>,
        messages: &'a mut Slab<N::Message>,
        timers: &'a mut Slab<N::Timer>,
    ) -> Context<'a, N> {
        Context { step, members, messages, timers }
    }

    /// This node's own number.
    pub fn id(&self) -> NodeId {
        self.step.node
    }

    /// The other nodes of this node's cluster.
    pub fn peers(&self) -> Peers {
        Peers { members: Arc::clone(self.members), next: 0, except: self.step.node }
    }

    /// Sends `message` to `to`, once; the network may lose, delay or double it.
    pub fn send(&mut self, to: NodeId, message: N::Message) {
        let message = self.messages.insert(message);
        self.step.send(to, message);
    }

    /// Sends `message` to every peer, each by a message of its own.
    pub fn broadcast(&mut self, message: N::Message) {
        for peer in self.peers() {
            self.send(peer, message.clone());
        }
    }

    /// Wakes this node with `timer` after `after` by its own clock. A pending timer equal to `timer` is replaced, so setting it
    /// again starts it anew. A negative `after` counts as zero.
    pub fn set_timer(&mut self, after: Duration, timer: N::Timer) {
        let timer = self.timers.insert(timer);
        self.step.effects().push(Effect::SetTimer { after, timer });
    }

    /// Forgets the pending timer that equals `timer`; nothing happens if there is none.
    pub fn cancel_timer(&mut self, timer: &N::Timer) {
        let timer = self.timers.insert(timer.clone());
        self.step.effects().push(Effect::CancelTimer { timer });
    }

    /// What this node's own clock shows. It may differ from every other node's.
    pub fn now(&self) -> Time {
        self.step.now
    }

    /// What this node's clock shows, with the error that it knows of. A clock that nobody disciplines takes itself for exact.
    pub fn now_interval(&self) -> Interval {
        Interval::around(self.step.now, self.step.uncertainty)
    }

    /// What this node's oscillator counts. It may run fast or slow, but never jumps: for measuring how long something took.
    pub fn monotonic(&self) -> Time {
        self.step.monotonic
    }

    /// This node's signature under `content`.
    pub fn sign(&self, content: &impl Hash) -> Signature {
        self.step.belongings.identity.sign(content)
    }

    /// Whether `signature` is its signer's, under exactly this content.
    pub fn verify(&self, content: &impl Hash, signature: &Signature) -> bool {
        self.step.belongings.identity.verifies(content, signature)
    }

    /// This node's own random numbers.
    pub fn random(&mut self) -> &mut Random {
        &mut self.step.belongings.random
    }

    /// This node's disk.
    pub fn disk(&mut self) -> DiskAccess<'_> {
        DiskAccess { step: self.step }
    }

    /// A remark that the diagram shows beside this step.
    pub fn note(&mut self, remark: impl Into<String>) {
        self.step.effects().push(Effect::Note(remark.into()));
    }

    /// Calls a node of another type. The outcome comes back as a message of this node, made by `then` (an enum variant will
    /// do); after `deadline` it is `Unknown`. A crash of this node forgets the call, not what it may have done.
    ///
    /// ```
    /// # use netsplit_node::*;
    /// # #[derive(Clone, Debug)] struct Bank;
    /// # impl Node for Bank { type Message = (); type Timer = (); }
    /// # impl Service for Bank { type Request = u32; type Response = bool;
    /// #     fn on_request(&mut self, call: CallId, _: u32, ctx: &mut Context<Self>) { ctx.reply(call, true) } }
    /// #[derive(Clone, Debug)]
    /// struct Shop { bank: Address<Bank> }
    /// #[derive(Clone, Debug)]
    /// enum Message { Charged(Outcome<bool>) }
    /// impl Node for Shop {
    ///     type Message = Message;
    ///     type Timer = ();
    ///     fn on_start(&mut self, ctx: &mut Context<Self>) {
    ///         ctx.call(self.bank, 250, ms(500), Message::Charged);
    ///     }
    /// }
    /// ```
    pub fn call<S: Service>(
        &mut self,
        service: Address<S>,
        request: S::Request,
        deadline: Duration,
        then: impl Fn(Outcome<S::Response>) -> N::Message + Clone + Send + 'static,
    ) {
        let resume = Box::new(Then { then, response: PhantomData::<fn(S::Response)> });
        let request = Box::new(request);
        self.step.effects().push(Effect::Call(Box::new(CallEffect {
            to: service.node(),
            request,
            deadline,
            resume,
        })));
    }

    /// Runs `body` as a step of a component that this node owns (a link below a broadcast below a consensus): the component is
    /// a node itself, and what it sends and sets is wrapped into this node's messages and timers.
    pub fn nest<C: Node, R>(
        &mut self,
        message: impl Fn(C::Message) -> N::Message + Clone + Send + 'static,
        timer: impl Fn(C::Timer) -> N::Timer,
        body: impl FnOnce(&mut Context<C>) -> R,
    ) -> R {
        let first = self.step.effects().len();
        let (mut messages, mut timers) = (Slab::new(), Slab::new());
        let result = body(&mut Context::new(self.step, self.members, &mut messages, &mut timers));
        for effect in &mut self.step.effects()[first..] {
            match effect {
                Effect::Send { message: slot, .. } => {
                    *slot = self.messages.insert(message(messages.take(*slot)));
                }
                Effect::SetTimer { timer: slot, .. } | Effect::CancelTimer { timer: slot } => {
                    *slot = self.timers.insert(timer(timers.take(*slot)));
                }
                Effect::Call(call) => {
                    let inner = call.resume.copy();
                    call.resume = Box::new(Nested {
                        inner,
                        wrap: message.clone(),
                        message: PhantomData::<fn(C::Message)>,
                    });
                }
                Effect::Reply(_) | Effect::Note(_) | Effect::Write { .. } | Effect::Sync { .. } => {}
            }
        }
        result
    }
}

impl<N: Service> Context<'_, N> {
    /// Answers `call`. A second answer to the same call is ignored by its caller.
    pub fn reply(&mut self, call: CallId, response: N::Response) {
        self.step
            .effects()
            .push(Effect::Reply(Box::new(ReplyEffect { call, outcome: Outcome::Ok(Box::new(response)) })));
    }

    /// Refuses `call`, this one attempt: it definitely had and will have no effect; `reason` says why. An earlier attempt of the
    /// same operation may have had its effect all the same.
    pub fn refuse(&mut self, call: CallId, reason: impl Into<String>) {
        self.step
            .effects()
            .push(Effect::Reply(Box::new(ReplyEffect { call, outcome: Outcome::Fail(reason.into()) })));
    }
}

/// The other nodes of a cluster, in order of their numbers.
#[derive(Clone, Debug)]
pub struct Peers {
    members: Arc<[NodeId]>,
    next: usize,
    except: NodeId,
}

impl Iterator for Peers {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        loop {
            let peer = *self.members.get(self.next)?;
            self.next += 1;
            if peer != self.except {
                return Some(peer);
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let rest = self.members[self.next..].iter().filter(|&&peer| peer != self.except).count();
        (rest, Some(rest))
    }
}

impl ExactSizeIterator for Peers {}

/// A node's disk during a step: reads see every write at once, effects remember the order.
pub struct DiskAccess<'a> {
    step: &'a mut Step,
}

impl DiskAccess<'_> {
    /// The content of `file` as this node sees it; nothing if there is no such file.
    pub fn read(&self, file: &str) -> Option<Vec<u8>> {
        self.step.belongings.disk.read(file)
    }

    /// The names of all files, in order.
    pub fn files(&self) -> Vec<String> {
        self.step.belongings.disk.files()
    }

    /// Whether so many more bytes fit. A disk has no limit unless it was given one.
    pub fn has_room(&self, bytes: usize) -> bool {
        self.step.belongings.disk.has_room(bytes)
    }

    /// How many bytes the disk holds in all; nothing where it has no limit.
    pub fn capacity(&self) -> Option<u64> {
        self.step.belongings.disk.faults().capacity
    }

    /// Replaces the whole content of `file`. Volatile until synced.
    ///
    /// # Panics
    /// If the disk is full, which crashes the node unless it asked [`has_room`](DiskAccess::has_room) before.
    pub fn write(&mut self, file: &str, bytes: impl AsRef<[u8]>) {
        self.step.belongings.disk.claim_room(bytes.as_ref().len());
        self.step.belongings.disk.write(file, bytes.as_ref());
        self.step.effects().push(Effect::Write { file: file.to_owned() });
    }

    /// Adds `bytes` at the end of `file`. Volatile until synced.
    ///
    /// # Panics
    /// If the disk is full, which crashes the node unless it asked [`has_room`](DiskAccess::has_room) before.
    pub fn append(&mut self, file: &str, bytes: impl AsRef<[u8]>) {
        self.step.belongings.disk.claim_room(bytes.as_ref().len());
        self.step.belongings.disk.append(file, bytes.as_ref());
        self.step.effects().push(Effect::Write { file: file.to_owned() });
    }

    /// Removes `file`. Volatile until synced.
    pub fn remove(&mut self, file: &str) {
        self.step.belongings.disk.remove(file);
        self.step.effects().push(Effect::Write { file: file.to_owned() });
    }

    /// Makes everything written so far durable. It takes the disk's time; what this step asks for afterwards waits for it, and
    /// so does everything that arrives meanwhile.
    pub fn sync(&mut self) {
        let writes = self.step.belongings.disk.writes();
        self.step.effects().push(Effect::Sync { writes });
    }
}

/// How [`Context::call`] comes back.
struct Then<F, R> {
    then: F,
    response: PhantomData<fn(R)>,
}

impl<F, R, M> Resume for Then<F, R>
where
    F: Fn(Outcome<R>) -> M + Clone + Send + 'static,
    R: 'static,
    M: Send + 'static,
{
    fn resume(&self, outcome: Outcome<Box<dyn Payload>>) -> Box<dyn Any + Send> {
        let outcome = outcome.map(|response| {
            *response.into_any().downcast::<R>().expect("a service answers with its own response type")
        });
        Box::new((self.then)(outcome))
    }

    fn copy(&self) -> Box<dyn Resume> {
        Box::new(Then { then: self.then.clone(), response: self.response })
    }
}

/// How a component's call comes back to the node that owns it.
struct Nested<F, M> {
    inner: Box<dyn Resume>,
    wrap: F,
    message: PhantomData<fn(M)>,
}

impl<F, M, O> Resume for Nested<F, M>
where
    F: Fn(M) -> O + Clone + Send + 'static,
    M: 'static,
    O: Send + 'static,
{
    fn resume(&self, outcome: Outcome<Box<dyn Payload>>) -> Box<dyn Any + Send> {
        let message =
            self.inner.resume(outcome).downcast::<M>().expect("a component resumes with its own message");
        Box::new((self.wrap)(*message))
    }

    fn copy(&self) -> Box<dyn Resume> {
        Box::new(Nested { inner: self.inner.copy(), wrap: self.wrap.clone(), message: self.message })
    }
}

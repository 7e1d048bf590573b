//! Lamport's mutual exclusion lets one node at a time into a critical section, without a server: every node keeps the same queue.
//!
//! - **Concept:** Lamport mutual exclusion
//! - **Guarantees:** mutual exclusion (safety; condition I). Order (safety; condition II): the section is granted in the order of requests, by
//!   their timestamps. Progress (liveness; condition III): if every node that enters leaves again, every request is granted.
//! - **Does not guarantee:** anything once a node has crashed: the others wait for its acknowledgement for ever, and they must, since it may be
//!   inside. Fairness by the time of day: who asked first by their watches may have the greater timestamp.
//! - **Assumes:** no node crashes, none is added. Messages may be lost, doubled and reordered: a [`FifoLinks`] below makes of that
//!   what the paper assumes, that they arrive, and in the order of sending.
//! - **Source:** Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", CACM 21(7), 1978, section "Ordering the Events
//!   Totally", conditions I to III and rules 1 to 5
//! - **Differs:** the paper begins with the resource granted to one process; here it is free. A node asks for one client at a time; others wait at
//!   their node. What is done inside is a time to spend, which the client names.
//! - **Chapter:** 06
//!
//! ```text
//! n0  ──1 request──────────────▼ ack 3────▶ inside: first in its queue,────── release ──▶
//!          ╲ ╲               ╱                      and all have spoken after 1 ╲╲
//! n1  ─────▼─╲──── ack ─────┴───── 2 request ─ ...                               ▼╲── inside
//! n2  ────────▼── ack ───────────────▼ ack ───────────────────────────────────────▼──────────
//!
//! queue of every node:  1@n0, 2@n1     the same order everywhere, without a word about it
//! ```
//!
//! It costs 3(n - 1) messages for each entry, and acknowledgements of the links besides.
//!
//! ```
//! use netsplit_algorithms::clocks::lamport_mutex::{Config, LamportMutex, Work};
//! use netsplit_node::{ms, secs};
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let printers = lab.cluster("printer", 3, |_id| LamportMutex::new(Config { send_again_every: ms(50) }));
//! let calls: Vec<_> = (0..3).map(|index| printers.client_of(index).call(Work { time: ms(10) })).collect();
//! printers.always("one prints", |members| members.iter().filter(|member| member.state.is_inside()).count() <= 1);
//! lab.run_for(secs(1));
//! assert!(calls.iter().all(|call| !call.is_pending()));
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use netsplit_node::{CallId, Context, Duration, Inspection, Invariant, Member, Node, NodeId, Service};

use crate::clocks::{LamportClock, LamportTimestamp};
use crate::links::{FifoLinks, Frame};

/// What all nodes are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// What was not acknowledged is sent again after this time, and again.
    pub send_again_every: Duration,
}

/// What a client asks: to spend this time in the critical section.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Work {
    /// How long.
    pub time: Duration,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "work {}", self.time)
    }
}

/// What a client is answered after its work.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Done {
    /// The timestamp of the request, which decided when it was its turn.
    pub request: LamportTimestamp,
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "done as {}", self.request)
    }
}

/// What nodes tell each other, over FIFO links.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// Rule 1: I want to enter, at this time.
    Request {
        /// The request's timestamp, which is also that of the message.
        sent: LamportTimestamp,
    },
    /// Rule 2: I have your request in my queue.
    Acknowledge {
        /// When.
        sent: LamportTimestamp,
    },
    /// Rule 3: I have left.
    Release {
        /// When.
        sent: LamportTimestamp,
    },
}

impl Message {
    fn sent(&self) -> LamportTimestamp {
        match self {
            Message::Request { sent } | Message::Acknowledge { sent } | Message::Release { sent } => *sent,
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Request { sent } => write!(f, "request {sent}"),
            Message::Acknowledge { sent } => write!(f, "acknowledge at {}", sent.time),
            Message::Release { sent } => write!(f, "release at {}", sent.time),
        }
    }
}

/// What wakes a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Frames that were not acknowledged go out again.
    SendAgain,
    /// The work inside is done.
    Leave,
}

/// A node that asks for a critical section. All of it is volatile: the algorithm knows no crashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LamportMutex {
    config: Config,
    clock: LamportClock,
    links: FifoLinks<Message>,
    /// Whose requests are known. Invariant: at most one of each node.
    queue: BTreeSet<LamportTimestamp>,
    /// The timestamp of the latest message of each peer.
    heard: BTreeMap<NodeId, LamportTimestamp>,
    /// The request of this node, until it has left: part of `queue`.
    own: Option<LamportTimestamp>,
    inside: bool,
    /// This node's clients, the first of which `own` is for.
    clients: VecDeque<(CallId, Work)>,
}

impl Node for LamportMutex {
    type Message = Frame<Message>;
    type Timer = Timer;

    fn on_message(&mut self, from: NodeId, frame: Frame<Message>, ctx: &mut Context<Self>) {
        let arrival = self.links.receive(from, frame);
        if let Some(answer) = arrival.answer {
            ctx.send(from, answer);
        }
        for message in arrival.delivered {
            self.take(from, message, ctx);
        }
        self.enter_if_granted(ctx);
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::SendAgain => self.send_again(ctx),
            Timer::Leave => self.release(ctx),
        }
    }

    /// Whether it is inside or waits, its clock, and its queue.
    fn inspect(&self) -> Inspection {
        let role = match (self.inside, self.own) {
            (true, _) => "inside",
            (false, Some(_)) => "waiting",
            (false, None) => "idle",
        };
        let queue: Vec<String> = self.queue.iter().map(LamportTimestamp::to_string).collect();
        Inspection::new()
            .role(role)
            .field("clock", self.clock.time())
            .field("queue", format_args!("{}", queue.join(" ")))
    }
}

impl Service for LamportMutex {
    type Request = Work;
    type Response = Done;

    fn on_request(&mut self, call: CallId, work: Work, ctx: &mut Context<Self>) {
        self.clients.push_back((call, work));
        self.request(ctx);
    }
}

impl LamportMutex {
    /// A node of a cluster that was told `config`.
    pub fn new(config: Config) -> LamportMutex {
        LamportMutex {
            config,
            clock: LamportClock::default(),
            links: FifoLinks::default(),
            queue: BTreeSet::new(),
            heard: BTreeMap::new(),
            own: None,
            inside: false,
            clients: VecDeque::new(),
        }
    }

    /// Whether this node is in the critical section.
    pub fn is_inside(&self) -> bool {
        self.inside
    }

    /// The request of this node, if it waits or is inside.
    pub fn own_request(&self) -> Option<LamportTimestamp> {
        self.own
    }

    /// The requests that this node knows of, in the order in which they are granted.
    pub fn queue(&self) -> impl Iterator<Item = LamportTimestamp> + '_ {
        self.queue.iter().copied()
    }

    /// Rule 1: asks everyone, and itself, for the first client in line.
    fn request(&mut self, ctx: &mut Context<Self>) {
        if self.own.is_some() || self.clients.is_empty() {
            return;
        }
        let sent = self.clock.send(ctx.id());
        self.own = Some(sent);
        self.queue.insert(sent);
        self.tell_all(Message::Request { sent }, ctx);
        self.enter_if_granted(ctx);
    }

    /// Rules 2 and 3, at the receiver.
    fn take(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        self.clock.receive(ctx.id(), message.sent());
        self.heard.insert(from, message.sent());
        match message {
            Message::Request { sent } => {
                self.queue.insert(sent);
                let acknowledge = Message::Acknowledge { sent: self.clock.send(ctx.id()) };
                self.tell(from, acknowledge, ctx);
            }
            Message::Acknowledge { .. } => {}
            Message::Release { .. } => self.queue.retain(|request| request.node != from),
        }
    }

    /// Rule 5: granted once the own request is the first of the queue (i), and everyone was heard of after it (ii). What comes later than that is
    /// later than the request too, since links are FIFO: nobody can come before it any more.
    fn enter_if_granted(&mut self, ctx: &mut Context<Self>) {
        let Some(own) = self.own else { return };
        let is_first = self.queue.first() == Some(&own);
        let all_were_heard = ctx.peers().all(|peer| self.heard.get(&peer).is_some_and(|&heard| heard > own));
        if is_first && all_were_heard && !self.inside {
            self.inside = true;
            let (_, work) = self.clients.front().expect("a request is for a client");
            ctx.note("enters");
            ctx.set_timer(work.time, Timer::Leave);
        }
    }

    /// Rule 3: out of the own queue, and told to everyone.
    fn release(&mut self, ctx: &mut Context<Self>) {
        let (Some(own), Some((call, _))) = (self.own.take(), self.clients.pop_front()) else { return };
        self.inside = false;
        self.queue.remove(&own);
        ctx.note("leaves");
        let release = Message::Release { sent: self.clock.send(ctx.id()) };
        self.tell_all(release, ctx);
        ctx.reply(call, Done { request: own });
        self.request(ctx);
    }

    fn tell_all(&mut self, message: Message, ctx: &mut Context<Self>) {
        for peer in ctx.peers() {
            self.tell(peer, message.clone(), ctx);
        }
    }

    fn tell(&mut self, to: NodeId, message: Message, ctx: &mut Context<Self>) {
        let frame = self.links.send(to, message);
        ctx.send(to, frame);
        ctx.set_timer(self.config.send_again_every, Timer::SendAgain);
    }

    fn send_again(&mut self, ctx: &mut Context<Self>) {
        let frames = self.links.unacknowledged();
        if !frames.is_empty() {
            ctx.set_timer(self.config.send_again_every, Timer::SendAgain);
        }
        for (to, frame) in frames {
            ctx.send(to, frame);
        }
    }
}

/// Condition I: a node that was granted the resource releases it before another is granted it.
#[derive(Clone, Debug, Default, Hash)]
pub struct MutualExclusion;

impl Invariant<LamportMutex> for MutualExclusion {
    fn name(&self) -> &str {
        "MutualExclusion"
    }

    fn check(&mut self, members: &[Member<'_, LamportMutex>]) -> Result<(), String> {
        let inside: Vec<String> =
            members.iter().filter(|it| it.state.inside).map(|it| it.id.to_string()).collect();
        if inside.len() > 1 { Err(format!("{} are inside at once", inside.join(" and "))) } else { Ok(()) }
    }
}

/// Condition II: requests are granted in the order in which they were made, by their timestamps.
#[derive(Clone, Debug, Default, Hash)]
pub struct GrantedInOrder {
    latest: Option<LamportTimestamp>,
}

impl Invariant<LamportMutex> for GrantedInOrder {
    fn name(&self) -> &str {
        "GrantedInOrder"
    }

    fn check(&mut self, members: &[Member<'_, LamportMutex>]) -> Result<(), String> {
        for granted in members.iter().filter(|it| it.state.inside).filter_map(|it| it.state.own) {
            match self.latest {
                Some(latest) if granted < latest => {
                    return Err(format!("{granted} is granted after {latest}"));
                }
                _ => self.latest = Some(granted),
            }
        }
        Ok(())
    }
}

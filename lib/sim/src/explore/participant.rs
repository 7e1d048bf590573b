//! A node between two steps, and its steps: the only place where an exploration runs a protocol's code.
//!
//! What a node does depends on its state and what arrives, so each step is done once and remembered: however many states of the whole contain it, a
//! handler runs once for each state of its node and each message. All else deals in numbers.

use std::any::Any;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use netsplit_node::{
    CallId, Context, Disk, Effect, Identity, Node, NodeId, Outcome, Payload, Random, Slab, Step, Time,
};

use super::arena::Interned;
use super::difference;
use super::fingerprint::{fingerprint, mix};
use crate::cluster::Cluster;
use crate::handler_panic::{self, NodesRun};

/// A request or an answer of a type that only its service knows.
pub(crate) trait Said: Any + Send + Sync {
    fn words(&self) -> String;
    fn as_any(&self) -> &dyn Any;
    /// The same, as it travels in a laboratory.
    fn payload(&self) -> Box<dyn Payload>;
}

impl<T: Any + Clone + Debug + Send + Sync> Said for T {
    fn payload(&self) -> Box<dyn Payload> {
        Box::new(self.clone())
    }
    fn words(&self) -> String {
        format!("{self:?}")
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// An answer with its fingerprint.
pub(crate) type Printed = (u64, Arc<dyn Said>);

/// What a client was told: an answer, or why its request was refused.
pub(crate) type Answer = Result<Arc<dyn Said>, String>;

/// How a request is handed to a service, and what its answers are.
pub(crate) struct Calls<N: Node> {
    pub(crate) serve: fn(&mut N, CallId, &dyn Any, &mut Context<N>),
    pub(crate) answer: fn(Box<dyn Payload>) -> Printed,
    /// Lets requests reach the members of a cluster in a laboratory.
    pub(crate) serve_in_lab: fn(&Cluster<N>),
}

impl<N: Node> Clone for Calls<N> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<N: Node> Copy for Calls<N> {}

/// A node with all that is its own.
#[derive(Clone)]
pub(crate) struct Participant<N: Node> {
    pub(crate) index: u32,
    pub(crate) node: N,
    /// What was synced.
    pub(super) disk: Disk,
    /// In the order of their fingerprints.
    pub(crate) timers: Vec<Pending>,
    pub(super) clock: Time,
    /// It has crashed for good.
    pub(crate) is_down: bool,
}

/// A timer that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pending {
    print: u64,
    pub(crate) timer: u32,
    /// By the node's clock.
    due: Time,
}

impl<N: Node + Hash> Participant<N> {
    fn print(&self) -> u64 {
        let Participant { index, node, disk, timers, clock, is_down } = self;
        let files = disk.files().into_iter().map(|file| fingerprint(&(disk.read(&file), file)));
        let timers = timers.iter().map(|Pending { print, timer: _, due }| mix([*print, due.as_nanos()]));
        let own = fingerprint(&(index, node, clock, is_down));
        mix([own, mix(files), mix(timers)])
    }
}

/// A message, a request or an answer, from one participant to another.
pub(crate) struct Envelope<N: Node> {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) content: Content<N>,
}

/// What an envelope holds.
pub(crate) enum Content<N: Node> {
    Message(N::Message),
    /// A client's operation, by its number.
    Request(u32),
    /// The answer to an operation.
    Answer {
        operation: u32,
        answer: u32,
    },
}

/// What a node's step comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Effects {
    /// Its state afterwards.
    pub(crate) state: u32,
    /// The envelopes that it sends, in order.
    pub(crate) sent: Vec<u32>,
    /// What the explorer cannot go on from, such as a panic.
    pub(crate) trouble: Option<String>,
}

/// What happens to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// An envelope arrives.
    Arrival(u32),
    /// A timer runs out, by its place.
    Timer(u32),
    /// The power is cut, and comes back.
    Crash,
    /// The node stops for good.
    Stop,
}

impl Event {
    /// Different for different events, below 2³¹.
    pub(crate) fn key(self) -> u32 {
        match self {
            Event::Arrival(envelope) => envelope << 2,
            Event::Timer(place) => place << 2 | 1,
            Event::Crash => 2,
            Event::Stop => 3,
        }
    }

    /// The event of this key.
    pub(crate) fn of_key(key: u32) -> Event {
        match key & 3 {
            0 => Event::Arrival(key >> 2),
            1 => Event::Timer(key >> 2),
            2 => Event::Crash,
            _ => Event::Stop,
        }
    }
}

/// A client's operation.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) client: u32,
    pub(crate) server: u32,
    pub(crate) request: Arc<dyn Said>,
}

/// Who takes part: how nodes are made and run, and all that was ever met of them.
pub(crate) struct Cast<N: Node> {
    pub(crate) members: Arc<[NodeId]>,
    pub(crate) factory: Arc<dyn Fn(NodeId) -> N + Send + Sync>,
    pub(crate) calls: Option<Calls<N>>,
    /// The operations of all clients, by their numbers.
    pub(crate) asked: Vec<Asked>,
    pub(crate) clocks_move: bool,
    pub(crate) participants: Interned<Participant<N>>,
    pub(crate) timers: Interned<N::Timer>,
    pub(crate) envelopes: Interned<Envelope<N>>,
    pub(crate) answers: Interned<Answer>,
    /// What a reader must know.
    notes: Mutex<Vec<String>>,
}

/// A handler that has run; its effects are still to be carried out.
pub(super) struct Ran<N: Node> {
    /// Which way its random numbers went.
    pub(super) branch: u64,
    after: Participant<N>,
    pub(super) effects: Vec<Effect>,
    messages: Slab<N::Message>,
    timers: Slab<N::Timer>,
    trouble: Option<String>,
}

/// More ways than this to draw random numbers in one step are no choice.
const MOST_BRANCHES: u64 = 1000;

impl<N> Cast<N>
where
    N: Node + Sync + Eq + Hash,
    N::Message: Sync + Eq + Hash,
    N::Timer: Sync + Eq + Hash,
{
    pub(crate) fn new(size: usize, factory: Arc<dyn Fn(NodeId) -> N + Send + Sync>) -> Cast<N> {
        handler_panic::install_hook();
        Cast {
            members: (0..size as u32).map(NodeId).collect(),
            factory,
            calls: None,
            asked: Vec::new(),
            clocks_move: false,
            participants: Interned::new(),
            timers: Interned::new(),
            envelopes: Interned::new(),
            answers: Interned::new(),
            notes: Mutex::new(Vec::new()),
        }
    }

    /// What the nodes may be after their first steps.
    pub(crate) fn start(&self, index: u32) -> Vec<Effects> {
        self.begin(index, Disk::default(), Time::ZERO)
    }

    /// All that `event` may come to. Nothing if it cannot happen.
    pub(crate) fn react(&self, state: u32, event: Event) -> Vec<Effects> {
        let participant = self.participants.get(state);
        if participant.is_down {
            return Vec::new();
        }
        let effects = match event {
            Event::Crash => self.restart(participant.disk.clone(), participant, Vec::new()),
            Event::Stop => {
                let mut after = participant.clone();
                (after.is_down, after.timers, after.disk) = (true, Vec::new(), Disk::default());
                vec![Effects { state: self.meet(after), sent: Vec::new(), trouble: None }]
            }
            Event::Arrival(_) | Event::Timer(_) => {
                let ran = self.run_event(participant, event);
                ran.into_iter().map(|ran| self.carry_out(ran)).collect()
            }
        };
        let mut different: Vec<Effects> = Vec::new();
        for effects in effects {
            if !different.contains(&effects) {
                different.push(effects);
            }
        }
        different
    }

    /// All that `event` may come to if the power is cut in the midst of it, between two effects, and comes back.
    pub(crate) fn cuts(&self, state: u32, event: Event) -> Vec<Effects> {
        let participant = self.participants.get(state);
        if participant.is_down {
            return Vec::new();
        }
        let mut different: Vec<Effects> = Vec::new();
        for ran in self.run_event(participant, event).into_iter().filter(|ran| ran.trouble.is_none()) {
            for kept in 1..=ran.effects.len() {
                let Some((disk, sent)) = self.first_effects(&ran, kept) else { continue };
                for effects in self.restart(disk, participant, sent) {
                    if !different.contains(&effects) {
                        different.push(effects);
                    }
                }
            }
        }
        different
    }

    /// The disk after the first effects of a step, and what was sent by them; nothing if the last of them leaves nothing behind, as notes and timers do.
    pub(super) fn first_effects(&self, ran: &Ran<N>, kept: usize) -> Option<(Disk, Vec<u32>)> {
        if !matches!(ran.effects[kept - 1], Effect::Send { .. } | Effect::Reply(_) | Effect::Sync { .. }) {
            return None;
        }
        let (mut disk, mut sent) = (ran.after.disk.clone(), Vec::new());
        for effect in &ran.effects[..kept] {
            match effect {
                Effect::Send { to, message } => {
                    sent.extend(self.send(ran.after.index, *to, ran.messages.get(*message)));
                }
                Effect::Reply(reply) => {
                    sent.extend(self.answer(ran.after.index, reply.call, reply.outcome.clone()));
                }
                Effect::Sync { writes } => disk.complete_sync(*writes),
                _ => {}
            }
        }
        Some((disk, sent))
    }

    fn restart(&self, mut disk: Disk, before: &Participant<N>, sent: Vec<u32>) -> Vec<Effects> {
        disk.crash();
        let mut all = self.begin(before.index, disk, before.clock);
        for effects in &mut all {
            effects.sent.splice(0..0, sent.iter().copied());
        }
        all
    }

    /// A node from the factory takes its first step.
    fn begin(&self, index: u32, disk: Disk, clock: Time) -> Vec<Effects> {
        self.run_start(index, disk, clock).into_iter().map(|ran| self.carry_out(ran)).collect()
    }

    pub(super) fn run_start(&self, index: u32, disk: Disk, clock: Time) -> Vec<Ran<N>> {
        let node = (self.factory)(self.members[index as usize]);
        let fresh = Participant { index, node, disk, timers: Vec::new(), clock, is_down: false };
        self.run(&fresh, &|node, ctx| node.on_start(ctx))
    }

    pub(super) fn run_event(&self, participant: &Participant<N>, event: Event) -> Vec<Ran<N>> {
        match event {
            Event::Arrival(envelope) => {
                let Envelope { from, content, .. } = self.envelopes.get(envelope);
                self.run(participant, &|node, ctx| match content {
                    Content::Message(message) => node.on_message(NodeId(*from), message.clone(), ctx),
                    Content::Request(number) => {
                        let request = &self.asked[*number as usize].request;
                        if let Some(calls) = self.calls {
                            (calls.serve)(node, CallId((*number).into()), (**request).as_any(), ctx);
                        }
                    }
                    Content::Answer { .. } => {}
                })
            }
            Event::Timer(place) => {
                let mut before = participant.clone();
                let Pending { timer, due, .. } = before.timers.remove(place as usize);
                let timer = self.timers.get(timer);
                before.clock = before.clock.max(due);
                self.run(&before, &|node, ctx| node.on_timer(timer.clone(), ctx))
            }
            Event::Crash | Event::Stop => Vec::new(),
        }
    }

    /// Runs a handler in every way that its random numbers allow.
    fn run(&self, before: &Participant<N>, handler: &dyn Fn(&mut N, &mut Context<N>)) -> Vec<Ran<N>> {
        let (mut all, mut number, mut most) = (Vec::new(), 0, 1);
        while number < most {
            let (mut ran, random) = self.run_branch(before, number, handler);
            let Some(branches) = random.branches() else { break };
            most = most.max(branches.most);
            if most > MOST_BRANCHES {
                let node = self.members[before.index as usize];
                ran.trouble = Some(format!(
                    "{node} draws among more than {MOST_BRANCHES} possibilities in one step: give it fewer, or choose by a configuration"
                ));
                return vec![ran];
            }
            if branches.bits_drawn {
                self.note(format!(
                    "{}: plain random bits were drawn, and were 0: what depends on them was seen in one way only",
                    self.members[before.index as usize]
                ));
            }
            if branches.exists {
                self.check_determinism(before, &ran, number, handler);
                all.push(ran);
            }
            number += 1;
        }
        all
    }

    fn run_branch(
        &self,
        before: &Participant<N>,
        number: u64,
        handler: &dyn Fn(&mut N, &mut Context<N>),
    ) -> (Ran<N>, Random) {
        let mut after = before.clone();
        let (mut step, mut messages, mut timers) = (Step::new(), Slab::new(), Slab::new());
        step.node = self.members[before.index as usize];
        (step.now, step.monotonic) = (before.clock, before.clock);
        step.belongings.disk = std::mem::take(&mut after.disk);
        step.belongings.identity = Identity::new(step.node, [1, 2]);
        step.belongings.random = Random::branch(number);
        let caught = {
            let _nodes_run = NodesRun::begin();
            handler_panic::catch(|| {
                handler(
                    &mut after.node,
                    &mut Context::new(&mut step, &self.members, &mut messages, &mut timers),
                );
            })
        };
        let node = step.node;
        let effects: Vec<Effect> = step.effects().drain(..).collect();
        let calls = effects.iter().any(|effect| matches!(effect, Effect::Call(_)));
        let trouble = match caught {
            Err(panic) => Some(format!("{node} panicked: {panic}")),
            Ok(()) if calls => Some(format!(
                "{node} calls a service of another cluster, and only one cluster is explored: let it be part of the node"
            )),
            Ok(()) => None,
        };
        after.disk = std::mem::take(&mut step.belongings.disk);
        (Ran { branch: number, after, effects, messages, timers, trouble }, step.belongings.random.clone())
    }

    /// Carries out the effects of a handler that ran to its end. Notes are for diagrams.
    pub(super) fn carry_out(&self, ran: Ran<N>) -> Effects {
        let Ran { mut after, effects, mut messages, mut timers, trouble, branch: _ } = ran;
        let mut sent = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send { to, message } => {
                    sent.extend(self.send(after.index, to, &messages.take(message)))
                }
                Effect::Reply(reply) => sent.extend(self.answer(after.index, reply.call, reply.outcome)),
                Effect::SetTimer { after: delay, timer } => {
                    let timer = timers.take(timer);
                    let print = fingerprint(&timer);
                    let due = if self.clocks_move { after.clock + delay } else { Time::ZERO };
                    after.timers.retain(|other| other.print != print);
                    let timer = self.timers.number(print, timer, |_, _| {});
                    after.timers.push(Pending { print, timer, due });
                }
                Effect::CancelTimer { timer } => {
                    let print = fingerprint(&timers.take(timer));
                    after.timers.retain(|other| other.print != print);
                }
                Effect::Sync { writes } => after.disk.complete_sync(writes),
                Effect::Call(_) | Effect::Note(_) | Effect::Write { .. } => {}
            }
        }
        after.timers.sort();
        Effects { state: self.meet(after), sent, trouble }
    }

    /// The number of a participant's state.
    fn meet(&self, participant: Participant<N>) -> u32 {
        let print = participant.print();
        self.check_copy(&participant, print);
        self.participants.number(print, participant, |known, new| {
            if known.node != new.node {
                self.note_difference(&known.node, &new.node, "Hash leaves out what Eq compares");
            }
        })
    }

    /// A message to one that is no member is lost.
    fn send(&self, from: u32, to: NodeId, message: &N::Message) -> Option<u32> {
        let to = self.members.contains(&to).then_some(to.0)?;
        let print = fingerprint(&(from, to, 0_u8, message));
        let envelope = Envelope { from, to, content: Content::Message(message.clone()) };
        Some(self.envelopes.number(print, envelope, |known, new| {
            if let (Content::Message(known), Content::Message(new)) = (&known.content, &new.content)
                && known != new
            {
                self.note_difference(known, new, "Hash leaves out what Eq compares");
            }
        }))
    }

    /// The request of a client's operation, on its way.
    pub(crate) fn ask(&self, number: u32) -> u32 {
        let Asked { client, server, .. } = self.asked[number as usize];
        let (from, to) = (self.members.len() as u32 + client, server);
        let envelope = Envelope { from, to, content: Content::Request(number) };
        self.envelopes.number(fingerprint(&(from, to, 1_u8, number)), envelope, |_, _| {})
    }

    fn answer(&self, from: u32, call: CallId, outcome: Outcome<Box<dyn Payload>>) -> Option<u32> {
        let number = u32::try_from(call.0).ok()?;
        let client = self.asked.get(number as usize)?.client;
        let (print, answer): (u64, Answer) = match outcome {
            Outcome::Ok(answer) => {
                let (print, answer) = (self.calls?.answer)(answer);
                (print, Ok(answer))
            }
            Outcome::Fail(reason) => (fingerprint(&(1_u8, &reason)), Err(reason)),
            Outcome::Unknown => return None,
        };
        let answer = self.answers.number(print, answer, |_, _| {});
        let to = self.members.len() as u32 + client;
        let envelope = Envelope { from, to, content: Content::Answer { operation: number, answer } };
        Some(self.envelopes.number(fingerprint(&(from, to, 2_u8, number, print)), envelope, |_, _| {}))
    }

    /// A copy must equal what it is a copy of.
    fn check_copy(&self, participant: &Participant<N>, print: u64) {
        let copy = participant.clone();
        if copy.node != participant.node {
            self.note_difference(
                &participant.node,
                &copy.node,
                "a clone is not equal to what it was cloned from",
            );
        } else if copy.print() != print {
            self.note_difference(
                &participant.node,
                &copy.node,
                "a clone has another hash than what it was cloned from",
            );
        }
    }

    /// The same step must come to the same.
    fn check_determinism(
        &self,
        before: &Participant<N>,
        ran: &Ran<N>,
        number: u64,
        handler: &dyn Fn(&mut N, &mut Context<N>),
    ) {
        let (again, _) = self.run_branch(before, number, handler);
        if again.after.print() != ran.after.print() {
            self.note_difference(
                &ran.after.node,
                &again.after.node,
                "a handler that ran twice did not come to the same",
            );
        }
        let sent = |ran: &Ran<N>| {
            let sends = ran.effects.iter().map(|effect| match effect {
                Effect::Send { to, message } => fingerprint(&(to, ran.messages.get(*message))),
                Effect::SetTimer { after, timer } => fingerprint(&(after, ran.timers.get(*timer))),
                _ => 0,
            });
            mix(sends)
        };
        if sent(&again) != sent(ran) {
            self.note(format!(
                "{}: a handler that ran twice did not ask for the same: what was found is not certain",
                self.members[before.index as usize]
            ));
        }
    }

    fn note_difference(&self, one: &dyn Debug, other: &dyn Debug, what: &str) {
        let names = difference::names(&format!("{one:#?}"), &format!("{other:#?}"));
        let fields = match names.len() {
            0 => "the Debug forms do not tell where".to_owned(),
            _ => format!("it shows in {}", names.join(", ")),
        };
        self.note(format!("{}: {what}: {fields}; what was found is not certain", std::any::type_name::<N>()));
    }

    fn note(&self, note: String) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.contains(&note) && notes.len() < 10 {
            notes.push(note);
        }
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

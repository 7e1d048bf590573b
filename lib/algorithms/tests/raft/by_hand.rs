//! Several nodes and the messages between them, where a test decides what happens next: which timer fires, which message arrives, who
//! crashes. Everything is written down, so that a run can be read, and kept.
#![allow(dead_code, reason = "each test binary uses its part of this")]

use std::collections::VecDeque;
use std::sync::Arc;

use netsplit_node::{
    CallId, Context, Effect, Invariant, Member, Node, NodeId, Random, Service, Slab, Step, ms,
};

/// A cluster whose every step is asked for.
pub struct World<N: Service> {
    factory: Box<dyn Fn() -> N>,
    members: Arc<[NodeId]>,
    nodes: Vec<Place<N>>,
    /// Sender, receiver and message, in the order of sending.
    in_flight: VecDeque<(usize, usize, N::Message)>,
    invariants: Vec<Check<N>>,
    /// What happened, line by line.
    pub transcript: String,
    /// The first invariant that did not hold, and why.
    pub violated: Option<(String, String)>,
}

/// An invariant; its error begins with its name.
type Check<N> = Box<dyn FnMut(&[Member<'_, N>]) -> Result<(), String>>;

struct Place<N: Node> {
    node: N,
    up: bool,
    step: Step,
    shown: String,
}

impl<N: Service> World<N> {
    /// So many nodes, which start.
    pub fn new(size: usize, factory: impl Fn() -> N + 'static) -> World<N> {
        let place = |index| {
            let mut step = Step::new();
            (step.node, step.belongings.random) = (NodeId(index as u32), Random::new(index as u64));
            Place { node: factory(), up: true, step, shown: String::new() }
        };
        let mut world = World {
            nodes: (0..size).map(place).collect(),
            factory: Box::new(factory),
            members: (0..size as u32).map(NodeId).collect(),
            in_flight: VecDeque::new(),
            invariants: Vec::new(),
            transcript: String::new(),
            violated: None,
        };
        for index in 0..size {
            world.run(index, |node, ctx| node.on_start(ctx));
        }
        world
    }

    /// From now on this must hold after every step.
    pub fn require(&mut self, mut invariant: impl Invariant<N>) {
        let name = invariant.name().to_owned();
        self.invariants.push(Box::new(move |members| {
            invariant.check(members).map_err(|text| format!("{name}: {text}"))
        }));
    }

    pub fn node(&self, index: usize) -> &N {
        &self.nodes[index].node
    }

    /// Writes a heading into the transcript.
    pub fn heading(&mut self, text: &str) {
        self.transcript += &format!("\n{text}\n");
    }

    pub fn fire(&mut self, index: usize, timer: N::Timer) {
        self.nodes[index].step.monotonic += ms(300);
        self.nodes[index].step.now += ms(300);
        self.transcript += &format!("n{index} wakes: {timer:?}\n");
        self.run(index, |node, ctx| node.on_timer(timer, ctx));
    }

    pub fn ask(&mut self, index: usize, request: N::Request) {
        self.transcript += &format!("n{index} is asked: {request:?}\n");
        self.run(index, |node, ctx| node.on_request(CallId(0), request, ctx));
    }

    /// A message from outside the run.
    pub fn tell(&mut self, index: usize, from: usize, message: N::Message) {
        self.run(index, |node, ctx| node.on_message(NodeId(from as u32), message, ctx));
    }

    /// The oldest message from one to the other arrives.
    pub fn deliver(&mut self, from: usize, to: usize) {
        let place =
            self.in_flight.iter().position(|(sender, receiver, _)| (*sender, *receiver) == (from, to));
        let place = place.unwrap_or_else(|| panic!("nothing is under way from n{from} to n{to}"));
        let Some((_, _, message)) = self.in_flight.remove(place) else { unreachable!("it was found") };
        self.transcript += &format!("n{from} -> n{to}  {message:?}\n");
        if self.nodes[to].up {
            self.run(to, |node, ctx| node.on_message(NodeId(from as u32), message, ctx));
        }
    }

    /// Messages among these nodes arrive, the oldest first, until there are none.
    pub fn settle(&mut self, group: &[usize]) {
        while let Some(&(from, to, _)) =
            self.in_flight.iter().find(|(from, to, _)| group.contains(from) && group.contains(to))
        {
            self.deliver(from, to);
        }
    }

    /// Everything that is under way is lost.
    pub fn lose_all(&mut self) {
        if !self.in_flight.is_empty() {
            self.transcript += &format!("what is under way is lost ({} messages)\n", self.in_flight.len());
        }
        self.in_flight.clear();
    }

    pub fn crash(&mut self, index: usize) {
        self.transcript += &format!("n{index} crashes\n");
        let place = &mut self.nodes[index];
        place.up = false;
        place.step.belongings.disk.crash();
    }

    pub fn restart(&mut self, index: usize) {
        self.transcript += &format!("n{index} restarts\n");
        self.nodes[index].up = true;
        self.nodes[index].node = (self.factory)();
        self.run(index, |node, ctx| node.on_start(ctx));
    }

    fn run(&mut self, index: usize, handler: impl FnOnce(&mut N, &mut Context<N>)) {
        let (mut messages, mut timers) = (Slab::new(), Slab::new());
        let place = &mut self.nodes[index];
        handler(
            &mut place.node,
            &mut Context::new(&mut place.step, &self.members, &mut messages, &mut timers),
        );
        let mut answers = Vec::new();
        for effect in std::mem::take(place.step.effects()) {
            match effect {
                Effect::Send { to, message } => {
                    self.in_flight.push_back((index, to.0 as usize, messages.take(message)));
                }
                Effect::Sync { writes } => place.step.belongings.disk.complete_sync(writes),
                Effect::Reply(reply) => answers.push(reply.outcome.map(|response| (*response).describe())),
                _ => {}
            }
        }
        let shown = place.node.inspect().to_string();
        if shown != place.shown {
            self.transcript += &format!("          n{index}: {shown}\n");
            place.shown = shown;
        }
        for answer in answers {
            self.transcript += &format!("          n{index} answers: {answer}\n");
        }
        self.check();
    }

    fn check(&mut self) {
        let place = |(index, place)| {
            let Place { node, up, .. }: &Place<N> = place;
            Member { index, id: NodeId(index as u32), up: *up, state: node }
        };
        let members: Vec<Member<'_, N>> = self.nodes.iter().enumerate().map(place).collect();
        for check in &mut self.invariants {
            if let (None, Err(text)) = (&self.violated, check(&members)) {
                let (name, reason) = text.split_once(": ").unwrap_or_default();
                self.violated = Some((name.to_owned(), reason.to_owned()));
            }
        }
    }
}

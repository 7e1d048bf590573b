//! An explored way as a run of a laboratory: the same nodes, with a time for each thing that happens, so that pictures can show it.
//!
//! An exploration knows no time. Here what happens as the first thing happens at 1 ms, the second at 2 ms, and so on, by a [`Schedule`]: messages arrive when
//! it says so and never else, timers fire so, and random numbers go the way that they went. Syncs take no time, and
//! clocks stand still as they did.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::Arc;

use netsplit_node::{Duration, Node, NodeId, Time, ms, us};

use super::Explore;
use super::fingerprint::fingerprint;
use super::model::Model;
use super::network::Network;
use super::nodes::{Happening, Nodes, What};
use super::participant::{Content, Event};
use super::report::{Exploration, Finding, Standing};
use super::shorter::first_violation;
use super::world::World;
use crate::action::Action;
use crate::fault::Fault;
use crate::lab::Lab;
use crate::run::Stopped;
use crate::shrink::{Counterexample, Delivery, Firing, MessageKey, Others, Schedule, ShrinkError, Size};

impl<N> Explore<Nodes<N>>
where
    N: Node + Sync + Eq + Hash,
    N::Message: Sync + Eq + Hash,
    N::Timer: Sync + Eq + Hash,
{
    /// The first violation of an `always` in what was found as a run of a laboratory, without what it does not need: to be looked at in diagrams and the
    /// player, and printed as a test. The cluster's name is "node".
    ///
    /// # Errors
    /// If nothing of that kind is violated, or if the nodes go another way there, as those may do that look at clocks that were told to move.
    pub fn counterexample(&self, found: &Exploration) -> Result<Counterexample, ShrinkError> {
        let nothing = || {
            let what = "no property that must always hold is violated".to_owned();
            ShrinkError::Passes { seed: SEED, what }
        };
        let (name, longer) = first_violation(found).ok_or_else(nothing)?;
        let path = self.shorter(found).ok_or_else(nothing)?;
        let parts = |what: &str| ShrinkError::Parts { what: what.to_owned() };
        let steps = self.model.steps_of(&path.chain).ok_or_else(|| parts("the way is not found again"))?;
        let mut timing =
            Timing::begin(&self.model, &steps.0).ok_or_else(|| parts("a node starts otherwise"))?;
        for (number, (before, happening)) in steps.1.iter().enumerate() {
            let at = Time::ZERO + ms(number as i64 + 1);
            let what = || ShrinkError::Parts { what: self.model.words(happening) };
            timing.happens(at, before, *happening).ok_or_else(what)?;
        }
        let end = Time::ZERO + ms(steps.1.len() as i64 + 1);
        let lab = timing.run(end)?;
        let mut before = Size::of(&lab.world());
        before.time = ms(longer.steps.len() as i64 + 1);
        let sentence = found.finding(name).map(sentence).unwrap_or_default();
        let world = lab.world().clone();
        Ok(Counterexample::new(world, before, format!("{name}: {sentence}"), 1, true, false))
    }
}

/// Nothing is drawn from it.
const SEED: u64 = 0;

fn sentence(finding: &Finding) -> String {
    match &finding.standing {
        Standing::Violated { sentence, .. } if !sentence.is_empty() => sentence.clone(),
        _ => "violated".to_owned(),
    }
}

/// A path as the first state, and each state with what happens in it.
type Steps = (World, Vec<(World, Happening)>);

impl<N> Nodes<N>
where
    N: Node + Sync + Eq + Hash,
    N::Message: Sync + Eq + Hash,
    N::Timer: Sync + Eq + Hash,
{
    fn steps_of(&self, chain: &[u64]) -> Option<Steps> {
        let initial = self.initial().into_iter().find(|world| chain.first() == Some(&fingerprint(world)))?;
        let (mut steps, mut world) = (Vec::new(), initial.clone());
        for &wanted in &chain[1..] {
            let mut happenings = Vec::new();
            self.actions(&world, &mut happenings);
            let leads =
                |happening: &Happening| self.next(&world, happening).filter(|it| fingerprint(it) == wanted);
            let (happening, after) = happenings.into_iter().find_map(|it| Some((it, leads(&it)?)))?;
            steps.push((std::mem::replace(&mut world, after), happening));
        }
        Some((initial, steps))
    }
}

/// A message under way.
struct UnderWay {
    envelope: u32,
    key: MessageKey,
    sent: Time,
}

/// A run with times, as far as it is known.
struct Timing<'a, N: Node> {
    nodes: &'a Nodes<N>,
    schedule: Schedule,
    sent: BTreeMap<(u32, u32), u32>,
    under_way: Vec<UnderWay>,
    steps: BTreeMap<u32, u32>,
    /// What is done from outside, in order.
    actions: Vec<(Time, Action)>,
}

impl<'a, N> Timing<'a, N>
where
    N: Node + Sync + Eq + Hash,
    N::Message: Sync + Eq + Hash,
    N::Timer: Sync + Eq + Hash,
{
    /// The first steps of all nodes, and the first requests of all clients.
    fn begin(nodes: &'a Nodes<N>, initial: &World) -> Option<Timing<'a, N>> {
        let schedule = Schedule {
            others: Others::Lost,
            timers: Some(Vec::new()),
            choices: Some(BTreeMap::new()),
            clocks_stand: !nodes.cast.clocks_move,
            ..Schedule::new()
        };
        let (sent, steps) = (BTreeMap::new(), BTreeMap::new());
        let mut timing = Timing { nodes, schedule, sent, under_way: Vec::new(), steps, actions: Vec::new() };
        for node in 0..nodes.layout.nodes as u32 {
            let started = nodes.cast.run_start(node, Default::default(), Time::ZERO).into_iter();
            let mut ways = started.map(|ran| (ran.branch, nodes.cast.carry_out(ran)));
            let (branch, effects) =
                ways.find(|(_, effects)| effects.state == initial.words[node as usize])?;
            timing.steps(node, branch);
            timing.sends(&effects.sent, Time::ZERO);
        }
        for client in 0..nodes.scripts.len() {
            let server =
                nodes.scripts[client].first().map_or(0, |&first| nodes.cast.asked[first as usize].server);
            timing.actions.push((Time::ZERO, Action::Client { service: NodeId(server) }));
        }
        for client in 0..nodes.scripts.len() {
            timing.asks(client, 0, Time::ZERO);
        }
        Some(timing)
    }

    fn happens(&mut self, at: Time, before: &World, happening: Happening) -> Option<()> {
        let nodes = self.nodes;
        match happening.what {
            What::Arrives { envelope } => {
                self.arrives(envelope, at)?;
                let it = nodes.cast.envelopes.get(envelope);
                match it.content {
                    Content::Answer { operation, .. } => {
                        let (client, place) = nodes.place_in_script(operation as usize);
                        let is_open = before.words[nodes.layout.outcome(operation as usize)] == 0;
                        if is_open {
                            self.asks(client, place as usize + 1, at);
                        }
                    }
                    _ => self.goes_on(it.to, before, Event::Arrival(envelope), happening.effects, at)?,
                }
            }
            What::Lost { envelope } => _ = self.take(envelope)?,
            What::Doubled { envelope } => {
                let UnderWay { key, sent, .. } = *self.under_way.iter().find(|it| it.envelope == envelope)?;
                self.under_way.push(UnderWay { envelope, key, sent });
            }
            What::Fires { node, place, .. } => {
                self.fires(node, before, place, at);
                self.goes_on(node, before, Event::Timer(place), happening.effects, at)?;
            }
            What::Crashes { node } => {
                let participant = nodes.cast.participants.get(before.words[node as usize]);
                let mut disk = participant.disk.clone();
                disk.crash();
                let started = nodes.cast.run_start(node, disk, participant.clock).into_iter();
                let mut ways = started.map(|ran| (ran.branch, nodes.cast.carry_out(ran)));
                let wanted = nodes.effects.get(happening.effects);
                let (branch, effects) = ways.find(|(_, effects)| effects == wanted)?;
                self.crashes(node, at);
                self.restarts(node, at);
                self.steps(node, branch);
                self.sends(&effects.sent, at);
            }
            What::CutDuring { node, event } => {
                self.is_cut(node, before, Event::of_key(event), happening.effects, at)?;
            }
            What::Stops { node } => self.crashes(node, at),
        }
        Some(())
    }

    /// A node takes a step that comes to these effects.
    fn goes_on(&mut self, node: u32, before: &World, event: Event, effects: u32, at: Time) -> Option<()> {
        let participant = self.nodes.cast.participants.get(before.words[node as usize]);
        let wanted = self.nodes.effects.get(effects);
        let runs = self.nodes.cast.run_event(participant, event).into_iter();
        let mut ways = runs.map(|ran| (ran.branch, self.nodes.cast.carry_out(ran)));
        let (branch, _) = ways.find(|(_, effects)| effects == wanted)?;
        self.steps(node, branch);
        self.sends(&wanted.sent, at);
        Some(())
    }

    /// The power is cut in the midst of a step, and comes back.
    fn is_cut(&mut self, node: u32, before: &World, event: Event, effects: u32, at: Time) -> Option<()> {
        let cast = &self.nodes.cast;
        let participant = cast.participants.get(before.words[node as usize]);
        let wanted = self.nodes.effects.get(effects);
        for ran in cast.run_event(participant, event) {
            for kept in 1..=ran.effects.len() {
                let Some((mut disk, sent)) = cast.first_effects(&ran, kept) else { continue };
                disk.crash();
                for started in cast.run_start(node, disk, participant.clock) {
                    let (again, is_all) = (started.branch, kept == ran.effects.len());
                    let mut effects = cast.carry_out(started);
                    effects.sent.splice(0..0, sent.iter().copied());
                    if effects != *wanted {
                        continue;
                    }
                    if !is_all {
                        let fault = Fault::CrashAfterEffects { node: NodeId(node), effects: kept as u32 };
                        self.actions.push((at - us(500), Action::Inject(fault)));
                    }
                    match event {
                        Event::Arrival(envelope) => self.arrives(envelope, at)?,
                        Event::Timer(place) => self.fires(node, before, place, at),
                        Event::Crash | Event::Stop => {}
                    }
                    if is_all {
                        self.crashes(node, at);
                    }
                    self.restarts(node, at);
                    self.steps(node, ran.branch);
                    self.steps(node, again);
                    self.sends(&wanted.sent, at);
                    return Some(());
                }
            }
        }
        None
    }

    /// The node's next step goes this way.
    fn steps(&mut self, node: u32, branch: u64) {
        let step = self.steps.entry(node).or_default();
        *step += 1;
        if branch > 0 {
            self.schedule.choices.get_or_insert_default().insert((NodeId(node), *step), branch);
        }
    }

    fn sends(&mut self, envelopes: &[u32], sent: Time) {
        for &envelope in envelopes {
            let it = self.nodes.cast.envelopes.get(envelope);
            let number = self.sent.entry((it.from, it.to)).or_default();
            *number += 1;
            let key = MessageKey { from: NodeId(it.from), to: NodeId(it.to), number: *number };
            self.under_way.push(UnderWay { envelope, key, sent });
        }
    }

    fn take(&mut self, envelope: u32) -> Option<UnderWay> {
        let place = self.under_way.iter().position(|it| it.envelope == envelope)?;
        Some(self.under_way.remove(place))
    }

    fn arrives(&mut self, envelope: u32, at: Time) -> Option<()> {
        let is_message = matches!(self.nodes.cast.envelopes.get(envelope).content, Content::Message(_));
        let again = is_message && self.nodes.network == Network::Duplicating;
        let UnderWay { key, sent, .. } = self.take(envelope)?;
        if again {
            self.under_way.push(UnderWay { envelope, key, sent });
        }
        self.schedule.messages.entry(key).or_insert_with(Delivery::lost).after.push(at - sent);
        Some(())
    }

    fn fires(&mut self, node: u32, before: &World, place: u32, at: Time) {
        let participant = self.nodes.cast.participants.get(before.words[node as usize]);
        let timer = self.nodes.cast.timers.get(participant.timers[place as usize].timer);
        let firing = Firing { at, node: NodeId(node), timer: format!("{timer:?}") };
        self.schedule.timers.get_or_insert_default().push(firing);
    }

    fn crashes(&mut self, node: u32, at: Time) {
        self.actions.push((at, Action::Inject(Fault::Crash { nodes: NodeId(node).into() })));
    }

    fn restarts(&mut self, node: u32, at: Time) {
        self.actions.push((at, Action::Inject(Fault::Restart { nodes: NodeId(node).into() })));
    }

    /// A client asks what stands at this place of its script, if something does.
    fn asks(&mut self, client: usize, place: usize, at: Time) {
        let Some(&operation) = self.nodes.scripts[client].get(place) else { return };
        let request = self.nodes.cast.asked[operation as usize].request.payload();
        let id = NodeId((self.nodes.layout.nodes + client) as u32);
        self.actions.push((at, Action::Call { client: id, request }));
        let envelope = self.nodes.cast.ask(operation);
        self.sends(&[envelope], at);
    }

    /// Lets it happen in a laboratory, and sees that it does.
    fn run(self, end: Time) -> Result<Lab, ShrinkError> {
        let lab = Lab::new(SEED);
        let firings = self.schedule.timers.as_ref().map_or(0, Vec::len) as u32;
        lab.follow(self.schedule);
        lab.set_sync_time(Duration::ZERO);
        let factory = Arc::clone(&self.nodes.cast.factory);
        let cluster = lab.cluster("node", self.nodes.layout.nodes, move |id| factory(id));
        if let Some(calls) = self.nodes.cast.calls {
            (calls.serve_in_lab)(&cluster);
        }
        self.nodes.invariants.iter().for_each(|invariant| invariant.require(&cluster));
        for (at, action) in self.actions {
            run_to(&lab, at)?;
            let words = action.to_string();
            lab.world()
                .act(action)
                .map_err(|refused| ShrinkError::Parts { what: format!("{words}: {refused}") })?;
        }
        run_to(&lab, end)?;
        let world = lab.world();
        let following = world.following.as_ref();
        let unsent = following.and_then(|following| following.unsent());
        let fired = following.map_or(0, |following| following.fired);
        drop(world);
        match unsent {
            Some(key) => Err(ShrinkError::Parts { what: format!("{key} is not sent") }),
            None if fired < firings => {
                Err(ShrinkError::Parts { what: "a timer that fires is not set".to_owned() })
            }
            None => Ok(lab),
        }
    }
}

/// Lets time pass. What is violated on the way is what this run is about.
fn run_to(lab: &Lab, until: Time) -> Result<(), ShrinkError> {
    loop {
        match lab.try_run_for(until - lab.now()) {
            Ok(()) => return Ok(()),
            Err(Stopped::Violated(_)) => {}
            Err(stopped) => return Err(ShrinkError::Stopped(stopped)),
        }
    }
}
